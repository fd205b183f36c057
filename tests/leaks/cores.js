// What each instance of the core exports. Import this once node's own parser of HTTP is instantiated, which its first
// request does: it is WebAssembly too.
const cores = [];
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...args) => {
  const core = await instantiate(...args);
  cores.push(core.exports);
  return core;
};

/** How many cores there are. */
export const count = () => cores.length;

/** Their memories, or their tables: `WebAssembly.Memory` or `WebAssembly.Table`. */
export const exported = (kind) => cores.flatMap((exports) => Object.values(exports)).filter((value) => value instanceof kind);
