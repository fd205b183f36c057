/** The public types of a client: calls that share a breaker, a retry budget, a cold-start gate and statistics. */

import type { Payload, QueryOptions, QueryStream, StreamChunk, Target } from "./call.js";
import type { ChatCompletion, ChatCompletionChunk, ChatPayload } from "./chat.js";
import type { Endpoints } from "./endpoints.js";
import type { CallReport } from "./report.js";
import type { Alert, TargetStats } from "./stats.js";

/** Options for every call of the client. An option that a call gives itself takes precedence. */
export interface ClientOptions extends QueryOptions {
  /**
   * The circuit breaker: it stops sending to a target that keeps failing, until one probe succeeds. Then it admits 1, 2, 4 and
   * 8 calls at once. `false`: no breaker.
   *
   * It opens after `failures` failures within `windowMs`, if they are at least three of four calls. A call that the target
   * works on counts as answered. It opens as well after `failures` timeouts in a row, however far apart. These do not count as failures: rate limits,
   * loading models, the caller's mistakes (4xx), failed jobs that a 200 reports, aborts, and the retries of a call while other
   * calls are answered or in flight. While the breaker is open, calls go to their `fallback`, or fail at once with `circuit_open`.
   *
   * @default `{ failures: 5, windowMs: 30_000, openMs: 15_000, maxOpenMs: 300_000 }`
   */
  breaker?: BreakerOptions | false | undefined;
  /**
   * Limits the load that the retries of all calls to a target add. Every first attempt saves up `ratio` of a retry, and at
   * most `burst` retries are saved. Each target begins with `burst`. `false`: no limit.
   *
   * When no retry is left, a call fails with the error of its last attempt. Waiting for a cold model spends nothing.
   *
   * @default `{ ratio: 0.1, burst: 5 }`
   */
  retryBudget?:
    | {
        /**
         * Retries for each first attempt.
         *
         * @default 0.1
         */
        ratio?: number | undefined;
        /**
         * The most retries that can be saved, a whole number.
         *
         * @default 5
         */
        burst?: number | undefined;
      }
    | false
    | undefined;
  /**
   * How many calls to one target may be in flight at once. The limit begins at 4, or at `min` if that is higher, and adapts
   * between `min` (1) and `max` (64). At first it rises by one for each success, later by one for each round of successes. On a
   * rate limit or a timeout it falls to 0.7 of its value, at most once a second.
   *
   * Up to `queue` (10_000) further calls wait, in the order of their `priority`. A call that would wait beyond its `totalMs`
   * fails at once with `queue_full`. A stream whose reader has asked for nothing for a few seconds lends its permit to the next
   * call.
   *
   * Do not use `max` for the six connections of a Cloudflare Worker. Those six belong to one invocation, and `max` counts the
   * calls of all invocations that share the client.
   *
   * @default `{ min: 1, max: 64, queue: 10_000 }`
   */
  concurrency?:
    | {
        /**
         * The limit never falls below this. Not above `max`.
         *
         * @default 1
         */
        min?: number | undefined;
        /**
         * The limit never rises above this.
         *
         * @default 64
         */
        max?: number | undefined;
        /**
         * The most calls that may wait.
         *
         * @default 10_000
         */
        queue?: number | undefined;
      }
    | undefined;
  /**
   * This client is one of many short-lived ones that share nothing, such as the isolates of a Worker. It begins with almost no
   * saved retries and starts slowly.
   *
   * A thousand clients with a full `retryBudget` each would have no budget at all. So one client in four begins with a single
   * retry, and the others with none. After a cold start each client releases its calls one by one and somewhat late, and waits
   * for a full server as it does for a loading one.
   *
   * @default false
   */
  ephemeral?: boolean | undefined;
  /**
   * Where the state of breaker, gate and budget is kept. "memory": in this program, shared by the calls of this client. A
   * {@link Coordinator}, such as that of `query-with-retry/redis`, `query-with-retry/workers` or `query-with-retry/tabs`, shares it with
   * other programs: of all of them one call probes a cold model or an open circuit, they have one retry budget, and they start
   * slowly together. No call waits for it, but a few in Workers for 200 ms at most: see `durableObject`. While it takes over 200 ms,
   * is contended or gone, each program goes by its own rules. `ephemeral` is not needed with one.
   *
   * Clients of one coordinator must have the same `breaker` and `retryBudget`.
   *
   * @default "memory"
   */
  coordinator?: "memory" | Coordinator | undefined;
  /**
   * Calls `onAlert` when the P99 latency of a target was above `ratio` (0.8) of the attempt's timeout for two minutes in a row,
   * with at least `minSamples` (200) attempts in each minute. The alert ends below 0.7. If `onAlert` throws, that is logged.
   *
   * @default `{ ratio: 0.8, minSamples: 200 }`
   */
  alert?:
    | {
        /**
         * The share of the attempt's timeout.
         *
         * @default 0.8
         */
        ratio?: number | undefined;
        /**
         * The fewest attempts in each of the two minutes.
         *
         * @default 200
         */
        minSamples?: number | undefined;
        /**
         * Called when the alert is raised.
         *
         * @default none
         */
        onAlert?: ((alert: Alert) => void) | undefined;
      }
    | undefined;
  /**
   * What `createEndpoints` of `query-with-retry/endpoints` returns. With it, the error of a call to a dedicated endpoint that is
   * paused or has failed says so in its `detail`, in the words of the management API. A call that waits for an endpoint that
   * has failed ends at once. The management API is asked only while a call waits or after it has failed. A failure
   * waits at most 3 s for the words of the API.
   *
   * @default none
   */
  endpoints?: Endpoints | undefined;
  /**
   * Resumes a paused endpoint when a call meets it, and waits for it as for a loading model. A running endpoint costs money. It
   * is resumed once, however many calls meet it. A call that has a `fallback` left goes there meanwhile. A
   * ping of `keepWarm` does not resume it, because that would undo the pause of its operator. Needs `endpoints`.
   *
   * @default false
   */
  resumePaused?: boolean | undefined;
  /**
   * The `fetch` that sends the requests. If it calls `client.fetch` of the same client with the `signal` or the `headers` that it was
   * given, the request leaves by the `fetch` that the platform had when the client was made. If it makes a `Request` of them, it has to
   * pass the signal on as the second argument, or it is called again and again.
   *
   * @default the platform's, looked up for each attempt
   */
  fetch?: typeof globalThis.fetch | undefined;
}

/** When the circuit breaker of a target opens, and for how long. */
export interface BreakerOptions {
  /**
   * How many failures open the breaker.
   *
   * @default 5
   */
  failures?: number | undefined;
  /**
   * The time within which they count, in milliseconds.
   *
   * @default 30_000
   */
  windowMs?: number | undefined;
  /**
   * How long nothing is sent, in milliseconds. Up to a quarter is added at random.
   *
   * @default 15_000
   */
  openMs?: number | undefined;
  /**
   * The longest pause, in milliseconds: each probe that fails doubles `openMs`, up to this.
   *
   * @default 300_000
   */
  maxOpenMs?: number | undefined;
}

/** Calls that share a cold-start gate, a circuit breaker, a retry budget, a concurrency limit and statistics, for each target. */
export interface Client {
  /** {@link queryWithRetry}, with the state that the calls of this client share. */
  query<T = ChatCompletion>(target: Target, payload: ChatPayload, options?: QueryOptions): Promise<T>;
  /** {@link queryWithRetry}, with the state that the calls of this client share. */
  query<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<T>;
  /** {@link queryWithReport}, with the state that the calls of this client share. */
  queryWithReport<T = ChatCompletion>(target: Target, payload: ChatPayload, options?: QueryOptions): Promise<{ data: T; report: CallReport }>;
  /** {@link queryWithReport}, with the state that the calls of this client share. */
  queryWithReport<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<{ data: T; report: CallReport }>;
  /** {@link streamWithRetry}, with the state that the calls of this client share. */
  stream<T = ChatCompletionChunk>(target: Target, payload: ChatPayload, options?: QueryOptions): QueryStream<T>;
  /** {@link streamWithRetry}, with the state that the calls of this client share. */
  stream<T = StreamChunk>(target: Target, payload: Payload, options?: QueryOptions): QueryStream<T>;
  /**
   * A drop-in `fetch` for SDKs that accept one: `new OpenAI({ fetch: client.fetch })`.
   *
   * It takes the arguments of `fetch` and resolves with the answer to the last attempt as a `Response`, so the SDK throws its
   * own errors. It rejects with a {@link QueryError} if there was no answer. An event stream is handed over once its first text
   * has come, and errors if it stalls or is cut. A 200 that reports a failure becomes a `Response` with the status of that
   * failure and the same body. A 200 without an answer (HTML, broken JSON) is retried, and rejected if that does not help.
   *
   * The URL and the `model` in a JSON body identify the target. A `fallback` that names only a model keeps the URL and replaces
   * the model. A `fallback` with a URL is sent there, with its own `token` or `headers`; it gets the credentials of the request
   * only on the same origin or among Hugging Face's hosts. The options are those of the client. Its `headers` and its `token`
   * are added if the request has no header of that name.
   *
   * It calls the plain `fetch` for `redirect: "manual"`, for `mode: "no-cors"` and for any scheme but HTTP. Redirects follow the
   * Fetch standard; if one is refused, the `detail` of the error says where it leads. JSON of more than 16 MiB is handed over as
   * it comes and is not inspected. A failure has the header `x-should-retry: false`, so the openai SDK does not retry it again.
   */
  readonly fetch: typeof globalThis.fetch;
  /**
   * Brings a cold model up before it is needed, and resolves with how long that took.
   *
   * It sends the cheapest request that shows whether the model is up: a GET of the model's status at Hugging Face's router and
   * Hub, a GET of `/health` at a dedicated endpoint, a call without a prompt to Ollama's own routes, and for any other target the
   * smallest payload of the route, which generates one token. For a warm target that is one request. If a status shows nothing,
   * the smallest payload follows.
   *
   * For a cold target it waits as a query does, at the same gate: other calls to the target wait with it, and while one of them
   * probes, the warm-up sends nothing. Several warm-ups of one target at the same time share one request. Each has its own
   * `signal`; the first one's other options hold for all. In a Worker they do not share it, because its requests cannot share a
   * promise.
   *
   * Takes the options of a query, without `fallback` and `response`. If the payload would name the model, name it in the target:
   * `{ url, model }`. Then a server that refuses the smallest payload (400, 413, 422) counts as up. The statistics count the
   * warm-up as a call and leave its latency out.
   *
   * @throws {QueryError} if the model fails or is not up in time
   */
  warmUp(target: Target, options?: QueryOptions): Promise<WarmUp>;
  /**
   * Warms the model up now, and again whenever the target was sent nothing for `everyMs`. It ends with `stop()`, with the
   * `signal`, with `close()`, when nobody holds the client any more, or by itself if nobody else calls the target.
   *
   * Each ping is a {@link warmUp}. It costs money if the server bills it, or if the server would scale to zero without it. So
   * after `maxIdlePings` pings in a row without any other call, it stops and sends no further ping. A ping that fails does not
   * stop it; `onEvent` reports the failure. No ping resumes a
   * paused endpoint, even with `resumePaused`. After the machine slept, or when the network is back, a ping that is due waits up to
   * 5 s at random. The timer does not keep a Node process alive, but a ping in flight does. If the target names no model, calls
   * that name one in the payload count for it.
   *
   * In a Worker a timer ends with its request. Call `await client.warmUp(target)` in `scheduled()` instead, with a Cron Trigger.
   *
   * @throws {TypeError} at once, for bad input
   */
  keepWarm(
    target: Target,
    options?: KeepWarmOptions,
  ): {
    /** Ends it, and aborts a ping in flight. A second call does nothing. */
    stop(): void;
  };
  /** The statistics of one target, of all models behind one URL, or of all targets that were called. Empty before the first call. */
  stats(target?: Target): TargetStats[];
  /** The same in the Prometheus text exposition format 0.0.4. */
  metrics(): string;
  /** Takes no more calls. Calls in flight run to their end. Where the platform can tell, a client that nobody holds closes by itself. */
  close(): void;
}

/** The options of every ping, and when to stop. */
export interface KeepWarmOptions extends QueryOptions {
  /**
   * The target is warmed up when it was sent nothing for this long, in milliseconds, 1000 or more. Choose less than the server
   * waits before it scales to zero or unloads the model: by default an hour for a dedicated endpoint, five minutes for Ollama.
   *
   * @default 900_000
   */
  everyMs?: number | undefined;
  /**
   * How many pings in a row it sends without any other call in between. The first warm-up does not count.
   *
   * @default 8
   */
  maxIdlePings?: number | undefined;
  /** Called once with why it has stopped: too many pings in vain, `close()`, or `stop()` and the `signal`. If it throws, that is logged. */
  onStop?: ((why: "idle" | "closed" | "stopped") => void) | undefined;
}

/** Whether a model was cold, and for how long. */
export interface WarmUp {
  /** From the call until the model was up, in milliseconds. 0 if it was up already. */
  coldMs: number;
  /** The model was up already. */
  wasWarm: boolean;
}

/**
 * State that is kept outside of this program: a text for each key, and a clock. `query-with-retry/redis`, `query-with-retry/workers` and
 * `query-with-retry/tabs` have one. Another engine can be used if it can compare and set.
 *
 * A message is `{ expected: string, next: string }`. If `next` is not empty and the text of the key is `expected`, it becomes
 * `next`; a key without a text has an empty one. The reply is `{ now: number, text: string }`: milliseconds of the engine's clock,
 * and the text after that. A text is shorter than 500 characters, all of them ASCII. An engine may drop it after ten minutes in which
 * nobody wrote.
 *
 * A reply that takes over 200 ms, a rejection, and an exception are passed over.
 */
export interface Coordinator {
  /** Carries a message to the text of this key and resolves with the reply. A key names a target, and holds no secret. */
  call(key: string, message: unknown): Promise<unknown>;
  /** The client was closed: it sends no further message. */
  close?(): void;
}
