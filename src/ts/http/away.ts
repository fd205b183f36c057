/**
 * Whether a request can leave at all. It cannot if the platform says that there is no network, or if the page has been left. A
 * browser rejects the open requests of a page that is being left, and then nobody needs another attempt or an error.
 */

let isGone = false;
let watches = false;
const waiting = new Set<() => void>();
/** For each origin that calls wait for: whether it answers. */
const questions = new Map<string, () => Promise<boolean>>();
/** Origins that answer although the platform says that there is no network. Firefox says so of a network that leads no further. */
const near = new Set<string>();

/** In ms between two questions, while calls wait. */
const LOOK_EVERY = 1_000;
let looks: ReturnType<typeof setInterval> | undefined;
/** In ms. Without a network the question fails inside the platform. */
const ASK_EVERY = 5_000;
let askedAt = -Infinity;

function back(): void {
  for (const tell of waiting) tell();
}

function look(): void {
  const now = performance.now();
  if (!isAway()) back();
  else if (!isGone && now - askedAt > ASK_EVERY) {
    askedAt = now;
    for (const [origin, ask] of questions) {
      void ask().then((answers) => {
        if (answers && isAway()) near.add(origin);
        if (answers) back();
      });
    }
  }
}

/** Pages and their workers report it by events. No listener is added before the first call. */
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

/** This is a page or a worker of one. Deno, workerd, and simulated pages in Node have some of the same globals and are none. */
export function isPage(): boolean {
  const { process, location } = globalThis as { process?: { versions?: { node?: string } }; location?: object };
  const hasGlobals = location && ("document" in globalThis || "WorkerGlobalScope" in globalThis);
  return Boolean(hasGlobals) && !("Deno" in globalThis) && !("WebSocketPair" in globalThis) && !process?.versions?.node;
}

export const hasLeft = (): boolean => isGone;

/** There is no network between a page and its own machine. */
const LOOPBACK = /^https?:\/\/(localhost|[^/:]+\.localhost|127\.[\d.]+|\[::1\])(:|\/|$)/;

/** The same for a request to one of these URLs. */
export const isAwayFrom = (urls: string[]): boolean =>
  isGone || (isAway() && !urls.some((url) => LOOPBACK.test(url) || near.has(new URL(url).origin)));

export function isAway(): boolean {
  const { onLine } = globalThis.navigator ?? {};
  if (onLine) near.clear();
  return isGone || onLine === false;
}

/**
 * Calls `tell` whenever the network or the page may be back, until the returned function is called. Meanwhile `ask` finds out
 * now and then whether the origin answers.
 */
export function whenBack(tell: () => void, origin?: string, ask?: () => Promise<boolean>): () => void {
  waiting.add(tell);
  if (origin && ask) questions.set(origin, ask);
  // In Chromium a worker hears that the network is gone and not that it is back. After `document.write` a page hears neither.
  looks ??= setInterval(look, LOOK_EVERY);
  return () => {
    waiting.delete(tell);
    if (waiting.size > 0) return;
    questions.clear();
    clearInterval(looks);
    looks = undefined;
  };
}
