/**
 * Which inputs go into the next request, and what an answer teaches about the size that the server takes. No I/O, no clock.
 *
 * A refused request is cut in two. Its size is too large only if every input in it was answered in smaller requests; if one
 * of them was refused alone, that input explains the refusal, and the size is still good.
 */

/** Requests of a size that never worked: as many at once before the first refusal, and after it. */
const UNTRIED = 4;
const UNTRIED_AFTER_REFUSAL = 2;

/** So many inputs in a row were refused alone and in the same words: is it they, or the target? */
const SUSPECT = 2;
/** As many, most of them taken from all over the batch, before one was answered: it is the target. */
const HOPELESS = 8;

/** So many requests of a size that used to work were refused for their size: it works no more. */
const WORKS_NO_MORE = 2;

/** A refused request whose inputs are asked again in smaller ones. */
interface Refusal {
  readonly count: number;
  readonly within: Refusal | undefined;
  /** Inputs of it that have not ended. */
  left: number;
  /** Something else than its size explains it: an input of it was refused alone. */
  isExplained: boolean;
  /** A part of it was refused too. */
  isDeep: boolean;
}

/** The inputs of one request: `count` of them from `start` on. */
export interface Range {
  readonly start: number;
  readonly count: number;
  /** @internal */
  readonly within: Refusal | undefined;
}

/** The greatest power of two below it: limits of servers mostly are one. */
const cut = (count: number): number => 2 ** Math.floor(Math.log2(count - 1));

export class Plan {
  /** The largest request that was answered; 0 before the first. */
  #worked: number;
  /** Requests of this many inputs and more are refused for their size. */
  #tooMany = Infinity;
  #largest: number;
  /** Waiting, the next one last. */
  #waiting: Range[] = [];
  #inFlight = new Set<Range>();
  /** Refusals of untried sizes that nothing explains yet. */
  #open = new Set<Refusal>();
  #hasAnswered = false;
  /** One was refused, and none was answered since. */
  #isInVain = false;
  /** Inputs that were refused alone, in the same words, and none was answered meanwhile. */
  #alone = 0;
  #words: string | undefined;
  /** Refusals of sizes that had worked, explained by no input, and the smallest of them. */
  #doubts = 0;
  #doubted = Infinity;

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

  /** A larger size was refused. */
  get isLimited(): boolean {
    return this.#tooMany !== Infinity;
  }

  /** Inputs from all over the batch were refused alone in the same words, and none was answered: the others would be as well. */
  get isHopeless(): boolean {
    return this.#alone >= HOPELESS;
  }

  /** Nothing is waiting or in flight. */
  get isDone(): boolean {
    return !this.#waiting.length && !this.#inFlight.size;
  }

  /** The next request, or undefined while an answer in flight has to come first, or when nothing is left. */
  next(): Range | undefined {
    if (this.#alone >= SUSPECT) return this.#sample();
    // A late refusal leaves halves on top that are held back; the smaller ones that they wait for lie below.
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      const { count } = this.#waiting[at] as Range;
      const most = Math.min(count, this.size);
      if (this.#maySend(most)) return this.#take(at, 0, most);
    }
    return undefined;
  }

  /** The request was answered: every input of it has its result. */
  answered(range: Range): void {
    this.#hasAnswered = true;
    this.#isInVain = false;
    this.#alone = 0;
    this.#worked = Math.max(this.#worked, range.count);
    if (range.count >= this.#doubted) this.#trusts();
    // A refusal of a size that works was about its inputs.
    for (const refusal of this.#open) if (refusal.count <= this.#worked) this.#open.delete(refusal);
    this.#end(range);
  }

  /**
   * The server refused the request, in these words, for what is in it or for how much that is. True if it held one input: that
   * one has failed. Otherwise its halves are waiting. A server that did the work and left out results may do so from now on, so
   * it `hasWorked` in vain also where others were answered before.
   */
  refused(range: Range, words = "", hasWorked = false): boolean {
    const isInVain = hasWorked || !this.#hasAnswered;
    this.#isInVain ||= isInVain;
    const { start, count, within } = range;
    if (count === 1) {
      if (isInVain) this.#alone = words === this.#words ? this.#alone + 1 : 1;
      this.#words = words;
      this.failed(range);
      return true;
    }
    this.#inFlight.delete(range);
    if (within) within.isDeep = true;
    const refusal: Refusal = { count, within, left: count, isExplained: false, isDeep: false };
    if (count > this.#worked) this.#open.add(refusal);
    const half = cut(count);
    this.#waiting.push({ start: start + half, count: count - half, within: refusal }, { start, count: half, within: refusal });
    return false;
  }

  /** The request failed for a reason that smaller requests share: its inputs have ended, and nothing was learned. */
  failed(range: Range): void {
    for (let at = range.within; at; at = at.within) {
      at.isExplained = true;
      this.#open.delete(at);
    }
    this.#end(range);
  }

  /** Takes what was not sent, of a target that failed as a whole or a call that was aborted. A later refusal adds its halves again. */
  rest(): Range[] {
    return this.#waiting.splice(0).toReversed();
  }

  /** Sent: `count` inputs of a waiting range, from `skip` on. */
  #take(at: number, skip: number, count: number): Range {
    const range = this.#waiting[at] as Range;
    const part = (from: number, size: number): Range => ({ ...range, start: range.start + from, count: size });
    const around = [part(skip + count, range.count - skip - count), part(0, skip)];
    this.#waiting.splice(at, 1, ...around.filter(({ count }) => count));
    const sent = part(skip, count);
    this.#inFlight.add(sent);
    return sent;
  }

  /** One input from elsewhere: those at one end of a batch may be alike. */
  #sample(): Range | undefined {
    if (this.#inFlight.size) return undefined;
    const total = this.#waiting.reduce((sum, { count }) => sum + count, 0);
    // Steps of the golden ratio lie far apart, however many they are.
    let skip = Math.floor(((this.#alone * 0.618) % 1) * total);
    const at = this.#waiting.findIndex(({ count }) => skip < count || ((skip -= count), false));
    return at < 0 ? undefined : this.#take(at, skip, 1);
  }

  #maySend(count: number): boolean {
    const { size } = this.#inFlight;
    if (this.#isInVain && size >= UNTRIED_AFTER_REFUSAL) return false;
    if (count <= this.#worked) return true;
    let refused = Infinity;
    for (const refusal of this.#open) refused = Math.min(refused, refusal.count);
    if (count >= refused) return false;
    // Those of a refused size are lost already, and no experiment any more.
    let untried = 0;
    for (const { count } of this.#inFlight) if (count > this.#worked && count < refused) untried++;
    return untried < (refused === Infinity ? UNTRIED : UNTRIED_AFTER_REFUSAL);
  }

  #end(range: Range): void {
    this.#inFlight.delete(range);
    for (let at = range.within; at; at = at.within) {
      at.left -= range.count;
      if (at.left || at.isExplained) continue;
      this.#open.delete(at);
      if (at.count > this.#worked) this.#tooMany = Math.min(this.#tooMany, at.count);
      else if (!at.isDeep) this.#doubt(at.count);
    }
  }

  #doubt(count: number): void {
    this.#doubted = Math.min(this.#doubted, count);
    if (++this.#doubts < WORKS_NO_MORE) return;
    this.#tooMany = this.#doubted;
    this.#worked = cut(this.#doubted);
    this.#trusts();
  }

  #trusts(): void {
    this.#doubts = 0;
    this.#doubted = Infinity;
  }
}
