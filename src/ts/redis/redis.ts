/** One text for each target in Redis, which is compared and set by one script. What the text means, the core knows. */

import { given, invalid } from "../errors/invalid.js";
import type { Coordinator } from "../types/client.js";

/** A text that nobody writes for so long is dropped, in milliseconds. No lease and no open circuit lasts longer. */
const KEPT = 600_000;

/** The time of the server, and the text after the message. */
const SCRIPT = `local t=redis.call("TIME")
local s=redis.call("GET",KEYS[1]) or ""
if ARGV[2]~="" and s==ARGV[1] then
s=ARGV[2]
redis.call("SET",KEYS[1],s,"PX",ARGV[3])
end
return {string.format("%.0f",t[1]*1000+math.floor(t[2]/1000)),s}`;

/**
 * A coordinator on Redis, Valkey, or a Redis over HTTP, version 5 or newer: clients that have it share the cold-start gate, the
 * breaker, the retry budget and the slow start of each target.
 *
 * `send` carries one command and resolves with its reply:
 *
 * - node-redis: `(command) => client.sendCommand(command)`
 * - ioredis: `([name, ...rest]) => client.call(name, ...rest)`
 * - over HTTP, such as Upstash: a POST of the command as a JSON array, and the `result` of its answer
 *
 * Each target has one key, `<prefix>:1:<target>`, for as long as it is used and ten minutes more. A client with traffic sends one
 * `EVAL` about each second to each of its targets, and up to three more while a target is cold or its circuit is open. A command
 * that fails, or takes over 200 ms, delays no call.
 *
 * @param send - carries one command
 * @param options - `prefix`: what the keys begin with, "query-with-retry" by default. Programs that should not share give different ones.
 * @throws {TypeError} for bad arguments
 */
export function redis(send: (command: string[]) => Promise<unknown>, options: { prefix?: string } = {}): Coordinator {
  if (typeof send !== "function") throw invalid(`send must be a function, got ${given(send)}`);
  const { prefix = "query-with-retry" } = options;
  if (typeof prefix !== "string") throw invalid(`options.prefix must be a string, got ${given(prefix)}`);
  return {
    async call(key, message) {
      const { expected, next } = message as { expected: string; next: string };
      const reply = await send(["EVAL", SCRIPT, "1", `${prefix}:${key}`, expected, next, `${KEPT}`]);
      const [now, text] = reply as [unknown, unknown];
      return { now: Number(now), text: String(text) };
    },
  };
}
