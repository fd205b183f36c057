/** What is sent to one target: address, headers, body, and whose credentials. */

import { invalid } from "../errors/invalid.js";
import { isToken } from "../input/options.js";
import type { Token } from "../types/call.js";
import type { CoreBody, CoreTarget, HeaderPairs, Located, Outgoing } from "../wasm/protocol.js";
import type { Secrets } from "./redact.js";

/** What the caller gave for the whole call. */
export interface Common {
  headers: HeaderPairs;
  given?: Headers | undefined;
  token?: Token | undefined;
  payload: CoreBody;
  /** Of a `fetch`: method and whatever else it was given. */
  init?: RequestInit | undefined;
  fetch?: typeof fetch | undefined;
  /** A fresh one for every try. */
  signal: AbortSignal;
}

/** These say nothing about the caller, so they may go anywhere. */
const harmless = new Set(["content-type", "accept"]);

/** A promise, where a token has to be fetched. */
export function outgoing(
  target: CoreTarget,
  located: Located,
  common: Common,
  secrets: Secrets,
  holdHeader: string,
  holdSeconds: number,
): Outgoing | Promise<Outgoing> {
  const { shares } = located;
  const { given } = common;
  const token = target.token ?? (shares ? common.token : undefined);
  const { body, bodyRest, model: its } = common.payload;
  const { url, model } = located;
  const sent = model && model !== its ? withModel(model, bodyRest) : body;
  const to = target.href ?? url;
  // The usual `fetch`: what was given is sent.
  if (given && shares && !holdHeader && target.headers.length === 0 && (!token || given.has("authorization"))) {
    return new Leg(to, given, sent, common);
  }
  // A record and no Headers object: `fetch` makes its own of it, and takes its time.
  const headers: Record<string, string> = Object.create(null);
  const add = (name: string, value: string) => (headers[name] ??= value);
  for (const [name, value] of target.headers) add(name, value);
  for (const [name, value] of given ?? common.headers) if (shares || harmless.has(name)) add(name, value);
  if (!given) for (const name in headers) if (!harmless.has(name)) secrets.add(headers[name] as string);
  if (holdHeader) add(holdHeader.toLowerCase(), Number.isNaN(holdSeconds) ? "true" : String(holdSeconds));
  const leg = new Leg(to, headers, sent, common);
  const authorise = (value: string) => {
    secrets.add(value);
    headers["authorization"] = `Bearer ${value}`;
    return leg;
  };
  if (token === undefined || headers["authorization"] !== undefined) return leg;
  if (typeof token === "function") return ask(token).then(authorise);
  return authorise(token);
}

class Leg implements Outgoing {
  constructor(
    readonly url: string,
    readonly headers: Record<string, string> | Headers,
    readonly body: CoreBody["body"],
    readonly common: Common,
    readonly method = common.init ? (common.init.method ?? "GET") : "POST",
  ) {}

  send(follow: boolean): Promise<Response> {
    const { url, headers, body, method, common } = this;
    const { signal } = common;
    const init: RequestInit = {
      ...common.init,
      method,
      headers,
      signal,
      redirect: common.init?.redirect === "error" ? "error" : follow ? "follow" : "manual",
    };
    if (body !== undefined) init.body = body;
    // Looked up at each call, so that a page or a test may replace it.
    return (common.fetch ?? globalThis.fetch)(url, init);
  }

  redirected(response: Response): Outgoing | undefined {
    const { status, headers } = response;
    const location = headers?.get("location");
    const keeps = status === 307 || status === 308 || (status < 303 && this.method === "GET");
    if (!(keeps || this.common.init) || !location || !URL.canParse(location, this.url)) return undefined;
    const { href, origin } = new URL(location, this.url);
    const stays = origin === new URL(this.url).origin;
    const all: Iterable<[string, string]> = this.headers instanceof Headers ? this.headers : Object.entries(this.headers);
    const kept = [...all].filter(([name]) => stays || harmless.has(name));
    if (keeps) return new Leg(href, Object.fromEntries(kept), this.body, this.common, this.method);
    // A 303, and by old habit a 301 and a 302, are to be got (Fetch standard, HTTP-redirect fetch).
    return new Leg(href, Object.fromEntries(kept.filter(([name]) => name !== "content-type")), undefined, this.common, "GET");
  }
}

/** `{"model": …}` in front of the members of an object without one. */
function withModel(model: string, rest: string): string {
  return `{"model":${JSON.stringify(model)}${rest === "{}" ? "" : ","}${rest.slice(1)}`;
}

/** Asked for anew before each try: a token may have been renewed. */
async function ask(token: () => string | Promise<string>): Promise<string> {
  const value: unknown = await token();
  if (typeof value !== "string" || !isToken(value)) {
    throw invalid("token: the function must give a string of visible ASCII characters, without spaces or line breaks");
  }
  return value;
}
