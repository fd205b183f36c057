/** Waits for an endpoint to run, by asking the API again and again. */

import { QueryError } from "../errors/query-error.js";
import type { QueryOptions, Timeouts } from "../types/call.js";
import type { Endpoint } from "../types/endpoints.js";
import type { Attempt, CallReport } from "../types/report.js";
import type { Seen } from "./wire.js";

/** In ms. By the documentation a first deployment takes about five minutes. It takes longer where hardware is scarce. */
const TOTAL_MS = 900_000;

/** In ms. An endpoint that was scaled down a moment ago is back soon. The longest pause is that of `wait` of huggingface_hub. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 5_000;

/** The part of the management API that is needed here. */
export interface Manager {
  look(name: string, options: QueryOptions): Promise<{ data: Seen; report: CallReport }>;
  isHealthy(seen: Seen, options: QueryOptions): Promise<boolean>;
  labelOf(name: string): string;
}

/** The clocks of one request within a longer wait. Each is cut to the rest of the wait. */
export function within(timeouts: Timeouts | undefined, leftMs: number): Timeouts {
  const most = Math.max(1, Math.ceil(leftMs));
  const shortened = Object.entries(timeouts ?? {}).map(([name, ms]) => [name, typeof ms === "number" ? Math.min(ms, most) : ms]);
  return { ...Object.fromEntries(shortened), totalMs: most };
}

/** If the signal aborts, this rejects at once, with the reason of the signal. */
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

/** The endpoint does not come up by itself. After a failed update old replicas may still serve, but they are not what was asked for. */
export const isDown = ({ state }: Endpoint): boolean => /^(f|updateF)ailed$/.test(state);

/** The state of an endpoint as a sentence, with the message of the API. */
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
  /** Options for one request, which may take no longer than the rest of the wait. */
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
      // The API may fail for a moment while the endpoint goes on starting.
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
      // Only the second time, because the API may still say "paused" just after a resume.
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
