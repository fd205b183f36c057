// Work that a server's answer makes grows with its size and no faster: each at a size, and at sixteen times that.
// PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const { createClient } = await import(pathToFileURL(join(process.env.PKG_DIR, "dist/index.js")));

const KIB = 1024;
/** Linear is 16; the least of some rounds is taken, and a small size has fixed costs. */
const MOST_TIMES = 40;
const repeated = (what, bytes) => what.repeat(Math.ceil(bytes / what.length)).slice(0, bytes);

/** An answer of so many bytes, and what a call of it comes to. */
const answers = {
  "an error page that is never closed": { status: 500, type: "text/html", body: (bytes) => repeated("<", bytes), code: "engine_failure" },
  "an error page of headings that are never closed": {
    status: 500,
    type: "text/html",
    body: (bytes) => repeated("<h1", bytes),
    code: "engine_failure",
  },
  "a page of titles where JSON was promised": { status: 200, type: "text/html", body: (bytes) => repeated("<title", bytes), code: "bad_response" },
  "a page of spaces": { status: 200, type: "application/json", body: (bytes) => `${repeated(" ", bytes)}<`, code: "bad_response" },
  "an error in words": {
    status: 200,
    type: "application/json",
    body: (bytes) => `{"error":"${repeated("model is cu", bytes)}"}`,
    code: "engine_failure",
  },
  "an error in lists": { status: 400, type: "application/json", body: (bytes) => repeated("[[[[", bytes), code: "bad_request" },
  "an error with its secret again and again": { status: 401, type: "text/plain", body: (bytes) => repeated("tok-en ", bytes), code: "unauthorized" },
};

async function took({ status, type, body, code }, bytes) {
  const text = body(bytes);
  const fetch = async () => new Response(text, { status, headers: { "content-type": type } });
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    const client = createClient({ fetch, maxRetries: 0, breaker: false, token: "tok-en" });
    const start = performance.now();
    await assert.rejects(client.query("http://127.0.0.1:9/", {}), { code });
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

describe("the work that an answer makes", { timeout: 120_000 }, () => {
  before(() => took(Object.values(answers)[0], KIB));

  for (const [what, answer] of Object.entries(answers)) {
    test(`${what} of 1 MiB takes no more than sixteen times as long as one of 64 KiB, and some`, async () => {
      const [small, large] = [await took(answer, 64 * KIB), await took(answer, 1024 * KIB)];
      const told = `64 KiB: ${small.toFixed(2)} ms, 1 MiB: ${large.toFixed(2)} ms`;
      assert.ok(large < 200 && large < Math.max(small, 0.5) * MOST_TIMES, told);
    });
  }
});

describe("what a server says again and again beside secrets", { timeout: 60_000 }, () => {
  /** As long as it takes, of a server that leads on by way of so many values, and then repeats some of them. */
  async function blocked(values, text) {
    const fetch = async (url) =>
      url.includes("?")
        ? new Response(JSON.stringify({ error: text }), { status: 400, headers: { "content-type": "application/json" } })
        : new Response(null, { status: 307, headers: { location: `/x?${values.join("&")}` } });
    const client = createClient({ fetch, token: "tok-en" });
    const start = performance.now();
    const { detail } = await client.query("http://127.0.0.1:9/", {}).catch((error) => error);
    return { ms: performance.now() - start, detail };
  }

  test("a redirect chooses no secrets", async () => {
    const { ms, detail } = await blocked(["[secret", "secret]", "&[[secre", "cret]t]", "[sec", "ret]"], "[secret]".repeat(150));
    assert.ok(ms < 500 && detail === "[secret]".repeat(150), `${ms} ms: ${detail}`);
  });

  test("a text of 60 KB and 1,800 values take no time", async () => {
    const values = Array.from({ length: 1_800 }, (_, nth) => `aaaaa${nth}`);
    assert.ok((await blocked(values, "a".repeat(60_000))).ms < 500);
  });

  test("values of a redirect that are long and alike take no time, and are blanked out to their end", async () => {
    const alike = Array.from({ length: 7 }, (_, nth) => `${"a".repeat(1_700)}/ ${nth}`);
    assert.ok(
      (
        await blocked(
          alike.map((value, nth) => `v${nth}=${encodeURIComponent(value)}`),
          `${"a".repeat(60_000)}b`,
        )
      ).ms < 500,
    );
    const cookies = Array.from({ length: 3_000 }, (_, nth) => `aaa${nth}`).join(";");
    assert.ok((await blocked([`k=${cookies}`], "a".repeat(60_000))).ms < 500);
    const token = "IQoJb3JpZ2luX2VjE".repeat(60);
    assert.equal((await blocked([`t=${token}`], `the token ${token} has expired`)).detail, "the token [secret] has expired");
    const words = "Invalid;token;message;please;check";
    assert.equal((await blocked([`k=${words}`], "Invalid token, please check")).detail, "Invalid token, please check");
  });

  test("what a page says again with entities is blanked out too", async () => {
    const token = "sk/secretTOKEN+part==";
    const said = "sk&#x2F;secretTOKEN&#43;part&equals;&#x3d;";
    const fetch = async () => new Response(`<title>Bearer ${said} &amp; more</title>`, { status: 401, headers: { "content-type": "text/html" } });
    const { detail } = await createClient({ fetch, token })
      .query("http://127.0.0.1:9/", {})
      .catch((error) => error);
    assert.equal(detail, "Bearer [secret] & more");
  });

  for (const [how, said] of [
    ["percent-encoded in small letters", "sk%2fsecretTOKEN%2bpart%3d%3d"],
    ["with numbers of characters", "sk\\u002FsecretTOKEN\\u002bpart\\u003d\\u003D"],
    ["escaped twice", "sk&amp;#x2F;secretTOKEN&amp;#43;part&amp;equals;&amp;equals;"],
  ]) {
    test(`so is what is said again ${how}`, async () => {
      const fetch = async () => new Response(`no such key: ${said}`, { status: 401, headers: { "content-type": "text/plain" } });
      const { detail } = await createClient({ fetch, token: "sk/secretTOKEN+part==" })
        .query("http://127.0.0.1:9/", {})
        .catch((error) => error);
      assert.equal(detail, "no such key: [secret]");
    });
  }

  test("a secret is blanked out once, whatever it is", async () => {
    const fetch = async () => new Response('{"error":"secret [secret] secretly"}', { status: 400 });
    const { detail } = await createClient({ fetch })
      .query("http://127.0.0.1:9/?type=secret", {})
      .catch((error) => error);
    assert.equal(detail, "[secret] [[secret]] [secret]ly");
  });

  test("a delta that is a text of 15 MB is no list of its characters", async () => {
    const event = `data: {"choices":[{"index":0,"delta":"${"a".repeat(15_000_000)}"}]}\n\ndata: [DONE]\n\n`;
    const fetch = async () => new Response(event, { headers: { "content-type": "text/event-stream" } });
    const start = performance.now();
    await createClient({ fetch, maxRetries: 0 })
      .stream("http://127.0.0.1:9/", {})
      .finalText()
      .catch(() => {});
    assert.ok(performance.now() - start < 1_500, `${performance.now() - start} ms`);
  });
});

describe("line ends that client.fetch hands over", { timeout: 60_000 }, () => {
  const TEXT = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n';
  const END = "data: [DONE]\n\n";

  /** As long as it takes to read an event stream with so many bytes of them in it, and how many bytes of it were asked for. */
  async function took(bytes, first, last) {
    let least = Infinity;
    let pulled = 0;
    let came;
    for (let round = 0; round < 3; round++) {
      const piece = new TextEncoder().encode("\n".repeat(64 * KIB));
      pulled = 0;
      async function* pieces() {
        if (first) yield new TextEncoder().encode(first);
        for (; pulled < bytes; pulled += piece.length) yield piece.slice();
        if (last) yield new TextEncoder().encode(last);
      }
      const fetch = async () => new Response(ReadableStream.from(pieces()), { headers: { "content-type": "text/event-stream" } });
      const client = createClient({ fetch, maxRetries: 0 });
      const start = performance.now();
      came = await client
        .fetch("http://127.0.0.1:9/", { method: "POST", body: '{"stream":true}' })
        .then(async (response) => (await response.arrayBuffer()).byteLength)
        .catch(({ code }) => code);
      least = Math.min(least, performance.now() - start);
    }
    return { ms: least, pulled, came };
  }

  test("16 MiB of them after the first text take no more than sixteen times as long as 1 MiB, and some, and all come", async () => {
    const [small, large] = [await took(1024 * KIB, TEXT, END), await took(16 * 1024 * KIB, TEXT, END)];
    assert.ok(large.ms < Math.max(small.ms, 5) * MOST_TIMES, `1 MiB: ${small.ms.toFixed(1)} ms, 16 MiB: ${large.ms.toFixed(1)} ms`);
    assert.deepEqual([small.came, large.came], [1024 * KIB + TEXT.length + END.length, 16 * 1024 * KIB + TEXT.length + END.length]);
  });

  test("of 60 MiB of them before any text no more than 16 MiB and a piece are asked for, and the call ends", async () => {
    const { pulled, came } = await took(60 * 1024 * KIB);
    assert.equal(came, "bad_response");
    assert.ok(pulled <= 16 * 1024 * KIB + 2 * 64 * KIB, `${pulled} bytes`);
  });
});

describe("calls that a full queue refuses", { timeout: 120_000 }, () => {
  const over = new AbortController();
  after(() => over.abort());

  /** A call that a client refuses, which has one in flight and one in its queue. */
  async function full(options) {
    const client = createClient({ concurrency: { max: 1, queue: 1 }, fetch: () => new Promise(() => {}), maxRetries: 0, ...options });
    const call = (signal) => client.query("http://127.0.0.1:9/", { inputs: "x" }, { signal });
    for (let nth = 0; nth < 2; nth++) call(over.signal).catch(() => {});
    while (client.stats()[0]?.queued !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
    return call;
  }

  async function refused(count) {
    let least = Infinity;
    for (let round = 0; round < 3; round++) {
      const call = await full();
      const start = performance.now();
      const codes = await Promise.all(Array.from({ length: count }, () => call().catch(({ code }) => code)));
      least = Math.min(least, performance.now() - start);
      assert.ok(codes.every((code) => code === "queue_full"));
    }
    return least;
  }

  test("32,000 at once take no more than sixteen times as long as 2,000, and some", async () => {
    const [small, large] = [await refused(2_000), await refused(32_000)];
    assert.ok(large < small * MOST_TIMES, `2,000: ${small.toFixed(0)} ms, 32,000: ${large.toFixed(0)} ms`);
  });

  test("no stack is captured where the core tells of a failure, the one of whoever awaits it is, and the program's limit stays", async () => {
    const told = [];
    const call = await full({ onEvent: ({ type, error }) => type === "failure" && told.push(error.stack) });
    const limit = Error.stackTraceLimit;
    async function awaits() {
      await call();
    }
    const error = await awaits().catch((reason) => reason);
    assert.equal(Error.stackTraceLimit, limit);
    assert.doesNotMatch(told[0], /\n\s+at /);
    assert.match(error.stack, /\n\s+at .*awaits/);
  });

  test("a program whose Error is frozen gets the same error", () => {
    const program = `
      Object.freeze(Error);
      const { createClient } = await import(${JSON.stringify(pathToFileURL(join(process.env.PKG_DIR, "dist/index.js")).href)});
      const client = createClient({ maxRetries: 0, fetch: async () => new Response("no", { status: 400 }) });
      await client.query("http://127.0.0.1:9/", {}).catch(({ code, stack }) => console.log(code, /\\n +at /.test(stack)));
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
    assert.equal(stdout, "bad_request true\n", stderr);
  });
});
