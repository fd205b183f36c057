/** What is read of the answers to one call, and what they say. */

import { Body } from "../http/body.js";
import { readError, readSuccess, unreadable } from "../http/parse-body.js";
import { Secrets } from "../http/redact.js";
import type { EventStream } from "../stream/event-buffer.js";
import type { QueryOptions } from "../types/call.js";
import type { Bytes, Facts } from "../wasm/protocol.js";

/** The order of huggingface_hub: the router's own id first, then those of its proxies. */
export function requestId({ headers }: Response): string | null | undefined {
  return ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].map((name) => headers?.get(name)).find(Boolean);
}

/** Of text, half of what the engines can hold in one string. */
const LONGEST_ANSWER = 256 * 1024 * 1024;

export class ResponseReader {
  /** The newest body. */
  open: Body | undefined;
  /** The server's own message, as it may be shown. */
  detail = "";
  /** What the caller gets. */
  answer: unknown;
  /** The newest answer is an error. */
  isError = false;

  readonly secrets: Secrets;

  /** `wire`: a stream was asked for. */
  constructor(
    given?: Headers,
    protected readonly wanted?: QueryOptions["response"],
    public wire?: EventStream<unknown>,
  ) {
    this.secrets = new Secrets(given);
  }

  /** Another try begins. */
  again(): void {
    this.detail = "";
    this.open = undefined;
  }

  /** Throws where `fetch` has answered with what is no response. */
  status({ status, headers }: Response): number {
    if (!Number.isInteger(status) || status < 0 || status > 999 || (headers && typeof headers.get !== "function")) {
      this.detail = "fetch answered with what is no Response";
      throw new TypeError(this.detail);
    }
    return status;
  }

  landed(response: Response): number {
    const hints = ["retry-after", "retry-after-ms", "ratelimit"].some((name) => response.headers?.has(name));
    return (this.isStream(response) ? 1 : 0) | (hints ? 2 : 0);
  }

  /** What promises nothing may be one; what promises JSON or a page is none. */
  protected isStream({ headers }: Response): boolean {
    return this.wire !== undefined && !/json|html/i.test(headers?.get("content-type") ?? "");
  }

  async read(response: Response, limit: number): Promise<Facts | undefined> {
    this.isError = limit !== Infinity;
    if (!this.isError) return this.success(response);
    const body = (this.open = new Body(response));
    try {
      if (!(await body.collect(limit))) this.longer(body);
    } catch (error) {
      // An error body that was cut has still said something.
      if (body.pieces.length === 0) throw error;
    }
    return this.said(readError(body.pieces));
  }

  /** An error's body is longer than is read. */
  protected longer(body: Body): void {
    body.stop();
  }

  /** Of an answer that is as it was promised there is nothing to say. */
  protected async success(response: Response): Promise<Facts | undefined> {
    const body = (this.open = new Body(response));
    if (!(await body.collect(LONGEST_ANSWER))) {
      body.stop();
      return this.said(unreadable("an answer of more than 256 MiB"));
    }
    // A stream that is answered in one piece is one event, and an event is JSON.
    const wanted = this.wire ? "json" : (this.wanted ?? "auto");
    const { value, facts } = readSuccess(body.pieces, response.headers?.get("content-type") ?? "", wanted);
    this.answer = value;
    return facts && this.said(facts);
  }

  /** The facts of an error whose body is still being read. */
  soFar(): Facts | undefined {
    const pieces = this.open?.pieces;
    return this.isError && pieces?.length ? this.said(readError(pieces)) : undefined;
  }

  async stream(response: Response, feed: (piece?: Bytes) => void): Promise<Facts | undefined> {
    this.isError = false;
    const facts = await this.wire?.run((this.open = new Body(response)), feed);
    return facts && this.said(facts);
  }

  protected said(facts: Facts): Facts {
    this.detail = this.secrets.blankOut(facts.detail).slice(0, 2000);
    return facts;
  }
}
