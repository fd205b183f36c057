/** The entry `query-with-retry/endpoints`: it brings no WebAssembly, and shares that of the entry beside it. */

// All that other entries share is reached from here too, so that it stays one file.
import "./api.js";

export { advise } from "./endpoints/advise.js";
export { createEndpoints } from "./endpoints/create.js";
export type * from "./types/endpoints.js";
