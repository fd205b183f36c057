// Many requests at once to one isolate of Cloudflare's runtime, whose clients are of module scope. PKG_DIR and MOCK_HF_BIN
// as in tests/package, where `npm ci` installs the runtimes.
import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { createApp } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { bundleWorker } from "../package/harness/worker-bundle.js";
import { batches } from "./cases/batches.js";
import { breaker } from "./cases/breaker.js";
import { cold } from "./cases/cold.js";
import { endpoints } from "./cases/endpoints.js";
import { firstCalls } from "./cases/first-calls.js";
import { leases } from "./cases/leases.js";
import { leaving } from "./cases/leaving.js";
import { limit } from "./cases/limit.js";
import { manyWhoLeave } from "./cases/many-who-leave.js";
import { tally } from "./cases/outcomes.js";
import { retries } from "./cases/retries.js";
import { streams } from "./cases/streams.js";
import { warmUps } from "./cases/warm-ups.js";
import { startIsolate } from "./isolate.js";
import { runtimes } from "./runtimes.js";

const cases = [
  ...firstCalls,
  ...limit,
  ...cold,
  ...retries,
  ...breaker,
  ...leaving,
  ...leases,
  ...streams,
  ...manyWhoLeave,
  ...endpoints,
  ...warmUps,
  ...batches,
];

let server, app, bundle;

before(async () => {
  [server, app] = await Promise.all([startMock(), createApp()]);
  await cp(new URL("worker.js", import.meta.url), join(app.dir, "worker.js"));
  bundle = await bundleWorker(app, "worker.js", { external: ["./clients.json"] });
});
after(async () => {
  await server?.stop();
  await app?.remove();
});

/** A case in an isolate of its own. Whatever it looks at, the runtime has killed no request, and none has hung. */
async function runCase(context, { clients, run }, runtime, prefix) {
  const mock = connectMock({ mockUrl: server.mockUrl, prefix });
  const isolate = await startIsolate({ runtime, bundle, clients });
  try {
    await run({ isolate, mock });
    const ends = tally(isolate.outcomes);
    const bad = Object.keys(ends).filter((end) => /^(killed|hung|cut)/.test(end));
    assert.deepEqual(bad, [], JSON.stringify(ends));
  } catch (error) {
    context.diagnostic(`${JSON.stringify(tally(isolate.outcomes))} ${isolate.printed().slice(0, 600)}`);
    throw error;
  } finally {
    await isolate.stop();
    await mock.close();
  }
}

// They wait more than they work: two at a time in each runtime.
describe("requests at once to one isolate", { concurrency: runtimes.length }, () => {
  runtimes.forEach((runtime, of) => {
    describe(runtime.name, { concurrency: 2 }, () => {
      cases.forEach((one, at) => test(one.name, { timeout: 60_000 }, (context) => runCase(context, one, runtime, `workerd-${of}-${at}`)));
    });
  });
  test("the Worker never uses waitUntil, nor does the package", async () => {
    const worker = await readFile(bundle.modules[0], "utf8");
    assert.ok(worker.includes("createClient"));
    assert.doesNotMatch(worker, /waitUntil\b/);
  });
});
