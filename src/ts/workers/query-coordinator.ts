/** The object that keeps the text of one target. What the text means, the core knows. */

/** A text that nobody writes for so long is dropped, in milliseconds. No lease and no open circuit lasts longer. */
const KEPT = 600_000;

/** A longer text is none of the core's, whose texts are shorter than 500. */
const LONGEST = 2_000;

/** What is stored: the text, and when it was written last. */
interface Kept {
  text: string;
  written: number;
}

/** The part of `DurableObjectState` that is used. */
interface State {
  storage: {
    get(key: string): Promise<Kept | undefined>;
    put(key: string, value: Kept): Promise<void>;
    deleteAll(): Promise<void>;
    getAlarm(): Promise<number | null>;
    setAlarm(at: number): Promise<void>;
  };
}

const KEY = "text";

/**
 * The class to bind as a Durable Object: `export { QueryCoordinator } from "query-with-retry/workers"` in the Worker, a binding, and
 * a migration with `new_sqlite_classes = ["QueryCoordinator"]`.
 *
 * Each object keeps the text of one target, of 100 to 250 characters, and drops it ten minutes after it was last written. It keeps
 * nothing in memory, so it can be evicted at any time. A request that is no message is answered with 400.
 */
// A plain class with `fetch`, which works with every compatibility date. RPC needs one after 2024-04-03 and a class that extends
// `DurableObject` of `cloudflare:workers`; importing that fails in Node and in bundlers that do not know the scheme.
export class QueryCoordinator {
  readonly #storage: State["storage"];

  constructor(state: unknown, _env: unknown) {
    this.#storage = (state as State).storage;
  }

  /** Compares and sets. */
  async fetch(request: Request): Promise<Response> {
    const message = await read(request);
    if (!message) return new Response("query-with-retry: no message of a client\n", { status: 400 });
    // No other message comes between reading and writing: the runtime delivers none while the storage is asked (input gates).
    let kept = await this.#storage.get(KEY);
    // An object that has moved to another machine may find a clock that is behind. Time must not run backwards.
    const now = Math.max(Date.now(), kept?.written ?? 0);
    const { expected, next } = message;
    if (next && (kept?.text ?? "") === expected) {
      kept = { text: next, written: now };
      // One alarm serves all writings of ten minutes, because to set one costs a writing too.
      const isArmed = (await this.#storage.getAlarm()) !== null;
      await Promise.all([this.#storage.put(KEY, kept), isArmed ? undefined : this.#storage.setAlarm(now + KEPT)]);
    }
    return Response.json({ now, text: kept?.text ?? "" });
  }

  /** Drops the text, or looks again when it may be dropped. */
  async alarm(): Promise<void> {
    const kept = await this.#storage.get(KEY);
    const until = (kept?.written ?? 0) + KEPT;
    if (until > Date.now()) await this.#storage.setAlarm(until);
    else await this.#storage.deleteAll();
  }
}

/** The message, or undefined if it is none. */
async function read(request: Request): Promise<{ expected: string; next: string } | undefined> {
  try {
    if (request.method !== "POST") return undefined;
    const { expected, next } = Object(await request.json()) as Partial<Record<string, unknown>>;
    if (typeof expected === "string" && typeof next === "string" && next.length <= LONGEST) return { expected, next };
  } catch {
    // It is no JSON, or its sender has gone.
  }
  return undefined;
}
