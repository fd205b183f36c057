/** One call, between the caller and the core. */

import { invalid, placeOf } from "../errors/invalid.js";
import { QueryError } from "../errors/query-error.js";
import { hasLeft, isAwayFrom, watch, whenBack } from "../http/away.js";
import { quietly } from "../http/body.js";
import { connects, leadsTo, speaks } from "../http/connections.js";
import { whyLost } from "../http/lost.js";
import { platformFetch } from "../http/platform.js";
import { head, probe, wasReached } from "../http/probe.js";
import { type Leg, outgoing } from "../http/request.js";
import { firstOf } from "../input/platform.js";
import type { QueryOptions } from "../types/call.js";
import type { CallEvent, CallReport } from "../types/report.js";
import { toFailure, toReport } from "../wasm/decode.js";
import { codes, reasons } from "../wasm/enums.js";
import { isUsual, optionNumber, profilePlace, targetPart } from "../wasm/encode.js";
import { type Run, start } from "../wasm/instance.js";
import {
  type BodyProgress,
  type Bytes,
  type CoreBody,
  type CoreTarget,
  Fed,
  type HeaderPairs,
  How,
  Kind,
  type Located,
  Lost,
  type Outgoing,
  type Read,
  type Row,
  type Settled,
  type Speaks,
  type Wanted,
  type Wants,
} from "../wasm/protocol.js";
import type { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";
import { breakerTurned, fellBack, responded, tell, waits } from "./events.js";
import type { Guard } from "./guard.js";
import { requestId, type ResponseReader } from "./response.js";
import { Waiting } from "./waiting.js";

/** What is sent, and to whom: the target that was asked for, then its fallbacks. */
export interface Asked {
  targets: CoreTarget[];
  payload: CoreBody;
  headers: HeaderPairs;
  /** Of a `fetch`, instead of `headers`: they go to the first target as they are. */
  given?: Headers;
  /** What else goes to `fetch`. */
  init?: RequestInit;
  /** How long it has taken until now, in ms. */
  spentMs?: number;
}

/** In words that are nobody's payload: not the server's, nor those of a `fetch` of the caller's own. */
function inShort({ code, status, cause }: QueryError): string {
  const { code: why } = ((cause as Error | undefined)?.cause ?? {}) as { code?: unknown };
  return [code, status ? `HTTP ${status}` : /^[A-Z][A-Z_]{2,40}$/.test(String(why)) && why].filter(Boolean).join(" ");
}

/** In ms. */
const TO_ANSWER = 4_000;

/** It is said by who stands before the answer, and for the moment. */
const isOfTheWay = (status: number): boolean => [408, 409, 425, 429].includes(status) || status > 501;

/**
 * As many wait at once as there are callers, so nothing is made before it is needed, and what it does
 * are methods and no closures.
 */
export abstract class Call extends Waiting implements Run {
  leg!: Leg;
  streamed = false;
  #controller: AbortController | undefined;
  #located: Located[] | undefined;
  requestIds: string[] | undefined;
  /** The target that it has come to. */
  at = 0;
  /** Adds what there was before the guard ran it again. */
  whole: ((report: CallReport) => CallReport) | undefined;
  /** Stands for the body that is read now. */
  #fed: object | undefined;
  #firstTokenMs: number | undefined;
  #sentAt = 0;
  /** It waits no more for a network. */
  #back: (() => void) | undefined;
  /** What the last try was lost by. */
  #cause: unknown;
  /** A 303 has led there: it is made. Lost on its way, it is asked for again there, unless it turns out a failure. */
  #answer: { index: number; leg: Leg } | undefined;

  constructor(
    readonly pool: ClientContext,
    readonly asked: Asked,
    readonly options: QueryOptions,
    caller: CallerSignal | undefined,
    readonly reader: ResponseReader,
  ) {
    super(caller);
    if (caller) caller.heard = () => (this.core ? this.goesOn() : this.settle(How.Aborted, []));
  }

  /** It has an answer. The report is left out where `quiet` says that nobody looks at it. */
  protected abstract done(report: CallReport | undefined): void;
  protected abstract failed(error: unknown): void;

  run(): void {
    const { signal } = this.options;
    watch();
    if (!signal?.aborted) {
      this.pool.entered();
      return start(this, this.pool);
    }
    this.caller?.unlink();
    this.failed(signal.reason);
  }

  get targets(): number {
    return this.asked.targets.length;
  }

  get kind(): CoreBody["kind"] {
    return this.asked.payload.kind;
  }

  vanish(): void {
    this.awaited++; // nothing that it has waited for is news any more
    // It may have been settled, and only the rest of its answer be waited for.
    if (!this.over) this.#leaves();
    this.over = true;
    quietly(() => this.caller?.unlink());
  }

  #leaves(): void {
    this.#back?.();
    this.core?.inFlight.delete(this);
    this.pool.left();
  }

  get quiet(): boolean {
    return !this.options.onEvent;
  }

  #target(index: number): CoreTarget {
    return this.asked.targets[index] as CoreTarget;
  }

  part(index: number, part: number): string {
    return targetPart(this.#target(index), part);
  }

  profile(index: number): number {
    return profilePlace(this.#target(index));
  }

  shared(index: number): number {
    return this.pool.place(this.#target(index));
  }

  /** It asks for nothing but that the model is up. */
  protected get warms(): boolean {
    return false;
  }

  get usual(): boolean {
    return isUsual(this.options);
  }

  number(which: number): number {
    return optionNumber(this.options, which);
  }

  get spentMs(): number {
    return this.asked.spentMs ?? 0;
  }

  get known(): number {
    return (this.targets === 1 ? this.#target(0).located?.[this.kind]?.profile : undefined) ?? -1;
  }

  get key(): number {
    return this.leg.key;
  }

  locate(index: number, url: string, model: string, shares: boolean, profile: number): void {
    const located = { url, model, shares, profile };
    (this.#located ??= [])[index] = located;
    if (index === 0) (this.#target(0).located ??= [])[this.kind] = located;
  }

  place(index: number): Located {
    return (this.#located?.[index] ?? this.#target(index).located?.[this.kind]) as Located;
  }

  /** As a message names it: a model id with the address that it stands for. */
  #named(index: number): string {
    const { label } = this.#target(index);
    const { url = "" } = this.place(index) ?? {};
    return label.includes("://") || !url ? label : `${label} (${url})`;
  }

  prepare(index: number, holdHeader: string, holdSeconds: number): Promise<void> | undefined {
    this.reader.again();
    this.#cause = undefined;
    this.#controller = new AbortController();
    const { signal: own } = this.#controller;
    const { headers, given, payload, init } = this.asked;
    const { signal: callers, token } = this.options;
    // A response that is handed over unread still ends with the caller's signal.
    const signal = init && callers ? firstOf([own, callers]) : own;
    const common = { headers, given, token, payload, init, fetch: this.pool.options.fetch, owner: this.pool, signal };
    const answer = this.#answer?.index === index && this.#answer.leg;
    const made = answer
      ? answer.again(common)
      : outgoing(this.#target(index), this.place(index), common, this.reader.secrets, holdHeader, holdSeconds);
    if (made instanceof Promise) {
      this.reader.detail = "the token function has not answered yet";
      return made.then((leg) => this.#sends(this.instead(leg)));
    }
    this.#sends(this.instead(made));
    return undefined;
  }

  /** What is sent of it. */
  protected instead(leg: Leg): Leg {
    return leg;
  }

  #sends(leg: Leg): void {
    this.reader.detail = "";
    this.leg = leg;
    this.#sentAt = performance.now();
  }

  status(response: Response): number {
    return this.reader.status(response);
  }

  onward(response: Response): Outgoing | undefined {
    try {
      const next = this.leg.onward(response);
      if (next) {
        this.#sends(next);
        if (next.isAnswer) this.#answer = { index: this.at, leg: next };
        this.reader.secrets.addSigned(next.url);
      }
      return next;
    } catch (error) {
      this.reader.detail = this.reader.secrets.blankOut((error as Error).message);
      throw error;
    }
  }

  header(response: Response, name: string): string | undefined {
    return response.headers?.get(name)?.slice(0, 1000); // no wait is longer
  }

  hints(response: Response): string {
    return this.reader.hints(response);
  }

  lost(error: unknown): Lost {
    if (!this.reader.open && this.leg.unsendable(error)) return Lost.Unsendable;
    const { why, detail, isPlain } = whyLost(error, performance.now() - this.#sentAt, this.reader.secrets);
    this.reader.detail = detail;
    this.#cause = isPlain ? error : new TypeError(detail);
    if (this.offline) return Lost.Offline;
    // What is behind a redirect says nothing of the target.
    if (this.leg.redirects > 0 && (why === Lost.Refused || why === Lost.Quick)) return Lost.Unknown;
    if (why !== Lost.Quick) return why;
    // A Worker has one word for whatever happens to a connection, and a page another for that and for CORS. Who answers a
    // HEAD has no closed port.
    if (this.reached) return Lost.Unknown;
    if (this.options.loading?.refusedMs !== 0) this.probe();
    return "WebSocketPair" in globalThis ? Lost.Refused : Lost.Quick;
  }

  probe(): void {
    // By another way, such as a proxy of the caller's, its answer would mean nothing.
    if (this.kind !== Kind.Opaque && !(this.asked.init && "dispatcher" in this.asked.init)) probe(this.leg.url, this.#fetch);
  }

  get reached(): boolean {
    return wasReached(this.leg.url, this.#fetch);
  }

  get offline(): boolean {
    return isAwayFrom(this.asked.targets.map((_, index) => this.place(index).url));
  }

  get hidden(): boolean {
    return globalThis.document?.visibilityState === "hidden";
  }

  connects(index: number): number {
    return connects(this.place(index).url, this.asked.init?.credentials);
  }

  speaks(origin: number): Speaks {
    const { core } = this;
    return speaks(origin, this.#fetch, (answered) => {
      const waiting = [...(core?.inFlight ?? [])].filter((call) => call.waitsFor(origin));
      core?.tried(origin, answered ? waiting.length : 0);
    });
  }

  waitsFor(origin: number): boolean {
    const { open } = this.reader;
    // An answer that has come and is not read holds no connection, nor does a request whose token is fetched.
    const waits = open ? !open.isWhole && open.quietSince !== Infinity : this.#sentAt > 0;
    return waits && leadsTo(origin, this.leg.url);
  }

  get #fetch(): typeof globalThis.fetch {
    return this.pool.options.fetch ?? platformFetch();
  }

  discard(response: Response): void {
    quietly(() => response.body?.cancel());
  }

  landed(attempt: number, response: Response): number {
    const id = !(response.ok && this.quiet) && requestId(response);
    // What is said of the way there says nothing of the answer.
    if (!response.ok && !isOfTheWay(response.status)) this.#answer = undefined;
    if (id) (this.requestIds ??= [])[attempt - 1] = this.reader.secrets.blankOut(id);
    return this.reader.landed(response);
  }

  get wanted(): Wanted {
    return this.reader.wanted;
  }

  get passes(): boolean {
    return this.reader.passes;
  }

  read(response: Response, limit: number, feed: (piece?: Bytes) => number): Promise<Read> {
    const fed = (this.#fed = {});
    return this.reader.read(response, limit, (piece) => this.#enters(fed, feed, piece, 0));
  }

  stream(response: Response, feed: (piece: Bytes | undefined, wants: Wants) => number): Promise<void> {
    const fed = (this.#fed = {});
    return this.reader.stream(response, (piece, wants) => this.#enters(fed, feed, piece, wants));
  }

  /** Into a core that may have stopped, or stops now, and has nobody any more for a body that it has left. */
  #enters(fed: object, feed: (piece: Bytes | undefined, wants: Wants) => number, piece: Bytes | undefined, wants: Wants): number {
    try {
      if (this.core?.alive && fed === this.#fed) return feed(piece, wants);
    } catch (cause) {
      this.core?.crash(cause);
    }
    return Fed.Over;
  }

  says(detail: Bytes, status: number, isError: boolean): void {
    if (isError && !this.reader.isError && !isOfTheWay(status)) this.#answer = undefined;
    this.reader.says(detail, status);
  }

  events(data: Bytes | undefined, count: number, text: Bytes | undefined): void {
    this.reader.wire?.take(data, count, text);
  }

  begin(ms: number): void {
    this.#firstTokenMs = ms;
    this.tell({ type: "first_token", ms });
    this.reader.wire?.begin();
    this.wake(true); // the core hears of it now, and not when the stream is over
  }

  rest(): Promise<void> | undefined {
    return this.reader.isPassedOn ? undefined : this.reader.open?.rest();
  }

  stop(): void {
    this.awaited++; // what is under way is news no more
    this.#fed = undefined;
    this.#sentAt = 0;
    quietly(() => this.reader.wire?.stop());
    this.reader.open?.stop();
    quietly(() => this.#controller?.abort());
  }

  body(): BodyProgress | undefined {
    return this.reader.open;
  }

  tellAttempt(attempt: number, target: number): void {
    this.at = target;
    this.pool.uses(this.#target(target), this.warms);
    this.tell({ type: "attempt", attempt, target: this.#target(target).label, url: this.place(target).url });
  }

  tellResponse(...response: Parameters<typeof responded>): void {
    this.tell(responded(...response));
  }

  tellWait(reason: number, ms: number, upTo: boolean, attempt: number, target: number, estimatedMs: number): void {
    this.#back?.();
    this.#back = upTo && reasons[reason] === "offline" ? this.#waitsForNetwork(target) : undefined;
    // Not what a server says: that is in the error, and what logs events should hold none of it.
    const detail = this.#cause === undefined ? "" : this.reader.detail;
    this.tell(waits(reason, ms, upTo, attempt, this.#target(target).label, estimatedMs, detail));
  }

  #waitsForNetwork(target: number): () => void {
    const { origin } = new URL(this.place(target).url);
    const ask = () => head(origin, this.#fetch, TO_ANSWER);
    return whenBack(() => this.wake(true), origin, ask);
  }

  tellFallback(to: number, why: number): void {
    this.tell(fellBack(this.#target(this.at).label, this.#target(to).label, why));
  }

  tellAlert(place: number): void {
    this.pool.alerted(place);
  }

  tellBreaker(shared: number, state: number): void {
    this.tell(breakerTurned(this.pool.labels[shared] as string, state));
  }

  get #guard(): Guard<Call> | undefined {
    return (this.pool.options.endpoints as { guard?: Guard<Call> } | undefined)?.guard;
  }

  protected tell(event: CallEvent): void {
    this.#guard?.hears(this, event);
    tell(this.options.onEvent, event);
  }

  refused(index: number, why: string): void {
    const name = index === 0 ? "target" : `fallback[${index - 1}]`;
    this.settle(How.Threw, invalid(`${name} ${placeOf(this.#target(index).label)} ${why}`));
  }

  inverted(inner: string, innerMs: number, outer: string, outerMs: number, isDefault: boolean): void {
    const remedy = isDefault ? ", its default): raise that as well" : ")";
    this.settle(How.Threw, invalid(`${inner} (${innerMs}) is above ${outer} (${outerMs}${remedy}`));
  }

  settle(...settled: Settled): void {
    if (this.over || this.#guard?.holds(this, settled)) return;
    if (settled[0] === How.Failed && hasLeft()) {
      // Of a page that has been left nobody wants to hear; one that comes back does.
      const stop = whenBack(() => (stop(), this.settle(...settled)));
      return;
    }
    this.over = true;
    this.#leaves();
    try {
      this.caller?.unlink();
      this.#settle(...settled);
    } catch (error) {
      this.failed(error);
    }
  }

  #settle(...[how, row, failure]: Settled): void {
    if (how === How.Threw) {
      this.stop(); // a core that stopped stops nothing
      this.#fail(row);
    } else if (how === How.Failed) {
      const { wire } = this.reader;
      const report = this.report(row);
      const isLost = report.attempts.length === 0 && failure?.[3] === codes.indexOf("network");
      const unsent = isLost && (report.waitedMs.offline ? "there was no network" : "its port stayed closed while another call looked");
      const failed = toFailure(failure as Row);
      const astray = /^(3|40[134])/.test(`${failed.status}`) && this.leg?.astray;
      const leads = astray && this.reader.secrets.blankOut(astray);
      const place = this.shared(row[1] as number);
      const before = failed.code === "circuit_open" && this.pool.failures[place];
      const detail = [leads, before ? `the last failure was ${before}` : this.reader.detail || unsent].filter(Boolean).join(": ");
      const partial = wire?.begun ? wire.text : "";
      const error = new QueryError(failed, this.#named(row[1] as number), report, detail, partial, this.#cause);
      if (report.attempts.length > 0 && (failed.status < 400 || failed.status > 499)) this.pool.failures[place] = inShort(error);
      this.#fail(error);
      if (!this.reader.isPassedOn) this.reader.open?.stop();
    } else if (how === How.Aborted && this.broken) {
      const broken = { code: "network", layer: "client", status: 0, retryAfterMs: NaN, retryable: true } as const;
      const detail = this.reader.secrets.blankOut(String(this.broken.error)).slice(0, 2000);
      this.#fail(new QueryError(broken, this.#named(this.at), this.report(row), detail));
    } else if (how === How.Aborted && !this.caller?.left) {
      this.#fail(this.options.signal?.reason);
    } else {
      const report = row && this.report(row);
      if (report) this.tell({ type: "success", report });
      this.done(report);
    }
  }

  #fail(error: unknown): void {
    this.tell({ type: "failure", error });
    this.failed(error);
  }

  report(row: Row): CallReport {
    const labels = this.asked.targets.map(({ label }) => label);
    const report = toReport(row, labels, this.requestIds ?? [], this.#firstTokenMs);
    return this.whole?.(report) ?? report;
  }
}
