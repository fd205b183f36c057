// What thousands of calls leave behind: nothing. PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { start, stop } from "../package/harness/processes.js";

const CALLS = 5_000;
const STREAMS = 2_000;
// A call that is not let go, with its promise and its closures, is 500 bytes at the very least, a
// stream 2,000. What the engine compiles and forgets moves the heap by up to 500 KB, however many
// the calls.
const CALL_BYTES = 200;
const STREAM_BYTES = 500;

const program = (name) => fileURLToPath(new URL(name, import.meta.url));
const times = (count, step) => Array(count).fill(step);

let server, mock;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "leaks" });
});
after(() => server?.stop());

/** Every fourth request of a model fails by `step`, so often that it lasts. */
const everyFourth = (step) => times(1_000, [step, {}, {}, {}]).flat();
const settled = (name) =>
  mock.statsOnce(name, ({ inFlight, openConnections }) => inFlight === 0 && openConnections === 0, "the end of every connection");

/** Runs a program of this folder, and looks at what it leaves behind. */
function leavesNothing({ file, calls, callBytes, models }) {
  let told, exitedAfterMs;

  before(async () => {
    const urls = await models();
    const child = start(process.execPath, ["--expose-gc", program(file), PKG_DIR, JSON.stringify(urls), String(calls)]);
    let printed = "";
    let endedAt;
    child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line === "the last call has ended") endedAt = performance.now();
      else told = JSON.parse(line);
    });
    const tooLong = setTimeout(() => stop(child), 400_000);
    const exit = await child.ended;
    clearTimeout(tooLong);
    exitedAfterMs = performance.now() - endedAt;
    assert.equal(exit.code, 0, `the calls did not go as they should: ${printed}`);
    console.log(JSON.stringify({ ...told, exitedAfterMs: Math.round(exitedAfterMs) }));
  });

  test("the heap is as large as after as many before them", () => {
    const grown = told.end.heapBytes - told.warm.heapBytes;
    assert.ok(grown < calls * callBytes, `grown by ${grown} bytes, ${grown / calls} a call`);
  });

  test("the core's memory and its table of JavaScript values have not grown, in the one instance", () => {
    assert.equal(told.cores, 1);
    assert.ok(told.warm.memoryBytes > 0 && told.warm.tableLength > 0);
    assert.equal(told.end.memoryBytes, told.warm.memoryBytes);
    assert.equal(told.end.tableLength, told.warm.tableLength);
  });

  test("the calls that share a signal have one listener on it between them, and none when they are over", () => {
    assert.equal(told.listenersInBetween, 1);
    assert.equal(told.end.listeners, 0);
  });

  test("no timer is left", () => assert.equal(told.end.timers, 0));

  test("Node has warned of nothing", () => assert.deepEqual(told.warnings, []));

  test("the process exits by itself, within a second of the last call", () => {
    assert.ok(exitedAfterMs < 1_000, `after ${exitedAfterMs} ms`);
  });
}

describe(`after ${CALLS} calls of every kind, 20 at a time`, { timeout: 480_000 }, () => {
  const list = { status: 200, body: "[1, 2, 3]", headers: { "content-type": "application/json" } };
  const models = async () => ({
    answers: await mock.put("answers", {}),
    // A Retry-After of a millisecond, because what is looked for is not the wait.
    busy: await mock.put("busy", { script: everyFourth({ sample: "tgi-overloaded", status: 503, headers: { "retry-after-ms": "1" } }) }),
    resets: await mock.put("resets", { script: everyFourth({ fault: { kind: "reset", at: "accept" } }) }),
    cut: await mock.put("cut", { then: { ...list, fault: { kind: "reset", at: "body", bytes: 4 } } }),
    refuses: await mock.put("refuses", { then: { status: 422, body: { error: "no" } } }),
    silent: await mock.put("silent", { then: { fault: { kind: "stall", at: "accept" } } }),
    halfSilent: await mock.put("half-silent", { then: { ...list, fault: { kind: "stall", at: "body", bytes: 4 } } }),
    pauses: await mock.put("pauses", { then: { ...list, fault: { kind: "stall", at: "body", bytes: 4 } } }),
    loads: await mock.put("loads", { cold: { ms: 3_600_000, says: 20 } }),
  });
  leavesNothing({ file: "calls.js", calls: CALLS, callBytes: CALL_BYTES, models });

  // The server's side of it, once it has noticed that the process is gone.
  test("every request without an answer was given up, and none with one", async () => {
    const all = await Promise.all(["silent", "half-silent", "pauses", "answers", "busy"].map(settled));
    const [silent, halfSilent, pauses, ...whole] = all;
    for (const { requests, aborted } of [silent, halfSilent, pauses]) {
      assert.ok(requests > CALLS / 20, `only ${requests} requests`);
      assert.equal(aborted, requests);
    }
    assert.equal(silent.unfinishedBodies, 0);
    assert.equal(pauses.unfinishedBodies, pauses.requests);
    // On a busy machine a caller may leave before the headers have come.
    assert.ok(halfSilent.unfinishedBodies > 0 && halfSilent.unfinishedBodies <= halfSilent.requests);
    for (const { aborted } of whole) assert.equal(aborted, 0);
  });
});

describe(`after ${STREAMS} streams of every kind, 20 at a time`, { timeout: 480_000 }, () => {
  const stream = { tokens: 50 };
  const put = async (name, scenario) => `${await mock.put(`stream-${name}`, scenario)}/v1/chat/completions`;
  const overloaded = { error: "Model is overloaded", error_type: "overloaded" };
  const firstEvent = {
    status: 200,
    headers: { "content-type": "text/event-stream", "retry-after-ms": "1" },
    body: `data: ${JSON.stringify(overloaded)}\n\n`,
  };
  const message = { choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }] };
  const models = async () => ({
    answers: await put("answers", { stream }),
    onePiece: await put("one-piece", { then: { status: 200, body: message } }),
    busy: await put("busy", { stream, script: everyFourth(firstEvent) }),
    cut: await put("cut", { stream, then: { fault: { kind: "end", events: 20 } } }),
    fails: await put("fails", { stream, then: { inject: { events: 20, text: `data: ${JSON.stringify(overloaded)}\n\n` } } }),
    refuses: await put("refuses", { then: { status: 422, body: { error: "no" } } }),
    silent: await put("silent", { then: { fault: { kind: "stall", at: "accept" } } }),
    halfSilent: await put("half-silent", { stream, then: { fault: { kind: "stall", events: 20 } } }),
  });
  leavesNothing({ file: "streams.js", calls: STREAMS, callBytes: STREAM_BYTES, models });

  test("every stream that was left or fell silent was given up, and none that came to its end", async () => {
    const all = await Promise.all(["silent", "half-silent", "one-piece", "busy", "cut", "refuses"].map((name) => settled(`stream-${name}`)));
    const [silent, halfSilent, ...whole] = all;
    for (const { requests, aborted } of [silent, halfSilent]) {
      assert.ok(requests > STREAMS / 10, `only ${requests} requests`);
      assert.equal(aborted, requests);
    }
    for (const { aborted } of whole) assert.equal(aborted, 0);
  });
});

describe("after 200 errors with bodies of 50 MB, each tried again", { timeout: 120_000 }, () => {
  const ERRORS = 200;
  let told, during, stats, outlived;

  before(async () => {
    const large = { status: 503, bodyBytes: 50_000_000, headers: { "retry-after-ms": "1", "content-type": "text/plain" } };
    const url = await mock.put("large", { script: times(ERRORS, large) });
    const child = start(process.execPath, [program("large-errors.js"), PKG_DIR, url, String(ERRORS)]);
    let printed = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
    createInterface({ input: child.stdout }).once("line", (line) => (told = JSON.parse(line)));
    let ended = false;
    child.ended.then(() => (ended = true));
    for (during = 0; !told && !ended; await sleep(10)) during = Math.max(during, (await mock.stats("large")).openConnections);
    assert.ok(told, `the calls did not go as they should: ${printed}`);
    stats = await mock.statsOnce(
      "large",
      ({ inFlight, openConnections }) => inFlight === 0 && openConnections === 0,
      "the end of every connection",
      8_000,
    );
    outlived = !ended;
    await stop(child);
    console.log(JSON.stringify({ ...told, openConnectionsDuring: during, ...stats, log: undefined }));
  });

  test("every call was answered in the end", () => {
    assert.equal(told.retries, ERRORS);
    assert.equal(stats.requests, 2 * ERRORS);
  });

  test("each of those bodies was left unfinished, and no other answer was", () => {
    assert.deepEqual([stats.aborted, stats.unfinishedBodies], [ERRORS, ERRORS]);
  });

  // Twenty at once, those that fetch keeps for the next call, and those that the server, busy with
  // bodies, has not yet seen closing. Unread bodies that nobody cancels would hold 200.
  test("few connections were open at once", () => assert.ok(during > 0 && during <= ERRORS / 2, `${during} at once`));

  // Node's fetch closes an idle connection after four seconds; one with an unread body is not idle.
  test("every connection was closed again while the process still lived", () => assert.ok(outlived));

  test("the process has not kept the bodies", () => {
    assert.ok(told.residentBytes < 300e6, `${told.residentBytes} bytes resident`);
  });
});
