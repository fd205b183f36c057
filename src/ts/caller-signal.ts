/**
 * Calls that share a signal have one listener on it between them: Node warns of more than ten, and
 * a program may have thousands of calls on the signal that ends it.
 */
interface Shared {
  calls: Set<() => void>;
  listener: () => void;
}

const shared = new WeakMap<AbortSignal, Shared>();

/** The caller's signal, for as long as one call lasts. */
export class CallerSignal {
  /** Fulfilled when the caller aborts; undefined where nobody can. */
  readonly promise: Promise<void> | undefined;
  #resolve: () => void = () => {};

  constructor(readonly signal: AbortSignal | undefined) {
    if (!signal) return;
    this.promise = new Promise((resolve) => (this.#resolve = resolve));
    let group = shared.get(signal);
    if (!group) {
      const calls: Shared["calls"] = new Set();
      group = { calls, listener: () => calls.forEach((resolve) => resolve()) };
      shared.set(signal, group);
    }
    if (group.calls.size === 0) signal.addEventListener("abort", group.listener);
    group.calls.add(this.#resolve);
  }

  /**
   * The call is over. The promise is fulfilled all the same: what waits for one that never settles
   * is never freed.
   */
  unlink(): void {
    this.#resolve();
    const group = this.signal && shared.get(this.signal);
    if (group?.calls.delete(this.#resolve) && group.calls.size === 0) {
      this.signal?.removeEventListener("abort", group.listener);
    }
  }
}
