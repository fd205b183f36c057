/**
 * The API key of a request, as a number. A key that has spent its rate limit says nothing about other keys. Requests with the
 * same key have the same number; 0 means that no key was found.
 */

import { checksum } from "../input/checksum.js";

/** The headers that carry a key: for OpenAI and most others, Anthropic, Azure, Google. */
const names = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];
const inQuery = /[?&](?:key|api[-_]?key|token|access_token)=([^&#]+)/i;

export function keyNumber(url: string, headers: Record<string, string> | Headers): number {
  const read = headers instanceof Headers ? (name: string) => headers.get(name) : (name: string) => headers[name];
  const key = names.map(read).find(Boolean) ?? inQuery.exec(url)?.[1];
  return key ? checksum(key) : 0;
}
