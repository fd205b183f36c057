// node cold.js: cold starts over real HTTP, by this package and by the loop that most people write,
// which sleeps what the server says. Takes as long as the longest of them, three minutes and a half.
// PKG_DIR and MOCK_HF_BIN as in tests/package. Ends with 1 if a promise of the README is broken.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { statusTable } from "./cold-status.js";

const { queryWithRetry } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));

/** Each call draws its own jitter. The naive loop has none, so once tells all. */
const REPETITIONS = 3;

const cases = [
  { seconds: 8, says: 20, most: { requests: 5, ratio: 1.3 } },
  ...[0.3, 2, 5, 8, 12].map((seconds) => ({ seconds, most: { requests: 8, late: 1 + seconds * 0.28 + 0.4 } })),
  { seconds: 3, says: 118 },
  { seconds: 20, says: 20 },
  { seconds: 30 },
  { seconds: 5, server: "endpoint", profile: "endpoint", options: { loading: { hold: true } } },
];

const payload = { inputs: "Is it up?" };

const ours = (url, { profile, options }) => queryWithRetry(profile ? { url, profile } : url, payload, options);

async function naive(url) {
  for (;;) {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(payload) };
    const response = await fetch(url, init);
    const text = await response.text();
    if (response.ok) return;
    let estimate;
    try {
      estimate = JSON.parse(text).estimated_time;
    } catch {
      // A proxy's page.
    }
    await sleep((estimate ?? 20) * 1_000);
  }
}

async function once(mock, client, scenario, key) {
  const { seconds, says, server } = scenario;
  const url = await mock.put(key, { server, cold: { ms: seconds * 1_000, says } });
  const begun = performance.now();
  await client(url, scenario);
  const took = (performance.now() - begun) / 1_000;
  return { requests: (await mock.stats(key)).requests, took, ratio: took / seconds, late: took - seconds };
}

/** The worst of all repetitions, by each measure. */
async function worst(mock, client, scenario, key, repetitions) {
  const runs = Array.from({ length: repetitions }, (_, index) => once(mock, client, scenario, `${key}-${index}`));
  const all = await Promise.all(runs);
  const most = (name) => Math.max(...all.map((run) => run[name]));
  return { requests: most("requests"), took: most("took"), ratio: most("ratio"), late: most("late") };
}

function name({ seconds, says, options }) {
  const held = options?.loading.hold ? ", endpoint, asked to hold" : "";
  return `${seconds} s, says ${says === undefined ? "nothing" : `${says} s`}${held}`;
}

function row(title, measures, pad = " ") {
  const cells = measures.flatMap(({ requests, took, ratio }) => [requests, took, ratio]);
  const shown = cells.map((cell, at) => (typeof cell === "number" && at % 3 ? cell.toFixed(at % 3 === 1 ? 1 : 2) : String(cell)));
  return `${title.padEnd(42, pad)}${shown.map((cell) => cell.padStart(10, pad)).join("")}`;
}

const server = await startMock();
try {
  const mock = connectMock({ mockUrl: server.mockUrl, prefix: "bench" });
  console.log(
    `${cases.length} cold starts side by side, the package ${REPETITIONS} times each (the worst is shown); about three minutes and a half\n`,
  );
  const statuses = statusTable(mock, queryWithRetry);
  const results = await Promise.all(
    cases.map(async (scenario, index) => [
      scenario,
      ...(await Promise.all([worst(mock, ours, scenario, `ours-${index}`, REPETITIONS), worst(mock, naive, scenario, `naive-${index}`, 1)])),
    ]),
  );
  const heads = { requests: "requests", took: "seconds", ratio: "x real" };
  console.log(`${" ".repeat(42)}${"query-with-retry".padStart(30)}${"sleep estimated_time".padStart(30)}`);
  console.log(row("real length, and what the server says", [heads, heads]));
  const broken = [];
  for (const [scenario, own, other] of results) {
    console.log(row(name(scenario), [own, other]));
    for (const [measure, limit] of Object.entries(scenario.most ?? {})) {
      if (own[measure] > limit) broken.push(`${name(scenario)}: ${measure} ${own[measure]}, promised at most ${limit}`);
    }
  }
  broken.push(...(await statuses)());
  console.log(broken.length > 0 ? `\nbroken: ${broken.join("; ")}` : "\nwithin what is promised");
  process.exitCode = broken.length > 0 ? 1 : 0;
} finally {
  await server.stop();
}
