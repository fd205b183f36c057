// The package under test, and how many cores it has instantiated: one, whatever happens.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** `anyUrl` answers a GET. Node's own parser of HTTP is WebAssembly too, and instantiated by the first request. */
export async function load(folder, anyUrl) {
  await (await fetch(anyUrl)).text();
  let cores = 0;
  const { instantiate, Instance } = WebAssembly;
  WebAssembly.instantiate = (...args) => {
    cores++;
    return instantiate(...args);
  };
  WebAssembly.Instance = new Proxy(Instance, {
    construct(constructor, args) {
      cores++;
      return Reflect.construct(constructor, args);
    },
  });
  const api = await import(pathToFileURL(join(folder, "dist/index.js")));
  return { api, cores: () => cores };
}
