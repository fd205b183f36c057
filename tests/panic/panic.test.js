// A panic of the core, which WebAssembly makes a trap that leaves promises pending. The package
// under test is built with a feature that panics when a URL says so: PANICS_PKG_DIR, by default
// target/package/panics. MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { startMock } from "../package/harness/mock-server.js";
import { run } from "../package/harness/processes.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = resolve(root, process.env.PANICS_PKG_DIR ?? "target/package/panics");
const scenario = fileURLToPath(new URL("scenario.js", import.meta.url));

function isConfession({ answered, name, message, cause, isError }) {
  assert.equal(answered, undefined, "a call that was lost was answered");
  assert.ok(isError, `not an Error: ${name}`);
  assert.match(message, /^query-with-retry: .*\bbug\b/);
  assert.match(cause, /unreachable/, "the trap itself is the cause");
}

const isAnswer = ({ answered, message }) => assert.ok(answered, `not answered: ${message}`);

describe("when the core panics", { timeout: 60_000 }, () => {
  let server, mock, urls;

  before(async () => {
    assert.ok(existsSync(folder), "the package that panics is not built: name its folder in PANICS_PKG_DIR");
    server = await startMock();
    mock = connectMock({ mockUrl: server.mockUrl, prefix: "panic" });
  });
  after(() => server?.stop());

  /** Runs a scenario beside fresh models and gives what it told. */
  async function happens(name) {
    urls = {
      healthy: await mock.put("healthy", {}),
      brief: await mock.put("brief", { latencyMs: 50 }),
      cold: await mock.put("cold", { cold: { ms: 60_000 } }),
      down: await mock.put("down", { then: { status: 503, headers: { "retry-after": "1" } } }),
      slow: await mock.put("slow", { then: { status: 200, body: { text: "slow ".repeat(20) }, fault: { kind: "drip", at: "body", everyMs: 20 } } }),
      late: await mock.put("late", { latencyMs: 1_500 }),
      tells: await mock.put("tells", {}),
      talks: await mock.put("talks", { stream: { tokens: 1_000, tokensPerSecond: 20 } }),
      poison: await mock.put("poison", {
        stream: { tokens: 20, tokensPerSecond: 20 },
        script: [{ inject: { events: 5, text: 'data: "panic-on-purpose"\n\n' } }],
      }),
    };
    const told = JSON.parse((await run(process.execPath, [scenario, folder, name, JSON.stringify(urls)])).trim());
    assert.deepEqual(told.escaped, [], "something escaped, then or in the two seconds after");
    return told;
  }

  describe("with calls in a cold start, in backoff, in a slow body and without an answer", () => {
    let told;
    before(async () => (told = await happens("inFlight")));

    test("all of them and the one that panicked reject, with an Error that says it is a bug", () => {
      assert.equal(told.ends.length, 5);
      told.ends.forEach(isConfession);
    });

    test("they reject at once, and do not wait for their timers and bodies", () => {
      assert.ok(told.lateMs < 500, `the last one rejected after ${told.lateMs} ms`);
    });

    test("the next call is answered, by a second instance", () => {
      isAnswer(told.next);
      assert.equal(told.instances, 2);
    });

    test("no timer of the calls that were lost keeps the process alive", () => assert.equal(told.timers, 0));

    test("the calls that were lost send nothing any more", async () => {
      // Their waits of a second are long over: who still lived would have asked again.
      const requests = await Promise.all(["cold", "down", "slow", "late"].map(async (name) => [name, (await mock.stats(name)).requests]));
      assert.deepEqual(requests, [
        ["cold", 1],
        ["down", 1],
        ["slow", 1],
        ["late", 1],
      ]);
    });
  });

  test("streams that are being read reject as well, and their connections are closed", async () => {
    const { ends, next, instances } = await happens("streams");
    ends.forEach(isConfession);
    isAnswer(next);
    assert.equal(instances, 2);
    await mock.statsOnce("talks", ({ aborted }) => aborted === 2, "the connections of both being closed");
  });

  test("a panic in the middle of a stream's piece is one like any other", async () => {
    const { ends, next, instances } = await happens("poisonedStream");
    ends.forEach(isConfession);
    isAnswer(next);
    assert.equal(instances, 2);
    await mock.statsOnce("poison", ({ aborted }) => aborted === 1, "the connection of the stream being closed");
  });

  test("calls that begin the moment the loss is known are answered", async () => {
    const { next, instances } = await happens("atOnce");
    next.forEach(isAnswer);
    assert.equal(instances, 2);
  });

  test("after five panics in a row the next call is answered", async () => {
    const { ends, next, instances } = await happens("fiveInARow");
    assert.equal(ends.length, 5);
    ends.forEach(isConfession);
    isAnswer(next);
    assert.equal(instances, 6);
  });

  test("after five calls that panic together the next one is answered", async () => {
    const { ends, next } = await happens("fiveTogether");
    ends.forEach(isConfession);
    isAnswer(next);
  });

  test("timers of the dead instance do not disturb the calls of the new one, nor replace it", async () => {
    const { ends, next, instances } = await happens("newCallsBesideOldTimers");
    ends.forEach(isConfession);
    assert.ok(next.length >= 10, `only ${next.length} calls`);
    next.forEach(isAnswer);
    assert.equal(instances, 2);
  });
});
