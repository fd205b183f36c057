/** The caller's signal: one listener a call, gone when the call is. */
export class CallerSignal {
  /** Fulfilled when the caller aborts; undefined where nobody can. */
  readonly promise: Promise<unknown> | undefined;
  #resolve?: (event: unknown) => void;

  constructor(readonly signal: AbortSignal | undefined) {
    this.promise =
      signal &&
      new Promise((resolve) => {
        // Itself the listener: what is resolved twice, or never, costs nothing.
        this.#resolve = resolve;
        signal.addEventListener("abort", resolve);
      });
  }

  unlink(): void {
    if (this.#resolve) this.signal?.removeEventListener("abort", this.#resolve);
  }
}
