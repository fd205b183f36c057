/**
 * The caller's options as the texts and numbers that `src/web/input.rs` reads. NaN and an empty text stand for an absent value.
 * The positions are written here and there; `tests/native/orders.rs` compares them.
 */

import type { QueryOptions } from "../types/call.js";
import type { BreakerOptions, ClientOptions } from "../types/client.js";
import { priorities, profiles } from "./enums.js";
import type { CoreTarget } from "./protocol.js";

/** 0 origin, 1 path, 2 model. */
export function targetPart({ origin, path, model }: CoreTarget, part: number): string {
  return [origin, path, model][part] ?? "";
}

/** The position of a target's profile in `profiles`, or -1. */
export function profilePlace({ profile }: CoreTarget): number {
  return profiles.indexOf(profile as never);
}

/** No option is set that `optionNumber` would return. */
export function isUsual({ maxRetries, loading, timeouts, priority }: QueryOptions): boolean {
  return maxRetries === undefined && !loading && !timeouts && !priority;
}

/**
 * 0 maxRetries, 1 maxWaitMs, 2 defaultWaitMs, 3 hold in ms (Infinity: for as long as the call waits),
 * 4 connectMs (Infinity: none), 5 firstByteMs, 6 idleMs, 7 attemptMs, 8 totalMs, 9 priority by its position, 10 refusedMs.
 */
export const optionNumber = (options: QueryOptions, which: number): number => asNumber(option(options, which));

/** A getter of the caller's object may return another value each time. A value that is no number any more would stop the core. */
const asNumber = (value: unknown): number => (typeof value === "number" ? value : NaN);

function option({ maxRetries, loading, timeouts, priority }: QueryOptions, which: number): unknown {
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
    case 10:
      return loading?.refusedMs ?? NaN;
    default:
      return timeouts?.[(["firstByteMs", "idleMs", "attemptMs", "totalMs"] as const)[which - 5] as "idleMs"] ?? NaN;
  }
}

/** The rules of a client, in this order. A value below zero turns a rule off. */
export function clientNumbers(options: ClientOptions, scope: number, isPage: boolean): Float64Array {
  const { breaker, retryBudget: budget, concurrency, alert, ephemeral, coordinator } = options;
  const { failures, windowMs, openMs, maxOpenMs }: BreakerOptions = breaker === false ? { failures: -1 } : (breaker ?? {});
  const { ratio, burst } = budget === false ? { ratio: -1 } : (budget ?? {});
  const { min, max, queue } = concurrency ?? {};
  const numbers = [
    failures,
    windowMs,
    openMs,
    maxOpenMs,
    ratio,
    burst,
    min,
    max,
    queue,
    alert?.ratio,
    alert?.minSamples,
    ephemeral ? 1 : 0,
    scope,
    isPage ? 1 : 0,
    typeof coordinator === "object" ? Math.random() * 2 ** 53 : undefined,
  ];
  return Float64Array.from(numbers, asNumber);
}
