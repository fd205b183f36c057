import { Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { checkOptions } from "./options.js";
import type { CallReport, Payload, QueryOptions, Target } from "./types.js";

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
  checkOptions(options, "options");
  const caller = new CallerSignal(options.signal);
  try {
    const call = new Call(target, payload, options, caller);
    options.signal?.throwIfAborted();
    const report = await call.run();
    return { data: call.answer as T, report };
  } finally {
    caller.unlink();
  }
}
