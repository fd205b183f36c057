/** A call that waits for a cold model asks the server for the status of the model, where there is a cheap way to. */

import { quietly } from "../http/body.js";
import { profiles } from "../wasm/enums.js";
import { Said } from "../wasm/protocol.js";
import { type Status, status } from "./cheapest.js";
import { SendingCall } from "./sending.js";
import { asked } from "./status.js";

export abstract class AskingCall extends SendingCall {
  /** What the last status said. */
  modelSays: Said = Said.Lost;
  /** A failure came from llama.cpp. */
  protected isLlama = false;
  #looks: AbortController | undefined;

  override prepare(index: number, holdHeader: string, holdSeconds: number): Promise<void> | undefined {
    this.looksNoMore();
    return super.prepare(index, holdHeader, holdSeconds);
  }

  look(index: number): Promise<void> | undefined {
    this.looksNoMore();
    const controller = (this.#looks = new AbortController());
    const state = this.#status(index);
    return state && asked(this.leg, state, controller.signal).then((said) => void (controller === this.#looks && (this.modelSays = said)));
  }

  /** Ends the request for the status. */
  protected looksNoMore(): void {
    quietly(() => this.#looks?.abort());
  }

  #status(index: number): Status | undefined {
    const { leg, asked } = this;
    // After a redirect, or through a proxy of the caller's own, another server would answer.
    if (leg.redirects > 0 || this.pool.mute[this.shared(index)] || (asked.init && "dispatcher" in asked.init)) return undefined;
    const isLlama = this.isLlama || this.reader.detail === "Loading model";
    const state = status(profiles[this.place(index).profile] ?? "", this.target(index), leg.url, isLlama, true);
    return state?.isForeign ? undefined : state;
  }
}
