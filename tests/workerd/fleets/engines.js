// Durable Objects that are slow, throw, end, and come back.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered } from "../cases/outcomes.js";
import { isAlone, isShared, until } from "./until.js";

const LATENCY = 20;
/** A call is not delayed by the object; the rest is the runtime's and the machine's. */
const PROMPT = LATENCY + 200;

const everyAsks = (fleet, url) => Promise.all(fleet.isolates.map((isolate) => isolate.ask("query", url)));

export const engines = [
  ...["wait300", "throw"].map((order) => ({
    name: `with an object whose answers are ordered to ${order} no call waits or is lost, and the isolates share again when it is back`,
    count: 2,
    async run({ fleet, mock }) {
      const url = await put(mock, "m", { latencyMs: LATENCY });
      const calls = () => everyAsks(fleet, url);
      const [isolate] = fleet.isolates;
      await until(() => isShared(isolate), calls);
      await fleet.engine(url, "/order", order);
      const before = fleet.outcomes.length;
      // Some calls are longer than an answer may take: they find out that the object is slow.
      await mock.put("m", { latencyMs: 400 });
      await until(() => isAlone(isolate), calls);
      await mock.put("m", { latencyMs: LATENCY });
      for (let nth = 0; nth < 20; nth++) allAnswered(await calls(), PROMPT);
      await fleet.engine(url, "/order", "");
      await until(() => isShared(isolate), calls);
      allAnswered(fleet.outcomes.slice(before), 400 + 200);
    },
  })),
  {
    name: "the object ends in the middle of a cold start: no call is lost, and the text is that of before",
    count: 4,
    async run({ fleet, mock }) {
      const url = await put(mock, "m", { cold: { ms: 4_000, says: 4 } });
      const all = fleet.isolates.flatMap((isolate) => [0, 1, 2].map(() => isolate.ask("query", url)));
      for (let nth = 0; nth < 6; nth++) {
        await sleep(500);
        const { kept } = await fleet.engine(url, "/stored");
        await fleet.engine(url, "/abort");
        const again = await fleet.engine(url, "/stored");
        if (nth > 0) assert.ok(kept?.text, "nothing was stored");
        assert.ok(!kept || again.kept.text.split(" ").length === kept.text.split(" ").length);
      }
      allAnswered(await Promise.all(all), 4_000 + 4_000);
      for (const isolate of fleet.isolates) {
        await until(
          () => isShared(isolate),
          () => isolate.ask("query", url),
        );
      }
    },
  },
  {
    name: "the runtime is restarted while a circuit is open: the isolates that come then find it open",
    count: 2,
    sharing: { breaker: { openMs: 20_000 } },
    async run({ fleet, mock }) {
      const url = await put(mock, "m", { then: { status: 503 } });
      const once = { call: { maxRetries: 0 } };
      for (let nth = 0; nth < 6; nth++) await fleet.isolates[0].ask("query", url, once);
      const { kept } = await fleet.engine(url, "/stored");
      assert.ok(kept.text);
      await fleet.stop();
      await fleet.start();
      assert.deepEqual((await fleet.engine(url, "/stored")).kept, kept);
      for (const isolate of fleet.isolates) {
        await until(
          async () => (await isolate.stats())[0]?.breaker === "open",
          () => isolate.ask("query", url, once),
          2_000,
        );
      }
    },
  },
  {
    name: "a text of another version, or of another program, stays as it is, and each isolate goes by its own rules",
    count: 1,
    async run({ fleet, mock }) {
      const url = await put(mock, "m", { latencyMs: LATENCY });
      const [isolate] = fleet.isolates;
      const call = () => isolate.ask("query", url);
      for (const text of ["2 what comes after us", '{"of":"somebody else"}']) {
        await fleet.engine(url, "/write", JSON.stringify({ text, written: Date.now() }));
        await until(() => isAlone(isolate), call);
        for (let nth = 0; nth < 5; nth++) await call();
        assert.equal((await fleet.engine(url, "/stored")).kept.text, text);
        await fleet.engine(url, "/write", JSON.stringify({ text: "", written: Date.now() }));
        await until(() => isShared(isolate), call);
      }
    },
  },
];
