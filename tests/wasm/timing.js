// As they were before any test counted them.
const { setTimeout, clearTimeout } = globalThis;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const never = () => new Promise(() => {});

export const value_after = (ms, value) => sleep(ms).then(() => value);

export const rejection_after = (ms, reason) => sleep(ms).then(() => Promise.reject(reason));

/** `setTimeout` and `clearTimeout` that count, and that may ring too early. */
export class Timers {
  lengths = [];
  cleared = 0;
  earlyBy = 0;

  set = (task, ms) => {
    this.lengths.push(ms);
    const early = this.earlyBy;
    this.earlyBy = 0;
    return setTimeout(task, ms - early);
  };

  clear = (id) => {
    this.cleared += 1;
    clearTimeout(id);
  };

  /** The next timer alone, which is what coarse clocks do to one in some thousands. */
  ringEarly(ms) {
    this.earlyBy = ms;
  }
}

/** Counts rejections that nobody handles. A browser reports one in a task after its microtasks. */
export class Unhandled {
  count = 0;
  #note = (event) => {
    event.preventDefault();
    this.count += 1;
  };

  constructor() {
    addEventListener("unhandledrejection", this.#note);
  }

  async stop() {
    await sleep(30);
    removeEventListener("unhandledrejection", this.#note);
    return this.count;
  }
}
