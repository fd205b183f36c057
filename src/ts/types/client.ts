/** The public types of a client: calls that share a breaker, a retry budget, a cold-start gate and statistics. */

import type { Payload, QueryOptions, QueryStream, StreamChunk, Target } from "./call.js";
import type { ChatCompletion, ChatCompletionChunk, ChatPayload } from "./chat.js";
import type { Endpoints } from "./endpoints.js";
import type { BreakerState, CallReport, ErrorCode } from "./report.js";

/** What is given here holds for every call of the client, and what a call gives goes before it. */
export interface ClientOptions extends QueryOptions {
  /**
   * Stops sending to a target that keeps failing, until one probe gets through; then 1, 2, 4 and 8 at
   * once. `false`: none.
   *
   * It opens after `failures` within `windowMs`, if they are at least half of the calls once there are
   * ten, and after as many timeouts in a row, however far apart. Rate limits, loading models, mistakes
   * of the caller (4xx), jobs that failed (told in a 200) and aborts are no failures, nor are the retries
   * of a call while others are answered. While it is open, calls go to their `fallback`, or
   * fail at once with `circuit_open`.
   *
   * @default `{ failures: 5, windowMs: 30_000, openMs: 15_000, maxOpenMs: 300_000 }`
   */
  breaker?: BreakerOptions | false | undefined;
  /**
   * Retries of all calls together may add this share of load: every first try puts `ratio` of a retry
   * into store, up to `burst`, which is also what there is at the beginning. `false`: no limit.
   *
   * Where it is spent a call fails with what its last try met. Waiting for a cold model costs nothing.
   *
   * @default `{ ratio: 0.1, burst: 5 }`
   */
  retryBudget?:
    | {
        /**
         * Retries for each first try.
         *
         * @default 0.1
         */
        ratio?: number | undefined;
        /**
         * How many are in store at most: a whole number.
         *
         * @default 5
         */
        burst?: number | undefined;
      }
    | false
    | undefined;
  /**
   * Calls under way at once to one target: 4 at first, then between `min` (1) and `max` (64), adapting: up by one for
   * each success at first, then by one a round; down to 0.7 on a rate limit or a timeout, at most once
   * a second. A `min` above 4 goes at once from the beginning. `queue` (10_000) may wait for a place, in the order of their `priority`; a call that
   * would wait beyond its `totalMs` is refused when it comes, with `queue_full`. A stream whose reader has
   * asked for nothing for a few seconds lends its permit to the next call.
   *
   * The six connections of a Cloudflare Worker are those of one invocation, and `max` counts for all that share the client: it is
   * not the place for them.
   *
   * @default `{ min: 1, max: 64, queue: 10_000 }`
   */
  concurrency?:
    | {
        /**
         * Calls that always go at once; not above `max`.
         *
         * @default 1
         */
        min?: number | undefined;
        /**
         * Calls under way at once at most.
         *
         * @default 64
         */
        max?: number | undefined;
        /**
         * Calls that may wait.
         *
         * @default 10_000
         */
        queue?: number | undefined;
      }
    | undefined;
  /**
   * This client is one of many short-lived ones that share nothing, as the isolates of a Worker: it
   * begins with next to no retries and starts slowly.
   *
   * A thousand full stores of retries are no budget at all, so one in four begins with a single retry
   * and the others with none. After a cold start each lets its calls through one by one, some time
   * later than it could, and a server that is full then is waited for as if it were still loading.
   *
   * @default false
   */
  ephemeral?: boolean | undefined;
  /**
   * Where breaker, gate and budget are shared: in this program alone, among the calls of this client
   * ("memory"). A {@link Coordinator} is for sharing them with other programs; none is there
   * yet, and one that is given is refused with a `TypeError`.
   *
   * @default "memory"
   */
  coordinator?: "memory" | Coordinator | undefined;
  /**
   * Told when the P99 of a target is above `ratio` (0.8) of the attempt's timeout for two minutes in a
   * row, with `minSamples` (200) in each; it is over at 0.7. What `onAlert` throws is logged.
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
         * Attempts in each of the two minutes.
         *
         * @default 200
         */
        minSamples?: number | undefined;
        /**
         * Told when it is raised.
         *
         * @default none
         */
        onAlert?: ((alert: Alert) => void) | undefined;
      }
    | undefined;
  /**
   * The endpoints of `createEndpoints`, of `query-with-retry/endpoints`: with them a call to a dedicated endpoint that is paused or
   * has failed says so in the `detail` of its error, with the API's own words. A call that waits for an endpoint that has
   * failed ends at once. They ask the management API when a call has failed or waits, never before.
   *
   * @default none
   */
  endpoints?: Endpoints | undefined;
  /**
   * Resumes a paused endpoint when a call meets it, which costs money, and waits for it as for a loading model. One call
   * resumes it, however many meet it. A call that has a `fallback` left goes there meanwhile. It needs `endpoints`.
   *
   * @default false
   */
  resumePaused?: boolean | undefined;
  /**
   * The fetch to send with.
   *
   * @default the platform's, looked up at each try
   */
  fetch?: typeof globalThis.fetch | undefined;
}

/** When the circuit breaker of a target opens, and for how long. */
export interface BreakerOptions {
  /**
   * How many failures open it.
   *
   * @default 5
   */
  failures?: number | undefined;
  /**
   * Within which time, in milliseconds.
   *
   * @default 30_000
   */
  windowMs?: number | undefined;
  /**
   * How long nothing is sent, and up to a quarter more at random, in milliseconds.
   *
   * @default 15_000
   */
  openMs?: number | undefined;
  /**
   * `openMs` is doubled each time that the probe fails, up to this, in milliseconds.
   *
   * @default 300_000
   */
  maxOpenMs?: number | undefined;
}

/** Calls that share a cold-start gate, a circuit breaker, a retry budget, a concurrency limit and statistics, for each target. */
export interface Client {
  /** {@link queryWithRetry}, sharing with the other calls of this client. */
  query<T = ChatCompletion>(target: Target, payload: ChatPayload, options?: QueryOptions): Promise<T>;
  /** {@link queryWithRetry}, sharing with the other calls of this client. */
  query<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<T>;
  /** {@link queryWithReport}, sharing with the other calls of this client. */
  queryWithReport<T = ChatCompletion>(target: Target, payload: ChatPayload, options?: QueryOptions): Promise<{ data: T; report: CallReport }>;
  /** {@link queryWithReport}, sharing with the other calls of this client. */
  queryWithReport<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<{ data: T; report: CallReport }>;
  /** {@link streamWithRetry}, sharing with the other calls of this client. */
  stream<T = ChatCompletionChunk>(target: Target, payload: ChatPayload, options?: QueryOptions): QueryStream<T>;
  /** {@link streamWithRetry}, sharing with the other calls of this client. */
  stream<T = StreamChunk>(target: Target, payload: Payload, options?: QueryOptions): QueryStream<T>;
  /**
   * A drop-in `fetch` for SDKs that accept one: `new OpenAI({ fetch: client.fetch })`.
   *
   * Takes what `fetch` takes. Answers what the last try answered, as a `Response`, so that the SDK
   * throws its own errors; rejects with a {@link QueryError} where there was no answer. An event stream
   * is handed over from its first text on, and errors where it stalls or is cut; a 200 that names
   * a failure becomes a `Response` of that status, its body unchanged; one that holds no answer (HTML, broken JSON) is retried and
   * then rejected.
   *
   * A target is told by the URL and the `model` of a JSON body. A `fallback` that names only a model
   * keeps the URL and replaces the model; one with a URL goes there, with its own `token` or `headers`,
   * and gets the credentials of the request only on the same origin or among Hugging Face's hosts.
   * The options are the client's: its `headers` and its `token` go where the request has none of that
   * name. With `redirect: "manual"` or `mode: "no-cors"`, and for what is no HTTP, it is the plain `fetch`.
   * Redirects are followed by the Fetch standard; where one is refused, the `detail` says where it leads. JSON
   * of more than 16 MiB is handed over as it comes, and not looked at. A failure answer
   * carries `x-should-retry: false`, by which the openai SDK does not repeat what was repeated here.
   */
  readonly fetch: typeof globalThis.fetch;
  /**
   * Brings a cold model up before it is needed, and says how cold it was.
   *
   * It sends no payload of yours but the cheapest request that tells: a GET of the model's status at Hugging Face's router and Hub, of
   * `/health` at a dedicated endpoint, a call without a prompt to Ollama's own routes, and otherwise the smallest payload of the route, one
   * token long. On a warm target that is one request. A status that tells nothing is followed by the smallest payload. On a cold one it waits as a query does, by the same gate: other
   * calls to the target wait with it, and while one of them probes this one sends nothing. Warm-ups of one target at the same time are one
   * (not in a Worker, whose requests share no promise); each has its own `signal`, and the other options are the first one's.
   *
   * Takes the options of a query, without `fallback` and `response`. Name the model in the target where the payload would: `{ url, model }`.
   * A refusal of the smallest payload (400, 413, 422) counts as up where the model is named. The statistics
   * count it as a call; its latency is left out.
   *
   * @throws {QueryError} where the model is not up in time, or fails
   */
  warmUp(target: Target, options?: QueryOptions): Promise<WarmUp>;
  /**
   * Warms the model up now, and again whenever the target was sent nothing for `everyMs`, until it is stopped: by `stop()` or the `signal`,
   * by `close()` or because nobody holds the client any more, or by itself where nobody else calls the target.
   *
   * Each time is a {@link warmUp}, which costs money where a server bills it or would scale to zero: so it stops in place of the ping that
   * would follow `maxIdlePings` in a row without any other call between. A ping that fails stops nothing; `onEvent` hears of it. After
   * sleep, or when the network is back, a ping that is due waits up to 5 s at random. Its timer keeps no Node process alive; a ping that is under way does. Calls that name the
   * model in the payload count for a target without one.
   *
   * In a Worker a timer ends with its request: call `await client.warmUp(target)` in `scheduled()`, by a Cron Trigger.
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
  /** Of the target that is named, of a URL with each of its models, or of all that were called; nothing before the first call. */
  stats(target?: Target): TargetStats[];
  /** The same as Prometheus text exposition format 0.0.4. */
  metrics(): string;
  /** Takes no more calls. Those under way run to their end. One that nobody holds is closed by itself, where the platform can tell. */
  close(): void;
}

/** Those of every ping, and how long to go on. */
export interface KeepWarmOptions extends QueryOptions {
  /**
   * The target is warmed up when it was sent nothing for so long, in milliseconds; 1000 or more. Less than it takes to scale to zero: an
   * hour by default at dedicated endpoints, five minutes in Ollama.
   *
   * @default 900_000
   */
  everyMs?: number | undefined;
  /**
   * So many pings in a row, the first warm-up not counted, without any other call between.
   *
   * @default 8
   */
  maxIdlePings?: number | undefined;
  /** Told once why it has stopped: too many pings in vain, `close()`, or `stop()` and the `signal`. What it throws is logged. */
  onStop?: ((why: "idle" | "closed" | "stopped") => void) | undefined;
}

/** How cold a model was. */
export interface WarmUp {
  /** From the call until the model was up, in milliseconds; 0 where it was up already. */
  coldMs: number;
  wasWarm: boolean;
}

/** What a client knows of one target. */
export interface TargetStats {
  /** The model id, or the URL without its query, with `#` and the model where both are known. */
  target: string;
  /** What the breaker lets through: all, nothing, or one probe. */
  breaker: BreakerState;
  /** "cold" from a loading answer until the first other one; "warming" while those who waited are let through. */
  temperature: "unknown" | "cold" | "warming" | "warm";
  /** Attempts that are under way. */
  inFlight: number;
  /** Calls that wait for their turn. */
  queued: number;
  /** There is no network just now, says the platform: nothing is sent. */
  offline?: boolean | undefined;
  /** That came to this target, as a fallback too. */
  calls: number;
  /** Requests that were sent. */
  attempts: number;
  /** How many attempts ended so, and calls that were not sent. */
  failures: Partial<Record<ErrorCode, number>>;
  /**
   * Of attempts that were answered or timed out in the last 5 to 10 minutes, in milliseconds, within 1 % of
   * the true value. Timeouts count as their limit; waiting and attempts that failed otherwise do not count.
   */
  latencyMs: Quantiles;
  /** The same of streams, to the first text. */
  firstTokenMs: Quantiles;
  /** The one that is raised, if there is one. */
  alert?: Alert | undefined;
}

/** NaN where there is nothing to count. */
export interface Quantiles {
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

/** The P99 of a target is near its timeout. */
export interface Alert {
  /** As in {@link TargetStats}. */
  target: string;
  /** In milliseconds. */
  p99Ms: number;
  /** The attempt's own, in milliseconds. */
  timeoutMs: number;
  /** Of the two. */
  ratio: number;
  /** When it was raised, in milliseconds since 1970. */
  since: number;
}

/**
 * Shared state elsewhere. The messages are the core's own, and can be cloned as structures; whoever
 * implements this carries them to one place for each key and brings the reply.
 *
 * No client takes one yet.
 */
export interface Coordinator {
  /** Carries a message to the state of this key, and resolves with the reply. */
  call(key: string, message: unknown): Promise<unknown>;
  /** The client was closed: nothing more will come. */
  close?(): void;
}
