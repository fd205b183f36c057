import { unheard } from "../input/platform.js";

/**
 * Calls with the same signal share one listener on it. Node warns about more than ten listeners, and a program may have
 * thousands of calls with the signal that ends it.
 */
interface Group {
  calls: Set<() => void>;
  listener: () => void;
}

const nothing = (): void => {};

const groups = new WeakMap<AbortSignal, Group>();

/** The caller's signal while one call lasts. The caller of a stream may also leave the stream. */
export class CallerSignal {
  left = false;
  /** Called when the caller aborts or leaves. In a Worker that may be in the turn of another request. */
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
    if (group?.calls.delete(this.#tell) && group.calls.size === 0) unheard(this.signal, group.listener);
  }
}
