/** Checks what callers give, before anything is sent. */

import { given, invalid } from "../errors/invalid.js";
import { callback, type Check, checkOptions, count, ofTarget, oneOf, shape, share, whole } from "../input/options.js";
import { takeApart } from "../input/target.js";
import type { QueryOptions } from "../types/call.js";
import type { EndpointsOptions, Scaling } from "../types/endpoints.js";
import { isName } from "./wire.js";

/** The default of `url`. It is `INFERENCE_ENDPOINTS_ENDPOINT` of huggingface_hub. */
const API = "https://api.endpoints.huggingface.cloud/v2";

/** A slash in a name is a mistake (`namespace/name`), or an attempt to reach another path. */
export function checkName(name: unknown, what = "name"): string {
  if (isName(name)) return name;
  throw invalid(`${what} must be of letters, digits, "-", "_" and ".", without a slash, got ${given(name)}`);
}

const checkMembers = shape({
  minReplicas: whole,
  maxReplicas: count,
  scaleToZeroMinutes: (value, name) => value === null || count(value, name),
  metric: oneOf("hardwareUsage", "pendingRequests"),
  threshold: share,
});

export function checkScaling(scaling: Scaling): void {
  checkMembers(scaling, "scaling");
  const { minReplicas = 0, maxReplicas = Infinity, metric, threshold = NaN } = scaling;
  if (JSON.stringify(scaling) === "{}") throw invalid("scaling must say what to change");
  if (minReplicas > maxReplicas) throw invalid(`scaling.minReplicas (${minReplicas}) is above scaling.maxReplicas (${maxReplicas})`);
  if ((metric === undefined) !== Number.isNaN(threshold)) throw invalid("scaling.metric and scaling.threshold are given together");
  if (metric === "hardwareUsage" && (threshold <= 1 || threshold > 100))
    throw invalid(`scaling.threshold of hardwareUsage is a percentage, such as 60, got ${threshold}`);
}

const { url, token } = ofTarget as { url: Check; token: Check };

const checkAll = shape({
  namespace: (value) => void checkName(value, "namespace"),
  token,
  url,
  fetch: callback,
  names: (value) => {
    for (const [url, name] of Object.entries(value)) {
      takeApart({ url }, "names");
      checkName(name, "names");
    }
  },
});

/** The URL of the API, without a slash at its end. */
export function checkEndpoints(options: EndpointsOptions): { base: string; origin: string } {
  checkAll(options, "options");
  checkName(options.namespace, "namespace");
  token(options.token, "token");
  const { origin, path } = takeApart({ url: options.url ?? API }, "options");
  return { base: origin + path.replace(/\/+$/, ""), origin };
}

/** Refuses options that apply only to models, so that nobody relies on them here. */
export function checkCall(options: QueryOptions = {}): QueryOptions {
  checkOptions(options, "options");
  for (const name of ["fallback", "loading", "response"] as const) {
    if (options[name] !== undefined) throw invalid(`${name} is for calls to models`);
  }
  return options;
}
