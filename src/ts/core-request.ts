/**
 * What crosses the boundary to the Rust core: `src/web/request.rs` reads it, `src/web/settled.rs`
 * and `src/web/report.rs` answer.
 */

import type { CallEvent, CallReport, ErrorCode, Layer, Phase, QueryOptions, Timeouts, Token } from "./types.js";

export type HeaderPairs = [name: string, value: string][];

export interface CoreTarget {
  href?: string | undefined;
  origin?: string | undefined;
  host?: string | undefined;
  path?: string | undefined;
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

export interface CoreRequest extends CoreBody, Timeouts {
  /** The target that was asked for, then its fallbacks. */
  targets: CoreTarget[];
  headers: HeaderPairs;
  token?: Token | undefined;
  response: NonNullable<QueryOptions["response"]>;
  signal?: AbortSignal | undefined;
  tell?: ((event: CallEvent) => void) | undefined;
  maxRetries?: number | undefined;
  maxWaitMs?: number | undefined;
  defaultWaitMs?: number | undefined;
  hold?: boolean | number | undefined;
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
  detail?: string;
  report: CallReport;
}

export type Settled =
  | [how: "ok", data: unknown, report: CallReport]
  | [how: "failed", failure: FailureData]
  /** By the caller's signal or token function: thrown on as it is. */
  | [how: "threw", error: unknown]
  | [how: "invalid", message: string];
