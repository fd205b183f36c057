/** The entry `query-with-retry/endpoints`. It has no WebAssembly of its own, and shares that of the entry beside it. */

// This imports everything that the other entries share, so that the bundler keeps it in one file.
import "./api.js";

export { advise } from "./endpoints/advise.js";
export { createEndpoints } from "./endpoints/create.js";
export type * from "./types/endpoints.js";
