/** Says what was wrong with what the caller gave, in a `TypeError`. */
export function invalid(message: string, cause?: unknown): TypeError {
  return new TypeError(`query-with-retry: ${message}`, cause === undefined ? undefined : { cause });
}

/** What was given, short enough for a message. */
export function given(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "an array" : `an object (${value.constructor?.name ?? "no prototype"})`;
}
