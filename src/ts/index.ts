/** The entry of browsers, Node, Deno and Bun: the wasm is inside. */

import { decode } from "./base64.js";
import base64 from "./generated/core-base64.js";
import { provide } from "./instance.js";

provide(() => decode(base64));

export * from "./api.js";
