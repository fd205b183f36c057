/** What the calls of one client share, on this side of the core: what they were given, and which target is which. */

import { headerPairs } from "../input/options.js";
import { takeApart } from "../input/target.js";
import type { QueryOptions } from "../types/call.js";
import type { ClientOptions } from "../types/client.js";
import { alertOf } from "../wasm/decode.js";
import { clientNumbers } from "../wasm/encode.js";
import type { Attachable, Instance } from "../wasm/instance.js";
import type { CoreTarget } from "../wasm/protocol.js";

/** Beyond as many, the one that was not used for longest makes room: targets are labels of metrics. */
const MOST_TARGETS = 200;

const NOTHING: QueryOptions = {};

export class ClientContext implements Attachable {
  /** By their place in the core. */
  readonly labels: string[] = [];
  readonly #places = new Map<string, number>();
  readonly #taken = new Map<string, CoreTarget>();
  #closed = false;
  #core: Instance | undefined;
  #number = 0;

  readonly #own: boolean;

  constructor(readonly options: ClientOptions = {}) {
    this.#own = Object.keys(options).length > 0;
  }

  /** What was given for one call, before what was given for all. */
  settings(options: QueryOptions = NOTHING): QueryOptions {
    if (this.#closed) throw new Error("query-with-retry: this client is closed; make another with createClient");
    if (!this.#own) return options;
    const { loading, timeouts, headers, ...all } = this.options;
    return {
      ...all,
      ...defined(options),
      loading: { ...loading, ...defined(options.loading) },
      timeouts: { ...timeouts, ...defined(options.timeouts) },
      // The first of a name counts.
      ...(headers && { headers: Object.fromEntries([...headerPairs(headers, "headers"), ...headerPairs(options.headers, "headers")]) }),
    };
  }

  /** A target by its name, taken apart once; of a `fetch` with the model of its body. */
  remembered(given: string, model = ""): CoreTarget {
    const key = model ? `${given} ${model}` : given;
    let target = this.#taken.get(key);
    if (!target) {
      const apart = takeApart(given, "target");
      target = model ? { ...apart, model, label: `${apart.label}#${model}` } : apart;
      if (this.#taken.size >= MOST_TARGETS) this.#taken.clear();
      this.#taken.set(key, target);
    }
    return target;
  }

  /** Where in the core the state of this target is. */
  place(target: CoreTarget): number {
    const key = name(target);
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#unused() ?? this.labels.length;
      this.labels[place] = key;
    }
    this.#places.delete(key);
    this.#places.set(key, place); // the newest is the last
    return place;
  }

  /** The place of the target that was not used for longest, of those that no call uses now. */
  #unused(): number | undefined {
    if (this.#places.size < MOST_TARGETS) return undefined;
    for (const [key, place] of this.#places) {
      if (!this.#core?.replace(this.#number, place)) continue;
      this.#places.delete(key);
      return place;
    }
    return undefined; // one more, then
  }

  close(): void {
    if (this.#core?.alive) this.#core.close(this.#number);
    this.#core = undefined; // a call that is on its way to it has another
    this.#closed = true;
  }

  find(target: CoreTarget): number | undefined {
    return this.#places.get(name(target));
  }

  /** An alert of this target was raised or is over. */
  alerted(place: number): void {
    const row = this.row(place);
    const alert = row && alertOf(row, this.labels[place] as string);
    try {
      if (alert) this.options.alert?.onAlert?.(alert);
    } catch (error) {
      console.error("query-with-retry: onAlert threw", error);
    }
  }

  /** Its number in this instance of the core; after a panic it is another one, which knows nothing. */
  attach(core: Instance): number {
    if (this.#core !== core) {
      this.#number = core.client(clientNumbers(this.options, core.scope), Math.random() * 2 ** 53);
      this.#core = core;
    }
    return this.#number;
  }

  /** The numbers of one target, as `src/web/report.rs` writes them. */
  row(place: number): number[] | undefined {
    return this.#core?.alive && !this.#closed ? this.#core.stats(this.#number, place) : undefined;
  }
}

/** What is undefined is absent. */
const defined = <T extends object>(given: T = {} as T): T =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;

const name = ({ label, origin, model }: CoreTarget): string => (origin && model && !label.includes("#") ? `${label}#${model}` : label);
