// Cold starts over real HTTP: how long until the answer, and how many requests it took.
// PKG_DIR and MOCK_HF_BIN as in tests/package.
import { setTimeout as sleep } from "node:timers/promises";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";

const { queryWithReport } = await import(`${PKG_DIR}/dist/index.js`);
const REPETITIONS = 3;

/** `most` is what may be needed at most, where that is promised. */
const rows = [
  { realMs: 8_000, says: 20, most: { requests: 5, ratio: 1.3 } },
  { realMs: 8_000, most: { requests: 6, ratio: 1.3 } },
  { realMs: 3_000, says: 60 },
  { realMs: 20_000, says: 20, most: { ratio: 1.3 } },
  { realMs: 30_000, most: { ratio: 1.3 } },
  { realMs: 5_000, hold: true, most: { requests: 1 } },
];

/** What people write: sleeps as long as the server says, and asks again. */
async function naive({ url }, payload) {
  for (;;) {
    const response = await fetch(url, { method: "POST", body: JSON.stringify(payload), headers: { "content-type": "application/json" } });
    const body = await response.json();
    if (response.status !== 503) return body;
    await sleep((body.estimated_time ?? 20) * 1000);
  }
}

async function measure(mock, row, index, repetition, client) {
  const key = `row-${index}-${repetition}-${client}`;
  const server = row.hold ? "endpoint" : "legacy";
  const url = await mock.put(key, { server, cold: { ms: row.realMs, ...(row.says !== undefined && { says: row.says }) } });
  const target = { url, profile: server };
  const begun = performance.now();
  if (client === "naive") await naive(target, { inputs: "x" });
  else await queryWithReport(target, { inputs: "x" }, { loading: { hold: row.hold ?? false } });
  return { tookMs: performance.now() - begun, requests: (await mock.stats(key)).requests };
}

const server = await startMock();
try {
  const mock = connectMock({ mockUrl: server.mockUrl, prefix: "cold" });
  const jobs = rows.flatMap((row, index) =>
    ["ours", ...(row.hold ? [] : ["naive"])].map(async (client) => {
      const repetitions = Array.from({ length: client === "ours" ? REPETITIONS : 1 }, (_, repetition) => measure(mock, row, index, repetition, client));
      const runs = await Promise.all(repetitions);
      const requests = Math.max(...runs.map((run) => run.requests));
      const tookMs = Math.max(...runs.map((run) => run.tookMs));
      return { row, client, requests, tookMs, ratio: tookMs / row.realMs };
    }),
  );
  console.log(`cold starts, the worst of ${REPETITIONS} (naive: one), all at once; this takes about a minute`);
  const results = await Promise.all(jobs);
  console.table(
    results.map(({ row, client, requests, tookMs, ratio }) => ({
      "real s": row.realMs / 1000,
      says: row.hold ? "holds" : (row.says ?? "nothing"),
      client,
      requests,
      "answered after s": Number((tookMs / 1000).toFixed(2)),
      "times the real length": Number(ratio.toFixed(2)),
    })),
  );
  const broken = results.filter(({ row, client, ...got }) => client === "ours" && Object.entries(row.most ?? {}).some(([what, most]) => got[what] > most));
  for (const { row, requests, ratio } of broken) console.error(`broken promise: ${JSON.stringify(row)} took ${requests} requests, ${ratio.toFixed(2)} times`);
  process.exitCode = broken.length ? 1 : 0;
} finally {
  await server.stop();
}
