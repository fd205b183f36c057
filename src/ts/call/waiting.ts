/** What a call waits for: `src/web/wait.rs` asks. */

import { isPage } from "../http/away.js";
import { quietly } from "../http/body.js";
import type { Instance } from "../wasm/instance.js";
import { News } from "../wasm/protocol.js";
import type { CallerSignal } from "./caller-signal.js";

/** In ms: Firefox rejects what a page has open up to 20 ms before it says that the page is left. */
const BEFORE_IT_LEAVES = 100;

/** A base, and no member of a call, since as many wait as there are callers. */
export abstract class Waiting {
  core: Instance | undefined;
  /** It was settled, or has ended unseen. */
  over = false;
  /** Where it waits in the core. */
  #client = 0;
  #seat = 0;
  /** Of the newest promise that it waits for; those before it are told by their numbers. */
  #news = News.None;
  #value: unknown;
  protected awaited = 0;
  /** What a caller's or a server's object threw in the middle of it. */
  protected broken: { error: unknown } | undefined;

  constructor(readonly caller: CallerSignal | undefined) {}

  sits(client: number, seat: number): void {
    this.#client = client;
    this.#seat = seat;
  }

  awaits(promise: unknown): void {
    const nth = ++this.awaited;
    this.#news = News.None;
    const settled = (news: News, value: unknown) => {
      // An answer that comes when nobody waits for it is not read, and holds a connection.
      if (nth !== this.awaited || this.over) return quietly(() => (value as Response | undefined)?.body?.cancel());
      this.#news = news;
      this.#value = value;
      this.wake();
    };
    // What a replaced fetch answers may be anything that has a `then`.
    const whole = promise instanceof Promise ? promise : (async () => promise)();
    const lost = (error: unknown) => settled(News.Rejected, error);
    whole.then((value) => settled(News.Fulfilled, value), isPage() ? (error) => setTimeout(lost, BEFORE_IT_LEAVES, error) : lost);
  }

  news(): News {
    return this.broken || this.caller?.aborted ? News.Aborted : this.#news;
  }

  value(): unknown {
    const value = this.#value;
    this.#value = undefined;
    this.#news = News.None;
    return value;
  }

  /** In its own request's turn. */
  protected wake(called = false): void {
    this.core?.wake(this.#client, this.#seat, called);
  }

  /** Its caller's signal has fired; in a Worker that of another request never does. */
  protected goesOn(): void {
    queueMicrotask(() => this.wake());
  }

  /** Something that it asked for threw: the call ends with that, and no other does. */
  broke(error: unknown): void {
    this.broken ??= { error };
    queueMicrotask(() => this.wake());
  }
}
