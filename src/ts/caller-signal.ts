/**
 * Calls that share a signal have one listener on it between them: Node warns of more than ten, and
 * a program may have thousands of calls on the signal that ends it.
 */
interface Group {
  calls: Set<() => void>;
  listener: () => void;
}

const groups = new WeakMap<AbortSignal, Group>();

/** The caller's signal, for as long as one call lasts; and the caller of a stream may leave it. */
export class CallerSignal {
  /** Fulfilled when the caller aborts or leaves; undefined where nobody can. */
  readonly promise: Promise<void> | undefined;
  left = false;
  #resolve: () => void = () => {};

  constructor(
    readonly signal: AbortSignal | undefined,
    canLeave = false,
  ) {
    if (signal || canLeave) this.promise = new Promise((resolve) => (this.#resolve = resolve));
    if (!signal) return;
    let group = groups.get(signal);
    if (!group) {
      const calls: Group["calls"] = new Set();
      group = { calls, listener: () => calls.forEach((resolve) => resolve()) };
      groups.set(signal, group);
    }
    if (group.calls.size === 0) signal.addEventListener("abort", group.listener);
    group.calls.add(this.#resolve);
  }

  get aborted(): boolean {
    return this.left || (this.signal?.aborted ?? false);
  }

  leave(): void {
    this.left = true;
    this.#resolve();
  }

  /**
   * The call is over. The promise is fulfilled all the same: what waits for one that never settles
   * is never freed.
   */
  unlink(): void {
    this.#resolve();
    const group = this.signal && groups.get(this.signal);
    if (group?.calls.delete(this.#resolve) && group.calls.size === 0) {
      this.signal?.removeEventListener("abort", group.listener);
    }
  }
}
