/** What is sent to one target: address, headers, body, and whose credentials. */

import { bareToken } from "../input/options.js";
import { parsedUrl } from "../input/platform.js";
import type { Token } from "../types/call.js";
import type { CoreBody, CoreTarget, HeaderPairs, Located, Outgoing } from "../wasm/protocol.js";
import { keyNumber } from "./key.js";
import { platformFetch, sendAs } from "./platform.js";
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
  /** Who sends. */
  owner: object;
  /** A fresh one for every try. */
  signal: AbortSignal;
}

/** These say nothing about the caller, so they may go anywhere. */
export const harmless = new Set(["content-type", "accept"]);

/** A promise, where a token has to be fetched. */
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
  // A record and no Headers object: `fetch` makes its own of it, and takes its time.
  const headers: Record<string, string> = Object.create(null);
  const add = (name: string, value: string) => (headers[name] ??= value);
  for (const [name, value] of target.headers) add(name, value);
  for (const [name, value] of given ?? common.headers) {
    // A target's own token goes before what was given for all.
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

/** As many as `fetch` follows (Fetch standard, HTTP-redirect fetch). */
const MOST_REDIRECTS = 20;

/** One address on the way of a request. */
export class Leg implements Outgoing {
  /** What a redirect has to do with its failure. */
  astray: string | undefined;
  /** Asked before it is sent. What this answers is the answer, and it is not sent. */
  before: (() => Promise<Response | undefined>) | undefined;

  constructor(
    readonly url: string,
    private readonly headers: Record<string, string> | Headers,
    private readonly body: CoreBody["body"],
    private readonly common: Common,
    private readonly method = common.init ? (common.init.method ?? "GET") : "POST",
    /** How many redirects there were before it. */
    readonly redirects = 0,
    /** By the platform, which shows nothing of them. */
    private readonly follows = false,
    /** Where the answer to a payload lies that has been taken: a 303 led here. */
    readonly isAnswer = false,
  ) {}

  get signal(): AbortSignal {
    return this.common.signal;
  }

  /** Whose limit it meets. */
  get key(): number {
    return keyNumber(this.url, this.headers);
  }

  send(): Promise<Response> {
    return this.before ? this.before().then((answer) => answer ?? this.#send()) : this.#send();
  }

  /** A GET with its credentials, or without any; redirects are not followed. */
  look(url: string, isForeign: boolean, signal: AbortSignal): Promise<Response> {
    const all: Iterable<[string, string]> = this.headers instanceof Headers ? this.headers : Object.entries(this.headers);
    const headers = Object.fromEntries([...all].filter(([name]) => !isForeign && !name.startsWith("content-")));
    const init: RequestInit = { method: "GET", headers, signal, redirect: "manual", cache: "no-store" };
    return sendAs(this.common.owner, () => (this.common.fetch ?? platformFetch())(url, init));
  }

  #send(): Promise<Response> {
    const { url, headers, body, method, common } = this;
    const { signal } = common;
    // A redirect that is refused is seen here, and is no reason to ask again.
    const init: RequestInit = {
      ...common.init,
      method,
      headers,
      signal,
      redirect: !this.follows ? "manual" : common.init?.redirect === "error" ? "error" : "follow",
    };
    if (body !== undefined) init.body = body;
    return sendAs(common.owner, () => (common.fetch ?? platformFetch())(url, init));
  }

  /**
   * It was refused by the platform, and not by the network. The same members are looked at by its
   * `Request`; what that takes and the sending does not, Node names by a code.
   */
  unsendable(error: unknown): boolean {
    try {
      const { code } = ((error as Error | undefined)?.cause ?? {}) as { code?: unknown };
      if (/^UND_ERR_(INVALID_ARG|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)$/.test(String(code))) return true;
    } catch {
      // It tells nothing.
    }
    try {
      return !new Request(this.url, { ...this.common.init, method: this.method, signal: null });
    } catch {
      return true;
    }
  }

  /**
   * Where the answer sends it, by the rules of HTTP-redirect fetch in the Fetch standard; beyond it,
   * only the headers that say nothing about the caller go to another origin. Undefined if the
   * redirect is not followed: it has no `Location`, or following it would drop the payload. A 303 is followed, because the
   * server has taken the payload.
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

  /** The same once more. */
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

/** The rest may hold a key. */
const shown = ({ origin, pathname }: URL): string => origin + pathname;

/** `{"model": …}` in front of the members of an object without one. */
function withModel(model: string, rest: string): string {
  return `{"model":${JSON.stringify(model)}${rest === "{}" ? "" : ","}${rest.slice(1)}`;
}

/** Asked for anew before each try: a token may have been renewed. */
async function ask(token: () => string | Promise<string>): Promise<string> {
  return bareToken(await token(), "what the token function gives");
}
