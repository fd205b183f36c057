/** The entry `query-with-retry/batch`: it brings no WebAssembly, and shares that of the entry beside it. */

// All that other entries share is reached from here too, so that it stays one file.
import "./api.js";

export { batch } from "./batch/batch.js";
export { coalesce } from "./batch/coalesce.js";
export type * from "./batch/types.js";
