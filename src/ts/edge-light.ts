/** The entry of Vercel's edge runtime, whose bundler makes a module of `?module`. */

import module from "./core.wasm?module";
import { provide } from "./instance.js";

provide(() => module, true);

export * from "./api.js";
