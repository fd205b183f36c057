/**
 * What a client with `endpoints` does about a call to an endpoint that is paused, has failed or is starting. It asks the
 * management API. Then it explains the failure, ends a wait that is in vain, or resumes the endpoint and runs the call again.
 */

import type { Call } from "../call/call.js";
import type { Guard } from "../call/guard.js";
import { QueryError } from "../errors/query-error.js";
import type { Endpoint } from "../types/endpoints.js";
import type { CallEvent, CallReport } from "../types/report.js";
import { codes, layers, phases, profiles } from "../wasm/enums.js";
import { start } from "../wasm/instance.js";
import { How, type Row, type Settled } from "../wasm/protocol.js";
import { Finding, FRESH, LONG, type Patience } from "./finding.js";
import { inWords, isDown, type Manager, sleep } from "./wait.js";
import { type Seen, trimmed } from "./wire.js";

/** The part of the management API that is needed here. */
export interface Resuming extends Manager {
  all(options: object): Promise<Seen[]>;
  resume(name: string, options?: object): Promise<Endpoint>;
}

/** In ms. The other calls check this often whether there is a finding. */
const TICK = 250;
/** In ms. A failed call waits no longer than this for its explanation. */
const TO_EXPLAIN = 3_000;

/** The core's default of `totalMs` and of `maxWaitMs`. */
const DEFAULT_MS = 300_000;

/** The position in a row of the core of the time that the call waited for a model. */
const LOADING = 2;

const ENDPOINT = profiles.indexOf("endpoint");

/** A question for all calls has its own clock and no signal, because the call that asks it may have little time. */
const SHARED = { timeouts: { totalMs: LONG } };

interface State {
  seen: Seen;
  isReady: boolean;
}

/** What is known about one endpoint. */
class Known extends Finding<State> {
  constructor(readonly name: string) {
    super();
  }

  resumedAt = -Infinity;
  /** The state and the API's words, while the health route is asked. */
  said = "";
  /** Calls that wait for it in the core. */
  readonly waiting = new Set<Call>();
}

/** What is known about one call. */
interface Held {
  /** The failure was explained, or the call has run again. */
  isDone?: boolean;
  /** How many attempts its first run had. */
  before?: number;
  waits?: Known;
  /** The call waits in vain, for this reason. */
  vain?: Endpoint;
}

export class EndpointGuard implements Guard<Call> {
  readonly #listed = new Finding<void>();
  readonly #known = new Map<string, Known>();
  /** Names by address, of every list so far, because a paused endpoint may have no address. */
  readonly #names = new Map<string, string>();
  readonly #held = new WeakMap<Call, Held>();

  constructor(
    private readonly manager: Resuming,
    names: Record<string, string> = {},
  ) {
    for (const [url, name] of Object.entries(names)) this.#names.set(trimmed(url), name);
  }

  #of(call: Call): Held {
    let held = this.#held.get(call);
    if (!held) this.#held.set(call, (held = {}));
    return held;
  }

  hears(call: Call, event: CallEvent): void {
    const { before = 0, isDone } = this.#held.get(call) ?? {};
    if ("attempt" in event) event.attempt += before;
    const waits = event.type === "wait" && event.reason === "loading";
    // If a fallback answers, nobody waits for the endpoint. It is resumed all the same, for later calls.
    const resumes = event.type === "response" && event.outcome === "paused" && mayResume(call);
    if (!isDone && (waits || (resumes && call.targets > 1)) && isAtEndpoint(call, call.at)) void this.#glance(call, resumes).catch(() => {});
  }

  async #glance(call: Call, resumes: boolean): Promise<void> {
    const { url } = call.place(call.at);
    const patience = { restMs: () => LONG };
    const known = await this.#find(url, patience);
    if (!known) return;
    if (!resumes && !call.over) {
      known.waiting.add(call);
      this.#of(call).waits = known;
    }
    const isFresh = await this.#isSeen(known, resumes, patience);
    const { seen: { endpoint } = {} } = known.found ?? {};
    if (!isFresh || !endpoint || !isDown(endpoint)) return;
    // In a Worker one request cannot wake another.
    const all = "WebSocketPair" in globalThis ? [call] : known.waiting;
    for (const one of all) {
      this.#of(one).vain = endpoint;
      one.broke(endpoint);
    }
    known.waiting.clear();
  }

  holds(call: Call, settled: Settled): boolean {
    const [how, row] = settled;
    const held = this.#held.get(call);
    held?.waits?.waiting.delete(call);
    if (how === How.Aborted && held?.vain && !call.caller?.aborted) {
      held.isDone = true;
      call.reader.detail = call.reader.secrets.blankOut(inWords(held.vain));
      call.settle(How.Failed, row, failed("unavailable"));
      return true;
    }
    if (how !== How.Failed || held?.isDone) return false;
    const [, , failure] = settled;
    const code = codes[failure[3] as number] as string;
    if (!/^(paused|model_loading|unavailable)$/.test(code) || !isAtEndpoint(call, row[1] as number)) return false;
    this.#of(call).isDone = true;
    void this.#hold(call, row, failure, code);
    return true;
  }

  /** Holds a call that the core has finished. An abort settles it at once. */
  async #hold(call: Call, row: Row, failure: Row, code: string): Promise<void> {
    call.core?.inFlight.delete(call);
    call.core = undefined;
    const resumes = code === "paused" && mayResume(call);
    const { url } = call.place(row[1] as number);
    const spent = row[0] as number;
    const { loading, timeouts, signal } = call.options;
    const total = (timeouts?.totalMs ?? DEFAULT_MS) - spent;
    const left = resumes ? Math.min(total, loading?.maxWaitMs ?? DEFAULT_MS) : Math.min(total, TO_EXPLAIN);
    const began = performance.now();
    const heldMs = () => performance.now() - began;
    const restMs = () => Math.max(1, left - heldMs());
    /** The row with the time that the call was held. If the endpoint was resumed, that time counts as waiting for the model. */
    const counted = (): Row => row.map((ms, at) => (at && !(resumes && at === LOADING) ? ms : ms + heldMs()));
    if (resumes) call.tellWait(0, left, true, call.report(row).attempts.length, row[1] as number, NaN);
    let told = "";
    let ended = failure;
    let known: Known | null | undefined;
    for (;;) {
      const patience = { restMs, signal };
      try {
        known = await this.#find(url, patience);
        if (call.over) return;
        if (known === null) {
          // Which paused endpoint is meant is not guessed, because resuming another one costs money.
          if (code === "paused") told = "the API names no endpoint at this address: give it in names of createEndpoints";
          break;
        }
        if (known && (await this.#isSeen(known, resumes, patience))) {
          const { seen, isReady } = known.found as State;
          if (call.over) return;
          const { endpoint } = seen;
          if (resumes && isReady) return this.#again(call, counted());
          told = inWords(endpoint);
          if (isDown(endpoint)) ended = failed("unavailable", failure[1]);
          if (!resumes || isDown(endpoint)) break;
        }
      } catch (error) {
        const { code: why = "an error", retryable } = (error ?? {}) as Partial<QueryError>;
        told ||= `the management API failed: ${why}`;
        if (!resumes || !retryable) break;
      }
      if (call.over) return;
      if (restMs() === 1) {
        told ||= known?.said || "the management API did not answer in time";
        if (resumes) ended = failed("model_loading", 0, total <= left ? "total" : "wait");
        break;
      }
      await sleep(Math.min(TICK, restMs()));
      if (call.over) return;
    }
    if (call.over) return;
    const { reader } = call;
    reader.detail = [reader.secrets.blankOut(told), reader.detail].filter(Boolean).join("; ").slice(0, 2_000);
    call.settle(How.Failed, counted(), ended);
  }

  /** Runs the call again in the rest of its time. Its report keeps the first run. */
  #again(call: Call, row: Row): void {
    const before = call.report(row);
    this.#of(call).before = before.attempts.length;
    call.requestIds = undefined;
    call.whole = (report): CallReport => {
      const waitedMs = { ...report.waitedMs };
      for (const [reason, ms] of Object.entries(before.waitedMs)) waitedMs[reason as "loading"] = (waitedMs[reason as "loading"] ?? 0) + ms;
      return { ...report, attempts: [...before.attempts, ...report.attempts], waitedMs };
    };
    call.asked.spentMs = row[0] as number;
    start(call, call.pool);
  }

  /** Null if the API lists no endpoint at this address. Undefined while another call finds out. */
  async #find(url: string, patience: Patience): Promise<Known | null | undefined> {
    let name = this.#nameAt(url);
    if (!name) {
      if (!(await this.#listed.isFresh(LONG, patience, () => this.#list()))) return undefined;
      name = this.#nameAt(url);
    }
    if (!name) return null;
    let known = this.#known.get(name);
    if (!known) this.#known.set(name, (known = new Known(name)));
    return known;
  }

  /** Finds the name by the longest known beginning of the address. A namespace may have thousands of endpoints, and each waiting call looks four times a second. */
  #nameAt(url: string): string | undefined {
    let at = trimmed(url);
    let name: string | undefined;
    while (at && !(name = this.#names.get(at))) at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
    return name;
  }

  async #list(): Promise<void> {
    for (const { endpoint } of await this.manager.all(SHARED)) if (endpoint.url) this.#names.set(trimmed(endpoint.url), endpoint.name);
  }

  #isSeen(known: Known, resumes: boolean, patience: Patience): Promise<boolean> {
    return known.isFresh(FRESH, patience, () => this.#look(known, resumes));
  }

  async #look(known: Known, resumes: boolean): Promise<State> {
    const { name } = known;
    known.said = "";
    let { data: seen } = await this.manager.look(name, SHARED);
    if (resumes && seen.endpoint.state === "paused" && performance.now() - known.resumedAt > LONG) {
      seen = { ...seen, endpoint: await this.manager.resume(name, SHARED) };
      known.resumedAt = performance.now();
    }
    known.said = inWords(seen.endpoint);
    const isReady = resumes && seen.endpoint.state === "running" && (await this.manager.isHealthy(seen, SHARED));
    return { seen, isReady };
  }
}

const isAtEndpoint = (call: Call, target: number): boolean => (call.place(target) as { profile?: number } | undefined)?.profile === ENDPOINT;

/** A ping of `keepWarm` does not resume an endpoint, because that would undo the pause of its operator. */
const mayResume = ({ pool, asked }: Call): boolean => pool.options.resumePaused === true && !asked.isPing;

/** A failure as a row of the core. */
function failed(code: "unavailable" | "model_loading", status = 0, phase?: "total" | "wait"): Row {
  return [phase ? 1 : 0, status, NaN, codes.indexOf(code), layers.indexOf("compute"), phase ? phases.indexOf(phase) : NaN];
}
