/** Why a request got no answer. No standard says how `fetch` tells that: these are the words of the platforms, as `docs/lost-requests.md` lists them. */

import { Lost } from "../wasm/protocol.js";

/** In ms: a refusal comes sooner. */
const QUICK = 1000;
const LONGEST = 2000;
/** A rejection has a cause, which may have one too, and that may be the rejection again. */
const DEEPEST = 9;

/** A group for each `Lost`, in its order. Deno puts the URL into its words, so what is looked for there has a space, which no URL has. */
const WHY =
  /(conn(?:ection)? ?refused|ely refused)|(^network connection lost|^networkerror when|^(?:failed to fetch|load failed)(?: \(|$))|(^\w*(?:cert|leaf_sig|wrong_version|eproto)\w*$|^bad port|are blocked$|peer cert|corrupt message|many subrequests|unknown scheme|scheme '|--allow-net)|(^und_err_(?:headers|body)_timeout$|^timeouterror$)/im;

const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, LONGEST).trim() : "");

/**
 * `ms`: since the request was sent. Where an answer had begun, `Refused` and `Quick` say nothing. The detail is the
 * innermost message that says something, and `said` all of them; platforms put the URL into it.
 */
export function whyLost(error: unknown, ms: number): { why: Lost; detail: string; said: string } {
  let detail = "";
  let said = "";
  try {
    // Anything may be thrown, and may throw when it is looked at.
    for (let at = error as any, depth = 0; at && depth < DEEPEST; depth++) {
      const message = text(at.message ?? at);
      const code = text(at.code);
      detail = (message.includes(code) ? message : `${message} (${code})`) || detail;
      said += `${text(at.name)}\n${code}\n${message}\n`;
      at = at.cause ?? at.errors?.[0];
    }
  } catch {
    // That much was told.
  }
  const why: Lost = WHY.exec(said)?.findIndex((group, index) => index && group) ?? Lost.Unknown;
  return { why: why === Lost.Quick && ms > QUICK ? Lost.Unknown : why, detail: detail.slice(0, LONGEST).trim(), said };
}
