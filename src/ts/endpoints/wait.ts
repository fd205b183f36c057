/** Waiting for an endpoint that is on its way, by asking the API again and again. */

import { QueryError } from "../errors/query-error.js";
import { Within } from "../input/platform.js";
import type { QueryOptions, Timeouts } from "../types/call.js";
import type { Endpoint } from "../types/endpoints.js";
import type { Attempt, CallReport } from "../types/report.js";
import type { Seen } from "./wire.js";

/** In ms. A first deployment takes about five minutes by the documentation, and longer where hardware is scarce. */
const TOTAL_MS = 900_000;

/** In ms: `wait` of huggingface_hub asks every 5 s. An endpoint that was scaled down a moment ago is back sooner. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5_000;

/** What of the management API is needed here. */
export interface Manager {
  look(name: string, options: QueryOptions): Promise<{ data: Seen; report: CallReport }>;
  isHealthy(seen: Seen, options: QueryOptions): Promise<boolean>;
  labelOf(name: string): string;
}

/** The clocks of one request within a longer wait: none is above what is left of it. */
export function within(timeouts: Timeouts | undefined, leftMs: number): Timeouts {
  const most = Math.max(1, Math.ceil(leftMs));
  const shortened = Object.entries(timeouts ?? {}).map(([name, ms]) => [name, typeof ms === "number" ? Math.min(ms, most) : ms]);
  return { ...Object.fromEntries(shortened), totalMs: most };
}

/** Rejects at once, with the signal's own reason, where it aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", leave);
      resolve();
    }, ms);
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave);
  });
}

/** Settles as `run` does, or rejects when its time is over or the signal aborts: a function of the caller's heeds neither. */
export async function inTime<T>(ms: number, caller: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, end } = new Within(ms, caller);
  const late = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  return await Promise.race([run(signal), late]).finally(end);
}

/** It does not come up by itself. Old replicas may serve after an update that failed, and it is not what was asked for. */
export const isDown = ({ state }: Endpoint): boolean => /^(f|updateF)ailed$/.test(state);

/** What an endpoint is, in words, with the API's own. */
export const inWords = ({ name, state, message }: Endpoint): string => `endpoint "${name}" is ${state}${message ? `: ${message}` : ""}`;

export async function waitUntilRunning(
  manager: Manager,
  name: string,
  options: QueryOptions,
  onState: (endpoint: Endpoint) => void,
): Promise<Endpoint> {
  const { signal } = options;
  const totalMs = options.timeouts?.totalMs ?? TOTAL_MS;
  const began = performance.now();
  const attempts: Attempt[] = [];
  const spent = () => performance.now() - began;
  /** Of all that is asked: none has more than what is left of the whole. */
  const clocked = (): QueryOptions => ({ ...options, timeouts: within(options.timeouts, totalMs - spent()) });
  const fails = (code: "paused" | "unavailable" | "model_loading", detail: string, phase?: "total") => {
    const failure = { code, layer: "compute", phase, status: 0, retryAfterMs: NaN, retryable: !!phase } as const;
    const report: CallReport = { attempts, degraded: false, waitedMs: { loading: spent() }, totalMs: spent() };
    return new QueryError(failure, manager.labelOf(name), report, detail);
  };
  let last: Seen | undefined;
  let pause = FIRST_PAUSE;
  for (;;) {
    signal?.throwIfAborted();
    let lost: unknown;
    let seen: Seen | undefined;
    const startedMs = spent();
    try {
      const { data, report } = await manager.look(name, clocked());
      seen = data;
      attempts.push(...report.attempts.map((attempt) => ({ ...attempt, startedMs: attempt.startedMs + startedMs })));
    } catch (error) {
      // The API may be away for a moment while the endpoint goes on.
      if (!(error instanceof QueryError && error.retryable)) throw error;
      lost = error;
    }
    if (seen) {
      const { endpoint } = seen;
      const before = last?.endpoint.state;
      last = seen;
      if (endpoint.state !== before) onState(endpoint);
      signal?.throwIfAborted();
      if (isDown(endpoint)) throw fails("unavailable", inWords(endpoint));
      // Twice, for one that was resumed a moment ago may be told as paused once more.
      if (endpoint.state === "paused" && before === "paused") throw fails("paused", inWords(endpoint));
      const runs = endpoint.state === "running";
      if ((runs || endpoint.state === "scaledToZero") && (await manager.isHealthy(seen, clocked())) && runs) return endpoint;
    }
    const left = totalMs - spent();
    if (left <= 0) {
      if (!last) throw lost;
      const isUnwell = last.endpoint.state === "running" ? ", but its health route does not answer" : "";
      throw fails("model_loading", inWords(last.endpoint) + isUnwell, "total");
    }
    await sleep(Math.min(pause, left), signal);
    pause = Math.min(pause * 1.5, LONGEST_PAUSE);
  }
}
