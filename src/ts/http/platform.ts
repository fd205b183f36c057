/**
 * The `fetch` of the platform. It is looked up at each request, so a page or a test may replace it. If the replacement is a
 * `client.fetch`, as after `window.fetch = client.fetch`, the `fetch` before it is used: otherwise no request would ever leave.
 *
 * A function around `client.fetch` may be the replacement too, or the option `fetch` of the same client, and it may wait before
 * it hands the request back. So the client recognises the signal and the headers object of its own request, of which nothing is
 * sent.
 */

import { invalid } from "../errors/invalid.js";

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

/** A request on its way. */
interface Passage {
  /** The clients that send it, each for the one before. */
  readonly owners: Set<object>;
  /** How often it has come back to one of them. */
  back: number;
}

/** By the signal of a request, and by its headers object. */
const passages = new WeakMap<object, Passage>();

/** The request that is being handed to `fetch` at this moment. */
let sending: Passage | undefined;

/**
 * Calls `fetch` for a client. It rejects where that throws. `marks`: the objects of `init` that no other request has. `from`: the
 * signal that the caller gave, which another client may have marked.
 */
export function sendAs(
  owner: object,
  fetch: Fetch | undefined,
  input: RequestInfo | URL,
  init: RequestInit,
  marks: (object | null | undefined)[],
  from?: AbortSignal | null,
): Promise<Response> {
  const outer = sending;
  sending = { owners: new Set(from && passages.get(from)?.owners).add(owner), back: 0 };
  for (const mark of marks) if (mark) passages.set(mark, sending);
  try {
    return (fetch ?? platformFetch())(input, init);
  } catch (error) {
    return Promise.reject(error);
  } finally {
    sending = outer;
  }
}

/** A replacement of `fetch` has handed the request back to a client that is sending it. */
export const comesBack = (owner: object, ...marks: unknown[]): Passage | undefined =>
  [sending, ...marks.map((mark) => passages.get(mark as object))].find((passage) => passage?.owners.has(owner));

/** More than a function sends that asks again after a failure, or several times at once. */
const MOST_BACK = 100;

const CIRCLE = "fetch leads back to its own client: give createClient the platform's fetch as the option fetch";

/** Sends it by the `fetch` that was in place when `own` was made. */
export function sendBack(own: Fetch, passage: Passage, input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
  if (passage.back++ >= MOST_BACK) throw invalid(CIRCLE);
  return (before.get(own) ?? globalThis.fetch)(input, init);
}

/** No other attempt leads anywhere else. */
export const isCircle = (error: unknown): boolean => error instanceof TypeError && error.message.endsWith(CIRCLE);
