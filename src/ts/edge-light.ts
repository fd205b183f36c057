/** The entry of Vercel's edge runtime, whose bundler makes a module of `?module`. */

import module from "./core.wasm?module";
import { provide } from "./wasm/instance.js";

provide(() => module, true);

export * from "./api.js";
