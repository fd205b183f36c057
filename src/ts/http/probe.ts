/**
 * Whether an origin that sends no headers is reachable at all. `fetch` does not show when a connection is made, and silence
 * proves nothing. So one HEAD asks, and its result holds for a minute for all calls. It is kept as a plain value, because in a
 * Worker no request may wait for the promise of another one.
 */

import { abortedAfter, uncached } from "../input/platform.js";
import { isPage } from "./away.js";

/** In ms. */
const GOOD_FOR = 60_000;

type Asked = Map<string, { at: number; reached: boolean }>;

/** For each `fetch` and each origin: when it was asked last, and whether it has answered. */
const asked = new WeakMap<typeof globalThis.fetch, Asked>();

const known = (origin: string, all: Asked | undefined, now = performance.now()) => {
  const last = all?.get(origin);
  return last && now - last.at < GOOD_FOR ? last : undefined;
};

export function probe(url: string, fetch: typeof globalThis.fetch): void {
  const { origin } = new URL(url);
  const now = performance.now();
  const all: Asked = asked.get(fetch) ?? new Map();
  asked.set(fetch, all);
  if (known(origin, all, now)) return;
  for (const other of all.keys()) if (!known(other, all, now)) all.delete(other);
  const last = { at: now, reached: false };
  all.set(origin, last);
  // A refusal proves nothing: a server that is shutting down refuses new connections and finishes the requests it has.
  void head(origin, fetch, GOOD_FOR).then((answered) => (last.reached = answered));
}

/** Whether a HEAD is answered within `ms`. Its content is not read. */
export async function head(origin: string, fetch: typeof globalThis.fetch, ms: number, credentials: RequestCredentials = "omit"): Promise<boolean> {
  const init: RequestInit = { method: "HEAD", redirect: "manual", credentials, ...uncached(), signal: abortedAfter(ms) };
  // In a page any server may be asked whether it is there, and what it says stays hidden. Such a request follows
  // redirects, or the platform refuses to send it.
  if (isPage()) Object.assign(init, { mode: "no-cors", redirect: "follow" });
  try {
    await (await fetch(origin, init)).body?.cancel();
    return true;
  } catch {
    return false;
  }
}

export const wasReached = (url: string, fetch: typeof globalThis.fetch): boolean => known(new URL(url).origin, asked.get(fetch))?.reached ?? false;
