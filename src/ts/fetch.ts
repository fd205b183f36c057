/** `client.fetch`: a call that takes what `fetch` takes, and answers as `fetch` does. */

import { type Facts, joined, readSuccess } from "./answer.js";
import type { Bytes } from "./body.js";
import { type Asked, Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { type CoreTarget, Kind } from "./core-request.js";
import { QueryError } from "./error.js";
import { headerPairs } from "./options.js";
import { EventStream } from "./event-stream.js";
import type { Shared } from "./shared.js";
import { takeApart } from "./target.js";
import type { QueryOptions } from "./types.js";

export async function fetchWithRetry(shared: Shared, input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  // Who wants to see redirects wants no more.
  if (init.redirect === "manual") return (shared.options.fetch ?? fetch)(input, init);
  const common = shared.settings(); // before anything is waited for: the client may be closed meanwhile
  const sent = await taken(input, init);
  const { signal } = sent.init;
  const missing = headerPairs(common.headers, "headers").filter(([name]) => !sent.headers.has(name));
  if (missing.length > 0) sent.headers = new Headers([...sent.headers, ...missing]);
  const options = signal ? { ...common, signal } : common;
  const asked = ask(shared, sent, options.fallback);
  return new Promise((resolve, reject) => new Fetched(shared, asked, options, sent.streamed, resolve, reject).run());
}

/** A request that can be sent twice. */
interface Sent {
  url: string;
  headers: Headers;
  body: string | Bytes | FormData | undefined;
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
  let form: FormData | undefined;
  if (typeof input === "object" && "url" in input) {
    // Its own members, where `init` does not say otherwise.
    const { method, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive, signal } = input;
    rest = { method, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive, signal, ...rest };
    if (mode === "navigate") delete rest.mode;
    for (const name in rest) if (rest[name as "mode"] === undefined) delete rest[name as "mode"];
    url = input.url;
    headers ??= input.headers;
    // Not by its `body`, which not every browser has.
    if (body === undefined && !/^(get|head)$/i.test(method)) {
      const whole = await input.arrayBuffer();
      body = whole.byteLength > 0 ? whole : undefined;
    }
  } else {
    // In a page an address may be relative to it.
    url = typeof input === "string" && /^https?:/.test(input) ? input : new URL(input, globalThis.location?.href).href;
  }
  // The SDKs give one that they have just made.
  let pairs = headers instanceof Headers ? headers : new Headers(headers);
  const set = (type: string) => {
    pairs = new Headers(pairs);
    pairs.set("content-type", type);
  };
  if (typeof body === "string") {
    text = body;
    if (!pairs.has("content-type")) set("text/plain;charset=UTF-8");
  } else if (body instanceof FormData) {
    // A copy for every try: not every platform tells its bytes.
    form = new FormData();
    for (const [name, value] of body) form.append(name, value);
  } else if (body != null) {
    // The platform knows the bytes of every kind of body, and its content type.
    const whole = new Response(body);
    const type = whole.headers.get("content-type");
    if (type && !pairs.has("content-type")) set(type);
    bytes = new Uint8Array(await whole.arrayBuffer());
    if (/json/i.test(pairs.get("content-type") ?? "")) text = new TextDecoder().decode(bytes);
  }
  const json = text?.trimStart().startsWith("{") ? parse(text) : undefined;
  const { model, stream, ...others } = json ?? {};
  return {
    url,
    headers: pairs,
    body: bytes ?? text ?? form,
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

function ask(shared: Shared, { url, headers, body, init, model, rest }: Sent, fallback: QueryOptions["fallback"] = []): Asked {
  const first = shared.remembered(url, model);
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

class Fetched extends Call {
  /** The newest, and whether it is an error. */
  #response: Response | undefined;
  #isError = false;

  constructor(
    shared: Shared,
    asked: Asked,
    options: QueryOptions,
    override streamed: boolean,
    readonly resolve: (response: Response) => void,
    readonly reject: (error: unknown) => void,
  ) {
    super(shared, asked, options, new CallerSignal(options.signal));
  }

  protected override isStream(response: Response): boolean {
    this.#response = response;
    const is = /event-stream/i.test(response.headers.get("content-type") ?? "");
    if (is) this.wire = new EventStream<unknown>(true);
    return is;
  }

  override async read(response: Response, limit: number): Promise<Facts | undefined> {
    this.#isError = limit !== Infinity;
    return super.read(response, limit);
  }

  /** What the caller gets is the same as came, so that it can be read as the caller likes. */
  protected override async success(response: Response): Promise<Facts | undefined> {
    const type = response.headers.get("content-type") ?? "";
    this.answer = response;
    // Only of JSON, and of the pages that stand in its place, can be said whether it is an answer.
    if (!response.body || !/json\b|html/i.test(type) || /^head$/i.test(this.asked.init?.method ?? "")) {
      // It is handed over unread, and still ends with the caller's own signal.
      this.options.signal?.addEventListener("abort", () => this.stop(), { once: true });
      return undefined;
    }
    const pieces = await this.collect(response);
    const { facts } = readSuccess(pieces, type, "auto");
    this.answer = again(response, joined(pieces));
    return facts && this.said(facts);
  }

  override begin(ms: number): void {
    super.begin(ms);
    const wire = this.wire as EventStream<Bytes>;
    const source: UnderlyingDefaultSource<Bytes> = {
      async pull(controller) {
        const { value, done } = await wire.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => {
        wire.clear();
        wire.end();
        this.caller?.leave();
        this.stop(); // where nobody waits for its leaving
      },
    };
    this.#answer(new ReadableStream(source, { highWaterMark: 0 }));
  }

  protected override inOnePiece(): void {}

  protected override done(): void {
    if (this.wire?.begun) this.wire.end();
    else this.resolve(this.answer as Response);
  }

  /** An SDK makes its own errors of a last answer. */
  protected override failed(error: unknown): void {
    if (this.wire?.begun) return this.wire.end({ error });
    const isLast = error instanceof QueryError && (error.status as number) >= 300 && this.#isError;
    if (!isLast || !this.#answer(joined(this.open?.pieces ?? []), true)) this.reject(error);
  }

  /** False if the platform makes no such response: a status of 999. */
  #answer(body: Bytes | ReadableStream, isLast = false): boolean {
    try {
      const response = again(this.#response as Response, body);
      if (isLast) response.headers.set("x-should-retry", "false");
      this.resolve(response);
      return true;
    } catch {
      return false;
    }
  }
}

/** A response with the body that was read of another. */
function again(response: Response, body: Bytes | ReadableStream): Response {
  const { status, statusText, headers, url } = response;
  // These have none (Fetch standard, null body status).
  const made = new Response([101, 204, 205, 304].includes(status) ? null : body, { status, statusText, headers });
  // It is decoded, and may be cut.
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) made.headers.delete(name);
  Object.defineProperty(made, "url", { value: url });
  return made;
}
