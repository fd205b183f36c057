/**
 * Freezes the payload when the call is made. Later changes by the caller do not reach later attempts. A payload that cannot be
 * sent twice is refused before anything is sent.
 */

import { given, invalid } from "../errors/invalid.js";
import { type CoreBody, type HeaderPairs, Kind } from "../wasm/protocol.js";

const ofJson: HeaderPairs = [["content-type", "application/json"]];

export function freeze(payload: unknown, insertsModel: boolean, streamed: boolean): CoreBody & { contentType: HeaderPairs } {
  if (payload instanceof Blob) {
    return { kind: Kind.Opaque, body: payload, bodyRest: "", contentType: payload.type ? [["content-type", payload.type]] : [] };
  }
  const bytes = copyOfBytes(payload);
  if (bytes) return { kind: Kind.Opaque, body: bytes, bodyRest: "", contentType: [] };
  if (typeof payload !== "object" || payload === null) {
    throw invalid(
      `payload must be an object, an array or bytes, got ${given(payload)}${typeof payload === "string" ? (/^\s*[{[]/.test(payload) ? ": give the object itself, without JSON.stringify" : '; did you mean { inputs: "…" } or { messages: […] }?') : ""}`,
    );
  }
  // Bun would turn a form into JSON. The class is not used here, because some platforms lack it, and Node would load its whole fetch.
  if (Object.prototype.toString.call(payload) === "[object FormData]")
    throw invalid("payload must be JSON or bytes: send a form (audio, images) by client.fetch");
  const text = toJson(payload);
  const contentType = ofJson;
  if (text.startsWith("[")) return { kind: Kind.Opaque, body: text, bodyRest: "", contentType };
  const object: { messages?: unknown; stream?: unknown; model?: unknown } = plain(payload);
  const { messages, stream, model } = object;
  if (streamed && stream === false) throw invalid("payload has stream: false: leave it out, or call queryWithRetry");
  if (!streamed && stream === true) throw invalid("payload has stream: true: call streamWithRetry, or client.stream, for a stream");
  // Servers stream only if the body asks for it.
  const whole = (json: string) => (streamed && stream === undefined ? `${json.slice(0, -1)}${json === "{}" ? "" : ","}"stream":true}` : json);
  const bodyRest = insertsModel ? whole(toJson({ ...object, model: undefined })) : "";
  const named = typeof model === "string" ? { model } : {};
  return { kind: Array.isArray(messages) ? Kind.Chat : Kind.Object, body: whole(text), bodyRest, contentType, ...named };
}

function copyOfBytes(payload: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (ArrayBuffer.isView(payload)) {
    return new Uint8Array(new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength));
  }
  // `instanceof` alone would miss a buffer of another realm.
  const isBuffer = payload instanceof ArrayBuffer || Object.prototype.toString.call(payload) === "[object ArrayBuffer]";
  return isBuffer ? new Uint8Array((payload as ArrayBuffer).slice(0)) : undefined;
}

const plain = (payload: object): object => {
  const { toJSON } = payload as { toJSON?: unknown };
  return typeof toJSON === "function" ? (toJSON.call(payload, "") as object) : payload;
};

function toJson(payload: object): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (cause) {
    throw invalid(`payload cannot be serialised to JSON: ${(cause as Error)?.message ?? cause}`, cause);
  }
  // JSON turns a Map, a stream, or a promise that nobody awaited into "{}".
  const prototype: unknown = Object.getPrototypeOf(payload);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (text === undefined || !/^[{[]/.test(text) || (text === "{}" && !isPlain)) {
    throw invalid(`payload must be an object or array that JSON can carry, or bytes, got ${given(payload)}`);
  }
  return text;
}
