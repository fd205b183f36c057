// What the runtime tells of requests that get no answer, and how `whyLost` reads it. Bundled with the source, so that it runs anywhere.
import { whyLost } from "../../../src/ts/http/lost.ts";

/** Node's own, whose class nobody exports; since Node 26 the first name is that of a wrapper. */
const dispatcher = () => globalThis[Symbol.for("undici.globalDispatcher.2")] ?? globalThis[Symbol.for("undici.globalDispatcher.1")];

/** `way`: a name, where it is asked, and in Node a dispatcher of one's own. */
export async function lose({ name, url, clocks }) {
  const began = performance.now();
  let answered = false;
  try {
    // The type spares pages the preflight, which would be lost instead.
    const init = { method: "POST", body: "{}", headers: { "content-type": "text/plain" } };
    if (clocks) init.dispatcher = new (dispatcher().constructor)(clocks);
    const response = await fetch(url, init);
    answered = true;
    await response.text();
    return { name, answered };
  } catch (error) {
    const ms = performance.now() - began;
    return { name, answered, ms: Math.round(ms), told: String(error), ...whyLost(error, ms) };
  }
}
