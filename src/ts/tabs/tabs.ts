/**
 * One text for each target in IndexedDB, which one transaction compares and sets. What the text means, the core knows.
 *
 * No tab leads the others, so none that is closed or frozen holds them up for longer than its transaction.
 */

import { given, invalid } from "../errors/invalid.js";
import type { Coordinator } from "../types/client.js";

const STORE = "texts";

/** A text that nobody writes for so long is dropped, in milliseconds. No lease and no open circuit lasts longer. */
const KEPT = 600_000;

/** The core passes over a later reply, in milliseconds. A message as old as this must not be written any more. */
const SLOW = 200;

/** What the store has for a key. Whatever else somebody left there stays as it is. */
interface Kept {
  text: string;
  /** When it was written. */
  at: number;
}

/** What has no time of ours is of somebody else, and never old. */
const isOld = (at: number | undefined, now: number): boolean => Math.abs(now - (at ?? NaN)) > KEPT;

/**
 * A coordinator in the browser's IndexedDB: clients in the tabs, frames and workers of one origin that have it share the
 * cold-start gate, the breaker, the retry budget and the slow start of each target. What they know outlives a reload.
 *
 * A client with traffic sends one or two short transactions about each second for each of its targets, and a few more while a target
 * is cold or its circuit is open. A transaction that fails, or takes over 200 ms, delays no call. Without IndexedDB (a sandboxed frame,
 * some private windows, Node) each client goes by its own rules.
 *
 * @param options - `name`: of the database, "query-with-retry" by default. Pages that should not share give different ones. A database
 * of this name that somebody else made is left alone, and nothing is shared.
 * @throws {TypeError} for bad arguments
 */
export function tabs(options: { name?: string } = {}): Coordinator {
  const { name = "query-with-retry" } = options;
  if (typeof name !== "string") throw invalid(`options.name must be a string, got ${given(name)}`);
  let opening: Promise<IDBDatabase> | undefined;
  /** Since when the database is being opened; `undefined` once it is open. */
  let since: number | undefined;
  let isSwept = false;
  /** Each ends a transaction. */
  const inFlight = new Set<() => void>();

  /** The next message opens the database anew. The transactions that are under way may end. */
  function forget(): void {
    void opening?.then(
      (database) => database.close(),
      () => {},
    );
    opening = since = undefined;
    globalThis.removeEventListener?.("pagehide", leave);
    globalThis.document?.removeEventListener("freeze", leave);
  }

  /** A page that is frozen in a transaction, or kept to come back to, would hold up the others. */
  function leave(): void {
    for (const end of inFlight) end();
    forget();
  }

  function open(): Promise<IDBDatabase> {
    opening ??= new Promise((resolve, reject) => {
      // Without a version: of whatever version it is, nobody is asked to close it.
      const request = indexedDB.open(name);
      since = Date.now();
      request.addEventListener("upgradeneeded", () => request.result.createObjectStore(STORE));
      request.addEventListener("error", (event) => {
        event.preventDefault(); // Firefox tells `window.onerror` otherwise
        reject(request.error);
      });
      request.addEventListener("success", () => {
        since = undefined;
        const database = request.result;
        // Somebody deletes it, or the browser closes it.
        database.addEventListener("versionchange", forget);
        database.addEventListener("close", forget);
        if (database.objectStoreNames.contains(STORE)) return resolve(database);
        database.close();
        reject(new Error(`the database ${name} is of somebody else`));
      });
      globalThis.addEventListener?.("pagehide", leave);
      globalThis.document?.addEventListener("freeze", leave);
    });
    return opening;
  }

  /** Without a reply where the database opens late. It may do so the first time, or never: nobody else waits, and nobody asks again. */
  async function exchange(key: string, expected: string, next: string): Promise<unknown> {
    const until = Date.now() + SLOW;
    if (since !== undefined && Date.now() > since + SLOW) return undefined;
    const database = await open();
    const left = until - Date.now();
    if (left <= 0) return undefined;
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, next ? "readwrite" : "readonly", { durability: "relaxed" });
      const abort = () => {
        try {
          transaction.abort();
        } catch {
          // It is over.
        }
      };
      const timer = setTimeout(abort, left);
      const ends = () => {
        clearTimeout(timer);
        inFlight.delete(abort);
      };
      inFlight.add(abort);
      transaction.addEventListener("error", (event) => {
        event.preventDefault();
        abort();
      });
      transaction.addEventListener("abort", () => {
        ends();
        reject(transaction.error);
      });
      const store = transaction.objectStore(STORE);
      let text = "";
      transaction.addEventListener("complete", () => {
        ends();
        resolve({ now: Date.now(), text });
      });
      const reading: IDBRequest<Kept | null | undefined> = store.get(key);
      reading.addEventListener("success", () => {
        const now = Date.now();
        const kept = reading.result;
        if (kept && !isOld(kept.at, now)) text = kept.text;
        // A worker that was frozen comes back here.
        if (!next || text !== expected || now >= until) return;
        text = next;
        store.put({ text, at: now }, key);
        if (!isSwept) sweep(store, now);
        isSwept = true;
      });
    });
  }

  return {
    call(key, message) {
      const { expected, next } = message as { expected: string; next: string };
      const reply = exchange(key, expected, next);
      // Safari may lose a database without a word.
      reply.catch(forget);
      return reply;
    },
    close: forget,
  };
}

/** Drops the texts of targets that nobody asks any more. */
function sweep(store: IDBObjectStore, now: number): void {
  const looking = store.openCursor();
  looking.addEventListener("success", () => {
    const cursor = looking.result;
    if (!cursor) return;
    if (isOld((cursor.value as Kept | null)?.at, now)) cursor.delete();
    cursor.continue();
  });
}
