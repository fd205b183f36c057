// Keeping a model warm: only while it is idle, never for ever, and with an end that is told.
import { sleep } from "./clock.js";
import { answer } from "./mock.js";

const EVERY = 1_000;

/** What nobody holds keeps nothing warm: tests/leaks has that. */
const held = new Set();

/** A client, and what `onStop` was told. */
function keeper(api, url, options = {}) {
  const told = [];
  const client = api.createClient();
  held.add(client);
  const handle = client.keepWarm(url, { everyMs: EVERY, onStop: (why) => told.push(why), ...options });
  return { client, handle, told };
}

const pings = async (mock) => (await mock.stats("m")).log.filter(({ body }) => !body.includes("mine")).length;

export const keepsWarm = [
  {
    name: "keepWarm warms up at once, again when the target was idle, and stops by itself in place of one ping too many",
    async run({ api, mock, assert }) {
      const url = await mock.put("m");
      const { told } = keeper(api, url, { maxIdlePings: 2 });
      await sleep(500);
      assert.equal(await pings(mock), 1);
      await sleep(1_100);
      assert.equal(await pings(mock), 2);
      assert.deepEqual(told, []);
      await sleep(3_000);
      assert.equal(await pings(mock), 3);
      assert.deepEqual(told, ["idle"]);
    },
  },
  {
    name: "keepWarm sends nothing to a target that is called, and counts from anew",
    async run({ api, mock, assert }) {
      const url = await mock.put("m");
      const { client, handle, told } = keeper(api, url, { maxIdlePings: 1 });
      for (let nth = 0; nth < 8; nth++) {
        await sleep(400);
        // A model in the payload is the target's too, and so is a fetch.
        if (nth % 2) await client.query(url, { mine: true, model: "x" });
        else await client.fetch(url, { method: "POST", body: JSON.stringify({ mine: true }) }).then((response) => response.text());
      }
      assert.equal(await pings(mock), 1);
      assert.deepEqual(told, []);
      await sleep(1_700);
      assert.equal(await pings(mock), 2, "then it is idle");
      handle.stop();
      assert.deepEqual(told, ["stopped"]);
    },
  },
  {
    name: "two keepers of one target send as much as one",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { latencyMs: 50 });
      const { client, handle } = keeper(api, url);
      await sleep(300);
      const other = client.keepWarm(url, { everyMs: EVERY });
      await sleep(2_000);
      // One each at the beginning, and two for both.
      assert.between(await pings(mock), 3, 4);
      handle.stop();
      other.stop();
    },
  },
  ...[
    ["stop()", "stopped", ({ handle }) => handle.stop()],
    ["the signal", "stopped", ({ controller }) => controller.abort()],
    ["close()", "closed", ({ client }) => client.close()],
  ].map(([what, why, ends]) => ({
    name: `${what} ends keepWarm and a ping that is under way, and onStop hears "${why}" once`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [{}], then: { status: 200, body: "{}", fault: { kind: "stall", at: "accept" } } });
      const controller = new AbortController();
      const { client, handle, told } = keeper(api, url, { signal: controller.signal });
      await mock.statsOnce("m", ({ log }) => log.length === 2, "a second ping", 4_000);
      ends({ client, handle, controller });
      handle.stop();
      client.close();
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 0, "that it was left");
      assert.deepEqual(told, [why]);
      await sleep(1_500);
      assert.equal((await mock.stats("m")).requests, 2);
    },
  })),
  {
    name: "an onStop and an onEvent that throw do no harm, and a ping that fails stops nothing",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [answer(403, {})] });
      const log = console.error;
      const logged = [];
      console.error = (...what) => logged.push(what.join(" "));
      try {
        const events = [];
        const { handle } = keeper(api, url, {
          onEvent: ({ type }) => (events.push(type), raise()),
          onStop: raise,
        });
        await sleep(1_700);
        assert.equal(await pings(mock), 2);
        assert.ok(events.includes("failure") && events.includes("success"));
        handle.stop();
        assert.ok(logged.some((line) => line.includes("onStop threw")));
      } finally {
        console.error = log;
      }
    },
  },
  {
    name: "keepWarm never asks an open circuit",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(500, { error: "broken" }) });
      const client = api.createClient({ breaker: { failures: 1, openMs: 60_000 }, maxRetries: 0 });
      held.add(client);
      await assert.rejects(client.query(url, { mine: true }), {});
      const handle = client.keepWarm(url, { everyMs: EVERY });
      await sleep(2_300);
      assert.equal(await pings(mock), 0);
      handle.stop();
    },
  },
  {
    name: "keepWarm joins a call that waits for the cold model",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "legacy", cold: { ms: 1_500, says: 4 } });
      const client = api.createClient();
      const call = client.query(url, { mine: true });
      await mock.statsOnce("m", ({ log }) => log.length === 1 && log[0].status === 503, "the first call");
      const handle = client.keepWarm(url, { everyMs: 60_000 });
      await call;
      await sleep(100);
      assert.equal(await pings(mock), 0);
      handle.stop();
    },
  },
  {
    name: "pings that are due when the machine wakes from sleep are spread over five seconds",
    async run({ api, mock, assert }) {
      const url = (await mock.put("m", { cors: "open" })).replace(/\/$/, "");
      const { now } = Date;
      const paths = Array.from({ length: 10 }, (_, nth) => `/models/${nth}`);
      const keepers = paths.map((path) => keeper(api, url + path));
      try {
        await mock.statsOnce("m", ({ requests }) => requests === 10, "the first pings");
        const woke = now();
        // The timers stood still, and the clock did not.
        Date.now = () => now() + 60_000;
        const second = (log, path) => log.filter((one) => one.path === path)[1];
        const { log } = await mock.statsOnce("m", ({ log }) => paths.every((path) => second(log, path)), "a ping each", 9_000);
        assert.between(now() - woke, 0, 7_000);
        const at = paths.map((path) => second(log, path).atMs);
        assert.between(Math.max(...at) - Math.min(...at), 1_000, 5_500);
      } finally {
        Date.now = now;
        for (const { client } of keepers) client.close();
      }
    },
  },
  {
    name: "a clock that tells no number makes keepWarm send nothing before its time",
    async run({ api, mock, assert }) {
      const url = await mock.put("m");
      const { now } = Date;
      Date.now = () => NaN;
      try {
        const { handle } = keeper(api, url, { everyMs: 60_000 });
        await sleep(1_500);
        assert.equal(await pings(mock), 1);
        handle.stop();
      } finally {
        Date.now = now;
      }
    },
  },
  {
    name: "keepWarm refuses bad input at once with a TypeError that names it, and a closed client with an error",
    async run({ api, assert }) {
      const client = api.createClient();
      const bad = { everyMs: [999, 0, -1, NaN, Infinity, "5"], maxIdlePings: [-1, 1.5, "8"], onStop: ["log"], timeouts: [5], evryMs: [5_000] };
      for (const [option, values] of Object.entries(bad)) {
        for (const value of values) {
          const error = await assert.rejects((async () => client.keepWarm("org/model", { [option]: value }))(), { name: "TypeError" });
          assert.ok(error.message.includes(option), error.message);
        }
      }
      client.close();
      await assert.rejects((async () => client.keepWarm("org/model"))());
    },
  },
];

function raise() {
  throw new Error("on purpose");
}
