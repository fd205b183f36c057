/** Turns the arguments of `fetch` into a request that can be sent twice. */

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
  /** The other members of the request. */
  init: RequestInit;
  /** The body is a JSON object. */
  isObject: boolean;
  /** The `model` of that object. */
  model: string;
  /** The model that the request names: in that object, in a form, or else in the query of the URL. */
  names: string;
  /** That object asks for a stream. */
  streamed: boolean;
  /** The body as text, if it is text or JSON. */
  text: string;
}

const MEMBERS = ["method", "mode", "credentials", "cache", "redirect", "referrer", "referrerPolicy", "integrity", "keepalive", "signal"] as const;

/** The URL of the request. In a page it may be relative to the page. */
export function addressOf(input: RequestInfo | URL): string {
  if (typeof input === "object" && "url" in input) return input.url;
  // The platform's own error would show the whole URL, secrets included.
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

/** A copy of the headers. The error does not show the value of a bad header, as the platform's own error would. */
function headersOf(given: HeadersInit | undefined): Headers {
  try {
    return new Headers(given);
  } catch {
    throw invalid(`headers must be what fetch takes: ${whichHeader(given)}`);
  }
}

/** `within` makes the signal that ends reading the body: the caller's signal, or a clock. */
export async function taken(input: RequestInfo | URL, init: RequestInit, within: () => AbortSignal): Promise<Sent> {
  // The members of a Request, or of another class, are on its prototype, and a plain copy would lose them.
  const ofPrototype = Object.getPrototypeOf(init) === Object.prototype ? {} : Object.fromEntries(MEMBERS.map((name) => [name, init[name]]));
  const { headers: givenHeaders, body: givenBody, ...own } = init;
  let [headers, body, rest]: [HeadersInit | undefined, RequestInit["body"], RequestInit] = [
    givenHeaders,
    givenBody,
    { ...defined(ofPrototype), ...own },
  ];
  const url = addressOf(input); // first, so that a bad URL is reported at once
  let text: string | undefined;
  let bytes: Bytes | undefined;
  let form: FormData | undefined;
  if (typeof input === "object" && "url" in input) {
    // The members of the Request apply unless `init` replaces them.
    rest = defined({ ...Object.fromEntries(MEMBERS.map((name) => [name, input[name]])), ...defined(rest) });
    if (rest.mode === "navigate") delete rest.mode;
    headers = headersOf(headers ?? input.headers);
    if (body == null && !/^(get|head)$/i.test(input.method)) {
      if (input.bodyUsed) throw new TypeError("query-with-retry: the body of this Request was used already");
      // Some browsers have no `Request.body`.
      const whole = input.body ? await wholeOf(input.body, within()) : new Uint8Array(await input.arrayBuffer());
      body = whole.byteLength > 0 ? whole : undefined;
    }
  }
  const method = rest.method ?? "GET";
  // The Fetch standard accepts these methods in lower case, and no others.
  if (/^(delete|get|head|options|post|put)$/i.test(method)) rest.method = method.toUpperCase();
  if (/^(connect|trace|track)$/i.test(method)) throw new TypeError(`query-with-retry: fetch refuses the method ${method}`);
  if (body != null && /^(get|head)$/i.test(method)) throw new TypeError(`query-with-retry: a request with the method ${method} has no body`);
  // A copy, because it is sent when the call's turn comes, and again with each attempt.
  const pairs = headersOf(headers);
  pairs.delete("content-length"); // the platform counts what it sends
  const set = (type: string) => pairs.set("content-type", type);
  if (typeof body === "string") {
    text = body;
    if (!pairs.has("content-type")) set("text/plain;charset=UTF-8");
  } else if (body instanceof FormData) {
    // A copy that is encoded anew for each attempt, because some platforms do not show its bytes.
    form = new FormData();
    for (const [name, value] of body) form.append(name, value);
  } else if (body != null) {
    // The platform turns every kind of body into bytes, and knows its content type.
    const whole = new Response(body);
    const type = whole.headers.get("content-type");
    if (type && !pairs.has("content-type")) set(type);
    bytes = whole.body ? await wholeOf(whole.body, within()) : new Uint8Array(await whole.arrayBuffer());
    if (/json/i.test(pairs.get("content-type") ?? "")) text = new TextDecoder().decode(bytes);
  }
  const json: Record<string, unknown> | undefined = text?.trimStart().startsWith("{") ? parseJson(text) : undefined;
  const { model, stream } = json ?? {};
  const whole = text ?? bytes;
  // A form that came as bytes. What is wrong with it is for the server to say.
  const read = !form && !json && whole && /form/i.test(pairs.get("content-type") ?? "");
  const fields = read ? await new Response(whole, { headers: pairs }).formData().catch(() => {}) : form;
  const named = json ? model : fields?.get("model");
  return {
    url,
    headers: pairs,
    body: bytes ?? text ?? form,
    init: rest,
    isObject: json !== undefined,
    model: typeof model === "string" ? model : "",
    names: (typeof named === "string" && named) || (/[?&]model=/.test(url) && new URL(url).searchParams.get("model")) || "",
    streamed: stream === true,
    text: text ?? "",
  };
}
