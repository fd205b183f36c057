import type { Endpoints, EndpointsOptions } from "../types/endpoints.js";
import { Managed } from "./managed.js";

/**
 * The management API of Hugging Face's dedicated Inference Endpoints: states, waiting, pausing, scaling. Its calls are calls
 * of a client, with retries, clocks and a breaker, and every failure is a `QueryError`.
 *
 * It needs the core of another entry: import `query-with-retry` in the same program too (or call `init` of `./slim`).
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
