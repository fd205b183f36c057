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

/** Only for a request, which holds the signal. A signal that nothing holds is collected, and never aborts. */
export function abortedAfter(ms: number): AbortSignal {
  if ("timeout" in AbortSignal) return AbortSignal.timeout(ms);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("timed out", "TimeoutError")), ms);
  return controller.signal;
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
      caller?.removeEventListener("abort", leave);
    };
  }
}
