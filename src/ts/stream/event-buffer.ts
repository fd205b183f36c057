/** Between the wire and the reader of a stream: what has come and was not asked for yet. */

import type { Body } from "../http/body.js";
import { factsOf, unreadable } from "../http/parse-body.js";
import type { Bytes, Facts } from "../wasm/protocol.js";
import { CHOICE, CONTENT, error, ERROR, FINISH, known, look, text } from "./chunk.js";

const TOO_LONG = "an event of more than 16 MiB, or one of several that together have more than 40 MiB";

/** Comments, or events without content, that do not end are no stream. */
const MOST_HELD_BACK = 16 * 1024 * 1024;
/** An object is that much at least, however short its JSON. */
const LEAST_OF_EVENT = 128;
const NO_CONTENT = "more than 16 MiB before the first content";

/** So much of a piece goes into the core at once. A replaced fetch may give any. */
const MOUTHFUL = 1 << 20;

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
  /** A bit for each of several answers that has begun and not finished. */
  #open = 0;
  /** Some event was in a form that says when it is at its end. */
  #known = false;
  /** Bytes before the first content. */
  #heldBack = 0;
  /** The last piece ended with a line. */
  #lineEnded = true;

  /** `raw`: its items are the pieces themselves, as they came, and events of any form are content. */
  constructor(readonly raw = false) {}

  /**
   * Feeds a body to the decoder. One piece is read when all of the one before was asked for, so
   * nothing is read ahead beyond one. Resolves at the end of the stream.
   */
  run(body: Body, feed: (piece?: Bytes) => void): Promise<Facts | undefined> {
    this.#items = [];
    this.text = "";
    this.#open = 0;
    this.#over = undefined;
    this.#known = false;
    this.#heldBack = 0;
    this.#body = body;
    return new Promise((resolve, reject) => {
      const fed = (piece?: Bytes): void => {
        if (this.#body !== body) return resolve(undefined); // stopped: what waits for ever is never freed
        if (this.raw && piece) {
          this.#items.push(piece as T);
          if (!this.begun && (this.#heldBack += piece.length) > MOST_HELD_BACK) this.#over ??= { facts: unreadable(NO_CONTENT) };
          if (piece.length > 0) this.#lineEnded = [10, 13].includes(piece.at(-1) as number);
        }
        // What has no known form has no known end: it ends where it ends, but not within a line.
        if (this.raw && !piece && !this.#known && this.#lineEnded) feed(new TextEncoder().encode("\n\ndata: [DONE]\n\n"));
        if (!piece || piece.length <= MOUTHFUL) feed(piece);
        else for (let at = 0; at < piece.length && !this.#over;) feed(piece.subarray(at, (at += MOUTHFUL)));
        if (this.raw && this.begun) this.#handOver();
        if (this.#over || !piece) resolve(this.#over?.facts);
        else if (this.begun && this.#items.length > 0) body.leave();
        else this.#pull();
      };
      this.#pull = () => body.pull(fed, reject);
      this.#pull();
    });
  }

  /** The wire is no more. */
  stop(): void {
    this.#body = undefined;
    this.#pull();
  }

  /** Takes the data of so many events from the decoder, and says what is in them. */
  take(data: Bytes, count: number, done: boolean, tooLong: boolean): number {
    let bits = 0;
    try {
      const json = this.#decoder.decode(data);
      const texts: string[] = [];
      if (count === 1) bits = this.#parse(json, texts);
      else if (count > 1) for (const one of json.split("\r")) bits |= this.#parse(one, texts);
      this.text += texts.join(""); // at once: a hundred thousand strings in a chain are work to keep
    } catch (error) {
      this.#over ??= { facts: unreadable(String(error)) };
    }
    if (done) this.#over ??= {};
    if (tooLong) this.#over ??= { facts: unreadable(TOO_LONG) };
    if (this.#body) this.#body.heard = true;
    if (this.begun) this.#handOver();
    return bits;
  }

  /** Nothing after an error counts. */
  #parse(json: string, texts: string[]): number {
    if (this.#over) return 0;
    let item: T;
    try {
      item = JSON.parse(json);
    } catch {
      if (this.raw) return CONTENT;
      this.#over = { facts: unreadable(json) };
      return 0;
    }
    const bits = look(item);
    this.#known ||= known;
    if (bits & ERROR) {
      this.#over = { facts: factsOf(error) };
      return 0;
    }
    // Of several answers the last one to finish completes the stream.
    const choice = 1 << (bits >> CHOICE);
    if (bits & FINISH) this.#open &= ~choice;
    else this.#open |= choice;
    if (!this.raw) this.#items.push(item);
    if (!this.raw && !this.begun && !(bits & CONTENT) && (this.#heldBack += json.length + LEAST_OF_EVENT) > MOST_HELD_BACK) {
      this.#over = { facts: unreadable(NO_CONTENT) };
      return 0;
    }
    if (text) texts.push(text);
    return this.#open ? bits & ~FINISH : bits;
  }

  begin(): void {
    this.begun = true;
    this.#handOver();
  }

  /** An answer in one piece is one event. */
  give(item: T): void {
    look(item);
    this.text = text;
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
