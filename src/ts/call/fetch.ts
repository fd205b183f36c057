/** `client.fetch`: a call that takes what `fetch` takes, and answers as `fetch` does. */

import { QueryError } from "../errors/query-error.js";
import { joined, readSuccess } from "../http/parse-body.js";
import { again } from "../http/response.js";
import { type Sent, taken } from "../input/fetch-request.js";
import { headerPairs } from "../input/options.js";
import { takeApart } from "../input/target.js";
import { EventStream } from "../stream/event-buffer.js";
import { readableOf } from "../stream/readable.js";
import type { QueryOptions } from "../types/call.js";
import { type Bytes, type CoreTarget, type Facts, Kind } from "../wasm/protocol.js";
import { type Asked, Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";
import { ResponseReader } from "./response.js";

export async function fetchWithRetry(context: ClientContext, input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  // Who wants to see redirects wants no more.
  if (init.redirect === "manual") return (context.options.fetch ?? fetch)(input, init);
  const common = context.settings(); // before anything is waited for: the client may be closed meanwhile
  const sent = await taken(input, init);
  const { signal } = sent.init;
  const missing = headerPairs(common.headers, "headers").filter(([name]) => !sent.headers.has(name));
  if (missing.length > 0) sent.headers = new Headers([...sent.headers, ...missing]);
  const options = signal ? { ...common, signal } : common;
  const asked = ask(context, sent, options.fallback);
  return new Promise((resolve, reject) => new Fetched(context, asked, options, sent.streamed, resolve, reject).run());
}

function ask(context: ClientContext, { url, headers, body, init, model, rest }: Sent, fallback: QueryOptions["fallback"] = []): Asked {
  const first = context.remembered(url, model);
  const others = fallback.map((other, index) => {
    const target = takeApart(other, `fallback[${index}]`);
    // The request has the form of its address: another model is asked for in the same place.
    const { origin, path, href } = target.href ? target : first;
    const moved: CoreTarget = { ...target, origin, path, label: target.model ? `${origin}${path}#${target.model}` : target.label };
    return href === undefined ? moved : { ...moved, href };
  });
  // Only an object has a place for a model.
  const kind = model ? Kind.Object : Kind.Opaque;
  const bodyRest = others.length > 0 ? JSON.stringify(rest) : "";
  return { targets: [first, ...others], headers: [], given: headers, init, payload: { kind, body, bodyRest, model } };
}

/** What the caller gets is the same as came, so that it can be read as the caller likes. */
class FetchReader extends ResponseReader {
  /** The newest. */
  response: Response | undefined;

  constructor(
    headers: Headers | undefined,
    private readonly method: string | undefined,
  ) {
    super(headers);
  }

  protected override isStream(response: Response): boolean {
    this.response = response;
    const is = /event-stream/i.test(response.headers.get("content-type") ?? "");
    if (is) this.wire = new EventStream<unknown>(true);
    return is;
  }

  protected override async success(response: Response): Promise<Facts | undefined> {
    const type = response.headers.get("content-type") ?? "";
    this.answer = response;
    // Only of JSON, and of the pages that stand in its place, can be said whether it is an answer.
    if (!response.body || !/json\b|html/i.test(type) || /^head$/i.test(this.method ?? "")) return undefined;
    const pieces = await this.collect(response);
    const { facts } = readSuccess(pieces, type, "auto");
    this.answer = again(response, joined(pieces));
    return facts && this.said(facts);
  }
}

class Fetched extends Call {
  declare protected readonly reader: FetchReader;

  constructor(
    context: ClientContext,
    asked: Asked,
    options: QueryOptions,
    override streamed: boolean,
    readonly resolve: (response: Response) => void,
    readonly reject: (error: unknown) => void,
  ) {
    super(context, asked, options, new CallerSignal(options.signal), new FetchReader(asked.given, asked.init?.method));
  }

  override begin(ms: number): void {
    super.begin(ms);
    const wire = this.reader.wire as EventStream<Bytes>;
    const cancel = () => {
      wire.clear();
      wire.end();
      this.caller?.leave();
      this.stop(); // where nobody waits for its leaving
    };
    this.#answer(readableOf(wire, cancel));
  }

  protected override inOnePiece(): void {}

  protected override done(): void {
    const { wire, answer, response } = this.reader;
    if (wire?.begun) return wire.end();
    // What is handed over unread still ends with the caller's own signal.
    if (answer === response) this.options.signal?.addEventListener("abort", () => this.stop(), { once: true });
    this.resolve(answer as Response);
  }

  /** An SDK makes its own errors of a last answer. */
  protected override failed(error: unknown): void {
    const { wire, open, isError } = this.reader;
    if (wire?.begun) return wire.end({ error });
    const isLast = error instanceof QueryError && (error.status as number) >= 300 && isError;
    if (!isLast || !this.#answer(joined(open?.pieces ?? []), true)) this.reject(error);
  }

  /** False if the platform makes no such response: a status of 999. */
  #answer(body: Bytes | ReadableStream, isLast = false): boolean {
    try {
      const response = again(this.reader.response as Response, body);
      if (isLast) response.headers.set("x-should-retry", "false");
      this.resolve(response);
      return true;
    } catch {
      return false;
    }
  }
}
