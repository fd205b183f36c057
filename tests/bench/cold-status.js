// Cold starts of a server that has a cheap status, by the moment at which the last payload is sent after the model is up, and by
// what that takes: with the status, without one, by a loop that sleeps what the server says, and by a poll every 100 ms.
import { setTimeout as sleep } from "node:timers/promises";

const REPETITIONS = 3;
const LENGTHS = [8, 30, 180];
/** What the server names as `estimated_time`, for the two columns without a status and for the loop. */
const SAYS = 20;

const payload = { inputs: "Is it up?" };

const post = (url) => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(payload) });

/** @returns the ways to wait: the name, the scenario, and how a payload is sent until it is answered. */
function waysToWait(queryWithRetry) {
  const again = (pause) => async (url) => {
    for (;;) {
      const response = await post(url);
      await response.arrayBuffer();
      if (response.ok) return;
      await sleep(pause);
    }
  };
  const status = (url) => queryWithRetry({ url, profile: "endpoint" }, payload);
  const none = (url) => queryWithRetry(url, payload);
  return [
    ["with a status", { server: "endpoint" }, status, 1],
    ["no status", { server: "legacy", says: SAYS }, none, 1],
    ["sleep estimated_time", { server: "legacy", says: SAYS }, again(SAYS * 1_000), 0],
    ["poll, 100 ms", { server: "legacy", says: SAYS }, again(100), 0],
  ];
}

async function once(mock, key, { server, says }, wait, seconds) {
  const url = await mock.put(key, { server, cold: { ms: seconds * 1_000, says } });
  await wait(url);
  const { log, requests } = await mock.stats(key);
  // The log keeps the newest thousand.
  const statuses = log.filter(({ method }) => method === "GET").length;
  return { payloads: requests - statuses, statuses, late: log.at(-1).atMs / 1_000 - seconds };
}

const worst = (runs) => Object.fromEntries(Object.keys(runs[0]).map((name) => [name, Math.max(...runs.map((run) => run[name]))]));

/** Prints the table, and returns which promises are broken. */
export async function statusTable(mock, queryWithRetry) {
  const ways = waysToWait(queryWithRetry);
  const rows = await Promise.all(
    LENGTHS.map((seconds) =>
      Promise.all(
        ways.map(async ([name, scenario, wait, isOurs]) => {
          const runs = Array.from({ length: isOurs ? REPETITIONS : 1 }, (_, nth) =>
            once(mock, `status-${seconds}-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${nth}`, scenario, wait, seconds),
          );
          return worst(await Promise.all(runs));
        }),
      ),
    ),
  );
  return () => {
    console.log(`\npayloads + statuses, and how long after the model was up the last payload was sent (s)`);
    console.log(" ".repeat(12) + ways.map(([name]) => name.padStart(24)).join(""));
    for (const [at, seconds] of LENGTHS.entries()) {
      const cells = rows[at].map(({ payloads, statuses, late }) => `${payloads} + ${statuses}, ${late.toFixed(2)}`.padStart(24));
      console.log(`${seconds} s`.padEnd(12) + cells.join(""));
    }
    return LENGTHS.flatMap((seconds, at) => {
      const { payloads, late } = rows[at][0];
      const most = 1 + seconds * 0.03;
      return payloads > 2 || late > most ? [`${seconds} s with a status: ${payloads} payloads, ${late} s late, promised 2 and ${most}`] : [];
    });
  };
}
