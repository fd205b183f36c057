// The trace behind the timeline, on a clock of its own and without a browser.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Trace } from "../../www/trace.js";

function traceOnAClock() {
  const clock = { ms: 1_000 };
  const trace = new Trace(() => clock.ms);
  return { trace, at: (ms, event) => ((clock.ms = 1_000 + ms), event && trace.add(event)) };
}

const attempt = (n) => ({ type: "attempt", attempt: n, target: "a", url: "https://a.example/" });
const response = (n, status, outcome) => ({ type: "response", attempt: n, status, outcome });
const wait = (n, reason, ms) => ({ type: "wait", reason, ms, attempt: n, target: "a" });
const lengths = (trace) => trace.spans.map(({ kind, startMs, endMs }) => [kind, startMs, endMs]);

describe("a trace", () => {
  it("is under way from its first event, one span at a time", () => {
    const { trace, at } = traceOnAClock();
    at(0, attempt(1));
    at(50, response(1, 503, "model_loading"));
    at(51, wait(1, "loading", 5_000));
    at(2_000);
    assert.deepEqual(lengths(trace), [
      ["attempt", 0, 50],
      ["wait", 51, undefined],
    ]);
    assert.equal(trace.open.plannedMs, 5_000);
    assert.equal(trace.nowMs, 2_000);
  });

  it("takes a wait that is prolonged as one wait", () => {
    const { trace, at } = traceOnAClock();
    at(0, wait(1, "backoff", 1_000));
    at(900, wait(1, "backoff", 500));
    assert.equal(trace.spans.length, 1);
    assert.equal(trace.open.plannedMs, 1_400);
  });

  it("keeps what the browser said of the attempt before a wait, also once the call is settled", () => {
    const { trace, at } = traceOnAClock();
    at(0, attempt(1));
    at(10, { ...wait(1, "loading", 1_000), detail: "Failed to fetch" });
    at(1_000, wait(1, "loading", 500));
    assert.deepEqual(
      trace.spans.map(({ detail }) => detail),
      [undefined, "Failed to fetch"],
    );
    trace.settle({ attempts: [{ target: "a", startedMs: 0, durationMs: 10, outcome: "network" }], totalMs: 1_500 });
    assert.equal(trace.spans.at(-1).detail, "Failed to fetch");
  });

  it("keeps an attempt open whose answer has begun well", () => {
    const { trace, at } = traceOnAClock();
    at(0, attempt(1));
    at(50, response(1, 200, "ok"));
    assert.equal(trace.open.status, 200);
  });

  it("holds the report's times once the call is settled, with the waits between its attempts", () => {
    const { trace, at } = traceOnAClock();
    at(0, attempt(1));
    at(50, response(1, 429, "rate_limited"));
    at(51, wait(1, "rate_limit", 3_000));
    at(3_100, attempt(2));
    at(3_200, response(2, 200, "ok"));
    trace.settle({
      attempts: [
        { target: "a", startedMs: 4, durationMs: 44, status: 429, outcome: "rate_limited" },
        { target: "a", startedMs: 3_095, durationMs: 99, status: 200, outcome: "ok" },
      ],
      totalMs: 3_195,
    });
    assert.deepEqual(lengths(trace), [
      ["attempt", 4, 48],
      ["wait", 48, 3_095],
      ["attempt", 3_095, 3_194],
    ]);
    assert.equal(trace.endMs, 3_195);
    assert.equal(trace.open, undefined);
  });

  it("keeps a fallback, and the wait in which a call ran out of time, in their places", () => {
    const { trace, at } = traceOnAClock();
    at(0, attempt(1));
    at(10, response(1, 500, "engine_failure"));
    at(11, { type: "fallback", from: "a", to: "b", why: "engine_failure" });
    at(12, attempt(2));
    at(20, response(2, 503, "model_loading"));
    at(21, wait(2, "loading", 9_000));
    at(1_000);
    trace.settle({
      attempts: [
        { target: "a", startedMs: 0, durationMs: 10, status: 500, outcome: "engine_failure" },
        { target: "b", startedMs: 12, durationMs: 8, status: 503, outcome: "model_loading" },
      ],
      totalMs: 1_000,
    });
    assert.deepEqual(
      trace.spans.map(({ kind }) => kind),
      ["attempt", "remark", "attempt", "wait"],
    );
    assert.deepEqual(lengths(trace).at(-1), ["wait", 20, 1_000]);
  });

  it("keeps the first token of a stream in its attempt, under way and by the report", () => {
    const { trace, at } = traceOnAClock();
    at(0, attempt(1));
    at(20, response(1, 200, "overloaded"));
    at(21, wait(1, "backoff", 300));
    at(320, attempt(2));
    assert.equal(trace.firstTokenMs, undefined);
    at(400, { type: "first_token", ms: 399 });
    assert.equal(trace.firstTokenMs, 399);
    assert.equal(trace.open.firstTokenMs, 399);
    trace.settle({
      attempts: [
        { target: "a", startedMs: 0, durationMs: 20, status: 200, outcome: "overloaded" },
        { target: "a", startedMs: 318, durationMs: 500, status: 200, outcome: "stream_truncated" },
      ],
      firstTokenMs: 397,
      totalMs: 818,
    });
    assert.deepEqual(
      trace.attempts.map(({ firstTokenMs }) => firstTokenMs),
      [undefined, 397],
    );
  });

  it("says of what was under way that it was cancelled", () => {
    const { trace, at } = traceOnAClock();
    at(0, attempt(1));
    at(700);
    assert.equal(trace.cancelled, false);
    trace.cancel();
    assert.equal(trace.cancelled, true);
    assert.deepEqual(
      trace.spans.map(({ outcome, cancelled, endMs }) => ({ outcome, cancelled, endMs })),
      [{ outcome: "aborted", cancelled: true, endMs: 700 }],
    );
    at(900);
    assert.equal(trace.nowMs, 700);
  });
});
