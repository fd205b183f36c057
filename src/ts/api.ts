export { createClient } from "./client/client.js";
export type * from "./types/client.js";
export { queryWithReport, queryWithRetry, streamWithRetry } from "./client/functions.js";
export { QueryError } from "./errors/query-error.js";
export type * from "./types/call.js";
export type * from "./types/chat.js";
export type * from "./types/report.js";
export type * from "./types/stats.js";
