/** Keeps a model warm between calls, and stops if no call comes. */

import { copied } from "../input/copied.js";
import { LONGEST_TIMER } from "../input/platform.js";
import { isAwayFrom, watch, whenBack } from "../http/away.js";
import { checkKeepWarm } from "../input/options.js";
import { takeApart } from "../input/target.js";
import { type ClientContext, name } from "../call/context.js";
import { CallerSignal } from "../call/caller-signal.js";
import { tell } from "../call/events.js";
import { warmUp } from "../call/warm.js";
import type { Target } from "../types/call.js";
import type { KeepWarmOptions } from "../types/client.js";

/** In ms. */
const EVERY = 900_000;
const IDLE_PINGS = 8;
/** In ms. Clients that slept or were offline together do not all ping at once. */
const SPREAD = 5_000;
/** In ms. If a timer is later than this, the machine has slept. */
const LATE = 2_000;

/** Both clocks are used, because one may stand still while the machine sleeps and the other may be set back. */
class Since {
  readonly #at = [performance.now(), Date.now()] as const;

  get ms(): number {
    // A page or a test may have put another clock in the place of either, and one that tells no number tells nothing.
    return Math.max(performance.now() - this.#at[0] || 0, Date.now() - this.#at[1] || 0);
  }
}

/** The timer does not keep the program alive. */
function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: unknown): void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?(): void }).unref?.();
}

export function keepWarm(context: ClientContext, target: Target, given: KeepWarmOptions = {}): { stop(): void } {
  checkKeepWarm(given, "options");
  const { everyMs = EVERY, maxIdlePings = IDLE_PINGS, onStop, ...options } = copied(given);
  const whom = copied(target);
  const one = takeApart(whom, "target");
  const key = name(one);
  // Throws if the client is closed, or if a ping would throw.
  const { signal } = context.settings(options);
  watch();
  const controller = new AbortController();
  const caller = new CallerSignal(signal);
  let since = new Since();
  let pings = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let back: (() => void) | undefined;

  const stop = (why: "idle" | "closed" | "stopped") => {
    if (controller.signal.aborted) return;
    clearTimeout(timer);
    back?.();
    leave();
    caller.unlink();
    controller.abort(signal?.aborted ? signal.reason : new DOMException("it is kept warm no more", "AbortError"));
    tell(onStop, why, "onStop");
  };
  const stopped = () => stop("stopped");
  const leave = context.watches({
    used(label, isPing) {
      if (label !== key && !label.startsWith(`${key}#`)) return;
      since = new Since();
      if (!isPing) pings = 0;
    },
    closed: () => stop("closed"),
  });
  if (signal?.aborted) queueMicrotask(stopped);
  else caller.heard = stopped;

  const sleep = (ms: number, then: (slept: boolean) => void) => {
    clearTimeout(timer);
    const slept = new Since();
    const span = Math.min(ms, LONGEST_TIMER);
    timer = setTimeout(() => then(slept.ms > span + LATE), span);
    unref(timer);
  };
  const spread = () => sleep(Math.random() * SPREAD, () => (since.ms < everyMs ? rest() : ping()));
  const due = (slept: boolean) => {
    if (since.ms < everyMs) return rest();
    if (isAwayFrom([one.href ?? "https://router.huggingface.co"])) {
      back ??= whenBack(() => {
        back?.();
        back = undefined;
        spread();
      });
    } else if (slept) spread();
    else ping();
  };
  const rest = () => sleep(Math.max(everyMs - since.ms, 1), due);
  const ping = () => {
    if (pings++ >= maxIdlePings) return stop("idle");
    heat();
  };
  const heat = () => {
    since = new Since();
    // How it ends, its events tell. A circuit that is open sends nothing.
    const goOn = () => {
      if (!controller.signal.aborted) rest();
    };
    const failed = (error: unknown) => {
      goOn();
      if (!(error instanceof TypeError) || controller.signal.aborted) return;
      // The next one would be refused as well.
      console.error("query-with-retry: keepWarm", error);
      stopped();
    };
    // The caller's signal stops it, and so this one.
    warmUp(context, whom, { ...options, signal: controller.signal }, true).then(goOn, failed);
  };
  if (!signal?.aborted) heat();
  return { stop: stopped };
}
