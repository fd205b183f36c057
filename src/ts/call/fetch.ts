/** `client.fetch`: a call that takes what `fetch` takes, and answers as `fetch` does. */

import { given as told, invalid, placeOf } from "../errors/invalid.js";
import { QueryError } from "../errors/query-error.js";
import { Body } from "../http/body.js";
import { readSuccess } from "../http/parse-body.js";
import { whenDropped } from "../http/dropped.js";
import { readableOf } from "../http/readable.js";
import { harmless } from "../http/request.js";
import { again, likeness } from "../http/response.js";
import { joined } from "../input/bytes.js";
import { addressOf, type Sent, taken } from "../input/fetch-request.js";
import { checkSignal, headerPairs } from "../input/options.js";
import { takeApart } from "../input/target.js";
import { EventStream } from "../stream/event-buffer.js";
import type { QueryOptions } from "../types/call.js";
import { type Bytes, type CoreTarget, type Facts, Kind } from "../wasm/protocol.js";
import { type Asked, Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import type { ClientContext } from "./context.js";
import { tell } from "./events.js";
import { ResponseReader } from "./response.js";

/** In ms; what is more is less. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Of a client that says nothing else; the core has the same. */
const TOTAL_MS = 300_000;

export async function fetchWithRetry(context: ClientContext, input: RequestInfo | URL, given?: RequestInit | null): Promise<Response> {
  const init = given ?? {};
  const { redirect = (input as Request).redirect, mode = (input as Request).mode, signal } = init;
  if (signal !== undefined && signal !== null) checkSignal(signal, "signal");
  // The call itself asks for none to be followed, so that nobody else would say it.
  if (redirect !== undefined && !/^(follow|manual|error)$/.test(redirect)) throw invalid(`redirect must be "follow", "manual" or "error", got ${told(redirect)}`);
  // Who wants to see redirects wants no more, an opaque response shows nothing, and other schemes need no network.
  if (redirect === "manual" || mode === "no-cors" || !/^https?:/.test(addressOf(input))) return (context.options.fetch ?? fetch)(input, init);
  const common = context.settings(); // before anything is waited for: the client may be closed meanwhile
  const began = performance.now();
  context.entered(); // until the call itself has
  try {
    return await send(context, await read(input, init, common), common, began);
  } finally {
    context.left();
  }
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

/** The request, when its body has come: an abort and the end of all time do not wait for that. */
async function read(input: RequestInfo | URL, init: RequestInit, { timeouts, onEvent }: QueryOptions): Promise<Sent> {
  const signal = init.signal === undefined ? (input as Request).signal : init.signal;
  const totalMs = timeouts?.totalMs ?? TOTAL_MS;
  let within: AbortSignal | undefined;
  try {
    signal?.throwIfAborted();
    return await taken(
      input,
      init,
      () => (within = AbortSignal.any([AbortSignal.timeout(Math.min(Math.ceil(totalMs), LONGEST_TIMER)), ...(signal ? [signal] : [])])),
    );
  } catch (error) {
    if (signal?.aborted || !within?.aborted) throw error;
    const failure = { code: "timeout", layer: "client", phase: "total", status: 0, retryAfterMs: NaN, retryable: true } as const;
    const report = { attempts: [], degraded: false, waitedMs: {}, totalMs };
    const late = new QueryError(failure, placeOf(addressOf(input)).slice(1, -1), report, "the body of the request has not come");
    tell(onEvent, { type: "failure", error: late });
    throw late;
  }
}

function ask(context: ClientContext, { url, headers, body, init, model, isObject, rest }: Sent, fallback: QueryOptions["fallback"] = []): Asked {
  const first = context.remembered(url, model);
  const apart = fallback.map((other, index) => takeApart(other, `fallback[${index}]`));
  // A list of models or an upload means something at its own address only, and what names no model wants no other one.
  const others = apart
    .filter((target) => (target.model ? model : isObject))
    .map((target) => {
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

/** So much is read to see whether it is an answer; what is longer is one, and is handed over as it comes. */
const LONGEST_GUARDED = 16 * 1024 * 1024;

/** What the caller gets is the same as came, so that it can be read as the caller likes. */
class FetchReader extends ResponseReader {
  /** The newest. */
  response: Response | undefined;
  /** More of an error's body is to come. */
  goesOn = false;

  constructor(
    headers: Headers | undefined,
    private readonly method: string | undefined,
  ) {
    super(headers);
  }

  /** The last one is handed over with its rest. */
  protected override longer(): void {
    this.goesOn = true;
  }

  override again(): void {
    if (this.goesOn) this.open?.stop();
    this.goesOn = false;
    super.again();
  }

  #isEmpty({ body, status }: Response): boolean {
    return !body || status === 204 || /^head$/i.test(this.method ?? "");
  }

  protected override isStream(response: Response): boolean {
    this.response = response;
    const is = /event-stream/i.test(response.headers.get("content-type") ?? "") && !this.#isEmpty(response);
    if (is) this.wire = new EventStream<unknown>(true);
    return is;
  }

  protected override async success(response: Response): Promise<Facts | undefined> {
    const type = response.headers.get("content-type") ?? "";
    this.answer = undefined;
    // Only of JSON, and of the pages that stand in its place, can be said whether it is an answer.
    if (!/json\b|html/i.test(type) || this.#isEmpty(response)) return undefined;
    const body = (this.open = new Body(response));
    const isWhole = await body.collect(LONGEST_GUARDED);
    this.answer = isWhole ? joined(body.pieces) : body.readable();
    if (!isWhole) this.open = undefined; // its rest is the caller's
    // Nothing is an answer to what asks for none, and to what was only taken in.
    if (!isWhole || (body.pieces.length === 0 && !(response.status === 200 && /^post$/i.test(this.method ?? "")))) return undefined;
    const { facts } = readSuccess(body.pieces, type, "auto");
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
    private resolve: (response: Response) => void,
    private reject: (error: unknown) => void,
  ) {
    super(context, asked, options, new CallerSignal(options.signal), new FetchReader(asked.given, asked.init?.method));
    for (const [name, value] of headerPairs(options.headers, "headers")) if (!harmless.has(name)) this.reader.secrets.add(value);
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
    const stream = readableOf(wire, cancel);
    this.#answer(stream);
    this.resolve = this.reject = () => {}; // they hold the promise, which holds the response
    whenDropped(stream, cancel);
  }

  protected override inOnePiece(): void {}

  protected override done(): void {
    const { wire, answer, response } = this.reader;
    if (wire?.begun) wire.end();
    else if (answer) this.#answer(answer as Bytes | ReadableStream);
    else this.resolve(this.leg.redirects > 0 ? likeness(response as Response, response as Response, true) : (response as Response));
  }

  /** An SDK makes its own errors of a last answer. */
  protected override failed(error: unknown): void {
    const { wire, open, isError, goesOn } = this.reader;
    if (wire?.begun) return wire.end({ error });
    const isLast = error instanceof QueryError && (error.status as number) >= 300 && isError;
    if (isLast && this.#answer(open && goesOn ? open.readable() : joined(open?.pieces ?? []), true)) return;
    if (goesOn) open?.stop();
    this.reject(error);
  }

  /** False if the platform makes no such response: a status of 999. */
  #answer(body: Bytes | ReadableStream, isLast = false): boolean {
    try {
      const response = again(this.reader.response as Response, body, this.leg.redirects > 0);
      if (isLast) response.headers.set("x-should-retry", "false");
      this.resolve(response);
      return true;
    } catch {
      return false;
    }
  }
}
