/**
 * Checks the types of options before anything is sent. The core checks whether times fit together, because it knows the
 * defaults.
 */

import { given, invalid } from "../errors/invalid.js";
import { priorities, profiles } from "../wasm/enums.js";
import type { Coordinator } from "../types/client.js";
import type { HeaderPairs } from "../wasm/protocol.js";

/** `members` is set for an option that is an object. */
export type Check = ((value: any, name: string) => void) & { members?: Record<string, Check> };

const rule =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value, name) => {
    if (!holds(value)) throw invalid(`${name} must be ${expected}, got ${given(value)}`);
  };

const finite = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
export const oneOf = (...names: string[]): Check =>
  rule(names.map((name) => JSON.stringify(name)).join(" or "), (value) => names.includes(value as string));

const wait = rule("a number of milliseconds, 0 or more", (value) => finite(value) && value >= 0);
const above = (value: unknown): boolean => finite(value) && value > 0;
const clock = rule("a number of milliseconds above 0", above);

/** The name that was probably meant: the one that shares the longest beginning and end with this key. It may be in a group: `timeouts.totalMs`. */
function nearest(key: string, members: Record<string, Check>): string {
  let found = "";
  let most = Math.max(2, key.length / 2);
  const look = (name: string, of: string) => {
    const { 1: begin = "", 2: end = "" } = /^(.*).*?(.*)\n\1.*\2$/i.exec(`${key.slice(0, 40)}\n${name}`) ?? [];
    const alike = begin.length + end.length;
    if (alike <= most) return;
    most = alike;
    found = of + name;
  };
  for (const name in members) {
    look(name, "");
    for (const inner in members[name]?.members) look(inner, `${name}.`);
  }
  return found;
}

/** Says where the key belongs, if it is a known name that is no option here. */
function elsewhere(key: string): string | undefined {
  const payload = "the payload, the second argument of a call";
  if (key === "stream") return `${payload}, where streamWithRetry puts it`;
  if (/^(messages|inputs|prompt|parameters|temperature|max_tokens|tools)$/.test(key)) return payload;
  if (Object.hasOwn(ofTarget, key)) return "the target, the first argument of a call: { url, model, … }";
  return Object.hasOwn(ofClient, key) ? `a client: createClient({ ${key} })` : undefined;
}

/** An object with these members and no others. An undefined member counts as absent. `whole` checks whether the members fit together. */
export const shape = (members: Record<string, Check>, whole?: Check): Check => {
  const check: Check = (value, name) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalid(`${name} must be an object, got ${given(value)}`);
    }
    const prefix = name === "options" ? "" : `${name}.`;
    for (const [key, member] of Object.entries(value)) {
      const check = Object.hasOwn(members, key) ? members[key] : undefined;
      if (!check) {
        const where = name === "options" && elsewhere(key);
        if (where) throw invalid(`${key} belongs to ${where}`);
        const near = nearest(key, members);
        const known = Object.keys(members).join(", ");
        throw invalid(`unknown option ${prefix}${key}${near && ` (did you mean ${prefix}${near}?)`}; known here: ${known}`);
      }
      if (member !== undefined) check(member, prefix + key);
    }
    whole?.(value, name);
  };
  check.members = members;
  return check;
};

/** The token as it is sent, without the line break of a token that was read from a file. Errors never show the value, because even a bad one may be a secret. */
export function bareToken(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalid(`${name} must be a string, got ${given(value)}`);
  const bare = value.trimEnd();
  if (/^bearer\s/i.test(bare)) throw invalid(`${name}: leave out "Bearer"`);
  if (/^[\x21-\x7e]+$/.test(bare)) return bare;
  throw invalid(`${name} must be visible ASCII characters, without spaces or line breaks (${value.length} characters given)`);
}

const token: Check = (value, name) => {
  if (typeof value !== "function") bareToken(value, name);
};

const headers: Check = (value, name) => void headerPairs(value as object, name);

export const checkSignal = rule(
  "an AbortSignal",
  (value) => typeof (value as AbortSignal | null)?.aborted === "boolean" && typeof (value as AbortSignal).addEventListener === "function",
);

const responses = oneOf("auto", "json", "text", "blob", "bytes");

export const ofTarget: Record<string, Check> = {
  url: rule("a string or a URL", (value) => typeof value === "string" || value instanceof URL),
  model: rule("a string of visible characters", (value) => typeof value === "string" && /^[^\p{Cc}\p{Cs} ]+$/u.test(value)),
  profile: oneOf(...profiles),
  token,
  headers,
};

export const checkTargetSpec = shape(ofTarget);

export const whole = rule("a whole number, 0 or more", (value) => Number.isSafeInteger(value) && (value as number) >= 0);
const flag = rule("a boolean", (value) => typeof value === "boolean");
export const callback = rule("a function", (value) => typeof value === "function");

const callOptions = {
  token,
  headers,
  signal: checkSignal,
  maxRetries: whole,
  loading: shape({
    maxWaitMs: wait,
    defaultWaitMs: wait,
    refusedMs: wait,
    hold: rule("a boolean or a number of milliseconds above 0", (value) => typeof value === "boolean" || above(value)),
  }),
  timeouts: shape({
    connectMs: rule("false or a number of milliseconds above 0", (value) => value === false || above(value)),
    firstByteMs: clock,
    idleMs: clock,
    attemptMs: clock,
    totalMs: clock,
  }),
  fallback: rule("an array of targets", Array.isArray),
  priority: oneOf(...priorities),
  response: responses,
  onEvent: callback,
};

export const checkOptions = shape(callOptions);

export const count = rule("a whole number above 0", (value) => Number.isSafeInteger(value) && (value as number) > 0);

/** At most once a second, because models are kept warm for minutes. */
const every = rule("a number of milliseconds, 1000 or more", (value) => finite(value) && value >= 1_000);

export const checkKeepWarm = shape({ ...callOptions, everyMs: every, maxIdlePings: whole, onStop: callback });

export const share = rule("a number above 0", (value) => finite(value) && value > 0);
const orFalse =
  (check: Check): Check =>
  (value, name) =>
    value === false || check(value, name);

/** Options that all calls of a client share. */
const ofClient: Record<string, Check> = {
  breaker: orFalse(shape({ failures: count, windowMs: clock, openMs: clock, maxOpenMs: clock })),
  retryBudget: orFalse(shape({ ratio: rule("a number, 0 or more", (value) => finite(value) && value >= 0), burst: whole })),
  concurrency: shape({ min: count, max: count, queue: whole }, ({ min = 1, max = 64 }, name) => {
    if (min > max) throw invalid(`${name}.min (${min}) is above ${name}.max (${max})`);
  }),
  coordinator: rule(
    '"memory", or a coordinator such as that of query-with-retry/redis',
    (value) => value === "memory" || (typeof value === "object" && typeof (value as Coordinator | null)?.call === "function"),
  ),
  endpoints: rule("made by createEndpoints of query-with-retry/endpoints", (value) => (value as { guard?: unknown } | null)?.guard !== undefined),
  resumePaused: flag,
  ephemeral: flag,
  alert: shape({ ratio: share, minSamples: count, onAlert: callback }),
  fetch: callback,
};

export const checkClientOptions = shape({ ...callOptions, ...ofClient }, ({ endpoints, resumePaused }) => {
  if (resumePaused && !endpoints) throw invalid("resumePaused needs endpoints");
});

/** Whether a header, or a reason phrase, can carry the text (RFC 9110, section 5.5). */
export const isFieldText = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text);

/** The end of an error about a value that no header can carry. */
export const UNFIT = "holds a line break or another character that a header cannot carry";

export const isHeaderName = (name: unknown): boolean => typeof name === "string" && /^[!#$%&'*+.^`|~\w-]+$/.test(name);

export const isIterable = (value: unknown): value is Iterable<unknown> =>
  typeof (value as Iterable<unknown> | undefined)?.[Symbol.iterator] === "function";

/** Headers as pairs with lower-case names. An error names the bad header and does not show its value. */
export function headerPairs(value: object | undefined, name: string): HeaderPairs {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${name} must be an object of strings, got ${given(value)}`);
  }
  // A Headers object has no members of its own, so as a record it would be empty. It may be of any library.
  const entries = isIterable(value) ? ([...value] as [string, string][]) : Object.entries(value);
  return entries.map(([key, text], at) => {
    const where = `${name}[${JSON.stringify(key)}]`;
    // The name is not shown, because it may be a token in the wrong place.
    if (!isHeaderName(key)) throw invalid(`the name of number ${at + 1} of ${name} is not a legal header name`);
    if (/^(connection|content-length|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i.test(key))
      throw invalid(`${where} is the platform's own, and cannot be given`);
    if (typeof text !== "string") throw invalid(`${where} must be a string, got ${given(text)}`);
    if (!isFieldText(text)) throw invalid(`${where} ${UNFIT}`);
    return [key.toLowerCase(), text.trim()];
  });
}
