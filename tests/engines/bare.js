// Requests without the package and without its connections: each has one of its own, closed after the answer.
import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

export async function bare(url, { method = "GET", body, signal } = {}) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const sent = request(url, { method, headers, agent: false, signal });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(sent, "response");
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** When a bare look every 100 ms is answered by a 200 for the first time. It goes on until the test is over. */
export function upAt(t, url) {
  const over = new AbortController();
  t.after(() => over.abort());
  const up = (async () => {
    for (; ; await sleep(100, undefined, { signal: over.signal })) {
      const { status } = await bare(url, { signal: over.signal }).catch(() => ({}));
      if (status === 200) return performance.now();
    }
  })();
  up.catch(() => {});
  return up;
}
