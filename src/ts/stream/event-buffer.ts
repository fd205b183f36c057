/** Holds what has come on the wire until the reader of the stream asks for it. */

import { rejection } from "../errors/rejection.js";
import type { Body } from "../http/body.js";
import { BETWEEN, type Bytes, Fed, Wants } from "../wasm/protocol.js";

interface Waiting<T> {
  use(result: IteratorResult<T>): void;
  lost: ((error: unknown) => void) | undefined;
}

/** The events of one piece, with commas in between. Their values are parsed together, when the first one is asked for. */
class Several {
  values: unknown[] | undefined;

  constructor(
    readonly count: number,
    readonly json: string,
  ) {}
}

/** Hands a piece to the core, and undefined at the end. */
export type Feed = (piece: Bytes | undefined, wants: Wants) => number;

/** Its items are the values of events or pieces of text. If it is `raw`, they are the pieces of the body as they came. */
export class EventStream<T> {
  /** The text of everything that was or will be handed over. If items are wanted, it is complete only at the end of the stream. */
  text = "";
  /** From now on events are handed over. Before that they are held back, and the call may be retried. */
  begun = false;
  /** In a `raw` stream: the event that reports a failure. */
  failure = "";
  #wants: Wants;
  /** What was not asked for yet: the JSON of all events of a piece, text, or pieces. */
  #queue: unknown[] = [];
  /** The text of the same events, until the reader has said which it wants. */
  #texts: unknown[] = [];
  #at = 0;
  /** The position within a piece of several events. */
  #nth = 0;
  #ended = false;
  #error: { error: unknown } | undefined;
  readonly #waiting: Waiting<T>[] = [];
  // The core has removed a byte order mark.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #body: Body | undefined;
  #pull = (): void => {};

  constructor(readonly raw = false) {
    this.#wants = raw ? Wants.Items : Wants.Both;
  }

  /** What the reader wants from now on, and of what is here already. */
  wants(what: Wants.Items | Wants.Text | Wants.Pieces): void {
    if (this.#wants !== Wants.Both) return;
    this.#wants = what;
    if (what !== Wants.Items) this.#queue = this.#texts;
    this.#texts = [];
    // What is here may be no text, which stopped the reading.
    if (this.#queue.length === 0) this.#comeBack();
  }

  /** Nothing is held, so the next piece is wanted. */
  #comeBack(): void {
    if (this.#body?.quietSince !== Infinity) return;
    this.#body.comeBack();
    this.#pull();
  }

  /**
   * Feeds a body to the core. A piece is read only when everything of the piece before was asked for, so at most one piece is
   * read ahead. Resolves at the end of the stream.
   */
  run(body: Body, feed: Feed): Promise<void> {
    this.clear();
    this.text = "";
    this.#body = body;
    const into = (part?: Bytes): number => feed(part, this.#wants);
    return new Promise((resolve, reject) => {
      const fed = (piece?: Bytes): void => {
        if (this.#body !== body) return resolve(); // stopped: a promise that never settles would never be freed
        if (this.raw && piece) this.#queue.push(piece);
        const told = body.feed(piece, into);
        if (told & Fed.Heard) body.heard = true;
        if (this.raw && this.begun) this.#handOver();
        if (told & Fed.Over || !piece) resolve();
        else if (this.begun && this.#queue.length > 0) body.leave();
        else this.#pull();
      };
      this.#pull = () => body.pull(fed, reject);
      this.#pull();
    });
  }

  /** The attempt has ended: nothing more is read from it. */
  stop(): void {
    this.#body = undefined;
    this.#pull();
  }

  /** Takes the data of `count` events and their text from the core. */
  take(data: Bytes | undefined, count: number, text: Bytes | undefined): void {
    if (this.raw && count > 0) this.failure = this.#decoder.decode(data);
    else if (count === 1) this.#queue.push(this.#decoder.decode(data));
    else if (count > 1) this.#queue.push(new Several(count, this.#decoder.decode(data)));
    if (text) this.#says(text);
    if (this.begun) this.#handOver();
  }

  #says(text: Bytes): void {
    const told = this.#wants === Wants.Both ? this.#texts : this.#queue;
    let words = "";
    if (this.#wants === Wants.Items || this.#wants === Wants.Text) {
      words = this.#decoder.decode(text);
      if (this.#wants === Wants.Text) told.push(words);
    } else {
      for (let at = 0, end = 0; at < text.length; at = end + 1) {
        end = text.indexOf(BETWEEN, at);
        if (end < 0) end = text.length;
        const piece = this.#decoder.decode(text.subarray(at, end));
        told.push(piece);
        words += piece;
      }
    }
    this.text += words; // one string for the piece, because a chain of a hundred thousand strings costs time
  }

  /** Takes a piece that comes after the last word. */
  add(piece: Bytes): void {
    this.#queue.push(piece);
    this.#handOver();
  }

  begin(): void {
    this.begun = true;
    this.#handOver();
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve) => this.ask(resolve));
  }

  /** The same with callbacks. Without `lost`, `use` is the resolver of a promise and gets one that rejects. */
  ask(use: Waiting<T>["use"], lost?: Waiting<T>["lost"]): void {
    const isHere = this.begun && this.#queue.length > 0;
    if (!isHere && !this.#ended) return void this.#waiting.push({ use, lost });
    const failed = isHere ? undefined : this.#error;
    if (!isHere) this.#error = undefined; // an error is reported once
    try {
      if (failed) this.#fails(failed.error, use, lost);
      else use(isHere ? this.#shift() : { value: undefined, done: true });
    } catch (error) {
      this.#fails(error, use, lost); // nobody else would report it
    }
  }

  #fails(error: unknown, use: (rejects: any) => void, lost: Waiting<T>["lost"]): void {
    if (lost) lost(error);
    else use(rejection(error));
  }

  /** Nothing more will come. What is held can still be asked for. */
  end(failed?: { error: unknown }): void {
    this.#ended = true;
    this.#error = failed;
    for (const { use, lost } of this.#waiting.splice(0)) this.ask(use, lost);
  }

  /** Nobody wants what is held any more. */
  clear(): Bytes[] {
    const queue = this.#queue;
    this.#queue = [];
    this.#texts = [];
    this.#at = this.#nth = 0;
    return queue as Bytes[];
  }

  #shift(): IteratorResult<T> {
    let value = this.#queue[this.#at];
    // The core has read it, so it is JSON.
    if (!this.raw && value instanceof Several) {
      value = (value.values ??= JSON.parse(`[${value.json}]`))[this.#nth++];
      if (this.#nth < (this.#queue[this.#at] as Several).count) return { value: value as T, done: false };
      this.#nth = 0;
    } else if (!this.raw && this.#wants !== Wants.Text && this.#wants !== Wants.Pieces) value = JSON.parse(value as string);
    if (++this.#at === this.#queue.length) {
      this.clear();
      this.#comeBack();
    }
    return { value: value as T, done: false };
  }

  #handOver(): void {
    while (this.#waiting.length > 0 && this.#queue.length > 0) {
      const { use, lost } = this.#waiting.shift() as Waiting<T>;
      this.ask(use, lost);
    }
  }
}
