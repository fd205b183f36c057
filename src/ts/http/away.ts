/**
 * Whether a request can leave at all: the platform says that there is no network, or the page has been left. A browser
 * rejects what a page that goes has open, and nobody is there any more for another try or for an error.
 */

let isGone = false;
let watches = false;
const waiting = new Set<() => void>();

/** In ms, while somebody waits. */
const LOOK_EVERY = 1_000;
let looks: ReturnType<typeof setInterval> | undefined;

function back(): void {
  for (const tell of waiting) tell();
}

/** Pages and their workers tell; nothing is listened to before the first call. */
export function watch(): void {
  if (watches) return;
  watches = true;
  if (!isPage()) return;
  addEventListener("online", back);
  addEventListener("pageshow", () => {
    isGone = false;
    back();
  });
  addEventListener("pagehide", () => (isGone = true));
}

/** A page or a worker of one; not what has the same globals elsewhere: Deno, workerd, and pages without a browser under Node. */
export function isPage(): boolean {
  const { process, location } = globalThis as { process?: { versions?: { node?: string } }; location?: object };
  const hasGlobals = location && ("document" in globalThis || "WorkerGlobalScope" in globalThis);
  return Boolean(hasGlobals) && !("Deno" in globalThis) && !("WebSocketPair" in globalThis) && !process?.versions?.node;
}

export const hasLeft = (): boolean => isGone;

/** There is no network between a page and its own machine. */
const LOOPBACK = /^https?:\/\/(localhost|[^/:]+\.localhost|127\.[\d.]+|\[::1\])(:|\/|$)/;

/** The same, of a request to one of these. */
export const isAwayFrom = (urls: string[]): boolean => isGone || (isAway() && !urls.some((url) => LOOPBACK.test(url)));

export const isAway = (): boolean => isGone || globalThis.navigator?.onLine === false;

/** `tell` is called each time that it may be over, until what this gives is called. */
export function whenBack(tell: () => void): () => void {
  waiting.add(tell);
  // Chromium tells its workers of no network, and not that it is back; a document that is written anew hears nothing either.
  looks ??= setInterval(() => isAway() || back(), LOOK_EVERY);
  return () => {
    waiting.delete(tell);
    if (waiting.size > 0) return;
    clearInterval(looks);
    looks = undefined;
  };
}
