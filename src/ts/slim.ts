/** The entry that brings no wasm: for an own CDN, a cache, or a module compiled elsewhere. */

import { provide } from "./wasm/instance.js";

/**
 * Says where the WebAssembly is, before the first call. `query-with-retry/core.wasm` is the file.
 *
 * @param moduleOrBytes a compiled module, or the bytes of one, or a promise of either
 */
export function init(moduleOrBytes: WebAssembly.Module | BufferSource | Promise<WebAssembly.Module | BufferSource>): void {
  provide(() => moduleOrBytes);
}

export * from "./api.js";
