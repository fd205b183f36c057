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

  /**
   * The next piece, undefined at the end; or that the body breaks, or is not bytes. By callbacks,
   * since the pieces of a stream are many and small: one promise less for each.
   */
  pull(use: (piece?: Bytes) => void, lost: (error: unknown) => void): void {
    if (!this.#reader) return use();
    this.#reader.read().then(({ done, value }) => {
      this.#ended = done;
      if (!done && !ArrayBuffer.isView(value)) return lost(new TypeError("a body must be bytes"));
      if (!done) this.quietSince = performance.now();
      use(value);
    }, lost);
  }

  /** All of it, or as much as is wanted. */
  async collect(limit: number): Promise<void> {
    for (let left = limit; left > 0; ) {
      const piece = (await new Promise<Bytes | undefined>((...settle) => this.pull(...settle)))?.subarray(0, left);
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
    return this.#ended ? undefined : this.collect(Infinity);
  }

  /** Frees the connection. */
  stop(): void {
    if (!this.#ended) this.#reader?.cancel().catch(() => {});
  }
}
