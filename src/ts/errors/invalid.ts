/** Says what was wrong with what the caller gave, in a `TypeError`. */
export function invalid(message: string, cause?: unknown): TypeError {
  return new TypeError(`query-with-retry: ${message}`, cause === undefined ? undefined : { cause });
}

/** A URL without what may hold a key: user, query, fragment. */
export const placeOf = (url: string): string => JSON.stringify(url.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//"));

/** What was given, in a few words. A text is not shown: it may be a token, or what a user has typed. */
export function given(value: unknown): string {
  if (typeof value === "string") return value === "" ? "an empty string" : `a string of ${value.length} character${value.length > 1 ? "s" : ""}`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : `an object (${value.constructor?.name ?? "no prototype"})`;
}
