// An empty app with the packed tarball installed, as a user would have it, and nothing else.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./processes.js";

const HERE = fileURLToPath(new URL("..", import.meta.url));
export const PKG_DIR = resolve(process.env.PKG_DIR ?? join(HERE, "../../pkg"));
export const NAME = "query-with-retry";

/** Packs the package into a new folder. */
export async function pack() {
  const folder = await mkdtemp(join(tmpdir(), "query-with-retry-"));
  const printed = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PKG_DIR });
  const parsed = JSON.parse(printed.slice(printed.search(/^[[{]/m)));
  // npm 11 lists the packed packages, npm 12 keys them by name.
  const [packed] = Array.isArray(parsed) ? parsed : Object.values(parsed);
  return { folder, tarball: join(folder, basename(packed.filename)), files: packed.files.map(({ path }) => path) };
}

/** Packs, installs, and copies what the runtimes run beside it. */
export async function createApp() {
  const packed = await pack();
  const remove = () => rm(packed.folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    return { ...(await install(packed)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function install({ folder, tarball, files }) {
  const dir = join(folder, "app");
  await mkdir(dir);
  await writeFile(join(dir, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: dir });
  for (const part of ["cases", "cases.js", "inside"]) await cp(join(HERE, part), join(dir, part), { recursive: true });
  const installed = join(dir, "node_modules", NAME);
  return {
    dir,
    tarball,
    files,
    installed,
    manifest: JSON.parse(await readFile(join(installed, "package.json"), "utf8")),
    /** Where an export of the package is, by its conditions, relative to the app. */
    entry(subpath = ".", conditions = ["default"]) {
      const target = resolveExport(this.manifest.exports[subpath], conditions);
      return target && `node_modules/${NAME}/${target.slice(2)}`;
    },
  };
}

function resolveExport(target, conditions) {
  if (typeof target === "string" || target == null) return target;
  const condition = Object.keys(target).find((name) => name === "default" || conditions.includes(name));
  return resolveExport(target[condition], conditions);
}
