// Clients that share what they know of a target through a real Redis. MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { clients, howToGet, program, startRedis } from "./redis.js";

const load = (entry) => import(pathToFileURL(join(PKG_DIR, "dist", entry)));
const { createClient } = await load("index.js");
const { redis } = await load("redis.js");

const payload = { inputs: "a man, a plan" };
const times = (count, step) => Array.from({ length: count }, (_, nth) => step(nth));

if (!program && process.env.CI === "true") {
  test("Redis is on this machine", () => assert.fail(howToGet));
}

/** Until the condition holds; `step` is what a program with traffic does meanwhile. */
async function until(condition, step = () => {}) {
  for (const start = performance.now(); performance.now() - start < 20_000; await sleep(100)) {
    await step();
    if (await condition()) return;
  }
  assert.fail(`it never came to this: ${condition}`);
}

for (const [library, connect] of Object.entries(clients)) {
  describe(`clients that share through Redis by ${library}`, { skip: program ? false : howToGet, timeout: 120_000 }, () => {
    let server, mock, engine, open;
    let prefixes = 0;

    before(async () => {
      server = await startMock();
      mock = connectMock({ mockUrl: server.mockUrl, prefix: `redis-${library}` });
      engine = await startRedis();
      open = [];
    });
    after(async () => {
      for (const close of open) close();
      engine.resume();
      await mock.close();
      await Promise.all([engine.stop(), server.stop()]);
    });

    /** So many programs with a connection each, and how many commands each has sent. */
    async function programs(count, options = {}) {
      const prefix = `test-${++prefixes}`;
      const made = [];
      for (let nth = 0; nth < count; nth++) {
        const { send, close } = await connect(engine.port);
        const sent = [];
        const coordinator = redis((command) => (sent.push(command), send(command)), { prefix });
        const client = createClient({ ...options, coordinator });
        open.push(() => (client.close(), close()));
        made.push({ client, sent, send, prefix });
      }
      return made;
    }

    const state = (client, target) => client.stats(target)[0]?.coordinator;

    test("a circuit that one program's failures open is open for another within a second or so", async () => {
      const target = await mock.put("down", { script: times(20, () => ({ status: 500 })) });
      const [first, other] = await programs(2, { maxRetries: 0 });
      for (let nth = 0; nth < 5; nth++) await assert.rejects(first.client.query(target, payload));
      assert.equal(first.client.stats(target)[0].breaker, "open");
      // The first call of a program waits for nobody, and asks.
      await assert.rejects(other.client.query(target, payload));
      await until(() => other.client.stats(target)[0].breaker === "open");
      await assert.rejects(other.client.query(target, payload), { code: "circuit_open" });
      const { requests } = await mock.stats("down");
      assert.equal(requests, 6);
    });

    test("ten programs ask a cold model as one, and all their calls are answered", async () => {
      const target = await mock.put("cold", { cold: { ms: 6_000, says: 20 } });
      const made = await programs(10);
      const answers = await Promise.all(made.flatMap(({ client }) => times(5, () => client.query(target, payload))));
      assert.equal(answers.length, 50);
      const { requests } = await mock.stats("cold");
      // The first calls of each program go at once: none waits for Redis.
      assert.ok(requests <= 50 + 50 + 15, `${requests} requests`);
      for (const { client } of made) assert.equal(state(client, target), "shared");
    });

    test("Redis is killed and comes back empty: no call is lost, and the clients say when they are alone", async () => {
      const target = await mock.put("killed", { latencyMs: 20 });
      const [{ client }] = await programs(1);
      const told = [];
      const onEvent = (event) => event.type === "coordinator" && told.push(event.state);
      const call = () => client.query(target, payload, { onEvent });
      await until(() => state(client, target) === "shared", call);
      await engine.stop();
      await until(() => state(client, target) === "alone", call);
      engine = await startRedis(engine.port);
      await until(() => state(client, target) === "shared", call);
      await until(() => told.length >= 3, call);
      assert.deepEqual(told.slice(0, 3), ["shared", "alone", "shared"]);
    });

    test("no call waits for a Redis that is paused", async () => {
      const target = await mock.put("paused", {});
      const [{ client }] = await programs(1);
      const call = () => client.query(target, payload);
      await until(() => state(client, target) === "shared", call);
      engine.pause();
      try {
        // Redis answers nothing before it is resumed, so a call that waited for it would never end.
        await until(() => state(client, target) === "alone", call);
        await Promise.all(times(10, call));
      } finally {
        engine.resume();
      }
      await until(() => state(client, target) === "shared", call);
    });

    test("what another version or another program left under the key stays as it is", async () => {
      const target = await mock.put("foreign", {});
      const [{ client, sent, send }] = await programs(1);
      await client.query(target, payload);
      await until(() => sent.length > 0);
      const key = sent[0][3];
      for (const text of ["2 what comes after us", '{"of":"somebody else"}']) {
        await send(["SET", key, text]);
        await until(
          () => state(client, target) === "alone",
          () => client.query(target, payload),
        );
        assert.equal(await send(["GET", key]), text);
        await send(["DEL", key]);
        await until(
          () => state(client, target) === "shared",
          () => client.query(target, payload),
        );
      }
    });

    test("a program without traffic sends no command, and one with traffic about one a second", async () => {
      const target = await mock.put("quiet", { latencyMs: 3_200 });
      const [{ client, sent }] = await programs(1);
      await sleep(500);
      assert.equal(sent.length, 0);
      await client.query(target, payload);
      assert.ok(sent.length >= 3 && sent.length <= 6, `${sent.length} commands`);
      const before = sent.length;
      await sleep(3_000);
      assert.ok(sent.length <= before + 1, `${sent.length - before} more`);
    });

    test("an exchange goes on after the call that began it", async () => {
      const target = await mock.put("after", {});
      const { send, close } = await connect(engine.port);
      const late = async (command) => (await sleep(60), send(command));
      const client = createClient({ coordinator: redis(late, { prefix: "after" }) });
      open.push(() => (client.close(), close()));
      await client.query(target, payload);
      assert.equal(state(client, target), "alone", "the call is over before Redis has answered");
      await until(() => state(client, target) === "shared");
    });

    test("a key names the target without the query of its URL, and is dropped ten minutes after the last writing", async () => {
      const target = await mock.put("keys", { cold: { ms: 1_500 } });
      const [{ client, sent, send, prefix }] = await programs(1);
      await client.query(`${target}?key=secret`, payload);
      const key = sent[0][3];
      assert.equal(key, `${prefix}:1:${target}`);
      const left = Number(await send(["PTTL", key]));
      assert.ok(left > 500_000 && left <= 600_000, `${left} ms`);
      assert.doesNotMatch(JSON.stringify(sent), /secret/);
    });
  });
}
