// The mock inference server: one process a test run.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { start, stop } from "./processes.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const BINARY = resolve(ROOT, process.env.MOCK_HF_BIN ?? "target/debug/mock-hf");

/** `args`: more for the server, such as sites to serve. */
export async function startMock(args = []) {
  if (!existsSync(BINARY)) {
    throw new Error("the mock server is not built: run `cargo build -p mock-hf`, or name its binary in MOCK_HF_BIN");
  }
  const child = start(BINARY, args, { stdio: ["pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  const mockUrl = await Promise.race([
    new Promise((found) => lines.once("line", (line) => found(line.replace("mock-hf listening on ", "")))),
    child.ended.then(({ code }) => Promise.reject(new Error(`the mock server ended with ${code}`))),
  ]);
  return { mockUrl, stop: () => stop(child) };
}
