/** Statistics as Prometheus reads them: the text exposition format, version 0.0.4. */

import type { Quantiles } from "../types/stats.js";
import type { Sample } from "../wasm/decode.js";

/** A value, the labels beside the target's, and what the metric's name ends in. */
type Line = [value: number, labels?: string, suffix?: string];

/** No two samples may be of one target: a scrape with the same line twice is refused as a whole. */
export function exposition(samples: Sample[]): string {
  let text = "";
  const metric = (type: string, name: string, help: string, lines: (sample: Sample) => Line[]) => {
    name = "query_with_retry_" + name;
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const sample of samples) {
      const target = sample.target.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n");
      for (const [value, labels = "", suffix = ""] of lines(sample)) text += `${name + suffix}{target="${target}"${labels}} ${value}\n`;
    }
  };
  metric("counter", "calls_total", "Calls.", (sample) => [[sample.calls]]);
  metric("counter", "attempts_total", "Attempts by outcome, unsent calls too.", (sample) =>
    Object.entries(sample.outcomes).map(([outcome, count]) => [count, `,outcome="${outcome}"`]),
  );
  metric("summary", "attempt_duration_seconds", "Whole attempts; quantiles of 5 to 10 minutes.", (sample) =>
    times(sample.latencyMs, sample.latencySumMs, sample.latencyCount),
  );
  metric("summary", "first_token_seconds", "First text of streams; quantiles of 5 to 10 minutes.", (sample) =>
    times(sample.firstTokenMs, sample.firstTokenSumMs, sample.firstTokenCount),
  );
  metric("gauge", "in_flight", "Attempts under way.", (sample) => [[sample.inFlight]]);
  metric("gauge", "queued", "Calls in line.", (sample) => [[sample.queued]]);
  metric("gauge", "breaker_state", "1 for the state of the breaker.", (sample) => states(["closed", "open", "half_open"], sample.breaker));
  metric("gauge", "temperature", "1 for the state of the model.", (sample) => states(["unknown", "cold", "warming", "warm"], sample.temperature));
  metric("gauge", "alert", "1 while latency is near the timeout.", (sample) => [[sample.alert ? 1 : 0]]);
  return text;
}

const states = (all: string[], now: string) => all.map((state): Line => [state === now ? 1 : 0, `,state="${state}"`]);

// A quantile of nothing is NaN, here as there.
const times = ({ p50, p95, p99 }: Quantiles, allMs: number, all: number): Line[] => [
  ...[p50, p95, p99].map((ms, at): Line => [ms / 1000, `,quantile="${[0.5, 0.95, 0.99][at]}"`]),
  [allMs / 1000, "", "_sum"],
  [all, "", "_count"],
];
