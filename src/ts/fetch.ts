/** `client.fetch`: a call that takes what `fetch` takes, and answers as `fetch` does. */

import { type Facts, joined, readSuccess } from "./answer.js";
import type { Bytes } from "./body.js";
import { type Asked, Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { type CoreTarget, type HeaderPairs, Kind } from "./core-request.js";
import { QueryError } from "./error.js";
import { EventStream } from "./event-stream.js";
import type { Shared } from "./shared.js";
import { takeApart } from "./target.js";
import type { QueryOptions } from "./types.js";

export async function fetchWithRetry(shared: Shared, input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const sent = await taken(input, init);
  const options = shared.settings(sent.init.signal ? { signal: sent.init.signal } : undefined);
  const asked = ask(sent, options.fallback);
  return new Promise((resolve, reject) => new Fetched(shared, asked, options, sent.streamed, resolve, reject).run());
}

/** A request that can be sent twice. */
interface Sent {
  url: string;
  headers: HeaderPairs;
  body: string | Bytes | undefined;
  /** All that is not said by the others. */
  init: RequestInit;
  /** Of a JSON body. */
  model: string;
  streamed: boolean;
  rest: Record<string, unknown>;
}

async function taken(input: RequestInfo | URL, init: RequestInit): Promise<Sent> {
  let { headers, body, ...rest } = init;
  let [url, text]: [string, string | undefined] = ["", undefined];
  let bytes: Bytes | undefined;
  if (typeof input === "object" && "url" in input) {
    // Its own members, where `init` does not say otherwise.
    const { method, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive, signal } = input;
    rest = { method, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive, signal, ...rest };
    if (mode === "navigate") delete rest.mode;
    for (const name in rest) if (rest[name as "mode"] === undefined) delete rest[name as "mode"];
    url = input.url;
    headers ??= input.headers;
    body ??= input.body && (await input.arrayBuffer());
  } else {
    // In a page an address may be relative to it.
    url = new URL(input, globalThis.location?.href).href;
  }
  const pairs = new Headers(headers);
  if (typeof body === "string") {
    text = body;
    if (!pairs.has("content-type")) pairs.set("content-type", "text/plain;charset=UTF-8");
  } else if (body != null) {
    // The platform knows the bytes of every kind of body, and its content type.
    const whole = new Response(body);
    const type = whole.headers.get("content-type");
    if (type && !pairs.has("content-type")) pairs.set("content-type", type);
    bytes = new Uint8Array(await whole.arrayBuffer());
    if (/json/i.test(pairs.get("content-type") ?? "")) text = new TextDecoder().decode(bytes);
  }
  const json = text?.trimStart().startsWith("{") ? parse(text) : undefined;
  const { model, stream, ...others } = json ?? {};
  return {
    url,
    headers: [...pairs],
    body: bytes ?? text,
    init: rest,
    model: typeof model === "string" ? model : "",
    streamed: stream === true,
    rest: stream === undefined ? others : { stream, ...others },
  };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ask({ url, headers, body, init, model, rest }: Sent, fallback: QueryOptions["fallback"] = []): Asked {
  const of = (target: CoreTarget): CoreTarget => (target.model ? { ...target, label: `${target.origin}${target.path}#${target.model}` } : target);
  const first = of({ ...takeApart(url, "the URL"), model });
  const others = fallback.map((other, index) => {
    const target = takeApart(other, `fallback[${index}]`);
    // The request has the form of its address: another model is asked for in the same place.
    return of(target.href ? target : { ...first, ...target, href: first.href as string, origin: first.origin, path: first.path });
  });
  // Only an object has a place for a model.
  const kind = model ? Kind.Object : Kind.Opaque;
  const bodyRest = others.length > 0 ? JSON.stringify(rest) : "";
  return { targets: [first, ...others], headers, init, payload: { kind, body, bodyRest, model } };
}

class Fetched extends Call {
  readonly #wire: EventStream<Bytes>;
  readonly #left: CallerSignal;
  #last: Response | undefined;
  /** That the answer is a stream was seen. */
  #response: Response | undefined;
  readonly #resolve: (response: Response) => void;

  constructor(shared: Shared, asked: Asked, options: QueryOptions, streamed: boolean, resolve: (response: Response) => void, reject: (error: unknown) => void) {
    const wire = new EventStream<Bytes>(true);
    const caller = new CallerSignal(options.signal, true);
    const ends = {
      resolve: () => (wire.begun ? wire.end() : resolve(this.answer as Response)),
      reject: (error: unknown) => (wire.begun ? wire.end({ error }) : reject(error)),
    };
    super(shared, asked, options, caller, ends, wire as EventStream<unknown>, false);
    this.streamed = streamed;
    this.#wire = wire;
    this.#left = caller;
    this.#resolve = resolve;
  }

  protected override isStream(contentType: string, response: Response): boolean {
    this.#response = response;
    return /event-stream/i.test(contentType);
  }

  /** What the caller gets is the same as came, so that it can be read as the caller likes. */
  protected override async success(response: Response): Promise<Facts | undefined> {
    const type = response.headers.get("content-type") ?? "";
    this.answer = response;
    // Only of JSON, and of the pages that stand in its place, can be said whether it is an answer.
    if (!response.body || !/json\b|html/i.test(type) || /jsonl|ndjson/i.test(type)) return undefined;
    const pieces = await this.collect(response);
    const { facts } = readSuccess(pieces, type, "auto");
    this.answer = again(response, pieces);
    return facts && this.said(facts);
  }

  override async read(response: Response, limit: number): Promise<Facts | undefined> {
    this.#last = limit === Infinity ? undefined : response;
    return super.read(response, limit);
  }

  override begin(ms: number): void {
    super.begin(ms);
    const wire = this.#wire;
    const source: UnderlyingDefaultSource<Bytes> = {
      async pull(controller) {
        const { value, done } = await wire.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => {
        wire.clear();
        wire.end();
        this.#left.leave();
      },
    };
    this.#resolve(again(this.#response as Response, new ReadableStream(source, { highWaterMark: 0 })));
  }

  protected override whole(): void {}

  /** An SDK makes its own errors of a last answer. */
  protected override failed(error: unknown): void {
    const last = error instanceof QueryError && (error.status as number) >= 300 ? this.#last : undefined;
    if (last && !this.#wire.begun) {
      this.tell({ type: "failure", error });
      const response = again(last, this.body_?.pieces ?? []);
      response.headers.set("x-should-retry", "false");
      this.#resolve(response);
    } else super.failed(error);
  }
}

/** A response with the body that was read of another. */
function again(response: Response, body: Bytes[] | ReadableStream): Response {
  const { status, statusText, url } = response;
  const headers = new Headers(response.headers);
  // It is decoded, and may be cut.
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) headers.delete(name);
  const made = new Response(Array.isArray(body) ? joined(body) : body, { status, statusText, headers });
  Object.defineProperty(made, "url", { value: url });
  return made;
}
