import type { CoreReport } from "./core-request.js";
import type { Attempt, CallReport } from "./types.js";

/** The core's numbers with their names; what is absent has no key. */
export function toReport([attempts, [loading, rate_limit, backoff, totalMs, target]]: CoreReport, labels: string[], requestIds: string[]): CallReport {
  const label = (index: number) => labels[index] ?? "";
  const named = attempts.map(([[target, startedMs, durationMs, status], [outcome, layer]], index): Attempt => ({
    target: label(target),
    startedMs,
    durationMs,
    ...(status && { status }),
    outcome,
    ...(layer && { layer }),
    ...(requestIds[index] && { requestId: requestIds[index] }),
  }));
  const answered = named.at(-1)?.outcome === "ok";
  const requestId = requestIds.at(-1);
  return {
    attempts: named,
    ...(answered && { servedBy: label(target) }),
    degraded: answered && target > 0,
    waitedMs: { ...(loading && { loading }), ...(rate_limit && { rate_limit }), ...(backoff && { backoff }) },
    totalMs,
    ...(requestId && { requestId }),
  };
}
