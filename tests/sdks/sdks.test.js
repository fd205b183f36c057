// The clients that people use, through `client.fetch`: the programs of `examples` as they are, and
// without the line. MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { BINARY, startMock } from "../package/harness/mock-server.js";
import { freePort } from "../package/harness/ports.js";
import { startByModel } from "./by-model.js";
import { CLIENT, createPrograms, examples, installed, LINE, manifest, readme, sdks, source } from "./programs.js";
import { FALLBACK, scenarios, WORDS } from "./scenarios.js";
import { table } from "./table.js";

const MODEL = "large/model-of-choice";

let server, mock, byModel, programs, whole;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "sdks" });
  byModel = await startByModel();
  programs = await createPrograms();
  const url = await mock.put("whole", { stream: { tokens: WORDS } });
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: MODEL, messages: [{ role: "user", content: "x" }] }),
  });
  whole = (await response.json()).choices[0].message.content;
});
after(async () => {
  byModel?.stop();
  await programs?.remove();
  await server?.stop();
});

describe("the examples", { concurrency: 3 }, () => {
  for (const example of examples) {
    test(`${example} pins the client that it is tested with, and takes this package by its usual range`, async () => {
      const { "query-with-retry": range, ...others } = (await manifest(example)).dependencies;
      assert.equal(range, `^${programs.packed.version.replace(/\.\d+$/, ".0")}`);
      assert.ok(others[sdks[example]]);
      for (const [name, version] of Object.entries(others)) assert.equal((await installed(name)).version, version);
    });

    test(`${example} answers by the commands of its README, against the mock server that they start`, async () => {
      const [, , lines] = (await readme(example)).match(/^```sh\n([^]*?)^```\n[^]*?^```sh\n([^]*?)^```$/m);
      const port = await freePort();
      // What cargo would build is built already.
      const commands = lines.replace("cargo run -p mock-hf --", `"${BINARY}"`).replaceAll("8089", String(port));
      assert.match(await programs.shell(example, `${commands}kill $!\n`), /^You said: \w/m);
    });

    test(`${example} differs from a program without this package by one line, its import and its client`, async () => {
      const text = await source(example);
      assert.equal(text.match(LINE)?.length, 1);
      assert.equal(text.split(CLIENT).length, 2);
      assert.equal(text.match(/\bclient\b/g).length, 2);
    });
  }
});

const sentences = {
  answered: "is answered",
  failed: "fails",
  hung: "hangs",
  truncated: "takes what has come for all of it",
};

/** What became of a run, as above. */
function outcome({ code, gaveUp, lines }) {
  if (gaveUp) return "hung";
  if (code !== 0) return "failed";
  return lines[0] === whole && lines[1] === whole ? "answered" : "truncated";
}

async function happens(example, scenario, without) {
  const name = `${scenario.key}-${example}-${without ? "alone" : "own"}`;
  let url = await mock.put(name, scenario.model);
  if (scenario.fallback) {
    const fallback = await mock.put(`${name}-fallback`, scenario.fallback);
    url = byModel.put(name, { [MODEL]: url, [FALLBACK]: fallback });
  }
  const options = without ? undefined : scenario.options;
  const { patienceMs } = scenario;
  const run = await programs.run(example, { baseUrl: `${url}/v1`, without, options, patienceMs, env: { MODEL } });
  const { requests } = await mock.stats(name);
  const words = run.lines[1]?.split(" ").filter(Boolean).length ?? 0;
  const fallback = scenario.fallback && (await mock.stats(`${name}-fallback`));
  return { ...run, requests, words, fallback, outcome: outcome(run) };
}

async function ofEach(work) {
  return Object.fromEntries(await Promise.all(examples.map(async (example) => [example, await work(example)])));
}

const rows = [];
after(async () => console.log(`\n${await table(rows)}\n`));

for (const scenario of scenarios) {
  const { title, becomes } = scenario;
  describe(title, { timeout: 150_000 }, () => {
    let own, alone;
    before(async () => {
      [own, alone] = await Promise.all([false, true].map((without) => ofEach((example) => happens(example, scenario, without))));
      rows.push({ title, own, alone });
    });

    for (const example of examples) {
      test(`${sdks[example]} with the line ${scenario.error ? `ends with ${scenario.error}` : sentences[becomes]}`, () => {
        const run = own[example];
        assert.equal(run.outcome, becomes, JSON.stringify(run));
        if (scenario.error) {
          assert.equal(run.error?.queryError, scenario.error, JSON.stringify(run.error));
          assert.ok(whole.startsWith(run.lines[1]) && run.words >= 5, "what had come was handed over before");
        }
        assert.ok(run.requests <= scenario.requests, `${run.requests} requests`);
      });

      if (scenario.fallback) {
        test(`${sdks[example]} with the line asks the fallback the same, under its own name`, () => {
          const { log } = own[example].fallback;
          assert.equal(log.length, 2);
          for (const { path, body } of log) {
            assert.equal(path, "/v1/chat/completions");
            const { model, messages } = typeof body === "string" ? JSON.parse(body) : body;
            assert.equal(model, FALLBACK);
            assert.match(JSON.stringify(messages), /three rivers/);
          }
        });
      }

      const expected = scenario.alone[example];
      test(`${sdks[example]} without the line ${sentences[expected]}`, () => {
        const run = alone[example];
        assert.equal(run.outcome, expected, JSON.stringify(run));
        const least = scenario.aloneRequests?.[example] ?? 0;
        assert.ok(run.requests >= least, `only ${run.requests} requests`);
      });
    }
  });
}
