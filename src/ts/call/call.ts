/** One call, between the caller and the core. */

import { invalid, placeOf } from "../errors/invalid.js";
import { QueryError } from "../errors/query-error.js";
import { unstacked } from "../errors/rejection.js";
import { hasLeft, watch, whenBack } from "../http/away.js";
import { quietly } from "../http/body.js";
import { head } from "../http/probe.js";
import type { QueryOptions } from "../types/call.js";
import type { CallEvent, CallReport } from "../types/report.js";
import { toFailure, toReport } from "../wasm/decode.js";
import { codes, reasons } from "../wasm/enums.js";
import { type Run, start } from "../wasm/instance.js";
import { type BodyProgress, type Bytes, Fed, How, type Read, type Row, type Settled, type Wanted, type Wants } from "../wasm/protocol.js";
import { AskingCall } from "./asking.js";
import type { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";
import type { Asked } from "./description.js";
import { breakerTurned, fellBack, responded, tell, waits } from "./events.js";
import type { Guard } from "./guard.js";
import { requestId, type ResponseReader } from "./response.js";

/** A failure in a few words, none of them from the server or from a `fetch` of the caller's own, because they might hold a secret. */
function inShort({ code, status, cause }: QueryError): string {
  const { code: why } = ((cause as Error | undefined)?.cause ?? {}) as { code?: unknown };
  return [code, status ? `HTTP ${status}` : /^[A-Z][A-Z_]{2,40}$/.test(String(why)) && why].filter(Boolean).join(" ");
}

/** How long a HEAD may take that asks whether the network is back, in ms. */
const TO_ANSWER = 4_000;

/**
 * Thousands of calls may wait at once. So fields are created when they are needed, and behaviour is in methods, not in
 * closures.
 */
export abstract class Call extends AskingCall implements Run {
  streamed = false;
  requestIds: string[] | undefined;
  /** The guard ran the call again: this adds what happened before that to the report. */
  whole: ((report: CallReport) => CallReport) | undefined;
  /** The identity of the body that is being read. */
  #fed: object | undefined;
  #firstTokenMs: number | undefined;
  /** Ends the wait for a network. */
  #back: (() => void) | undefined;

  constructor(pool: ClientContext, asked: Asked, options: QueryOptions, caller: CallerSignal | undefined, reader: ResponseReader) {
    super(pool, asked, options, caller, reader);
    if (caller) caller.heard = () => (this.core ? this.goesOn() : this.settle(How.Aborted, []));
  }

  /** The call has an answer. There is no report if `quiet` says that nobody reads it. */
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

  vanish(): void {
    this.awaited++; // ignore every promise that the call has waited for
    // The call may have been settled already, and only wait for the rest of its answer.
    if (!this.over) this.#leaves();
    this.over = true;
    quietly(() => this.caller?.unlink());
  }

  #leaves(): void {
    this.looksNoMore();
    this.#back?.();
    this.core?.inFlight.delete(this);
    this.pool.left();
  }

  get quiet(): boolean {
    return !this.options.onEvent;
  }

  /** The call only wants the model to be up. */
  protected get warms(): boolean {
    return false;
  }

  landed(attempt: number, response: Response): number {
    this.isLlama ||= !response.ok && response.headers?.get("server") === "llama.cpp";
    const id = !(response.ok && this.quiet) && requestId(response);
    if (!response.ok) this.forgetsAnswer(response.status);
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

  /** Feeds the core, unless it has stopped or has left this body. It may also stop now. */
  #enters(fed: object, feed: (piece: Bytes | undefined, wants: Wants) => number, piece: Bytes | undefined, wants: Wants): number {
    try {
      if (this.core?.alive && fed === this.#fed) return feed(piece, wants);
    } catch (cause) {
      this.core?.crash(cause);
    }
    return Fed.Over;
  }

  says(detail: Bytes, status: number, isError: boolean): void {
    if (isError && !this.reader.isError) this.forgetsAnswer(status);
    this.reader.says(detail, status);
  }

  events(data: Bytes | undefined, count: number, text: Bytes | undefined): void {
    this.reader.wire?.take(data, count, text);
  }

  begin(ms: number): void {
    this.#firstTokenMs = ms;
    this.tell({ type: "first_token", ms });
    this.reader.wire?.begin();
    this.wake(true); // otherwise the core would notice only when the stream is over
  }

  rest(): Promise<void> | undefined {
    return this.reader.isPassedOn ? undefined : this.reader.open?.rest();
  }

  stop(): void {
    this.awaited++; // ignore the promise of this attempt
    this.#fed = undefined;
    quietly(() => this.reader.wire?.stop());
    this.reader.open?.stop();
    this.cancel();
  }

  body(): BodyProgress | undefined {
    return this.reader.open;
  }

  tellAttempt(attempt: number, target: number): void {
    this.at = target;
    this.pool.uses(this.target(target), this.warms);
    this.tell({ type: "attempt", attempt, target: this.target(target).label, url: this.place(target).url });
  }

  tellResponse(...response: Parameters<typeof responded>): void {
    this.tell(responded(...response));
  }

  tellWait(reason: number, ms: number, upTo: boolean, attempt: number, target: number, estimatedMs: number): void {
    this.#back?.();
    this.#back = upTo && reasons[reason] === "offline" ? this.#waitsForNetwork(target) : undefined;
    // Only the platform's words. The server's words are in the error, and do not belong into a log of events.
    const detail = this.cause === undefined ? "" : this.reader.detail;
    this.tell(waits(reason, ms, upTo, attempt, this.target(target).label, estimatedMs, detail));
  }

  #waitsForNetwork(target: number): () => void {
    const { origin } = new URL(this.place(target).url);
    const ask = () => head(origin, this.fetch, TO_ANSWER);
    return whenBack(() => this.wake(true), origin, ask);
  }

  tellFallback(to: number, why: number): void {
    this.tell(fellBack(this.target(this.at).label, this.target(to).label, why));
  }

  tellAlert(place: number): void {
    this.pool.alerted(place);
  }

  tellBreaker(shared: number, state: number): void {
    this.tell(breakerTurned(this.pool.labels[shared] as string, state));
  }

  tellFleet(isShared: boolean): void {
    this.tell({ type: "coordinator", state: isShared ? "shared" : "alone" });
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
    this.settle(How.Threw, invalid(`${name} ${placeOf(this.target(index).label)} ${why}`));
  }

  inverted(inner: string, innerMs: number, outer: string, outerMs: number, isDefault: boolean): void {
    const remedy = isDefault ? ", its default): raise that as well" : ")";
    this.settle(How.Threw, invalid(`${inner} (${innerMs}) is above ${outer} (${outerMs}${remedy}`));
  }

  settle(...settled: Settled): void {
    if (this.over || this.#guard?.holds(this, settled)) return;
    if (settled[0] === How.Failed && hasLeft()) {
      // Nobody waits for the error of a page that has been left. If the page comes back, the call fails then.
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
      const name = this.named(row[1] as number);
      const error = unstacked(() => new QueryError(failed, name, report, detail, partial, this.cause));
      if (report.attempts.length > 0 && (failed.status < 400 || failed.status > 499)) this.pool.failures[place] = inShort(error);
      this.#fail(error);
      if (!this.reader.isPassedOn) this.reader.open?.stop();
    } else if (how === How.Aborted && this.broken) {
      const broken = { code: "network", layer: "client", status: 0, retryAfterMs: NaN, retryable: true } as const;
      const detail = this.reader.secrets.blankOut(String(this.broken.error)).slice(0, 2000);
      this.#fail(new QueryError(broken, this.named(this.at), this.report(row), detail));
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
