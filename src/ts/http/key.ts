/**
 * Whose limit a request meets: one key of several that has spent its own says nothing of the others'. A number that requests
 * with the same key share, and 0 where none is seen.
 */

import { checksum } from "../input/checksum.js";

/** By which providers take a key: OpenAI and most others, Anthropic, Azure, Google. */
const names = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];
const inQuery = /[?&](?:key|api[-_]?key|token|access_token)=([^&#]+)/i;

export function keyNumber(url: string, headers: Record<string, string> | Headers): number {
  const read = headers instanceof Headers ? (name: string) => headers.get(name) : (name: string) => headers[name];
  const key = names.map(read).find(Boolean) ?? inQuery.exec(url)?.[1];
  return key ? checksum(key) : 0;
}
