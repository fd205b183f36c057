// The mock inference server as a case sees it: models of its own, gone when the case is over.
import { AssertionError } from "./assert.js";
import { sleep } from "./clock.js";

/** A step that answers with JSON (or, given a string, with text). */
export const answer = (status, body, headers = {}) => ({ status, body, headers });

export function connectMock({ mockUrl, prefix }) {
  const keys = new Set();
  let looks = 0;

  async function control(method, key, body) {
    // The number keeps browsers from answering out of their cache.
    const url = `${mockUrl}/_mock/${key}${method === "GET" ? `?look=${++looks}` : ""}`;
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(url, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`the mock refused ${method} ${key}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }

  return {
    /** Makes the model `name` anew and gives its URL. */
    async put(name, scenario) {
      const key = `${prefix}-${name}`;
      keys.add(key);
      const { url } = await control("PUT", key, scenario);
      return url;
    },

    stats(name) {
      return control("GET", `${prefix}-${name}`);
    },

    /** The counters once they are as they should be: a server learns of an abort a little later. */
    async statsOnce(name, condition, what, patienceMs = 2_000) {
      let stats;
      for (const start = performance.now(); performance.now() - start < patienceMs;) {
        stats = await this.stats(name);
        if (condition(stats)) return stats;
        await sleep(50);
      }
      throw new AssertionError(`the mock never saw ${what}: ${JSON.stringify({ ...stats, log: undefined })}`);
    },

    async close() {
      await Promise.all([...keys].map((key) => control("DELETE", key)));
    },
  };
}
