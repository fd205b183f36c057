/** Turns the bytes of an answer into the value that the caller gets. The core has read already what they say. */

import { joined } from "../input/bytes.js";
import type { QueryOptions } from "../types/call.js";
import type { Bytes } from "../wasm/protocol.js";

/** `isJson`: the core has found that the bytes are JSON. */
export function valueOf(pieces: Bytes[], contentType: string, wanted: NonNullable<QueryOptions["response"]>, isJson: boolean): unknown {
  const bytes = joined(pieces);
  if (wanted === "bytes") return bytes;
  if (wanted !== "blob") {
    if (isJson && wanted !== "text") return JSON.parse(decode(bytes).trim()); // a byte order mark may stand behind white space
    if (wanted === "text" || /^\s*(text\/|application\/(x-ndjson|ndjson|jsonl)\b)/i.test(contentType)) return decode(bytes);
  }
  return new Blob([bytes], { type: contentType });
}

/** UTF-8, with replacement. */
export const decode = (bytes: Bytes): string => new TextDecoder().decode(bytes);
