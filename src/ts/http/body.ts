/** The bytes of one answer, piece by piece, and the times that the clocks of the core read. */

import { Turns } from "../input/turns.js";
import { type BodyProgress, type Bytes, Fed } from "../wasm/protocol.js";
import { readableOf } from "./readable.js";

/** Runs `task` and ignores what it throws, and what its promise rejects with. */
export function quietly(work: () => unknown): void {
  try {
    void Promise.resolve(work()).catch(() => {});
  } catch {
    // As it says.
  }
}

/** At most this much of a piece goes into the core at once. A replaced `fetch` may hand over pieces of any size. */
const MOUTHFUL = 1 << 20;

/** Old replacements of `fetch` and handmade answers in tests have no `body`. */
function inOnePiece(response: Response): ReadableStreamDefaultReader<Bytes> | undefined {
  const bytes = async () => {
    if (response.arrayBuffer) return new Uint8Array(await response.arrayBuffer());
    return new TextEncoder().encode(response.text ? await response.text() : JSON.stringify(await response.json()));
  };
  let done = !(response.arrayBuffer ?? response.text ?? response.json);
  const read = async () => (done ? { done, value: undefined } : ((done = true), { done: false, value: await bytes() }));
  return { read, cancel: async () => {} } as unknown as ReadableStreamDefaultReader<Bytes>;
}

export class Body implements BodyProgress {
  /** See {@link BodyProgress}. */
  quietSince = NaN;
  /** See {@link BodyProgress}. */
  heard = false;
  readonly pieces: Bytes[] = [];
  #ended = false;
  /** The piece that is awaited while the body is collected. */
  #pending: Promise<Bytes | undefined> | undefined;
  #broken: { error: unknown } | undefined;
  /** Somebody else reads the rest. */
  #passed = false;
  #leftAt = 0;
  #awayMs = 0;
  readonly #turns = new Turns();
  /** When the event loop has turned. Only pieces that a replaced `fetch` has ready come without that. */
  #turn: Promise<void> | undefined;
  readonly #reader: ReadableStreamDefaultReader<Bytes> | undefined;

  /** @throws if the body is locked, as when a test answers twice with one `Response` */
  constructor(response: Response) {
    this.#reader = response.body === undefined ? inOnePiece(response) : response.body?.getReader();
  }

  /**
   * Hands the next piece to `use`, or undefined at the end. `lost` gets the error if the body breaks or is not bytes. These are
   * callbacks because a stream has many small pieces: each costs one promise less.
   */
  pull(use: (piece?: Bytes) => void, lost: (error: unknown) => void): void {
    if (!this.#reader) return use();
    if (this.#turn) {
      const pulls = (): void => this.pull(use, lost);
      void this.#turn.then(pulls);
      return void (this.#turn = undefined);
    }
    // A replaced `fetch` may bring a reader of its own, whose promises may settle at once every time.
    try {
      const next: unknown = this.#reader.read();
      const whole = next instanceof Promise ? next : Promise.resolve(next);
      whole.then((read: ReadableStreamReadResult<Bytes>) => {
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
    this.#turn = this.#turns.after(value.byteLength);
    // As it is, if it can be: a view of each piece is a tenth of what a stream of small ones costs. One whose buffer is gone
    // has no bytes, and none may be asked of it.
    if (Object.getPrototypeOf(value) === Uint8Array.prototype && !Object.hasOwn(value, "length") && value.length > 0) return value as Bytes;
    // Otherwise a view of our own: the length that another one tells may be a lie, and goes into the core's memory.
    const { buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer> = value;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  #next(): Promise<Bytes | undefined> {
    return new Promise((...settle) => this.pull(...settle));
  }

  /** Takes one piece, or the end. */
  feed(piece: Bytes | undefined, into: (part?: Bytes) => number): number {
    if (!piece || piece.length <= MOUTHFUL) return into(piece);
    let told = 0;
    for (let at = 0; at < piece.length && !(told & Fed.Over);) told = into(piece.subarray(at, (at += MOUTHFUL)));
    return told;
  }

  /** Keeps the pieces, up to the end of the body or to the limit. Resolves with true if the end was reached. */
  async collect(limit: number, into: (piece?: Bytes) => number): Promise<boolean> {
    let told = 0;
    for (let left = limit; left >= 0;) {
      this.#pending = this.#next();
      let piece: Bytes | undefined;
      try {
        piece = await this.#pending;
      } catch (error) {
        this.#broken = { error };
        throw error;
      }
      if (this.#passed) return false;
      this.#pending = undefined;
      if (!piece) return true;
      this.heard = true;
      this.pieces.push(piece);
      left -= piece.length;
      if (!(told & Fed.Over)) told = this.feed(piece, into);
    }
    return false;
  }

  /** The whole body was collected. */
  get isWhole(): boolean {
    return this.#ended;
  }

  /** What was collected, then the rest of the body or its error. */
  readable(): ReadableStream<Bytes> {
    this.#passed = true;
    const collected = this.pieces.splice(0);
    let at = 0;
    const next = async (): Promise<IteratorResult<Bytes>> => {
      if (at < collected.length) return { value: collected[at++] as Bytes, done: false };
      if (this.#broken) throw this.#broken.error;
      const value = await (this.#pending ?? this.#next());
      this.#pending = undefined;
      return value ? { value, done: false } : { value, done: true };
    };
    const stop = () => this.stop();
    return readableOf({ ask: (use, lost) => void next().then(use).catch(lost) }, stop, stop);
  }

  /** See {@link BodyProgress}. */
  get awayMs(): number {
    return this.#awayMs + (this.quietSince === Infinity ? performance.now() - this.#leftAt : 0);
  }

  /** For now nobody wants the next piece. */
  leave(): void {
    this.#leftAt = this.quietSince; // a piece has come this moment
    this.quietSince = Infinity;
  }

  /** The next piece is wanted again. */
  comeBack(): void {
    this.quietSince = performance.now();
    this.#awayMs += this.quietSince - this.#leftAt;
  }

  /** Reads what follows after the end of the answer, and hands it to `use` or drops it. Undefined if nothing follows. */
  rest(use?: (piece: Bytes) => void): Promise<void> | undefined {
    return this.#ended ? undefined : this.#drain(use);
  }

  async #drain(use?: (piece: Bytes) => void): Promise<void> {
    for (let piece: Bytes | undefined; (piece = await this.#next());) use?.(piece);
  }

  /** Frees the connection. */
  stop(): void {
    if (this.#ended || !this.#reader) return;
    this.#broken ??= { error: new TypeError("query-with-retry: the rest of this body did not come in time") };
    quietly(() => this.#reader?.cancel());
  }
}
