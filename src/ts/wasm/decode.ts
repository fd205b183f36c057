/** Decodes the rows of numbers that the core reports. */

import type { Failure } from "../errors/query-error.js";
import type { Attempt, CallReport, ErrorCode } from "../types/report.js";
import type { Alert, TargetStats } from "../types/stats.js";
import { codes, layers, outcome, phases, reasons, states, temperatures } from "./enums.js";
import type { Row } from "./protocol.js";

export function toFailure([retryable, status = 0, retryAfterMs = NaN, code, layer, phase]: Row): Failure {
  return {
    code: codes[code as number] as Failure["code"],
    layer: layers[layer as number] as Failure["layer"],
    phase: phases[phase as number],
    status,
    retryAfterMs,
    retryable: retryable === 1,
  };
}

/** A report from its row. An absent value has no key. */
export function toReport(row: Row, labels: string[], requestIds: string[], firstTokenMs?: number): CallReport {
  const [totalMs = 0, target = 0, ...waited] = row;
  const label = (index: number) => labels[index] ?? "";
  const attempts: Attempt[] = [];
  for (let at = 2 + reasons.length; at < row.length; at += 7) {
    const [target = 0, startedMs = 0, durationMs = 0, status, ended = 0, place = 0, reached] = row.slice(at);
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
      ...(reached && { reached: true }),
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

/** What a scraper adds up too: from the making of the client on, so that it never falls. */
export interface Sample extends TargetStats {
  /** Attempts by outcome, and calls that were never sent. */
  outcomes: Partial<Record<Attempt["outcome"], number>>;
  latencyCount: number;
  latencySumMs: number;
  firstTokenCount: number;
  firstTokenSumMs: number;
}

/** The row of one target, as `src/web/report.rs` writes it; undefined if it was never called. */
export function sample(row: Row | undefined, target: string): Sample | undefined {
  if (!row?.length) return undefined;
  const [breaker, temperature, inFlight, queued, calls, attempts] = row as [number, number, number, number, number, number];
  const quantiles = (at: number) => {
    const [count, p50, p95, p99] = row.slice(at) as [number, number, number, number];
    return { count, p50, p95, p99 };
  };
  const ends = row.slice(21);
  const failures: Partial<Record<ErrorCode, number>> = {};
  codes.forEach((code, at) => {
    const count = ends[at + 2];
    if (count) failures[code] = count;
  });
  const alert = alertOf(row, target);
  return {
    target,
    breaker: states[breaker] as "open",
    temperature: temperatures[temperature] as "warm",
    inFlight,
    queued,
    calls,
    attempts,
    failures,
    latencyMs: quantiles(8),
    firstTokenMs: quantiles(14),
    ...(alert && { alert }),
    coordinator: row[row.length - 1] ? "shared" : "alone",
    outcomes: { ok: ends[0] as number, aborted: ends[1] as number, ...failures },
    latencyCount: row[6] as number,
    latencySumMs: row[7] as number,
    firstTokenCount: row[12] as number,
    firstTokenSumMs: row[13] as number,
  };
}

/** Decodes a row of `src/web/report.rs`. */
export function alertOf(row: Row, target: string): Alert | undefined {
  const [p99Ms, timeoutMs, since] = row.slice(18, 21) as [number, number, number];
  return p99Ms >= 0 ? { target, p99Ms, timeoutMs, ratio: p99Ms / timeoutMs, since } : undefined;
}
