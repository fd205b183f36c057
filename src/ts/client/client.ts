/** The client of `createClient`. */

import { ClientContext, contexts, name } from "../call/context.js";
import { fetchWithRetry } from "../call/fetch.js";
import { checkedQuery, withReport } from "../call/query.js";
import { checkedStream } from "../call/stream.js";
import { warmUp } from "../call/warm.js";
import { isAway } from "../http/away.js";
import { replaces } from "../http/platform.js";
import { checkClientOptions } from "../input/options.js";
import { takeApart } from "../input/target.js";
import type { Payload, QueryOptions, QueryStream, Target } from "../types/call.js";
import type { CallReport } from "../types/report.js";
import type { Client, ClientOptions, KeepWarmOptions, WarmUp } from "../types/client.js";
import type { TargetStats } from "../types/stats.js";
import { type Sample, sample } from "../wasm/decode.js";
import { keepWarm } from "./keep-warm.js";
import { exposition } from "./prometheus.js";

/**
 * A client: calls that share a cold-start gate, a circuit breaker, a retry budget, a concurrency
 * limit and statistics, for each target. Make one and keep it: a client for each call shares nothing.
 *
 * @throws {TypeError} for bad options
 */
export function createClient(options: ClientOptions = {}): Client {
  checkClientOptions(options, "options");
  return new SharingClient(options);
}

/** A client that nobody holds is closed, if the platform can tell. */
const unheld = typeof FinalizationRegistry === "undefined" ? undefined : new FinalizationRegistry<ClientContext>((context) => context.close());

class SharingClient implements Client {
  readonly fetch: typeof globalThis.fetch;
  readonly #context: ClientContext;

  constructor(options: ClientOptions) {
    this.#context = new ClientContext(options);
    // A program that keeps only `fetch` keeps its client too.
    const own: typeof globalThis.fetch = (input, init) => fetchWithRetry(this.#context, own, input, init);
    this.fetch = own;
    contexts.set(own, this.#context);
    replaces(own);
    unheld?.register(this, this.#context);
  }

  // Each of these works without its client, as `fetch` must.
  readonly query = <T>(target: Target, payload: Payload, options?: QueryOptions): Promise<T> => checkedQuery(this.#context, target, payload, options);

  readonly queryWithReport = <T>(target: Target, payload: Payload, options?: QueryOptions): Promise<{ data: T; report: CallReport }> =>
    checkedQuery(this.#context, target, payload, options, withReport);

  readonly stream = <T>(target: Target, payload: Payload, options?: QueryOptions): QueryStream<T> =>
    checkedStream(this.#context, target, payload, options);

  readonly warmUp = (target: Target, options?: QueryOptions): Promise<WarmUp> => warmUp(this.#context, target, options);

  readonly keepWarm = (target: Target, options?: KeepWarmOptions): { stop(): void } => keepWarm(this.#context, target, options);

  readonly stats = (target?: Target): TargetStats[] => {
    const away = isAway() && { offline: true };
    return this.#samples(target).map(({ outcomes, latencySumMs, firstTokenSumMs, latencyCount, firstTokenCount, ...stats }) => ({
      ...stats,
      ...away,
    }));
  };

  readonly metrics = (): string => exposition(this.#samples());

  readonly close = (): void => this.#context.close();

  #samples(target?: Target): Sample[] {
    const only = target && name(takeApart(target, "target"));
    const { labels } = this.#context;
    return labels.flatMap((label, place) =>
      label !== undefined && (!only || label === only || label.startsWith(`${only}#`)) ? (sample(this.#context.row(place), label) ?? []) : [],
    );
  }
}
