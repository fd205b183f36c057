import { Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { look, text } from "./chunk.js";
import { EventStream } from "./event-stream.js";
import { ask } from "./query.js";
import type { Shared } from "./shared.js";
import type { CallReport, Payload, QueryOptions, QueryStream, Target } from "./types.js";

/** A streamed call, sent at once. */
export class Stream<T> implements QueryStream<T> {
  readonly report: Promise<CallReport>;
  readonly #events = new EventStream<T>();
  readonly #caller: CallerSignal;
  #readable: ReadableStream<T> | undefined;
  #taken = false;
  #cancelled: unknown;

  constructor(shared: Shared, target: Target, payload: Payload, given: QueryOptions | undefined) {
    const options = shared.settings(given);
    const { signal } = options;
    const events = this.#events as EventStream<unknown>;
    const asked = ask(target, payload, options, true);
    const caller = (this.#caller = new CallerSignal(signal, true));
    this.report = new Promise((resolve, reject) => {
      const ends = {
        resolve(report: CallReport) {
          events.end();
          resolve(report);
        },
        reject(error: unknown) {
          if (signal?.aborted) events.clear();
          events.end({ error });
          reject(error);
        },
      };
      new Call(shared, asked, options, caller, ends, events).run();
    });
    this.report.catch(() => {}); // whoever reads the stream is told as well
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
