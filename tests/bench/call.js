// node call.js: what a call costs beyond a bare fetch, beside other clients, round by round in one
// process; then what the first call of a new process costs, import and all. Over real HTTP, and with
// a fetch that answers at once, which leaves the client alone. PKG_DIR as in tests/package. ROUNDS:
// how many, 100 if it is not given. Ends with 1 if a promise of the README is broken.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PKG_DIR } from "../package/harness/app.js";
import { run, start, stop } from "../package/harness/processes.js";
import { answer } from "./call/answer.js";
import { BARE, clients, OUR_FETCH, OURS } from "./call/clients.js";

// Short rounds and many: a machine that does something else spoils some of them, and not all.
const ROUNDS = Number(process.env.ROUNDS ?? 100);
const CALLS = 50;
/** Until everybody's code is compiled as well as it will be. */
const WARM_UP = 60;
const FRESH = 10;
const TRANSPORTS = { http: "over HTTP", none: "fetch that answers at once" };
/** How much of openai's import and first call, beyond a bare fetch, ours may take. */
const FIRST = 1 / 3;

const program = (name) => fileURLToPath(new URL(`call/${name}`, import.meta.url));
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const progress = (text) => process.stderr.write(`\r${text}`.padEnd(90));

const { createClient } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));
const names = Object.keys(clients).filter((name) => name !== OUR_FETCH || createClient);
const ours = names.filter((name) => name === OURS || name === OUR_FETCH);

/** Microseconds of a call, by client, round by round. */
async function rounds(transport, origin) {
  const platform = globalThis.fetch;
  const instant = async () => new Response(answer, { headers: { "content-type": "application/json" } });
  const fetch = transport === "none" ? instant : undefined;
  const calls = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await clients[name]({ origin, fetch, folder: PKG_DIR })])));
  const all = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    if (round % 10 === 0) progress(`${TRANSPORTS[transport]}: round ${Math.max(round, 0)} of ${ROUNDS}`);
    // Nobody always comes after the same one.
    const order = names.map((_, at) => names[(at + round + WARM_UP) % names.length]);
    for (const name of round % 2 ? order : order.toReversed()) {
      const begun = performance.now();
      for (let count = 0; count < CALLS; count++) await calls[name]();
      if (round >= 0) all[name].push(((performance.now() - begun) * 1_000) / CALLS);
    }
  }
  globalThis.fetch = platform;
  return all;
}

/** Over bare fetch: the median of the rounds' differences, and the difference of the best rounds. */
const over = (all, name) => ({
  median: median(all[name].map((us, round) => us - all[BARE][round])),
  best: Math.min(...all[name]) - Math.min(...all[BARE]),
});

/** Milliseconds to the first answer of a new process, by client. */
async function firstCalls(transport, origin) {
  const all = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < FRESH; round++) {
    progress(`first call, ${TRANSPORTS[transport]}: round ${Math.max(round + 1, 0)} of ${FRESH}`);
    for (const name of names) {
      const told = JSON.parse(await run(process.execPath, [program("fresh.js"), name, origin, PKG_DIR, transport]));
      if (round >= 0) all[name].push(told);
    }
  }
  const of = (name, measure) => all[name].map((told) => told[measure]);
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        median: median(of(name, "fromImport")),
        best: Math.min(...of(name, "fromImport")),
        started: median(of(name, "fromStart")),
      },
    ]),
  );
}

function print(heads, row) {
  console.log(`${"".padEnd(34)}${heads.map((head) => head.padStart(13)).join("")}`);
  for (const name of names)
    console.log(
      `${name.padEnd(34)}${row(name)
        .map((cell) => cell.padStart(13))
        .join("")}`,
    );
  console.log();
}

const server = start(process.execPath, [program("server.js")]);
try {
  const [port] = await once(createInterface({ input: server.stdout }), "line");
  const origin = `http://127.0.0.1:${port}`;
  const broken = [];
  console.log(
    `node ${process.version}; ${names
      .filter((name) => name !== BARE && !ours.includes(name))
      .map((name) => `${name} ${version(name)}`)
      .join(", ")}\n`,
  );
  if (!createClient) console.log(`the package has no createClient: ${OUR_FETCH} is left out\n`);

  for (const transport of ["http", "none"]) {
    const all = await rounds(transport, origin);
    const cost = Object.fromEntries(names.map((name) => [name, over(all, name)]));
    progress("");
    console.log(`\rµs of a call, ${TRANSPORTS[transport]}; ${ROUNDS} rounds of ${CALLS} calls, one after another`);
    print(["median", "over bare", "best", "over bare"], (name) =>
      [median(all[name]), cost[name].median, Math.min(...all[name]), cost[name].best].map((us) => us.toFixed(1)),
    );
    for (const own of ours) {
      // A drop-in is paid beside the SDK that it is dropped into: it has ky alone to be measured by.
      for (const other of own === OUR_FETCH ? ["ky"] : ["ky", "openai"]) {
        // By the median, and by the best too: else it was the machine.
        if (cost[own].median > cost[other].median && cost[own].best > cost[other].best) {
          const [mine, others] = [own, other].map((name) => `${cost[name].median.toFixed(0)} (best ${cost[name].best.toFixed(0)}) µs`);
          broken.push(`${own} ${TRANSPORTS[transport]} costs ${mine}, ${other} ${others}`);
        }
      }
    }
  }

  for (const transport of ["http", "none"]) {
    const first = await firstCalls(transport, origin);
    progress("");
    console.log(`\rms to the first answer of a new process, ${TRANSPORTS[transport]}; ${FRESH} processes each`);
    print(["from import", "best", "over bare", "from start"], (name) =>
      [first[name].median, first[name].best, first[name].median - first[BARE].median, first[name].started].map((ms) => ms.toFixed(1)),
    );
    const cost = (name, by) => first[name][by] - first[BARE][by];
    for (const own of ours) {
      // As above.
      const ratio = Math.min(...["median", "best"].map((by) => cost(own, by) / cost("openai", by)));
      if (ratio > FIRST)
        broken.push(`import and first call of ${own} ${TRANSPORTS[transport]}: ${ratio.toFixed(2)} of openai's, promised ${FIRST.toFixed(2)}`);
    }
  }

  console.log(broken.length > 0 ? `broken: ${broken.join("; ")}` : "within what is promised");
  process.exitCode = broken.length > 0 ? 1 : 0;
} finally {
  await stop(server);
}
