// Where `client.fetch` can improve nothing it is `fetch`: what neither names a model nor brings JSON, what has not
// come yet, what has no end.
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";

const JSON_TYPE = { "content-type": "application/json" };
const EVENTS = { "content-type": "text/event-stream" };
const bytes = (text) => new TextEncoder().encode(text);

/** A body that begins and does not come to its end. */
const unfinished = (onCancel) => new ReadableStream({ start: (controller) => controller.enqueue(bytes("x")), cancel: onCancel });

/** Responses that no server sends over the network of these tests. */
const withFetch = (api, respond, options = {}) => api.createClient({ fetch: async (...args) => respond(...args), maxRetries: 1, ...options });

function takesHeaders(headers) {
  try {
    return Boolean(new Headers(headers));
  } catch {
    return false;
  }
}

export const fetchAsFetch = [
  ...["body", "Request"].map((what) => ({
    name: `an abort is heard while the ${what} of a client.fetch has not come`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const controller = new AbortController();
      let cancelled;
      const init = { method: "POST", body: unfinished((reason) => (cancelled = reason)), duplex: "half", signal: controller.signal };
      let input = [url, init];
      try {
        if (what === "Request") input = [new Request(url, init)];
      } catch {
        return; // not every browser takes a stream there
      }
      if (what === "Request" && typeof input[0].body !== "object") return;
      const call = api.createClient().fetch(...input);
      call.catch(() => {});
      await sleep(50);
      const reason = new RangeError("changed my mind");
      controller.abort(reason);
      assert.ok((await settledAfter(call)) <= 100);
      assert.equal(await assert.rejects(call), reason);
      if (what === "body") assert.equal(cancelled, reason);
      assert.equal((await mock.stats("m")).requests, 0);
    },
  })),
  {
    name: "totalMs holds for the body of a client.fetch that never comes, though nothing but the clock knows of the call",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const call = api
        .createClient({ timeouts: { totalMs: 1500, attemptMs: 200 } })
        .fetch(url, { method: "POST", body: unfinished(), duplex: "half" });
      let settled = false;
      const done = call.catch(() => {}).then(() => (settled = true));
      // Garbage, so that what nobody holds is collected.
      let garbage = [];
      for (let round = 0; round < 200 && !settled; round++) {
        for (let nth = 0; nth < 30_000; nth++) garbage.push({ nth, text: `x${nth}` });
        if (garbage.length > 300_000) garbage = [];
        await sleep(20);
      }
      await Promise.race([done, sleep(1000)]);
      assert.ok(settled);
      await assert.rejects(call, { code: "timeout", phase: "total" });
    },
  },
  {
    name: "totalMs holds from the moment of a client.fetch, its body included",
    async run({ api, mock, assert }) {
      const told = [];
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient({ timeouts: { totalMs: 300, attemptMs: 200 }, onEvent: ({ type }) => told.push(type) });
      const call = client.fetch(`${url}?key=secret-key`, { method: "POST", body: unfinished(), duplex: "half" });
      assert.between(await settledAfter(call), 290, 700);
      const error = await assert.rejects(call, { name: "QueryError", code: "timeout", phase: "total", layer: "client" });
      assert.ok(!error.message.includes("secret-key") && error.message.includes(url), error.message);
      assert.deepEqual(told, ["failure"]);
      // What the body has taken is no longer there.
      const stalls = await mock.put("stalls", { then: { status: 200, headers: JSON_TYPE, body: "[1]", fault: { kind: "stall", at: "accept" } } });
      const late = new ReadableStream({
        async start(controller) {
          await sleep(200);
          controller.enqueue(bytes("x"));
          controller.close();
        },
      });
      const second = client.fetch(stalls, { method: "POST", body: late, duplex: "half" });
      assert.between(await settledAfter(second), 290, 390);
      await assert.rejects(second, { name: "QueryError", code: "timeout" });
    },
  },
  {
    name: "a client.fetch that names no model has no fallback to another model",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { data: [] }) });
      const spec = { url, model: "org/other" };
      const client = api.createClient({ fallback: ["org/other", spec], maxRetries: 0 });
      assert.deepEqual(await (await client.fetch(`${url}/v1/models`)).json(), { data: [] });
      const form = new FormData();
      form.append("file", new Blob(["x"]), "x.txt");
      assert.equal((await client.fetch(`${url}/v1/files`, { method: "POST", body: form })).status, 200);
      assert.equal((await client.fetch(url, { method: "POST", body: '{"inputs":"x"}', headers: JSON_TYPE })).status, 200);
    },
  },
  ...["DELETE", "PUT", "GET"].map((method) => ({
    name: `a 200 without a body that promises JSON answers a ${method} of client.fetch`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(200, "", JSON_TYPE) });
      const response = await api.createClient().fetch(url, { method });
      assert.deepEqual([response.status, await response.text()], [200, ""]);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
  ...["HEAD", "204"].map((what) => ({
    name: `${what === "204" ? "a 204" : "an answer to HEAD"} with the type of an event stream is handed over by client.fetch`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(what === "204" ? 204 : 200, "", EVENTS) });
      const response = await api.createClient().fetch(url, { method: what === "HEAD" ? "HEAD" : "POST" });
      assert.deepEqual([response.ok, await response.text()], [true, ""]);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
  {
    name: "a body that client.fetch hands over unread ends with the reason of the signal, and leaves no listener on it",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", {
        then: {
          status: 200,
          headers: { "content-type": "application/octet-stream" },
          body: "x".repeat(10_000),
          fault: { kind: "stall", at: "body", bytes: 5 },
        },
      });
      const abort = async (fetch) => {
        const controller = new AbortController();
        const { signal } = controller;
        const { addEventListener, removeEventListener } = signal;
        let listeners = 0;
        signal.addEventListener = (...args) => void (listeners++, addEventListener.apply(signal, args));
        signal.removeEventListener = (...args) => void (listeners--, removeEventListener.apply(signal, args));
        const response = await fetch(url, { signal });
        const left = listeners;
        const reader = response.body.getReader();
        await reader.read();
        controller.abort(new RangeError("changed my mind"));
        return { error: await assert.rejects(reader.read()), left };
      };
      const { error, left } = await abort(api.createClient().fetch);
      assert.equal(left, 0);
      // The reason of the signal, where the platform's own fetch tells it: not in WebKit.
      const plain = await abort((...args) => fetch(...args));
      assert.deepEqual([error?.name, error?.message], [plain.error?.name, plain.error?.message]);
    },
  },
  {
    name: "comments without end, and no event, are no stream of client.fetch",
    async run({ api, assert }) {
      const comment = bytes(`:${"x".repeat(1_000_000)}\n`);
      let pulled = 0;
      const endless = () => new Response(new ReadableStream({ pull: (controller) => (pulled++, controller.enqueue(comment)) }), { headers: EVENTS });
      const client = withFetch(api, endless, { maxRetries: 0 });
      const error = await assert.rejects(client.fetch("http://127.0.0.1:9/", { method: "POST", body: '{"stream":true}' }), { code: "bad_response" });
      assert.ok(error.detail.includes("16 MiB"), error.detail);
      assert.between(pulled, 15, 20);
    },
  },
  {
    name: "JSON of more than 16 MiB is handed over by client.fetch as it comes, and all of it",
    async run({ api, assert }) {
      const piece = bytes(`${"1,".repeat(500_000)}\n`);
      const made = (pieces) => () => {
        let left = pieces;
        const pull = (controller) => {
          if (left === pieces) controller.enqueue(bytes("["));
          controller.enqueue(left-- > 1 ? piece : bytes("1]"));
          if (left === 0) controller.close();
        };
        return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers: JSON_TYPE });
      };
      for (const pieces of [3, 30]) {
        const client = withFetch(api, made(pieces));
        const response = await client.fetch("http://127.0.0.1:9/", { method: "POST", body: "{}" });
        assert.equal((await response.arrayBuffer()).byteLength, 1 + (pieces - 1) * piece.length + 2);
        assert.equal(client.stats()[0].inFlight, 0);
      }
    },
  },
  {
    name: "JSON of more than 16 MiB in very many pieces is handed over in linear time",
    async run({ api, assert }) {
      const took = async (pieces) => {
        const piece = bytes("1,".repeat(9_000_000 / pieces));
        let left = pieces;
        const pull = (controller) => (left-- > 0 ? controller.enqueue(piece) : controller.close());
        const client = withFetch(api, () => new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), { headers: JSON_TYPE }));
        const start = performance.now();
        const response = await client.fetch("http://127.0.0.1:9/", { method: "POST", body: "{}" });
        await response.arrayBuffer();
        return performance.now() - start;
      };
      // Sixteen times as long, if each piece cost what all before it hold.
      const [fewer, more] = [await took(30_000), await took(120_000)];
      assert.ok(more < fewer * 8 + 500, `${fewer} ms, ${more} ms`);
    },
  },
  {
    name: "the body of an error is handed over whole, however long it is",
    async run({ api, mock, assert }) {
      const body = JSON.stringify({ detail: "x".repeat(300_000) });
      const url = await mock.put("m", { then: { status: 422, headers: JSON_TYPE, body } });
      const busy = await mock.put("busy", { script: [{ status: 503, headers: JSON_TYPE, body }], healthy: answer(200, { n: 1 }) });
      const client = api.createClient();
      assert.equal(await (await client.fetch(url, { method: "POST", body: "{}" })).text(), body);
      assert.deepEqual(await (await client.fetch(busy, { method: "POST", body: "{}" })).json(), { n: 1 });
      await mock.statsOnce("busy", ({ inFlight }) => inFlight === 0, "the end of both");
    },
  },
  {
    name: "times that no timer can count are no error of client.fetch",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      for (const totalMs of [1e12, 300_000.5, 3e9]) {
        const body = new ReadableStream({ start: (controller) => (controller.enqueue(bytes("{}")), controller.close()) });
        const response = await api.createClient({ timeouts: { totalMs } }).fetch(url, { method: "POST", body, duplex: "half" });
        assert.deepEqual(await response.json(), { n: 1 });
      }
    },
  },
  {
    name: "client.fetch takes methods and members as fetch does: in lower case, of a Request as init, of none",
    async run({ api, mock, assert, runtime }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const { fetch } = api.createClient({ maxRetries: 0 });
      await (await fetch(url, { method: "post", body: "{}" })).text();
      await (await fetch(url, null)).text();
      if (!["chromium", "firefox", "webkit"].includes(runtime)) await (await fetch(url, new Request(url, { method: "PUT", body: "{}" }))).text();
      const methods = (await mock.stats("m")).log.map(({ method }) => method);
      assert.deepEqual(methods.slice(0, 2), ["POST", "GET"]);
      if (methods.length > 2) assert.equal(methods[2], "PUT");
      const bodied = { method: "GET", body: "x" };
      await assert.rejects(fetch(url, bodied), { name: "TypeError" });
      await assert.rejects(fetch(url, { method: "TRACE" }), { name: "TypeError" });
    },
  },
  {
    name: "headers and the URL of a client.fetch are taken when it is called",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const { fetch } = api.createClient({ concurrency: { max: 1 } });
      const headers = new Headers(JSON_TYPE);
      const address = new URL(`${url}/a`);
      const calls = [0, 1, 2].map((tenant) => {
        headers.set("x-tenant", String(tenant));
        return fetch(address, { method: "POST", headers, body: tenant === 2 ? new Blob(["{}"]) : "{}" });
      });
      headers.set("x-tenant", "other");
      address.pathname = "/elsewhere";
      for (const response of await Promise.all(calls)) assert.equal(response.status, 200);
      const sent = (await mock.stats("m")).log.map(({ path, headers }) => `${path} ${headers["x-tenant"]}`);
      assert.deepEqual(sent.sort(), ["/a 0", "/a 1", "/a 2"]);
    },
  },
  {
    name: "events of other forms than those we know are content: a token that is a text, an error of JSON-RPC",
    async run({ api, mock, assert }) {
      const events = [
        'data: {"token":"Hel"}\n\ndata: {"token":"lo"}\n\n',
        'data: {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such tool"}}\n\n',
      ];
      for (const body of events) {
        const url = await mock.put("m", { then: answer(200, body, EVENTS) });
        const response = await api.createClient().fetch(url, { method: "POST", body: "{}" });
        assert.equal(await response.text(), body);
        assert.equal((await mock.stats("m")).requests, 1);
      }
    },
  },
  {
    name: "a fallback to another model has the length of its own body",
    async run({ api, mock, assert }) {
      const down = await mock.put("down", { then: answer(500, { error: "boom" }) });
      const works = await mock.put("works", { healthy: answer(200, { n: 1 }) });
      const body = '{"model":"a-long-name-of-a-model","messages":[]}';
      const client = api.createClient({ maxRetries: 0, fallback: [{ url: works, model: "b" }], timeouts: { attemptMs: 2_000 } });
      const response = await client.fetch(down, { method: "POST", body, headers: { ...JSON_TYPE, "content-length": String(body.length) } });
      assert.deepEqual(await response.json(), { n: 1 });
    },
  },
  {
    name: "a reason phrase that no Response can carry costs no answer",
    async run({ api, assert }) {
      for (const [status, body] of [
        [200, '{"n":1}'],
        [401, '{"error":"no"}'],
      ]) {
        const odd = () => Object.defineProperty(new Response(body, { status, headers: JSON_TYPE }), "statusText", { value: "Schön ✓" });
        const response = await withFetch(api, odd).fetch("http://127.0.0.1:9/", { method: "POST", body: "{}" });
        assert.deepEqual([response.status, await response.text()], [status, body]);
      }
    },
  },
  {
    name: "client.fetch leaves to fetch what is no HTTP, and takes no text for a model",
    async run({ api, assert }) {
      const asked = [];
      const client = withFetch(api, (input) => (asked.push(String(input?.url ?? input)), new Response("plain")), { token: "hf_secret" });
      for (const address of ["data:text/plain,x", "a:fastest"]) assert.equal(await (await client.fetch(address)).text(), "plain");
      assert.deepEqual(asked, ["data:text/plain,x", "a:fastest"]);
      assert.deepEqual(client.stats(), []);
    },
  },
  {
    name: "a response is as it came: url, redirected and type, its clone too",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const plain = await fetch(url, { method: "POST", body: "{}" });
      const response = await api.createClient().fetch(url, { method: "POST", body: "{}" });
      for (const one of [response, response.clone(), response.clone().clone()]) {
        assert.deepEqual([one.url, one.redirected, one.type], [plain.url, false, plain.type]);
        assert.deepEqual(await one.json(), { n: 1 });
      }
    },
  },
  {
    name: "the answer of a fetch that ignores its signal is cancelled when it comes too late",
    async run({ api, assert }) {
      let cancelled = 0;
      const late = async () => {
        await sleep(200);
        return new Response(new ReadableStream({ cancel: () => void cancelled++ }));
      };
      const client = api.createClient({ fetch: late, maxRetries: 0, timeouts: { attemptMs: 100 } });
      await assert.rejects(client.query("http://127.0.0.1:9/", {}), { code: "timeout" });
      const controller = new AbortController();
      const left = client.query("http://127.0.0.1:9/", {}, { signal: controller.signal, timeouts: { attemptMs: 1_000 } });
      setTimeout(() => controller.abort(), 50);
      await assert.rejects(left, { name: "AbortError" });
      await sleep(400);
      assert.equal(cancelled, 2);
    },
  },
  {
    name: "an answer that fetch itself calls an error is asked for once a try",
    async run({ api, assert }) {
      let asked = 0;
      const client = withFetch(api, () => (asked++, Response.error()), { maxRetries: 0 });
      await assert.rejects(client.query("http://127.0.0.1:9/", {}), { code: "bad_response" });
      assert.equal(asked, 1);
    },
  },
  {
    name: "what the platform never sends is its own TypeError, sent once, and no failure of the target",
    async run({ api, mock, assert, runtime }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient();
      const refused = [{ redirect: "x" }, { signal: {} }, ...(runtime === "bun" ? [] : [{ method: "A B" }])];
      if (runtime === "node") for (const name of ["transfer-encoding", "expect", "upgrade"]) refused.push({ headers: { [name]: "x" } });
      for (const init of refused) {
        const calls = Array.from({ length: 3 }, () => client.fetch(url, { method: "POST", body: "{}", ...init }));
        for (const call of calls) await assert.rejects(call, { name: "TypeError" }, JSON.stringify(init));
      }
      assert.equal((await mock.stats("m")).requests, 0);
      for (const { breaker, failures, inFlight } of client.stats())
        assert.deepEqual({ breaker, failures, inFlight }, { breaker: "closed", failures: {}, inFlight: 0 });
      assert.equal((await client.fetch(url)).status, 200);
    },
  },
  {
    name: "a length that does not fit is counted anew by client.fetch",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const response = await api.createClient().fetch(url, { method: "POST", body: '{"a":1}', headers: { "content-length": "3" } });
      assert.equal(response.status, 200);
      assert.equal((await mock.stats("m")).log[0].body, '{"a":1}');
    },
  },
  {
    name: "client.fetch names a header whose value no header can carry, such as a placeholder that was left in, and says why",
    async run({ api, assert }) {
      const headers = { "content-type": "application/json", authorization: "Bearer hf_…" };
      // workerd sends it as UTF-8.
      if (takesHeaders(headers)) return;
      const call = api.createClient().fetch("http://127.0.0.1:9/", { method: "POST", body: "{}", headers });
      const error = await assert.rejects(call, { name: "TypeError" });
      const says = ': "authorization" holds a line break or another character that a header cannot carry';
      assert.ok(error.message.endsWith(says), error.message);
    },
  },
  {
    name: "no error about what client.fetch was given shows a value, nor what stands where a name should",
    async run({ api, assert }) {
      const { fetch } = api.createClient();
      const secret = "sk-secret-value";
      const given = [
        ["http://127.0.0.1:9/", { headers: { authorization: `${secret}\nx` } }],
        ["http://127.0.0.1:9/", { headers: [["authorization", `${secret}\nx`]] }],
        ["http://127.0.0.1:9/", { headers: { [`Bearer ${secret}`]: "x" } }],
        [`http://user:${secret}@[::bad/?key=${secret}`, {}],
        [`http://user:${secret}@127.0.0.1:9/`, {}],
      ];
      for (const [input, init] of given) {
        const error = await assert.rejects(fetch(input, init), { name: "TypeError" });
        const all = [error.message, error.cause?.message, error.cause?.input, error.input, error.stack].join();
        assert.ok(!all.includes(secret), all);
      }
    },
  },
  {
    name: "a POST that is taken in without a word is answered",
    async run({ api, mock, assert }) {
      for (const status of [201, 202]) {
        const url = await mock.put("m", { then: answer(status, "", JSON_TYPE) });
        const response = await api.createClient().fetch(url, { method: "POST", body: "{}" });
        assert.deepEqual([response.status, await response.text()], [status, ""]);
        assert.equal((await mock.stats("m")).requests, 1);
      }
    },
  },
  {
    name: "an upload goes to its own address alone, and JSON without a model to a fallback with a URL",
    async run({ api, mock, assert }) {
      const down = await mock.put("down", { then: answer(500, { error: "boom" }) });
      const works = await mock.put("works", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient({ maxRetries: 0, fallback: [works] });
      const form = new FormData();
      form.append("file", new Blob(["x"]), "x.txt");
      assert.equal((await client.fetch(`${down}/v1/files`, { method: "POST", body: form })).status, 500);
      assert.equal((await client.fetch(`${down}/v1/models`)).status, 500);
      assert.equal((await mock.stats("works")).requests, 0);
      const init = { method: "POST", body: '{"inputs":"x"}', headers: JSON_TYPE };
      assert.deepEqual(await (await client.fetch(down, init)).json(), { n: 1 });
    },
  },
  {
    name: "a job that has failed is the answer to who asks for it, and lines of JSON come one by one",
    async run({ api, mock, assert }) {
      const job = { id: "batch_1", object: "batch", status: "failed", errors: { object: "list", data: [{ code: "x", message: "no" }] } };
      const response = { id: "resp_1", object: "response", status: "failed", output: [], error: { code: "server_error", message: "no" } };
      for (const [name, body] of Object.entries({ job, response })) {
        const url = await mock.put(name, { then: answer(200, body) });
        const client = api.createClient();
        const got = await client.fetch(url);
        assert.deepEqual([got.status, await got.json()], [200, body]);
        assert.equal((await mock.stats(name)).requests, 1);
        assert.deepEqual(client.stats()[0].failures, {});
      }
      let more;
      const line = (content, done) => bytes(`${JSON.stringify({ model: "m", message: { role: "assistant", content }, done })}\n`);
      const lines = new ReadableStream({
        start(controller) {
          controller.enqueue(line("Hel", false));
          more = () => {
            controller.enqueue(line("lo", true));
            controller.close();
          };
        },
      });
      const ollama = withFetch(api, () => new Response(lines, { headers: { "content-type": "application/x-ndjson" } }));
      const reader = (await ollama.fetch("http://127.0.0.1:9/api/chat", { method: "POST", body: '{"model":"m"}' })).body.getReader();
      assert.ok(new TextDecoder().decode((await reader.read()).value).includes("Hel"));
      more();
      assert.ok(new TextDecoder().decode((await reader.read()).value).includes("lo"));
      assert.ok((await reader.read()).done);
    },
  },
  {
    name: "a Request that was used is no empty one, and a body of null is none",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const { fetch: ours } = api.createClient();
      const used = new Request(url, { method: "POST", body: "{}" });
      await (await fetch(used)).text();
      await assert.rejects(ours(used), { name: "TypeError" });
      const kept = new Request(url, { method: "POST", body: '{"a":1}' });
      await (await ours(kept, { body: null })).text();
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ body }) => body),
        ["{}", '{"a":1}'],
      );
    },
  },
  {
    name: "a request for a fallback's model is the same to the last digit",
    async run({ api, mock, assert }) {
      const down = await mock.put("down", { then: answer(500, { error: "boom" }) });
      const works = await mock.put("works", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient({ maxRetries: 0, fallback: [{ url: works, model: "other" }] });
      const bodies = [
        '{"model":"m","seed":12345678901234567890,"t":1.0}',
        '{ "seed": 9007199254740993, "mod\\u0065l" : "m" }',
        '{"a":{"model":1},"model":"m","b":[]}',
      ];
      for (const body of bodies) await (await client.fetch(down, { method: "POST", body, headers: JSON_TYPE })).text();
      const sent = (await mock.stats("works")).log.map(({ body }) => body.replaceAll(" ", ""));
      assert.deepEqual(sent, [
        '{"model":"other","seed":12345678901234567890,"t":1.0}',
        '{"model":"other","seed":9007199254740993}',
        '{"model":"other","a":{"model":1},"b":[]}',
      ]);
    },
  },
  {
    name: "a model of any length makes no long label, and a burst of targets leaves 200",
    async run({ api, assert }) {
      const client = withFetch(api, () => new Response('{"n":1}', { headers: JSON_TYPE }));
      const send = (model) => client.fetch("http://127.0.0.1:9/", { method: "POST", body: JSON.stringify({ model }) });
      for (const end of ["a", "b"]) await (await send("m".repeat(100_000) + end)).text();
      const labels = client.stats().map(({ target }) => target);
      assert.equal(new Set(labels).size, 2);
      for (const label of labels) assert.ok(label.length < 200, `${label.length}`);
      await Promise.all(Array.from({ length: 600 }, async (_, nth) => (await send(`burst-${nth}`)).text()));
      for (let nth = 0; nth < 60; nth++) await (await send(`later-${nth}`)).text();
      assert.ok(client.stats().length <= 200, `${client.stats().length}`);
    },
  },
  {
    name: "an address is read as fetch reads it",
    async run({ api, assert }) {
      const asked = [];
      const client = withFetch(api, (url) => (asked.push(url), new Response("plain")), { token: "hf_secret" });
      for (const address of ["http:/127.0.0.1:9/a", "http:127.0.0.1:9/b", "http:\\\\127.0.0.1:9\\c"]) await (await client.fetch(address)).text();
      assert.deepEqual(asked.at(-1), "http://127.0.0.1:9/c");
      // In a page the others are relative to it, if that is of the same scheme.
      const page = globalThis.location?.protocol === "http:";
      if (!page) assert.deepEqual(asked.slice(0, 2), ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"]);
    },
  },
  {
    name: "answers that nothing has changed open no breaker",
    async run({ api, assert }) {
      const client = withFetch(api, () => new Response(null, { status: 304 }));
      for (let nth = 0; nth < 8; nth++) assert.equal((await client.fetch("http://127.0.0.1:9/v1/models")).status, 304);
      assert.equal(client.stats()[0].breaker, "closed");
    },
  },
  {
    name: "a payload with one long text has a fallback to another model too",
    async run({ api, mock, assert }) {
      const works = await mock.put("works", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient({ fallback: [{ url: works, model: "other" }] });
      const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: 'A\\"'.repeat(3_000_000) }] });
      const response = await client.fetch(works, { method: "POST", headers: JSON_TYPE, body });
      assert.deepEqual(await response.json(), { n: 1 });
    },
  },
  {
    name: "what is looked up is an answer whatever it tells",
    async run({ api, mock, assert }) {
      const job = { id: "p1", model: "m/x", status: "failed", error: "CUDA out of memory", output: null };
      const url = await mock.put("m", { then: answer(200, job) });
      const response = await api.createClient().fetch(url);
      assert.deepEqual([response.status, await response.json()], [200, job]);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
  {
    name: "what a replaced fetch answers and no Response can be made of rejects a client.fetch, and does not leave it waiting",
    async run({ api, assert }) {
      const bytes = (text) => new ReadableStream({ start: (to) => (to.enqueue(new TextEncoder().encode(text)), to.close()) });
      const answers = [
        ["application/json", '{"a":1}'],
        ["text/event-stream", 'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'],
      ];
      for (const [type, text] of answers) {
        const headers = new Map([
          ["content-type", type],
          ["x note", "1"],
        ]);
        const fetch = async () => ({ status: 200, ok: true, headers, body: bytes(text) });
        const client = api.createClient({ fetch, maxRetries: 0 });
        await assert.rejects(client.fetch("http://host.test/", { method: "POST", body: "{}" }), { name: "TypeError" });
        assert.equal(client.stats()[0].inFlight, 0);
      }
    },
  },
];
