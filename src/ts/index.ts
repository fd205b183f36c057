/** The entry of browsers, Node, Deno and Bun: the wasm is inside. */

import { alphabet, text } from "./generated/core-text.js";
import { decode } from "./wasm/inline.js";
import { provide } from "./wasm/instance.js";

provide(() => decode(text, alphabet));

export * from "./api.js";
