// node run.js [runtime...] [--only=part of a sentence]
// Packs the package, installs the tarball in an empty app, and runs the shared cases in every
// runtime. What this machine lacks is skipped by name; with CI=true that is a failure.
import { createApp } from "./harness/app.js";
import { startLosing } from "./harness/losing-server.js";
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

/** Cases that failed beside others, by runtime: many of them measure milliseconds. They run again alone. */
const failedBeside = new Map();
/** More than these at once are no question of time. */
const AGAIN_AT_MOST = 20;
const failures = [];

async function runCases(runtime, setting, onResult) {
  const start = performance.now();
  try {
    await runtime.run({
      app,
      setting: { mockUrl: mock.mockUrl, losing: { ...losing.urls, ...losing.waits }, runtime: runtime.name, ...setting },
      onResult,
    });
  } catch (error) {
    fail(runtime.name, { name: "the runtime itself", ok: false, ms: Math.round(performance.now() - start), error: error.message, stack: "" });
  }
  return ((performance.now() - start) / 1_000).toFixed(1);
}

function pass(runtime, result) {
  summary.get(runtime).passed += 1;
  show(runtime, result);
}

function fail(runtime, result) {
  summary.get(runtime).failed += 1;
  failures.push([runtime, result]);
  show(runtime, result);
}

async function runShare(runtime, nth) {
  const took = await runCases(runtime, { only, nth, of: SHARES }, (result) => {
    if (result.ok) return pass(runtime.name, result);
    const failed = failedBeside.get(runtime) ?? failedBeside.set(runtime, []).get(runtime);
    failed.push(result);
    show(runtime.name, result);
  });
  console.log(`# ${runtime.name} ${nth + 1}/${SHARES} took ${took} s`);
}

async function runAlone(runtime, failed) {
  if (failed.length > AGAIN_AT_MOST) return failed.forEach((result) => fail(runtime.name, result));
  console.log(`# ${runtime.name}: ${failed.length} failed beside others, alone:`);
  const left = new Map(failed.map((result) => [result.name, result]));
  await runCases(runtime, { names: [...left.keys()] }, (result) => {
    left.delete(result.name);
    (result.ok ? pass : fail)(runtime.name, result);
  });
  for (const result of left.values()) fail(runtime.name, result);
}

const summary = new Map(runtimes.map(({ name }) => [name, count()]));
const app = await createApp();
let mock, losing;
try {
  mock = await startMock();
  losing = await startLosing();
  const left = runtimes.flatMap((runtime) => Array.from({ length: SHARES }, (_, nth) => [runtime, nth])).values();
  const lane = async () => {
    for (const [runtime, nth] of left) {
      const counts = summary.get(runtime.name);
      if (!runtime.missing) await runShare(runtime, nth);
      else if (nth === 0) {
        const inCI = process.env.CI === "true";
        counts[inCI ? "failed" : "skipped"] += 1;
        console.log(`${inCI ? "not ok" : "skipped"} ${runtime.name}: not on this machine; ${runtime.missing}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  for (const [runtime, failed] of failedBeside) await runAlone(runtime, failed);
} finally {
  await losing?.stop();
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
if (failures.length > 0) console.log("\nfailed:");
for (const [runtime, result] of failures) show(runtime, result);
console.log(`\n${[...summary].map(([name, counts]) => `${name}: ${line(counts)}`).join("\n")}\n`);
console.log(line(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;
