/** What `fetch` was called with, as a request that can be sent twice. */

import { invalid, placeOf } from "../errors/invalid.js";
import type { Bytes } from "../wasm/protocol.js";
import { wholeOf } from "./bytes.js";
import { defined } from "./defined.js";
import { parseJson } from "./json.js";
import { isFieldText, isHeaderName, isIterable, UNFIT } from "./options.js";
import { parsedUrl } from "./platform.js";

/** A request that can be sent twice. */
export interface Sent {
  url: string;
  headers: Headers;
  body: string | Bytes | FormData | undefined;
  /** The members that the other fields do not hold. */
  init: RequestInit;
  /** The body is a JSON object. */
  isObject: boolean;
  /** The `model` of that object. */
  model: string;
  /** That object asks for a stream. */
  streamed: boolean;
  /** The JSON of that object. */
  text: string;
}

const MEMBERS = ["method", "mode", "credentials", "cache", "redirect", "referrer", "referrerPolicy", "integrity", "keepalive", "signal"] as const;

/** Where it goes. In a page an address may be relative to it. */
export function addressOf(input: RequestInfo | URL): string {
  if (typeof input === "object" && "url" in input) return input.url;
  // Not the platform's own error, which shows all of it.
  const url = parsedUrl(input, globalThis.location?.href);
  if (!url) throw invalid(`fetch was given no absolute URL: ${placeOf(String(input))}`);
  return url.href;
}

function whichHeader(given: unknown): string {
  const at = isIterable(given) ? [...given] : Object.entries(given ?? {});
  const nth = at.findIndex((pair) => {
    try {
      return !new Headers([pair as [string, string]]);
    } catch {
      return true;
    }
  });
  const [name, value] = (at[nth] as string[] | undefined) ?? [];
  if (!isHeaderName(name)) return `the name of number ${nth + 1} is not`;
  return `${JSON.stringify(name)} ${isFieldText(String(value)) ? "is not" : UNFIT}`;
}

/** A copy of the headers. Its error does not show the value, as the platform's own would. */
function headersOf(given: HeadersInit | undefined): Headers {
  try {
    return new Headers(given);
  } catch {
    throw invalid(`headers must be what fetch takes: ${whichHeader(given)}`);
  }
}

/** `within`: how long the body may take to come, and the caller's signal. */
export async function taken(input: RequestInfo | URL, init: RequestInit, within: () => AbortSignal): Promise<Sent> {
  // A Request, or whatever has a prototype, has members that a copy would lose.
  const ofPrototype = Object.getPrototypeOf(init) === Object.prototype ? {} : Object.fromEntries(MEMBERS.map((name) => [name, init[name]]));
  const { headers: givenHeaders, body: givenBody, ...own } = init;
  let [headers, body, rest]: [HeadersInit | undefined, RequestInit["body"], RequestInit] = [
    givenHeaders,
    givenBody,
    { ...defined(ofPrototype), ...own },
  ];
  const url = addressOf(input); // before anything is waited for
  let text: string | undefined;
  let bytes: Bytes | undefined;
  let form: FormData | undefined;
  if (typeof input === "object" && "url" in input) {
    // Its own members, where `init` does not say otherwise.
    rest = defined({ ...Object.fromEntries(MEMBERS.map((name) => [name, input[name]])), ...defined(rest) });
    if (rest.mode === "navigate") delete rest.mode;
    headers = headersOf(headers ?? input.headers);
    if (body == null && !/^(get|head)$/i.test(input.method)) {
      if (input.bodyUsed) throw new TypeError("query-with-retry: the body of this Request was used already");
      // Not every browser has its `body`.
      const whole = input.body ? await wholeOf(input.body, within()) : new Uint8Array(await input.arrayBuffer());
      body = whole.byteLength > 0 ? whole : undefined;
    }
  }
  const method = rest.method ?? "GET";
  // As the Fetch standard has it: these are the same in lower case, others are not.
  if (/^(delete|get|head|options|post|put)$/i.test(method)) rest.method = method.toUpperCase();
  if (/^(connect|trace|track)$/i.test(method)) throw new TypeError(`query-with-retry: fetch refuses the method ${method}`);
  if (body != null && /^(get|head)$/i.test(method)) throw new TypeError(`query-with-retry: a request with the method ${method} has no body`);
  // A copy: it goes out when the call's turn comes, and with each try.
  const pairs = headersOf(headers);
  pairs.delete("content-length"); // the platform counts what it sends
  const set = (type: string) => pairs.set("content-type", type);
  if (typeof body === "string") {
    text = body;
    if (!pairs.has("content-type")) set("text/plain;charset=UTF-8");
  } else if (body instanceof FormData) {
    // A copy for every try: not every platform tells its bytes.
    form = new FormData();
    for (const [name, value] of body) form.append(name, value);
  } else if (body != null) {
    // The platform knows the bytes of every kind of body, and its content type.
    const whole = new Response(body);
    const type = whole.headers.get("content-type");
    if (type && !pairs.has("content-type")) set(type);
    bytes = whole.body ? await wholeOf(whole.body, within()) : new Uint8Array(await whole.arrayBuffer());
    if (/json/i.test(pairs.get("content-type") ?? "")) text = new TextDecoder().decode(bytes);
  }
  const json: Record<string, unknown> | undefined = text?.trimStart().startsWith("{") ? parseJson(text) : undefined;
  const { model, stream } = json ?? {};
  return {
    url,
    headers: pairs,
    body: bytes ?? text ?? form,
    init: rest,
    isObject: json !== undefined,
    model: typeof model === "string" ? model : "",
    streamed: stream === true,
    text: text ?? "",
  };
}
