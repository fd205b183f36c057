/**
 * The `fetch` of the platform, looked up at each request, so that a page or a test may replace it. Where the replacement
 * is one of ours, `window.fetch = client.fetch`, it is the one before it, or a request would never leave.
 */

type Fetch = typeof globalThis.fetch;

const before = new WeakMap<Fetch, Fetch>();

/** `own` may be put in the place of what is there now. */
export function replaces(own: Fetch): void {
  if (globalThis.fetch) before.set(own, globalThis.fetch);
}

export function platformFetch(): Fetch {
  let found = globalThis.fetch;
  for (let next: Fetch | undefined; (next = before.get(found));) found = next;
  return found;
}

/** Whose request is being handed to `fetch` in this moment. */
let sender: object | undefined;

export function sendAs<T>(owner: object, send: () => T): T {
  const outer = sender;
  sender = owner;
  try {
    return send();
  } finally {
    sender = outer;
  }
}

/** What has been put in the place of `fetch` hands the request back to the client that sends it. */
export const comesBack = (owner: object): boolean => sender === owner;

/** What was there when this one was made. */
export const theOneBefore = (own: Fetch): Fetch => before.get(own) ?? globalThis.fetch;
