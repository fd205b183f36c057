/** What a server says of its model, where there is a cheap way to ask for it: `cheapest.ts` knows the routes. */

import { isPage } from "../http/away.js";
import { Body } from "../http/body.js";
import type { Leg } from "../http/request.js";
import { decode } from "../http/value.js";
import { joined } from "../input/bytes.js";
import { Within } from "../input/platform.js";
import { Said } from "../wasm/protocol.js";
import type { Status } from "./cheapest.js";

/** In ms. If the state takes longer, the payload is sent instead. */
export const TO_SAY = 4_000;
/** In bytes. */
const MOST_SAID = 1 << 18;

/** Undefined where it cannot be told. */
export async function isWarm(response: Response, { isWarm }: Status): Promise<boolean | undefined> {
  const body = new Body(response);
  const isWhole = response.ok && (await body.collect(MOST_SAID, () => 0));
  body.stop();
  if (!isWhole) return undefined;
  const text = decode(joined(body.pieces));
  return isWarm ? isWarm(JSON.parse(text)) : !/^\s*</.test(text) || undefined;
}

/** Asked of a target whose payload was told of loading. It never rejects. */
export async function asked(leg: Leg, status: Status, until: AbortSignal): Promise<Said> {
  const began = performance.now();
  const within = new Within(TO_SAY, until);
  let response: Response | undefined;
  try {
    response = await leg.look(status.url, false, within.signal);
    if (!status.isWarm && [502, 503, 504].includes(response.status)) {
      response.body?.cancel().catch(() => {});
      return Said.NotYet;
    }
    const isUp = await isWarm(response, status);
    return isUp ? Said.Up : isUp === false ? Said.NotYet : Said.Odd;
  } catch {
    // A page cannot tell CORS from a lost connection, and CORS stays. A machine that slept has lost its connection.
    const isLate = !until.aborted && within.signal.aborted && performance.now() - began < 2 * TO_SAY;
    return response || isLate || isPage() ? Said.Odd : Said.Lost;
  } finally {
    within.end();
  }
}
