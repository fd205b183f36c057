/** `client.fetch`: a call with the arguments and the result of `fetch`. */

import { given as told, invalid, placeOf } from "../errors/invalid.js";
import { QueryError } from "../errors/query-error.js";
import { isOurs, rejection } from "../errors/rejection.js";
import type { Body } from "../http/body.js";
import { comesBack, sendAs, sendBack } from "../http/platform.js";
import { readableOf } from "../http/readable.js";
import { harmless } from "../http/request.js";
import { again, likeness } from "../http/response.js";
import { joined } from "../input/bytes.js";
import { addressOf, type Sent, taken } from "../input/fetch-request.js";
import { parseJson } from "../input/json.js";
import { checkSignal, headerPairs } from "../input/options.js";
import { followed, Within } from "../input/platform.js";
import { takeApart } from "../input/target.js";
import { withoutModel } from "../input/without-model.js";
import { EventStream } from "../stream/event-buffer.js";
import type { QueryOptions } from "../types/call.js";
import type { ErrorCode } from "../types/report.js";
import { type Bytes, type CoreTarget, Kind, type Read, Wanted } from "../wasm/protocol.js";
import { Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";
import type { Asked } from "./description.js";
import { tell } from "./events.js";
import { ResponseReader } from "./response.js";

/** The default of `timeouts.totalMs`, in ms. The core has the same. */
const TOTAL_MS = 300_000;

export async function fetchWithRetry(
  context: ClientContext,
  own: typeof fetch,
  input: RequestInfo | URL,
  given?: RequestInit | null,
): Promise<Response> {
  const init = given ?? {};
  const passage = comesBack(context, init.signal, init.headers);
  if (passage) return sendBack(own, passage, input, given ?? undefined);
  const { redirect = (input as Request).redirect, mode = (input as Request).mode, signal = (input as Request).signal } = init;
  if (signal !== undefined && signal !== null) checkSignal(signal, "signal");
  const from = signal && followed(signal);
  // The call itself follows redirects by hand, so the platform would not reject a bad value.
  if (redirect !== undefined && !/^(follow|manual|error)$/.test(redirect))
    throw invalid(`redirect must be "follow", "manual" or "error", got ${told(redirect)}`);
  // A caller who wants to see redirects wants the plain `fetch`. An opaque response shows nothing, and other schemes need no network.
  if (redirect === "manual" || mode === "no-cors" || !/^https?:/.test(addressOf(input))) return asItIs(context, input, init, from);
  const common = context.settings(); // before the first await, because the client may be closed meanwhile
  const began = performance.now();
  context.entered(); // until the call itself has
  try {
    return await send(context, await read(input, init, common, from), common, began);
  } finally {
    context.left();
  }
}

/** With a signal of its own, by which the request is recognised if it comes back, if it can have one. */
function asItIs(context: ClientContext, input: RequestInfo | URL, init: RequestInit, from: RequestInit["signal"]): Promise<Response> {
  const isPlain = "any" in AbortSignal && Object.getPrototypeOf(init) === Object.prototype;
  const signal = isPlain ? AbortSignal.any(from ? [from] : []) : undefined;
  return sendAs(context, context.options.fetch, input, signal ? { ...init, signal } : init, [signal], from);
}

function send(context: ClientContext, sent: Sent, common: QueryOptions, began: number): Promise<Response> {
  const { signal } = sent.init;
  const missing = headerPairs(common.headers, "headers").filter(([name]) => !sent.headers.has(name));
  if (missing.length > 0) sent.headers = new Headers([...sent.headers, ...missing]);
  const options = signal ? { ...common, signal } : common;
  const asked = ask(context, sent, options.fallback);
  asked.spentMs = performance.now() - began;
  return new Promise((resolve, reject) => new Fetched(context, asked, options, sent.streamed, resolve, reject).run());
}

/** The request, once its body has come. An abort and the end of `totalMs` do not wait for the body. */
async function read(input: RequestInfo | URL, init: RequestInit, { timeouts, onEvent }: QueryOptions, signal: RequestInit["signal"]): Promise<Sent> {
  const totalMs = timeouts?.totalMs ?? TOTAL_MS;
  let within: Within | undefined;
  try {
    signal?.throwIfAborted();
    const sent = await taken(input, init, () => (within = new Within(Math.ceil(totalMs), signal)).signal);
    if (signal) sent.init.signal = signal;
    return sent;
  } catch (error) {
    if (signal?.aborted || !within?.signal.aborted) throw error;
    const failure = { code: "timeout", layer: "client", phase: "total", status: 0, retryAfterMs: NaN, retryable: true } as const;
    const report = { attempts: [], degraded: false, waitedMs: {}, totalMs };
    const late = new QueryError(failure, placeOf(addressOf(input)).slice(1, -1), report, "the body of the request has not come");
    tell(onEvent, { type: "failure", error: late });
    throw late;
  } finally {
    within?.end();
  }
}

function ask(
  context: ClientContext,
  { url, headers, body, init, model, names, isObject, text }: Sent,
  fallback: QueryOptions["fallback"] = [],
): Asked {
  const first = context.remembered(url, names);
  const apart = fallback.map((other, index) => takeApart(other, `fallback[${index}]`));
  // A list of models or an upload makes sense only at its own address. A request that names no model gets no other model.
  const others = apart
    .filter((target) => (target.model ? model : isObject))
    .map((target) => {
      // The request has the format of its address, so the other model is requested at the same address.
      const { origin, path, href } = target.href ? target : first;
      const moved: CoreTarget = { ...target, origin, path, label: target.model ? `${origin}${path}#${target.model}` : target.label };
      return href === undefined ? moved : { ...moved, href };
    });
  // Only a JSON object can name a model.
  const kind = model ? Kind.Object : Kind.Opaque;
  const bodyRest = model && others.length > 0 ? withoutModel(text) : "";
  return { targets: [first, ...others], headers: [], given: headers, init, payload: { kind, body, bodyRest, model } };
}

/** In bytes. A body up to this size is inspected. A longer one counts as an answer and is handed over as it comes. */
const LONGEST_GUARDED = 16 * 1024 * 1024;

/** The caller gets the bytes as they came, and reads them in any way. */
class FetchReader extends ResponseReader {
  /** The newest response. */
  response: Response | undefined;
  readonly #method: string;

  /** `streamed`: the request asks for a stream. */
  constructor(
    headers: Headers | undefined,
    method: string | undefined,
    private readonly streamed: boolean,
  ) {
    super(headers);
    this.#method = method?.toUpperCase() ?? "GET";
  }

  /** An empty body is an answer, except to a POST with status 200. */
  override get wanted(): Wanted {
    return this.#method === "POST" && this.response?.status === 200 ? Wanted.Passed : Wanted.Lookup;
  }

  /** The rest is not cut off: the caller gets all of the last answer. */
  protected override longer(): void {}

  #isEmpty({ body, status }: Response): boolean {
    return !body || status === 204 || this.#method === "HEAD";
  }

  protected override isStream(response: Response): boolean {
    this.response = response;
    const type = response.headers.get("content-type") ?? "";
    // Lines of JSON in answer to a GET are a file.
    const streams = /event-stream/i.test(type) || (this.#method === "POST" && /ndjson|jsonl|stream\+json/i.test(type));
    const is = (streams || (this.streamed && /^$|json|html|^text\/plain/i.test(type))) && !this.#isEmpty(response);
    this.wire = is ? new EventStream<unknown>(true) : undefined;
    return is;
  }

  protected override async success(_: Response, body: Body, feed: (piece?: Bytes) => number): Promise<Read> {
    this.answer = undefined;
    const isWhole = await body.collect(LONGEST_GUARDED, feed);
    this.answer = isWhole ? joined(body.pieces) : body.readable();
    this.isPassedOn = !isWhole;
    return !isWhole || undefined;
  }

  override async read(response: Response, limit: number, feed: (piece?: Bytes) => number): Promise<Read> {
    const type = response.headers.get("content-type") ?? "";
    // Only a whole JSON body, or a page in its place, shows whether it is an answer. A partial body (206) does not.
    const guarded = /json(?!l)\b|html/i.test(type) && !/ndjson|json-?(seq|lines)/i.test(type) && response.status !== 206;
    if (limit !== Infinity || (guarded && !this.#isEmpty(response))) return super.read(response, limit, feed);
    this.isError = false;
    this.answer = undefined;
    return true;
  }
}

/** The status that a server should have used for a failure that it reports in a 200. */
const statuses: Partial<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  credits_exhausted: 402,
  forbidden: 403,
  not_found: 404,
  too_large: 413,
  rate_limited: 429,
  engine_failure: 500,
  model_loading: 503,
  overloaded: 503,
  unavailable: 503,
  gateway_timeout: 504,
};

/** A replaced `fetch` may resolve with an object that only looks like a response. */
const noResponse = () => new TypeError("query-with-retry: fetch answered with headers or a status that no Response can have");

/** In bytes. After the last word of a stream come comments, the usage and line ends. */
const MOST_AFTER_THE_END = 65_536;

class Fetched extends Call {
  declare readonly reader: FetchReader;
  #rest: Promise<void> | undefined;

  constructor(
    context: ClientContext,
    asked: Asked,
    options: QueryOptions,
    override streamed: boolean,
    private resolve: (response: Response | Promise<never>) => void,
    private reject: (error: unknown) => void,
  ) {
    super(context, asked, options, new CallerSignal(options.signal), new FetchReader(asked.given, asked.init?.method, streamed));
    for (const [name, value] of headerPairs(options.headers, "headers")) if (!harmless.has(name)) this.reader.secrets.add(value);
  }

  override begin(ms: number): void {
    super.begin(ms);
    const wire = this.reader.wire as EventStream<Bytes>;
    const cancel = () => {
      wire.clear();
      wire.end();
      this.caller?.leave();
      this.stop(); // in case the core does not notice that the caller has left
    };
    if (!this.#answer(readableOf(wire, cancel, cancel))) {
      this.reject(noResponse());
      cancel();
    }
    this.resolve = this.reject = () => {}; // they hold the promise, which holds the response
  }

  protected override done(): void {
    const { wire, answer, response } = this.reader;
    if (wire?.begun) this.#passRest(wire);
    else if (answer) {
      if (!this.#answer(answer as Bytes | ReadableStream)) this.reject(noResponse());
    } else this.resolve(this.leg.redirects > 0 ? likeness(response as Response, response as Response, true) : (response as Response));
  }

  /** What comes soon after the last word belongs to the body, up to a limit. */
  #passRest(wire: EventStream<unknown>): void {
    let left = MOST_AFTER_THE_END;
    this.#rest = this.reader.open?.rest((piece) => {
      left -= piece.length;
      if (left >= 0) wire.add(piece);
      else wire.end();
    });
    if (!this.#rest) return wire.end();
    const end = () => wire.end();
    this.#rest.then(end, end);
  }

  override rest(): Promise<void> | undefined {
    return this.reader.wire?.begun ? this.#rest : super.rest();
  }

  override stop(): void {
    super.stop();
    if (this.#rest) this.reader.wire?.end();
  }

  /** An SDK makes its own error from the last answer. */
  protected override failed(error: unknown): void {
    const { wire, open, isError, response } = this.reader;
    if (wire?.begun) return wire.end({ error });
    if (error instanceof QueryError && response && this.#last(error, isError, open, wire)) return;
    if (isOurs(error)) this.resolve(rejection(error));
    else this.reject(error);
  }

  /** Hands over the last answer. Returns false if there is none, or none that an SDK can use. */
  #last({ code, status = 0 }: QueryError, isError: boolean, open: Body | undefined, wire: EventStream<unknown> | undefined): boolean {
    if (isError) {
      if (status < 300) return false;
      this.reader.isPassedOn = open?.isWhole === false;
      return this.#answer(this.reader.isPassedOn ? (open as Body).readable() : joined(open?.pieces ?? []), status);
    }
    // A failure in a 200 gets the status of the failure.
    if (!statuses[code]) return false;
    const as = this.reader.named || (statuses[code] as number);
    const said = joined(wire ? wire.clear() : (open?.pieces ?? []));
    const event = wire && parseJson(wire.failure) !== undefined && wire.failure;
    if (!event) return said.length > 0 && this.#answer(said, as);
    return this.#answer(new TextEncoder().encode(event), as, "application/json");
  }

  /** Returns false if the platform cannot make such a response, as with status 999. */
  #answer(body: Bytes | ReadableStream, status?: number, type?: string): boolean {
    try {
      const response = again(this.reader.response as Response, body, this.leg.redirects > 0, status);
      if (status && status >= 400) response.headers.set("x-should-retry", "false");
      if (type) response.headers.set("content-type", type);
      this.resolve(response);
      return true;
    } catch {
      return false;
    }
  }
}
