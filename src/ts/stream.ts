import { Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { look, text } from "./chunk.js";
import { EventStream } from "./event-stream.js";
import { checkOptions } from "./options.js";
import type { CallReport, Payload, QueryOptions, QueryStream, StreamChunk, Target } from "./types.js";

/**
 * A streamed call that survives what {@link queryWithRetry} does, and never ends in silence.
 *
 * It is sent at once, with `stream: true` in the payload, and tried again like any other call as long
 * as nothing was handed over: events before the first text, such as a role, are held back with it. A
 * stream ends well only if it says so (`[DONE]`, a `finish_reason`, a final `generated_text`,
 * `response.completed`); cut before that, or broken by an error event, it rejects with a
 * {@link QueryError} whose `partial` is the text so far, after everything that came was handed over.
 *
 * Nothing is read ahead beyond one piece of the body: a stream that nobody reads makes no progress,
 * and its `report` does not settle. No clock counts the time that your own code takes.
 *
 * @param target a model id, an absolute URL, or a {@link TargetSpec}
 * @param payload a JSON object, or bytes that ask for a stream by themselves
 * @throws {TypeError} at once, and without a request, for bad input; everything else the stream tells
 */
export function streamWithRetry<T = StreamChunk>(target: Target, payload: Payload, options: QueryOptions = {}): QueryStream<T> {
  checkOptions(options, "options");
  return new Stream<T>(target, payload, options);
}

class Stream<T> implements QueryStream<T> {
  readonly report: Promise<CallReport>;
  readonly #events = new EventStream<T>();
  readonly #caller: CallerSignal;
  #readable: ReadableStream<T> | undefined;
  #taken = false;
  #cancelled: unknown;

  constructor(target: Target, payload: Payload, options: QueryOptions) {
    this.#caller = new CallerSignal(options.signal, true);
    let call: Call;
    try {
      call = new Call(target, payload, options, this.#caller, this.#events as EventStream<unknown>);
    } catch (error) {
      this.#caller.unlink();
      throw error;
    }
    this.report = this.#run(call, options.signal);
    this.report.catch(() => {}); // whoever reads the stream is told as well
  }

  async #run(call: Call, signal: AbortSignal | undefined): Promise<CallReport> {
    try {
      signal?.throwIfAborted();
      const report = await call.run();
      this.#events.end();
      return report;
    } catch (error) {
      if (signal?.aborted) this.#events.clear();
      this.#events.end({ error });
      throw error;
    } finally {
      this.#caller.unlink();
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    if (this.#taken) throw new TypeError("query-with-retry: a stream can be read once");
    this.#taken = true;
    const events = this.#events;
    return {
      next: () => events.next(),
      return: async () => {
        await this.cancel();
        return { value: undefined, done: true };
      },
    };
  }

  get readable(): ReadableStream<T> {
    if (this.#readable) return this.#readable;
    const items = this[Symbol.asyncIterator]();
    const source: UnderlyingDefaultSource<T> = {
      async pull(controller) {
        const { value, done } = await items.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => this.cancel(reason),
    };
    return (this.#readable = new ReadableStream(source, { highWaterMark: 0 }));
  }

  async *text(): AsyncGenerator<string, void> {
    for await (const item of this) {
      look(item);
      if (text) yield text;
    }
  }

  async finalText(): Promise<string> {
    for await (const _ of this);
    if (this.#caller.left) throw this.#cancelled; // it is not all of the text
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
