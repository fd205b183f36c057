/** The events of a call, made from the numbers that the core reports. */

import { quietly } from "../http/body.js";
import type { CallEvent, ErrorCode, WaitReason } from "../types/report.js";
import { codes, outcome, reasons, states } from "../wasm/enums.js";

/** Calls a callback of the caller. What it throws, or rejects with later, is logged and changes nothing. */
export function tell<T>(callback: ((told: T) => unknown) | undefined, told: T, name = "onEvent"): void {
  const log = (error: unknown) => quietly(() => console.error(`query-with-retry: ${name} threw`, error));
  try {
    const result = callback?.(told) as PromiseLike<unknown> | undefined;
    void result?.then?.(undefined, log);
  } catch (error) {
    log(error);
  }
}

export function responded(attempt: number, status: number, ended: number): CallEvent {
  return { type: "response", attempt, status, outcome: outcome(ended) };
}

/** NaN stands for no estimate, and an empty text for no detail. */
export function waits(reason: number, ms: number, upTo: boolean, attempt: number, target: string, estimatedMs: number, detail: string): CallEvent {
  const estimate = Number.isNaN(estimatedMs) ? {} : { estimatedMs };
  const lost = detail ? { detail } : {};
  return { type: "wait", reason: reasons[reason] as WaitReason, ms, ...(upTo && { upTo }), attempt, target, ...estimate, ...lost };
}

export function fellBack(from: string, to: string, why: number): CallEvent {
  return { type: "fallback", from, to, why: codes[why] as ErrorCode };
}

export function breakerTurned(target: string, state: number): CallEvent {
  return { type: "breaker", target, state: states[state] as "open" };
}
