// node large-errors.js <package folder> <URL of a mock model> <calls>: as many calls, 20 at a
// time, to a model whose errors have bodies that nobody wants to read. Then it lives on, for its
// connections to be counted: if it ended, they would all be closed.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [folder, url, count] = process.argv.slice(2);
const { createClient } = await import(pathToFileURL(join(folder, "dist/index.js")));
const client = createClient({ breaker: false, retryBudget: false });

let begun = 0;
let retries = 0;
const caller = async () => {
  while (begun++ < Number(count)) {
    const { report } = await client.queryWithReport(url, { inputs: "x" }, { maxRetries: 50 });
    retries += report.attempts.length - 1;
  }
};
await Promise.all(Array.from({ length: 20 }, caller));
console.log(JSON.stringify({ retries, residentBytes: process.memoryUsage.rss() }));
await sleep(15_000);
