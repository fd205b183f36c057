// node sse.js: from bytes to parsed JSON through the public interface of each client, side by side
// in one process, round by round. The best round of each counts, as a ratio to the loop by hand.
// PKG_DIR as in tests/package. ROUNDS: how many, 7 if it is not given. Ends with 1 if a promise of
// the README is broken.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { PKG_DIR } from "../package/harness/app.js";
import { readers } from "./sse/readers.js";
import { fetchOf, items, pieces } from "./sse/stream.js";

const api = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const HAND = "eventsource-parser, by hand";
const OURS = "query-with-retry";

/** How many times the time of the loop by hand we may take. */
const rows = [
  { title: "one event a piece", most: 1 / 0.8, mostUnparsed: 0.8 },
  { title: "1 KiB", size: 1_024, most: Infinity, mostUnparsed: 0.5 },
  { title: "16 KiB", size: 16_384, most: 1, mostUnparsed: 0.5 },
  { title: "64 KiB", size: 65_536, most: Infinity, mostUnparsed: 0.5 },
];
/** Those of ours that parse nothing. */
const unparsed = ["query-with-retry, finalText()", "query-with-retry, fetch"];
const sdks = ["@huggingface/inference", "openai", "ai"];

const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;

// What one client leaves behind is no work of the next.
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

async function took(reader, all) {
  collect();
  const begun = performance.now();
  const count = await reader(fetchOf(all));
  const ms = performance.now() - begun;
  if (count !== undefined && Math.abs(count - items) > 1) throw new Error(`${count} items instead of ${items}`);
  return ms;
}

async function measure({ title, size }, all) {
  const best = {};
  const source = pieces(size);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, reader] of Object.entries(all)) {
      if (round > 0 && name === "ai" && round % 3) continue; // it takes as long as all others
      best[name] = Math.min(best[name] ?? Infinity, await took(reader, source));
      process.stderr.write(`\r${title}: round ${round + 1} of ${ROUNDS}, ${name}`.padEnd(70));
    }
  }
  process.stderr.write("\r".padEnd(70) + "\r");
  return best;
}

const all = readers(api);
const names = Object.keys(all);
console.log(
  `${items} chat chunks, node ${process.version}; ${Object.entries({
    "eventsource-parser": 0,
    "@huggingface/inference": 0,
    openai: 0,
    ai: 0,
  })
    .map(([name]) => `${name} ${version(name)}`)
    .join(", ")}`,
);
console.log(`times as a ratio to the loop by hand (= 1, its milliseconds in brackets); less is faster\n`);
const broken = [];
const table = [];
for (const row of rows) {
  const best = await measure(row, all);
  const ratio = (name) => best[name] / best[HAND];
  table.push({ title: `${row.title} (${best[HAND].toFixed(0)} ms)`, ratio });
  if (ratio(OURS) > row.most) broken.push(`${row.title}: ${ratio(OURS).toFixed(2)}, promised ${row.most.toFixed(2)}`);
  for (const name of unparsed)
    if (ratio(name) > row.mostUnparsed) broken.push(`${row.title}, ${name}: ${ratio(name).toFixed(2)}, promised ${row.mostUnparsed.toFixed(2)}`);
  for (const sdk of sdks) if (ratio(OURS) >= ratio(sdk)) broken.push(`${row.title}: slower than ${sdk}`);
}
console.log(`${"".padEnd(30)}${table.map(({ title }) => title.padStart(28)).join("")}`);
for (const name of names) console.log(`${name.padEnd(30)}${table.map(({ ratio }) => ratio(name).toFixed(2).padStart(28)).join("")}`);
console.log(broken.length > 0 ? `\nbroken: ${broken.join("; ")}` : "\nwithin what is promised");
process.exitCode = broken.length > 0 ? 1 : 0;
