/** What a call is to send, to which targets, and with which options, as the core asks for it. */

import { connects } from "../http/connections.js";
import type { QueryOptions } from "../types/call.js";
import { isUsual, optionNumber, profilePlace, targetPart } from "../wasm/encode.js";
import type { CoreBody, CoreTarget, HeaderPairs, Located } from "../wasm/protocol.js";
import type { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";
import { Waiting } from "./waiting.js";

/** What is sent, and to whom. */
export interface Asked {
  /** The target that was asked for, then its fallbacks. */
  targets: CoreTarget[];
  payload: CoreBody;
  headers: HeaderPairs;
  /** The headers of a `fetch`, in place of `headers`. The first target gets them unchanged. */
  given?: Headers;
  /** Further members of the second argument of `fetch`. */
  init?: RequestInit;
  /** The time that the call has already spent, in ms. */
  spentMs?: number;
  /** It is a ping of `keepWarm`. */
  isPing?: boolean;
}

/** A base class of `Call` and not a member of it, because thousands of calls may wait at once. */
export abstract class DescribedCall extends Waiting {
  #located: (Located & { profile: number })[] | undefined;

  constructor(
    readonly pool: ClientContext,
    readonly asked: Asked,
    readonly options: QueryOptions,
    caller: CallerSignal | undefined,
  ) {
    super(caller);
  }

  get targets(): number {
    return this.asked.targets.length;
  }

  get kind(): CoreBody["kind"] {
    return this.asked.payload.kind;
  }

  protected target(index: number): CoreTarget {
    return this.asked.targets[index] as CoreTarget;
  }

  part(index: number, part: number): string {
    return targetPart(this.target(index), part);
  }

  profile(index: number): number {
    return profilePlace(this.target(index));
  }

  shared(index: number): number {
    return this.pool.place(this.target(index));
  }

  get usual(): boolean {
    return isUsual(this.options);
  }

  number(which: number): number {
    return optionNumber(this.options, which);
  }

  get spentMs(): number {
    return this.asked.spentMs ?? 0;
  }

  get known(): number {
    return (this.targets === 1 ? this.target(0).located?.[this.kind]?.profile : undefined) ?? -1;
  }

  locate(index: number, url: string, model: string, shares: boolean, profile: number): void {
    const located = { url, model, shares, profile };
    (this.#located ??= [])[index] = located;
    if (index === 0) (this.target(0).located ??= [])[this.kind] = located;
  }

  place(index: number): Located & { profile: number } {
    return (this.#located?.[index] ?? this.target(index).located?.[this.kind]) as Located & { profile: number };
  }

  /** The name of a target in messages: its label, and for a model id also the address that the id stands for. */
  protected named(index: number): string {
    const { label } = this.target(index);
    const { url = "" } = this.place(index) ?? {};
    return label.includes("://") || !url ? label : `${label} (${url})`;
  }

  connects(index: number): number {
    return connects(this.place(index).url, this.asked.init?.credentials);
  }
}
