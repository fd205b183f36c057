/** Between the wire and the reader of a stream: what has come and was not asked for yet. */

import { type Facts, factsOf, unreadable } from "./answer.js";
import type { Body, Bytes } from "./body.js";
import { ERROR, take } from "./chunk.js";

interface Waiting<T> {
  resolve(result: IteratorResult<T>): void;
  reject(error: unknown): void;
}

export class EventStream<T> {
  /** Of everything that was or will be handed over. */
  text = "";
  /** Events are handed over from here on; until then they are held back, and the call may be tried again. */
  begun = false;
  #items: T[] = [];
  #at = 0;
  #ended = false;
  #error: { error: unknown } | undefined;
  readonly #waiting: Waiting<T>[] = [];
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // the core has taken it off
  #body: Body | undefined;
  #pull = (): void => {};
  #over: { facts?: Facts } | undefined;

  /**
   * Feeds a body to the decoder. One piece is read when all of the one before was asked for, so
   * nothing is read ahead beyond one. Resolves at the end of the stream.
   */
  run(body: Body, feed: (piece?: Bytes) => void): Promise<Facts | undefined> {
    this.#items = [];
    this.text = "";
    this.#over = undefined;
    this.#body = body;
    return new Promise((resolve, reject) => {
      const fed = (piece?: Bytes): void => {
        if (this.#body !== body) return; // stopped
        feed(piece);
        if (this.#over || !piece) resolve(this.#over?.facts);
        else if (this.begun && this.#items.length > 0) body.leave();
        else this.#pull();
      };
      this.#pull = () => void body.next().then(fed).catch(reject);
      this.#pull();
    });
  }

  /** The wire is no more. */
  stop(): void {
    this.#body = undefined;
  }

  /** Takes the data of so many events from the decoder, and says what is in them. */
  take(data: Bytes, count: number, done: boolean, tooLong: boolean): number {
    let bits = 0;
    const texts = count > 0 ? this.#decoder.decode(data).split("\x1e") : [];
    if (texts.length !== count) this.#over = { facts: unreadable("control characters in an event") };
    else if (done) this.#over = {};
    else if (tooLong) this.#over = { facts: unreadable("an event of more than 16 MiB") };
    for (const text of texts) {
      let item: T;
      try {
        item = JSON.parse(text);
      } catch {
        this.#over = { facts: unreadable(text) };
        break;
      }
      const said = take(item);
      if (said.bits & ERROR) {
        this.#over = { facts: factsOf(said.error) };
        break;
      }
      bits |= said.bits;
      this.text += said.text;
      this.#items.push(item);
    }
    if (this.#body) this.#body.heard = true;
    if (this.begun) this.#handOver();
    return bits;
  }

  begin(): void {
    this.begun = true;
    this.#handOver();
  }

  /** An answer in one piece is one event. */
  give(item: T): void {
    this.text = take(item).text;
    this.#items.push(item);
  }

  next(): Promise<IteratorResult<T>> {
    if (this.begun && this.#items.length > 0) return Promise.resolve(this.#shift());
    if (!this.#ended) return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    const failed = this.#error;
    this.#error = undefined; // an error is told once
    return failed ? Promise.reject(failed.error) : Promise.resolve({ value: undefined, done: true });
  }

  /** Nothing more will come; what is here can still be asked for. */
  end(failed?: { error: unknown }): void {
    this.#ended = true;
    this.#error = failed;
    for (const { resolve, reject } of this.#waiting.splice(0)) void this.next().then(resolve, reject);
  }

  /** Nobody wants what is here any more. */
  clear(): void {
    this.#items = [];
    this.#at = 0;
  }

  #shift(): IteratorResult<T> {
    const value = this.#items[this.#at++] as T;
    if (this.#at === this.#items.length) {
      this.#items = [];
      this.#at = 0;
      if (this.#body?.quietSince === Infinity) {
        this.#body.comeBack();
        this.#pull();
      }
    }
    return { value, done: false };
  }

  #handOver(): void {
    while (this.#waiting.length > 0 && this.#items.length > 0) this.#waiting.shift()?.resolve(this.#shift());
  }
}
