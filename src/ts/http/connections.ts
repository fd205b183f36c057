/** What an origin speaks: over HTTP/1.1 a page has six connections to it, and `src/core/admission/connections.rs` has the rule. */

import { Speaks } from "../wasm/protocol.js";
import { isPage } from "./away.js";
import { head } from "./probe.js";

/** In ms: that as many as the platform has are under way. */
const UNDER_WAY = 100;
/** In ms: who is let through answers sooner. */
const SOON = 1_000;
/** In ms: it is not tried more often. */
const AGAIN = 60_000;

const numbers = new Map<string, number>();
const origins: { origin: string; triedAt: number }[] = [];
let few: boolean | undefined;

/** The number of its origin, or -1 where the platform has many connections. */
export function connects(url: string): number {
  if (!(few ??= isPage())) return -1;
  const { origin } = new URL(url);
  let number = numbers.get(origin);
  if (number === undefined) {
    numbers.set(origin, (number = origins.length));
    origins.push({ origin, triedAt: -Infinity });
  }
  return number;
}

/** As far as the page may see it: of another origin only where that allows it (Resource Timing, `Timing-Allow-Origin`). */
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
 * No browser speaks anything else without TLS. Where the page may not see it, `tried` is told whether a HEAD is answered
 * while as many requests are under way as there may be connections.
 */
export function speaks(number: number, fetch: typeof globalThis.fetch, tried: (answered: boolean) => void): Speaks {
  const of = origins[number];
  if (!of) return Speaks.Unknown;
  if (of.origin.startsWith("http:")) return Speaks.Http1;
  const spoken = seen(of.origin);
  const now = performance.now();
  if (spoken !== Speaks.Unknown || now - of.triedAt < AGAIN) return spoken;
  of.triedAt = now;
  setTimeout(() => void head(of.origin, fetch, SOON).then(tried), UNDER_WAY);
  return Speaks.Tried;
}
