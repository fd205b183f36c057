/**
 * The `fetch` of the platform. It is looked up at each request, so a page or a test may replace it. If the replacement is a
 * `client.fetch`, as after `window.fetch = client.fetch`, the `fetch` before it is used: otherwise no request would ever leave.
 */

type Fetch = typeof globalThis.fetch;

const before = new WeakMap<Fetch, Fetch>();

/** Registers `own`, a `fetch` of this package that may replace the current one. */
export function replaces(own: Fetch): void {
  if (globalThis.fetch) before.set(own, globalThis.fetch);
}

export function platformFetch(): Fetch {
  let found = globalThis.fetch;
  for (let next: Fetch | undefined; (next = before.get(found));) found = next;
  return found;
}

/** The client whose request is being handed to `fetch` at this moment. */
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

/** A replacement of `fetch` has handed the request back to the client that is sending it. */
export const comesBack = (owner: object): boolean => sender === owner;

/** The `fetch` that was in place when this one was made. */
export const theOneBefore = (own: Fetch): Fetch => before.get(own) ?? globalThis.fetch;
