/** Reads the answers to one call: their headers and bytes, and the value that the caller gets. */

import { Body } from "../http/body.js";
import { Secrets } from "../http/redact.js";
import { decode, valueOf } from "../http/value.js";
import type { EventStream, Feed } from "../stream/event-buffer.js";
import type { QueryOptions } from "../types/call.js";
import { type Bytes, Fed, type Read, Wanted } from "../wasm/protocol.js";

/** Headers that say whether and when to retry: see `src/core/hint`. */
const BEAR_ON_RETRY = /retry|reset|remaining|^date$|^ratelimit$|-status$/i;
const MOST_HINTS = 4_000;

/** The request id of a response. The order is huggingface_hub's: the router's own id first, then those of its proxies. */
export function requestId({ headers }: Response): string | null | undefined {
  return ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].map((name) => headers?.get(name)).find(Boolean);
}

/** In bytes. A JavaScript engine can hold about twice as much in one string. */
const LONGEST_ANSWER = 256 * 1024 * 1024;

/** In bytes. Less is shown, but a secret may reach beyond the part that is shown. */
const MOST_WORDS = 16 * 1024;

export class ResponseReader {
  /** The newest body. */
  open: Body | undefined;
  /** The server's message, without secrets. */
  detail = "";
  /** The status that the body of a failure names, which may differ from its HTTP status. 0: none. */
  named = 0;
  /** What the caller gets. */
  answer: unknown;
  /** The newest answer is an error, by its status. */
  isError = false;
  /** The caller reads the rest of the newest body. */
  isPassedOn = false;

  readonly secrets: Secrets;

  /** With `wire` the caller asked for a stream. */
  constructor(
    given?: Headers,
    protected readonly kind?: QueryOptions["response"],
    public wire?: EventStream<unknown>,
  ) {
    this.secrets = new Secrets(given);
  }

  get wanted(): Wanted {
    if (!this.kind || this.kind === "auto") return Wanted.Auto;
    return this.kind === "json" ? Wanted.Json : Wanted.Raw;
  }

  get passes(): boolean {
    return this.wire?.raw === true;
  }

  /** Another attempt begins. */
  again(): void {
    this.detail = "";
    this.open?.stop();
    this.open = undefined;
  }

  /** @throws if `fetch` resolved with a value that is no response */
  status({ status, headers }: Response): number {
    if (!Number.isInteger(status) || status < 0 || status > 999 || (headers && typeof headers.get !== "function")) {
      this.detail = "fetch answered with what is no Response";
      throw new TypeError(this.detail);
    }
    return status;
  }

  landed(response: Response): number {
    const hints = !response.ok || response.headers?.has("retry-after");
    return (this.isStream(response) ? 1 : 0) | (hints ? 2 : 0);
  }

  hints({ headers }: Response): string {
    let lines = "";
    try {
      // The headers of a mock may have only `get`, and values that are no strings.
      headers?.forEach?.((value, name) => {
        if (BEAR_ON_RETRY.test(name) && lines.length < MOST_HINTS) lines += `${name.toLowerCase()}: ${String(value).slice(0, 200)}\n`;
      });
    } catch {
      // Headers that throw give no hints.
    }
    return lines;
  }

  /** Content types are not reliable. The core tells a stream by its first bytes. */
  protected isStream(_: Response): boolean {
    return this.wire !== undefined;
  }

  async read(response: Response, limit: number, feed: (piece?: Bytes) => number): Promise<Read> {
    this.isError = limit !== Infinity;
    const body = (this.open = new Body(response));
    if (!this.isError) return this.success(response, body, feed);
    if (!(await body.collect(limit, feed))) this.longer(body);
    return undefined;
  }

  /** The body of an error is longer than the limit. */
  protected longer(body: Body): void {
    body.stop();
  }

  protected async success(response: Response, body: Body, feed: (piece?: Bytes) => number): Promise<Read> {
    if (!(await body.collect(LONGEST_ANSWER, feed))) {
      body.stop();
      return "an answer of more than 256 MiB";
    }
    const told = feed();
    // The server has taken the request and has nothing to say.
    const isEmpty = body.pieces.length === 0 && [202, 204, 205].includes(response.status);
    if (!(told & Fed.Answer) && !isEmpty) return undefined;
    if (isEmpty && !/text|blob|bytes/.test(this.kind ?? "")) {
      this.answer = null;
      return true;
    }
    const type = response.headers?.get("content-type") ?? "";
    try {
      this.answer = valueOf(body.pieces, type, this.kind ?? "auto", (told & Fed.Json) !== 0);
      return isEmpty || undefined;
    } catch (error) {
      return error instanceof SyntaxError ? "JSON that is broken" : String(error); // half a gigabyte does not fit into a string
    }
  }

  async stream(response: Response, feed: Feed): Promise<void> {
    this.isError = false;
    await this.wire?.run((this.open = new Body(response)), feed);
  }

  says(words: Bytes, status: number): void {
    this.named = status;
    this.detail = this.secrets.blankOut(decode(words.subarray(0, MOST_WORDS))).slice(0, 2000);
  }
}
