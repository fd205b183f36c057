export { createClient } from "./client.js";
export type * from "./client-types.js";
export { queryWithReport, queryWithRetry, streamWithRetry } from "./default-client.js";
export { QueryError } from "./error.js";
export type * from "./types.js";
