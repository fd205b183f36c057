/** Why a request got no answer. No standard says how `fetch` tells that: these are the words of the platforms, as `docs/lost-requests.md` lists them. */

import { Lost } from "../wasm/protocol.js";

/** In ms: a refusal comes sooner. */
const QUICK = 1000;
const LONGEST = 2000;
/** A rejection has a cause, or several, which may have some too, and one may be the rejection again. */
const MOST = 12;

/** A group for each `Lost`, in its order. Deno puts the URL into its words, so what is looked for there has a space, which no URL has. */
const WHY =
  /(conn(?:ection)? ?refused|ely refused)|(^network connection lost|^networkerror when|^(?:failed to fetch|load failed)(?: \(|$)|^(?:econnreset|und_err_socket|connectionclosed|eai_again|e(?:host|net)unreach|ehostdown)$|reset by peer|closed before message)|(^\w*(?:cert|leaf_sig|wrong_version|eproto)\w*$|^bad port|are blocked$|peer cert|corrupt message|many subrequests|unknown scheme|scheme '|--allow-net)|(^und_err_(?:headers|body)_timeout$|^timeouterror$)|(^enotfound$|dns error(?!.*temporary))/im;

const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, LONGEST).trim() : "");

/** Of those that are more than a text, nobody knows what they hold: the request, its headers, a configuration. */
const isPlainValue = (value: unknown): boolean => value === null || (typeof value !== "object" && typeof value !== "function");

/**
 * `ms`: since the request was sent. Where an answer had begun, `Refused` and `Quick` say nothing. The detail is the
 * innermost message that says something, and without secrets: platforms put the URL into it. `isPlain`: nothing in the
 * error shows one.
 */
export function whyLost(error: unknown, ms: number, secrets: { blankOut(text: string): string } = { blankOut: (text) => text }) {
  let detail = "";
  let said = "";
  let isPlain = true;
  const seen = new Set<unknown>();
  const look = (at: any): void => {
    if (!at || seen.has(at)) return;
    if (seen.add(at).size > MOST) return void (isPlain = false);
    const message = text(at.message ?? at);
    const code = text(at.code);
    detail = (message.includes(code) ? message : `${message} (${code})`) || detail;
    said += `${text(at.name)}\n${code}\n${message}\n`;
    for (const key of typeof at === "object" ? Reflect.ownKeys(at) : []) {
      const value = at[key];
      if (key === "cause" || key === "errors") continue;
      isPlain &&= isPlainValue(value) && secrets.blankOut(String(value)) === String(value);
    }
    const inner = at.cause ? [at.cause] : Array.isArray(at.errors) ? at.errors.slice(0, MOST) : [];
    isPlain &&= Boolean(at.cause || !at.errors || inner.length === at.errors.length);
    // The first one says it, and is looked at last.
    for (let nth = inner.length; nth-- > 0;) look(inner[nth]);
  };
  try {
    // Anything may be thrown, and may throw when it is looked at.
    look(error);
  } catch {
    isPlain = false; // that much was told
  }
  const why: Lost = WHY.exec(said)?.findIndex((group, index) => index && group) ?? Lost.Unknown;
  return {
    why: why === Lost.Quick && ms > QUICK ? Lost.Unknown : why,
    detail: secrets.blankOut(detail).slice(0, LONGEST).trim(),
    isPlain: isPlain && secrets.blankOut(said) === said,
  };
}
