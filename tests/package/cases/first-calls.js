import { answer } from "./mock.js";

export const firstCalls = [
  {
    name: "twenty first calls at once are all answered",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }), latencyMs: 5 });
      const calls = Array.from({ length: 20 }, (_, n) => api.queryWithRetry(url, { inputs: `call ${n}` }));
      for (const data of await Promise.all(calls)) assert.deepEqual(data, { n: 1 });
      assert.equal((await mock.stats("m")).requests, 20);
    },
  },
];
