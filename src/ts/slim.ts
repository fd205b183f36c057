/** The entry that brings no wasm: for an own CDN, a cache, or a module compiled elsewhere. */

import { provide, type Source } from "./wasm/instance.js";

/** `WebAssembly.Module`, where the declarations of the platform have one: those of Node have none. */
export type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : object;

/** What `init` takes. */
export type ModuleOrBytes = CompiledModule | ArrayBuffer | ArrayBufferView;

/**
 * Says where the WebAssembly is, before the first call. `query-with-retry/core.wasm` is the file.
 *
 * @param moduleOrBytes a compiled module, or the bytes of one, or a promise of either
 */
export function init(moduleOrBytes: ModuleOrBytes | Promise<ModuleOrBytes>): void {
  provide((() => moduleOrBytes) as Source);
}

export * from "./api.js";
