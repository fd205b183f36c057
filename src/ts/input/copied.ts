/**
 * Options as they were when they were given: what their owner changes afterwards changes nothing.
 * Plain objects, lists, `Headers` and URLs are copied; a signal, a function, a class of the caller's is its own.
 */
export function copied<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copied) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copied(member)])) as T;
  }
  // Looked at last: Node loads its fetch for the first look at `Headers`.
  if (value instanceof URL) return new URL(value) as T;
  return value instanceof Headers ? (new Headers(value) as T) : value;
}
