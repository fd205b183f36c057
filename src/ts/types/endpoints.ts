/** The public types of `query-with-retry/endpoints`: the management API of Hugging Face's dedicated Inference Endpoints. */

import type { QueryOptions, Token } from "./call.js";

/**
 * The state of an endpoint, as the management API reports it (`InferenceEndpointStatus` of huggingface_hub,
 * https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/_inference_endpoints.py).
 *
 * | state | serves | what it waits for |
 * |---|---|---|
 * | `pending`, `initializing` | no | nothing: it is starting |
 * | `updating` | mostly | nothing: it answers 503 for some seconds |
 * | `running` | yes, once its health route answers | |
 * | `scaledToZero` | no | any request, which wakes it |
 * | `paused` | no | `resume`: no request wakes it |
 * | `failed` | no | a change: its logs say what is wrong |
 * | `updateFailed` | perhaps, with its old replicas | a change: its logs say what is wrong |
 */
export type EndpointState = "pending" | "initializing" | "updating" | "updateFailed" | "running" | "paused" | "failed" | "scaledToZero";

/** A dedicated endpoint, as the API last described it. */
export interface Endpoint {
  /** Its name within the namespace. */
  name: string;
  /**
   * A state that is not in the type is passed on as the API names it. `waitUntilRunning` goes on waiting in an unknown state.
   */
  state: EndpointState;
  /** The URL where it answers. The API names none before the endpoint has run, and may name none while it is paused. */
  url?: string | undefined;
  /** What the API says about the state, at most 2,000 characters. A token in it is blanked out. */
  message?: string | undefined;
  /** How many replicas serve now, and between which numbers it scales. */
  replicas: { ready: number; min: number; max: number };
}

/** What `setScaling` changes. A member that is left out stays as it is. */
export interface Scaling {
  /** Replicas that always run. Only with 0 can the endpoint scale to zero. */
  minReplicas?: number | undefined;
  /** The most replicas, which limits the cost. */
  maxReplicas?: number | undefined;
  /** After how many minutes without a request it scales to zero. `null`: never. */
  scaleToZeroMinutes?: number | null | undefined;
  /** The metric that decides when it scales up. Set it together with `threshold`. */
  metric?: "hardwareUsage" | "pendingRequests" | undefined;
  /**
   * Above this value a replica is added. For `hardwareUsage` it is a percentage, at first 80. For `pendingRequests` it is the
   * number of waiting requests for each replica, at first 1.5
   * (https://huggingface.co/docs/inference-endpoints/guides/autoscaling).
   */
  threshold?: number | undefined;
}

/** The options of `createEndpoints`. */
export interface EndpointsOptions {
  /** The user or the organisation that owns the endpoints. */
  namespace: string;
  /** A token that may manage them. It is sent to the API and to endpoints below `endpoints.huggingface.cloud`. */
  token: Token;
  /**
   * The `fetch` that sends the requests. With the `client.fetch` of a client the requests become calls of that client: they
   * share its limit, breaker, retry budget and statistics. They are still retried in one place only, by its rules.
   *
   * @default the platform's, with limits and a retry budget of its own
   */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * The address of the management API.
   *
   * @default "https://api.endpoints.huggingface.cloud/v2"
   */
  url?: string | URL | undefined;
  /**
   * The name of each endpoint by its address, for a client with `endpoints`. The API may name no address for a paused endpoint,
   * and then nothing else shows which endpoint a call went to.
   *
   * @default none: endpoints are found by the addresses that the API names
   */
  names?: Record<string, string> | undefined;
}

/**
 * The endpoints of one namespace.
 *
 * Every method takes the options of a call except `fallback`, `loading` and `response`. It rejects as a call does: with a
 * `QueryError` (`unauthorized`, `not_found`, `rate_limited`, …) after retries, with the reason of `signal`, or with a `TypeError`
 * for bad input. Redirects of the API are refused.
 */
export interface Endpoints {
  /** All endpoints of the namespace. */
  list(options?: QueryOptions): Promise<Endpoint[]>;
  /** The endpoint with this name. */
  get(name: string, options?: QueryOptions): Promise<Endpoint>;
  /**
   * Waits until the API says that the endpoint runs and its health route answers. The API is asked after one second, and later
   * every five. An endpoint that is scaled to zero is woken.
   *
   * `timeouts.totalMs` limits the whole wait, 900_000 by default. The other options are those of each request. `onState` is called
   * whenever the state has changed; if it throws, that is logged.
   *
   * Rejects with `paused` if the endpoint stays paused, and with `unavailable` if it or its update has failed; the `detail` then
   * has the API's words. Rejects with `model_loading`, phase "total", if the time runs out.
   */
  waitUntilRunning(name: string, options?: QueryOptions & { onState?: ((endpoint: Endpoint) => void) | undefined }): Promise<Endpoint>;
  /** Starts a paused endpoint. It costs money from then on. An endpoint that is not paused is left as it is. */
  resume(name: string, options?: QueryOptions): Promise<Endpoint>;
  /** Stops the endpoint and its costs until it is resumed. */
  pause(name: string, options?: QueryOptions): Promise<Endpoint>;
  /** Stops the endpoint and its costs until the next request. */
  scaleToZero(name: string, options?: QueryOptions): Promise<Endpoint>;
  /** Changes how the endpoint scales. The API may restart replicas; the state in its answer is `updating` then. */
  setScaling(name: string, scaling: Scaling, options?: QueryOptions): Promise<Endpoint>;
}

/** What to change about an endpoint or its calls, and why. */
export interface Advice {
  /** What to change. */
  change:
    | "min_replicas"
    | "max_replicas"
    | "scale_up_threshold"
    | "larger_gpu"
    | "quantization"
    | "streaming"
    | "timeouts"
    | "smaller_model"
    | "async_jobs";
  /** The reason in words, with the figures. */
  why: string;
  /** The figures behind the advice, by name: times in milliseconds, shares from 0 to 1, counts. */
  figures: Record<string, number>;
}
