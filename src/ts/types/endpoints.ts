/** The public types of `query-with-retry/endpoints`: the management API of Hugging Face's dedicated Inference Endpoints. */

import type { QueryOptions, Token } from "./call.js";

/**
 * What the management API says of an endpoint (`InferenceEndpointStatus` of huggingface_hub,
 * https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/_inference_endpoints.py).
 *
 * | state | serves | what it waits for |
 * |---|---|---|
 * | `pending`, `initializing` | no | nothing: it is on its way |
 * | `updating` | mostly | nothing: it answers 503 for some seconds |
 * | `running` | yes, once its health route answers | |
 * | `scaledToZero` | no | a request, any, which wakes it |
 * | `paused` | no | `resume`: no request wakes it |
 * | `failed` | no | a change: its logs say which |
 * | `updateFailed` | perhaps, by its old replicas | a change: its logs say which |
 */
export type EndpointState = "pending" | "initializing" | "updating" | "updateFailed" | "running" | "paused" | "failed" | "scaledToZero";

/** A dedicated endpoint, as the API last described it. */
export interface Endpoint {
  /** Within its namespace. */
  name: string;
  /**
   * A state that is none of these types is passed on as the API names it: what is not known here is waited for, and
   * never taken for running.
   */
  state: EndpointState;
  /** Where it answers. The API names none before it has run, and may name none while it is paused. */
  url?: string | undefined;
  /** The API's own words about the state, at most 2,000 characters; a token in them is blanked out. */
  message?: string | undefined;
  /** How many replicas serve now, and between which numbers it scales. */
  replicas: { ready: number; min: number; max: number };
}

/** What `setScaling` changes; what is left out stays as it is. */
export interface Scaling {
  /** Replicas that always run; 0 allows it to scale to zero, and must be 0 for that. */
  minReplicas?: number | undefined;
  /** Replicas at most: the ceiling of its costs. */
  maxReplicas?: number | undefined;
  /** Minutes without a request until it scales to zero; `null`: never. */
  scaleToZeroMinutes?: number | null | undefined;
  /** By what it scales up. Given together with `threshold`. */
  metric?: "hardwareUsage" | "pendingRequests" | undefined;
  /**
   * Above it a replica is added: of `hardwareUsage` a percentage, 80 unless it was changed; of `pendingRequests` how many
   * requests wait for each replica, 1.5 unless it was changed
   * (https://huggingface.co/docs/inference-endpoints/guides/autoscaling).
   */
  threshold?: number | undefined;
}

/** What `createEndpoints` takes. */
export interface EndpointsOptions {
  /** The user or the organisation that owns the endpoints. */
  namespace: string;
  /** A token that may manage them. It goes to the API, and to endpoints below `endpoints.huggingface.cloud`. */
  token: Token;
  /**
   * The fetch to send with. A client's own `client.fetch` makes the calls here calls of that client: they share its limit,
   * breaker, retry budget and statistics, and are retried once, by its rules.
   *
   * @default the platform's, with limits and a retry budget of its own
   */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * The API's address.
   *
   * @default "https://api.endpoints.huggingface.cloud/v2"
   */
  url?: string | URL | undefined;
  /**
   * Names of endpoints by their address, for a client with `endpoints`: the API may name no address of a paused endpoint,
   * and nothing else tells which one it is.
   *
   * @default none: they are told by the addresses that the API names
   */
  names?: Record<string, string> | undefined;
}

/**
 * The endpoints of one namespace.
 *
 * Every method takes the options of a call, but for `fallback`, `loading` and `response`, and rejects as a call does: with a
 * `QueryError` (`unauthorized`, `not_found`, `rate_limited`, …) after retries, with the reason of `signal`, or with a
 * `TypeError` for bad input. Redirects of the API are refused.
 */
export interface Endpoints {
  /** All of the namespace. */
  list(options?: QueryOptions): Promise<Endpoint[]>;
  /** One by its name. */
  get(name: string, options?: QueryOptions): Promise<Endpoint>;
  /**
   * Until the API says that it runs, and its health route answers. The API is asked after one second, and later every five.
   * An endpoint that is scaled to zero is woken.
   *
   * `timeouts.totalMs` is the whole wait, 900_000 by default; the other options are those of each request. `onState` is
   * told of each state that differs from the one before; what it throws is logged.
   *
   * Rejects with `paused` where it stays paused, with `unavailable` where it has `failed` or its update has, both with the
   * API's words in `detail`, and with `model_loading`, phase "total", where the time is over.
   */
  waitUntilRunning(name: string, options?: QueryOptions & { onState?: ((endpoint: Endpoint) => void) | undefined }): Promise<Endpoint>;
  /** Starts a paused endpoint, which costs money from then on. One that is not paused is left as it is. */
  resume(name: string, options?: QueryOptions): Promise<Endpoint>;
  /** Stops it and its costs, until it is resumed. */
  pause(name: string, options?: QueryOptions): Promise<Endpoint>;
  /** Stops it and its costs, until the next request. */
  scaleToZero(name: string, options?: QueryOptions): Promise<Endpoint>;
  /** Changes how it scales. The API may restart replicas, and answers with the state `updating` then. */
  setScaling(name: string, scaling: Scaling, options?: QueryOptions): Promise<Endpoint>;
}

/** What to change about an endpoint or its calls, and why. */
export interface Advice {
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
  /** In words, with the figures. */
  why: string;
  /** What made it say so, by name: times in milliseconds, shares from 0 to 1, counts. */
  figures: Record<string, number>;
}
