import type { Rows } from "./core-request.js";
import type { Attempt, CallReport, Layer } from "./types.js";

/** The core's rows with their names; what is absent has no key. */
export function toReport([numbers, texts]: Rows, labels: string[], requestIds: string[], firstTokenMs?: number): CallReport {
  const [totalMs = 0, target = 0, loading, rate_limit, backoff] = numbers;
  const label = (index: number) => labels[index] ?? "";
  const attempts: Attempt[] = [];
  for (let at = 5; at < numbers.length; at += 4) {
    const [target = 0, startedMs = 0, durationMs = 0, status] = numbers.slice(at);
    const [outcome, layer] = texts.slice(attempts.length * 2) as [Attempt["outcome"], Layer | ""];
    const requestId = requestIds[attempts.length];
    attempts.push({
      target: label(target),
      startedMs,
      durationMs,
      ...(status && { status }),
      outcome,
      ...(layer && { layer }),
      ...(requestId && { requestId }),
    });
  }
  const answered = attempts.at(-1)?.outcome === "ok";
  const requestId = requestIds.at(-1);
  return {
    attempts,
    ...(answered && { servedBy: label(target) }),
    degraded: answered && target > 0,
    waitedMs: { ...(loading && { loading }), ...(rate_limit && { rate_limit }), ...(backoff && { backoff }) },
    totalMs,
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    ...(requestId && { requestId }),
  };
}
