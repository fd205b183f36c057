// The live region: one sentence for each change of state, never for a tick.

import { browserSaid, count, duration, OUTCOMES, spoken, WAITING } from "./words.js";

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
        const why = this.#before(event);
        const when = Number.isFinite(event.ms) ? `; next try in ${spoken(event.ms)}` : "";
        this.say(`${why}${WAITING[event.reason] ?? "Waiting"}${when}.`);
        break;
      }
      case "fallback":
        this.say(`Going on to ${event.to}.`);
        break;
      case "first_token":
        this.say(`First token after ${duration(event.ms)}: the text is coming.`);
        break;
    }
  }

  /** What came of the attempt before a wait. */
  #before({ detail }) {
    const answered = this.#lastResponse;
    if (answered) return `Attempt ${this.#attempts} got status ${answered.status}: ${OUTCOMES[answered.outcome] ?? answered.outcome}. `;
    return detail ? `Attempt ${this.#attempts} got no answer; ${browserSaid(detail)}. ` : "";
  }

  answered(report, stream) {
    const pace = stream ? `: ${count(stream.pace.tokens, "token")}, the whole text` : "";
    this.say(`Answered after ${count(report.attempts.length, "attempt")} and ${duration(report.totalMs)}${pace}.`);
  }

  failed(error) {
    const kept = error.partial ? "The text so far is kept. " : "";
    this.say(error.hint ? `Failed: ${OUTCOMES[error.code] ?? error.code}. ${kept}${error.hint}` : `Failed: ${error.message}`);
  }

  cancelled(trace, where) {
    this.say(`Cancelled after ${duration(trace.endMs)}, ${where}.`);
  }
}
