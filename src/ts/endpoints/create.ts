import type { Endpoints, EndpointsOptions } from "../types/endpoints.js";
import { Managed } from "./managed.js";

/**
 * The management API of Hugging Face's dedicated Inference Endpoints: states, waiting, pausing, scaling. Every request is a call of
 * a client, with retries, clocks and a breaker. Every failure is a `QueryError`.
 *
 * This entry has no core of its own. Import `query-with-retry` in the same program too, or call `init` of `./slim`.
 *
 * @example
 * const endpoints = createEndpoints({ namespace: "my-org", token: process.env.HF_TOKEN, fetch: client.fetch });
 * await endpoints.resume("my-endpoint");
 * const { url } = await endpoints.waitUntilRunning("my-endpoint", { onState: ({ state }) => console.log(state) });
 * @throws {TypeError} for bad options
 */
export function createEndpoints(options: EndpointsOptions): Endpoints {
  return new Managed(options);
}
