/** The entry of Cloudflare Workers, which compile wasm when they are deployed, and never later. */

import module from "./core.wasm";
import { provide } from "./wasm/instance.js";

provide(() => module, true);

export * from "./api.js";
