// How fast the text of a stream comes. Knows nothing of the document.

export class Pace {
  /** Pieces of text: what a server sends at once is mostly one token. */
  tokens = 0;
  #firstMs;
  #lastMs;
  #now;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  add() {
    this.tokens += 1;
    this.#lastMs = this.#now();
    this.#firstMs ??= this.#lastMs;
  }

  /** From the first token to the last one: neither the time before nor a silence after counts. */
  get perSecond() {
    const ms = this.#lastMs - this.#firstMs;
    return ms > 0 ? ((this.tokens - 1) * 1000) / ms : undefined;
  }
}
