// What the contract declares and the package does not publish yet, in the contract's own words.
// It lets the unmodified consumer compile meanwhile. What is published must leave this list:
// types.test.js fails until it does. New names say `export`; what stands under an interface without
// it is published already, without these members. `coordinator`, which cannot be widened from here, is in
// assignable.test-d.ts.
import type { QueryError, QueryOptions, Target } from "query-with-retry";

declare module "query-with-retry" {
  interface Client {
    /** Many inputs: sent in batches as large as the server takes, split when it refuses, in order. */
    batch<T = unknown>(target: Target, inputs: unknown[], options?: BatchOptions): Promise<BatchItem<T>[]>;
    /** Bring a cold model up before it is needed. Never more than one at a time per target. */
    warmUp(target: Target, options?: QueryOptions): Promise<{ coldMs: number; wasWarm: boolean }>;
    /** Warm up now and whenever the target has been idle for `everyMs`. Default 900_000. */
    keepWarm(target: Target, options?: QueryOptions & { everyMs?: number }): { stop(): void };
  }

  export interface BatchOptions extends QueryOptions {
    parameters?: Record<string, unknown>;
    maxBatchSize?: number;
  }

  export type BatchItem<T> = { ok: true; value: T } | { ok: false; error: QueryError };

  /** Shared state: see the design. Implemented for memory, browser tabs and Durable Objects. */
  export interface Coordinator {
    call(key: string, message: unknown): Promise<unknown>;
  }
}
