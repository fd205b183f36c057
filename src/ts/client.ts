import type { Client, ClientOptions } from "./client-types.js";
import { checkClientOptions } from "./options.js";
import { SharingClient } from "./sharing-client.js";

/**
 * A client: calls that share a cold-start gate, a circuit breaker, a retry budget, a concurrency
 * limit and statistics, for each target. Make one and keep it: a client for each call shares nothing.
 *
 * @throws {TypeError} for bad options
 */
export function createClient(options: ClientOptions = {}): Client {
  checkClientOptions(options, "options");
  return new SharingClient(options);
}
