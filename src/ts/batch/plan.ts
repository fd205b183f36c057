/**
 * Which inputs go into the next request, and what an answer teaches about the size that the server takes. No I/O, no clock.
 *
 * A refused request is cut in two. Its size is too large only if every input in it was answered in smaller requests; if one
 * of them was refused alone, that input explains the refusal, and the size is still good.
 */

/** Requests of a size that never worked: as many at once before the first refusal, and after it. */
const UNTRIED = 4;
const UNTRIED_AFTER_REFUSAL = 2;

/** A refused request whose inputs are asked again in smaller ones. */
interface Refusal {
  readonly count: number;
  readonly within: Refusal | undefined;
  /** Inputs of it that have not ended. */
  left: number;
  /** Something else than its size explains it. */
  explained: boolean;
}

/** The inputs of one request: `count` of them from `start` on. */
export interface Range {
  readonly start: number;
  readonly count: number;
  /** @internal */
  readonly within: Refusal | undefined;
}

export class Plan {
  /** The largest request that was answered; 0 before the first. */
  #worked: number;
  /** Requests of this many inputs and more are refused for their size. */
  #tooMany = Infinity;
  #largest: number;
  /** Waiting, the next one last. */
  #waiting: Range[] = [];
  #inFlight = new Set<Range>();
  /** Refusals that nothing explains yet. */
  #open = new Set<Refusal>();

  /**
   * Of `total` inputs, never more than `largest` in a request. `worked` is the size that the target was seen to take, or 0;
   * a request of at most that size is no experiment.
   */
  constructor(total: number, largest: number, worked = 0) {
    this.#largest = largest;
    this.#worked = Math.min(worked, largest);
    if (total) this.#waiting.push({ start: 0, count: total, within: undefined });
  }

  /** How many inputs the next request of untouched inputs would hold. */
  get size(): number {
    return this.#tooMany === Infinity ? this.#largest : Math.min(this.#largest, Math.max(1, this.#worked));
  }

  /** The largest size that worked: with it the next plan for this target begins. 0 if no request was answered. */
  get worked(): number {
    return this.#worked;
  }

  /** Nothing is waiting or in flight. */
  get done(): boolean {
    return !this.#waiting.length && !this.#inFlight.size;
  }

  /** The next request, or undefined while an answer in flight has to come first, or when nothing is left. */
  next(): Range | undefined {
    // A late refusal leaves halves on top that are held back; the smaller ones that they wait for lie below.
    const at = this.#waiting.findLastIndex(({ count }) => this.#maySend(Math.min(count, this.size)));
    const range = this.#waiting[at];
    if (!range) return undefined;
    const count = Math.min(range.count, this.size);
    const after = count < range.count ? [{ ...range, start: range.start + count, count: range.count - count }] : [];
    this.#waiting.splice(at, 1, ...after);
    const sent = { ...range, count };
    this.#inFlight.add(sent);
    return sent;
  }

  /** The request was answered: every input of it has its result. */
  answered(range: Range): void {
    this.#worked = Math.max(this.#worked, range.count);
    // A refusal of a size that works was about its inputs.
    for (const refusal of this.#open) if (refusal.count <= this.#worked) this.#explain(refusal);
    this.#end(range);
  }

  /**
   * The server refused the request for what is in it or for how much that is. True if it held one input: that one has
   * failed. Otherwise its halves are waiting.
   */
  refused(range: Range): boolean {
    if (range.count === 1) {
      this.failed(range);
      return true;
    }
    this.#inFlight.delete(range);
    const { start, count } = range;
    const refusal: Refusal = { count, within: range.within, left: count, explained: count <= this.#worked };
    if (!refusal.explained) this.#open.add(refusal);
    const half = Math.ceil(count / 2);
    this.#waiting.push({ start: start + half, count: count - half, within: refusal }, { start, count: half, within: refusal });
    return false;
  }

  /** The request failed for a reason that smaller requests share: its inputs have ended, and nothing was learned. */
  failed(range: Range): void {
    for (let at = range.within; at; at = at.within) this.#explain(at);
    this.#end(range);
  }

  /** Takes what was not sent, of a target that failed as a whole or a call that was aborted. A later refusal adds its halves again. */
  rest(): Range[] {
    return this.#waiting.splice(0).toReversed();
  }

  #maySend(count: number): boolean {
    if (count <= this.#worked) return true;
    let refused = Infinity;
    for (const refusal of this.#open) refused = Math.min(refused, refusal.count);
    if (count >= refused) return false;
    // Those of a refused size are lost already, and no experiment any more.
    let untried = 0;
    for (const { count } of this.#inFlight) if (count > this.#worked && count < refused) untried++;
    return untried < (refused === Infinity ? UNTRIED : UNTRIED_AFTER_REFUSAL);
  }

  #explain(refusal: Refusal): void {
    refusal.explained = true;
    this.#open.delete(refusal);
  }

  #end(range: Range): void {
    this.#inFlight.delete(range);
    for (let at = range.within; at; at = at.within) {
      at.left -= range.count;
      if (at.left || at.explained) continue;
      this.#open.delete(at);
      this.#tooMany = Math.min(this.#tooMany, at.count);
    }
  }
}
