/** The public types of statistics: what a client knows about each of its targets. */

import type { BreakerState, ErrorCode } from "./report.js";

/** What a client knows about one target. */
export interface TargetStats {
  /** The model id, or the URL without its query, with `#` and the model where both are known. */
  target: string;
  /** What the breaker lets through: all, nothing, or one probe. */
  breaker: BreakerState;
  /** "cold" from a loading answer until any other answer; "warming" while the calls that waited are released. */
  temperature: "unknown" | "cold" | "warming" | "warm";
  /** Attempts in flight. */
  inFlight: number;
  /** Calls that wait for their turn. */
  queued: number;
  /** The platform says that there is no network at the moment: nothing is sent. */
  offline?: boolean | undefined;
  /** Calls that came to this target, also as a fallback. */
  calls: number;
  /** Requests that were sent. */
  attempts: number;
  /** Failed attempts by code, and calls that were never sent. */
  failures: Partial<Record<ErrorCode, number>>;
  /**
   * How long attempts took that were answered or timed out in the last 5 to 10 minutes, in milliseconds, within 1 % of the true
   * value. A timeout counts as its limit. Waiting does not count, nor do attempts that failed in other ways.
   */
  latencyMs: Quantiles;
  /** The same for streams, to their first text. */
  firstTokenMs: Quantiles;
  /** The alert that is raised, if there is one. */
  alert?: Alert | undefined;
  /** Whether what is known of the target is shared with other programs just now. Always "alone" without a coordinator. */
  coordinator: "shared" | "alone";
}

/** Quantiles of latencies in milliseconds. NaN if `count` is 0. */
export interface Quantiles {
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

/** The P99 of a target is near its timeout. */
export interface Alert {
  /** The target, as {@link TargetStats.target} names it. */
  target: string;
  /** The 99th percentile of the latency, in milliseconds. */
  p99Ms: number;
  /** The timeout of an attempt, in milliseconds. */
  timeoutMs: number;
  /** `p99Ms / timeoutMs`. */
  ratio: number;
  /** When it was raised, in milliseconds since 1970. */
  since: number;
}
