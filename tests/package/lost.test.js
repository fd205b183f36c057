// How each platform tells that a request got no answer, and what is made of it: docs/lost-requests.md as a test. Real rejections of
// ports on the loopback address.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { createLosingApp } from "./harness/losing-app.js";
import { LATE_MS, startLosing } from "./harness/losing-server.js";
import { inBrowser } from "./runners/browser.js";
import { standalone } from "./runners/standalone.js";
import { workerd } from "./runners/workerd.js";

/** `Lost` of src/ts/wasm/protocol.ts. */
const [UNKNOWN, REFUSED, QUICK, NEVER, CLOCK, NAMELESS] = [0, 1, 2, 3, 4, 5];

const page = (says) => ({
  refused: [QUICK, says],
  // Quick as well, but where the name server takes its time.
  unknownHost: [undefined, says],
  reset: [QUICK, says],
  closed: [QUICK, says],
  late: [UNKNOWN, says],
  notHttp: [QUICK, says],
  body: [undefined, says],
  certificate: [QUICK, says],
  httpsToHttp: [QUICK, says],
  badPort: [QUICK, says],
});

const platforms = {
  node: {
    refused: [REFUSED, /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/],
    // By what the name server says.
    unknownHost: [undefined, /^getaddrinfo (ENOTFOUND|EAI_AGAIN) no-such-host\.invalid$/],
    reset: [QUICK, /ECONNRESET$/],
    closed: [QUICK, /^other side closed \(UND_ERR_SOCKET\)$/],
    late: [UNKNOWN, /^read ECONNRESET$/],
    notHttp: [UNKNOWN, /does not match the HTTP/],
    body: [undefined, /^read ECONNRESET$/],
    certificate: [NEVER, /^self-signed certificate.* \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/],
    httpsToHttp: [NEVER, /wrong version number.*\(ERR_SSL_WRONG_VERSION_NUMBER\)$/s],
    badPort: [NEVER, /^bad port$/],
    headersClock: [CLOCK, /^Headers Timeout Error \(UND_ERR_HEADERS_TIMEOUT\)$/],
    bodyClock: [CLOCK, /^Body Timeout Error \(UND_ERR_BODY_TIMEOUT\)$/],
  },
  deno: {
    refused: [REFUSED, /tcp connect error: Connection refused/],
    unknownHost: [NAMELESS, /dns error/],
    reset: [QUICK, /reset by peer/],
    closed: [QUICK, /connection closed before message completed/],
    late: [UNKNOWN, /reset by peer/],
    notHttp: [UNKNOWN, /invalid HTTP version/],
    body: [undefined, /^error reading a body/],
    certificate: [NEVER, /invalid peer certificate/],
    httpsToHttp: [NEVER, /corrupt message/],
    badPort: [NEVER, /Requests to port 6000 are blocked$/],
  },
  bun: {
    refused: [REFUSED, /^ECONNREFUSED: Unable to connect/],
    // By what the name server says.
    unknownHost: [undefined, /^getaddrinfo (ENOTFOUND|EAI_AGAIN) no-such-host\.invalid$/],
    reset: [QUICK, /^ECONNRESET: /],
    closed: [QUICK, /^ECONNRESET: /],
    late: [UNKNOWN, /^ECONNRESET: /],
    notHttp: [UNKNOWN, /^Malformed_HTTP_Response/],
    body: [undefined, /^ECONNRESET: /],
    certificate: [NEVER, /certificate \([A-Z_]+\)$/],
    httpsToHttp: [NEVER, /^EPROTO: /],
    // It blocks none: nobody listens there.
    badPort: [REFUSED, /^ECONNREFUSED: /],
  },
  workerd: {
    ...page(/^Network connection lost\.$/),
    // Which of the two, depends on the version.
    notHttp: [undefined, /^(internal error; reference = |Network connection lost\.$)/],
    // So it hides whatever is not a connection that was lost.
    ...Object.fromEntries(["unknownHost", "certificate", "httpsToHttp"].map((way) => [way, [UNKNOWN, /^internal error; reference = /]])),
  },
  chromium: page(/^Failed to fetch$/),
  firefox: { ...page(/^NetworkError when attempting to fetch resource\.$/), body: [UNKNOWN, /^The operation was aborted\.$/] },
  webkit: page(/^Load failed$/),
};

const runtimes = [...["node", "deno", "bun"].map(standalone), workerd, ...["chromium", "firefox", "webkit"].map(inBrowser)];

describe("a request that gets no answer", { concurrency: 2 }, () => {
  let app, losing;
  before(async () => {
    [app, losing] = await Promise.all([createLosingApp(), startLosing()]);
  });
  after(async () => {
    await losing?.stop();
    await app?.remove();
  });

  for (const runtime of runtimes) {
    const skip = runtime.missing && process.env.CI !== "true" ? runtime.missing : false;
    test(`${runtime.name} tells of it as it did, and each is read by what the platform says`, { skip, timeout: 60_000 }, async () => {
      assert.equal(runtime.missing, undefined);
      const ways = Object.entries(losing.urls).map(([name, url]) => ({ name, url }));
      if (runtime.name === "node") {
        ways.push({ name: "headersClock", url: losing.silent.headers, clocks: { headersTimeout: 300 } });
        ways.push({ name: "bodyClock", url: losing.silent.bodies, clocks: { bodyTimeout: 300 } });
      }
      const results = [];
      await runtime.run({ app, setting: { ways }, quiet: true, onResult: (result) => results.push(result) });
      assert.deepEqual(
        results.map(({ name }) => name),
        ways.map(({ name }) => name),
      );
      for (const result of results) {
        const { name, why, detail, ms, answered } = result;
        const [expected, says] = platforms[runtime.name][name];
        const seen = `${runtime.name}, ${name}: ${JSON.stringify(result)}`;
        assert.match(detail ?? "", says, seen);
        if (expected !== undefined) assert.equal(why, expected, seen);
        assert.equal(answered, name.startsWith("body"), seen);
        if (name === "late") assert.ok(ms >= LATE_MS - 50, seen);
      }
    });
  }
});

const withCode = (message, code, rest = {}) => Object.assign(new Error(message), { code, ...rest });
const failed = (cause) => new TypeError("fetch failed", { cause });

describe("whyLost", () => {
  let app, whyLost;
  before(async () => {
    app = await createLosingApp();
    ({ whyLost } = await import(pathToFileURL(join(app.dir, "inside/why.js"))));
  });
  after(() => app?.remove());

  const told = [
    [
      "a name with two addresses, both closed, in Node",
      REFUSED,
      "connect ECONNREFUSED ::1:9",
      () => {
        const errors = ["::1:9", "127.0.0.1:9"].map((at) => withCode(`connect ECONNREFUSED ${at}`, "ECONNREFUSED"));
        return failed(Object.assign(new AggregateError(errors, ""), { code: "ECONNREFUSED" }));
      },
    ],
    [
      "a certificate for another name, in Node",
      NEVER,
      "x (ERR_TLS_CERT_ALTNAME_INVALID)",
      () => failed(withCode("x", "ERR_TLS_CERT_ALTNAME_INVALID")),
    ],
    [
      "a chain that lacks its root, in Node",
      NEVER,
      "x (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
      () => failed(withCode("x", "UNABLE_TO_VERIFY_LEAF_SIGNATURE")),
    ],
    [
      "a connection that takes too long, in Node",
      UNKNOWN,
      "x (UND_ERR_CONNECT_TIMEOUT)",
      () => failed(withCode("x", "UND_ERR_CONNECT_TIMEOUT", { name: "ConnectTimeoutError" })),
    ],
    [
      "a network that is gone, in Node",
      QUICK,
      "connect ENETUNREACH 127.0.0.1:9",
      () => failed(withCode("connect ENETUNREACH 127.0.0.1:9", "ENETUNREACH")),
    ],
    [
      "a name that is gone, in Node",
      NAMELESS,
      "getaddrinfo ENOTFOUND h.example",
      () => failed(withCode("getaddrinfo ENOTFOUND h.example", "ENOTFOUND")),
    ],
    ["a scheme that is none of HTTP, in Node", NEVER, "unknown scheme", () => failed(new Error("unknown scheme"))],
    ["the same in Deno", NEVER, undefined, () => new TypeError("Url scheme 'foo' not supported")],
    [
      "a refusal in Bun 1.3",
      REFUSED,
      "Unable to connect. Is the computer able to access the url? (ConnectionRefused)",
      () => withCode("Unable to connect. Is the computer able to access the url?", "ConnectionRefused"),
    ],
    ["Bun's own clock", CLOCK, "The operation timed out.", () => new DOMException("The operation timed out.", "TimeoutError")],
    [
      "a refusal in Deno 2.0 on Windows",
      REFUSED,
      undefined,
      () => new TypeError("error sending request: No connection could be made because the target machine actively refused it. (os error 10061)"),
    ],
    ["Deno without its permission", NEVER, undefined, () => new Error('Requires net access to "127.0.0.1:9", run again with the --allow-net flag')],
    [
      "a URL that reads like a certificate, in Deno",
      UNKNOWN,
      undefined,
      () => new TypeError("error sending request for url (https://h/peer-certificate/ECONN/bad%20port): client error (Connect)"),
    ],
    [
      "the limit of a Worker",
      NEVER,
      undefined,
      () => new Error("Too many subrequests by single Worker invocation. To configure this limit, refer to …"),
    ],
    ["a Worker's lost connection after a second", UNKNOWN, "Network connection lost.", () => new Error("Network connection lost."), 1_001],
    ["Chromium with the host in its words", QUICK, "Failed to fetch (h.example)", () => new TypeError("Failed to fetch (h.example)")],
    ["somebody's own words", UNKNOWN, "Failed to fetch the token", () => new Error("Failed to fetch the token")],
    ["a mistake in somebody's own fetch", UNKNOWN, "CERT_PATH is not defined", () => new ReferenceError("CERT_PATH is not defined")],
    [
      "another one",
      UNKNOWN,
      "Cannot read properties of undefined (reading 'cert')",
      () => new TypeError("Cannot read properties of undefined (reading 'cert')"),
    ],
    ["a text", UNKNOWN, "no", () => "no"],
    ["a cause that is a text", UNKNOWN, "because", () => new Error("no", { cause: "because" })],
    ["a cause that says nothing", UNKNOWN, "no", () => new Error("no", { cause: {} })],
    ["a code alone", REFUSED, "(ECONNREFUSED)", () => ({ code: "ECONNREFUSED" })],
    ["nothing", UNKNOWN, "", () => undefined],
    ["a number", UNKNOWN, "", () => 7],
    ["a symbol", UNKNOWN, "", () => Symbol("no")],
    [
      "a cause that is the error again",
      UNKNOWN,
      "again",
      () => {
        const error = new Error("again");
        return Object.assign(error, { cause: error });
      },
    ],
    [
      "getters that throw",
      UNKNOWN,
      "",
      () => ({
        get message() {
          throw new Error("no");
        },
      }),
    ],
    [
      "a cause that throws",
      REFUSED,
      "(ECONNREFUSED)",
      () => ({
        code: "ECONNREFUSED",
        get cause() {
          throw new Error("no");
        },
      }),
    ],
    ["members of other types", UNKNOWN, "", () => ({ message: 7n, code: {}, name: [], cause: { message: null, errors: 3 } })],
    [
      "a proxy that is revoked",
      UNKNOWN,
      "",
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
    ],
    [
      "a proxy that has everything",
      UNKNOWN,
      "",
      () => {
        const all = new Proxy(() => all, { get: () => all });
        return all;
      },
    ],
    ["what is frozen", UNKNOWN, "no", () => Object.freeze(new Error("no"))],
  ];
  for (const [what, why, detail, error, ms = 5] of told) {
    test(`reads ${what}`, () => {
      const read = whyLost(error(), ms);
      assert.equal(read.why, why);
      if (detail !== undefined) assert.equal(read.detail, detail);
    });
  }

  test("cuts a text at 2,000 characters, and is soon done with the largest", () => {
    for (const part of ["x", "cert", "cert ", "\n", "ECONN", "scheme"]) {
      const message = part.repeat(10_000_000 / part.length);
      let error;
      for (let depth = 0; depth < 50; depth++) error = withCode(message, message, { cause: error });
      const began = performance.now();
      assert.ok(whyLost(error, 5).detail.length <= 2_000);
      assert.ok(performance.now() - began < 200, part);
    }
  });
});
