import type { CoreRequest } from "./core-request.js";
import { QueryError } from "./error.js";
import { run } from "./instance.js";
import { invalid } from "./invalid.js";
import { checkOptions, headerPairs } from "./options.js";
import { freeze } from "./payload.js";
import { takeApart } from "./target.js";
import type { CallEvent, CallReport, Payload, QueryOptions, Target } from "./types.js";

/**
 * The JSON answer, text or bytes of one call that survives cold starts, overload and timeouts.
 *
 * Sends the payload to the target by POST. While the model is loading it waits, which spends no
 * retry; errors that may pass are tried again with growing, random pauses, never earlier than the
 * server asks; the rest fail at once.
 *
 * @param target a model id, an absolute URL, or a {@link TargetSpec}
 * @param payload a JSON object or array, or bytes
 * @returns the answer, read as `options.response` says
 * @throws {QueryError} when there is no answer: `code`, `layer` and `hint` say why and what to do
 * @throws {TypeError} at once, and without a request, for bad input
 * @throws the reason of `options.signal`, when it aborts
 */
export async function queryWithRetry<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<T> {
  return (await queryWithReport<T>(target, payload, options)).data;
}

/** The same as {@link queryWithRetry}, with the record of everything that was tried. */
export async function queryWithReport<T = unknown>(
  target: Target,
  payload: Payload,
  options: QueryOptions = {},
): Promise<{ data: T; report: CallReport }> {
  const request = prepare(target, payload, options);
  options.signal?.throwIfAborted();
  const tell = request.tell;
  const fail = (error: unknown) => {
    tell?.({ type: "failure", error });
    return error;
  };
  const settled = await run(request);
  switch (settled[0]) {
    case "ok":
      tell?.({ type: "success", report: settled[2] });
      return { data: settled[1] as T, report: settled[2] };
    case "failed":
      throw fail(new QueryError(settled[1]));
    case "threw":
      throw fail(settled[1]);
    case "invalid":
      throw invalid(settled[1]);
  }
}

function prepare(target: Target, payload: Payload, options: QueryOptions): CoreRequest {
  checkOptions(options, "options");
  const fallback = (options.fallback ?? []).map((target, index) => takeApart(target, `fallback[${index}]`));
  const targets = [takeApart(target, "target"), ...fallback];
  const { contentType, ...body } = freeze(payload, targets.some((target) => target.model !== undefined));
  const response = options.response ?? "auto";
  const accept: typeof contentType = response === "json" ? [["accept", "application/json"]] : [];
  const { maxRetries, signal, token } = options;
  const { maxWaitMs, defaultWaitMs, hold } = options.loading ?? {};
  return {
    ...body,
    ...options.timeouts,
    targets,
    // The core takes the first of a name, so what the caller says comes before what we would.
    headers: [...headerPairs(options.headers, "headers"), ...contentType, ...accept],
    token,
    response,
    signal,
    tell: listener(options.onEvent),
    maxRetries,
    maxWaitMs,
    defaultWaitMs,
    hold,
  };
}

function listener(onEvent: QueryOptions["onEvent"]): CoreRequest["tell"] {
  return (
    onEvent &&
    ((event: CallEvent) => {
      try {
        onEvent(event);
      } catch (error) {
        console.error("query-with-retry: onEvent threw", error);
      }
    })
  );
}
