// The package under test, how many cores it has instantiated (one, whatever happens), and their memory.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** `anyUrl` answers a GET. Node's own parser of HTTP is WebAssembly too, and instantiated by the first request. */
export async function load(folder, anyUrl) {
  await (await fetch(anyUrl)).text();
  let cores = 0;
  let newest;
  const { instantiate, Instance } = WebAssembly;
  WebAssembly.instantiate = async (...args) => {
    cores++;
    const made = await instantiate(...args);
    newest = made.instance ?? made;
    return made;
  };
  WebAssembly.Instance = new Proxy(Instance, {
    construct(constructor, args) {
      cores++;
      return (newest = Reflect.construct(constructor, args));
    },
  });
  const api = await import(pathToFileURL(join(folder, "dist/index.js")));
  return {
    api,
    cores: () => cores,
    coreBytes: () => Object.values(newest.exports).find((one) => one instanceof WebAssembly.Memory).buffer.byteLength,
  };
}
