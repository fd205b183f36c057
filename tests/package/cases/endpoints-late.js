// The management API, a health route or a token function that is slow or never answers: each call ends by its own clock and signal.
import { asked, manage } from "./endpoints.js";
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";

const TOKEN = "hf_managing_endpoints_123456";
const paused = [{ state: "paused", message: "Paused by its owner" }];
const running = [{ state: "running" }];
const healthy = { healthy: answer(200, { n: 1 }) };
// The model's own routes are those of the script, and the usual health route is none of them.
const healthRoute = "/is/well";
const stalls = { fault: { kind: "stall", at: "accept" } };

/** A token function that never answers again after so many times. */
function hangsAfter(times) {
  let count = 0;
  return () => (count++ < times ? TOKEN : new Promise(() => {}));
}

async function meet(api, mock, managed, { manage: more, ...options } = {}, scenario = healthy) {
  const { url, endpoints } = await manage(mock, managed, more, scenario);
  return { client: api.createClient({ endpoints, ...options }), endpoints, target: { url: `${url}/generate`, profile: "endpoint" } };
}

export const endpointsLate = [
  {
    name: "endpoints: waitUntilRunning ends by its totalMs and by its signal while a token function hangs",
    async run({ mock, assert }) {
      const late = await manage(mock, { states: running }, { token: hangsAfter(1) });
      const waits = late.endpoints.waitUntilRunning("my-endpoint", { timeouts: { totalMs: 1_000 } });
      assert.between(await settledAfter(waits), 950, 2_000);
      await assert.rejects(waits, { code: "model_loading", phase: "total" });
      const left = await manage(mock, { states: running }, { token: hangsAfter(1) });
      const controller = new AbortController();
      const aborted = left.endpoints.waitUntilRunning("my-endpoint", { signal: controller.signal });
      const settled = settledAfter(aborted);
      await sleep(500);
      controller.abort("enough");
      assert.between(await settled, 450, 900);
      assert.equal(await assert.rejects(aborted), "enough");
    },
  },
  {
    name: "endpoints: waitUntilRunning ends by its totalMs while the health route hangs, and says so",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: running, healthRoute }, {}, { then: stalls });
      const waits = endpoints.waitUntilRunning("my-endpoint", { timeouts: { totalMs: 1_500 } });
      assert.between(await settledAfter(waits), 1_450, 2_500);
      const { detail } = await assert.rejects(waits, { code: "model_loading", phase: "total" });
      assert.equal(detail, 'endpoint "my-endpoint" is running, but its health route does not answer');
    },
  },
  {
    name: "endpoints: an action whose look hangs ends by its totalMs, which it does not begin again",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: running, script: [{ status: 202, delayMs: 1_000 }, stalls] });
      const acts = endpoints.pause("my-endpoint", { timeouts: { totalMs: 1_500 } });
      assert.between(await settledAfter(acts), 1_400, 2_200);
      await assert.rejects(acts, { code: "timeout" });
    },
  },
  {
    name: "a call to a resumed endpoint ends by its totalMs while a token function or the health route hangs",
    async run({ api, mock, assert }) {
      for (const [scenario, token] of [
        [healthy, hangsAfter(3)],
        [{ then: stalls }, TOKEN],
      ]) {
        const options = { resumePaused: true, manage: { token } };
        const { client, target } = await meet(api, mock, { states: paused, resumed: running, healthRoute }, options, scenario);
        const call = client.query(target, { inputs: "x" }, { timeouts: { totalMs: 2_000 } });
        assert.between(await settledAfter(call), 1_950, 2_600);
        const { detail } = await assert.rejects(call, { code: "model_loading", phase: "total" });
        assert.ok(detail.startsWith('endpoint "my-endpoint" is running'), detail);
        assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
      }
    },
  },
  {
    name: "a failure waits seconds for its explanation by a management API that hangs, and goes without it",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: paused, script: Array(9).fill(stalls) });
      const call = client.query(target, { inputs: "x" });
      assert.between(await settledAfter(call), 2_500, 4_500);
      const { detail } = await assert.rejects(call, { code: "paused", status: 400 });
      assert.equal(detail, "the management API did not answer in time; Bad Request: Invalid state");
    },
  },
  {
    name: "a call that has little time, or is aborted, holds up none of the others that meet the same paused endpoint",
    async run({ api, mock, assert }) {
      for (const [kind, options] of [
        ["clock", () => ({ timeouts: { totalMs: 700 } })],
        ["signal", (signal) => ({ signal })],
      ]) {
        const slow = async (...request) => (await sleep(1_000), fetch(...request));
        const { client, target } = await meet(api, mock, { states: paused, resumed: running }, { resumePaused: true, manage: { fetch: slow } });
        const controller = new AbortController();
        const short = client.query(target, { inputs: "x" }, options(controller.signal));
        const settled = settledAfter(short);
        await sleep(200);
        const others = Array.from({ length: 5 }, () => client.query(target, { inputs: "x" }));
        const took = others.map(settledAfter);
        await sleep(300);
        controller.abort("mine alone");
        assert.between(await settled, 450, 1_200, kind);
        await assert.rejects(short);
        for (const ms of took) assert.between(await ms, 2_000, 8_000, kind);
        for (const other of others) assert.deepEqual(await other, { n: 1 });
        assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
      }
    },
  },
  {
    name: "a call is at the endpoint whose address is the longest beginning of its own",
    async run({ api, mock, assert }) {
      const { url } = await manage(mock, { states: paused });
      const names = { [`${url}/`]: "another-endpoint", [`${url}/deep/`]: "my-endpoint" };
      const { client, target } = await meet(api, mock, { states: paused }, { manage: { names } });
      assert.ok(target.url.startsWith(url));
      const call = client.query({ ...target, url: `${url}/deep/generate?x=/` }, { inputs: "x" });
      const { detail } = await assert.rejects(call, { code: "paused" });
      assert.ok(detail.startsWith('endpoint "my-endpoint" is paused'), detail);
    },
  },
  {
    name: "keepWarm resumes no endpoint that its operator has paused, and a call does",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: paused, resumed: running }, { resumePaused: true });
      const codes = [];
      const onEvent = ({ type, error }) => type === "failure" && codes.push(error.code);
      const handle = client.keepWarm(target, { everyMs: 1_000, onEvent });
      await sleep(1_500);
      assert.ok(codes.length > 0 && codes.every((code) => code === "paused"), `${codes}`);
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 0);
      assert.deepEqual(await client.query(target, { inputs: "x" }), { n: 1 });
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
      handle.stop();
    },
  },
  {
    name: "a warm-up that a program asks for resumes a paused endpoint, even while keepWarm pings it",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: paused, resumed: running }, { resumePaused: true });
      const handle = client.keepWarm(target, { everyMs: 60_000 });
      await client.warmUp(target);
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
      handle.stop();
    },
  },
];
