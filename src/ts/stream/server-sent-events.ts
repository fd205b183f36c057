/** A stream once more as server-sent events (HTML standard, section 9.2), for who passes it on. */

import { QueryError } from "../errors/query-error.js";
import type { Asked } from "../http/readable.js";
import type { Bytes } from "../wasm/protocol.js";

/** No cache may keep it, no proxy compress it or hold it back (nginx, X-Accel-Buffering). */
const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" };

/** The headers of one, where none of that name was given. */
export function headersOfEvents(given: HeadersInit | undefined): Headers {
  const headers = new Headers(given);
  for (const [name, value] of Object.entries(HEADERS)) if (!headers.has(name)) headers.set(name, value);
  return headers;
}

/** Whoever reads it may be anybody: not the server's words, which may hold an address, nor the reason of an abort. */
function told(error: unknown): object {
  const { code, hint } = error instanceof QueryError ? error : { code: "aborted", hint: "It was cancelled." };
  return { message: hint, code };
}

/**
 * Each item as the data of an event, `[DONE]` behind the last one; or what broke it, as an event that SDKs take for an
 * error. `isWhole`: whether the end is that of the stream.
 */
export function serverSent(items: Asked<unknown>, isWhole: () => boolean): Asked<Bytes> {
  const encoder = new TextEncoder();
  let over = false;
  return {
    ask(use) {
      // A platform may pull once more while it waits.
      const say = (text: string, isLast: boolean) => {
        if (over) return;
        over = isLast;
        use({ value: encoder.encode(`${text}\n\n`), done: false });
      };
      const breaks = (error?: unknown) => say(`event: error\ndata: ${JSON.stringify({ error: told(error) })}`, true);
      if (over) return use({ value: undefined, done: true });
      items.ask(({ value, done = false }) => {
        if (done && !isWhole()) breaks();
        else say(`data: ${done ? "[DONE]" : JSON.stringify(value)}`, done);
      }, breaks);
    },
  };
}
