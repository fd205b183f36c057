// A handful of assertions that run in every runtime: no node:assert, no library.

export class AssertionError extends Error {
  name = "AssertionError";
}

function show(value) {
  if (value instanceof Error) {
    const { code, phase, status } = value;
    return `${value.name} ${JSON.stringify({ code, phase, status })}: ${value.message}`;
  }
  if (typeof value === "function") return `function ${value.name}`;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

function same(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

function fail(what, message) {
  throw new AssertionError(message ? `${message}: ${what}` : what);
}

export function ok(value, message) {
  if (!value) fail(`${show(value)} is not truthy`, message);
}

export function equal(actual, expected, message) {
  if (!Object.is(actual, expected)) fail(`got ${show(actual)}, expected ${show(expected)}`, message);
}

export function deepEqual(actual, expected, message) {
  if (!same(actual, expected)) fail(`got ${show(actual)}, expected ${show(expected)}`, message);
}

/** Both ends belong to the range. */
export function between(actual, low, high, message) {
  if (!(actual >= low && actual <= high)) fail(`got ${show(actual)}, expected ${low} to ${high}`, message);
}

/** Hands back what the promise rejected with, once it has the named fields. */
export async function rejects(promise, fields = {}, message) {
  let value;
  try {
    value = await promise;
  } catch (reason) {
    for (const [field, expected] of Object.entries(fields)) {
      if (!Object.is(reason?.[field], expected)) fail(`${field} should be ${show(expected)} in ${show(reason)}`, message);
    }
    return reason;
  }
  return fail(`resolved with ${show(value)} instead of rejecting with ${show(fields)}`, message);
}
