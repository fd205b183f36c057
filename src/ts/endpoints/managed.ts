/** The endpoints of one namespace, by the management API. */

import { tell } from "../call/events.js";
import type { Call } from "../call/call.js";
import { type ClientContext, contexts } from "../call/context.js";
import type { Guard } from "../call/guard.js";
import { createClient } from "../client/client.js";
import { QueryError } from "../errors/query-error.js";
import { sendAs } from "../http/platform.js";
import { quietly } from "../http/body.js";
import { inTime, parsedUrl } from "../input/platform.js";
import { bareToken } from "../input/options.js";
import type { QueryOptions } from "../types/call.js";
import type { Endpoint, Endpoints, EndpointsOptions, Scaling } from "../types/endpoints.js";
import { checkCall, checkEndpoints, checkName, checkScaling } from "./check.js";
import { EndpointGuard } from "./guard.js";
import { type Answered, ask, type Shape } from "./request.js";
import { waitUntilRunning, within } from "./wait.js";
import { endpointOf, listOf, type Seen, trimmed, updateOf } from "./wire.js";

/** The API and every dedicated endpoint are below this domain, except for endpoints with a domain of their own. */
const DOMAIN = ".endpoints.huggingface.cloud";

/** In ms. A health route of a healthy endpoint answers at once. */
const TO_ANSWER = 10_000;

/** Null means that the API took the action and did not describe the endpoint. */
const acted: Shape<Seen | null> = (json, secrets) => (json === null ? null : endpointOf(json, secrets));

export class Managed implements Endpoints {
  /** The part that a client uses as `endpoints`. */
  readonly guard: Guard<Call>;
  readonly #base: string;
  readonly #origin: string;
  readonly #context: ClientContext;
  /** As long as this function is held, so is its client, which is then not closed. */
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

  /** The URL of the endpoint at the API, for messages. */
  labelOf(name: string): string {
    return `${this.#base}/${name}`;
  }

  async #send<T>(method: string, path: string, body: string | undefined, options: QueryOptions, shape: Shape<T>): Promise<Answered<T>> {
    return await ask(this.#context, method, this.#base + path, body, { ...options, token: options.token ?? this.own.token }, shape);
  }

  /** One endpoint, with the report of the call. The options have been checked. */
  look(name: string, options: QueryOptions): Promise<Answered<Seen>> {
    return this.#send("GET", `/${name}`, undefined, options, endpointOf);
  }

  async all(options: QueryOptions): Promise<Seen[]> {
    return (await this.#send("GET", "", undefined, options, listOf)).data;
  }

  /**
   * If the answer to an action is lost, the action is sent again. By then there may be nothing left to do, and the API refuses
   * to resume an endpoint that runs (400, "already running"). So a refusal is ignored if the endpoint is in the state that was wanted.
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

  // Each is a function of its own, so that it may be taken off the object, as with a client.
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
   * Whether the health route answers 200. The state alone is not enough, as in `wait` of huggingface_hub. The request also wakes an
   * endpoint that is scaled to zero.
   *
   * The token is sent only to hosts below Hugging Face's domain and to the origin of the API. Any other address is known only from an
   * answer of the API. There a refusal (401, 403) counts as healthy.
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
      const { status, body } = await sendAs(this.#context, fetch, at.href, init, [signal, headers]);
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
