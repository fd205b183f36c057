/**
 * What goes into a call, and the stream that comes out. Every time is in milliseconds.
 */
import type { CallEvent, CallReport } from "./report.js";

/**
 * Where a call goes: a model id (`"org/name"`, with the router's `:provider` suffixes), an absolute
 * URL, or a spec.
 *
 * A model id goes to the Hugging Face router: `messages` in the payload choose its chat/completions
 * route, with `model` first in the body; anything else goes to the `hf-inference` route of that
 * model. A URL goes where it says.
 */
export type Target = string | URL | TargetSpec;

/** A target with what belongs to it alone. It needs a `url` or a `model`. */
export interface TargetSpec {
  /** An absolute `http` or `https` URL without a user name. */
  url?: string | URL | undefined;
  /** Beside a `url`, the name that is put first into the JSON body; alone, a model id. */
  model?: string | undefined;
  /**
   * What kind of host it is. It chooses defaults and how ambiguous answers are read: any 503 of an
   * `endpoint` is a scale-up, elsewhere only one that says so.
   *
   * @default told from the URL's host; what is not one of Hugging Face's is `"openai"`
   */
  profile?: "router" | "hf-inference" | "endpoint" | "openai" | "legacy" | undefined;
  /**
   * Instead of the call's own token. A fallback on a foreign origin gets no other.
   *
   * @default the `token` of the call
   */
  token?: Token | undefined;
  /**
   * Beside the call's own headers, and before them.
   *
   * @default none
   */
  headers?: Record<string, string> | undefined;
}

/**
 * A JSON object or array, or bytes that are sent as they are. It is copied when the call is made,
 * but for a `Blob`: a `File` that changes between two tries is sent as it is then, or not at all.
 * A bare string is refused with a `TypeError`.
 */
export type Payload = object | ArrayBuffer | ArrayBufferView | Blob;

/**
 * A bearer token without the word "Bearer", or a function that gives one; the function is asked before every try. White
 * space at its end is taken off.
 */
export type Token = string | (() => string | Promise<string>);

/** What a call may be given. A client takes the same as defaults for all of its calls. */
export interface QueryOptions {
  /**
   * Sent as `Authorization: Bearer …`, to the origin of the target and to no other: not on a
   * redirect, and not to a fallback elsewhere, except among Hugging Face's own hosts. An
   * `Authorization` in `headers` wins over it. It never shows in an error, an event or a report.
   *
   * @default none
   */
  token?: Token | undefined;
  /**
   * Sent with every try to the origin of the target. In browsers each header beyond
   * `Authorization`, `Content-Type` and `Accept` must pass the server's CORS preflight. The type is that of an object:
   * of a `Headers` make one by `Object.fromEntries(headers)`. At run time a `Headers` and a `Map` are taken too.
   *
   * @default none, beside the `content-type` of the payload
   */
  headers?: Record<string, string> | undefined;
  /**
   * Aborting rejects with the signal's own reason, at once, in every phase.
   *
   * @default none
   */
  signal?: AbortSignal | undefined;
  /**
   * Error retries after the first try, of each target: a whole number.
   *
   * Waiting for a cold model does not count. After a gateway timeout, a timeout of our own or an
   * out-of-memory there is one more try at most: the work may have been done, and billed.
   *
   * @default 3
   */
  maxRetries?: number | undefined;
  /** How a cold model is waited for. */
  loading?: LoadingOptions | undefined;
  /** The five clocks of a call, in milliseconds. */
  timeouts?: Timeouts | undefined;
  /**
   * Tried in this order when the target before is broken or too slow to come. Not after an answer
   * that would be the same anywhere: `unauthorized`, `forbidden`, `bad_request`, `too_large`.
   * Each has its own `maxRetries` and `loading.maxWaitMs`; `timeouts.totalMs` is shared.
   *
   * @default none
   */
  fallback?: Target[] | undefined;
  /**
   * Which calls go first where calls queue for a place: 8 "interactive" ones to 3 "default" and 1 "batch". A call alone
   * never queues.
   *
   * @default "default"
   */
  priority?: Priority | undefined;
  /**
   * How to read the answer. "auto" gives JSON for JSON, a string for text, a `Blob` for the rest;
   * "bytes" is a `Uint8Array`. With "auto" and "json", HTML and broken JSON are `bad_response`.
   *
   * @default "auto"
   */
  response?: "auto" | "json" | "text" | "blob" | "bytes" | undefined;
  /**
   * Hears of every try and every wait, in order. What it throws is logged, and changes nothing.
   *
   * @default none
   */
  onEvent?: ((event: CallEvent) => void) | undefined;
}

/** Which calls go first where calls wait in line for one target: 8 : 3 : 1. */
export type Priority = "interactive" | "default" | "batch";

/** How a cold model is waited for. Waiting spends no retry. */
export interface LoadingOptions {
  /**
   * The longest that one call waits for a cold model in all, from the first answer that says so, in milliseconds.
   * `timeouts.totalMs` ends the call all the same: raise both for models that
   * take longer. 0 fails at the first such answer.
   *
   * @default 300_000
   */
  maxWaitMs?: number | undefined;
  /**
   * What a loading answer that names no time is taken to have said, in milliseconds: the estimate in `wait` events.
   * Where it is given the first look is after a quarter of it, as with a time that the
   * server named; by default after a second, and later ones 1.25 times as far apart.
   *
   * @default 20_000
   */
  defaultWaitMs?: number | undefined;
  /**
   * How long a target may refuse connections, or be behind a gateway whose upstream does, and be taken
   * for an engine that is still starting, in milliseconds: most open their port only when the model is loaded. One
   * call looks, and the others wait; no retry is spent. The time is the target's, and runs from its first
   * refusal; once it is spent, refusals are `network` errors and count for the breaker. With a fallback
   * left no call waits longer than 5 s.
   *
   * 0: not at all.
   *
   * @default `maxWaitMs` for a target that has answered before; 15_000 for one that has not, and in pages, which cannot tell a refusal from CORS
   */
  refusedMs?: number | undefined;
  /**
   * Ask the server to hold the request until the model is up, instead of answering 503
   * (`X-Scale-Up-Timeout`, and `X-Wait-For-Model` on legacy hosts; others are not asked).
   * `true` takes what is left of `maxWaitMs`; a number is the hold, in milliseconds.
   *
   * The attempt's clocks are longer by the hold, which takes at most three quarters of what is
   * left of `timeouts.totalMs`. In browsers the header must pass the server's CORS preflight.
   *
   * @default false
   */
  hold?: boolean | number | undefined;
}

/** The clocks of a call, each in milliseconds. One that is given must fit into the one around it. */
export interface Timeouts {
  /**
   * How long a request may be without response headers before one HEAD asks whether the target's origin is
   * there at all, in milliseconds. `false`: nobody asks.
   *
   * `fetch` cannot see a connection being made, and silence is no evidence: many servers send their headers
   * with the first token, and Ollama after it has loaded the model. The HEAD carries no credentials, follows
   * no redirect, is sent for JSON payloads alone, and its result is good for a minute for all calls to that
   * origin. An answer sets `Attempt.reached` and rules out the network; a refusal says nothing. It ends no
   * try: only a `connectMs` that you give ends a streamed one without headers, as `timeout`, phase
   * `connect`, when the HEAD has not been answered for as long again.
   *
   * @default 10_000
   */
  connectMs?: number | false | undefined;
  /**
   * Until the first byte of the answer's body, or the first event of a stream, in milliseconds.
   *
   * @default what is left of `attemptMs`
   */
  firstByteMs?: number | undefined;
  /**
   * Silence between two pieces of a body or stream, in milliseconds; comments are pieces.
   *
   * @default 60_000
   */
  idleMs?: number | undefined;
  /**
   * One try, from sending to the last byte; of a streamed call, to its first text. In milliseconds.
   *
   * Node's own fetch gives up after 300 s without headers, and after 300 s between two pieces, which
   * comes out as `timeout`: see docs/lost-requests.md for how a call may take longer there.
   *
   * @default 120_000
   */
  attemptMs?: number | undefined;
  /**
   * The whole call, waits included, in milliseconds: settled by then, whatever happens. Of a stream,
   * the time in which its reader asks for nothing is not counted.
   *
   * @default 300_000
   */
  totalMs?: number | undefined;
}

/**
 * A streamed answer. It can be read once: by `for await`, as `readable`, by `text()` or by
 * `finalText()`. Leaving a `for await` early cancels it.
 */
export interface QueryStream<T> extends AsyncIterable<T> {
  /**
   * The same items as a `ReadableStream`, which reads nothing ahead; cancelling it cancels the request. They are
   * objects, and no bytes: a `Response` of them fails when it is read, in a Worker with an empty body. For that there is
   * {@link QueryStream.toResponse}.
   */
  readonly readable: ReadableStream<T>;
  /**
   * The pieces of text: of the first choice, without special tokens, reasoning and tool calls.
   * Events without text are left out.
   */
  text(): AsyncIterable<string>;
  /** All of the text, once the stream is complete; rejects where it breaks, and where it is cancelled. */
  finalText(): Promise<string>;
  /**
   * Settles with the call: resolves when the stream is complete or was cancelled (the last attempt is
   * then "aborted"), rejects as the call rejects. While nobody reads the stream it does not settle.
   */
  readonly report: Promise<CallReport>;
  /**
   * Stops the generation by closing the connection, and resolves when that is done. Whoever reads the
   * stream finds it ended; `finalText()` rejects with the reason, by default an `AbortError`.
   */
  cancel(reason?: unknown): Promise<void>;
  /**
   * The stream as server-sent events, to be returned by a route handler or a Worker: each item as the JSON of one
   * event, then `[DONE]`. It consumes the stream, at the speed of its reader; when the reader leaves, the request is
   * cancelled.
   *
   * The status is 200, for nothing is known yet. A stream that breaks, or never begins, ends without `[DONE]`, with an
   * event named `error` whose data is `{ "error": { "message", "code" } }`. The message is the `hint` of the
   * error and not the server's words, which may hold an address: `report` and `onEvent` tell the rest. Headers of `init`
   * go before `content-type: text/event-stream`, `cache-control: no-cache, no-transform` and `x-accel-buffering: no`.
   *
   * The names of events, as in Anthropic's streams, are not kept: to pass an answer on as it is, return what `client.fetch` gives.
   *
   * @throws {TypeError} if the stream is being read already
   */
  toResponse(init?: ResponseInit): Response;
}

/** One server-sent event whose data is JSON, as the server sent it; of a chat, {@link ChatCompletionChunk} says what is in it. */
export type StreamChunk = any;
