/** The endpoints of one namespace, by the management API. */

import { tell } from "../call/events.js";
import type { Call } from "../call/call.js";
import { type ClientContext, contexts } from "../call/context.js";
import type { Guard } from "../call/guard.js";
import { createClient } from "../client/client.js";
import { QueryError } from "../errors/query-error.js";
import { platformFetch, sendAs } from "../http/platform.js";
import { quietly } from "../http/body.js";
import { parsedUrl } from "../input/platform.js";
import { bareToken } from "../input/options.js";
import type { QueryOptions } from "../types/call.js";
import type { Endpoint, Endpoints, EndpointsOptions, Scaling } from "../types/endpoints.js";
import { checkCall, checkEndpoints, checkName, checkScaling } from "./check.js";
import { EndpointGuard } from "./guard.js";
import { type Answered, ask, type Shape } from "./request.js";
import { inTime, waitUntilRunning, within } from "./wait.js";
import { endpointOf, listOf, type Seen, trimmed, updateOf } from "./wire.js";

/** Every dedicated endpoint without a domain of its own is below it, and so is the API. */
const DOMAIN = ".endpoints.huggingface.cloud";

/** In ms: a health route answers at once, or is not well. */
const TO_ANSWER = 10_000;

/** Null: the action was taken, and nothing was said of the endpoint. */
const acted: Shape<Seen | null> = (json, secrets) => (json === null ? null : endpointOf(json, secrets));

export class Managed implements Endpoints {
  /** What a client takes of it as `endpoints`. */
  readonly guard: Guard<Call>;
  readonly #base: string;
  readonly #origin: string;
  readonly #context: ClientContext;
  /** Whoever holds it holds its client, and keeps that from being closed. */
  readonly fetch: typeof globalThis.fetch;

  readonly own: EndpointsOptions;

  constructor(given: EndpointsOptions) {
    const { base, origin } = checkEndpoints(given);
    const own = (this.own = { ...given });
    this.#base = `${base}/endpoint/${own.namespace}`;
    this.#origin = origin;
    this.fetch = own.fetch && contexts.has(own.fetch) ? own.fetch : createClient(own.fetch && { fetch: own.fetch }).fetch;
    this.#context = contexts.get(this.fetch) as ClientContext;
    this.guard = new EndpointGuard(this, own.names);
  }

  /** As the API names it: for messages. */
  labelOf(name: string): string {
    return `${this.#base}/${name}`;
  }

  async #send<T>(method: string, path: string, body: string | undefined, options: QueryOptions, shape: Shape<T>): Promise<Answered<T>> {
    return await ask(this.#context, method, this.#base + path, body, { ...options, token: options.token ?? this.own.token }, shape);
  }

  /** One endpoint, and what was tried for it. The options have been checked. */
  look(name: string, options: QueryOptions): Promise<Answered<Seen>> {
    return this.#send("GET", `/${name}`, undefined, options, endpointOf);
  }

  async all(options: QueryOptions): Promise<Seen[]> {
    return (await this.#send("GET", "", undefined, options, listOf)).data;
  }

  /**
   * An action is sent again where its answer was lost, and by then there may be nothing left to do: the API refuses to
   * resume what runs (400, "already running"). So a refusal is none where the endpoint is as it was to be.
   */
  async #act(name: string, action: string, given: QueryOptions | undefined, isDone: RegExp): Promise<Endpoint> {
    const options = checkCall(given);
    const path = `/${checkName(name)}/${action}`;
    const totalMs = options.timeouts?.totalMs;
    const began = performance.now();
    let refused: unknown;
    try {
      const { data } = await this.#send("POST", path, undefined, options, acted);
      if (data) return data.endpoint;
    } catch (error) {
      refused = error;
      if (!(error instanceof QueryError) || (error.status !== 400 && error.status !== 409)) throw error;
    }
    const left = totalMs ? { ...options, timeouts: within(options.timeouts, totalMs - (performance.now() - began)) } : options;
    const { endpoint } = (await this.look(name, left)).data;
    if (refused && !isDone.test(endpoint.state)) throw refused;
    return endpoint;
  }

  // Each may be taken off the object, as those of a client.
  readonly list = async (options?: QueryOptions): Promise<Endpoint[]> => (await this.all(checkCall(options))).map(({ endpoint }) => endpoint);

  readonly get = async (name: string, options?: QueryOptions): Promise<Endpoint> => {
    const checked = checkCall(options);
    return (await this.look(checkName(name), checked)).data.endpoint;
  };

  readonly waitUntilRunning = async (
    name: string,
    options: QueryOptions & { onState?: ((endpoint: Endpoint) => void) | undefined } = {},
  ): Promise<Endpoint> => {
    const { onState, ...rest } = options;
    return await waitUntilRunning(this, checkName(name), checkCall(rest), (endpoint) => tell(onState, endpoint, "onState"));
  };

  readonly resume = (name: string, options?: QueryOptions): Promise<Endpoint> =>
    this.#act(name, "resume", options, /^(?!paused$|failed$|updateFailed$)/);

  readonly pause = (name: string, options?: QueryOptions): Promise<Endpoint> => this.#act(name, "pause", options, /^paused$/);

  readonly scaleToZero = (name: string, options?: QueryOptions): Promise<Endpoint> => this.#act(name, "scale-to-zero", options, /^scaledToZero$/);

  readonly setScaling = async (name: string, scaling: Scaling, options?: QueryOptions): Promise<Endpoint> => {
    const checked = checkCall(options);
    const path = `/${checkName(name)}`;
    checkScaling(scaling);
    const { data } = await this.#send("PUT", path, updateOf(scaling), checked, endpointOf);
    return data.endpoint;
  };

  /**
   * Its health route answers 200. As huggingface_hub's `wait` has it, the state alone is not enough. Any request also wakes
   * an endpoint that is scaled to zero.
   *
   * The token goes along below Hugging Face's own domain and to the API's own origin: elsewhere nobody but the API's answer
   * says whose the address is. There a refusal (401, 403) is taken for an answer.
   */
  async isHealthy({ endpoint: { url }, healthRoute }: Seen, options: QueryOptions): Promise<boolean> {
    const at = url && parsedUrl(`${trimmed(url)}/${healthRoute.replace(/^\/+/, "")}`);
    if (!at) return false;
    const isOurs = at.origin === this.#origin || (at.protocol === "https:" && at.hostname.endsWith(DOMAIN));
    const headers: Record<string, string> = {};
    const asks = async (signal: AbortSignal) => {
      if (isOurs) {
        const token = options.token ?? this.own.token;
        headers["authorization"] = `Bearer ${bareToken(typeof token === "function" ? await token() : token, "token")}`;
      }
      signal.throwIfAborted();
      const { fetch } = this.#context.options;
      const init: RequestInit = { headers, redirect: "manual", signal };
      const { status, body } = await sendAs(this.#context, () => (fetch ?? platformFetch())(at.href, init));
      quietly(() => body?.cancel());
      return status === 200 || (!isOurs && (status === 401 || status === 403));
    };
    try {
      return await inTime(Math.min(TO_ANSWER, options.timeouts?.totalMs ?? TO_ANSWER), options.signal, asks);
    } catch {
      options.signal?.throwIfAborted();
      return false;
    }
  }
}
