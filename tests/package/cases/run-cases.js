// Runs the shared list inside a runtime. Portable: nothing here is specific to one.
import { cases } from "../cases.js";
import * as assert from "./assert.js";
import { sleep } from "./clock.js";
import { connectMock } from "./mock.js";

const LIMIT_MS = 15_000; // unless a case has its own

// A rejection that nobody handles ends a Node process: it fails the case that left it behind.
// One that is handled a moment later is none: workerd tells of it first and takes it back then.
const strays = new Map();
globalThis.addEventListener?.("unhandledrejection", (event) => {
  event.preventDefault();
  strays.set(event.promise, event.reason);
});
globalThis.addEventListener?.("rejectionhandled", (event) => strays.delete(event.promise));
if (!globalThis.addEventListener || globalThis.Bun) {
  globalThis.process?.on("unhandledRejection", (reason, promise) => strays.set(promise, reason));
  globalThis.process?.on("rejectionHandled", (promise) => strays.delete(promise));
}

/** `setting`: the package as `api`, `mockUrl`, the name of the `runtime`, and of where requests get lost the URLs, `losing`. */
export async function runCase(index, { api, mockUrl, runtime, losing }) {
  const { name, run, limitMs = LIMIT_MS } = cases[index];
  const mock = connectMock({ mockUrl, prefix: `${runtime}-${index}` });
  const start = performance.now();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limitMs} ms`)), limitMs);
  });
  let error;
  try {
    await Promise.race([run({ api, mock, assert, runtime, losing }), late]);
    await mock.close();
    await sleep(0);
    for (const reason of strays.values()) throw new Error(`left an unhandled rejection: ${reason}`);
  } catch (reason) {
    error = reason;
  }
  clearTimeout(timer);
  strays.clear();
  return {
    name,
    ok: error === undefined,
    ms: Math.round(performance.now() - start),
    error: error && `${error.name}: ${error.message}`,
    stack: error instanceof assert.AssertionError ? "" : error?.stack,
  };
}

/** Those of `names`, or with `only` in their name, and of these one share: every so many, from the nth on. */
export function chosen({ names, only = "", nth = 0, of = 1 }) {
  const wanted = ({ name }) => (names ? names.includes(name) : name.includes(only));
  const named = cases.map((_, index) => index).filter((index) => wanted(cases[index]));
  return named.filter((_, at) => at % of === Number(nth));
}

export async function runCases(setting, onResult) {
  for (const index of chosen(setting)) await onResult(await runCase(index, setting));
}
