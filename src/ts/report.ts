import type { Row } from "./core-request.js";
import { layers, outcome, reasons } from "./names.js";
import type { Attempt, CallReport } from "./types.js";

/** The core's row with its names; what is absent has no key. */
export function toReport(row: Row, labels: string[], requestIds: string[], firstTokenMs?: number): CallReport {
  const [totalMs = 0, target = 0, ...waited] = row;
  const label = (index: number) => labels[index] ?? "";
  const attempts: Attempt[] = [];
  for (let at = 2 + reasons.length; at < row.length; at += 6) {
    const [target = 0, startedMs = 0, durationMs = 0, status, ended = 0, place = 0] = row.slice(at);
    const layer = layers[place - 1];
    const requestId = requestIds[attempts.length];
    attempts.push({
      target: label(target),
      startedMs,
      durationMs,
      ...(status && { status }),
      outcome: outcome(ended),
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
    waitedMs: Object.fromEntries(reasons.map((reason, at) => [reason, waited[at]] as const).filter(([, ms]) => ms)),
    totalMs,
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    ...(requestId && { requestId }),
  };
}
