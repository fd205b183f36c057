/** Why a request got no answer. No standard defines that, so the texts of the platforms are matched; `docs/lost-requests.md` lists them. */

import { Lost } from "../wasm/protocol.js";

/** In ms. A refused connection fails sooner. */
const QUICK = 1000;
const LONGEST = 2000;
/** An error may have one cause or several, each of which may have causes too. A cause may even be the error itself. */
const MOST = 12;

/** One group for each `Lost`, in its order. Deno puts the URL into its message, so a phrase for Deno has a space, which no URL has. */
const WHY =
  /(conn(?:ection)? ?refused|ely refused)|(^network connection lost|^networkerror when|^(?:failed to fetch|load failed)(?: \(|$)|^(?:econnreset|und_err_socket|connectionclosed|eai_again|e(?:host|net)unreach|ehostdown)$|reset by peer|closed before message)|(^\w*(?:cert|leaf_sig|wrong_version|eproto)\w*$|^bad port|are blocked$|peer cert|corrupt message|many subrequests|unknown scheme|scheme '|--allow-net)|(^und_err_(?:headers|body)_timeout$|^timeouterror$)|(^enotfound$|dns error(?!.*temporary))/im;

const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, LONGEST).trim() : "");

/** An error with members may hold anything: the request, its headers, a configuration. */
const isPlainValue = (value: unknown): boolean => value === null || (typeof value !== "object" && typeof value !== "function");

/**
 * Classifies the error of a request that was sent `ms` ago. If an answer had begun, `Refused` and `Quick` mean nothing. The
 * detail is the innermost message that says something, with secrets blanked out, because platforms put the URL into it.
 * `isPlain`: the error shows no secret.
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
