/** The entry `query-with-retry/redis`: a coordinator on Redis, Valkey, or a Redis over HTTP. It brings no WebAssembly. */

// All that other entries share is reached from here too, so that it stays one file.
import "./api.js";

export { redis } from "./redis/redis.js";
export type { Coordinator } from "./types/client.js";
