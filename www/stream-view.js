// A stream while it runs: its text as it comes, the time to its first token, and its pace.

import { setText } from "./elements.js";
import { Pace } from "./pace.js";
import { duration, rate } from "./words.js";

const CAPTIONS = {
  running: "The text, as it comes",
  whole: "The whole text",
  broken: "Incomplete: the text until the stream broke",
  cancelled: "Incomplete: the text until you cancelled",
};

export class StreamView {
  text = "";
  pace = new Pace();
  #root;
  #said;
  #caption;
  #numbers;

  constructor(root) {
    this.#root = root;
    this.#said = root.querySelector(".said p");
    this.#caption = root.querySelector(".caption");
    this.#numbers = Object.fromEntries(Array.from(root.querySelectorAll("[data-number]"), (node) => [node.dataset.number, node]));
  }

  begin() {
    this.text = "";
    this.pace = new Pace();
    this.#said.replaceChildren("");
    this.#show("running");
    setText(this.#numbers.firstToken, "–");
    this.#count();
    this.#root.hidden = false;
  }

  hide() {
    this.#root.hidden = true;
  }

  event(event) {
    if (event.type === "first_token") setText(this.#numbers.firstToken, duration(event.ms));
  }

  add(piece) {
    this.text += piece;
    this.pace.add();
    // Into the text that is there: what of it is selected stays so.
    this.#said.firstChild.appendData(piece);
    this.#count();
  }

  /** `how`: whole, broken or cancelled. */
  end(how) {
    this.#show(how);
    if (!this.text) setText(this.#caption, "No text came.");
  }

  #show(state) {
    this.#root.dataset.state = state;
    setText(this.#caption, CAPTIONS[state]);
  }

  #count() {
    setText(this.#numbers.tokens, String(this.pace.tokens));
    setText(this.#numbers.rate, rate(this.pace.perSecond) ?? "–");
  }
}
