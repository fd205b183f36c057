/** What a call waits for. `src/web/wait.rs` reads it. */

import { isPage } from "../http/away.js";
import { quietly } from "../http/body.js";
import type { Instance } from "../wasm/instance.js";
import { News } from "../wasm/protocol.js";
import type { CallerSignal } from "./caller-signal.js";

/** In ms. When a page is left, Firefox rejects its requests up to 20 ms before it says so. */
const BEFORE_IT_LEAVES = 100;

/** A base class of `Call` and not a member of it, because thousands of calls may wait at once. */
export abstract class Waiting {
  core: Instance | undefined;
  /** The call was settled, or has ended without a result. */
  over = false;
  /** The numbers under which the call waits in the core. */
  #client = 0;
  #seat = 0;
  /** The news of the newest promise. Earlier promises are recognised by their numbers and ignored. */
  #news = News.None;
  #value: unknown;
  protected awaited = 0;
  /** What an object of the caller or of a replaced `fetch` threw while the core used it. */
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
      // Nobody reads an answer that comes too late, and unread it would hold its connection.
      if (nth !== this.awaited || this.over) return quietly(() => (value as Response | undefined)?.body?.cancel());
      this.#news = news;
      this.#value = value;
      this.wake();
    };
    // A replaced `fetch` may return anything with a `then`.
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

  /** Wakes the call, in a Worker in the turn of its own request. */
  protected wake(called = false): void {
    this.core?.wake(this.#client, this.#seat, called);
  }

  /** The caller's signal has fired. In a Worker the signal of another request never does. */
  protected goesOn(): void {
    queueMicrotask(() => this.wake());
  }

  /** Something that the core called for this call threw. It ends this call and no other. */
  broke(error: unknown): void {
    this.broken ??= { error };
    queueMicrotask(() => this.wake());
  }
}
