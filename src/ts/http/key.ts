/**
 * Whose limit a call meets: one key of several that has spent its own says nothing of the others'. A number that calls
 * with the same key share; 0 where it is the client's, or not known, as that of a function.
 */

import { checksum } from "../input/checksum.js";
import type { Token } from "../types/call.js";
import type { HeaderPairs } from "../wasm/protocol.js";

/** By which providers take a key: OpenAI and most others, Anthropic, Azure, Google. */
const names = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

export function keyNumber(token: Token | undefined, ofClient: Token | undefined, headers: HeaderPairs, given: Headers | undefined): number {
  const key = given ? names.map((name) => given.get(name)).find(Boolean) : headers.find(([name]) => names.includes(name))?.[1];
  if (key) return checksum(key);
  return typeof token === "string" && token !== ofClient ? checksum(token) : 0;
}
