/** Which HTTP version an origin speaks. Over HTTP/1.1 a page has six connections to it; `src/core/admission/connections.rs` has the rule. */

import { Speaks } from "../wasm/protocol.js";
import { isPage } from "./away.js";
import { head } from "./probe.js";

/** In ms, for as many requests as the platform has connections to get under way, besides the time to connect and for the CORS preflight. */
const UNDER_WAY = 100;
/** The time to connect and for the preflight, as a multiple of the time of a HEAD. */
const ROUNDS = 4;
/** In ms. A HEAD that gets a connection is answered sooner. */
const SOON = 1_000;
/** In ms between two tries. */
const AGAIN = 60_000;

/** A browser has separate connections for requests with and without credentials, six of each. */
const enum Pool {
  Without = 1,
  With = 2,
}

const numbers = new Map<string, number>();
const origins: { origin: string; triedAt: number; pools: number }[] = [];
let few: boolean | undefined;

/** Twice the number of the origin, plus 1 if browsers speak only HTTP/1.1 with it. -1 if the platform has many connections. */
export function connects(url: string, credentials: RequestCredentials | undefined): number {
  if (!(few ??= isPage())) return -1;
  const { origin } = new URL(url);
  let number = numbers.get(origin);
  if (number === undefined) {
    numbers.set(origin, (number = origins.length));
    origins.push({ origin, triedAt: -Infinity, pools: 0 });
  }
  const takes = credentials === "include" || (credentials !== "omit" && origin === location.origin);
  (origins[number] as { pools: number }).pools |= takes ? Pool.With : Pool.Without;
  return 2 * number + Number(origin.startsWith("http:"));
}

/** Whether a request to this URL uses a connection to the origin with this number. */
export const leadsTo = (number: number, url: string): boolean => url.startsWith(`${origins[number]?.origin}/`);

/** The protocol, as far as the page may see it. Another origin must allow that (Resource Timing, `Timing-Allow-Origin`). */
function seen(origin: string): Speaks {
  let spoken = Speaks.Unknown;
  if (typeof performance.getEntriesByType !== "function") return spoken;
  for (const kind of ["navigation", "resource"]) {
    for (const { name, nextHopProtocol } of performance.getEntriesByType(kind) as PerformanceResourceTiming[]) {
      if (nextHopProtocol && name.startsWith(`${origin}/`)) spoken = nextHopProtocol.startsWith("http/") ? Speaks.Http1 : Speaks.Newer;
    }
  }
  return spoken;
}

/**
 * Whether a HEAD is answered, and another one when the requests that wait have had the time to get there: the first may
 * have had a connection that one of them was about to take.
 */
async function letsThrough(origin: string, fetch: typeof globalThis.fetch, credentials: RequestCredentials): Promise<boolean> {
  for (let nth = 0, ms = UNDER_WAY; nth < 2; nth++) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    const asked = performance.now();
    if (!(await head(origin, fetch, SOON, credentials))) return false;
    ms += ROUNDS * (performance.now() - asked);
  }
  return true;
}

/**
 * Over TLS. Where the page may not see it, `tried` is told whether a HEAD is answered while as many requests are under way
 * as there may be connections. It means something in their own pool alone.
 */
export function speaks(number: number, fetch: typeof globalThis.fetch, tried: (answered: boolean) => void): Speaks {
  const of = origins[number];
  if (!of) return Speaks.Unknown;
  const spoken = seen(of.origin);
  const now = performance.now();
  if (spoken !== Speaks.Unknown || of.pools > Pool.With || now - of.triedAt < AGAIN) return spoken;
  of.triedAt = now;
  const credentials = of.pools === Pool.With ? "include" : "omit";
  void letsThrough(of.origin, fetch, credentials).then(tried);
  return Speaks.Tried;
}
