/** The request to one target: address, headers, body and credentials. */

import { bareToken } from "../input/options.js";
import { parsedUrl, uncached } from "../input/platform.js";
import type { Token } from "../types/call.js";
import type { CoreBody, CoreTarget, HeaderPairs, Located, Outgoing } from "../wasm/protocol.js";
import { keyNumber } from "./key.js";
import { isCircle, sendAs } from "./platform.js";
import type { Secrets } from "./redact.js";

/** The parts of a request that are the same for every target of a call. */
export interface Common {
  headers: HeaderPairs;
  given?: Headers | undefined;
  token?: Token | undefined;
  payload: CoreBody;
  /** The method and further members that the caller of `client.fetch` gave. */
  init?: RequestInit | undefined;
  fetch?: typeof fetch | undefined;
  /** The client that sends the request. */
  owner: object;
  /** A new signal for every attempt. */
  signal: AbortSignal;
  /** The signal that the caller of the call gave. */
  from?: AbortSignal | undefined;
}

/** These headers say nothing about the caller, so they may go to any origin. */
export const harmless = new Set(["content-type", "accept"]);

/** Builds a request. Returns a promise if a token has to be fetched. */
export function outgoing(
  target: CoreTarget,
  located: Located,
  common: Common,
  secrets: Secrets,
  holdHeader: string,
  holdSeconds: number,
): Leg | Promise<Leg> {
  const { shares } = located;
  const { given } = common;
  const token = target.token ?? (shares ? common.token : undefined);
  const { body, bodyRest, model: its } = common.payload;
  const { url, model } = located;
  const sent = model && model !== its ? withModel(model, bodyRest) : body;
  const to = target.href ?? url;
  secrets.addQuery(to);
  // The usual `fetch`: what was given is sent.
  if (
    given &&
    sent === body &&
    shares &&
    !holdHeader &&
    target.headers.length === 0 &&
    (!token || (target.token === undefined && given.has("authorization")))
  ) {
    return new Leg(to, given, sent, common);
  }
  // A plain record, because `fetch` makes a `Headers` of its own anyway, and a second one takes time.
  const headers: Record<string, string> = Object.create(null);
  const add = (name: string, value: string) => (headers[name] ??= value);
  for (const [name, value] of target.headers) add(name, value);
  for (const [name, value] of given ?? common.headers) {
    // The token of the target takes precedence over the call's.
    const stays = target.token === undefined || name !== "authorization";
    if (stays && (shares || harmless.has(name))) add(name, value);
  }
  const secret = given ? Object.fromEntries(target.headers) : headers;
  for (const name in secret) if (!harmless.has(name)) secrets.add(secret[name] as string);
  if (holdHeader) add(holdHeader.toLowerCase(), Number.isNaN(holdSeconds) ? "true" : String(holdSeconds));
  const leg = new Leg(to, headers, sent, common);
  const authorise = (value: string) => {
    secrets.add(value);
    headers["authorization"] = `Bearer ${value}`;
    return leg;
  };
  if (token === undefined || headers["authorization"] !== undefined) return leg;
  if (typeof token === "function") return ask(token).then(authorise);
  return authorise(token.trimEnd());
}

/** `fetch` follows the same number of redirects (Fetch standard, HTTP-redirect fetch). */
const MOST_REDIRECTS = 20;

/** One request of an attempt. A redirect adds another. */
export class Leg implements Outgoing {
  /** How a redirect explains the failure of this request, if it does. */
  astray: string | undefined;
  /** Called before the request is sent. If it resolves with a response, that is the answer and the request is not sent. */
  before: (() => Promise<Response | undefined>) | undefined;

  constructor(
    readonly url: string,
    private readonly headers: Record<string, string> | Headers,
    private readonly body: CoreBody["body"],
    private readonly common: Common,
    private readonly method = common.init ? (common.init.method ?? "GET") : "POST",
    /** How many redirects led to this request. */
    readonly redirects = 0,
    /** The platform follows redirects, and does not show them. */
    private readonly follows = false,
    /** A 303 led here: the server has taken the payload, and its answer is at this address. */
    readonly isAnswer = false,
  ) {}

  get signal(): AbortSignal {
    return this.common.signal;
  }

  /** The number of the API key whose limit the request meets. */
  get key(): number {
    return keyNumber(this.url, this.headers);
  }

  send(): Promise<Response> {
    return this.before ? this.before().then((answer) => answer ?? this.#send()) : this.#send();
  }

  /** A GET with the credentials of this request, or with none. Redirects are not followed. */
  look(url: string, isForeign: boolean, signal: AbortSignal): Promise<Response> {
    const all: Iterable<[string, string]> = this.headers instanceof Headers ? this.headers : Object.entries(this.headers);
    const headers = Object.fromEntries([...all].filter(([name]) => !isForeign && !name.startsWith("content-")));
    const init: RequestInit = { method: "GET", headers, signal, redirect: "manual", ...uncached() };
    return this.#fetch(url, init);
  }

  #send(): Promise<Response> {
    const { url, headers, body, method, common } = this;
    const { signal } = common;
    // A refused redirect is handled here, and is no reason for another attempt.
    const init: RequestInit = {
      ...common.init,
      method,
      headers,
      signal,
      redirect: !this.follows ? "manual" : common.init?.redirect === "error" ? "error" : "follow",
    };
    if (body !== undefined) init.body = body;
    return this.#fetch(url, init);
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    const { owner, fetch, from } = this.common;
    return sendAs(owner, fetch, url, init, [init.signal, init.headers], from);
  }

  /**
   * The platform refused to send the request; it is not the network. The constructor of `Request` checks the same members. What
   * the constructor accepts and `fetch` does not, Node reports with a code.
   */
  unsendable(error: unknown): boolean {
    if (isCircle(error)) return true;
    try {
      const { code } = ((error as Error | undefined)?.cause ?? {}) as { code?: unknown };
      if (/^UND_ERR_(INVALID_ARG|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)$/.test(String(code))) return true;
    } catch {
      // An error whose members throw gives no reason.
    }
    try {
      return !new Request(this.url, { ...this.common.init, method: this.method, signal: null });
    } catch {
      return true;
    }
  }

  /**
   * The request that follows a redirect, by the rules of HTTP-redirect fetch in the Fetch standard. Stricter than those rules,
   * only headers that say nothing about the caller go to another origin. Undefined if the redirect is not followed, because it has
   * no `Location` or following it would drop the payload. A 303 is followed, because the server has taken the payload.
   *
   * @throws {TypeError} where `fetch` would fail
   */
  onward({ status, type, headers }: Response): Leg | undefined {
    const { url, body, common, method } = this;
    if (status === 0) {
      if (this.follows || type !== "opaqueredirect") throw new TypeError("fetch answered with an error");
      return new Leg(url, this.headers, body, common, method, 0, true);
    }
    const location = headers?.get("location");
    if (!location || (status > 303 && status < 307)) return undefined;
    if (common.init?.redirect === "error") throw new TypeError("redirected, which the request does not allow");
    const becomesGet = status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST";
    const to = whereTo(location, url);
    if (becomesGet && !common.init && status !== 303) {
      this.astray = `it redirects to ${shown(to)}`;
      return undefined;
    }
    if (this.redirects >= MOST_REDIRECTS) throw new TypeError(`more than ${MOST_REDIRECTS} redirects, the last one to ${shown(to)}`);
    const stays = to.origin === new URL(url).origin;
    const all: Iterable<[string, string]> = this.headers instanceof Headers ? this.headers : Object.entries(this.headers);
    const kept = [...all].filter(([name]) => (stays || harmless.has(name)) && !(becomesGet && name.startsWith("content-")));
    const [sent, how] = becomesGet ? [undefined, "GET"] : [body, method];
    const isAnswer = this.isAnswer || (becomesGet && status === 303);
    const next = new Leg(to.href, Object.fromEntries(kept), sent, common, how, this.redirects + 1, false, isAnswer);
    next.astray = stays ? this.astray : `it was redirected to ${shown(to)}, where no credentials are sent, since it is another origin`;
    return next;
  }

  /** The same request for another attempt. */
  again(common: Common): Leg {
    return new Leg(this.url, this.headers, this.body, common, this.method, this.redirects, false, this.isAnswer);
  }
}

function whereTo(header: string, from: string): URL {
  // A header is bytes, shown as Latin-1; a URL in one is UTF-8 (Fetch standard, location URL).
  const location = /[\x80-\xff]/.test(header) ? new TextDecoder().decode(Uint8Array.from(header, (byte) => byte.charCodeAt(0))) : header;
  const to = parsedUrl(location, from);
  if (!to) throw new TypeError("redirected to what is no URL");
  if (!/^https?:$/.test(to.protocol)) throw new TypeError("redirected to what is neither http nor https");
  if (to.username || to.password) throw new TypeError(`redirected to ${shown(to)} with a user name or password, which fetch refuses`);
  return to;
}

/** A URL without the parts that may hold a key. */
const shown = ({ origin, pathname }: URL): string => origin + pathname;

/** Puts `"model"` in front of the members of a JSON object that has none. */
function withModel(model: string, rest: string): string {
  return `{"model":${JSON.stringify(model)}${rest === "{}" ? "" : ","}${rest.slice(1)}`;
}

/** The token is asked for before each attempt, because it may have been renewed. */
async function ask(token: () => string | Promise<string>): Promise<string> {
  return bareToken(await token(), "what the token function gives");
}
