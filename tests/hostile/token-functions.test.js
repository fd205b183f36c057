// A token function that throws ends its own call: what the call held goes back, and those who wait for
// it go on. PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sleep } from "../package/cases/clock.js";
import { answer, connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { isError, outcome, show } from "./beside.js";
import { load } from "./core.js";

const CHAT = "/v1/chat/completions";
const BUSY = answer(503, { error: "Service Unavailable" });
const payload = { messages: [{ role: "user", content: "Hi" }] };
const expired = new Error("the refresh token is expired");

let server, mock, api, cores;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "tokens" });
  ({ api, cores } = await load(PKG_DIR, `${server.mockUrl}/_mock`));
});
after(() => server?.stop());

/** Ways in which a token function fails. */
const throwers = {
  throws: () => {
    throw expired;
  },
  rejects: async () => {
    throw expired;
  },
  "rejects a moment later": async () => {
    await sleep(50);
    throw expired;
  },
  "gives what is no token": () => 42,
  "gives a token with a line break": async () => "a\nb",
};

const ways = {
  query: (client, url, options) => client.query(url, payload, options),
  stream: (client, url, options) => client.stream(url, payload, options).finalText(),
  fetch: (client, url) => client.fetch(url, { method: "POST", body: JSON.stringify(payload) }).then((response) => response.text()),
};

const put = async (name, scenario = {}) => (await mock.put(name, scenario)) + CHAT;

/** Nothing waits for much longer than what is measured here. */
const createClient = (options) => api.createClient({ timeouts: { totalMs: 5_000 }, maxRetries: 0, ...options });

function isThrown({ error, ...came }, what) {
  if (what.startsWith("gives")) assert.ok(error instanceof TypeError && error.message.includes("token"), show({ error, ...came }));
  else assert.equal(error, expired, show({ error, ...came }));
}

/** Everything that is counted as sent has come to an end. */
function nothingIsLeft(client) {
  for (const { target, inFlight, queued } of client.stats()) {
    assert.deepEqual({ target, inFlight, queued }, { target, inFlight: 0, queued: 0 });
  }
  const ended = client.metrics().matchAll(/^query_with_retry_attempts_total\{.*\} (\d+)$/gm);
  const ends = [...ended].reduce((sum, [, count]) => sum + Number(count), 0);
  assert.equal(
    ends,
    client.stats().reduce((sum, { attempts }) => sum + attempts, 0),
    "attempts without an outcome",
  );
}

describe("a token function", { timeout: 60_000 }, () => {
  for (const [what, token] of Object.entries(throwers)) {
    for (const [how, call] of Object.entries(ways)) {
      test(`that ${what} in four calls of ${how} leaves nothing in flight, and the fifth call is answered`, async () => {
        const url = await put("m");
        let isBroken = true;
        const client = createClient({ token: () => (isBroken ? token() : "hf_good") });
        const four = await Promise.all([1, 2, 3, 4].map(() => outcome(() => call(client, url))));
        for (const came of four) isThrown(came, what);
        nothingIsLeft(client);
        isBroken = false;
        const fifth = await outcome(() => call(client, url), 4_000);
        assert.ok("value" in fifth, show(fifth));
        nothingIsLeft(client);
      });
    }
  }

  test("that throws lets the next one in line go at once", async () => {
    const url = await put("line");
    const client = createClient({ concurrency: { min: 1, max: 1 } });
    const broken = [1, 2, 3].map(() => outcome(() => client.query(url, payload, { token: throwers["rejects a moment later"] })));
    const behind = [1, 2, 3].map(() => outcome(() => client.query(url, payload)));
    for (const came of await Promise.all(broken)) isThrown(came, "rejects");
    for (const came of await Promise.all(behind)) assert.ok("value" in came, show(came));
    assert.ok(Math.max(...(await Promise.all(behind)).map(({ ms }) => ms)) < 1_000, "the line stood still");
    nothingIsLeft(client);
  });

  test("that throws at a retry gives back the place as well", async () => {
    const url = await put("retry", { script: Array(4).fill(BUSY) });
    const client = createClient({ concurrency: { min: 4, max: 4 } });
    const token = () => {
      let asked = 0;
      return () => (asked++ === 0 ? "hf_good" : throwers.throws());
    };
    const calls = [1, 2, 3, 4].map(() => outcome(() => client.query(url, payload, { token: token(), maxRetries: 1 })));
    const four = await Promise.all(calls);
    for (const came of four) isThrown(came, "throws");
    const fifth = await outcome(() => client.query(url, payload));
    assert.ok("value" in fifth, show(fifth));
    nothingIsLeft(client);
  });

  test("of a fallback that throws gives back the place at the fallback", async () => {
    const [url, other] = [await put("down", { then: BUSY }), await put("other")];
    const client = createClient({ breaker: false });
    const fallback = [{ url: other, token: throwers.rejects }];
    const four = await Promise.all([1, 2, 3, 4].map(() => outcome(() => client.query(url, payload, { fallback }))));
    for (const came of four) isThrown(came, "rejects");
    const fifth = await outcome(() => client.query(other, payload));
    assert.ok("value" in fifth, show(fifth));
    nothingIsLeft(client);
  });
});

describe("a token function of the call that leads", { timeout: 60_000 }, () => {
  for (const [how, call] of Object.entries(ways)) {
    test(`a cold start by ${how}, and throws at a later look, hands over to its followers soon`, async () => {
      const url = await put(`cold-${how}`, { cold: { ms: 2_500, says: 4 } });
      let asked = 0;
      const token = () => {
        if (asked++ === 1) throw expired;
        return "hf_good";
      };
      const client = createClient({ token, timeouts: { totalMs: 12_000, attemptMs: 10_000 } });
      const leader = outcome(() => call(client, url));
      await mock.statsOnce(`cold-${how}`, ({ log }) => log[0]?.outcome === "sent", "the first look");
      const followers = [1, 2, 3].map(() => outcome(() => call(client, url), 14_000));
      const led = await leader;
      isThrown(led, "throws");
      assert.ok(led.ms < 2_000, show(led));
      for (const came of await Promise.all(followers)) {
        assert.ok("value" in came, show(came));
        assert.ok(came.ms < 7_000, `answered after ${came.ms} ms`);
      }
      const { log } = await mock.stats(`cold-${how}`);
      const apart = log[1].atMs - log[0].atMs;
      assert.ok(apart < 3_500, `the next look was ${apart} ms after the first`);
      nothingIsLeft(client);
    });
  }
});

describe("a token function of a probe", { timeout: 60_000 }, () => {
  for (const [what, token] of Object.entries(throwers)) {
    for (const [how, call] of Object.entries(ways)) {
      test(`by ${how} that ${what} leaves the breaker to the next call`, async () => {
        const url = await put("probed", { script: [BUSY, BUSY] });
        let isBroken = false;
        const states = [];
        const client = createClient({
          token: () => (isBroken ? token() : "hf_good"),
          breaker: { failures: 2, openMs: 300 },
          onEvent: ({ type, state }) => type === "breaker" && states.push(state),
        });
        for (let failure = 0; failure < 2; failure++) isError(await outcome(() => client.query(url, payload)), api, "unavailable");
        isError(await outcome(() => client.query(url, payload)), api, "circuit_open");
        await sleep(400); // 300, and up to a quarter more
        isBroken = true;
        isThrown(await outcome(() => call(client, url)), what);
        isBroken = false;
        const next = await outcome(() => call(client, url));
        assert.ok("value" in next, `${states}: ${show(next)}`);
        assert.equal((await mock.stats("probed")).requests, 3);
        assert.equal(client.stats()[0].inFlight, 0);
      });
    }
  }
});

test("no core was replaced by any of them", () => assert.equal(cores(), 1));
