/** Between the wire and the reader of a stream: what has come and was not asked for yet. */

import { rejection } from "../errors/rejection.js";
import type { Body } from "../http/body.js";
import { BETWEEN, type Bytes, Fed, Wants } from "../wasm/protocol.js";

interface Waiting<T> {
  use(result: IteratorResult<T>): void;
  lost: ((error: unknown) => void) | undefined;
}

/** Events of one piece, with commas between: their values are read in one go, and no sooner than they are asked for. */
class Several {
  values: unknown[] | undefined;

  constructor(
    readonly count: number,
    readonly json: string,
  ) {}
}

/** Of which the core takes a piece, and undefined at the end. */
export type Feed = (piece: Bytes | undefined, wants: Wants) => number;

/** Its items are the values of events, or pieces of text; or, where it is `raw`, the pieces of the body as they came. */
export class EventStream<T> {
  /** Of everything that was or will be handed over; where items are wanted, it is complete only when the stream has ended. */
  text = "";
  /** Events are handed over from here on; until then they are held back, and the call may be tried again. */
  begun = false;
  /** Of a `raw` one: the event that tells of a failure. */
  failure = "";
  #wants: Wants;
  /** What was not asked for yet: JSON of all events of a piece, text, or pieces. */
  #queue: unknown[] = [];
  /** The text of the same, as long as nobody has said which is wanted. */
  #texts: unknown[] = [];
  #at = 0;
  /** Of several in one piece. */
  #nth = 0;
  #ended = false;
  #error: { error: unknown } | undefined;
  readonly #waiting: Waiting<T>[] = [];
  // The core has taken a byte order mark off.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #body: Body | undefined;
  #pull = (): void => {};

  constructor(readonly raw = false) {
    this.#wants = raw ? Wants.Items : Wants.Both;
  }

  /** Which of them is wanted from now on, and of what is here already. */
  wants(what: Wants.Items | Wants.Text | Wants.Pieces): void {
    if (this.#wants !== Wants.Both) return;
    this.#wants = what;
    if (what !== Wants.Items) this.#queue = this.#texts;
    this.#texts = [];
    // What is here may be no text, and the rest was left because of it.
    if (this.#queue.length === 0) this.#comeBack();
  }

  /** Nothing is here, so the next piece is wanted. */
  #comeBack(): void {
    if (this.#body?.quietSince !== Infinity) return;
    this.#body.comeBack();
    this.#pull();
  }

  /**
   * Feeds a body to the core. One piece is read when all of the one before was asked for, so nothing
   * is read ahead beyond one. Resolves at the end of the stream.
   */
  run(body: Body, feed: Feed): Promise<void> {
    this.clear();
    this.text = "";
    this.#body = body;
    const into = (part?: Bytes): number => feed(part, this.#wants);
    return new Promise((resolve, reject) => {
      const fed = (piece?: Bytes): void => {
        if (this.#body !== body) return resolve(); // stopped: what waits for ever is never freed
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

  /** The wire is no more. */
  stop(): void {
    this.#body = undefined;
    this.#pull();
  }

  /** Takes the data of so many events from the core, and text. */
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
    this.text += words; // at once: a hundred thousand strings in a chain are work to keep
  }

  /** A piece that comes after the last word. */
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

  /** The same by callbacks. Without `lost`, `use` resolves a promise, and gets one that rejects. */
  ask(use: Waiting<T>["use"], lost?: Waiting<T>["lost"]): void {
    const isHere = this.begun && this.#queue.length > 0;
    if (!isHere && !this.#ended) return void this.#waiting.push({ use, lost });
    const failed = isHere ? undefined : this.#error;
    if (!isHere) this.#error = undefined; // an error is told once
    try {
      if (failed) this.#fails(failed.error, use, lost);
      else use(isHere ? this.#shift() : { value: undefined, done: true });
    } catch (error) {
      this.#fails(error, use, lost); // nobody else would tell
    }
  }

  #fails(error: unknown, use: (rejects: any) => void, lost: Waiting<T>["lost"]): void {
    if (lost) lost(error);
    else use(rejection(error));
  }

  /** Nothing more will come; what is here can still be asked for. */
  end(failed?: { error: unknown }): void {
    this.#ended = true;
    this.#error = failed;
    for (const { use, lost } of this.#waiting.splice(0)) this.ask(use, lost);
  }

  /** Nobody wants what is here any more. */
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
