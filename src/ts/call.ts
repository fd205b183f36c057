/** One call, between the caller and the core. */

import { type Facts, readError, readSuccess } from "./answer.js";
import { Body } from "./body.js";
import type { CallerSignal } from "./caller-signal.js";
import { type CoreBody, type CoreRequest, type CoreTarget, type HeaderPairs, How, type Located, type Row, type Settled } from "./core-request.js";
import { QueryError } from "./error.js";
import type { EventStream } from "./event-stream.js";
import { type Instance, start } from "./instance.js";
import { given, invalid } from "./invalid.js";
import { codes, outcome, priorities, profiles, reasons, states } from "./names.js";
import { type Outgoing, outgoing } from "./outgoing.js";
import { toReport } from "./report.js";
import { Secrets } from "./secrets.js";
import type { Shared } from "./shared.js";
import type { Bytes } from "./body.js";
import type { CallEvent, CallReport, ErrorCode, QueryOptions, WaitReason } from "./types.js";

/** What is sent, and to whom: the target that was asked for, then its fallbacks. */
export interface Asked {
  targets: CoreTarget[];
  payload: CoreBody;
  headers: HeaderPairs;
  /** What else goes to `fetch`. */
  init?: RequestInit;
}

/** What comes of it. */
export interface Ends {
  /** The report is left out where `quiet` says that nobody looks at it. */
  resolve(report: CallReport): void;
  reject(error: unknown): void;
}

export class Call implements CoreRequest {
  answer: unknown;
  core: Instance | undefined;
  readonly targets: number;
  readonly kind: CoreBody["kind"];
  streamed: boolean;
  protected body_: Body | undefined;
  protected detail = "";
  protected readonly secrets = new Secrets();
  readonly #located: Located[] = [];
  #requestIds: string[] | undefined;
  #isError = false;
  #at = 0;
  #firstTokenMs: number | undefined;

  /** `events` takes those of a stream; `looks`: somebody wants the report. */
  constructor(
    protected readonly pool: Shared,
    protected readonly asked: Asked,
    protected readonly options: QueryOptions,
    protected readonly caller: CallerSignal | undefined,
    protected readonly ends: Ends,
    protected readonly events_?: EventStream<unknown>,
    protected readonly looks = true,
  ) {
    this.targets = asked.targets.length;
    this.kind = asked.payload.kind;
    this.streamed = events_ !== undefined;
  }

  run(): void {
    const { signal } = this.options;
    if (signal?.aborted) this.ends.reject(signal.reason);
    else start(this, this.pool);
  }

  get abort(): Promise<unknown> | undefined {
    return this.caller?.promise;
  }

  get aborted(): boolean {
    return this.caller?.aborted ?? false;
  }

  get quiet(): boolean {
    return !this.looks && !this.options.onEvent;
  }

  #target(index: number): CoreTarget {
    return this.asked.targets[index] as CoreTarget;
  }

  part(index: number, part: number): string {
    const { origin, path, model } = this.#target(index);
    return [origin, path, model][part] ?? "";
  }

  profile(index: number): number {
    return profiles.indexOf(this.#target(index).profile as never);
  }

  shared(index: number): number {
    return this.pool.place(this.#target(index));
  }

  number(which: number): number {
    const { maxRetries, loading, timeouts, priority } = this.options;
    switch (which) {
      case 0:
        return maxRetries ?? NaN;
      case 1:
        return loading?.maxWaitMs ?? NaN;
      case 2:
        return loading?.defaultWaitMs ?? NaN;
      case 3:
        return loading?.hold === true ? Infinity : loading?.hold || NaN;
      case 9:
        return priority ? priorities.indexOf(priority) : NaN;
      default:
        return timeouts?.[(["connectMs", "firstByteMs", "idleMs", "attemptMs", "totalMs"] as const)[which - 4] as "idleMs"] ?? NaN;
    }
  }

  locate(index: number, url: string, model: string, shares: boolean): void {
    this.#located[index] = { url, model, shares };
  }

  outgoing(index: number, holdHeader: string, holdSeconds: number): Promise<Outgoing> {
    this.detail = "";
    this.body_ = undefined;
    const { headers, payload, init } = this.asked;
    const common = { headers, token: this.options.token, payload, init, fetch: this.pool.options.fetch };
    return outgoing(this.#target(index), this.#located[index] as Located, common, this.secrets, holdHeader, holdSeconds);
  }

  landed(attempt: number, response: Response): boolean {
    const { headers } = response;
    // The order of huggingface_hub: the router's own id first, then those of its proxies.
    const id = ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].map((name) => headers?.get(name)).find(Boolean);
    if (id) (this.#requestIds ??= [])[attempt - 1] = this.secrets.blankOut(id);
    return this.isStream(headers?.get("content-type") ?? "", response);
  }

  /** What promises nothing may be one; what promises JSON or a page is none. */
  protected isStream(contentType: string, _response: Response): boolean {
    return this.streamed && !/json|html/i.test(contentType);
  }

  async read(response: Response, limit: number): Promise<Facts | undefined> {
    this.#isError = limit !== Infinity;
    if (!this.#isError) return this.success(response);
    const body = (this.body_ = new Body(response));
    try {
      await body.collect(limit);
    } catch (error) {
      // An error body that was cut has still said something.
      if (body.pieces.length === 0) throw error;
    }
    return this.said(readError(body.pieces));
  }

  /** Of an answer that is as it was promised there is nothing to say. */
  protected async success(response: Response): Promise<Facts | undefined> {
    const pieces = await this.collect(response);
    // A stream that is answered in one piece is one event, and an event is JSON.
    const wanted = this.streamed ? "json" : (this.options.response ?? "auto");
    const { value, facts } = readSuccess(pieces, response.headers?.get("content-type") ?? "", wanted);
    this.answer = value;
    return facts && this.said(facts);
  }

  protected async collect(response: Response): Promise<Bytes[]> {
    const body = (this.body_ = new Body(response));
    await body.collect(Infinity);
    return body.pieces;
  }

  soFar(): Facts | undefined {
    const pieces = this.body_?.pieces;
    return this.#isError && pieces?.length ? this.said(readError(pieces)) : undefined;
  }

  async stream(response: Response, feed: (piece?: Bytes) => void): Promise<Facts | undefined> {
    this.#isError = false;
    const facts = await this.events_?.run((this.body_ = new Body(response)), (piece) => {
      try {
        feed(piece);
      } catch (cause) {
        this.core?.crash(cause);
      }
    });
    return facts && this.said(facts);
  }

  events(data: Bytes, count: number, done: boolean, tooLong: boolean): number {
    return this.events_?.take(data, count, done, tooLong) ?? 0;
  }

  begin(ms: number): void {
    this.#firstTokenMs = ms;
    this.tell({ type: "first_token", ms });
    this.events_?.begin();
  }

  rest(): Promise<void> | undefined {
    return this.body_?.rest();
  }

  stop(): void {
    this.events_?.stop();
    this.body_?.stop();
  }

  body(): Body | undefined {
    return this.body_;
  }

  tellAttempt(attempt: number, target: number): void {
    this.#at = target;
    this.tell({ type: "attempt", attempt, target: this.#target(target).label, url: (this.#located[target] as Located).url });
  }

  tellResponse(attempt: number, status: number, ended: number): void {
    this.tell({ type: "response", attempt, status, outcome: outcome(ended) });
  }

  tellWait(reason: number, ms: number, attempt: number, target: number, estimatedMs: number): void {
    const event = { type: "wait", reason: reasons[reason] as WaitReason, ms, attempt, target: this.#target(target).label } as const;
    this.tell(Number.isNaN(estimatedMs) ? event : { ...event, estimatedMs });
  }

  tellFallback(to: number, why: number): void {
    this.tell({ type: "fallback", from: this.#target(this.#at).label, to: this.#target(to).label, why: codes[why] as ErrorCode });
  }

  tellAlert(place: number): void {
    this.pool.alerted(place);
  }

  tellBreaker(shared: number, state: number): void {
    this.tell({ type: "breaker", target: this.pool.labels[shared] as string, state: states[state] as "open" });
  }

  protected tell(event: CallEvent): void {
    try {
      this.options.onEvent?.(event);
    } catch (error) {
      console.error("query-with-retry: onEvent threw", error);
    }
  }

  refused(index: number, why: string): void {
    const name = index === 0 ? "target" : `fallback[${index - 1}]`;
    this.settle(How.Threw, invalid(`${name} ${given(this.#target(index).label)} ${why}`));
  }

  inverted(inner: string, innerMs: number, outer: string, outerMs: number, isDefault: boolean): void {
    const remedy = isDefault ? ", its default): raise that as well" : ")";
    this.settle(How.Threw, invalid(`${inner} (${innerMs}) is above ${outer} (${outerMs}${remedy}`));
  }

  settle(...settled: Settled): void {
    this.core?.inFlight.delete(this);
    this.caller?.unlink();
    switch (settled[0]) {
      case How.Ok: {
        if (this.events_?.begun === false) this.whole(settled[1] as Row);
        return this.succeeded(settled[1]);
      }
      case How.Failed: {
        const [, report, failure] = settled;
        return this.failed(new QueryError(failure, this.report(report), this.detail, this.events_?.begun ? this.events_.text : ""));
      }
      case How.Threw:
        this.stop(); // a core that stopped stops nothing
        return this.failed(settled[1]);
      case How.Aborted:
        // A reader that leaves a stream has what it wants.
        return this.caller?.left ? this.succeeded(settled[1]) : this.failed(this.options.signal?.reason);
    }
  }

  /** What was to be a stream came in one piece. */
  protected whole(row: Row): void {
    this.events_?.give(this.answer);
    this.begin(row[0] as number);
  }

  protected report(row: Row): CallReport {
    const labels = this.asked.targets.map(({ label }) => label);
    return toReport(row, labels, this.#requestIds ?? [], this.#firstTokenMs);
  }

  protected succeeded(row: Row | undefined): void {
    const report = row && this.report(row);
    if (report) this.tell({ type: "success", report });
    this.ends.resolve(report as CallReport);
  }

  protected failed(error: unknown): void {
    this.tell({ type: "failure", error });
    this.ends.reject(error);
  }

  protected said(facts: Facts): Facts {
    this.detail = this.secrets.blankOut(facts.detail).slice(0, 2000);
    return facts;
  }
}
