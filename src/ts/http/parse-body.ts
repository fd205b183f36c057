/** Bytes to the value that is handed over, and to the facts that the core decides by. */

import { joined } from "../input/bytes.js";
import { parseJson } from "../input/json.js";
import type { QueryOptions } from "../types/call.js";
import type { Bytes, Facts } from "../wasm/protocol.js";

const silent: Facts = { ofEngine: false, unexpected: false, isError: false, text: "", kind: "", estimate: NaN, detail: "" };

/** A success that is not in the form that was asked for. */
export const unreadable = (detail: string): Facts => ({ ...silent, unexpected: true, detail });

type Wanted = NonNullable<QueryOptions["response"]>;

/** A body with a status of success, read as `wanted` and its content type say. Good ones need no facts. */
export function readSuccess(pieces: Bytes[], contentType: string, wanted: Wanted): { value: unknown; facts?: Facts | undefined } {
  try {
    return read(joined(pieces), contentType, wanted);
  } catch (error) {
    // Half a gigabyte is no string. Thrown on, it would end the core, and every call in it.
    return { value: undefined, facts: unreadable(String(error)) };
  }
}

function read(bytes: Bytes, contentType: string, wanted: Wanted): { value: unknown; facts?: Facts | undefined } {
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const isJson = type === "application/json" || (type.endsWith("+json") && type !== "application/stream+json");
  const isPage = type === "text/html" || type === "application/xhtml+xml";
  const isText = type.startsWith("text/") || type === "application/x-ndjson" || type === "application/jsonl";
  // An image of megabytes is not made a text that nobody looks at.
  const asText = isJson || isPage || isText || !type || wanted === "json" || wanted === "text";
  const text = asText ? decode(bytes) : "";
  const looksLikePage = isPage || /^\s*</.test(text);
  // What promises nothing may be JSON; what promises JSON may hold an error, however it is wanted.
  const json: unknown = isJson || wanted === "json" || (wanted === "auto" && !type) ? parseJson(text) : undefined;
  const needsJson = wanted === "json" || (wanted === "auto" && (isJson || isPage || (!type && (looksLikePage || !text))));
  if (needsJson && json === undefined) {
    const detail = looksLikePage ? titleOf(text) : "";
    return { value: undefined, facts: unreadable(detail) };
  }
  const facts = isFailure(json) ? factsOf(json) : undefined;
  switch (wanted) {
    case "text":
      return { value: text, facts };
    case "bytes":
      return { value: bytes, facts };
    case "blob":
      return { value: new Blob([bytes], { type: contentType }), facts };
    default:
      return { value: json ?? (isText ? text : new Blob([bytes], { type: contentType })), facts };
  }
}

/** As much of an error's body as was read. Its content type is often wrong; its first byte is not. */
export function readError(pieces: Bytes[]): Facts {
  try {
    return readWords(pieces);
  } catch (error) {
    return { ...silent, isError: true, detail: String(error) };
  }
}

function readWords(pieces: Bytes[]): Facts {
  const text = decode(joined(pieces).subarray(0, MOST_WORDS)).trim();
  const json: unknown = /^[{["]/.test(text) ? parseJson(text) : undefined;
  if (json !== undefined) return factsOf(json);
  // A page says in its title what it is about, and anywhere what is the matter.
  const isPage = text.startsWith("<");
  const words = isPage ? wordsOfPage(text) : text;
  return { ...silent, isError: true, ofEngine: /^[{[]/.test(text), text: words.toLowerCase(), detail: isPage ? titleOf(text) : text };
}

/** What a message says stands in its first 64 KiB, and more does not go into the core. */
const MOST_WORDS = 64 * 1024;

const get = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;

/** The parts that mean something, whichever server it comes from: `error` may be a string, an
 * array or an object, and some say `detail`, `message` or `title` instead. */
export function factsOf(json: unknown): Facts {
  const error = get(json, "error");
  const words = ["error", "message", "detail", "title", "warnings"].flatMap((key) => wordsOf(get(json, key)));
  if (typeof json === "string") words.push(json);
  const kinds = [get(json, "error_type"), get(json, "type"), get(error, "type"), get(error, "code")];
  const estimate = get(json, "estimated_time");
  const detail = [...new Set(words)].join("; ").slice(0, MOST_WORDS);
  return {
    ofEngine: true,
    unexpected: false,
    isError: true,
    text: detail.toLowerCase(),
    kind: kinds
      .filter((kind) => typeof kind === "string")
      .join(" ")
      .slice(0, MOST_WORDS)
      .toLowerCase(),
    estimate: typeof estimate === "number" ? estimate : NaN,
    detail,
  };
}

/** A list of lists of errors is one; what is deeper is no text for people. */
const DEEPEST = 4;

function wordsOf(value: unknown, depth = 0): string[] {
  if (typeof value === "string") return value ? [value] : [];
  if (Array.isArray(value)) return depth < DEEPEST ? value.slice(0, 20).flatMap((item) => wordsOf(item, depth + 1)) : [];
  return [get(value, "message"), get(value, "msg"), get(get(value, "error"), "message")].filter((word) => typeof word === "string");
}

/** What may stand beside an error. With a key of any other name an object is an answer. */
const companions = new Set(
  "error error_type error_code estimated_time warnings message detail title type code status statusCode request_id id object created model path timestamp success".split(
    " ",
  ),
);

function isFailure(json: unknown): boolean {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return false;
  if (get(json, "status") === "failed") return true; // `/v1/responses`, not streamed
  const error = get(json, "error");
  const saysWhy = typeof error === "string" ? error !== "" : typeof error === "object" && error !== null;
  return saysWhy && Object.keys(json).every((key) => companions.has(key));
}

/** What a page of a proxy says in short. By `indexOf`: an expression looks at what is not closed again and again. */
function titleOf(page: string): string {
  const head = page.slice(0, MOST_WORDS);
  const lower = head.toLowerCase();
  for (const tag of ["<title", "<h1"]) {
    const opens = lower.indexOf(tag);
    const begin = opens < 0 ? -1 : head.indexOf(">", opens);
    const end = begin < 0 ? -1 : head.indexOf("<", begin);
    if (end > 0) return head.slice(begin + 1, end).trim();
  }
  return "";
}

/** A page's words, without its tags. */
function wordsOfPage(page: string): string {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    const opens = page.indexOf("<", at);
    const closes = opens < 0 ? -1 : page.indexOf(">", opens);
    if (closes < 0) break;
    words.push(page.slice(at, opens));
    at = closes + 1;
  }
  return [...words, page.slice(at)].join(" ");
}

/** UTF-8, with replacement. */
const decode = (bytes: Bytes): string => new TextDecoder().decode(bytes);
