/** The bytes of one answer, piece by piece, and the times that the clocks of the core go by. */

export type Bytes = Uint8Array<ArrayBuffer>;

export class Body {
  /** Since when the next piece is waited for; NaN before the first one, Infinity while none is. */
  quietSince = NaN;
  /** A piece has come; of a stream, an event. */
  heard = false;
  readonly pieces: Bytes[] = [];
  #ended = false;
  #leftAt = 0;
  #awayMs = 0;
  readonly #reader: ReadableStreamDefaultReader<Bytes> | undefined;

  /** @throws where the body is locked: a test that answers twice with one Response */
  constructor(response: Response) {
    this.#reader = response.body?.getReader();
  }

  /** Undefined at the end. Rejects where the body breaks, or is not bytes. */
  next(): Promise<Bytes | undefined> {
    return this.#reader ? this.#reader.read().then(this.#take) : Promise.resolve(undefined);
  }

  /** The same for a stream, whose pieces are many and small: one promise less for each. */
  pull(use: (piece?: Bytes) => void, lost: (error: unknown) => void): void {
    if (!this.#reader) return use();
    this.#reader.read().then((read) => {
      try {
        use(this.#take(read));
      } catch (error) {
        lost(error);
      }
    }, lost);
  }

  #take = ({ done, value }: ReadableStreamReadResult<Bytes>): Bytes | undefined => {
    if (done) {
      this.#ended = true;
      return undefined;
    }
    if (!ArrayBuffer.isView(value)) throw new TypeError("a body must be bytes");
    this.quietSince = performance.now();
    return value;
  };

  /** All of it, or as much as is wanted. */
  async collect(limit: number): Promise<void> {
    for (let left = limit; left > 0; ) {
      const piece = (await this.next())?.subarray(0, left);
      if (!piece) return;
      this.heard = true;
      this.pieces.push(piece);
      left -= piece.length;
    }
    this.stop();
  }

  /** How long no piece was wanted, in all until now. */
  get awayMs(): number {
    return this.#awayMs + (this.quietSince === Infinity ? performance.now() - this.#leftAt : 0);
  }

  /** Nobody wants more. */
  leave(): void {
    this.#leftAt = this.quietSince; // a piece has come this moment
    this.quietSince = Infinity;
  }

  /** The next piece is wanted again. */
  comeBack(): void {
    this.#awayMs = this.awayMs;
    this.quietSince = performance.now();
  }

  /** What comes after the last word is thrown away. Undefined if there was nothing after it. */
  rest(): Promise<void> | undefined {
    return this.#ended ? undefined : this.#drain();
  }

  async #drain(): Promise<void> {
    while (await this.next());
  }

  /** Frees the connection. */
  stop(): void {
    if (!this.#ended) this.#reader?.cancel().catch(() => {});
  }
}
