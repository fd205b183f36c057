/**
 * The management API's JSON, read and written.
 *
 * Sources: huggingface_hub's `hf_api.py` (routes and the body of an update), `_inference_endpoints.py` (states) and
 * `tests/test_inference_endpoints.py` (a recorded answer), all in https://github.com/huggingface/huggingface_hub.
 */

import type { Secrets } from "../http/redact.js";
import { parsedUrl } from "../input/platform.js";
import type { Endpoint, Scaling } from "../types/endpoints.js";

/** An endpoint, and what callers do not need of it. */
export interface Seen {
  endpoint: Endpoint;
  /** The path of its health route, below its address. */
  healthRoute: string;
}

const MOST_WORDS = 2_000;

type Json = Record<string, any>;

/** Whether the name is one segment of a path. A name of dots alone would change the path when the URL is parsed. */
export const isName = (name: unknown): name is string => typeof name === "string" && /^(?!\.+$)[\w.-]{1,200}$/.test(name);

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

const count = (value: unknown): number => (Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0);

/** Undefined if the JSON describes no endpoint. The message will be shown, so secrets in it are blanked out. */
export function endpointOf(json: unknown, secrets: Secrets): Seen | undefined {
  if (!isObject(json) || !isObject(json["status"])) return undefined;
  const { name, status, compute, healthRoute } = json as { name: unknown; status: Json; compute?: Json; healthRoute?: unknown };
  const { state, url, readyReplica } = status;
  // Name and state are shown, and the name becomes part of a path.
  if (!isName(name) || typeof state !== "string" || !/^[\w-]{1,40}$/.test(state)) return undefined;
  const { minReplica, maxReplica } = (isObject(compute) && isObject(compute["scaling"]) ? compute["scaling"] : {}) as Json;
  const shown = (text: unknown) => (typeof text === "string" ? secrets.blankOut(text.slice(0, MOST_WORDS * 2)).slice(0, MOST_WORDS) : "");
  const address = addressOf(url);
  const message = shown(status["errorMessage"]) || shown(status["message"]);
  return {
    endpoint: {
      name,
      state: state as Endpoint["state"],
      ...(address && { url: address }),
      ...(message && { message }),
      replicas: { ready: count(readyReplica), min: count(minReplica), max: count(maxReplica) },
    },
    healthRoute: typeof healthRoute === "string" ? healthRoute : "/health",
  };
}

/** Undefined if one of the items is no endpoint, because a list with a gap cannot be relied on. */
export function listOf(json: unknown, secrets: Secrets): Seen[] | undefined {
  const items: unknown = isObject(json) && json["items"];
  const all = Array.isArray(items) ? items.map((item) => endpointOf(item, secrets)) : [undefined];
  return all.includes(undefined) ? undefined : (all as Seen[]);
}

/** The address as the API writes it. Undefined if `fetch` would refuse it. */
function addressOf(url: unknown): string | undefined {
  const parsed = typeof url === "string" ? parsedUrl(url) : undefined;
  const isUsable = parsed && /^https?:$/.test(parsed.protocol) && !parsed.username && !parsed.password;
  return isUsable ? (url as string) : undefined;
}

/** An address without its query and the slash at its end. */
export const trimmed = (url: string): string => url.replace(/[?#].*$/s, "").replace(/\/+$/, "");

/** The body of an update. The API changes only the members that it names. */
export function updateOf({ minReplicas, maxReplicas, scaleToZeroMinutes, metric, threshold }: Scaling): string {
  const scaling = {
    minReplica: minReplicas,
    maxReplica: maxReplicas,
    scaleToZeroTimeout: scaleToZeroMinutes,
    measure: metric && { [metric]: threshold },
  };
  return JSON.stringify({ compute: { scaling } });
}
