// The live region: one sentence for each change of state, never for a tick.

import { count, duration, OUTCOMES, spoken, WAITING } from "./words.js";

export class Announcer {
  #region;
  #lastResponse;
  #attempts = 0;

  constructor(region) {
    this.#region = region;
  }

  say(sentence) {
    if (this.#region.textContent !== sentence) this.#region.textContent = sentence;
  }

  begin(title) {
    this.#lastResponse = undefined;
    this.#attempts = 0;
    this.say(`${title}: setting up.`);
  }

  event(event) {
    switch (event.type) {
      case "attempt":
        this.#attempts += 1;
        this.#lastResponse = undefined;
        this.say(`Attempt ${this.#attempts} was sent.`);
        break;
      case "response":
        // Said together with the wait that follows: two sentences at once would drown each other.
        this.#lastResponse = event;
        break;
      case "wait": {
        const answered = this.#lastResponse;
        const why = answered ? `Attempt ${this.#attempts} got status ${answered.status}: ${OUTCOMES[answered.outcome] ?? answered.outcome}. ` : "";
        const when = Number.isFinite(event.ms) ? `; next try in ${spoken(event.ms)}` : "";
        this.say(`${why}${WAITING[event.reason] ?? "Waiting"}${when}.`);
        break;
      }
      case "fallback":
        this.say(`Going on to ${event.to}.`);
        break;
    }
  }

  answered(report) {
    this.say(`Answered after ${count(report.attempts.length, "attempt")} and ${duration(report.totalMs)}.`);
  }

  failed(error) {
    this.say(error.hint ? `Failed: ${OUTCOMES[error.code] ?? error.code}. ${error.hint}` : `Failed: ${error.message}`);
  }

  cancelled(trace, where) {
    this.say(`Cancelled after ${duration(trace.endMs)}, ${where}.`);
  }
}
