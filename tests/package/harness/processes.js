// Child processes, each ended by its own id (and with it its group), also when a test fails.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const running = new Set();

// A process that is killed outright runs no handler, but its pipes close: a guard in the program's
// own group waits for that, and ends the group.
const GUARDED = 'exec 9<&0 </dev/null; (read -r _ <&9; kill -9 -$$) >/dev/null 2>&1 & exec "$@" 9<&-';

/** Starts a program as the leader of a group of its own. `stdio` is that of its output. */
export function start(program, args, { stdio = ["pipe", "pipe"], ...options } = {}) {
  const child = spawn("sh", ["-c", GUARDED, "sh", program, ...args], { detached: true, stdio: ["pipe", ...stdio], ...options });
  running.add(child);
  child.stdin.on("error", () => {});
  child.ended = new Promise((resolve) => {
    child.once("error", (error) => resolve({ error }));
    child.once("close", (code, signal) => resolve({ code, signal }));
    child.once("exit", () => child.stdin.destroy());
  }).finally(() => running.delete(child));
  return child;
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Ended by itself meanwhile.
  }
}

export async function stop(child) {
  if (!running.has(child) || child.pid === undefined) return;
  signalGroup(child, "SIGTERM");
  const stubborn = setTimeout(() => signalGroup(child, "SIGKILL"), 3_000);
  await child.ended;
  clearTimeout(stubborn);
  // A browser's own children may outlive it for a moment, and then hold its profile.
  signalGroup(child, "SIGKILL");
}

process.on("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

/** Runs a program to its end; rejects with the end of what it printed unless it ends well. */
export async function run(program, args, options = {}) {
  const child = start(program, args, options);
  let output = "";
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
  const timer = setTimeout(() => stop(child), options.limitMs ?? 120_000);
  const { code, signal, error } = await child.ended;
  clearTimeout(timer);
  if (error) throw error;
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${signal ?? code}\n${output.slice(-4_000)}`);
  return stdout;
}

/** The first of the named programs on the PATH. */
export function onPath(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}
