/**
 * Whether a request can leave at all: the platform says that there is no network, or the page has been left. A browser
 * rejects what a page that goes has open, and nobody is there any more for another try or for an error.
 */

let isGone = false;
let watches = false;
const waiting = new Set<() => void>();
/** By origin, for those who wait: whether it answers. */
const questions = new Map<string, () => Promise<boolean>>();
/** Origins that answer although the platform says that there is no network: it leads there and no further, which is no network to Firefox. */
const near = new Set<string>();

/** In ms, while somebody waits. */
const LOOK_EVERY = 1_000;
let looks: ReturnType<typeof setInterval> | undefined;
/** In ms. Where there is no network, what is asked fails inside the platform. */
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
export const isAwayFrom = (urls: string[]): boolean =>
  isGone || (isAway() && !urls.some((url) => LOOPBACK.test(url) || near.has(new URL(url).origin)));

export function isAway(): boolean {
  const { onLine } = globalThis.navigator ?? {};
  if (onLine) near.clear();
  return isGone || onLine === false;
}

/**
 * `tell` is called each time that it may be over, until what this gives is called. Meanwhile `ask` tells now and then whether
 * the origin answers.
 */
export function whenBack(tell: () => void, origin?: string, ask?: () => Promise<boolean>): () => void {
  waiting.add(tell);
  if (origin && ask) questions.set(origin, ask);
  // Chromium tells its workers of no network, and not that it is back; a document that is written anew hears nothing either.
  looks ??= setInterval(look, LOOK_EVERY);
  return () => {
    waiting.delete(tell);
    if (waiting.size > 0) return;
    questions.clear();
    clearInterval(looks);
    looks = undefined;
  };
}
