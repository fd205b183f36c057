/** The entry `query-with-retry/workers`: a coordinator on Cloudflare Durable Objects. It brings no WebAssembly. */

// All that other entries share is reached from here too, so that it stays one file.
import "./api.js";

export { QueryCoordinator } from "./workers/query-coordinator.js";
export { durableObject } from "./workers/durable-object.js";
export type { Coordinator } from "./types/client.js";
