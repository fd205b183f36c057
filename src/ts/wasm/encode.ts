/**
 * What the caller gave, as the texts and numbers that `src/web/input.rs` reads. NaN is absent, an
 * empty text too. The orders are written here, and there.
 */

import type { QueryOptions } from "../types/call.js";
import type { ClientOptions } from "../types/client.js";
import { priorities, profiles } from "./enums.js";
import type { CoreTarget } from "./protocol.js";

/** 0 origin, 1 path, 2 model. */
export function targetPart({ origin, path, model }: CoreTarget, part: number): string {
  return [origin, path, model][part] ?? "";
}

/** Its place in `profiles`, or -1. */
export function profilePlace({ profile }: CoreTarget): number {
  return profiles.indexOf(profile as never);
}

/** Nothing was given of what `optionNumber` gives. */
export function isUsual({ maxRetries, loading, timeouts, priority }: QueryOptions): boolean {
  return maxRetries === undefined && !loading && !timeouts && !priority;
}

/**
 * 0 maxRetries, 1 maxWaitMs, 2 defaultWaitMs, 3 hold in ms (Infinity: for as long as the call waits),
 * 4 connectMs (Infinity: none), 5 firstByteMs, 6 idleMs, 7 attemptMs, 8 totalMs, 9 priority by its place.
 */
export function optionNumber({ maxRetries, loading, timeouts, priority }: QueryOptions, which: number): number {
  switch (which) {
    case 0:
      return maxRetries ?? NaN;
    case 1:
      return loading?.maxWaitMs ?? NaN;
    case 2:
      return loading?.defaultWaitMs ?? NaN;
    case 3:
      return loading?.hold === true ? Infinity : loading?.hold || NaN;
    case 4:
      return timeouts?.connectMs === false ? Infinity : (timeouts?.connectMs ?? NaN);
    case 9:
      return priority ? priorities.indexOf(priority) : NaN;
    default:
      return timeouts?.[(["firstByteMs", "idleMs", "attemptMs", "totalMs"] as const)[which - 5] as "idleMs"] ?? NaN;
  }
}

/** The rules of a client: in this order, and below zero for none. */
export function clientNumbers(options: ClientOptions, scope: number): Float64Array {
  const { breaker, retryBudget: budget, concurrency, alert, ephemeral } = options;
  const off = (given: unknown, value: number | undefined) => (given === false ? -1 : value);
  const numbers = [
    off(breaker, (breaker || undefined)?.failures),
    (breaker || undefined)?.windowMs,
    (breaker || undefined)?.openMs,
    (breaker || undefined)?.maxOpenMs,
    off(budget, (budget || undefined)?.ratio),
    (budget || undefined)?.burst,
    concurrency?.min,
    concurrency?.max,
    concurrency?.queue,
    alert?.ratio,
    alert?.minSamples,
    Number(ephemeral ?? 0),
    scope,
  ];
  return Float64Array.from(numbers, (number) => number ?? NaN);
}
