// node run.js [runtime...] [--only=part of a sentence]
// Packs the package, installs the tarball in an empty app, and runs the shared cases in every
// runtime. What this machine lacks is skipped by name; with CI=true that is a failure.
import { createApp } from "./harness/app.js";
import { startMock } from "./harness/mock-server.js";
import { inBrowser } from "./runners/browser.js";
import { standalone } from "./runners/standalone.js";
import { workerd } from "./runners/workerd.js";

const all = [...["node", "deno", "bun"].map(standalone), workerd, ...["chromium", "firefox", "webkit"].map(inBrowser)];

const args = process.argv.slice(2);
const only = args.find((arg) => arg.startsWith("--only="))?.slice(7);
const names = args.filter((arg) => !arg.startsWith("--"));
const unknown = names.filter((name) => !all.some((runtime) => runtime.name === name));
if (unknown.length > 0) {
  console.error(`no such runtime: ${unknown.join(", ")}. There are: ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const runtimes = names.length > 0 ? all.filter(({ name }) => names.includes(name)) : all;

const count = () => ({ passed: 0, failed: 0, skipped: 0 });
const line = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

function show(runtime, { name, ok, ms, error, stack }) {
  console.log(`${ok ? "ok" : "not ok"} ${runtime}: ${name} (${ms} ms)`);
  if (!ok) console.log(`  ${error}\n${stack ?? ""}`.trimEnd().replaceAll("\n", "\n    "));
}

/** So many processes or pages of one runtime run its cases, each a share of them. */
const SHARES = 3;
/** So many are under way at once: they wait for most of their time. Not more, for some measure how long. */
const AT_ONCE = 5;

async function runShare(runtime, nth, counts) {
  const onResult = (result) => {
    counts[result.ok ? "passed" : "failed"] += 1;
    show(runtime.name, result);
  };
  const start = performance.now();
  try {
    await runtime.run({ app, setting: { mockUrl: mock.mockUrl, runtime: runtime.name, only, nth, of: SHARES }, onResult });
  } catch (error) {
    onResult({ name: "the runtime itself", ok: false, ms: Math.round(performance.now() - start), error: error.message, stack: "" });
  }
  console.log(`# ${runtime.name} ${nth + 1}/${SHARES} took ${((performance.now() - start) / 1_000).toFixed(1)} s`);
}

const summary = new Map(runtimes.map(({ name }) => [name, count()]));
const app = await createApp();
let mock;
try {
  mock = await startMock();
  const left = runtimes.flatMap((runtime) => Array.from({ length: SHARES }, (_, nth) => [runtime, nth])).values();
  const lane = async () => {
    for (const [runtime, nth] of left) {
      const counts = summary.get(runtime.name);
      if (!runtime.missing) await runShare(runtime, nth, counts);
      else if (nth === 0) {
        const inCI = process.env.CI === "true";
        counts[inCI ? "failed" : "skipped"] += 1;
        console.log(`${inCI ? "not ok" : "skipped"} ${runtime.name}: not on this machine; ${runtime.missing}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
} finally {
  await mock?.stop();
  await app.remove();
}
const totals = count();
for (const [name, counts] of summary) {
  if (counts.passed + counts.failed + counts.skipped === 0) {
    counts.failed += 1;
    console.log(`not ok ${name}: ran no case`);
  }
  for (const key of Object.keys(totals)) totals[key] += counts[key];
}
console.log(`\n${[...summary].map(([name, counts]) => `${name}: ${line(counts)}`).join("\n")}\n`);
console.log(line(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;
