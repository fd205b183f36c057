/** Splits a target into its parts. That is done here because the platform has a URL parser and the core has none. */

import { given, invalid, placeOf } from "../errors/invalid.js";
import type { Target, TargetSpec } from "../types/call.js";
import type { CoreTarget } from "../wasm/protocol.js";
import { checkTargetSpec, headerPairs } from "./options.js";

/** `name` is the name of the option, for error messages. */
export function takeApart(target: Target, name: string): CoreTarget {
  if (typeof target === "string") {
    return /^[a-z][a-z\d+.-]*:\/\//i.test(target) ? { ...nothing, ...parse(target, name) } : { ...nothing, model: target, label: target };
  }
  if (target instanceof URL) return { ...nothing, ...parse(target, name) };
  if (typeof target !== "object" || target === null || Array.isArray(target)) {
    throw invalid(`${name} must be a model id, an absolute URL or an object with one, got ${given(target)}`);
  }
  checkTargetSpec(target, name);
  const { url, model = "", profile = "", token, headers } = target as TargetSpec;
  const place = url === undefined ? { label: model } : parse(url, `${name}.url`);
  return { ...nothing, ...place, model, profile, token, headers: headerPairs(headers, `${name}.headers`) };
}

const nothing: CoreTarget = { origin: "", path: "", model: "", profile: "", label: "", headers: [] };

function parse(url: string | URL, name: string): Partial<CoreTarget> {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalid(`${name} is not an absolute URL: ${placeOf(String(url))}`);
  }
  const { protocol, origin, pathname } = parsed;
  if (protocol !== "http:" && protocol !== "https:") throw invalid(`${name} must be an http or https URL, got ${placeOf(String(url))}`);
  if (parsed.username || parsed.password) throw invalid(`${name} holds a user name or password, which fetch refuses: use token or headers`);
  parsed.hash = "";
  return { href: parsed.href, origin, path: pathname, label: origin + pathname };
}
