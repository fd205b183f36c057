// Single inputs that travel as one batch: each has its own result, abort and deadline.
import { coalesce } from "query-with-retry/batch";
import { CLASSES, meet, texts } from "./batch.js";
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";

const label = ([{ label }]) => label;

export const coalesced = [
  {
    name: "1,000 coalesced inputs travel in at most 40 requests, and each has its own result",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { batch: { largest: 32 } });
      const ask = coalesce(client, url + CLASSES);
      const inputs = texts(1000);
      const { items, requests } = await cost(() => Promise.all(inputs.map((input) => ask(input))));
      assert.deepEqual(items.map(label), inputs);
      assert.between(requests, 32, 40);
    },
  },
  {
    name: "coalesced inputs of different windows travel apart, and a poisoned one rejects alone",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { batch: { poison: "poison" } });
      const ask = coalesce(client, url + CLASSES, { windowMs: 20 });
      const { requests } = await cost(async () => {
        assert.deepEqual((await Promise.all([ask("a"), ask("b")])).map(label), ["a", "b"]);
        assert.equal(label(await ask("c")), "c");
      });
      assert.equal(requests, 2);
      const settled = await Promise.allSettled(["d", "poison", "e"].map((input) => ask(input)));
      assert.deepEqual(
        settled.map(({ value, reason }) => (value ? label(value) : reason.code)),
        ["d", "bad_request", "e"],
      );
    },
  },
  {
    name: "an abort of one coalesced input rejects that one alone, with its own reason, in its window and in flight",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { latencyMs: 300 });
      const ask = coalesce(client, url + CLASSES, { windowMs: 50 });
      for (const ms of [0, 150]) {
        const controller = new AbortController();
        const mine = ask("mine", { signal: controller.signal });
        const other = ask("other");
        const ended = mine.catch((reason) => reason);
        await sleep(ms);
        controller.abort(`after ${ms}`);
        assert.between(await settledAfter(mine), 0, 30);
        assert.equal(await ended, `after ${ms}`);
        assert.equal(label(await other), "other");
      }
      const { log } = await mock.stats("b");
      assert.deepEqual(
        log.map(({ body }) => JSON.parse(body).inputs),
        [["other"], ["mine", "other"]],
      );
      assert.equal(await ask("x", { signal: AbortSignal.abort("before") }).catch((reason) => reason), "before");
    },
  },
  {
    name: "a request whose coalesced inputs were all aborted is aborted too, and one that nobody waits for is not sent",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { latencyMs: 10_000 });
      const ask = coalesce(client, url + CLASSES, { windowMs: 5 });
      const controllers = [new AbortController(), new AbortController()];
      const all = controllers.map(({ signal }, at) => ask(`${at}`, { signal }).catch((reason) => reason));
      await mock.statsOnce("b", ({ inFlight }) => inFlight === 1, "the request");
      controllers.forEach((controller, at) => controller.abort(at));
      assert.deepEqual(await Promise.all(all), [0, 1]);
      await mock.statsOnce("b", ({ inFlight, aborted }) => inFlight === 0 && aborted === 1, "the abort");
      const controller = new AbortController();
      const left = ask("left", { signal: controller.signal }).catch((reason) => reason);
      controller.abort("left");
      assert.equal(await left, "left");
      await sleep(50);
      assert.equal((await mock.stats("b")).requests, 1);
    },
  },
  {
    name: "a request is aborted when all that wait for it have left, while other requests of the window go on or were answered",
    async run({ api, mock, assert }) {
      for (const first of [{}, { delayMs: 800 }]) {
        const { url, client } = await meet(api, mock, { script: [first], then: { delayMs: 10_000 } });
        const ask = coalesce(client, url + CLASSES, { maxBatchSize: 4 });
        const controllers = texts(8).map(() => new AbortController());
        const all = texts(8).map((text, at) => ask(text, { signal: controllers[at].signal }).then(label, (reason) => reason));
        await mock.statsOnce("b", ({ requests }) => requests === 2, "two requests");
        if (!first.delayMs) await Promise.all(all.slice(0, 4));
        for (const at of [4, 5, 6]) controllers[at].abort(at);
        await sleep(100);
        assert.equal((await mock.stats("b")).aborted, 0, "one of them waits");
        controllers[7].abort(7);
        await mock.statsOnce("b", ({ aborted }) => aborted === 1, "the abort");
        assert.deepEqual(await Promise.all(all), [...texts(4), 4, 5, 6, 7]);
        assert.equal((await mock.stats("b")).requests, 2);
        assert.equal(client.stats()[0].inFlight, 0);
      }
    },
  },
  {
    name: "a coalesced input with a longer totalMs than a timer can be set to is answered",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { latencyMs: 100 });
      for (const totalMs of [2 ** 31 - 10, 2 ** 31, 2 ** 40]) {
        const ask = coalesce(client, url + CLASSES, { timeouts: { totalMs } });
        assert.equal(label(await ask("x")), "x", `${totalMs}`);
      }
    },
  },
  {
    name: "each coalesced input is settled by its own totalMs, counted from when it was asked",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { latencyMs: 10_000 });
      const ask = coalesce(client, url + CLASSES, { windowMs: 300, timeouts: { totalMs: 600, attemptMs: 600 } });
      const first = ask("first");
      const early = settledAfter(first);
      const one = assert.rejects(first, { name: "QueryError", code: "timeout", phase: "total" });
      await sleep(250);
      const second = ask("second");
      const late = settledAfter(second);
      const other = assert.rejects(second, { name: "QueryError", code: "timeout", phase: "total" });
      await one;
      await other;
      assert.between(await early, 550, 720);
      assert.between(await late, 550, 720);
    },
  },
  {
    name: "coalesced inputs that wait for a turn that never comes are settled by their deadline",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { latencyMs: 10_000 }, { concurrency: { min: 1, max: 1 } });
      const ask = coalesce(client, url + CLASSES, { timeouts: { totalMs: 500, attemptMs: 500 } });
      const start = performance.now();
      const settled = await Promise.allSettled(texts(640).map((input) => ask(input)));
      assert.between(performance.now() - start, 450, 900);
      assert.ok(settled.every(({ reason }) => reason instanceof api.QueryError));
    },
  },
  {
    name: "a failure of the whole target, and the signal of all, reject every coalesced input",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { then: answer(401, { error: "no" }) });
      const refusing = coalesce(client, url + CLASSES);
      const { items, requests } = await cost(() => Promise.all(texts(1000).map((input) => refusing(input).catch(({ code }) => code))));
      assert.deepEqual([...new Set(items)], ["unauthorized"]);
      assert.between(requests, 1, 4);
      const controller = new AbortController();
      const slow = await mock.put("b", { cors: "open", latencyMs: 5_000 });
      const ask = coalesce(client, slow + CLASSES, { signal: controller.signal, windowMs: 30 });
      const sent = ask("sent").catch((reason) => reason);
      await sleep(100);
      const waiting = ask("waiting").catch((reason) => reason);
      controller.abort("all");
      assert.deepEqual(await Promise.all([sent, waiting, ask("late").catch((reason) => reason)]), ["all", "all", "all"]);
    },
  },
  {
    name: "bad input of coalesce is a TypeError, and spoils nothing for the others",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, {});
      for (const options of [{ windowMs: -1 }, { windowMs: Infinity }, { windowMs: 1e6 }, { window: 3 }, { maxBatchSize: 0 }]) {
        await assert.rejects((async () => coalesce(client, url, options))(), { name: "TypeError" });
      }
      const ask = coalesce(client, url + CLASSES);
      const good = ask("good");
      await assert.rejects(ask(undefined), { name: "TypeError" });
      await assert.rejects(ask(["x", 1n]), { name: "TypeError" });
      await assert.rejects(ask("x", { signal: 3 }), { name: "TypeError" });
      await assert.rejects(ask("x", { maxRetries: 3 }), { name: "TypeError" });
      assert.equal(label(await good), "good");
      const input = { text: "before" };
      const kept = ask(input);
      input.text = "after";
      assert.equal(label(await kept), '{"text":"before"}');
      client.close();
      const error = await assert.rejects(ask("x"));
      assert.ok(error.message.includes("closed"), error.message);
    },
  },
];
