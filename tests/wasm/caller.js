const decode = (pieces) => {
  const decoder = new TextDecoder();
  return pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
};

const lengthOf = (pieces) => pieces.reduce((length, piece) => length + piece.length, 0);

/** One address, as `src/ts/outgoing.ts` makes them, without headers of anybody's. */
export const outgoing = (url) => ({
  url,
  init: (signal, follow) => ({ method: "POST", body: "{}", signal, redirect: follow ? "follow" : "manual" }),
  redirected({ headers }) {
    const location = headers.get("location");
    return location ? outgoing(new URL(location, url).href) : undefined;
  },
});

/** A `CoreRequest` that keeps everything it is told, each as one line. */
export class Caller {
  targets = [{ origin: "http://one.test", path: "/", model: "", profile: "" }];
  kind = "object";
  aborted = false;
  maxRetries = NaN;
  maxWaitMs = NaN;
  defaultWaitMs = NaN;
  holdMs = NaN;
  connectMs = NaN;
  firstByteMs = NaN;
  idleMs = NaN;
  attemptMs = NaN;
  totalMs = NaN;

  told = [];
  located = [];
  landings = [];
  bodies = [];
  holds = [];
  /** Of the caller's token function: "gives", "stalls", or what it throws. */
  token = "gives";
  #urls = [];
  #wake;

  /** @param given what differs from the above, as JSON */
  constructor(given) {
    Object.assign(this, JSON.parse(given));
    this.abort = new Promise((resolve) => (this.#wake = resolve));
    this.settled = new Promise((resolve) => (this.settle = resolve));
  }

  aborts() {
    this.aborted = true;
    this.#wake();
  }

  abortsAfter(ms) {
    setTimeout(() => this.aborts(), ms);
  }

  locate(target, url, model, shares) {
    this.#urls[target] = url;
    this.located.push(`${target} ${url} ${model || "-"} ${shares ? "shares" : "apart"}`);
  }

  async outgoing(target, holdHeader, holdSeconds) {
    this.holds.push(`${holdHeader || "-"} ${holdSeconds}`);
    if (this.token === "stalls") await new Promise(() => {});
    if (this.token !== "gives") throw this.token;
    return outgoing(this.#urls[target]);
  }

  landed(attempt, response) {
    this.landings.push(`${attempt} ${response.status}`);
  }

  /** The words of a body are all of it; `estimated_time` is read if it is JSON. */
  incoming(pieces, response, succeeded) {
    const text = decode(pieces);
    this.bodies.push(`${response.status} ${succeeded ? "whole" : "error"} ${lengthOf(pieces)}: ${text.slice(0, 40)}`);
    let estimate = NaN;
    try {
      estimate = JSON.parse(text).estimated_time ?? NaN;
    } catch {
      // no JSON
    }
    return { ofEngine: true, unexpected: false, isError: !succeeded, text: text.toLowerCase(), kind: "", estimate };
  }

  tellAttempt(attempt, target) {
    this.told.push(`attempt ${attempt} at ${target}`);
  }

  tellResponse(attempt, status, outcome) {
    this.told.push(`response ${attempt}: ${status} ${outcome}`);
  }

  tellWait(reason, ms, attempt, target, estimatedMs) {
    this.told.push(`wait ${reason} ${ms} after ${attempt} at ${target}, estimate ${estimatedMs}`);
  }

  tellFallback(to, why) {
    this.told.push(`fallback to ${to}: ${why}`);
  }
}
