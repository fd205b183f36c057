/** What the browsers before 2024 do not have: `URL.canParse`, `AbortSignal.any`, `AbortSignal.timeout`. */

export function parsedUrl(text: string | URL, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** Aborted by whichever is first. */
export function firstOf(signals: AbortSignal[]): AbortSignal {
  if ("any" in AbortSignal) return AbortSignal.any(signals);
  const controller = new AbortController();
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted) controller.abort(aborted.reason);
  // The controller's own signal takes the listeners off all of them.
  for (const signal of signals) signal.addEventListener("abort", () => controller.abort(signal.reason), { signal: controller.signal });
  return controller.signal;
}

/** For a request, which keeps the signal: one that nothing else holds is collected, and never aborts. */
export function abortedAfter(ms: number): AbortSignal {
  if ("timeout" in AbortSignal) return AbortSignal.timeout(ms);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException("timed out", "TimeoutError")), ms);
  return controller.signal;
}

/** Aborts after so many ms, or with `caller`. Its timer holds it, so it does so even if nothing else does; until `end()`. */
export class Within {
  readonly signal: AbortSignal;
  readonly end: () => void;

  constructor(ms: number, caller: AbortSignal | null | undefined) {
    const controller = new AbortController();
    this.signal = controller.signal;
    const timer = setTimeout(() => controller.abort(new DOMException("timed out", "TimeoutError")), ms);
    const leave = (): void => controller.abort(caller?.reason);
    caller?.addEventListener("abort", leave);
    this.end = () => {
      clearTimeout(timer);
      caller?.removeEventListener("abort", leave);
    };
  }
}
