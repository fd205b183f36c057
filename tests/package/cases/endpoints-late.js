// A health route, a look or a token function that never answers: each call ends by its own clock and signal.
import { manage } from "./endpoints.js";
import { settledAfter, sleep } from "./clock.js";

const TOKEN = "hf_managing_endpoints_123456";
const running = [{ state: "running" }];
// The model's own routes are those of the script, and the usual health route is none of them.
const healthRoute = "/is/well";
const stalls = { fault: { kind: "stall", at: "accept" } };

/** A token function that never answers again after so many times. */
function hangsAfter(times) {
  let count = 0;
  return () => (count++ < times ? TOKEN : new Promise(() => {}));
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
];
