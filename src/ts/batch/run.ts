/** Sends what a plan gives, as many requests at once as the client's limiter lets through, and hands out what comes back. */

import { CallerSignal } from "../call/caller-signal.js";
import type { ClientContext } from "../call/context.js";
import { tell } from "../call/events.js";
import { ask } from "../call/query.js";
import { QueryError } from "../errors/query-error.js";
import type { BatchItem, BatchProgress } from "./types.js";
import type { QueryOptions, Target } from "../types/call.js";
import type { Client } from "../types/client.js";
import type { CallReport } from "../types/report.js";
import { Plan, type Range } from "./plan.js";
import { type Answer, isOutOfMemory, Request } from "./request.js";
import { Refused, results } from "./results.js";
import type { Shape } from "./shape.js";
import { begin, learn } from "./sizes.js";

/** So many requests wait for a permit: with fewer the limiter would run dry, and more would only wait longer. */
const AHEAD = 4;

/** What every other request would meet too. */
const OF_ALL = /^(unauthorized|forbidden|credits_exhausted|not_found|gone|paused|circuit_open|model_loading)$/;
/** So many requests in a row failed for a reason that is not in their inputs. */
const IN_A_ROW = 4;

/** Where all requests of a batch go, and how. */
export interface Sending {
  /** Whoever holds a client keeps it from being closed. */
  client: Client;
  context: ClientContext;
  target: Target;
  /** By this the sizes that it takes are known. */
  key: string;
  label: string;
  shape: Shape;
  options: QueryOptions;
  most: number | undefined;
  onProgress: ((progress: BatchProgress) => void) | undefined;
}

/** Who wants the results. */
export interface Job {
  inputs: unknown[];
  ended(index: number, item: BatchItem<unknown>): void;
  /** Somebody waits for an input of it still. */
  isWanted?(range: Range): boolean;
  /** How long it has waited until now, in ms. */
  spentMs?(range: Range): number;
}

export function failure(
  code: "bad_response" | "timeout",
  { label }: Sending,
  report: CallReport,
  detail: string,
  more: { phase?: "total"; status?: number } = {},
): QueryError {
  const { phase, status = 0 } = more;
  const layer = phase ? "client" : "compute";
  return new QueryError({ code, layer, phase, status, retryAfterMs: NaN, retryable: phase !== undefined }, label, report, detail);
}

/** Smaller requests may get through, or tell which input is to blame. */
function isOfInputs({ code, status = 400, detail }: QueryError): boolean {
  if (code === "bad_request") return [200, 400, 413, 422, 500].includes(status);
  return code === "too_large" || isOutOfMemory(code, status, detail);
}

export class Run {
  readonly #plan: Plan;
  readonly #controller = new AbortController();
  readonly #options: QueryOptions;
  /** Not sent yet. */
  readonly #waiting = new Set<Request>();
  readonly #requests = new Map<Range, Request>();
  #unsent = 0;
  #done = 0;
  #failed = 0;
  #inARow = 0;
  /** What opened the circuit, if the batch met it. */
  #last: QueryError | undefined;
  /** The target has failed as a whole. */
  #stop: QueryError | undefined;
  #isOver = false;
  #caller: CallerSignal;
  #resolve!: () => void;
  #reject!: (reason: unknown) => void;

  constructor(
    private readonly sending: Sending,
    private readonly job: Job,
  ) {
    const { context, key, most, options } = sending;
    this.#plan = new Plan(job.inputs.length, ...begin(context, key, most));
    this.#options = { ...options, signal: this.#controller.signal };
    this.#caller = new CallerSignal(options.signal);
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      // A client that is closed meanwhile lets it run to its end.
      this.sending.context.entered();
      const { signal } = this.sending.options;
      this.#caller.heard = () => this.abort(signal?.reason);
      if (signal?.aborted) this.abort(signal.reason);
      else this.#pump();
    });
  }

  abort(reason: unknown): void {
    if (!this.#ends()) return;
    this.#reject(reason);
    this.#controller.abort(reason);
  }

  /** Nobody waits any more for this input, and the request that it is in may be for nobody. */
  leave(index: number): void {
    for (const [range, request] of this.#requests) {
      const isIn = range.start <= index && index < range.start + range.count;
      if (isIn && !this.#isWanted(range)) request.leave();
    }
  }

  #isWanted(range: Range): boolean {
    return this.job.isWanted?.(range) ?? true;
  }

  #ends(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#caller.unlink();
    this.sending.context.left();
    return true;
  }

  #pump(): void {
    while (!this.#isOver && !this.#stop && this.#unsent < AHEAD) {
      const range = this.#plan.next();
      if (!range) break;
      if (this.#isWanted(range)) void this.#send(range);
      else this.#plan.failed(range);
    }
    if (this.#plan.isDone && this.#ends()) this.#resolve();
  }

  async #send(range: Range): Promise<void> {
    const { context, target, shape } = this.sending;
    const { start, count } = range;
    let request: Request | undefined;
    this.#unsent++;
    const sent = () => {
      if (!request || !this.#waiting.delete(request)) return;
      this.#unsent--;
      // The core is in the middle of this one.
      queueMicrotask(() => this.#pump());
    };
    try {
      const answer = await new Promise<Answer>((...settle) => {
        const asked = ask(context, target, shape(this.job.inputs.slice(start, start + count)), this.#options, false);
        const spentMs = this.job.spentMs?.(range);
        if (spentMs) asked.spentMs = spentMs;
        request = new Request(context, asked, this.#options, ...settle, count > 1 || range.within !== undefined, sent);
        this.#waiting.add(request);
        this.#requests.set(range, request);
        request.run();
      });
      if (!this.#isOver) this.#answered(range, answer, request as unknown as Request);
    } catch (error) {
      if (this.#isOver) return;
      if (!this.#isWanted(range)) this.#plan.failed(range);
      // Bad input, a platform without WebAssembly: every request would end so.
      else if (!(error instanceof QueryError)) return this.abort(error);
      else this.#refused(range, error);
    } finally {
      this.#requests.delete(range);
      if (request) sent();
    }
    this.#next();
  }

  #answered(range: Range, { data, report }: Answer, { reader }: Request): void {
    const { sending } = this;
    const status = report.attempts.at(-1)?.status ?? 200;
    const bad = (why: string) => failure("bad_response", sending, report, reader.secrets.blankOut(why).slice(0, 2000), { status });
    const found = results(data, range.count);
    if (typeof found === "string") {
      // Several inputs had as many results before, so one of these has none, or they are too many.
      if (this.#plan.worked > 1) {
        if (this.#plan.refused(range, found, true)) this.#lost(range, bad(found), this.#plan.isHopeless);
        return;
      }
      this.#plan.failed(range);
      // A server that has no results for several inputs has none for the next ones.
      return this.#lost(range, bad(found), range.count > 1);
    }
    this.#inARow = 0;
    this.#plan.answered(range);
    found.forEach((value, at) => this.#item(range.start + at, value instanceof Refused ? { ok: false, error: bad(value.why) } : { ok: true, value }));
  }

  #refused(range: Range, error: QueryError): void {
    if (!isOfInputs(error)) {
      const isOpen = error.code === "circuit_open";
      if (!isOpen) this.#last = error;
      this.#plan.failed(range);
      this.#lost(range, (isOpen && this.#last) || error, OF_ALL.test(error.code) || ++this.#inARow >= IN_A_ROW);
    } else if (this.#plan.refused(range, `${error.code} ${error.detail}`)) {
      this.#lost(range, error, this.#plan.isHopeless);
    }
  }

  #lost({ start, count }: Range, error: QueryError, isOfAll: boolean): void {
    if (isOfAll && !this.#stop) {
      this.#stop = error;
      for (const request of this.#waiting) request.drop(error);
    }
    for (let at = start; at < start + count; at++) this.#item(at, { ok: false, error });
  }

  #item(index: number, item: BatchItem<unknown>): void {
    // A callback may have aborted it.
    if (this.#isOver) return;
    this.#done++;
    if (!item.ok) this.#failed++;
    this.job.ended(index, item);
  }

  /** A request has ended. */
  #next(): void {
    if (this.#isOver) return;
    const { context, key, onProgress } = this.sending;
    learn(context, key, this.#plan);
    if (this.#stop) for (const range of this.#plan.rest()) this.#lost(range, this.#stop, false);
    if (this.#isOver) return;
    const { size } = this.#plan;
    tell(onProgress, { done: this.#done, failed: this.#failed, total: this.job.inputs.length, batchSize: size }, "onProgress");
    this.#pump();
  }
}
