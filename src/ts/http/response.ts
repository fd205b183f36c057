/** A `Response` in place of one whose body was read. */

import { isFieldText } from "../input/options.js";
import type { Bytes } from "../wasm/protocol.js";

/**
 * A response with the body that was read of another; `redirected` on the way that was followed by hand, and with another
 * status where it lied about that.
 */
export function again(response: Response, body: Bytes | ReadableStream, redirected: boolean, status = response.status): Response {
  const { headers } = response;
  const statusText = status === response.status ? response.statusText : "";
  // These have none (Fetch standard, null body status).
  const made = new Response([101, 204, 205, 304].includes(status) ? null : body, {
    status,
    // What came over HTTP/1.1 may be in any bytes, of which no Response can be made.
    statusText: isFieldText(statusText) ? statusText : "",
    headers,
  });
  // It is decoded, and may be cut.
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) made.headers.delete(name);
  return likeness(made, response, redirected);
}

/** With what no constructor takes, of its clones too. */
export function likeness(made: Response, { url, type, redirected }: Response, byHand: boolean): Response {
  const clone = () => likeness(Response.prototype.clone.call(made), made, false);
  const members = { url, type, redirected: redirected || byHand, clone };
  for (const [name, value] of Object.entries(members)) Object.defineProperty(made, name, { value });
  return made;
}
