import { isIterable } from "./options.js";

/**
 * Options as they were when they were given: what their owner changes afterwards changes nothing.
 * Plain objects, lists, headers and URLs are copied; a signal, a function, a class of the caller's is its own.
 */
export function copied<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copied) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copied(member)])) as T;
  }
  if (value instanceof URL) return new URL(value) as T;
  // A Headers object, of any library, or a Map: the only options that are one.
  return isIterable(value) ? (new Map(value as Iterable<[unknown, unknown]>) as T) : value;
}
