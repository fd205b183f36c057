/**
 * What crosses the boundary to the Rust core: `src/web/request.rs` reads it, `src/web/settled.rs`
 * and `src/web/report.rs` answer.
 */

import type { Facts } from "./answer.js";
import type { Outgoing } from "./outgoing.js";
import type { CallEvent, CallReport, ErrorCode, Layer, Phase, Timeouts, Token } from "./types.js";

export type HeaderPairs = [name: string, value: string][];

/** The place is all there or not at all. */
export interface CoreTarget {
  href?: string;
  origin?: string;
  host?: string;
  path?: string;
  /** The URL without its query, which may hold a key. */
  shown?: string;
  model?: string | undefined;
  profile?: string | undefined;
  headers: HeaderPairs;
  token?: Token | undefined;
}

export interface CoreBody {
  /** Decides the route of a model id, and whether a `model` can be put into the body. */
  kind: "chat" | "object" | "opaque";
  body: string | Uint8Array<ArrayBuffer> | Blob;
  /** The JSON of an object without its `model`, for targets that put in their own. */
  bodyRest: string;
}

export interface CoreRequest extends Timeouts {
  /** The target that was asked for, then its fallbacks. */
  targets: CoreTarget[];
  kind: CoreBody["kind"];
  signal?: AbortSignal | undefined;
  tell?: ((event: CallEvent) => void) | undefined;
  maxRetries?: number | undefined;
  maxWaitMs?: number | undefined;
  defaultWaitMs?: number | undefined;
  /** Infinity: for as long as the call waits. */
  holdMs?: number | undefined;
  outgoing(
    target: number,
    url: string,
    model: string | undefined,
    shares: boolean,
    holdHeader: string | undefined,
    holdSeconds: number | undefined,
  ): Promise<Outgoing>;
  incoming(pieces: Uint8Array<ArrayBuffer>[], response: Response, succeeded: boolean): Facts;
}

/** The data of a `QueryError`. */
export interface FailureData {
  code: ErrorCode;
  layer: Layer;
  target: string;
  retryable: boolean;
  phase?: Phase;
  status?: number;
  retryAfterMs?: number;
  report: CallReport;
}

export type Settled =
  | [how: "ok", report: CallReport]
  | [how: "failed", failure: FailureData]
  /** By the caller's signal or token function: thrown on as it is. */
  | [how: "threw", error: unknown]
  | [how: "refused", target: number, why: string]
  | [how: "inverted", inner: string, innerMs: number, outer: string, outerMs: number, outerIsDefault: boolean];
