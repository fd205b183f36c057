/** What the calls of one client share on this side of the core: their options, and which target is which. */

import { isPage } from "../http/away.js";
import { checksum } from "../input/checksum.js";
import { copied } from "../input/copied.js";
import { defined } from "../input/defined.js";
import { headerPairs } from "../input/options.js";
import { takeApart } from "../input/target.js";
import type { QueryOptions } from "../types/call.js";
import type { ClientOptions, Coordinator, WarmUp } from "../types/client.js";
import { alertOf } from "../wasm/decode.js";
import { clientNumbers } from "../wasm/encode.js";
import { type Attachable, type Instance, Scope } from "../wasm/instance.js";
import type { Carrier, CoreTarget } from "../wasm/protocol.js";
import { tell } from "./events.js";

/**
 * How many targets a client keeps state for, and how many parsed addresses. A further target replaces the least recently used
 * idle one. There must be a limit because targets are labels of metrics.
 */
const MOST_TARGETS = 200;

/** The version of the texts that clients share: `VERSION` of `core/admission/fleet/view.rs`. Clients of two versions do not meet. */
const STATE = 1;

/** What a coordinator carries: `Message` and `Reply` of `core/admission/fleet`. */
interface Message {
  expected: string;
  /** Empty: the message only reads. */
  next: string;
}

interface Reply {
  now: number;
  text: string;
}

/** `SLOW` of `core/admission/fleet`, in ms: a reply that takes longer is none. */
const SLOW = 200;

/** How many targets are checked for being in use when a new one arrives. Without a limit each arrival might check thousands. */
const MOST_LOOKS = 16;

/** A `keepWarm` of a target. */
export interface Watcher {
  /** A request was sent to the target of this name. */
  used(label: string, isPing: boolean): void;
  closed(): void;
}

const NOTHING: QueryOptions = {};

/** One warm-up, and how many callers wait for it. */
export interface Flight {
  token: unknown;
  members: number;
  end: Promise<WarmUp>;
  leave(reason: unknown): void;
}

export class ClientContext implements Attachable, Carrier {
  /** The labels by slot in the core. Undefined for an empty slot. */
  readonly labels: (string | undefined)[] = [];
  /** How a call to each target failed last. The error of an open circuit says so. */
  readonly failures: (string | undefined)[] = [];
  /** The targets whose answer to a request for their state showed nothing. */
  readonly mute: (boolean | undefined)[] = [];
  /** The warm-ups in flight, by the target and the request. */
  readonly warming = new Map<string, Flight>();
  readonly #free: number[] = [];
  readonly #places = new Map<string, number>();
  /** The parsed targets, by the model of the payload and then by the name. */
  readonly #taken = new Map<string, Map<string, CoreTarget>>();
  readonly #watchers = new Set<Watcher>();
  #remembers = 0;
  #closed = false;
  #core: Instance | undefined;
  #number = 0;

  /** How many calls have come and not gone. */
  #calls = 0;
  readonly options: ClientOptions;
  readonly #own: boolean;
  /** The options of a call that has none of its own. */
  #usual: QueryOptions | undefined;

  constructor(options: ClientOptions = {}) {
    this.options = copied(options);
    // Two clients may have the same one.
    if (options.coordinator) this.options.coordinator = options.coordinator;
    this.#own = Object.keys(options).length > 0;
  }

  /** The options of one call, which take precedence over the client's. */
  settings(options: QueryOptions = NOTHING): QueryOptions {
    if (this.#closed) throw new Error("query-with-retry: this client is closed; make another with createClient");
    if (options === NOTHING) return (this.#usual ??= this.#merged(NOTHING));
    return this.#merged(copied(options));
  }

  #merged(options: QueryOptions): QueryOptions {
    if (!this.#own) return options;
    const merged = { ...this.options, ...defined(options) };
    const { loading, timeouts, headers } = this.options;
    if (loading) merged.loading = { ...loading, ...defined(options.loading) };
    if (timeouts) merged.timeouts = { ...timeouts, ...defined(options.timeouts) };
    // The first header of a name counts.
    if (headers) {
      // The token of a call takes precedence over the client's `Authorization`.
      const ofClient = headerPairs(headers, "headers").filter(([name]) => options.token === undefined || name !== "authorization");
      merged.headers = Object.fromEntries([...ofClient, ...headerPairs(options.headers, "headers")]);
    }
    return merged;
  }

  /** A target by its name and the model in the payload. It is parsed once. */
  remembered(given: string, itsModel = ""): CoreTarget {
    const model = shortened(itsModel);
    let target = this.#taken.get(model)?.get(given);
    if (!target) {
      target = withModel(takeApart(given, "target"), itsModel);
      if (this.#remembers++ >= MOST_TARGETS) {
        this.#taken.clear();
        this.#remembers = 1;
      }
      const ofModel = this.#taken.get(model) ?? new Map<string, CoreTarget>();
      this.#taken.set(model, ofModel.set(given, target));
    }
    return target;
  }

  /** The slot in the core that holds the state of this target. */
  place(target: CoreTarget): number {
    const key = name(target);
    let place = this.#places.get(key);
    if (place === undefined) {
      this.#makesRoom();
      place = this.#free.pop() ?? this.labels.length;
      this.labels[place] = key;
    }
    this.#places.delete(key);
    this.#places.set(key, place); // the most recently used is the last
    return place;
  }

  /** Drops the least recently used of the targets that no call uses now. */
  #makesRoom(): void {
    let looks = MOST_LOOKS;
    for (const [key, place] of this.#places) {
      if (this.#places.size < MOST_TARGETS || looks-- === 0) return;
      this.#places.delete(key);
      if (this.#core?.replace(this.#number, place)) {
        this.labels[place] = this.failures[place] = this.mute[place] = undefined;
        this.#free.push(place);
      } else {
        this.#places.set(key, place); // it is in use
      }
    }
  }

  /** Registers a `keepWarm` until the returned function is called. */
  watches(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** A request is sent there. */
  uses(target: CoreTarget, isPing: boolean): void {
    if (this.#watchers.size === 0) return;
    const label = name(target);
    for (const watcher of this.#watchers) watcher.used(label, isPing);
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.closed();
    this.#ends();
  }

  /** A call has come. It may not have reached the core yet. */
  entered(): void {
    this.#calls++;
  }

  left(): void {
    this.#calls--;
    this.#ends();
  }

  /** The last call of a closed client has gone. Its state in the core is not needed any more. */
  #ends(): void {
    if (!this.#closed || this.#calls > 0) return;
    if (this.#core?.alive) this.#core.close(this.#number);
    this.#core = undefined; // another client may get its number
    if (typeof this.options.coordinator === "object") this.options.coordinator.close?.();
  }

  /** An alert of this target was raised or is over. */
  alerted(place: number): void {
    const row = this.row(place);
    const alert = row && alertOf(row, this.labels[place] ?? "");
    if (alert) tell(this.options.alert?.onAlert, alert, "onAlert");
  }

  /** The number of the client in this instance of the core. After a trap the instance is a new one, which knows nothing. */
  attach(core: Instance): number {
    if (this.#core !== core) {
      this.#number = core.client(clientNumbers(this.options, core.scope, isPage()), Math.random() * 2 ** 53, this);
      this.#core = core;
    }
    return this.#number;
  }

  carry(place: number, ticket: number, expected: string, next: string): void {
    void this.#carry(this.labels[place], place, ticket, { expected, next });
  }

  async #carry(label: string | undefined, place: number, ticket: number, message: Message): Promise<void> {
    const core = this.#core;
    const replied = (now = NaN, text = "") => {
      // The number of the client, and the place of the target, may belong to others by now.
      if (core && core === this.#core && label === this.labels[place]) core.replied(this.#number, place, ticket, now, text);
    };
    // In a Worker the core has no timer of its own, and if this request ends, neither a timer of it nor an answer to it comes. So the
    // core can tell a coordinator that is slow from a request that has gone.
    const late = core?.scope === Scope.Request ? setTimeout(() => replied(), SLOW) : undefined;
    let reply: Partial<Reply> = {};
    try {
      await undefined; // the core waits until this function returns, and a coordinator may call the client
      reply = (await (this.options.coordinator as Coordinator).call(`${STATE}:${label}`, message)) as Reply;
    } catch {
      // It is passed over.
    }
    const { now, text } = Object(reply) as Partial<Reply>;
    clearTimeout(late);
    if (typeof now === "number" && typeof text === "string") replied(now, text);
    else replied();
  }

  /** The numbers of one target, as `src/web/report.rs` writes them. */
  row(place: number): number[] | undefined {
    return this.#core?.alive ? this.#core.stats(this.#number, place) : undefined;
  }
}

/** The context of each `client.fetch`. */
export const contexts = new WeakMap<typeof globalThis.fetch, ClientContext>();

/** The longest model name in a label. Labels are used in metrics and in messages. */
const LONGEST_MODEL = 128;

/** A payload may name a model of any length. A long name is shortened to its beginning and a checksum. */
function shortened(model: string): string {
  if (model.length <= LONGEST_MODEL) return model;
  return `${model.slice(0, LONGEST_MODEL / 2)}…${checksum(model).toString(16)}`;
}

/** The same URL with another model in the payload is another target. */
export function withModel(target: CoreTarget, model = ""): CoreTarget {
  return model && target.origin && !target.model ? { ...target, label: `${target.label}#${shortened(model)}` } : target;
}

export const name = ({ label, origin, model }: CoreTarget): string =>
  origin && model && !label.includes("#") ? `${label}#${shortened(model)}` : label;
