// Servers that send nothing before their first token, not even headers. Silence is no evidence: one HEAD
// request to the origin is all that is asked. MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bare } from "./bare.js";
import { assertAllAnswered, crowd } from "./crowd.js";
import { createClient, failure } from "./package-under-test.js";
import { startLeaving, startOllama, TEXT } from "./silent-servers.js";

const payload = { model: "tiny", messages: [{ role: "user", content: "hello" }] };
const streamed = { ...payload, stream: true };

async function silent(t, loadMs) {
  const ollama = await startOllama({ loadMs });
  t.after(() => ollama.stop());
  return ollama;
}

/** The text of a streamed call, and its report. */
async function ask(client, url, options) {
  const stream = client.stream(url, streamed, options);
  const report = stream.report;
  report.catch(() => {});
  return { text: await stream.finalText(), report: await report };
}

describe("a server that is silent", { concurrency: 40, timeout: 90_000 }, () => {
  test("while it loads gives the load up when its client leaves, as this stand-in for Ollama does", async (t) => {
    const ollama = await silent(t, 600);
    const impatient = { method: "POST", body: payload, signal: AbortSignal.timeout(400) };
    await assert.rejects(bare(ollama.url, impatient), { name: "AbortError" });
    const begun = performance.now();
    const { status } = await bare(ollama.url, { method: "POST", body: payload });
    assert.equal(status, 200);
    // From the beginning, and not what was left.
    assert.ok(performance.now() - begun >= 590);
    assert.deepEqual([ollama.seen.posts, ollama.seen.abandoned], [2, 1]);
  });

  test("for 30 s answers a streamed call in one request, and sees one HEAD", async (t) => {
    const ollama = await silent(t, 30_000);
    const { text, report } = await ask(createClient(), ollama.url, { token: "hf_secret" });
    assert.equal(text, TEXT);
    assert.deepEqual(
      report.attempts.map(({ outcome, reached }) => [outcome, reached]),
      [["ok", true]],
    );
    assert.deepEqual([ollama.seen.posts, ollama.seen.heads, ollama.seen.abandoned], [1, 1, 0]);
    assert.equal(ollama.seen.headHeaders.authorization, undefined);
  });

  test("for 30 s answers a call that is not streamed the same way", async (t) => {
    const ollama = await silent(t, 30_000);
    const { data, report } = await createClient().queryWithReport(ollama.url, payload);
    assert.equal(data.choices[0].message.content, TEXT);
    assert.deepEqual([report.attempts.length, report.attempts[0].reached], [1, true]);
    assert.deepEqual([ollama.seen.posts, ollama.seen.heads], [1, 1]);
  });

  test("for 30 s sees one HEAD of 50 streamed calls within a minute, and answers each in one request", async (t) => {
    const ollama = await silent(t, 30_000);
    const client = createClient();
    const answers = await crowd(50, async (n) => {
      await sleep(n * 500);
      return ask(client, ollama.url);
    });
    assertAllAnswered(answers);
    assert.deepEqual([ollama.seen.posts, ollama.seen.heads, ollama.seen.abandoned], [50, 1, 0]);
  });

  test("for 12 s sees no HEAD where connectMs is false", async (t) => {
    const ollama = await silent(t, 12_000);
    const { report } = await ask(createClient(), ollama.url, { timeouts: { connectMs: false } });
    assert.deepEqual([ollama.seen.posts, ollama.seen.heads, report.attempts[0].reached ?? false], [1, 0, false]);
  });

  test("and refuses the HEAD while it finishes is answered", async (t) => {
    const leaving = await startLeaving({ ms: 14_000 });
    t.after(() => leaving.stop());
    const { text, report } = await ask(createClient(), leaving.url);
    assert.equal(text, TEXT);
    assert.deepEqual([report.attempts.length, report.attempts[0].reached ?? false, leaving.seen.posts], [1, false, 1]);
    // It did refuse.
    await assert.rejects(bare(leaving.url, { method: "HEAD" }), { code: "ECONNREFUSED" });
  });

  test("for longer than twice a connectMs that was given answers all the same once its HEAD was answered", async (t) => {
    const ollama = await silent(t, 3_000);
    const { report } = await ask(createClient(), ollama.url, { timeouts: { connectMs: 1_000 } });
    assert.deepEqual([report.attempts.length, report.attempts[0].reached], [1, true]);
    assert.deepEqual([ollama.seen.posts, ollama.seen.heads], [1, 1]);
  });

  test("and refuses the HEAD loses the try after twice a connectMs that was given", async (t) => {
    const leaving = await startLeaving({ ms: 8_000 });
    t.after(() => leaving.stop());
    const { error } = await failure(ask(createClient(), leaving.url, { maxRetries: 0, timeouts: { connectMs: 1_000 } }));
    assert.deepEqual([error.code, error.phase], ["timeout", "connect"]);
    const [{ durationMs }] = error.report.attempts;
    assert.ok(durationMs >= 1_900 && durationMs <= 3_000, `the try took ${Math.round(durationMs)} ms`);
  });

  test("and has answered the HEAD is not blamed on the network when attemptMs runs out", async (t) => {
    const ollama = await silent(t, 20_000);
    const { error } = await failure(ask(createClient(), ollama.url, { maxRetries: 0, timeouts: { connectMs: 1_000, attemptMs: 3_000 } }));
    assert.equal(error.code, "timeout");
    assert.match(error.layer, /^(compute|gateway)$/);
    assert.equal(error.report.attempts[0].reached, true);
  });
});
