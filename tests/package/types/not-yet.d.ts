// What the contract declares and the package does not publish yet, in the contract's own words.
// It lets the unmodified consumer compile meanwhile. A name that is published must leave this list:
// types.test.js fails until it does.
import type { BreakerState, CallReport, ErrorCode, Payload, QueryError, QueryOptions, QueryStream, StreamChunk, Target } from "query-with-retry";

declare module "query-with-retry" {
  export function createClient(options?: ClientOptions): Client;

  export interface ClientOptions extends QueryOptions {
    /** Opens after `failures` in `windowMs`. Default 5 in 30_000; false: none. */
    breaker?: BreakerOptions | false;
    /** Retries may add this share of load. Default { ratio: 0.1, burst: 5 }; false: no limit. */
    retryBudget?: { ratio?: number; burst?: number } | false;
    /** Calls under way at once to one target. Default: 4 to 64, adapting. */
    concurrency?: { min?: number; max?: number; queue?: number };
    /** Where breaker, gate and budget are shared. Default "memory". */
    coordinator?: "memory" | "tabs" | Coordinator;
    /** P99 above this share of the timeout raises an alert. Default 0.8. */
    alert?: { ratio?: number; minSamples?: number; onAlert?: (alert: Alert) => void };
    /** The fetch to send with. Default: the platform's. */
    fetch?: typeof globalThis.fetch;
  }

  export interface BreakerOptions {
    failures?: number;
    windowMs?: number;
    openMs?: number;
    maxOpenMs?: number;
  }

  export interface Client {
    query<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<T>;
    queryWithReport<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<{ data: T; report: CallReport }>;
    stream<T = StreamChunk>(target: Target, payload: Payload, options?: QueryOptions): QueryStream<T>;
    /**
     * A drop-in `fetch` for SDKs that accept one. Answers what the last try answered, as a
     * `Response`; an event-stream body that stalls or is cut errors instead of ending, and a 200 that
     * holds no answer (HTML, an error object, broken JSON) is retried and then rejected, never passed on.
     */
    readonly fetch: typeof globalThis.fetch;
    /** Many inputs: sent in batches as large as the server takes, split when it refuses, in order. */
    batch<T = unknown>(target: Target, inputs: unknown[], options?: BatchOptions): Promise<BatchItem<T>[]>;
    /** Bring a cold model up before it is needed. Never more than one at a time per target. */
    warmUp(target: Target, options?: QueryOptions): Promise<{ coldMs: number; wasWarm: boolean }>;
    /** Warm up now and whenever the target has been idle for `everyMs`. Default 900_000. */
    keepWarm(target: Target, options?: QueryOptions & { everyMs?: number }): { stop(): void };
    stats(target?: Target): TargetStats[];
    /** Prometheus text exposition format 0.0.4. */
    metrics(): string;
    close(): void;
  }

  export interface BatchOptions extends QueryOptions {
    parameters?: Record<string, unknown>;
    maxBatchSize?: number;
  }

  export type BatchItem<T> = { ok: true; value: T } | { ok: false; error: QueryError };

  export interface TargetStats {
    target: string;
    breaker: BreakerState;
    /** "cold" from a loading answer until the first other one. */
    temperature: "unknown" | "cold" | "warming" | "warm";
    inFlight: number;
    queued: number;
    calls: number;
    attempts: number;
    failures: Partial<Record<ErrorCode, number>>;
    /** Within 1 % of the true value. Timeouts count as their limit. */
    latencyMs: Quantiles;
    firstTokenMs: Quantiles;
    alert?: Alert;
  }

  export interface Quantiles { count: number; p50: number; p95: number; p99: number }

  export interface Alert { target: string; p99Ms: number; timeoutMs: number; ratio: number; since: number }

  /** Shared state: see the design. Implemented for memory, browser tabs and Durable Objects. */
  export interface Coordinator {
    call(key: string, message: unknown): Promise<unknown>;
  }
}
