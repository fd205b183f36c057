// The real server of llama.cpp while its model loads: its port is open, and it answers 503 "Loading model",
// which names no time. MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as nginxProgram from "../gateway/nginx.js";
import { bare, upAt } from "./bare.js";
import { assertWaitedWell, crowd } from "./crowd.js";
import { chat, makeModel, startLlama } from "./llama.js";
import { missing } from "./need.js";
import { createClient } from "./package-under-test.js";
import * as pythonProgram from "./python.js";

describe("llama.cpp", { concurrency: 40, timeout: 90_000, skip: missing(pythonProgram, nginxProgram) }, () => {
  let model;

  before(async () => {
    model = await makeModel();
    // What the package does once in a program is no part of what is measured.
    const first = await startLlama({ model });
    await createClient().query(first.chat, chat());
    await first.stop();
  });
  after(() => model?.remove());

  async function start(t, options) {
    const llama = await startLlama({ model, ...options });
    t.after(() => llama.stop());
    return llama;
  }

  test("says that it loads while its model is held back, and answers then", async (t) => {
    const llama = await start(t, { loading: true });
    const loading = await bare(llama.chat, { method: "POST", body: chat() });
    assert.equal(loading.status, 503);
    assert.equal(JSON.parse(loading.body).error.message, "Loading model");
    assert.equal(loading.headers["retry-after"], undefined);
    const up = upAt(t, llama.health);
    await llama.loaded();
    await up;
    const answer = await bare(llama.chat, { method: "POST", body: chat() });
    assert.equal(JSON.parse(answer.body).usage.completion_tokens, 8);
    assert.equal(await llama.generations(), 1);
  });

  for (const loadMs of [300, 2_000, 5_000, 12_000]) {
    for (const calls of [1, 20]) {
      test(`answers ${calls === 1 ? "one call" : `${calls} calls at once`} after it has loaded for ${loadMs / 1_000} s`, async (t) => {
        const llama = await start(t, { loading: true });
        const up = upAt(t, llama.health);
        const client = createClient();
        const answers = crowd(calls, () => client.queryWithReport(llama.chat, chat()));
        const timer = setTimeout(() => llama.loaded(), loadMs);
        t.after(() => clearTimeout(timer));
        await assertWaitedWell(await answers, { up, awayMs: loadMs });
        assert.equal(await llama.generations(), calls);
      });
    }
  }

  test("that is killed, started again 3 s later and loads for 2 s answers ten calls by way of nginx", async (t) => {
    const nginx = await nginxProgram.startNginx({ upstream: "http://127.0.0.1:9" });
    t.after(() => nginx.stop());
    const first = await start(t, {});
    const url = nginx.url(`port/${first.port}`, first.chat);
    const client = createClient();
    await client.query(url, chat());
    await first.kill();
    const up = upAt(t, nginx.url(`port/${first.port}`, first.health));
    const calls = crowd(10, () => client.queryWithReport(url, chat()));
    await sleep(3_000);
    const second = await start(t, { port: first.port, loading: true });
    await sleep(2_000);
    await second.loaded();
    await assertWaitedWell(await calls, { up, awayMs: 5_000 });
    assert.equal(await second.generations(), 10);
  });
});
