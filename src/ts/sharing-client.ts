/** The client behind `createClient`, and what it has in common with the one of who makes none. */

import type { Client, ClientOptions, TargetStats } from "./client-types.js";
import { exposition, type Sample } from "./exposition.js";
import { fetchWithRetry } from "./fetch.js";
import { codes, states, temperatures } from "./names.js";
import { checkOptions } from "./options.js";
import { query } from "./query.js";
import { alertOf, Shared } from "./shared.js";
import { Stream } from "./stream.js";
import { takeApart } from "./target.js";
import type { CallReport, ErrorCode, Payload, QueryOptions, QueryStream, Target } from "./types.js";

export class SharingClient implements Client {
  readonly fetch: typeof globalThis.fetch;
  readonly #shared: Shared;

  constructor(options: ClientOptions) {
    const shared = (this.#shared = new Shared(options));
    this.fetch = (input, init) => fetchWithRetry(shared, input, init);
  }

  query<T>(target: Target, payload: Payload, options?: QueryOptions): Promise<T> {
    return ask(this.#shared, target, payload, options);
  }

  queryWithReport<T>(target: Target, payload: Payload, options?: QueryOptions): Promise<{ data: T; report: CallReport }> {
    return ask(this.#shared, target, payload, options, withReport);
  }

  stream<T>(target: Target, payload: Payload, options?: QueryOptions): QueryStream<T> {
    return stream(this.#shared, target, payload, options);
  }

  stats(target?: Target): TargetStats[] {
    return this.#samples(target).map(({ outcomes, latencySumMs, firstTokenSumMs, latencyCount, firstTokenCount, ...stats }) => stats);
  }

  metrics(): string {
    return exposition(this.#samples());
  }

  close(): void {
    this.#shared.close();
  }

  #samples(target?: Target): Sample[] {
    const only = target && this.#shared.find(takeApart(target, "target"));
    const { labels } = this.#shared;
    return labels.flatMap((_, place) => ((target ? place === only : true) ? (sample(this.#shared, place) ?? []) : []));
  }
}

export const withReport = (data: unknown, report: CallReport): unknown => ({ data, report });

export function ask<T>(shared: Shared, target: Target, payload: Payload, options: QueryOptions | undefined, made?: typeof withReport): Promise<T> {
  try {
    if (options !== undefined) checkOptions(options, "options");
    return query(shared, target, payload, options, made);
  } catch (error) {
    return Promise.reject(error);
  }
}

export function stream<T>(shared: Shared, target: Target, payload: Payload, options: QueryOptions | undefined): QueryStream<T> {
  if (options !== undefined) checkOptions(options, "options");
  return new Stream<T>(shared, target, payload, options);
}

/** The row of `src/web/report.rs` with its names. */
export function sample(shared: Shared, place: number): Sample | undefined {
  const row = shared.row(place);
  if (!row?.length) return undefined;
  const target = shared.labels[place] as string;
  const [breaker, temperature, inFlight, queued, calls, attempts] = row as [number, number, number, number, number, number];
  const quantiles = (at: number) => {
    const [count, p50, p95, p99] = row.slice(at) as [number, number, number, number];
    return { count, p50, p95, p99 };
  };
  const ends = row.slice(21);
  const failures: Partial<Record<ErrorCode, number>> = {};
  codes.forEach((code, at) => {
    const count = ends[at + 2];
    if (count) failures[code] = count;
  });
  const alert = alertOf(row, target);
  return {
    target,
    breaker: states[breaker] as "open",
    temperature: temperatures[temperature] as "warm",
    inFlight,
    queued,
    calls,
    attempts,
    failures,
    latencyMs: quantiles(8),
    firstTokenMs: quantiles(14),
    ...(alert && { alert }),
    outcomes: { ok: ends[0] as number, aborted: ends[1] as number, ...failures },
    latencyCount: row[6] as number,
    latencySumMs: row[7] as number,
    firstTokenCount: row[12] as number,
    firstTokenSumMs: row[13] as number,
  };
}
