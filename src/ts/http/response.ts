/** A `Response` in place of one whose body was read. */

import type { Bytes } from "../wasm/protocol.js";

/** A response with the body that was read of another. */
export function again(response: Response, body: Bytes | ReadableStream): Response {
  const { status, statusText, headers, url } = response;
  // These have none (Fetch standard, null body status).
  const made = new Response([101, 204, 205, 304].includes(status) ? null : body, { status, statusText, headers });
  // It is decoded, and may be cut.
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) made.headers.delete(name);
  Object.defineProperty(made, "url", { value: url });
  return made;
}
