export { QueryError } from "./error.js";
export { queryWithReport, queryWithRetry } from "./query.js";
export { streamWithRetry } from "./stream.js";
export type * from "./types.js";
