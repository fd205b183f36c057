/**
 * What goes into a call, and the stream that comes out. Every time is in milliseconds.
 */
import type { CallEvent, CallReport } from "./report.js";

/**
 * Where a call goes: a model id (`"org/name"`, with the router's `:provider` suffixes), an absolute
 * URL, or a spec.
 *
 * A model id goes to the Hugging Face router. A payload with `messages` goes to the router's chat/completions route, with
 * `model` first in the body. Any other payload goes to the `hf-inference` route of the model. A URL is used as it is.
 */
export type Target = string | URL | TargetSpec;

/** A target with settings of its own. It needs a `url` or a `model`. */
export interface TargetSpec {
  /** An absolute `http` or `https` URL without a user name. */
  url?: string | URL | undefined;
  /** With a `url`: the model name that is put first into the JSON body. Without one: a model id. */
  model?: string | undefined;
  /**
   * The kind of host. It decides the defaults and how ambiguous answers are read: any 503 of an `endpoint` means that it scales
   * up; any other host must say so.
   *
   * @default derived from the host of the URL; `"openai"` for hosts that are not Hugging Face's
   */
  profile?: "router" | "hf-inference" | "endpoint" | "openai" | "legacy" | undefined;
  /**
   * The token for this target, in place of the call's. A fallback on another origin gets this token or none.
   *
   * @default the `token` of the call
   */
  token?: Token | undefined;
  /**
   * Headers for this target, in addition to the call's. For the same name these take precedence.
   *
   * @default none
   */
  headers?: Record<string, string> | undefined;
}

/**
 * A JSON object or array, or bytes that are sent unchanged. The payload is copied when the call is made. A `Blob` is not
 * copied: a `File` that changes between two attempts is sent in its new state, or cannot be sent. A bare string is refused with
 * a `TypeError`.
 */
export type Payload = object | ArrayBuffer | ArrayBufferView | Blob;

/**
 * A bearer token without the word "Bearer", or a function that returns one. The function is called before every attempt.
 * White space at the end of the token is removed.
 */
export type Token = string | (() => string | Promise<string>);

/** The options of a call. A client takes the same options as defaults for all of its calls. */
export interface QueryOptions {
  /**
   * Sent as `Authorization: Bearer …` to the origin of the target only. A redirect or a fallback to another origin does not get
   * it, except among Hugging Face's own hosts. An `Authorization` in `headers` takes precedence. The token never appears in an
   * error, an event or a report.
   *
   * @default none
   */
  token?: Token | undefined;
  /**
   * Headers that are sent with every attempt to the origin of the target. In browsers every header but `Authorization`,
   * `Content-Type` and `Accept` must pass the server's CORS preflight. The type asks for a plain object: make one from a
   * `Headers` with `Object.fromEntries(headers)`. At run time a `Headers` or a `Map` works too.
   *
   * @default none but the `content-type` of the payload
   */
  headers?: Record<string, string> | undefined;
  /**
   * Aborts the call: it rejects at once with the reason of the signal, whatever it is doing.
   *
   * @default none
   */
  signal?: AbortSignal | undefined;
  /**
   * How many retries follow the first attempt, for each target. A whole number.
   *
   * Waiting for a cold model does not count. Nor does, unless this is 0, a refusal by a full target that answers other calls of the
   * client: without a fallback left the call waits for its place, until its `timeouts.totalMs`. After a gateway timeout, after a timeout of this package or after an out-of-memory
   * error there is at most one more attempt, because the work may have been done and billed.
   *
   * @default 3
   */
  maxRetries?: number | undefined;
  /** How the call waits for a cold model. */
  loading?: LoadingOptions | undefined;
  /** The five clocks of a call, in milliseconds. */
  timeouts?: Timeouts | undefined;
  /**
   * Further targets, used in this order if the target before fails or comes up too slowly. There is no fallback after a failure
   * that would be the same anywhere: `unauthorized`, `forbidden`, `bad_request`, `too_large`. Each target has its own
   * `maxRetries` and `loading.maxWaitMs`; `timeouts.totalMs` is for the whole call.
   *
   * @default none
   */
  fallback?: Target[] | undefined;
  /**
   * Which calls go first when the calls of a client wait for a permit: of twelve, 8 "interactive" ones, 3 "default" and 1
   * "batch". A call outside of any client has nobody to wait for.
   *
   * @default "default"
   */
  priority?: Priority | undefined;
  /**
   * How to read the answer. "auto" returns JSON as a value, text as a string and anything else as a `Blob`. "bytes" returns a
   * `Uint8Array`. With "auto" and "json", HTML and broken JSON fail with `bad_response`.
   *
   * @default "auto"
   */
  response?: "auto" | "json" | "text" | "blob" | "bytes" | undefined;
  /**
   * Called for every attempt and every wait, in order. If it throws, that is logged and changes nothing.
   *
   * @default none
   */
  onEvent?: ((event: CallEvent) => void) | undefined;
}

/** Which calls go first when calls to one target are queued. Of twelve turns the tiers get 8, 3 and 1. */
export type Priority = "interactive" | "default" | "batch";

/**
 * How a call waits for a cold model. Waiting spends no retry. If the server has a cheap status, such as `/health` of a dedicated endpoint or of
 * llama.cpp, the call that probes asks for that every second or two, and sends its payload when the model is up.
 */
export interface LoadingOptions {
  /**
   * The longest time that one call waits for a cold model in all, in milliseconds. It runs from the first loading answer.
   * `timeouts.totalMs` still ends the call, so raise both for models that load longer. 0 fails at the first loading answer.
   *
   * @default 300_000
   */
  maxWaitMs?: number | undefined;
  /**
   * How long the model takes to load if the server does not say, in milliseconds. The first probe then comes after a quarter of
   * this time, as it does after a time that the server names. `wait` events show this time as `estimatedMs`.
   *
   * Without this option, the first probe comes after a second, and each pause is 1.25 times the pause before it. `wait` events
   * then show 20_000. So `defaultWaitMs: 20_000` is not the same as leaving the option out.
   *
   * @default none
   */
  defaultWaitMs?: number | undefined;
  /**
   * How long a target that refuses connections counts as one that is still starting, in milliseconds. Most engines open their
   * port only when the model is loaded. A gateway whose upstream refuses connections counts the same.
   *
   * Meanwhile one call probes and the others wait; no retry is spent. The time belongs to the target and runs from its first
   * refusal. After that, refusals are `network` errors and count for the breaker. A call that has a fallback left waits 5 s at
   * most. 0: a refusal is an error at once.
   *
   * @default `maxWaitMs` for a target that has answered before; 15_000 for one that has not, and in pages, which cannot tell a refusal from CORS
   */
  refusedMs?: number | undefined;
  /**
   * Asks the server to hold the request until the model is up, instead of answering 503. The header is `X-Scale-Up-Timeout`, or
   * `X-Wait-For-Model` on legacy hosts; other hosts are not asked. `true` asks for the rest of `maxWaitMs`, a number for that many
   * milliseconds.
   *
   * The clocks of the attempt are longer by the hold, which is at most three quarters of what is left of `timeouts.totalMs`. In
   * browsers the header must pass the server's CORS preflight.
   *
   * @default false
   */
  hold?: boolean | number | undefined;
}

/** The clocks of a call, each in milliseconds. A clock that you set must fit into the next longer one. */
export interface Timeouts {
  /**
   * How long to wait for response headers before a HEAD request asks whether the target's origin is reachable, in milliseconds.
   * `false`: it is never asked.
   *
   * `fetch` does not show when a connection is made, and silence proves nothing: many servers send their headers with the first
   * token, and Ollama sends them after it has loaded the model. The HEAD carries no credentials, follows no redirect and is sent
   * only for JSON payloads. Its result holds for a minute, for all calls to that origin. An answer sets `Attempt.reached` and
   * rules out the network; a refusal proves nothing.
   *
   * By default this clock ends no attempt. A `connectMs` that you set ends a streamed attempt without headers if the HEAD is not
   * answered within that time again: `timeout`, phase `connect`.
   *
   * @default 10_000
   */
  connectMs?: number | false | undefined;
  /**
   * The longest time until the first byte of the body, or until the first event of a stream, in milliseconds.
   *
   * @default what is left of `attemptMs`
   */
  firstByteMs?: number | undefined;
  /**
   * The longest silence between two pieces of a body or stream, in milliseconds. A comment in a stream counts as a piece.
   *
   * @default 60_000
   */
  idleMs?: number | undefined;
  /**
   * The longest time for one attempt, in milliseconds: from sending to the last byte, or to the first text of a stream.
   *
   * Node's own `fetch` gives up after 300 s without headers and after 300 s between two pieces. The call then fails with
   * `timeout`; docs/lost-requests.md says how a call may take longer there.
   *
   * @default 120_000
   */
  attemptMs?: number | undefined;
  /**
   * The longest time for the whole call with all its waits, in milliseconds. Whatever happens, the call is settled by then. While
   * the reader of a stream asks for nothing, this clock stands still.
   *
   * @default 300_000
   */
  totalMs?: number | undefined;
}

/**
 * A streamed answer. It can be read once: with `for await`, as `readable`, with `text()` or with `finalText()`. Leaving a
 * `for await` early cancels the stream.
 */
export interface QueryStream<T> extends AsyncIterable<T> {
  /**
   * The same items as a `ReadableStream`. It reads nothing ahead, and cancelling it cancels the request. The items are objects,
   * not bytes, so do not make a `Response` of it: reading that fails, and in a Worker its body is empty. Use
   * {@link QueryStream.toResponse}.
   */
  readonly readable: ReadableStream<T>;
  /**
   * The text, piece by piece: that of the first choice, without special tokens, reasoning and tool calls. Events without text
   * are skipped.
   */
  text(): AsyncIterable<string>;
  /** The whole text, once the stream is complete. Rejects if the stream breaks or is cancelled. */
  finalText(): Promise<string>;
  /**
   * The report of the call. Resolves when the stream is complete, or was cancelled, in which case the last attempt is "aborted".
   * Rejects with the error of the call. It does not settle while nobody reads the stream.
   */
  readonly report: Promise<CallReport>;
  /**
   * Stops the generation by closing the connection, and resolves when that is done. For a reader the stream ends; `finalText()`
   * rejects with the reason, by default an `AbortError`.
   */
  cancel(reason?: unknown): Promise<void>;
  /**
   * The stream as server-sent events, for a route handler or a Worker to return: each item is one event with the item's JSON,
   * then comes `[DONE]`. It consumes the stream at the speed of the response's reader. When that reader leaves, the request is
   * cancelled.
   *
   * The status is always 200, because it is sent before the outcome is known. A stream that breaks or never begins ends without
   * `[DONE]`, with an event named `error` whose data is `{ "error": { "message", "code" } }`. The message is the `hint` of the
   * error. The server's own words may hold an address, so they are only in `report` and `onEvent`. Headers of `init` take
   * precedence over `content-type: text/event-stream`, `cache-control: no-cache, no-transform` and `x-accel-buffering: no`.
   *
   * Names of events, as in Anthropic's streams, are lost. To pass an answer on unchanged, return what `client.fetch` returns.
   *
   * @throws {TypeError} if the stream is being read already
   */
  toResponse(init?: ResponseInit): Response;
}

/** The JSON of one server-sent event, as the server sent it. For a chat, {@link ChatCompletionChunk} describes it. */
export type StreamChunk = any;
