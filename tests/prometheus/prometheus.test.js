// What a real Prometheus makes of `client.metrics()`. MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { howToGet, lint, program, startPrometheus } from "./prometheus.js";

const { createClient } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));

const payload = { inputs: "a man, a plan" };
const messages = { messages: [{ role: "user", content: "a man, a plan" }] };
const times = (count, step) => Array.from({ length: count }, step);

/** Calls that fail, with the code that each fails with. */
const fails = (calls, code) => Promise.all(calls.map((call) => assert.rejects(call, { code })));

if (!program && process.env.CI === "true") {
  test("Prometheus is on this machine", () => assert.fail(howToGet));
}

/** The client's page. It reads its statistics when it is asked, as a program's own would. */
async function startPage(client) {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.end(client.metrics());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/metrics`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

describe("scraped by Prometheus", { skip: program ? false : howToGet, timeout: 90_000 }, () => {
  const client = createClient();
  let server, mock, page, prometheus;
  // The targets: as they are called, and as they are named.
  let fine, shaky, streamed, late, broken, odd;
  // After the calls, and before the scrape that is looked at.
  let stats, exposition;

  const of = (target) => stats.find((seen) => seen.target === (target.url ?? target));
  /** What Prometheus holds of a metric, by its target and the label beside that. */
  async function held(name, label) {
    const found = await prometheus.query(`query_with_retry_${name}`);
    return Object.fromEntries(found.map(({ metric, value }) => [[metric.target, ...(label ? [metric[label]] : [])].join(" "), Number(value)]));
  }
  /** What it should hold, from the statistics. */
  const told = (entries) =>
    Object.fromEntries(stats.flatMap((seen) => entries(seen).map(([label, value]) => [[seen.target, ...label].join(" "), value])));

  before(async () => {
    server = await startMock();
    mock = connectMock({ mockUrl: server.mockUrl, prefix: "prometheus" });
    page = await startPage(client);
    // Of a client that has done nothing yet.
    prometheus = await startPrometheus(page.url);

    fine = await mock.put("fine", { latencyMs: 30 });
    shaky = await mock.put("shaky", { script: [{ status: 502 }, {}, { status: 422, body: { error: "no" } }] });
    streamed = `${await mock.put("streamed", { stream: { tokens: 20, tokensPerSecond: 100 } })}/v1/chat/completions`;
    late = await mock.put("late", { then: { fault: { kind: "stall", at: "accept" } } });
    broken = await mock.put("broken", { then: { status: 500, body: { error: "it failed" } } });
    odd = { url: await mock.put("odd", {}), model: 'C:\\new\\n"the"{model="é"}' };

    await Promise.all(times(20, () => client.query(fine, payload)));
    await client.query(shaky, payload);
    await fails([client.query(shaky, payload)], "bad_request");
    for (const stream of times(3, () => client.stream(streamed, messages))) await stream.finalText();
    await fails([client.query(late, payload, { maxRetries: 0, timeouts: { attemptMs: 200 } })], "timeout");
    await assert.rejects(client.query(late, payload, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
    for (let failures = 0; failures < 5; failures++) await fails([client.query(broken, payload, { maxRetries: 0 })], "engine_failure");
    await fails([client.query(broken, payload, { maxRetries: 0 })], "circuit_open");
    await client.query(odd, messages);

    [stats, exposition] = [client.stats(), client.metrics()];
    await prometheus.scraped();
  });
  after(async () => {
    client.close();
    await prometheus?.stop();
    await page?.stop();
    await server?.stop();
  });

  test("promtool has no complaint, nor about a client that has done nothing", async () => {
    assert.equal(await lint(exposition), "");
    assert.equal(await lint(createClient().metrics()), "");
  });

  test("every line is a sample", async () => {
    const [{ value }] = await prometheus.query("scrape_samples_scraped");
    assert.equal(Number(value), exposition.split("\n").filter((line) => line && !line.startsWith("#")).length);
    assert.ok(exposition.endsWith("\n") && !exposition.includes("\r"));
  });

  test("the lines of a metric stand together, under one HELP and one TYPE", () => {
    const names = exposition.split("\n").map((line) => line.match(/^(?:# \w+ )?(\w+?)(?:_sum|_count)?\b/)?.[1]);
    const begun = names.filter((name, at) => name && name !== names[at - 1]);
    assert.equal(new Set(begun).size, begun.length);
    assert.deepEqual([exposition.match(/^# HELP /gm).length, exposition.match(/^# TYPE /gm).length], [begun.length, begun.length]);
  });

  test("it counts the calls of each target", async () => {
    const calls = await held("calls_total");
    assert.deepEqual(
      calls,
      told(({ calls }) => [[[], calls]]),
    );
    assert.deepEqual(
      [fine, shaky, streamed, late, broken].map((target) => calls[target]),
      [20, 2, 3, 2, 6],
    );
  });

  test("it counts the attempts by how they ended", async () => {
    const ended = await held("attempts_total", "outcome");
    const expected = {
      [fine]: { ok: 20 },
      [shaky]: { ok: 1, unavailable: 1, bad_request: 1 },
      [streamed]: { ok: 3 },
      [late]: { timeout: 1, aborted: 1 },
      [broken]: { engine_failure: 5, circuit_open: 1 },
    };
    for (const [target, outcomes] of Object.entries(expected)) {
      const mine = Object.entries(ended).filter(([key, count]) => key.startsWith(`${target} `) && count > 0);
      assert.deepEqual(
        Object.fromEntries(mine),
        Object.fromEntries(Object.entries(outcomes).map(([outcome, count]) => [`${target} ${outcome}`, count])),
      );
    }
    for (const { target, failures } of stats) {
      for (const [code, count] of Object.entries(failures)) assert.equal(ended[`${target} ${code}`], count);
    }
    // All that was sent has ended.
    const [{ value }] = await prometheus.query('sum(query_with_retry_attempts_total{outcome!="circuit_open"})');
    assert.equal(
      Number(value),
      stats.reduce((sum, { attempts }) => sum + attempts, 0),
    );
  });

  for (const [metric, quantiles] of [
    ["attempt_duration_seconds", "latencyMs"],
    ["first_token_seconds", "firstTokenMs"],
  ]) {
    test(`${metric} has the quantiles of ${quantiles}`, async () => {
      const seconds = await held(metric, "quantile");
      const expected = told(({ [quantiles]: { p50, p95, p99 } }) => [
        [["0.5"], p50],
        [["0.95"], p95],
        [["0.99"], p99],
      ]);
      assert.deepEqual(Object.keys(seconds).sort(), Object.keys(expected).sort());
      for (const [key, ms] of Object.entries(expected)) {
        if (Number.isNaN(seconds[key]))
          assert.ok(
            stats.some((seen) => key.startsWith(seen.target) && seen[quantiles].count === 0),
            key,
          );
        else assert.ok(Math.abs(seconds[key] * 1000 - ms) < 1e-6, `${key}: ${seconds[key]} s, not ${ms} ms`);
      }
    });

    test(`${metric} has their count and a sum that goes with it`, async () => {
      const [counts, sums] = [await held(`${metric}_count`), await held(`${metric}_sum`)];
      assert.deepEqual(
        counts,
        told(({ [quantiles]: { count } }) => [[[], count]]),
      );
      // Between what half and what nearly all of them are: they are few, and alike.
      for (const {
        target,
        [quantiles]: { count, p50, p99 },
      } of stats) {
        if (count === 0) assert.equal(sums[target], 0);
        else assert.ok(sums[target] * 1000 >= p50 * 0.49 * count && sums[target] * 1000 <= p99 * 1.01 * count, `${target}: ${sums[target]} s`);
      }
    });
  }

  test("what was measured is what happened", () => {
    assert.equal(of(fine).latencyMs.count, 20);
    assert.ok(of(fine).latencyMs.p50 >= 29, `${of(fine).latencyMs.p50} ms`);
    assert.deepEqual([of(fine).firstTokenMs.count, of(streamed).firstTokenMs.count, of(streamed).latencyMs.count], [0, 3, 3]);
    assert.ok(of(streamed).firstTokenMs.p99 < of(streamed).latencyMs.p50);
    // One ran into its clock, and the other was left.
    assert.equal(of(late).latencyMs.count, 1);
    assert.ok(Math.abs(of(late).latencyMs.p99 - 200) <= 2, `${of(late).latencyMs.p99} ms`);
  });

  test("it sees what every target is doing", async () => {
    assert.deepEqual(
      await held("in_flight"),
      told(({ inFlight }) => [[[], inFlight]]),
    );
    assert.deepEqual(
      await held("queued"),
      told(({ queued }) => [[[], queued]]),
    );
    assert.deepEqual(
      await held("alert"),
      told(({ alert }) => [[[], alert ? 1 : 0]]),
    );
  });

  test("it sees the state of each breaker and each model, and that of one is open", async () => {
    const is = (states, now) => states.map((state) => [[state], state === now ? 1 : 0]);
    assert.deepEqual(
      await held("breaker_state", "state"),
      told(({ breaker }) => is(["closed", "open", "half_open"], breaker)),
    );
    assert.deepEqual(
      await held("temperature", "state"),
      told(({ temperature }) => is(["unknown", "cold", "warming", "warm"], temperature)),
    );
    const open = await prometheus.query('query_with_retry_breaker_state{state="open"} == 1');
    assert.deepEqual(
      open.map(({ metric }) => metric.target),
      [broken],
    );
  });

  test("a name with quotes and backslashes comes through as it is", async () => {
    const named = stats.find(({ target }) => target.includes(odd.model));
    assert.ok(named, JSON.stringify(stats.map(({ target }) => target)));
    const [found, ...others] = await prometheus.query(`query_with_retry_calls_total{target=${JSON.stringify(named.target)}}`);
    assert.deepEqual([found.metric.target, found.value, others.length], [named.target, "1", 0]);
  });

  test("counters go on where they were", async () => {
    await Promise.all(times(5, () => client.query(fine, payload)));
    await prometheus.scraped();
    const selector = `{target=${JSON.stringify(fine)}}`;
    const [{ value: calls }] = await prometheus.query(`query_with_retry_calls_total${selector}`);
    const [{ value: measured }] = await prometheus.query(`query_with_retry_attempt_duration_seconds_count${selector}`);
    const [{ value: resets }] = await prometheus.query(`resets(query_with_retry_attempt_duration_seconds_sum${selector}[5m])`);
    assert.deepEqual([calls, measured, resets], ["25", "25", "0"]);
  });
});
