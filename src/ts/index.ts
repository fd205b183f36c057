/** The entry of browsers, Node, Deno and Bun: the wasm is inside. */

import { alphabet, text } from "./generated/core-text.js";
import { provide } from "./instance.js";
import { decode } from "./printable.js";

provide(() => decode(text, alphabet));

export * from "./api.js";
