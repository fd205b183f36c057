/**
 * Advises what to change about an endpoint, or about the calls to it, by the statistics of a target.
 *
 * Each cause has a share: the attempts that it spoiled, of all attempts. Advice about the greatest share comes first. For one cause,
 * the advice that helps most for its price comes first.
 */

import type { TargetStats } from "../types/stats.js";
import type { Advice, Endpoint } from "../types/endpoints.js";
import type { ErrorCode } from "../types/report.js";

type Change = Advice["change"];

/** With fewer attempts a share says nothing: one timeout of three is chance. */
const ENOUGH = 50;
/** A cause that spoils a smaller share is ignored. */
const LEAST_SHARE = 0.02;
/** An alert says that P99 is near the timeout. That spoils about one attempt in a hundred. */
const TAIL_SHARE = 0.01;
/** If the median takes this share of the timeout, the model itself is slow, not only its queue. */
const SLOW_MEDIAN = 0.5;
/** In ms. Most proxies cut an answer that is silent for longer (nginx after 60 s), and nobody watches for longer. */
const TOO_LONG = 60_000;
/** With fewer replicas, every caller notices a restart or a scale-up that takes minutes. */
const REPLICAS = 3;
/** Percent of hardware usage. At 90 it is too late to ask for a replica that takes minutes to start. */
const THRESHOLD = 60;
/** A clock should be this many times P99. */
const ROOM = 1.5;

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;
const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

/**
 * Advises what to change, the most useful change first, each with the figures that it follows from. An empty list means that nothing
 * stands out, or that there were fewer than 50 attempts.
 *
 * It counts the attempts that met a cold model, were refused as too many, timed out here or at a proxy, or failed in the engine.
 * A cause counts from 2 % of the attempts on. While an `alert` is raised, it also looks at P50, P95 and P99, and at the timeout that P99
 * comes near to.
 *
 * @param stats of one target, from `client.stats()`
 * @param endpoint as the management API describes it. With it, no change is advised that the endpoint has already.
 */
export function advise(stats: TargetStats, endpoint?: Endpoint): Advice[] {
  const { attempts, failures, latencyMs, firstTokenMs, alert, queued, inFlight, target } = stats;
  const { ready = 0, min = 0, max = 0 } = endpoint?.replicas ?? {};
  const replicas = endpoint && { readyReplicas: ready, minReplicas: min, maxReplicas: max };
  const longerMs = Math.ceil(ROOM * (alert?.p99Ms ?? 0));
  const remedies: Record<Change, [words: string, figures?: Record<string, number> | undefined]> = {
    min_replicas: [`keep ${REPLICAS} replicas${endpoint ? `, not ${min}` : ""}`, replicas],
    max_replicas: [`all of its ${max} replicas serve: raise the maximum`, replicas],
    scale_up_threshold: [`scale up at ${THRESHOLD} % of hardware usage rather than at 90 %`, { threshold: THRESHOLD, ...replicas }],
    larger_gpu: ["take a larger GPU"],
    quantization: ["quantise the model"],
    streaming: ["stream, and only the first text must come in time", { streamed: 0 }],
    timeouts: [`raise timeouts.attemptMs to ${seconds(longerMs)}`, { attemptMs: longerMs }],
    smaller_model: ["try a smaller model"],
    async_jobs: ["make jobs of them"],
  };
  const scale: Change = max > 0 && ready >= max ? "max_replicas" : "scale_up_threshold";
  const keep = min < REPLICAS && "min_replicas";
  const stream = firstTokenMs.count === 0 && "streaming";
  const found: { share: number; advice: Advice[] }[] = [];

  const cause = (code: ErrorCode, met: string, more: Record<string, number>, changes: (Change | false)[], nears?: string) => {
    const count = failures[code] ?? 0;
    const share = count / attempts;
    const isMuch = attempts >= ENOUGH && share >= LEAST_SHARE;
    if (!isMuch && !nears) return;
    const what = nears ?? `${count} of ${attempts} attempts (${percent(share)}) at ${target} ${met}`;
    const advice = changes.flatMap((change) => {
      if (!change) return [];
      const [words, figures] = remedies[change];
      return [{ change, why: `${what}: ${words}.`, figures: { [code]: count, attempts, share, ...more, ...figures } }];
    });
    found.push({ share: nears ? Math.max(share, TAIL_SHARE) : share, advice });
  };

  cause("model_loading", "met a cold model", {}, [keep]);
  cause("overloaded", "were refused as too many", { queued, inFlight }, [scale]);
  cause("engine_failure", "failed in the engine, as without memory", {}, ["quantization", "larger_gpu", "smaller_model"]);
  cause("gateway_timeout", "lasted too long for a proxy", {}, [stream, "async_jobs"]);

  const { p50, p95 } = latencyMs;
  const isKnown = latencyMs.count > 0;
  const times: Record<string, number> = isKnown ? { p50Ms: p50, p95Ms: p95 } : {};
  let tail: string | undefined;
  let isModel = false;
  if (alert) {
    const { p99Ms, timeoutMs, ratio } = alert;
    Object.assign(times, { p99Ms, timeoutMs, ratio });
    tail = `the P99 of ${target} is ${seconds(p99Ms)}, ${percent(ratio)} of its timeout of ${seconds(timeoutMs)}`;
    if (isKnown) tail += ` and the median ${seconds(p50)}`;
    isModel = isKnown && p50 >= SLOW_MEDIAN * timeoutMs;
  }
  const jobs = isKnown && p95 >= TOO_LONG && "async_jobs";
  // If the median is slow, the model is slow at any load. If only the tail is slow, calls wait in a queue.
  const changes: (Change | false)[] = isModel
    ? ["larger_gpu", "quantization", stream, jobs, "smaller_model"]
    : [scale, endpoint !== undefined && keep, stream, tail !== undefined && "timeouts", jobs];
  cause("timeout", "timed out", times, changes, tail);

  const all = found.sort((one, other) => other.share - one.share).flatMap(({ advice }) => advice);
  // Two causes may advise the same change. The greater cause is named.
  return all.filter(({ change }, at) => all.findIndex((one) => one.change === change) === at);
}
