/** A `Response` in place of one whose body was read. */

import { isFieldText } from "../input/options.js";
import type { Bytes } from "../wasm/protocol.js";

/**
 * A response with the body that was read from another one. It is `redirected` if a redirect was followed by hand, and gets
 * another status if its own was wrong.
 */
export function again(response: Response, body: Bytes | ReadableStream, redirected: boolean, status = response.status): Response {
  const { headers } = response;
  const statusText = status === response.status ? response.statusText : "";
  // These statuses have no body (Fetch standard, null body status).
  const made = new Response([101, 204, 205, 304].includes(status) ? null : body, {
    status,
    // A reason phrase over HTTP/1.1 may have any bytes, and some of them fit into no `Response`.
    statusText: isFieldText(statusText) ? statusText : "",
    headers,
  });
  // The body is decoded already, and may be cut.
  for (const name of ["content-encoding", "content-length", "transfer-encoding"]) made.headers.delete(name);
  return likeness(made, response, redirected);
}

/** Adds the members that no constructor takes, to its clones too. */
export function likeness(made: Response, { url, type, redirected }: Response, byHand: boolean): Response {
  const clone = () => likeness(Response.prototype.clone.call(made), made, false);
  const members = { url, type, redirected: redirected || byHand, clone };
  for (const [name, value] of Object.entries(members)) Object.defineProperty(made, name, { value });
  return made;
}
