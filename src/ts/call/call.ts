/** One call, between the caller and the core. */

import { given, invalid } from "../errors/invalid.js";
import { QueryError } from "../errors/query-error.js";
import { Body, quietly } from "../http/body.js";
import { readError, readSuccess } from "../http/parse-body.js";
import { Secrets } from "../http/redact.js";
import { outgoing } from "../http/request.js";
import type { EventStream } from "../stream/event-buffer.js";
import type { CallEvent, CallReport, ErrorCode, QueryOptions, WaitReason } from "../types/call.js";
import { toFailure, toReport } from "../wasm/decode.js";
import { isUsual, optionNumber, profilePlace, targetPart } from "../wasm/encode.js";
import { codes, outcome, reasons, states } from "../wasm/enums.js";
import { type Instance, type Run, Scope, start } from "../wasm/instance.js";
import {
  type Bytes,
  type CoreBody,
  type CoreTarget,
  type Facts,
  type HeaderPairs,
  How,
  type Located,
  News,
  type Outgoing,
  type Row,
  type Settled,
} from "../wasm/protocol.js";
import type { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";

/** What is sent, and to whom: the target that was asked for, then its fallbacks. */
export interface Asked {
  targets: CoreTarget[];
  payload: CoreBody;
  headers: HeaderPairs;
  /** Of a `fetch`, instead of `headers`: they go to the first target as they are. */
  given?: Headers;
  /** What else goes to `fetch`. */
  init?: RequestInit;
}

/**
 * As many wait at once as there are callers, so nothing is made before it is needed, and what it does
 * are methods and no closures.
 */
export abstract class Call implements Run {
  answer: unknown;
  core: Instance | undefined;
  leg!: Outgoing;
  streamed = false;
  protected wire: EventStream<unknown> | undefined;
  protected open: Body | undefined;
  protected detail = "";
  #secrets: Secrets | undefined;
  #controller: AbortController | undefined;
  #located: Located[] | undefined;
  #requestIds: string[] | undefined;
  #isError = false;
  #at = 0;
  #firstTokenMs: number | undefined;
  /** Where it waits in the core. */
  #client = 0;
  #seat = 0;
  /** Of the newest promise that it waits for; those before it are told by their numbers. */
  #news = News.None;
  #value: unknown;
  #awaited = 0;
  /** What a caller's or a server's object threw in the middle of it. */
  #broken: { error: unknown } | undefined;
  #over = false;
  #bell: (() => void) | undefined;

  constructor(
    protected readonly pool: ClientContext,
    protected readonly asked: Asked,
    protected readonly options: QueryOptions,
    protected readonly caller: CallerSignal | undefined,
  ) {
    if (caller) caller.heard = () => (this.core ? this.ring() : this.settle(How.Aborted, []));
  }

  /** It has an answer. The report is left out where `quiet` says that nobody looks at it. */
  protected abstract done(report: CallReport | undefined): void;
  protected abstract failed(error: unknown): void;

  run(): void {
    const { signal } = this.options;
    if (!signal?.aborted) return start(this, this.pool);
    this.caller?.unlink();
    this.failed(signal.reason);
  }

  get targets(): number {
    return this.asked.targets.length;
  }

  get kind(): CoreBody["kind"] {
    return this.asked.payload.kind;
  }

  get over(): boolean {
    return this.#over;
  }

  sits(client: number, seat: number): void {
    this.#client = client;
    this.#seat = seat;
    if (this.core?.scope === Scope.Hops) this.#hang();
  }

  awaits(promise: unknown): void {
    const nth = ++this.#awaited;
    this.#news = News.None;
    const settled = (news: News, value: unknown) => {
      if (nth !== this.#awaited) return;
      this.#news = news;
      this.#value = value;
      this.#wake();
    };
    // What a replaced fetch answers may be anything that has a `then`.
    const whole = promise instanceof Promise ? promise : (async () => promise)();
    whole.then(
      (value) => settled(News.Fulfilled, value),
      (error) => settled(News.Rejected, error),
    );
  }

  news(): News {
    return this.#broken || this.caller?.aborted ? News.Aborted : this.#news;
  }

  value(): unknown {
    const value = this.#value;
    this.#value = undefined;
    this.#news = News.None;
    return value;
  }

  /** In its own request's turn. */
  #wake(called = false): void {
    this.core?.wake(this.#client, this.#seat, called);
  }

  /** In anybody's turn. */
  ring(): void {
    if (this.core?.scope === Scope.Process) queueMicrotask(() => this.#wake());
    else this.#bell?.();
  }

  /** A promise of its own request, which is continued there whoever fulfils it. */
  #hang(): void {
    void new Promise<void>((resolve) => (this.#bell = resolve)).then(() => {
      if (this.#over) return;
      this.#hang();
      this.#wake();
    });
  }

  vanish(): void {
    this.#awaited++;
    this.#over = true;
    this.core?.inFlight.delete(this);
    quietly(() => this.caller?.unlink());
  }

  /** Something that it asked for threw: the call ends with that, and no other does. */
  broke(error: unknown): void {
    this.#broken ??= { error };
    queueMicrotask(() => this.#wake());
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

  get usual(): boolean {
    return isUsual(this.options);
  }

  number(which: number): number {
    return optionNumber(this.options, which);
  }

  get known(): number {
    return (this.targets === 1 ? this.#target(0).located?.[this.kind]?.profile : undefined) ?? -1;
  }

  locate(index: number, url: string, model: string, shares: boolean, profile: number): void {
    const located = { url, model, shares, profile };
    (this.#located ??= [])[index] = located;
    if (index === 0) (this.#target(0).located ??= [])[this.kind] = located;
  }

  #place(index: number): Located {
    return (this.#located?.[index] ?? this.#target(index).located?.[this.kind]) as Located;
  }

  prepare(index: number, holdHeader: string, holdSeconds: number): Promise<void> | undefined {
    this.detail = "";
    this.open = undefined;
    this.#controller = new AbortController();
    const { headers, given, payload, init } = this.asked;
    const common = { headers, given, token: this.options.token, payload, init, fetch: this.pool.options.fetch, signal: this.#controller.signal };
    const made = outgoing(this.#target(index), this.#place(index), common, this.secrets, holdHeader, holdSeconds);
    if (made instanceof Promise) return made.then((leg) => void (this.leg = leg));
    this.leg = made;
    return undefined;
  }

  protected get secrets(): Secrets {
    return (this.#secrets ??= new Secrets(this.asked.given));
  }

  status(response: Response): number {
    const { status, headers } = response;
    if (!Number.isInteger(status) || status < 0 || status > 999 || (headers && typeof headers.get !== "function")) {
      this.detail = "fetch answered with what is no Response";
      throw new TypeError(this.detail);
    }
    return status;
  }

  header(response: Response, name: string): string | null | undefined {
    return response.headers?.get(name)?.slice(0, 1000); // no wait is longer
  }

  discard(response: Response): void {
    quietly(() => response.body?.cancel());
  }

  landed(attempt: number, response: Response): number {
    const { headers, ok } = response;
    // The order of huggingface_hub: the router's own id first, then those of its proxies.
    const id = !(ok && this.quiet) && ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].map((name) => headers?.get(name)).find(Boolean);
    if (id) (this.#requestIds ??= [])[attempt - 1] = this.secrets.blankOut(id);
    const hints = ["retry-after", "retry-after-ms", "ratelimit"].some((name) => headers?.has(name));
    return (this.isStream(response) ? 1 : 0) | (hints ? 2 : 0);
  }

  /** What promises nothing may be one; what promises JSON or a page is none. */
  protected isStream({ headers }: Response): boolean {
    return this.streamed && !/json|html/i.test(headers?.get("content-type") ?? "");
  }

  async read(response: Response, limit: number): Promise<Facts | undefined> {
    this.#isError = limit !== Infinity;
    if (!this.#isError) return this.success(response);
    const body = (this.open = new Body(response));
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
    const body = (this.open = new Body(response));
    await body.collect(Infinity);
    return body.pieces;
  }

  soFar(): Facts | undefined {
    const pieces = this.open?.pieces;
    return this.#isError && pieces?.length ? this.said(readError(pieces)) : undefined;
  }

  async stream(response: Response, feed: (piece?: Bytes) => void): Promise<Facts | undefined> {
    this.#isError = false;
    const facts = await this.wire?.run((this.open = new Body(response)), (piece) => {
      try {
        if (this.core?.alive) feed(piece);
      } catch (cause) {
        this.core?.crash(cause);
      }
    });
    return facts && this.said(facts);
  }

  events(data: Bytes, count: number, done: boolean, tooLong: boolean): number {
    return this.wire?.take(data, count, done, tooLong) ?? 0;
  }

  begin(ms: number): void {
    this.#firstTokenMs = ms;
    this.tell({ type: "first_token", ms });
    this.wire?.begin();
    this.#wake(true); // the core hears of it now, and not when the stream is over
  }

  rest(): Promise<void> | undefined {
    return this.open?.rest();
  }

  stop(): void {
    quietly(() => this.wire?.stop());
    this.open?.stop();
    quietly(() => this.#controller?.abort());
  }

  body(): Body | undefined {
    return this.open;
  }

  tellAttempt(attempt: number, target: number): void {
    this.#at = target;
    this.tell({ type: "attempt", attempt, target: this.#target(target).label, url: this.#place(target).url });
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
    if (this.#over) return;
    this.#over = true;
    this.core?.inFlight.delete(this);
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
      const partial = this.wire?.begun ? this.wire.text : "";
      this.#fail(new QueryError(toFailure(failure as Row), this.#target(row[1] as number).label, this.#report(row), this.detail, partial));
    } else if (how === How.Aborted && this.#broken) {
      const broken = { code: "network", layer: "client", status: 0, retryAfterMs: NaN, retryable: true } as const;
      const detail = this.secrets.blankOut(String(this.#broken.error)).slice(0, 2000);
      this.#fail(new QueryError(broken, this.#target(this.#at).label, this.#report(row), detail));
    } else if (how === How.Aborted && !this.caller?.left) {
      this.#fail(this.options.signal?.reason);
    } else {
      // A reader that leaves a stream has what it wants.
      if (how === How.Ok && this.wire?.begun === false) this.inOnePiece(row as Row);
      const report = row && this.#report(row);
      if (report) this.tell({ type: "success", report });
      this.done(report);
    }
  }

  #fail(error: unknown): void {
    this.tell({ type: "failure", error });
    this.failed(error);
  }

  /** What was to be a stream. */
  protected inOnePiece(row: Row): void {
    this.wire?.give(this.answer);
    this.begin(row[0] as number);
  }

  #report(row: Row): CallReport {
    const labels = this.asked.targets.map(({ label }) => label);
    return toReport(row, labels, this.#requestIds ?? [], this.#firstTokenMs);
  }

  protected said(facts: Facts): Facts {
    this.detail = this.secrets.blankOut(facts.detail).slice(0, 2000);
    return facts;
  }
}
