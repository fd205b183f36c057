const decode = (pieces) => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
};

/** One address, as `src/ts/http/request.ts` makes them, without headers of anybody's. */
const outgoing = (url, signal, follows = false) => ({
  url,
  send: () => fetch(url, { method: "POST", body: "{}", signal, redirect: follows ? "follow" : "manual" }),
  onward({ status, headers }) {
    if (status === 0 && follows) throw new TypeError("an error");
    if (status === 0) return outgoing(url, signal, true);
    if (status !== 307 && status !== 308) return undefined;
    const location = headers.get("location");
    return location ? outgoing(new URL(location, url).href, signal) : undefined;
  },
});

/** What the clocks go by, as in `src/ts/http/body.ts`. */
class Body {
  quietSince = NaN;
  heard = false;
  pieces = [];
  ended = false;
  #reader;
  #wasAway = 0;
  #leftAt = 0;

  constructor(response) {
    this.#reader = response.body?.getReader();
  }

  /** Undefined at the end. */
  async next() {
    const { done, value } = (await this.#reader?.read()) ?? { done: true };
    this.ended = done;
    if (!done) this.quietSince = performance.now();
    return value;
  }

  /** Its reader asks for nothing. */
  async away(ms) {
    this.#leftAt = performance.now();
    this.quietSince = Infinity;
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.quietSince = performance.now();
    this.#wasAway += this.quietSince - this.#leftAt;
  }

  get awayMs() {
    return this.#wasAway + (this.quietSince === Infinity ? performance.now() - this.#leftAt : 0);
  }

  async drain() {
    while (await this.next());
  }

  stop() {
    if (!this.ended) this.#reader?.cancel().catch(() => {});
  }
}

const NUMBERS = [
  "maxRetries",
  "maxWaitMs",
  "defaultWaitMs",
  "holdMs",
  "connectMs",
  "firstByteMs",
  "idleMs",
  "attemptMs",
  "totalMs",
  "priority",
  "refusedMs",
  "onlyWarms",
];
const PARTS = ["origin", "path", "model"];
const KINDS = ["chat", "object", "opaque"];

// As `src/ts/wasm/enums.ts` has them.
const PROFILES = ["router", "hf-inference", "endpoint", "openai", "legacy"];
const REASONS = ["loading", "rate_limit", "backoff", "queue", "breaker", "offline"];
const STATES = ["closed", "open", "half_open"];
const LAYERS = ["client", "network", "gateway", "compute", "account"];
const PHASES = ["queue", "wait", "connect", "first_byte", "idle", "attempt", "total"];
const CODES = (
  "model_loading rate_limited overloaded unavailable gateway_timeout timeout network engine_failure stream_truncated stream_error " +
  "bad_response circuit_open queue_full bad_request too_large unauthorized forbidden credits_exhausted not_found gone paused"
).split(" ");
const OUTCOMES = ["ok", "aborted", ...CODES];

/** The numbers of a report, and its names. */
const report = ([...row]) => {
  const [numbers, names] = [row.splice(0, 2 + REASONS.length), []];
  while (row.length > 0) {
    const [target, started, duration, status, outcome, layer] = row.splice(0, 7);
    numbers.push(target, started, duration, status);
    names.push(OUTCOMES[outcome], LAYERS[layer - 1] ?? "");
  }
  return [numbers, names];
};

const failure = ([retryable, status, retryAfter, code, layer, phase]) => [
  [retryable, status, retryAfter],
  [CODES[code], LAYERS[layer], PHASES[phase] ?? ""],
];

const HOW = [
  (row) => ["ok", report(row)],
  (row, failed) => ["failed", report(row), failure(failed)],
  (row) => ["aborted", report(row)],
  (error) => ["threw", error],
];

/** A `CoreRequest` that keeps everything it is told, each as one line. */
export class Caller {
  kind;
  streamed;
  targets;
  aborted = false;
  quiet = false;
  usual = false;
  spentMs = 0;
  offline = false;
  hidden = false;
  key = 0;
  connects = () => -1;
  speaks = () => 0;
  known = -1;
  wanted;
  passes = false;
  leg;
  #controller;

  told = [];
  said = [];
  located = [];
  landings = [];
  bodies = [];
  holds = [];
  streams = [];
  texts = [];
  begins = [];
  /** Of the caller's token function: "gives", "stalls", or what it throws. */
  token = "gives";
  /** How long the reader of a stream asks for nothing, after the first piece from its beginning on, the second… */
  away = [];
  /** Of the newest stream. */
  feed;
  /** The newest response. */
  answer;
  #given;
  #urls = ["http://one.test/"];
  #body;
  #isError = false;
  #end;
  /** Of the core, by Rust. */
  wake = () => {};
  #seat = [0, 0];
  #awaited = 0;
  #news = 0;
  #value;

  /** @param given what differs from a call to one target with every default, as JSON */
  constructor(given) {
    this.#given = { kind: "object", streamed: false, targets: [{ origin: "http://one.test", path: "/" }], ...JSON.parse(given) };
    this.kind = KINDS.indexOf(this.#given.kind);
    this.streamed = this.#given.streamed;
    this.wanted = this.#given.wanted ?? 0;
    this.targets = this.#given.targets.length;
    this.settled = new Promise((resolve) => (this.#end = resolve));
  }

  part(target, part) {
    return this.#given.targets[target][PARTS[part]] ?? "";
  }

  /** Each call of a test has its own targets, unless they are given. */
  shared(target) {
    return this.#given.shared?.[target] ?? target;
  }

  tellBreaker(shared, state) {
    this.told.push(`breaker ${STATES[state]} of ${shared}`);
  }

  tellAlert(shared) {
    this.told.push(`alert of ${shared}`);
  }

  profile(target) {
    return PROFILES.indexOf(this.#given.targets[target].profile);
  }

  number(which) {
    return this.#given[NUMBERS[which]] ?? NaN;
  }

  settle(how, ...settled) {
    this.#end(HOW[how](...settled));
  }

  sits(client, seat) {
    this.#seat = [client, seat];
  }

  /** By the number of its seat, as in `src/ts/call/waiting.ts`. */
  wakes(called = false) {
    this.wake(...this.#seat, called);
  }

  awaits(promise) {
    const nth = ++this.#awaited;
    this.#news = 0;
    const settled = (news) => (value) => {
      if (nth !== this.#awaited) return;
      this.#news = news;
      this.#value = value;
      this.wakes();
    };
    Promise.resolve(promise).then(settled(2), settled(3));
  }

  news() {
    return this.aborted ? 1 : this.#news;
  }

  value() {
    this.#news = 0;
    return this.#value;
  }

  status({ status }) {
    return status;
  }

  header({ headers }, name) {
    return headers.get(name);
  }

  lost() {
    return 0;
  }

  hints({ headers }) {
    return [...headers].map(([name, value]) => `${name}: ${value}\n`).join("");
  }

  probe() {}

  look() {}

  get modelSays() {
    return 3;
  }

  get reached() {
    return false;
  }

  discard({ body }) {
    body?.cancel().catch(() => {});
  }

  refused(...why) {
    this.#end(["refused", ...why]);
  }

  inverted(...times) {
    this.#end(["inverted", ...times]);
  }

  aborts() {
    this.aborted = true;
    this.wakes();
  }

  abortsAfter(ms) {
    setTimeout(() => this.aborts(), ms);
  }

  locate(target, url, model, shares) {
    this.#urls[target] = url;
    this.located.push(`${target} ${url} ${model || "-"} ${shares ? "shares" : "apart"}`);
  }

  async prepare(target, holdHeader, holdSeconds) {
    this.#body = undefined;
    this.#controller = new AbortController();
    this.holds.push(`${holdHeader || "-"} ${holdSeconds}`);
    if (this.token === "stalls") await new Promise(() => {});
    if (this.token !== "gives") throw this.token;
    this.leg = outgoing(this.#urls[target], this.#controller.signal);
  }

  onward(response) {
    const next = this.leg.onward(response);
    if (next) this.leg = next;
    return next;
  }

  landed(attempt, response) {
    this.answer = response;
    this.landings.push(`${attempt} ${response.status}`);
    // Whether there are hints is looked up there: as if there always were some.
    return 2 | (this.streamed ? 1 : 0);
  }

  async read(response, limit, feed) {
    const body = (this.#body = new Body(response));
    this.#isError = limit !== Infinity;
    for (let left = limit; left > 0;) {
      const piece = (await body.next())?.subarray(0, left);
      if (this.#body !== body) await new Promise(() => {}); // stopped
      if (!piece) return this.#keeps(body);
      body.heard = true;
      body.pieces.push(piece);
      left -= piece.length;
      feed(piece);
    }
    body.stop();
    this.#keeps(body);
  }

  #keeps({ pieces }) {
    const length = pieces.reduce((length, piece) => length + piece.length, 0);
    this.bodies.push(`${this.answer.status} ${this.#isError ? "error" : "whole"} ${length}: ${decode(pieces).slice(0, 40)}`);
  }

  says(detail, status) {
    this.said.push(`${decode([detail]).slice(0, 60)}${status ? ` (${status})` : ""}`);
  }

  async stream(response, feed) {
    const body = (this.#body = new Body(response));
    this.#isError = false;
    this.feed = feed;
    for (;;) {
      const piece = await body.next();
      if (this.#body !== body) await new Promise(() => {}); // stopped
      // Items alone: what is said of a piece is 1, it is over, and 2, something has come.
      const told = feed(piece, 0);
      if (told & 2) body.heard = true;
      if (told & 1 || !piece) return;
      if (this.begins.length > 0 && this.away.length > 0) await body.away(this.away.shift());
    }
  }

  events(data, count, text) {
    if (count > 0) this.streams.push(`events ${decode([data])}`);
    if (text) this.texts.push(decode([text]));
  }

  begin(ms) {
    this.streams.push("begin");
    this.begins.push(ms);
  }

  rest() {
    if (this.#body.ended) return undefined;
    this.streams.push("rest");
    return this.#body.drain();
  }

  stop() {
    this.streams.push("stop");
    this.#controller?.abort();
    this.#body?.stop();
    this.#body = undefined;
  }

  body() {
    return this.#body;
  }

  /** Whether the decoder of the newest stream still takes anything. */
  feeds() {
    try {
      this.feed(undefined, 0);
      return true;
    } catch {
      return false;
    }
  }

  tellAttempt(attempt, target) {
    this.told.push(`attempt ${attempt} at ${target}`);
  }

  tellResponse(attempt, status, outcome) {
    this.told.push(`response ${attempt}: ${status} ${OUTCOMES[outcome]}`);
  }

  tellWait(reason, ms, _, attempt, target, estimatedMs) {
    this.told.push(`wait ${REASONS[reason]} ${ms} after ${attempt} at ${target}, estimate ${estimatedMs}`);
  }

  tellFallback(to, why) {
    this.told.push(`fallback to ${to}: ${CODES[why]}`);
  }
}
