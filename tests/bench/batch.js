// node batch.js: 1,000 embeddings one by one, coalesced and as a batch, over real HTTP; a batch at a server that does not say how
// many inputs it takes; one input that is refused among 256. A request costs the mock as much as one input.
// PKG_DIR and MOCK_HF_BIN as in tests/package. Ends with 1 if what docs/batch.md promises is broken.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";

const { createClient } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));
const { batch, coalesce } = await import(pathToFileURL(join(PKG_DIR, "dist/batch.js")));

const LATENCY = 50;
const LARGEST = 32;
const texts = (count) => Array.from({ length: count }, (_, at) => `text ${at}`);
const EMBEDDINGS = "/v1/embeddings";
const target = (url) => ({ url: url + EMBEDDINGS, model: "embedder" });

const rows = [];
const broken = [];

/** A promise that holds, or one that is listed at the end. */
function promise(what, holds) {
  if (!holds) broken.push(what);
}

const server = await startMock();
try {
  const mock = connectMock({ mockUrl: server.mockUrl, prefix: "bench" });

  async function meet(key, limits) {
    const url = await mock.put(key, { server: "openai", latencyMs: LATENCY, batch: limits });
    return { url, client: createClient() };
  }

  /** What `run` costs: time, requests, and how many of them were refused. */
  async function measure(name, key, run) {
    const before = (await mock.stats(key)).requests;
    const begun = performance.now();
    const answered = await run();
    const seconds = (performance.now() - begun) / 1_000;
    const { requests, log } = await mock.stats(key);
    const seen = log.slice(before - requests);
    const refused = seen.filter(({ status }) => status !== 200).length;
    const row = { name, answered, requests: requests - before, refused, seconds };
    rows.push(row);
    return row;
  }

  const ok = (items) => items.filter((item) => item.ok).length;

  const single = await meet("singles", { largest: LARGEST });
  const singles = await measure("1,000 embeddings, one by one", "singles", async () => {
    const ask = (input) => single.client.query(target(single.url), { input });
    return (await Promise.all(texts(1_000).map(ask))).length;
  });
  const together = await meet("coalesced", { largest: LARGEST });
  const coalesced = await measure("1,000 embeddings, coalesced", "coalesced", async () => {
    const ask = coalesce(together.client, target(together.url));
    return (await Promise.all(texts(1_000).map((input) => ask(input)))).length;
  });
  const ratio = singles.seconds / coalesced.seconds;
  promise(`coalesced: ${coalesced.requests} requests, promised at most 40`, coalesced.requests <= 40);
  promise(`coalesced: ${ratio.toFixed(1)} times as fast as one by one, promised 5`, ratio >= 5);

  const many = await meet("many", { largest: LARGEST });
  const run = async () => ok(await batch(many.client, target(many.url), texts(1_000), { maxBatchSize: 256 }));
  const first = await measure("a batch of 1,000, 256 in a request, the server takes 32: the first time", "many", run);
  const second = await measure("the second time", "many", run);
  promise(`the first time ${first.refused} requests are refused, promised at most 12`, first.refused <= 12);
  promise(`the second time ${second.refused} requests are refused, promised none`, second.refused === 0);

  const bad = await meet("poisoned", { poison: "text 137" });
  const poisoned = await measure("a batch of 256 in one request, one of them is refused", "poisoned", async () =>
    ok(await batch(bad.client, target(bad.url), texts(256), { maxBatchSize: 256 })),
  );
  promise(`one of 256: ${poisoned.answered} answered, promised 255`, poisoned.answered === 255);
  promise(`one of 256: ${poisoned.requests} requests, promised at most 17`, poisoned.requests <= 17);

  console.log(`A request takes the server ${LATENCY} ms, however many inputs it has.\n`);
  console.log(`${"".padEnd(74)}${["answered", "requests", "refused", "seconds"].map((head) => head.padStart(10)).join("")}`);
  for (const { name, answered, requests, refused, seconds } of rows) {
    const cells = [answered, requests, refused, seconds.toFixed(2)];
    console.log(`${name.padEnd(74)}${cells.map((cell) => String(cell).padStart(10)).join("")}`);
  }
  console.log(`\ncoalesced is ${ratio.toFixed(1)} times as fast as one by one`);
  console.log(broken.length > 0 ? `\nbroken: ${broken.join("; ")}` : "\nwithin what is promised");
  process.exitCode = broken.length > 0 ? 1 : 0;
} finally {
  await server.stop();
}
