/** Replaces what browsers before 2024 lack: `URL.canParse`, `AbortSignal.any`, `AbortSignal.timeout`. */

export function parsedUrl(text: string | URL, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** A signal that aborts with the first of these signals. */
export function firstOf(signals: AbortSignal[]): AbortSignal {
  if ("any" in AbortSignal) return AbortSignal.any(signals);
  const controller = new AbortController();
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted) controller.abort(aborted.reason);
  // When the controller aborts, its signal removes the listeners from all of them.
  for (const signal of signals) signal.addEventListener("abort", () => controller.abort(signal.reason), { signal: controller.signal });
  return controller.signal;
}

/** Keeps an answer out of caches. A Worker with a compatibility date before 2024-11-11 refuses to send a request with a `cache`. */
export const uncached = (): RequestInit => ("cache" in Request.prototype ? { cache: "no-store" } : {});

const followers = new WeakMap<AbortSignal, AbortController>();

/**
 * The signal itself, if it is one of this platform. One of another realm or of a polyfill may lack methods, and its members may
 * throw: the signal that is returned aborts when that one does.
 */
export function followed(signal: AbortSignal): AbortSignal {
  if ((signal as object) instanceof AbortSignal) return signal;
  let follower = followers.get(signal);
  const abort = (): void => {
    let reason: unknown;
    try {
      reason = signal.reason;
    } catch {
      // Then the platform gives one.
    }
    follower?.abort(reason);
  };
  if (!follower) {
    followers.set(signal, (follower = new AbortController()));
    signal.addEventListener("abort", abort);
  }
  if (signal.aborted) abort();
  return follower.signal;
}

/** Only for a request, which holds the signal. A signal that nothing holds is collected, and never aborts. */
export function abortedAfter(ms: number): AbortSignal {
  if ("timeout" in AbortSignal) return AbortSignal.timeout(ms);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("timed out", "TimeoutError")), ms);
  return controller.signal;
}

/** Ends listening to a signal. A method that the caller has replaced may throw, which is no reason to lose an answer. */
export function unheard(signal: AbortSignal | null | undefined, listener: () => void): void {
  try {
    signal?.removeEventListener("abort", listener);
  } catch {
    // As it says.
  }
}

/** In ms. A longer timer fires at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Aborts after `ms`, or when `caller` aborts, until `end()`. The timer holds the object, so it aborts even if nothing else holds it. */
export class Within {
  readonly signal: AbortSignal;
  readonly end: () => void;

  constructor(ms: number, caller: AbortSignal | null | undefined) {
    const controller = new AbortController();
    this.signal = controller.signal;
    const timer = setTimeout(() => controller.abort(new DOMException("timed out", "TimeoutError")), Math.min(ms, LONGEST_TIMER));
    const leave = (): void => controller.abort(caller?.reason);
    caller?.addEventListener("abort", leave);
    this.end = () => {
      clearTimeout(timer);
      unheard(caller, leave);
    };
  }
}

/** Settles like `run`, or rejects when the time is over or the signal aborts, because a function of the caller's may ignore both. */
export async function inTime<T>(ms: number, caller: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, end } = new Within(ms, caller);
  const late = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  return await Promise.race([run(signal), late]).finally(end);
}
