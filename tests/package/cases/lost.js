// A request that got no answer: what the platform says of it reaches the caller, and decides whether another try is worth it. What each
// platform says is in lost.test.js, which looks at the source.
import { settledAfter } from "./clock.js";

const browsers = ["chromium", "firefox", "webkit"];

/** Where nobody listens. */
const refusals = {
  node: /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
  deno: /Connection refused/,
  bun: /^ECONNREFUSED: /,
  workerd: /^Network connection lost\.$/,
  chromium: /^Failed to fetch$/,
  firefox: /^NetworkError when attempting to fetch resource\.$/,
  webkit: /^Load failed$/,
};

/** A client that keeps what its `fetch` has rejected with. */
function listening(api, options = {}, send = fetch) {
  const rejections = [];
  const client = api.createClient({
    retryBudget: false,
    breaker: false,
    ...options,
    fetch: (url, init) =>
      send(url, init).catch((error) => {
        // Whether the origin is there at all is asked besides.
        if (init.method !== "HEAD") rejections.push(error);
        throw error;
      }),
  });
  return { client, rejections };
}

/** As undici says it, in whatever runtime. */
const coded = (message, code) => new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });

const rejecting = (error) => async () => {
  throw error;
};

const ways = {
  query: (client, url, options) => client.query(url, {}, options),
  stream: (client, url, options) => client.stream(url, { messages: [] }, options).finalText(),
  fetch: (client, url) => client.fetch(url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }),
};

const opensAfter = async (losing, ms) => (await fetch(`${losing.opens}?ms=${ms}`)).json();

/** So many calls to a port that opens after `closedMs`: one looks for all of them, and the first is late by no more than it may be. */
async function answeredSoonAfter(api, assert, { url, calls, closedMs, moreMs, options }) {
  const reports = await Promise.all(Array.from({ length: calls }, async () => (await api.queryWithReport(url, {}, options)).report));
  const first = Math.min(...reports.map(({ totalMs }) => totalMs));
  assert.between(first, closedMs - 100, closedMs * 1.25 + 1_000 + moreMs);
  const inVain = reports.flatMap(({ attempts }) => attempts).filter(({ outcome }) => outcome !== "ok").length;
  assert.between(inVain, 1, calls === 1 ? 9 : 16);
}

export const lost = [
  ...Object.entries(ways).map(([way, ask]) => ({
    name: `a ${way} that is refused says so: the cause is what fetch rejected with, the detail its innermost message`,
    async run({ api, losing, assert, runtime }) {
      const { client, rejections } = listening(api, { maxRetries: 0, loading: { refusedMs: 0 } });
      const error = await assert.rejects(ask(client, losing.refused), { name: "QueryError", code: "network", layer: "network" });
      assert.equal(rejections.length, 1);
      assert.equal(error.cause, rejections[0]);
      assert.ok(refusals[runtime].test(error.detail), error.detail);
      assert.ok(error.message.includes(error.detail.slice(0, 100)), error.message);
      assert.equal(error.report.attempts.length, 1);
      assert.equal(error.report.waitedMs.loading, undefined);
    },
  })),
  {
    name: "a wait after a refusal says what the platform said of it, and one after a loading answer has no such detail",
    async run({ api, losing, mock, assert, runtime }) {
      const waits = async (url, options) => {
        const told = [];
        const { client } = listening(api, { maxRetries: 0, onEvent: (event) => event.type === "wait" && told.push(event), ...options });
        await client.query(url, {}).catch(() => {});
        return told;
      };
      const refused = await waits(losing.refused, { loading: { refusedMs: 1_500 } });
      assert.ok(refused.length > 0);
      for (const { reason, detail } of refused) {
        assert.equal(reason, "loading");
        assert.ok(refusals[runtime].test(detail), detail);
      }
      const url = await mock.put("m", { cold: { ms: 1_000, says: 1 }, healthy: { status: 200, body: {} } });
      const loading = await waits(url);
      assert.ok(loading.length > 0);
      for (const { reason, ...wait } of loading) {
        assert.equal(reason, "loading");
        assert.ok(!("detail" in wait), wait.detail);
      }
    },
  },
  {
    name: "a wait after a refusal does not show the key in the address that was refused",
    async run({ api, assert }) {
      const told = [];
      const send = rejecting(coded("connect ECONNREFUSED https://models.test/?key=hf_s3cret0000", "ECONNREFUSED"));
      const onEvent = (event) => event.type === "wait" && told.push(event);
      const { client } = listening(api, { maxRetries: 0, loading: { refusedMs: 1_200 }, onEvent }, send);
      await client.query("https://models.test/?key=hf_s3cret0000", {}).catch(() => {});
      assert.ok(told.length > 0);
      for (const { detail } of told) assert.ok(detail.startsWith("connect ECONNREFUSED ") && !detail.includes("s3cret"), detail);
    },
  },
  {
    name: "an engine whose port is closed for three seconds is answered a second and a quarter late at most, by one call and by twenty",
    limitMs: 25_000,
    async run({ api, losing, assert, runtime }) {
      for (const calls of [1, 20]) {
        const { url } = await opensAfter(losing, 3_000);
        const begun = performance.now();
        // A page that has just asked looks again a while later.
        await answeredSoonAfter(api, assert, { url, calls, closedMs: 3_000, moreMs: 400 });
        assert.ok(performance.now() - begun < 9_000, runtime);
      }
    },
  },
  {
    name: "an engine whose port is closed for 8 and for 20 s, and behind nginx, is answered as soon, by one call and by twenty",
    limitMs: 45_000,
    async run({ api, losing, assert, runtime }) {
      if (browsers.includes(runtime)) return; // which have six connections for all of these, and a preflight each
      const waits = [8_000, 20_000].flatMap((closedMs) =>
        ["url", "behindNginx"].flatMap((way) =>
          [1, 20].map(async (calls) => {
            const url = (await opensAfter(losing, closedMs))[way];
            // Without nginx on the machine there is nothing to stand behind.
            if (url) await answeredSoonAfter(api, assert, { url, calls, closedMs, moreMs: 600, options: { loading: { refusedMs: 30_000 } } });
          }),
        ),
      );
      await Promise.all(waits);
    },
  },
  {
    name: "a port that stays closed is waited for as long as refusedMs says, spends no retry, and is a network error then",
    async run({ api, losing, assert, runtime }) {
      const { client, rejections } = listening(api, { maxRetries: 0, loading: { refusedMs: 2_500 } });
      const waits = [];
      const call = client.query(losing.refused, {}, { onEvent: (event) => event.type === "wait" && waits.push(event) });
      const took = settledAfter(call);
      const error = await assert.rejects(call, { name: "QueryError", code: "network" });
      assert.between(await took, 1_000, 5_000);
      assert.between(error.report.attempts.length, 2, 5);
      assert.equal(rejections.length, error.report.attempts.length);
      assert.equal(error.cause, rejections.at(-1));
      assert.ok(refusals[runtime].test(error.detail), error.detail);
      assert.ok(waits.length > 0, "no wait was told");
      for (const { reason } of waits) assert.equal(reason, "loading");
      assert.between(error.report.waitedMs.loading, 900, 4_000);
    },
  },
  ...[
    ["certificate", ["node", "deno", "bun"], /certificate/i],
    ["httpsToHttp", ["node", "deno", "bun"], /wrong version number|corrupt message|EPROTO/],
    ["badPort", ["node", "deno"], /port/],
  ].map(([loss, who, says]) => ({
    name: `a request that can never be answered is sent once, where the platform tells: ${loss}`,
    async run({ api, losing, assert, runtime }) {
      if (!who.includes(runtime)) return; // which tells nothing of it
      const { client, rejections } = listening(api);
      const error = await assert.rejects(client.query(losing[loss], {}), { name: "QueryError", code: "network" });
      assert.equal(rejections.length, 1);
      assert.equal(error.report.attempts.length, 1);
      assert.equal(error.cause, rejections[0]);
      assert.ok(says.test(error.detail), error.detail);
    },
  })),
  {
    name: "a host that does not exist is named as such, where the platform tells, and not asked again",
    async run({ api, losing, assert, runtime }) {
      if (browsers.includes(runtime) || runtime === "workerd") return;
      const { client, rejections } = listening(api, { maxRetries: 1 });
      const error = await assert.rejects(client.query(losing.unknownHost, {}), { name: "QueryError", code: "network" });
      // A resolver without a network may say that it fails for the moment only.
      const isForNow = /EAI_AGAIN|temporary/i.test(error.detail);
      assert.equal(rejections.length, isForNow ? 2 : 1, error.detail);
      assert.equal(error.cause, rejections.at(-1));
      assert.ok(/no-such-host\.invalid/.test(error.detail), error.detail);
    },
  },
  {
    name: "an answer that breaks has a cause and a detail too",
    async run({ api, losing, assert }) {
      const error = await assert.rejects(api.queryWithRetry(losing.body, {}, { maxRetries: 0 }), { name: "QueryError", code: "network" });
      assert.ok(error.cause instanceof Error || error.cause instanceof DOMException, String(error.cause));
      assert.ok(error.detail.length > 0, "no detail");
      assert.equal(error.report.attempts[0].status, 200);
    },
  },
  ...["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"].map((code) => ({
    name: `a clock of the platform is a timeout, and is given one more try: ${code}`,
    async run({ api, losing, assert }) {
      const rejection = coded("Timeout Error", code);
      const { client, rejections } = listening(api, {}, rejecting(rejection));
      const error = await assert.rejects(client.query(losing.refused, {}), { name: "QueryError", code: "timeout" });
      assert.between(rejections.length, 1, 2);
      assert.equal(error.cause, rejection);
      assert.equal(error.detail, `Timeout Error (${code})`);
    },
  })),
  {
    name: "a Worker's limit of subrequests ends a call at once",
    async run({ api, losing, assert }) {
      const rejection = new Error("Too many subrequests by single Worker invocation.");
      const { client, rejections } = listening(api, {}, rejecting(rejection));
      const error = await assert.rejects(client.query(losing.refused, {}), { name: "QueryError", code: "network" });
      assert.equal(rejections.length, 1);
      assert.equal(error.cause, rejection);
      assert.equal(error.detail, rejection.message);
    },
  },
  {
    name: "a mistake in a fetch of one's own is seen in the error",
    async run({ api, losing, assert }) {
      const rejection = new ReferenceError("proxyUrl is not defined");
      const { client } = listening(api, { maxRetries: 0 }, rejecting(rejection));
      const error = await assert.rejects(client.query(losing.refused, {}), { name: "QueryError", code: "network" });
      assert.equal(error.cause, rejection);
      assert.equal(error.detail, "proxyUrl is not defined");
    },
  },
  {
    name: "the detail of a lost request holds neither the token nor the query of the URL",
    async run({ api, losing, assert }) {
      const [token, key] = ["hf_thisIsASecretTokenOfTheCaller", "aKeyInTheQueryOfTheUrl"];
      const rejection = coded(`error sending request for url (${losing.refused}?key=${key}) with Bearer ${token}`, "EODD");
      const { client } = listening(api, { maxRetries: 0, token }, rejecting(rejection));
      const error = await assert.rejects(client.query(`${losing.refused}?key=${key}`, {}), { name: "QueryError", code: "network" });
      assert.ok(error.detail.startsWith("error sending request"), error.detail);
      for (const secret of [token, key]) assert.ok(!`${error.detail} ${error.message}`.includes(secret), error.detail);
    },
  },
  {
    name: "whatever a fetch rejects with, the call ends with a QueryError, and its cause is that",
    async run({ api, losing, assert }) {
      const itself = new Error("again");
      itself.cause = itself;
      const hostile = {
        get message() {
          throw new Error("no");
        },
      };
      for (const rejection of ["a text", 7, null, Object.freeze(new Error("frozen")), itself, hostile]) {
        const { client } = listening(api, { maxRetries: 0 }, rejecting(rejection));
        const error = await assert.rejects(client.query(losing.refused, {}), { name: "QueryError", code: "network" });
        // What cannot be looked at may show anything, and stays where it is.
        if (rejection !== hostile) assert.equal(error.cause, rejection);
      }
    },
  },
  {
    name: "an answer after lost requests has no cause",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", {
        script: [{ status: 200, fault: { kind: "reset", at: "accept" } }],
        then: { status: 400, body: { error: "too long" } },
      });
      const error = await assert.rejects(api.queryWithRetry(url, {}), { name: "QueryError", code: "bad_request" });
      assert.equal(error.cause, undefined);
      assert.equal(error.detail, "too long");
    },
  },
];
