/** One attempt of a call on its way: the request, its redirects, and why it was lost. */

import { isAwayFrom } from "../http/away.js";
import { quietly } from "../http/body.js";
import { leadsTo, speaks } from "../http/connections.js";
import { whyLost } from "../http/lost.js";
import { platformFetch } from "../http/platform.js";
import { probe, wasReached } from "../http/probe.js";
import { type Leg, outgoing } from "../http/request.js";
import { firstOf } from "../input/platform.js";
import type { QueryOptions } from "../types/call.js";
import { Kind, Lost, type Outgoing, type Speaks } from "../wasm/protocol.js";
import type { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";
import { type Asked, DescribedCall } from "./description.js";
import type { ResponseReader } from "./response.js";

/** A proxy in front of the server may send this status, and the status is temporary. */
const isOfTheWay = (status: number): boolean => [408, 409, 425, 429].includes(status) || status > 501;

/** So often an answer is asked for again in vain. Then it will not come, and a proxy that says so says it for good. */
const ASKED_AGAIN = 1;

export abstract class SendingCall extends DescribedCall {
  /** The newest request. */
  leg!: Leg;
  /** The index of the target in use. */
  at = 0;
  /** Why the last attempt was lost. */
  protected cause: unknown;
  #controller: AbortController | undefined;
  #sentAt = 0;
  /**
   * A 303 led to this address: the server has the answer ready there. If that request is lost, the next attempt asks this
   * address again, unless the server has said meanwhile that the work failed. `asked` counts the attempts that did.
   */
  #answer: { index: number; leg: Leg; asked: number } | undefined;

  constructor(
    pool: ClientContext,
    asked: Asked,
    options: QueryOptions,
    caller: CallerSignal | undefined,
    readonly reader: ResponseReader,
  ) {
    super(pool, asked, options, caller);
  }

  get key(): number {
    return this.leg.key;
  }

  prepare(index: number, holdHeader: string, holdSeconds: number): Promise<void> | undefined {
    this.reader.again();
    this.cause = undefined;
    this.#controller = new AbortController();
    const { signal: own } = this.#controller;
    const { headers, given, payload, init } = this.asked;
    const { signal: callers, token } = this.options;
    // A response that is handed over unread still ends with the caller's signal.
    const signal = init && callers ? firstOf([own, callers]) : own;
    const common = { headers, given, token, payload, init, fetch: this.pool.options.fetch, owner: this.pool, signal, from: callers };
    if (this.#answer?.index === index && this.#answer.asked++ === ASKED_AGAIN) this.#answer = undefined;
    const answer = this.#answer?.index === index && this.#answer.leg;
    const made = answer
      ? answer.again(common)
      : outgoing(this.target(index), this.place(index), common, this.reader.secrets, holdHeader, holdSeconds);
    if (made instanceof Promise) {
      this.reader.detail = "the token function has not answered yet";
      return made.then((leg) => this.#sends(this.instead(leg)));
    }
    this.#sends(this.instead(made));
    return undefined;
  }

  /** The request that is sent in place of this one. A subclass may replace it. */
  protected instead(leg: Leg): Leg {
    return leg;
  }

  #sends(leg: Leg): void {
    this.reader.detail = "";
    this.leg = leg;
    this.#sentAt = performance.now();
  }

  status(response: Response): number {
    return this.reader.status(response);
  }

  onward(response: Response): Outgoing | undefined {
    try {
      const next = this.leg.onward(response);
      if (next) {
        this.#sends(next);
        // A 303 says anew that the answer is on its way. Another redirect does not.
        const asked = response.status === 303 ? 0 : (this.#answer?.asked ?? 0);
        if (next.isAnswer) this.#answer = { index: this.at, leg: next, asked };
        this.reader.secrets.addSigned(next.url);
      }
      return next;
    } catch (error) {
      this.reader.detail = this.reader.secrets.blankOut((error as Error).message);
      throw error;
    }
  }

  /** The server has said with this status that the work failed, so its answer is not asked for again. */
  protected forgetsAnswer(status: number): void {
    // What a proxy says about the way to the answer says nothing about the answer.
    if (!isOfTheWay(status)) this.#answer = undefined;
    // It is not ready yet, or may not be asked for this often.
    else if (status < 500 && this.#answer) this.#answer.asked = 0;
  }

  header(response: Response, name: string): string | undefined {
    return response.headers?.get(name)?.slice(0, 1000); // no wait is longer
  }

  hints(response: Response): string {
    return this.reader.hints(response);
  }

  lost(error: unknown): Lost {
    if (!this.reader.open && this.leg.unsendable(error)) return Lost.Unsendable;
    const { why, detail, isPlain } = whyLost(error, performance.now() - this.#sentAt, this.reader.secrets);
    this.reader.detail = detail;
    this.cause = isPlain ? error : new TypeError(detail);
    if (this.offline) return Lost.Offline;
    // The host behind a redirect says nothing about the target.
    if (this.leg.redirects > 0 && (why === Lost.Refused || why === Lost.Quick)) return Lost.Unknown;
    if (why !== Lost.Quick) return why;
    // A Worker reports every failure of a connection with the same words, and a page reports those and CORS with the same
    // words. A host that answers a HEAD has no closed port.
    if (this.reached) return Lost.Unknown;
    if (this.options.loading?.refusedMs !== 0) this.probe();
    return "WebSocketPair" in globalThis ? Lost.Refused : Lost.Quick;
  }

  probe(): void {
    // If the caller's request goes through a proxy of its own, a probe that does not would prove nothing.
    if (this.kind !== Kind.Opaque && !(this.asked.init && "dispatcher" in this.asked.init)) probe(this.leg.url, this.fetch);
  }

  get reached(): boolean {
    return wasReached(this.leg.url, this.fetch);
  }

  get offline(): boolean {
    return isAwayFrom(this.asked.targets.map((_, index) => this.place(index).url));
  }

  get hidden(): boolean {
    return globalThis.document?.visibilityState === "hidden";
  }

  speaks(origin: number): Speaks {
    const { core } = this;
    return speaks(origin, this.fetch, (answered) => {
      const waiting = [...(core?.inFlight ?? [])].filter((call) => call.waitsFor(origin));
      core?.tried(origin, answered ? waiting.length : 0);
    });
  }

  waitsFor(origin: number): boolean {
    const { open } = this.reader;
    // An answer that has come and is not read holds no connection. Neither does a request whose token is not there yet.
    const waits = open ? !open.isWhole && open.quietSince !== Infinity : this.#sentAt > 0;
    return waits && leadsTo(origin, this.leg.url);
  }

  protected get fetch(): typeof globalThis.fetch {
    return this.pool.options.fetch ?? platformFetch();
  }

  discard(response: Response): void {
    quietly(() => response.body?.cancel());
  }

  /** Ends the request in flight. */
  protected cancel(): void {
    this.#sentAt = 0;
    quietly(() => this.#controller?.abort());
  }
}
