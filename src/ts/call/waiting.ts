/** What a call waits for, and in whose turn it goes on: `src/web/wait.rs` asks, `src/web/scope.rs` has the reasons. */

import { isPage } from "../http/away.js";
import { quietly } from "../http/body.js";
import { type Instance, Scope } from "../wasm/instance.js";
import { News } from "../wasm/protocol.js";
import type { CallerSignal } from "./caller-signal.js";

/** In ms: Firefox rejects what a page has open up to 20 ms before it says that the page is left. */
const BEFORE_IT_LEAVES = 100;

/** Four times as often as whoever waits in line looks: see `Scope::tick`. */
const LOOKS_WITHIN = 200;

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
  #bell: (() => void) | undefined;
  /** When it looked after its news last, where it may end unseen. */
  #looked = 0;

  constructor(protected readonly caller: CallerSignal | undefined) {}

  sits(client: number, seat: number): void {
    this.#client = client;
    this.#seat = seat;
    if (this.core?.scope === Scope.Hops) this.#hang();
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
    if (this.core?.scope === Scope.Hops) this.#looked = performance.now();
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

  /**
   * In anybody's turn. Who has not looked for long may be gone, and the runtime warns of a promise of
   * a request that is gone: who is not looks by its own timer anyway.
   */
  ring(late = false): void {
    if (this.core?.scope === Scope.Process) queueMicrotask(() => this.wake());
    else if (late || performance.now() - this.#looked < LOOKS_WITHIN) this.#bell?.();
  }

  /** A promise of its own request, which is continued there whoever fulfils it. */
  #hang(): void {
    void new Promise<void>((resolve) => (this.#bell = resolve)).then(() => {
      if (this.over) return;
      this.#hang();
      this.wake();
    });
  }

  /** Something that it asked for threw: the call ends with that, and no other does. */
  broke(error: unknown): void {
    this.broken ??= { error };
    queueMicrotask(() => this.wake());
  }
}
