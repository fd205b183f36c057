import { invalid } from "../errors/invalid.js";
import { whenDropped } from "../http/dropped.js";
import { type Asked as AskedItems, readableOf, whenRead } from "../http/readable.js";
import { checkOptions } from "../input/options.js";
import { EventStream } from "../stream/event-buffer.js";
import { headersOfEvents, serverSent } from "../stream/server-sent-events.js";
import { Wants } from "../wasm/protocol.js";
import type { Payload, QueryOptions, QueryStream, Target } from "../types/call.js";
import type { CallReport } from "../types/report.js";
import { Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";
import type { Asked } from "./description.js";
import { ask } from "./query.js";
import { ResponseReader } from "./response.js";

class Streamed extends Call {
  constructor(
    context: ClientContext,
    asked: Asked,
    options: QueryOptions,
    caller: CallerSignal,
    private readonly wire: EventStream<unknown>,
    readonly resolve: (report: CallReport) => void,
    readonly reject: (error: unknown) => void,
  ) {
    super(context, asked, options, caller, new ResponseReader(undefined, undefined, wire));
    this.streamed = true;
  }

  override get quiet(): boolean {
    return false;
  }

  protected override done(report: CallReport): void {
    this.wire.end();
    this.resolve(report);
  }

  protected override failed(error: unknown): void {
    if (this.options.signal?.aborted) this.wire.clear();
    this.wire.end({ error });
    this.reject(error);
  }
}

/** A streamed call, sent at once. */
class Stream<T> implements QueryStream<T> {
  readonly report: Promise<CallReport>;
  readonly #events = new EventStream<T>();
  readonly #caller: CallerSignal;
  #readable: ReadableStream<T> | undefined;
  #taken = false;
  #cancelled: unknown;

  constructor(context: ClientContext, target: Target, payload: Payload, given: QueryOptions | undefined) {
    const options = context.settings(given);
    const asked = ask(context, target, payload, options, true);
    const caller = (this.#caller = new CallerSignal(options.signal));
    const events = this.#events as EventStream<unknown>;
    this.report = new Promise((resolve, reject) => new Streamed(context, asked, options, caller, events, resolve, reject).run());
    this.report.catch(() => {}); // the reader of the stream gets the error too
    whenDropped(this, () => caller.leave());
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#read(Wants.Items);
  }

  #read(what: Wants.Items | Wants.Text | Wants.Pieces): AsyncIterableIterator<any> {
    if (this.#taken) throw new TypeError("query-with-retry: a stream can be read once");
    this.#taken = true;
    const events = this.#events;
    events.wants(what);
    const iterator: AsyncIterableIterator<T> = {
      next: () => events.next(),
      return: async () => {
        await this.cancel();
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  get readable(): ReadableStream<T> {
    if (!this.#readable) this.#read(Wants.Items);
    return (this.#readable ??= "WebSocketPair" in globalThis ? this.#readableOfWorker() : readableOf(this.#events, (reason) => this.cancel(reason)));
  }

  /** In a Worker a body of objects silently becomes an empty 200. Other runtimes report an error. */
  #readableOfWorker(): ReadableStream<T> {
    let isRead = false;
    const items: AskedItems<T> = {
      ask: (use, lost) => {
        if (isRead) return this.#events.ask(use, lost);
        const error = invalid("the items of a stream are no bytes, which the body of a Response must be: use stream.toResponse()");
        console.error(error.message); // the request itself has not failed
        void this.cancel(error);
        lost(error);
      },
    };
    const readable = readableOf(items, (reason) => this.cancel(reason));
    whenRead(readable, () => (isRead = true));
    return readable;
  }

  toResponse(init?: ResponseInit): Response {
    this.#read(Wants.Items);
    const events = serverSent(this.#events, () => this.#cancelled === undefined);
    const body = readableOf(events, (reason) => this.cancel(reason));
    return new Response(body, { ...init, headers: headersOfEvents(init?.headers) });
  }

  async *text(): AsyncGenerator<string, void> {
    yield* this.#read(Wants.Pieces);
  }

  async finalText(): Promise<string> {
    for await (const _ of this.#read(Wants.Text));
    if (this.#caller.left) throw this.#cancelled; // the text is incomplete
    return this.#events.text;
  }

  async cancel(reason: unknown = new DOMException("The stream was cancelled", "AbortError")): Promise<void> {
    this.#cancelled ??= reason;
    this.#events.clear();
    this.#events.end();
    this.#caller.leave();
    await this.report.catch(() => {});
  }
}

/** @throws {TypeError} for bad input */
export function checkedStream<T>(context: ClientContext, target: Target, payload: Payload, options: QueryOptions | undefined): QueryStream<T> {
  if (options !== undefined) checkOptions(options, "options");
  return new Stream<T>(context, target, payload, options);
}
