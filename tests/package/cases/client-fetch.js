// The fetch of a client: it takes what fetch takes and answers as fetch does, and what stands between
// a program and its answer it deals with as the calls do.
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";

const JSON_TYPE = { "content-type": "application/json" };
const BUSY = answer(503, { error: "Service Unavailable" });
const HTML = answer(200, "<!DOCTYPE html><title>Maintenance</title>", { "content-type": "text/html; charset=utf-8" });
const post = (body, more = {}) => ({ method: "POST", headers: JSON_TYPE, body: JSON.stringify(body), ...more });

const BYTES = Uint8Array.from({ length: 4_000 }, (_, at) => (at * 7) % 256);
const streamOf = (...pieces) =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What is given as the body, its content type as the platform says it, and the text that is to come. */
const texts = [
  ["a string", () => "naïve", /^text\/plain;charset=utf-8$/i, "naïve"],
  ["an empty string", () => "", /^text\/plain;charset=utf-8$/i, ""],
  ["URLSearchParams", () => new URLSearchParams({ a: "1 2", b: "ä" }), /^application\/x-www-form-urlencoded/, "a=1+2&b=%C3%A4"],
  ["a Blob with a type", () => new Blob(["x,y"], { type: "text/csv" }), /^text\/csv$/, "x,y"],
  ["a Blob without a type", () => new Blob(["x,y"]), undefined, "x,y"],
  ["an ArrayBuffer", () => new TextEncoder().encode("naïve").buffer, undefined, "naïve"],
  ["a part of a buffer", () => new TextEncoder().encode("..naïve.").subarray(2, -1), undefined, "naïve"],
  ["a ReadableStream", () => streamOf(new TextEncoder().encode("na"), new TextEncoder().encode("ïve")), undefined, "naïve"],
];

/** Ways to ask for the same, given the URL. */
const inputs = [
  ["a string and init", (url) => [`${url}/v1/x?a=1&b=%20`, post({ n: 1 })]],
  ["a URL and init", (url) => [new URL(`${url}/v1/x?a=1&b=%20`), post({ n: 1 })]],
  ["a Request", (url) => [new Request(`${url}/v1/x?a=1&b=%20`, post({ n: 1 }))]],
  ["a Request whose body init replaces", (url) => [new Request(`${url}/v1/x?a=1&b=%20`, post({ n: 2 })), { body: '{"n":1}' }]],
  [
    "a Request whose method and headers init replaces",
    (url) => [new Request(`${url}/v1/x?a=1&b=%20`, post({ n: 1 }, { method: "PUT", headers: {} })), { method: "POST", headers: JSON_TYPE }],
  ],
  ["Headers", (url) => [`${url}/v1/x?a=1&b=%20`, post({ n: 1 }, { headers: new Headers(JSON_TYPE) })]],
  ["headers as pairs", (url) => [`${url}/v1/x?a=1&b=%20`, post({ n: 1 }, { headers: Object.entries(JSON_TYPE) })]],
];

/** Failures that a program gets as the Response that came. */
const lasts = [
  [400, { error: "inputs are missing" }, 1],
  [401, { error: "Invalid username or password." }, 1],
  [403, { error: "not yours" }, 1],
  [404, { error: "no such model" }, 1],
  [422, { error: "too many tokens" }, 1],
  [429, { error: "Rate limit reached" }, 3],
  [500, { error: "boom" }, 3],
  [502, "<html><title>Proxy Error</title></html>", 3],
  [503, { error: "Service Unavailable" }, 3],
];

/** A 200 that holds no answer. */
const noAnswers = [
  ["a page", HTML, "bad_response"],
  ["a page that calls itself JSON", answer(200, "<html><title>Down</title></html>", JSON_TYPE), "bad_response"],
  ["broken JSON", answer(200, '{"choices": [', JSON_TYPE), "bad_response"],
  ["nothing where JSON was promised", answer(200, "", JSON_TYPE), "bad_response"],
  ["an error object", answer(200, { error: "Model is overloaded" }), "overloaded"],
  ["an error object in the form of OpenAI", answer(200, { error: { message: "The server had an error", type: "server_error" } }), "engine_failure"],
];

export const clientFetch = [
  // What it takes.
  ...inputs.map(([what, make]) => ({
    name: `client.fetch takes ${what}, and the server sees method, path, query, headers and body`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const response = await api.createClient().fetch(...make(url));
      assert.deepEqual(await response.json(), { n: 1 });
      const [{ method, path, headers, body }] = (await mock.stats("m")).log;
      assert.deepEqual({ method, path, body }, { method: "POST", path: "/v1/x?a=1&b=%20", body: '{"n":1}' });
      assert.equal(headers["content-type"], "application/json");
      assert.equal(headers["content-length"], "7");
    },
  })),
  ...texts.map(([what, make, type, text]) => ({
    name: `client.fetch sends ${what} as fetch does, and a second time after a failure`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [BUSY], healthy: answer(200, { n: 1 }) });
      const body = make();
      const init = { method: "POST", headers: { "x-mine": "yes" }, body, ...(body instanceof ReadableStream && { duplex: "half" }) };
      await (await api.createClient().fetch(url, init)).json();
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ body }) => body),
        [text, text],
      );
      for (const { headers } of log) {
        assert.equal(headers["x-mine"], "yes");
        const its = headers["content-type"];
        assert.ok(type ? type.test(its) : !its, `content-type: ${its}`);
      }
    },
  })),
  {
    name: "client.fetch sends a form with a file and the boundary of its parts with every try",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [BUSY], healthy: answer(200, { text: "hello" }) });
      const form = new FormData();
      form.append("model", "whisper-1");
      form.append("file", new Blob(["a sound ".repeat(50)], { type: "audio/wav" }), "naïve.wav");
      assert.deepEqual(await (await api.createClient().fetch(url, { method: "POST", body: form })).json(), { text: "hello" });
      const { log } = await mock.stats("m");
      assert.equal(log.length, 2);
      for (const { headers, body } of log) {
        const [, boundary] = /^multipart\/form-data; ?boundary="?([^"]+)"?$/.exec(headers["content-type"]) ?? [];
        assert.ok(boundary, headers["content-type"]);
        assert.ok(body.includes(`--${boundary}--`) && body.includes("whisper-1") && body.includes("a sound ".repeat(50)), body.slice(0, 300));
      }
    },
  },
  {
    name: "client.fetch sends bytes untouched",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", {});
      const init = { method: "POST", headers: { "content-type": "application/octet-stream" } };
      for (const body of [BYTES, BYTES.buffer, new Blob([BYTES]), streamOf(BYTES.slice(0, 1_000), BYTES.slice(1_000))]) {
        const more = body instanceof ReadableStream ? { duplex: "half" } : {};
        const receipt = await (await api.createClient().fetch(url, { ...init, ...more, body })).json();
        assert.deepEqual([receipt.bytes, receipt.sha256], [BYTES.length, await sha256(BYTES)]);
      }
    },
  },
  {
    name: "client.fetch without init is a GET without a body",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [BUSY], healthy: answer(200, { data: [] }) });
      assert.deepEqual(await (await api.createClient().fetch(`${url}/v1/models`)).json(), { data: [] });
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ method, bodyBytes, path }) => [method, bodyBytes, path]),
        [
          ["GET", 0, "/v1/models"],
          ["GET", 0, "/v1/models"],
        ],
      );
      for (const { headers } of log) assert.equal(headers["content-type"], undefined);
    },
  },
  {
    name: "client.fetch keeps the method: PUT, PATCH, DELETE, and a lower-case post",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const { fetch } = api.createClient();
      for (const method of ["PUT", "PATCH", "DELETE", "post"]) await (await fetch(url, { method, body: "x" })).json();
      await (await fetch(url, { method: "DELETE" })).json();
      assert.deepEqual(
        (await mock.stats("m")).log.map(({ method }) => method),
        ["PUT", "PATCH", "DELETE", "POST", "DELETE"],
      );
    },
  },
  {
    name: "client.fetch sends the token of the request, and the client's where there is none",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient({ token: "hf_client" });
      await (await client.fetch(url, post({}))).json();
      await (await client.fetch(url, post({}, { headers: { Authorization: "Bearer sk_request" } }))).json();
      await (await client.fetch(url, post({}, { headers: { authorization: "Basic eDp5" } }))).json();
      const seen = (await mock.stats("m")).log.map(({ headers }) => headers.authorization);
      assert.deepEqual(seen, ["Bearer hf_client", "Bearer sk_request", "Basic eDp5"]);
    },
  },
  {
    name: "client.fetch rejects what fetch rejects, and sends nothing",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const { fetch } = api.createClient();
      for (const [input, init] of [
        ["http://", {}],
        ["ftp://127.0.0.1/", {}],
        [url, { headers: { "bad name": "x" } }],
        [url, { method: "GET", body: "x" }],
      ]) {
        const error = await assert.rejects(fetch(input, init), {}, `${input} ${JSON.stringify(init)}`);
        assert.ok(error instanceof TypeError || error instanceof api.QueryError, String(error));
      }
      assert.equal((await mock.stats("m")).requests, 0);
    },
  },

  // What it answers with.
  {
    name: "client.fetch answers with a Response as fetch does: status, headers, url and a body that can be read once",
    async run({ api, mock, assert }) {
      const body = { id: "x", object: "list", data: [1, 2, 3] };
      const url = await mock.put("m", { healthy: answer(201, body, { "x-request-id": "req-1", "x-note": "a" }) });
      const { fetch: own } = api.createClient();
      for (const read of ["json", "text", "arrayBuffer", "blob", "body", "clone"]) {
        const response = await own(`${url}?a=1`, post({}));
        const { status, ok, bodyUsed } = response;
        assert.deepEqual({ status, ok, bodyUsed, url: response.url }, { status: 201, ok: true, bodyUsed: false, url: `${url}?a=1` });
        assert.ok(response instanceof Response);
        assert.equal(response.headers.get("x-request-id"), "req-1");
        assert.equal(response.headers.get("x-note"), "a");
        assert.equal(response.headers.get("content-type"), "application/json");
        if (read === "json") assert.deepEqual(await response.json(), body);
        if (read === "text") assert.equal(await response.text(), JSON.stringify(body));
        if (read === "arrayBuffer") assert.equal((await response.arrayBuffer()).byteLength, JSON.stringify(body).length);
        if (read === "blob") assert.equal((await response.blob()).size, JSON.stringify(body).length);
        if (read === "body") {
          assert.ok(response.body instanceof ReadableStream);
          assert.equal(await new Response(response.body).text(), JSON.stringify(body));
        }
        if (read === "clone") {
          assert.deepEqual(await response.clone().json(), body);
          assert.deepEqual(await response.json(), body);
          await assert.rejects(response.json(), { name: "TypeError" });
        }
      }
    },
  },
  ...[204, 205].map((status) => ({
    name: `client.fetch answers with a ${status}, which has no body`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: { status, headers: { "x-note": "a" } } });
      const response = await api.createClient().fetch(url, { method: "DELETE" });
      assert.deepEqual([response.status, response.ok, response.headers.get("x-note")], [status, true, "a"]);
      assert.equal(await response.text(), "");
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
  {
    name: "client.fetch answers a HEAD with the headers alone, of JSON too",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }, { "x-note": "a" }) });
      const response = await api.createClient().fetch(url, { method: "HEAD" });
      assert.deepEqual([response.status, response.headers.get("x-note")], [200, "a"]);
      assert.equal(await response.text(), "");
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ method }) => method),
        ["HEAD"],
      );
    },
  },
  {
    name: "client.fetch passes a 304 on to who asked for it",
    async run({ api, mock, assert, runtime }) {
      const url = await mock.put("m", { then: { status: 304, headers: { etag: '"a"' } } });
      const response = await api
        .createClient()
        .fetch(url, { headers: { "if-none-match": '"a"' }, ...(runtime !== "workerd" && { cache: "no-store" }) });
      assert.equal(response.status, 304);
      assert.equal(await response.text(), "");
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
  ...[304, 999].map((status) => ({
    name: `client.fetch settles at a ${status}, of which no Response with a body can be made, and harms no call beside it`,
    async run({ api, mock, assert }) {
      const [url, slow] = [
        await mock.put("m", { healthy: answer(200, { n: 2 }) }),
        await mock.put("slow", { healthy: answer(200, { n: 1 }), latencyMs: 400 }),
      ];
      // As a platform hands it over: its own responses may have any status.
      const own = async (input, init) => {
        const response = await fetch(input, init);
        return input === url ? Object.defineProperty(response, "status", { value: status }) : response;
      };
      const client = api.createClient({ maxRetries: 0, fetch: own });
      const beside = client.query(slow, {});
      beside.catch(() => {});
      const call = client.fetch(url, { method: "POST", body: "x" }).then(
        (response) => response.status,
        (error) => error instanceof api.QueryError,
      );
      const end = await Promise.race([call, sleep(2_000)]);
      assert.ok(end === status || end === true, String(end));
      assert.deepEqual(await beside, { n: 1 });
    },
  })),
  {
    name: "client.fetch passes text, lines of JSON and an empty answer on as they came",
    async run({ api, mock, assert }) {
      const { fetch } = api.createClient();
      const all = [
        ["text/plain", "<b>just words</b>"],
        ["application/x-ndjson", '{"n":1}\n{"n":2}\n'],
        ["application/jsonl", '{"error":"one of many"}\n{"n":2}\n'],
        ["text/plain", ""],
      ];
      for (const [at, [type, body]] of all.entries()) {
        const url = await mock.put(`m${at}`, { then: { status: 200, headers: { "content-type": type }, body } });
        assert.equal(await (await fetch(url)).text(), body, type);
        assert.equal((await mock.stats(`m${at}`)).requests, 1);
      }
    },
  },
  {
    name: "client.fetch hands bytes over before they are all there, and every one of them",
    async run({ api, mock, assert, runtime }) {
      const step = { status: 200, headers: { "content-type": "audio/mpeg" }, bodyBytes: 5_000_000 };
      const whole = await mock.put("whole", { then: step });
      const late = await mock.put("late", { then: { ...step, fault: { kind: "stall", at: "body", bytes: 100_000 } } });
      const client = api.createClient();
      const response = await client.fetch(whole);
      assert.equal(response.headers.get("content-type"), "audio/mpeg");
      const bytes = await response.arrayBuffer();
      assert.equal(bytes.byteLength, 5_000_000);
      assert.equal(await sha256(bytes), await sha256(await (await fetch(whole)).arrayBuffer()));
      const reader = (await client.fetch(late)).body.getReader();
      let came = 0;
      while (came < 100_000) came += (await reader.read()).value.byteLength;
      assert.equal(came, 100_000);
      await reader.cancel();
      // Firefox does not close the connection of a silent body that its reader has cancelled.
      if (runtime !== "firefox") await mock.statsOnce("late", ({ aborted }) => aborted === 1, "the body being cancelled");
    },
  },
  {
    name: "client.fetch lets go of a body that was passed on unread only when its reader or its signal does",
    async run({ api, mock, assert }) {
      const step = {
        status: 200,
        headers: { "content-type": "audio/mpeg" },
        bodyBytes: 40,
        fault: { kind: "drip", at: "body", bytes: 10, everyMs: 60 },
      };
      const url = await mock.put("m", { then: step });
      const client = api.createClient({ timeouts: { idleMs: 500, attemptMs: 900 } });
      assert.equal((await (await client.fetch(url)).arrayBuffer()).byteLength, 40);
      const controller = new AbortController();
      const response = await client.fetch(url, { signal: controller.signal });
      const reading = response.arrayBuffer();
      reading.catch(() => {});
      await sleep(100);
      controller.abort(new RangeError("enough"));
      await assert.rejects(reading);
      await mock.statsOnce("m", ({ aborted }) => aborted === 1, "the abort of the second body");
    },
  },

  // What stands in between.
  {
    name: "client.fetch waits for a cold model",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "legacy", cold: { ms: 900, says: 2 }, healthy: answer(200, { n: 1 }) });
      const reasons = [];
      const client = api.createClient({ maxRetries: 0, onEvent: ({ type, reason }) => type === "wait" && reasons.push(reason) });
      assert.deepEqual(await (await client.fetch(url, post({ inputs: "x" }))).json(), { n: 1 });
      assert.deepEqual(reasons, ["loading"]);
    },
  },
  {
    name: "client.fetch asks again after a rate limit, when it may, after 502, and after a connection that broke",
    async run({ api, mock, assert }) {
      const limited = answer(429, { error: "Rate limit reached" }, { "retry-after": "1" });
      const reset = { status: 200, headers: JSON_TYPE, body: "[1]", fault: { kind: "reset", at: "accept" } };
      const url = await mock.put("m", { script: [limited, answer(502, ""), reset], healthy: answer(200, { n: 1 }) });
      const response = await api.createClient().fetch(url, post({ inputs: "x" }));
      assert.deepEqual([response.status, await response.json()], [200, { n: 1 }]);
      const { log } = await mock.stats("m");
      assert.ok(log[1].atMs - log[0].endedAtMs >= 999, "sooner than Retry-After");
      for (const { body } of log) assert.equal(body, '{"inputs":"x"}');
    },
  },
  ...lasts.map(([status, body, requests]) => ({
    name: `client.fetch answers with the last ${status}, its headers and its body, when there is nothing more to try`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(status, body, { "x-request-id": "req-7", "x-note": "a" }) });
      const seen = [];
      const client = api.createClient({ maxRetries: 2, onEvent: (event) => seen.push(event) });
      const response = await client.fetch(url, post({ inputs: "x" }));
      assert.deepEqual([response.status, response.ok, response.url], [status, false, url]);
      assert.equal(response.headers.get("x-request-id"), "req-7");
      assert.equal(response.headers.get("x-note"), "a");
      assert.equal(response.headers.get("x-should-retry"), "false");
      assert.equal(await response.text(), typeof body === "string" ? body : JSON.stringify(body));
      assert.equal((await mock.stats("m")).requests, requests);
      assert.equal(seen.at(-1).type, "failure");
      assert.equal(seen.at(-1).error.status, status);
      assert.equal(client.stats(url)[0].calls, 1);
    },
  })),
  {
    name: "client.fetch answers a HEAD that fails with its status",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(404, { error: "no" }) });
      const response = await api.createClient().fetch(url, { method: "HEAD" });
      assert.deepEqual([response.status, await response.text()], [404, ""]);
    },
  },
  {
    name: "client.fetch answers with a failure whose body is cut, stalls or is longer than anyone reads",
    async run({ api, mock, assert }) {
      const client = api.createClient({ maxRetries: 0, timeouts: { idleMs: 300 } });
      const long = { status: 400, headers: { "content-type": "text/plain" }, body: "x".repeat(200_000) };
      for (const [name, fault] of Object.entries({
        cut: { kind: "reset", at: "body", bytes: 1_000 },
        stalls: { kind: "stall", at: "body", bytes: 1_000 },
        long: undefined,
      })) {
        const url = await mock.put(name, { then: { ...long, fault } });
        const response = await client.fetch(url);
        assert.equal(response.status, 400, name);
        if (name === "long") assert.equal((await response.text()).length, 200_000);
        else await assert.rejects(response.text());
      }
    },
  },
  ...noAnswers.map(([what, step, code]) => ({
    name: `client.fetch never passes on a 200 with ${what}: it is retried, and then ${code}`,
    async run({ api, mock, assert }) {
      const once = await mock.put("once", { script: [step], healthy: answer(200, { n: 1 }) });
      const client = api.createClient({ maxRetries: 1 });
      assert.deepEqual(await (await client.fetch(once, post({ inputs: "x" }))).json(), { n: 1 });
      assert.equal((await mock.stats("once")).requests, 2);
      const always = await mock.put("always", { then: step });
      if (code === "bad_response") {
        const error = await assert.rejects(client.fetch(always, post({ inputs: "x" })), { name: "QueryError", code, status: 200 });
        assert.equal(error.report.attempts.length, 2);
      } else {
        // As it came, but with the status that it should have had.
        const response = await client.fetch(always, post({ inputs: "x" }));
        assert.deepEqual([response.status >= 400, response.headers.get("x-should-retry")], [true, "false"]);
        assert.deepEqual(await response.json(), step.body);
        assert.equal((await mock.stats("always")).requests, 2);
      }
    },
  })),
  {
    name: "client.fetch waits for a model that says in a 200 that it is loading",
    async run({ api, mock, assert }) {
      const loading = answer(200, { error: "Model gpt2 is currently loading", estimated_time: 1 });
      const url = await mock.put("m", { script: [loading], healthy: answer(200, { n: 1 }) });
      assert.deepEqual(await (await api.createClient({ maxRetries: 0 }).fetch(url, post({}))).json(), { n: 1 });
    },
  },
  {
    name: "client.fetch rejects with a QueryError where no answer came",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: { status: 200, headers: JSON_TYPE, body: "[1]", fault: { kind: "stall", at: "accept" } } });
      const broken = await mock.put("broken", { then: { status: 200, headers: JSON_TYPE, body: "[1]", fault: { kind: "reset", at: "accept" } } });
      const client = api.createClient({ maxRetries: 0, timeouts: { attemptMs: 400 }, loading: { refusedMs: 0 } });
      await assert.rejects(client.fetch("http://127.0.0.1:9/"), { name: "QueryError", code: "network" });
      await assert.rejects(client.fetch(broken, post({})), { name: "QueryError", code: "network" });
      const call = client.fetch(url, post({}));
      assert.between(await settledAfter(call), 399, 900);
      await assert.rejects(call, { name: "QueryError", code: "timeout", phase: "attempt" });
      const after500 = await mock.put("after", {
        script: [answer(500, { error: "boom" })],
        then: { status: 200, fault: { kind: "reset", at: "accept" } },
      });
      const error = await assert.rejects(api.createClient({ maxRetries: 1, loading: { refusedMs: 0 } }).fetch(after500, post({})), {
        name: "QueryError",
        code: "network",
      });
      assert.deepEqual(
        error.report.attempts.map(({ outcome }) => outcome),
        ["engine_failure", "network"],
      );
    },
  },
  {
    name: "client.fetch follows a 307 and a 308 with method and body, and a 303 with a GET",
    async run({ api, mock, assert }) {
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      const location = `{origin}${new URL(there).pathname}?b=2`;
      for (const status of [307, 308, 303]) {
        const url = await mock.put("here", { then: { status, headers: { location } } });
        const response = await api
          .createClient()
          .fetch(`${url}?a=1`, post({ inputs: "x" }, { headers: { ...JSON_TYPE, authorization: "Bearer sk_x" } }));
        assert.deepEqual(await response.json(), { n: 1 });
        assert.equal(response.url, `${there}?b=2`);
      }
      const { log } = await mock.stats("there");
      assert.deepEqual(
        log.map(({ method, path, body }) => [method, path, body || ""]),
        [
          ["POST", "/?b=2", '{"inputs":"x"}'],
          ["POST", "/?b=2", '{"inputs":"x"}'],
          ["GET", "/?b=2", ""],
        ],
      );
      for (const { headers } of log) assert.equal(headers.authorization, "Bearer sk_x");
    },
  },
  {
    name: "client.fetch takes no credentials along on a redirect to another origin",
    async run({ api, mock, assert, runtime }) {
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      const url = await mock.put("here", { then: { status: 307, headers: { location: `{other}${new URL(there).pathname}` } } });
      const headers = { ...JSON_TYPE, authorization: "Bearer sk_x", "x-api-key": "k" };
      await (await api.createClient().fetch(url, post({ inputs: "x" }, { headers }))).json();
      const [{ origin, headers: came, body }] = (await mock.stats("there")).log;
      assert.deepEqual([origin, came.authorization, body], ["other", undefined, '{"inputs":"x"}']);
      // A browser follows by itself, and knows of no other credentials.
      if (!["chromium", "firefox", "webkit"].includes(runtime)) assert.equal(came["x-api-key"], undefined);
    },
  },

  // Its own rules.
  ...["before", "during", "in the wait for a retry of"].map((when) => ({
    name: `an abort ${when} client.fetch rejects at once with the signal's reason`,
    async run({ api, mock, assert }) {
      const stalls = { status: 200, headers: JSON_TYPE, body: "[1]", fault: { kind: "stall", at: "accept" } };
      const url = await mock.put("m", { then: when === "during" ? stalls : answer(429, { error: "Rate limit reached" }, { "retry-after": "5" }) });
      const controller = new AbortController();
      const reason = new RangeError("changed my mind");
      if (when === "before") controller.abort(reason);
      const call =
        when === "during"
          ? api.createClient().fetch(new Request(url, { signal: controller.signal }))
          : api.createClient().fetch(url, { signal: controller.signal });
      call.catch(() => {});
      if (when !== "before") await mock.statsOnce("m", ({ requests }) => requests === 1, "the request");
      await sleep(100);
      controller.abort(reason);
      assert.ok((await settledAfter(call)) <= 50);
      assert.equal(await assert.rejects(call), reason);
      assert.equal((await mock.stats("m")).requests, when === "before" ? 0 : 1);
    },
  })),
  {
    name: "an abort after client.fetch has answered with JSON changes nothing",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const controller = new AbortController();
      const response = await api.createClient().fetch(url, { signal: controller.signal });
      controller.abort();
      assert.deepEqual(await response.json(), { n: 1 });
    },
  },
  {
    name: "a fallback of client.fetch that is only a model keeps the address and replaces the model in the body",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [BUSY], healthy: answer(200, { n: 1 }) });
      const body = {
        stream: false,
        model: "org/first",
        messages: [{ role: "user", content: "naïve \u2028" }],
        seed: 1.5e300,
        nested: { model: "stays", n: null },
      };
      const seen = [];
      const client = api.createClient({ maxRetries: 0, fallback: ["org/second"], onEvent: (event) => seen.push(event) });
      const response = await client.fetch(`${url}/v1/chat?a=1`, post(body, { headers: { ...JSON_TYPE, authorization: "Bearer sk_x" } }));
      assert.deepEqual(await response.json(), { n: 1 });
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ path, headers }) => [path, headers.authorization]),
        Array(2).fill(["/v1/chat?a=1", "Bearer sk_x"]),
      );
      assert.equal(log[0].body, JSON.stringify(body));
      const { model, ...rest } = JSON.parse(log[1].body);
      assert.equal(model, "org/second");
      const sorted = ({ model, ...others }) => Object.fromEntries(Object.entries(others).sort());
      assert.deepEqual(sorted(rest), sorted(body));
      const [from, to] = ["org/first", "org/second"].map((model) => `${url}/v1/chat#${model}`);
      assert.deepEqual(
        seen.find(({ type }) => type === "fallback"),
        { type: "fallback", from, to, why: "unavailable" },
      );
      assert.deepEqual(
        client.stats().map(({ target }) => target),
        [from, to],
      );
    },
  },
  {
    name: "a fallback of client.fetch with an address goes there, with the request's credentials only on the same origin",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: BUSY });
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      const other = await mock.put("elsewhere", { then: { status: 307, headers: { location: "{other}/" } } });
      // The same mock under its other name is another origin.
      const { headers } = await fetch(other, { redirect: "manual" }).catch(() => ({ headers: new Headers() }));
      const elsewhere = (headers.get("location") ?? "").replace(/\/$/, "");
      const init = post(
        { model: "first", inputs: "x" },
        { headers: { ...JSON_TYPE, authorization: "Bearer sk_x", "x-api-key": "k", "x-note": "a" } },
      );
      const near = api.createClient({ maxRetries: 0, fallback: [{ url: there, model: "second" }] });
      assert.deepEqual(await (await near.fetch(url, init)).json(), { n: 1 });
      if (elsewhere) {
        const far = api.createClient({
          maxRetries: 0,
          fallback: [{ url: elsewhere + new URL(there).pathname, model: "third", headers: { "x-own": "b" } }],
        });
        assert.deepEqual(await (await far.fetch(url, init)).json(), { n: 1 });
      }
      const { log } = await mock.stats("there");
      const seen = log.map(({ body, headers: { authorization, "x-api-key": key, "x-note": note, "x-own": own } }) => [
        JSON.parse(body).model,
        authorization,
        key,
        note,
        own,
      ]);
      const expected = [
        ["second", "Bearer sk_x", "k", "a", undefined],
        ["third", undefined, undefined, undefined, "b"],
      ];
      assert.deepEqual(seen, expected.slice(0, elsewhere ? 2 : 1));
    },
  },
  {
    name: "client.fetch answers with what the last fallback answered",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(500, { error: "first" }) });
      const other = await mock.put("other", { then: answer(502, "second") });
      const response = await api.createClient({ maxRetries: 0, fallback: [other] }).fetch(url, post({}));
      assert.deepEqual([response.status, await response.text(), response.url], [502, "second", other]);
    },
  },
  {
    name: "stats() name what client.fetch asked by its address and the model of its body",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient();
      const asks = [
        [url, post({ model: "org/name" })],
        [`${url}?x=1`, { ...post({}), body: new TextEncoder().encode('{"model":"org/name"}') }],
        [url, post({ model: 42 })],
        [url, { method: "POST", body: "not JSON" }],
        [url, { method: "POST", headers: JSON_TYPE, body: "{broken" }],
        [url, {}],
      ];
      for (const [input, init] of asks) await (await client.fetch(input, init)).text();
      assert.deepEqual(
        client.stats().map(({ target, calls }) => [target, calls]),
        [
          [`${url}#org/name`, 2],
          [url, 4],
        ],
      );
      assert.deepEqual(
        client.stats({ url, model: "org/name" }).map(({ calls }) => calls),
        [2],
      );
      await client.query({ url, model: "org/name" }, {});
      assert.deepEqual(
        client.stats({ url, model: "org/name" }).map(({ calls }) => calls),
        [3],
      );
    },
  },
  {
    name: "client.fetch has no answer behind an open breaker, and that is a QueryError",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(500, { error: "boom" }) });
      const client = api.createClient({ maxRetries: 0 });
      for (let call = 0; call < 5; call++) assert.equal((await client.fetch(url)).status, 500);
      const error = await assert.rejects(client.fetch(url), { name: "QueryError", code: "circuit_open" });
      assert.ok(error.retryAfterMs > 0);
      assert.equal((await mock.stats("m")).requests, 5);
    },
  },
  {
    name: "twenty fetches of a client at once are all answered, each with its own",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", {});
      const client = api.createClient();
      const all = await Promise.all(
        Array.from({ length: 20 }, async (_, at) => {
          const response = await client.fetch(`${url}/upload`, {
            method: "POST",
            headers: { "content-type": "application/octet-stream" },
            body: new Uint8Array(at + 1),
          });
          return (await response.json()).bytes;
        }),
      );
      assert.deepEqual(
        all,
        Array.from({ length: 20 }, (_, at) => at + 1),
      );
    },
  },
  {
    name: "client.fetch needs no client around it",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const { fetch } = api.createClient();
      assert.deepEqual(await (await fetch(url)).json(), { n: 1 });
      assert.deepEqual(await (await Reflect.apply(fetch, undefined, [url])).json(), { n: 1 });
    },
  },
];
