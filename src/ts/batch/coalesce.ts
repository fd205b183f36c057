/** Single inputs that come at nearly the same time travel as one batch. */

import { CallerSignal } from "../call/caller-signal.js";
import { tell } from "../call/events.js";
import { checkSignal, shape } from "../input/options.js";
import { LONGEST_TIMER } from "../input/platform.js";
import type { BatchOptions } from "./types.js";
import type { Target } from "../types/call.js";
import type { Client } from "../types/client.js";
import { sendingOf } from "./batch.js";
import { checkCoalesce, copyOfInput } from "./check.js";
import type { Range } from "./plan.js";
import { failure, Run, type Sending } from "./run.js";

/** In ms. */
const WINDOW = 10;
/** In ms: the core's own default of `totalMs`. */
const TOTAL = 300_000;
/** In ms: the core's own clock goes first, and its error knows what was tried. */
const AFTER_CORE = 20;

const checkOwn = shape({ signal: checkSignal });

/** One input, and who waits for it. */
class Member {
  readonly at = performance.now();
  isOver = false;
  /** Of its own signal, and that of all. */
  readonly #callers: CallerSignal[];
  readonly #timer: ReturnType<typeof setTimeout>;
  /** Told when it is over, and then whether it was left: nobody waits for it any more. */
  over: (() => void) | undefined;
  left: (() => void) | undefined;

  constructor(
    readonly input: unknown,
    signal: AbortSignal | undefined,
    sending: Sending,
    readonly resolve: (value: any) => void,
    readonly reject: (reason: unknown) => void,
  ) {
    const totalMs = sending.options.timeouts?.totalMs ?? TOTAL;
    this.#timer = setTimeout(
      () => {
        const report = { attempts: [], degraded: false, waitedMs: {}, totalMs: performance.now() - this.at };
        this.#leaves(failure("timeout", sending, report, "the batch that it travels with has not ended", { phase: "total" }));
      },
      Math.min(totalMs + AFTER_CORE, LONGEST_TIMER),
    );
    this.#callers = [signal, sending.options.signal].map((one) => {
      const caller = new CallerSignal(one);
      caller.heard = () => this.#leaves(one?.reason);
      return caller;
    });
  }

  #leaves(reason: unknown): void {
    this.ends({ ok: false, error: reason });
    this.left?.();
  }

  ends(item: { ok: true; value: unknown } | { ok: false; error: unknown }): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.#timer);
    for (const caller of this.#callers) caller.unlink();
    this.over?.();
    if (item.ok) this.resolve(item.value);
    else this.reject(item.error);
  }
}

/** Those of one window. */
class Group {
  readonly members: Member[] = [];
  timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly sending: Sending,
    private readonly onItem: BatchOptions["onItem"],
  ) {}

  sends(): void {
    const { onItem } = this;
    // Who has left meanwhile travels with nobody.
    const members = this.members.filter(({ isOver }) => !isOver);
    const of = ({ start, count }: Range) => members.slice(start, start + count).filter(({ isOver }) => !isOver);
    const run = new Run(this.sending, {
      inputs: members.map(({ input }) => input),
      ended(index, item) {
        members[index]?.ends(item);
        if (onItem) tell(() => onItem(index, item), undefined, "onItem");
      },
      isWanted: (range) => of(range).length > 0,
      // None loses time to one that was asked earlier.
      spentMs: (range) => performance.now() - Math.max(...of(range).map(({ at }) => at)),
    });
    let waiting = members.length;
    for (const [index, member] of members.entries()) {
      member.over = () => waiting--;
      member.left = () => (waiting ? run.leave(index) : run.abort(undefined));
    }
    const over = (error?: unknown) => {
      for (const member of members) member.ends({ ok: false, error });
    };
    run.start().then(over, over);
  }
}

/**
 * A function for single inputs: those asked within `windowMs` travel as one batch, by the rules of {@link batch}.
 *
 * Each has its own result or error. Its `signal` ends it alone, and the request goes on for the others; when nobody waits any
 * more, the requests are aborted. `timeouts.totalMs` is that of each input, from the moment that it was asked.
 * `onItem` and `onProgress` hear of each batch, and count within it.
 *
 * In a Worker make one for each request: a promise of one request cannot be settled by another.
 *
 * @example
 * const embed = coalesce<number[]>(client, "BAAI/bge-small-en-v1.5", { token });
 * const [one, other] = await Promise.all([embed("Hello"), embed("World")]);
 * @returns a function that rejects with a `QueryError`, the reason of its signal, or a `TypeError` for bad input
 * @throws {TypeError} at once, for bad options
 */
export function coalesce<T = unknown>(
  client: Client,
  target: Target,
  options: BatchOptions & {
    /**
     * How long an input waits for others, in milliseconds, 60000 at most.
     *
     * @default 10
     */
    windowMs?: number | undefined;
  } = {},
): (input: unknown, options?: { signal?: AbortSignal | undefined }) => Promise<T> {
  checkCoalesce(options, "options");
  const { windowMs = WINDOW, ...given } = options;
  const sending = sendingOf(client, target, given);
  let group: Group | undefined;
  return (input, own = {}) => {
    try {
      checkOwn(own, "options");
      const { signal } = own;
      // Throws where the client is closed.
      sending.context.settings();
      const copy = copyOfInput(input, "input");
      for (const one of [signal, sending.options.signal]) if (one?.aborted) return Promise.reject(one.reason);
      if (!group) {
        const opened = (group = new Group(sending, given.onItem));
        opened.timer = setTimeout(() => {
          group = undefined;
          opened.sends();
        }, windowMs);
      }
      const { members } = group;
      return new Promise<T>((...settle) => members.push(new Member(copy, signal, sending, ...settle)));
    } catch (error) {
      return Promise.reject(error);
    }
  };
}
