/**
 * The names of the values that the core reports by number, in the order of `src/core`. `tests/native/names.rs` compares the two.
 */

import { hints } from "../errors/hints.js";
import type { Priority, TargetSpec } from "../types/call.js";
import type { Attempt, BreakerState, ErrorCode, Layer, Phase, WaitReason } from "../types/report.js";
import type { TargetStats } from "../types/stats.js";

export const codes = Object.keys(hints) as (keyof typeof hints & ErrorCode)[];
export const layers: Layer[] = ["client", "network", "gateway", "compute", "account"];
export const phases: Phase[] = ["queue", "wait", "connect", "first_byte", "idle", "attempt", "total"];
export const reasons: WaitReason[] = ["loading", "rate_limit", "backoff", "queue", "breaker", "offline"];
export const profiles: NonNullable<TargetSpec["profile"]>[] = ["router", "hf-inference", "endpoint", "openai", "legacy"];

export const priorities: Priority[] = ["interactive", "default", "batch"];
export const states: BreakerState[] = ["closed", "open", "half_open"];
export const temperatures: TargetStats["temperature"][] = ["unknown", "cold", "warming", "warm"];

/** 0 is ok, 1 is aborted, and the codes follow. */
export const outcome = (number: number): Attempt["outcome"] => (["ok", "aborted"] as const)[number] ?? (codes[number - 2] as ErrorCode);
