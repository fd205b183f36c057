// The token goes to the origin it was given for, and into nothing that a program prints.
import { answer } from "./mock.js";

const TOKEN = "hf_thisIsAVerySecretTokenOfTheCaller";
const PAYLOAD = "the caller's own words";

/** Every string to be found in a value, hidden properties, causes and stacks included. */
function textIn(value, seen = new Set()) {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || seen.has(value)) return "";
  seen.add(value);
  return [...Object.getOwnPropertyNames(value), "message", "stack", "cause", "detail", "hint", "report"]
    .map((name) => `${name} ${textIn(value[name], seen)}`)
    .join("\n");
}

function holdsNoSecret(assert, value, what) {
  const text = `${textIn(value)} ${JSON.stringify(value)} ${String(value)}`;
  assert.ok(!text.includes(TOKEN), `${what} holds the token`);
  assert.ok(!text.includes(PAYLOAD), `${what} holds the payload`);
}

const percentEncoded = (text) => text.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`);

const tokens = [
  ["a string", TOKEN],
  ["a function", () => TOKEN],
  ["an async function", async () => TOKEN],
  ["a string with a line break at its end", `${TOKEN}\r\n`],
  ["a function whose string ends in white space", () => `${TOKEN} \n`],
];

export const secrets = [
  ...tokens.map(([what, token]) => ({
    name: `a token given as ${what} is sent as a bearer`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, {}) });
      await api.queryWithRetry(url, {}, { token });
      await api.queryWithRetry({ url, token }, {});
      await api.queryWithRetry(url, {});
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ headers }) => headers.authorization),
        [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`, undefined],
      );
    },
  })),
  {
    name: "a token function that fails fails the call, and nothing is sent",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, {}) });
      await assert.rejects(api.queryWithRetry(url, {}, { token: async () => Promise.reject(new Error("vault is shut")) }));
      assert.equal((await mock.stats("m")).requests, 0);
    },
  },
  {
    name: "no error, report or event holds the token or the payload, even where the server echoes the token",
    async run({ api, mock, assert }) {
      const echoing = answer(403, { error: `Token ${TOKEN} may not call this model` }, { "x-request-id": `id-of-${TOKEN}` });
      const url = await mock.put("m", { then: echoing });
      const events = [];
      const options = { token: TOKEN, headers: { "x-own": TOKEN }, onEvent: (event) => events.push(event) };
      const error = await assert.rejects(api.queryWithRetry(url, { inputs: PAYLOAD }, options), { code: "forbidden" });
      assert.ok(error.detail.includes("may not call this model"), error.detail);
      holdsNoSecret(assert, error, "the error");
      holdsNoSecret(assert, events, "an event");

      const fine = await mock.put("fine", { healthy: answer(200, { n: 1 }) });
      const { report } = await api.queryWithReport(fine, { inputs: PAYLOAD }, options);
      holdsNoSecret(assert, report, "the report");
      holdsNoSecret(assert, events, "an event");

      const broken = await mock.put("broken", { then: { status: 200, fault: { kind: "reset", at: "accept" } } });
      const once = { ...options, maxRetries: 0, loading: { refusedMs: 0 } };
      holdsNoSecret(assert, await assert.rejects(api.queryWithRetry(broken, { inputs: PAYLOAD }, once)), "a network error");
    },
  },
  ...Object.entries({
    "in capitals": TOKEN.toUpperCase(),
    "in small letters, as a whole header": `bearer ${TOKEN.toLowerCase()}`,
    "with every character percent-encoded": percentEncoded(TOKEN),
    "in lines": TOKEN.replace(/.{10}/g, "$&\r\n"),
    "in base64": btoa(TOKEN),
    "in base64 of the whole header": btoa(`Bearer ${TOKEN}`),
    "in base64 beside a name, as Basic has it": `Basic ${btoa(`me:${TOKEN}`)}`,
    "in base64 of JSON, for URLs": btoa(`{"key":"${TOKEN}"}`).replaceAll("=", ""),
    "in base64 in lines of 20": btoa(`x:${TOKEN}`).replace(/.{20}/g, "$&\n"),
  }).map(([how, said]) => ({
    name: `a token that a server repeats ${how} is blanked out, and the words around it stay`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(401, { error: `The credentials <${said}> are not known (code 17)` }) });
      const { detail, message } = await assert.rejects(api.queryWithRetry(url, {}, { token: TOKEN }), { code: "unauthorized" });
      assert.ok(/^The credentials <.{0,12}\[secret\].{0,8}> are not known \(code 17\)$/.test(detail), detail);
      assert.ok(message.includes("[secret]"), message);
    },
  })),
  ...["accept-token", "content-key", "content-signature", "user-agent-key", "x-stainless-key"].map((header) => ({
    name: `the value of ${header}, which only begins like a harmless header, is blanked out`,
    async run({ api, assert }) {
      const fetch = async (_, init) => Promise.reject(new Error(`sent ${new Headers(init.headers).get(header)} in vain`));
      const client = api.createClient({ fetch, maxRetries: 0, loading: { refusedMs: 0 } });
      const init = { method: "POST", body: "{}", headers: { [header]: TOKEN } };
      const { message, detail } = await assert.rejects(client.fetch("http://host.test/", init));
      assert.ok(detail.includes("sent [secret] in vain") && !message.includes(TOKEN), message);
    },
  })),
  ...[12, 20, TOKEN.length - 1].map((length) => ({
    name: `the first ${length} characters of a token are blanked out within a sentence`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", {
        then: answer(401, { error: `The key ${TOKEN.slice(0, length)}… and ${TOKEN.slice(0, length)}* are wrong` }),
      });
      const { detail } = await assert.rejects(api.queryWithRetry(url, {}, { token: TOKEN }), { code: "unauthorized" });
      assert.equal(detail, "The key [secret]… and [secret]* are wrong");
    },
  })),
  {
    name: "words that begin like a header of several words, or like a URL in one, stay",
    async run({ api, mock, assert }) {
      const words = "Internal Server Error: see https://www.host.test/help";
      const url = await mock.put("m", { then: answer(401, { error: words }) });
      const headers = { "x-title": "Internal Server Monitor", "x-from": "https://www.caller.test/" };
      const { detail } = await assert.rejects(api.queryWithRetry(url, {}, { headers }), { code: "unauthorized" });
      assert.equal(detail, words);
    },
  },
  {
    name: "a redirect to another origin is followed without the token",
    async run({ api, mock, assert }) {
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      const location = `{other}${new URL(there).pathname}`;
      const url = await mock.put("here", { then: { status: 307, headers: { location } } });
      assert.deepEqual(await api.queryWithRetry(url, { inputs: "x" }, { token: TOKEN }), { n: 1 });
      assert.equal((await mock.stats("here")).log[0].headers.authorization, `Bearer ${TOKEN}`);
      const { log } = await mock.stats("there");
      assert.equal(log.length, 1);
      assert.equal(log[0].origin, "other");
      assert.equal(log[0].headers.authorization, undefined);
      assert.equal(log[0].body, '{"inputs":"x"}');
    },
  },
  {
    name: "who is refused behind a redirect to another origin is told that its credentials were not sent there",
    async run({ api, mock, assert, runtime }) {
      const there = await mock.put("there", { then: { status: 401, headers: {}, body: "no" } });
      const { pathname } = new URL(there);
      const url = await mock.put("here", { then: { status: 307, headers: { location: `{other}${pathname}?key=${TOKEN}` } } });
      const error = await assert.rejects(api.queryWithRetry(url, { inputs: "x" }, { token: TOKEN }), { code: "unauthorized" });
      // A browser follows by itself, and shows nothing of it.
      if (["chromium", "firefox", "webkit"].includes(runtime)) return;
      assert.ok(error.detail.includes(`${pathname}, where no credentials are sent`), error.detail);
      holdsNoSecret(assert, error, "the error");
    },
  },
  {
    name: "a redirect within the origin keeps the token and the payload",
    async run({ api, mock, assert }) {
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      const location = `{origin}${new URL(there).pathname}`;
      const url = await mock.put("here", { then: { status: 308, headers: { location } } });
      assert.deepEqual(await api.queryWithRetry(url, { inputs: "x" }, { token: TOKEN }), { n: 1 });
      const { log } = await mock.stats("there");
      assert.equal(log[0].origin, "this");
      assert.equal(log[0].headers.authorization, `Bearer ${TOKEN}`);
      assert.equal(log[0].method, "POST");
      assert.equal(log[0].body, '{"inputs":"x"}');
    },
  },
];
