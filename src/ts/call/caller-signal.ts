/**
 * Calls that share a signal have one listener on it between them: Node warns of more than ten, and
 * a program may have thousands of calls on the signal that ends it.
 */
interface Group {
  calls: Set<() => void>;
  listener: () => void;
}

const nothing = (): void => {};

const groups = new WeakMap<AbortSignal, Group>();

/** The caller's signal, for as long as one call lasts; and the caller of a stream may leave it. */
export class CallerSignal {
  left = false;
  /** Told when the caller aborts, which may be in the turn of another request, or leaves. */
  heard: () => void = nothing;
  readonly #tell = (): void => this.heard();

  constructor(readonly signal: AbortSignal | undefined) {
    if (!signal) return;
    let group = groups.get(signal);
    if (!group) {
      const calls: Group["calls"] = new Set();
      group = { calls, listener: () => calls.forEach((tell) => tell()) };
      groups.set(signal, group);
    }
    if (group.calls.size === 0) signal.addEventListener("abort", group.listener);
    group.calls.add(this.#tell);
  }

  get aborted(): boolean {
    return this.left || (this.signal?.aborted ?? false);
  }

  leave(): void {
    this.left = true;
    this.heard();
  }

  /** The call is over. */
  unlink(): void {
    this.heard = nothing;
    const group = this.signal && groups.get(this.signal);
    if (group?.calls.delete(this.#tell) && group.calls.size === 0) {
      this.signal?.removeEventListener("abort", group.listener);
    }
  }
}
