import type { CallReport, ErrorCode, Layer, Phase } from "../types/report.js";
import { hints, hintsOfPhase } from "./hints.js";

/** @internal */
export interface Failure {
  code: keyof typeof hints & ErrorCode;
  layer: Layer;
  phase?: Phase | undefined;
  /** 0 is none. */
  status: number;
  /** NaN is none. */
  retryAfterMs: number;
  retryable: boolean;
}

/**
 * A call that ended without an answer. Bad input is a `TypeError` and an abort the signal's own
 * reason; everything else is one of these.
 *
 * `JSON.stringify` keeps all but `message`, `stack` and `cause`. `structuredClone`, and with it `postMessage`, makes a
 * plain `Error` of it, with its message and stack: send `{ ...error, message: error.message }` to another thread.
 */
export class QueryError extends Error {
  override readonly name = "QueryError" as const;
  /**
   * What went wrong; decide by this.
   *
   * | code | what happened |
   * |---|---|
   * | `model_loading` | still cold when a limit ran out: `phase` is "wait" (`loading.maxWaitMs`) or "total" |
   * | `rate_limited` | 429: asking too fast |
   * | `overloaded` | the server is full |
   * | `unavailable` | 502, or a 503 that is not a cold model |
   * | `gateway_timeout` | a proxy gave up waiting (504, 524) |
   * | `timeout` | our own clock ran out: `phase` says which |
   * | `network` | no answer at all |
   * | `engine_failure` | the model failed (500, 424, out of memory) |
   * | `stream_truncated` | a stream ended without its last word |
   * | `stream_error` | an error event after the stream had begun |
   * | `bad_response` | not what was promised: HTML, broken JSON |
   * | `circuit_open` | not sent: the breaker is open, and no fallback is left |
   * | `queue_full` | not sent: too many calls wait for this target |
   * | `bad_request`, `too_large` | the server refuses the payload |
   * | `unauthorized`, `forbidden` | the server refuses the token |
   * | `credits_exhausted` | the account has spent what it may |
   * | `not_found`, `gone` | the server has no such model or route, or has it no more |
   * | `paused` | the endpoint was paused by its owner |
   */
  readonly code: ErrorCode;
  /** Where the call failed. For a `timeout`, who was late, as far as `fetch` shows it. */
  readonly layer: Layer;
  /** For `timeout` and `model_loading`: the clock that ran out. */
  declare readonly phase?: Phase;
  /** The HTTP status of the last answer, if there was one. */
  declare readonly status?: number;
  /** When the next attempt makes sense at the earliest, in milliseconds from now, if the server named a time. */
  declare readonly retryAfterMs?: number;
  /** The same call may succeed later, unchanged. */
  readonly retryable: boolean;
  /** One sentence: what to do about it. */
  readonly hint: string;
  /** What the call did. */
  readonly report: CallReport;
  /** Text that a broken stream had delivered. */
  declare readonly partial?: string;
  /**
   * The server's own message, or the platform's where no server spoke, cut at 2,000 characters; a token
   * that it echoes is blanked out.
   */
  declare readonly detail?: string;
  /** What `fetch` rejected with last, where that is why; a copy, where it shows a secret. */
  declare readonly cause?: unknown;

  /** @internal */
  constructor(failure: Failure, target: string, report: CallReport, detail: string, partial?: string, cause?: unknown) {
    const { code, layer, phase, status, retryAfterMs, retryable } = failure;
    const { attempts, totalMs } = report;
    const what = [code, phase && `(${phase})`, status && `HTTP ${status}`].filter(Boolean).join(" ");
    const tries = `${attempts.length} ${attempts.length === 1 ? "try" : "tries"}`;
    const time = totalMs < 1000 ? `${Math.round(totalMs)} ms` : `${(totalMs / 1000).toFixed(1)} s`;
    const said = detail && `: ${detail.slice(0, 200)}`;
    // In one line, and without what a terminal obeys: it is what is logged.
    super(`${target}: ${what} after ${tries} in ${time}${said}`.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " "));
    this.code = code;
    this.layer = layer;
    if (phase) this.phase = phase;
    if (status) this.status = status;
    if (retryAfterMs >= 0) this.retryAfterMs = retryAfterMs;
    this.retryable = retryable;
    this.hint = (code === "timeout" && phase && hintsOfPhase[phase]) || hints[code];
    this.report = report;
    if (partial) this.partial = partial;
    if (detail) this.detail = detail;
    if (cause !== undefined) Object.defineProperty(this, "cause", { value: cause, configurable: true, writable: true });
  }
}
