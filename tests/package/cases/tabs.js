// The entry of tabs, everywhere: where there is no IndexedDB, a client goes by its own rules.
import { tabs } from "query-with-retry/tabs";
import { sleep } from "./clock.js";

export const inTabs = [
  {
    name: "clients of tabs share where there is IndexedDB, and are alone elsewhere; calls are answered in both",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { cors: "open" });
      // The name is of this run alone.
      const client = api.createClient({ coordinator: tabs({ name: url }) });
      const state = () => client.stats(url)[0].coordinator;
      const wanted = "indexedDB" in globalThis ? "shared" : "alone";
      for (let times = 0; times < 30; times++) {
        assert.ok(await client.query(url, { inputs: "x" }));
        if (times >= 10 && state() === wanted) break;
        await sleep(100);
      }
      assert.equal(state(), wanted);
      client.close();
    },
  },
  {
    name: "tabs has a name that is a string, or none",
    async run({ assert }) {
      for (const name of [1, null, {}, Symbol("name")]) await assert.rejects(new Promise(() => tabs({ name })), { name: "TypeError" });
      assert.equal(typeof tabs().call, "function");
      assert.equal(typeof tabs({ name: undefined }).call, "function");
    },
  },
];
