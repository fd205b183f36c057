/** What is sent to one target: address, headers, body, and whose credentials. */

import type { CoreBody, CoreTarget, HeaderPairs, Located } from "./core-request.js";
import { invalid } from "./invalid.js";
import type { Secrets } from "./secrets.js";
import type { Token } from "./types.js";

/** One address on the way of a request, which may be redirected. */
export interface Outgoing {
  readonly url: string;
  init(signal: AbortSignal, follow: boolean): RequestInit;
  /** Where the answer sends it, or undefined if that is no address. */
  redirected(response: Response): Outgoing | undefined;
}

/** What the caller gave for the whole call. */
export interface Common {
  headers: HeaderPairs;
  token?: Token | undefined;
  payload: CoreBody;
}

/** These say nothing about the caller, so they may go anywhere. */
const harmless = new Set(["content-type", "accept"]);

export async function outgoing(
  target: CoreTarget,
  { url: route, model, shares }: Located,
  common: Common,
  secrets: Secrets,
  holdHeader: string,
  holdSeconds: number,
): Promise<Outgoing> {
  const headers = new Headers();
  const add = (name: string, value: string) => headers.has(name) || headers.set(name, value);
  for (const [name, value] of target.headers) add(name, value);
  for (const [name, value] of common.headers) if (shares || harmless.has(name)) add(name, value);
  for (const [name, value] of headers) if (!harmless.has(name)) secrets.add(value);
  if (!headers.has("authorization")) {
    const token = await ask(target.token ?? (shares ? common.token : undefined));
    if (token !== undefined) {
      secrets.add(token);
      headers.set("authorization", `Bearer ${token}`);
    }
  }
  if (holdHeader) add(holdHeader, Number.isNaN(holdSeconds) ? "true" : String(holdSeconds));
  const { body, bodyRest } = common.payload;
  const url = target.href ?? route;
  return leg(url, new URL(url).origin, headers, model ? withModel(model, bodyRest) : body);
}

function leg(url: string, home: string, headers: Headers, body: CoreBody["body"]): Outgoing {
  return {
    url,
    init(signal, follow) {
      const sent = new Headers(headers);
      if (new URL(url).origin !== home) for (const name of headers.keys()) if (!harmless.has(name)) sent.delete(name);
      return { method: "POST", headers: sent, body, signal, redirect: follow ? "follow" : "manual" };
    },
    redirected(response) {
      const location = response.headers?.get("location");
      return location && URL.canParse(location, url) ? leg(new URL(location, url).href, home, headers, body) : undefined;
    },
  };
}

/** `{"model": …}` in front of the members of an object without one. */
function withModel(model: string, rest: string): string {
  return `{"model":${JSON.stringify(model)}${rest === "{}" ? "" : ","}${rest.slice(1)}`;
}

/** Asked for anew before each try: a token may have been renewed. */
async function ask(token: Token | undefined): Promise<string | undefined> {
  if (typeof token !== "function") return token;
  const value: unknown = await token();
  if (typeof value !== "string" || !isToken(value)) {
    throw invalid("token: the function must give a string of visible ASCII characters, without spaces or line breaks");
  }
  return value;
}

export const isToken = (value: string): boolean => /^[\x21-\x7e]+$/.test(value);
