/** A call that only wants the model to be up. Instead of its payload it may send a request for the model's state. */

import { QueryError } from "../errors/query-error.js";
import { isOurs, rejection } from "../errors/rejection.js";
import { isPage } from "../http/away.js";
import type { Leg } from "../http/request.js";
import { checkOptions } from "../input/options.js";
import { inTime } from "../input/platform.js";
import { takeApart } from "../input/target.js";
import type { QueryOptions, Target } from "../types/call.js";
import type { WarmUp } from "../types/client.js";
import type { CallReport } from "../types/report.js";
import { profiles } from "../wasm/enums.js";
import { Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { isFree, smallest, type Status, status } from "./cheapest.js";
import { type ClientContext, type Flight, name } from "./context.js";
import type { Asked } from "./description.js";
import { ask } from "./query.js";
import { ResponseReader } from "./response.js";
import { isWarm, TO_SAY } from "./status.js";

/** In ms. If a request that costs the server nothing takes longer, the server held it while the model was loading. */
const AT_ONCE = 1_000;
/** In seconds, the shortest hold. The request need not be held, but it must wake the endpoint. */
const HOLD = 1;

class Warming extends Call {
  #nth = 0;
  /** The server may have held the request for the state until the model was up. */
  #mayBeHeld = false;
  /** The state is not asked for again. */
  #isMute = this.pool.mute[this.shared(0)] ?? false;

  constructor(
    context: ClientContext,
    asked: Asked,
    options: QueryOptions,
    readonly resolve: (warm: WarmUp | Promise<never>) => void,
    readonly reject: (error: unknown) => void,
  ) {
    super(context, asked, options, options.signal && new CallerSignal(options.signal), new ResponseReader());
  }

  override get quiet(): boolean {
    return false;
  }

  protected override get warms(): boolean {
    return true;
  }

  override get usual(): boolean {
    return false;
  }

  override number(which: number): number {
    return which === 11 ? 1 : super.number(which);
  }

  get #target() {
    return this.asked.targets[0]!;
  }

  get #profile(): string {
    return profiles[this.known] ?? "";
  }

  override prepare(index: number, header: string, seconds: number): Promise<void> | undefined {
    this.#nth++;
    // In a page the header might not pass the CORS preflight.
    const holds = !header && this.#profile === "endpoint" && !isPage();
    return super.prepare(index, holds ? "x-scale-up-timeout" : header, holds ? HOLD : seconds);
  }

  protected override instead(leg: Leg): Leg {
    this.#mayBeHeld = false;
    // Any payload wakes an endpoint. No document says that a request for its state does. Some states never say that the model is up.
    const isPayload = this.#isMute || this.#nth % 4 === 0 || (this.#profile === "endpoint" && this.#nth === 2);
    const state = isPayload ? undefined : this.#status(leg);
    if (state) leg.before = () => this.#asks(leg, state);
    return leg;
  }

  #status({ url }: Leg): Status | undefined {
    return status(this.#profile, this.#target, url, this.isLlama);
  }

  async #asks(leg: Leg, state: Status): Promise<Response | undefined> {
    const own = leg.signal;
    try {
      // A `fetch` of the caller's may ignore its signal.
      const answer = await inTime(this.options.loading?.hold && !state.isWarm ? Infinity : TO_SAY, own, async (signal) => {
        const said = await leg.look(state.url, state.isForeign ?? false, signal);
        // A server that is down, or rejects the credentials, says the same to a payload.
        if (!state.isWarm && [401, 403, 429, 502, 503, 504].includes(said.status)) return said;
        if (await isWarm(said, state)) {
          this.#mayBeHeld = !state.isWarm;
          return new Response(null, { status: 204 });
        }
        // If the state says that the model is not up yet, it may say later that it is.
        this.pool.mute[this.shared(0)] = !state.isWarm || !said.ok;
        return undefined;
      });
      if (answer) return answer;
    } catch (error) {
      if (own.aborted) throw error;
    }
    this.#isMute = true;
    return undefined;
  }

  protected override done(report: CallReport): void {
    const { attempts, totalMs, waitedMs } = report;
    const last = attempts.at(-1);
    const isHeld = (this.#mayBeHeld || isFree(this.#target)) && last?.outcome === "ok" && last.durationMs > AT_ONCE;
    const wasCold = isHeld || waitedMs.loading !== undefined || attempts.some(({ outcome }) => outcome === "model_loading");
    this.resolve({ coldMs: wasCold ? totalMs : 0, wasWarm: !wasCold });
  }

  protected override failed(error: unknown): void {
    // A server that refuses the payload has read it, so it is up.
    if (error instanceof QueryError && this.#target.model && /^(bad_request|too_large)$/.test(error.code)) this.done(error.report);
    else if (isOurs(error)) this.resolve(rejection(error));
    else this.reject(error);
  }
}

/** A caller that aborts leaves the warm-up to the others. The last one ends it. */
function takePart(flight: Flight, signal: AbortSignal | undefined): Promise<WarmUp> {
  flight.members++;
  const caller = new CallerSignal(signal);
  return new Promise<WarmUp>((resolve, reject) => {
    caller.heard = () => {
      caller.unlink();
      if (--flight.members === 0) flight.leave(signal?.reason);
      reject(signal?.reason);
    };
    flight.end.then(resolve, reject);
  }).finally(() => caller.unlink());
}

/** Warm-ups of one target share a request, on platforms where several requests may wait for one promise. */
export function warmUp(context: ClientContext, target: Target, given: QueryOptions | undefined, isPing = false): Promise<WarmUp> {
  try {
    if (given !== undefined) checkOptions(given, "options");
    const options: QueryOptions = { ...context.settings(given), fallback: [], response: "auto" };
    const { signal, token } = options;
    const asked: Asked = { ...ask(context, target, smallest(takeApart(target, "target")), options, false), isPing };
    const one = asked.targets[0]!;
    const begin = (until: AbortSignal | undefined) =>
      new Promise<WarmUp>((...settle) => new Warming(context, asked, { ...options, signal: until }, ...settle).run());
    if ("WebSocketPair" in globalThis || signal?.aborted) return begin(signal);
    const key = JSON.stringify([name(one), one.profile, one.headers, asked.headers, isPing]);
    let flight = context.warming.get(key);
    if (!flight || flight.token !== (one.token ?? token)) {
      const controller = new AbortController();
      const over = () => context.warming.get(key) === flight && context.warming.delete(key);
      flight = { token: one.token ?? token, members: 0, end: begin(controller.signal), leave: (reason) => (over(), controller.abort(reason)) };
      context.warming.set(key, flight);
      flight.end.then(over, over);
    }
    return takePart(flight, signal);
  } catch (error) {
    return Promise.reject(error);
  }
}
