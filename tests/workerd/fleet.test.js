// Several isolates of one Worker that share through a Durable Object, which is slow, throws, and is evicted meanwhile.
// PKG_DIR and MOCK_HF_BIN as in tests/package, where `npm ci` installs the runtimes.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { createApp, PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { bundleWorker } from "../package/harness/worker-bundle.js";
import { circuits } from "./fleets/circuits.js";
import { colds } from "./fleets/colds.js";
import { engines } from "./fleets/engines.js";
import { ending } from "./fleets/ending.js";
import { objects } from "./fleets/objects.js";
import { tally } from "./cases/outcomes.js";
import { startFleet } from "./fleet.js";
import { runtimes } from "./runtimes.js";

const cases = [...colds, ...circuits, ...engines, ...ending, ...objects];

let server, app;
const bundles = {};

before(async () => {
  [server, app] = await Promise.all([startMock(), createApp()]);
  for (const name of ["worker", "engine"]) {
    await cp(new URL(`${name}.js`, import.meta.url), join(app.dir, `${name}.js`));
    bundles[name] = await bundleWorker(app, `${name}.js`, { external: ["./clients.json"] });
  }
});
after(async () => {
  await server?.stop();
  await app?.remove();
});

/** What the runtime prints where a request uses what belongs to another one, or nobody takes an error. */
const COMPLAINTS = /Cannot perform I\/O on behalf of a different request|different request context|[Uu]nhandled|Uncaught/;

/** A case in a fleet of its own. Whatever it looks at, no request was killed and none has hung. */
async function runCase(context, { count, sharing, run }, runtime, prefix) {
  const mock = connectMock({ mockUrl: server.mockUrl, prefix });
  const fleet = await startFleet({ runtime, bundles, count, sharing });
  try {
    await run({ fleet, mock });
    const ends = tally(fleet.outcomes);
    const bad = Object.keys(ends).filter((end) => /^(killed|hung|cut)/.test(end));
    assert.deepEqual(bad, [], JSON.stringify(ends));
    assert.doesNotMatch(fleet.printed(), COMPLAINTS);
  } catch (error) {
    context.diagnostic(`${JSON.stringify(tally(fleet.outcomes))} ${fleet.printed().slice(0, 600)}`);
    throw error;
  } finally {
    await fleet.stop();
    await mock.close();
  }
}

test("the entry can be imported outside of Workers, and says what it was given where that is no binding", async () => {
  const { durableObject, QueryCoordinator } = await import(pathToFileURL(join(PKG_DIR, "dist/workers.js")).href);
  assert.equal(typeof QueryCoordinator, "function");
  for (const bad of [undefined, null, "COORDINATOR", {}, { get() {} }]) {
    assert.throws(() => durableObject(bad), { name: "TypeError", message: /namespace must be the binding of a Durable Object/ });
  }
  assert.throws(() => durableObject(undefined), /got undefined/);
});

describe("isolates that share through a Durable Object", { concurrency: runtimes.length }, () => {
  runtimes.forEach((runtime, of) => {
    describe(runtime.name, { concurrency: 1 }, () => {
      cases.forEach((one, at) => test(one.name, { timeout: 60_000 }, (context) => runCase(context, one, runtime, `fleet-${of}-${at}`)));
    });
  });
});
