/**
 * What one call finds out for all of them.
 *
 * Many calls may meet the same endpoint at once. One of them asks, and the others read what it found out, each with a timer of
 * its own, because in a Worker no request may wait for the promise of another one.
 */

import { inTime } from "../input/platform.js";

/** In ms. A finding holds for this long, and so does a failure to find out. */
export const FRESH = 3_000;
/** In ms. A call that asks and does not come back, as in a Worker whose request is over, is replaced after this time. */
const LEASE = 10_000;
/**
 * In ms. No question takes longer. A list of endpoints holds for this long, because addresses seldom change. An endpoint is not resumed
 * twice within this time, because the API may say "paused" for some seconds after a resume.
 */
export const LONG = 30_000;

/** How long a call waits for the answer to its own question. */
export interface Patience {
  restMs(): number;
  signal?: AbortSignal | undefined;
}

/** A question that one call asks for all of them. */
export class Finding<T> {
  #at = -Infinity;
  #until = -Infinity;
  found: T | undefined;
  #lost: { error: unknown } | undefined;

  /** Resolves with true once the answer is known and not older than `ms`. Rejects with the error of the question. */
  async isFresh(ms: number, { restMs, signal }: Patience, find: () => Promise<T>): Promise<boolean> {
    const isOld = () => performance.now() - this.#at >= (this.#lost ? FRESH : ms);
    if (isOld()) {
      if (performance.now() < this.#until) return false;
      await inTime(Math.min(LONG, restMs()), signal, () => this.#ask(find)).catch(() => {
        // The question goes on for the other calls. In a Worker it may end with the request that asked it.
        if ("WebSocketPair" in globalThis) this.#until = -Infinity;
      });
      if (isOld()) return false;
    }
    if (this.#lost) throw this.#lost.error;
    return true;
  }

  async #ask(find: () => Promise<T>): Promise<void> {
    const until = (this.#until = performance.now() + LEASE);
    try {
      this.found = await find();
      this.#lost = undefined;
    } catch (error) {
      this.#lost = { error };
    }
    if (this.#until === until) this.#until = -Infinity;
    this.#at = performance.now();
  }
}
