/** The entry `query-with-retry/tabs`: a coordinator of the tabs and workers of an origin. It brings no WebAssembly. */

// All that other entries share is reached from here too, so that it stays one file.
import "./api.js";

export { tabs } from "./tabs/tabs.js";
export type { Coordinator } from "./types/client.js";
