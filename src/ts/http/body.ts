/** The bytes of one answer, piece by piece, and the times that the clocks of the core go by. */

import type { BodyProgress, Bytes } from "../wasm/protocol.js";
import { whenDropped } from "./dropped.js";
import { readableOf } from "./readable.js";

/** Whatever it throws, or the promise of it rejects with: nobody waits for it. */
export function quietly(work: () => unknown): void {
  try {
    void Promise.resolve(work()).catch(() => {});
  } catch {
    // As it says.
  }
}

export class Body implements BodyProgress {
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
    // Of a replaced fetch it may be anybody's reader.
    try {
      this.#reader.read().then((read) => {
        let piece: Bytes | undefined;
        try {
          piece = this.#taken(read);
        } catch (error) {
          return lost(error);
        }
        use(piece);
      }, lost);
    } catch (error) {
      lost(error);
    }
  }

  #taken({ done, value }: ReadableStreamReadResult<Bytes>): Bytes | undefined {
    this.#ended = done;
    if (done) return undefined;
    if (!ArrayBuffer.isView(value)) throw new TypeError("a body must be bytes");
    this.quietSince = performance.now();
    // A view of our own: the length that another one tells may be a lie, and goes into the core's memory.
    const { buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer> = value;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  #next(): Promise<Bytes | undefined> {
    return new Promise((...settle) => this.pull(...settle));
  }

  /** Keeps its pieces, to its end or until there is more than that: whether this is the end. */
  async collect(limit: number): Promise<boolean> {
    for (let left = limit; left >= 0;) {
      const piece = await this.#next();
      if (!piece) return true;
      this.heard = true;
      this.pieces.push(piece);
      left -= piece.length;
    }
    return false;
  }

  /** What was collected, and then what is still to come. */
  readable(): ReadableStream<Bytes> {
    const collected = this.pieces.splice(0);
    let at = 0;
    const next = async (): Promise<IteratorResult<Bytes>> => {
      const value = at < collected.length ? collected[at++] : await this.#next();
      return value ? { value, done: false } : { value, done: true };
    };
    const stop = () => this.stop();
    const stream = readableOf({ next }, stop);
    whenDropped(stream, stop);
    return stream;
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
    while (await this.#next());
  }

  /** Frees the connection. */
  stop(): void {
    if (!this.#ended && this.#reader) quietly(() => this.#reader?.cancel());
  }
}
