/** The public types of batches: many inputs in few requests. */

import type { QueryOptions } from "../types/call.js";
import type { QueryError } from "../errors/query-error.js";

/**
 * The options of each request, and those of the whole batch. `response` has no meaning here.
 *
 * `signal` ends the whole batch. `timeouts.totalMs` is that of each request, so a batch of many requests takes longer.
 */
export interface BatchOptions extends QueryOptions {
  /**
   * What stands beside the inputs: `{ inputs, parameters }`. Where a route has its options at the top of the body, these stand there:
   * `/v1/embeddings`, `/v1/completions`, TEI's `/embed` and `/predict`, feature extraction.
   *
   * @default none
   */
  parameters?: Record<string, unknown> | undefined;
  /**
   * Never more inputs in one request. A refused request is split, and what the target was found to take is known to this client for an
   * hour; the next batch begins with it.
   *
   * @default what the target was found to take; 32 at first
   */
  maxBatchSize?: number | undefined;
  /**
   * Told after each request that ended, of all inputs together. What it throws is logged.
   *
   * @default none
   */
  onProgress?: ((progress: BatchProgress) => void) | undefined;
  /**
   * Told of each input as soon as it has ended, in the order in which they end, so that an abort loses nothing that was finished. It
   * is not called after the batch has ended. What it throws is logged.
   *
   * @default none
   */
  onItem?: ((index: number, item: BatchItem<any>) => void) | undefined;
}

/** How far a batch is. */
export interface BatchProgress {
  /** Inputs that have ended, those that failed among them. */
  done: number;
  /** Inputs that have failed. */
  failed: number;
  /** All inputs. */
  total: number;
  /** How many inputs the next request holds at most. */
  batchSize: number;
}

/** How one input has ended. Inputs that failed in one request have the same error. */
export type BatchItem<T> = { ok: true; value: T } | { ok: false; error: QueryError };
