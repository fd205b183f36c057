// Streams of the real server of llama.cpp: whole, cut by a kill, and left by their reader. MOCK_HF_BIN and
// PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chat, makeModel, startLlama } from "./llama.js";
import { missing } from "./need.js";
import { createClient, failure } from "./package-under-test.js";
import * as pythonProgram from "./python.js";

// About a millisecond a token: it is at work for seconds.
const LONG = chat({ max_tokens: 4_000, stream: true });

describe("a stream of llama.cpp", { timeout: 60_000, skip: missing(pythonProgram) }, () => {
  let model, llama, client;

  before(async () => (model = await makeModel()));
  after(() => model?.remove());
  beforeEach(async () => {
    llama = await startLlama({ model, parallel: 1 });
    client = createClient();
  });
  afterEach(() => llama?.stop());

  test("has the text of the same answer in one piece", async () => {
    const whole = await client.query(llama.chat, chat());
    const streamed = await client.stream(llama.chat, chat({ stream: true })).finalText();
    assert.ok(streamed.length > 10, streamed);
    assert.equal(streamed, whole.choices[0].message.content);
  });

  test("that is killed in the middle is stream_truncated, with the text until then", async () => {
    let text = "";
    const stream = client.stream(llama.chat, LONG);
    const read = async () => {
      for await (const piece of stream.text()) {
        if (text === "") setTimeout(() => llama.kill(), 200);
        text += piece;
      }
    };
    const { error } = await failure(read());
    assert.equal(error.code, "stream_truncated");
    assert.ok(text.length > 10);
    assert.equal(error.partial, text);
    assert.equal(error.report.attempts.length, 1);
  });

  const leaving = [
    ["cancel()", async (stream) => stream.cancel()],
    ["a break out of the loop", async () => "break"],
    ["its signal", async (stream, controller) => controller.abort()],
  ];
  for (const [how, leave] of leaving) {
    test(`that is left by ${how} frees its slot`, async () => {
      const controller = new AbortController();
      const stream = client.stream(llama.chat, LONG, { signal: controller.signal });
      stream.report.catch(() => {});
      let pieces = 0;
      try {
        for await (const _ of stream) {
          if (++pieces !== 10) continue;
          assert.equal(await llama.busySlots(), 1);
          if ((await leave(stream, controller)) === "break") break;
        }
      } catch (error) {
        assert.equal(error, controller.signal.reason);
      }
      const left = performance.now();
      while ((await llama.busySlots()) > 0) {
        assert.ok(performance.now() - left < 1_000, "the slot is at work a second later");
        await sleep(10);
      }
      // Its one slot is free for the next.
      const { report } = await client.queryWithReport(llama.chat, chat());
      assert.ok(report.totalMs < 1_000, `the next call took ${Math.round(report.totalMs)} ms`);
      assert.equal(await llama.generations(), 2);
    });
  }
});
