import { isIterable } from "./options.js";
import { followed } from "./platform.js";

/**
 * Copies options, so that later changes by the caller have no effect. Plain objects, lists, headers and URLs are copied. Functions,
 * signals of the platform and instances of other classes are kept as they are.
 */
export function copied<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copied) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copied(member)])) as T;
  }
  if (value instanceof URL) return new URL(value) as T;
  if ("aborted" in value) return followed(value as unknown as AbortSignal) as T;
  // The only iterable options are a Map and a Headers object, which may be of any library.
  return isIterable(value) ? (new Map(value as Iterable<[unknown, unknown]>) as T) : value;
}
