/** The three functions for who wants no client: the methods of one that all callers share. */

import { ClientContext } from "../call/context.js";
import { checkedQuery, withReport } from "../call/query.js";
import { checkedStream } from "../call/stream.js";
import type { Payload, QueryOptions, QueryStream, StreamChunk, Target } from "../types/call.js";
import type { ChatCompletion, ChatCompletionChunk, ChatPayload } from "../types/chat.js";
import type { CallReport } from "../types/report.js";

const context = new ClientContext();

/**
 * The JSON answer, text or bytes of one call that survives cold starts, overload and timeouts.
 *
 * Sends the payload to the target by POST. While the model is loading it waits, which spends no
 * retry; errors that may pass are tried again with growing, random pauses, never earlier than the
 * server asks; the rest fail at once. It shares a cold-start gate, a circuit breaker, a retry budget
 * and a concurrency limit with all other calls to the same target that have no client of their own;
 * see `createClient` for what they are.
 *
 * @example
 * const { choices } = await queryWithRetry("meta-llama/Llama-3.1-8B-Instruct", { messages }, { token });
 * @example
 * const [[vector]] = await queryWithRetry<number[][]>("BAAI/bge-small-en-v1.5", { inputs: ["Hello"] }, { token });
 * @param target a model id, an absolute URL, or a {@link TargetSpec}
 * @param payload a JSON object or array, or bytes
 * @returns the answer, read as `options.response` says
 * @throws {QueryError} when there is no answer: `code`, `layer` and `hint` say why and what to do
 * @throws {TypeError} at once, and without a request, for bad input
 * @throws {Error} with the code "wasm_refused", where the platform allows no WebAssembly; its message says how to allow it
 * @throws the reason of `options.signal`, when it aborts
 */
export function queryWithRetry<T = ChatCompletion>(target: Target, payload: ChatPayload, options?: QueryOptions): Promise<T>;
/**
 * The JSON answer, text or bytes of one call that survives cold starts, overload and timeouts.
 *
 * Sends the payload to the target by POST. While the model is loading it waits, which spends no
 * retry; errors that may pass are tried again with growing, random pauses, never earlier than the
 * server asks; the rest fail at once. It shares a cold-start gate, a circuit breaker, a retry budget
 * and a concurrency limit with all other calls to the same target that have no client of their own;
 * see `createClient` for what they are.
 *
 * @example
 * const { choices } = await queryWithRetry("meta-llama/Llama-3.1-8B-Instruct", { messages }, { token });
 * @example
 * const [[vector]] = await queryWithRetry<number[][]>("BAAI/bge-small-en-v1.5", { inputs: ["Hello"] }, { token });
 * @param target a model id, an absolute URL, or a {@link TargetSpec}
 * @param payload a JSON object or array, or bytes
 * @returns the answer, read as `options.response` says
 * @throws {QueryError} when there is no answer: `code`, `layer` and `hint` say why and what to do
 * @throws {TypeError} at once, and without a request, for bad input
 * @throws {Error} with the code "wasm_refused", where the platform allows no WebAssembly; its message says how to allow it
 * @throws the reason of `options.signal`, when it aborts
 */
export function queryWithRetry<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<T>;
export function queryWithRetry<T>(target: Target, payload: Payload, options?: QueryOptions): Promise<T> {
  return checkedQuery(context, target, payload, options);
}

/** The same as {@link queryWithRetry}, with the record of everything that was tried. */
export function queryWithReport<T = ChatCompletion>(
  target: Target,
  payload: ChatPayload,
  options?: QueryOptions,
): Promise<{ data: T; report: CallReport }>;
/** The same as {@link queryWithRetry}, with the record of everything that was tried. */
export function queryWithReport<T = unknown>(target: Target, payload: Payload, options?: QueryOptions): Promise<{ data: T; report: CallReport }>;
export function queryWithReport<T>(target: Target, payload: Payload, options?: QueryOptions): Promise<{ data: T; report: CallReport }> {
  return checkedQuery(context, target, payload, options, withReport);
}

/**
 * A streamed call that survives what {@link queryWithRetry} does, and never ends in silence.
 *
 * It is sent at once, with `stream: true` in the payload, and tried again like any other call as long
 * as nothing was handed over: events before the first text, such as a role, are held back with it. A
 * stream ends well only if it says so (`[DONE]`, a `finish_reason`, a final `generated_text`,
 * `response.completed`, `stop_reason`, `"done": true`); cut before that, or broken by an error event, it rejects with a
 * {@link QueryError} whose `partial` is the text so far, after everything that came was handed over.
 *
 * Nothing is read ahead beyond one piece of the body: a stream that nobody reads makes no progress,
 * and its `report` does not settle. No clock counts the time that your own code takes.
 *
 * @example
 * for await (const piece of streamWithRetry(model, { messages }, { token }).text()) process.stdout.write(piece);
 * @param target a model id, an absolute URL, or a {@link TargetSpec}
 * @param payload a JSON object, or bytes that ask for a stream by themselves
 * @throws {TypeError} at once, and without a request, for bad input; everything else the stream tells, also
 *   times that do not fit together
 */
export function streamWithRetry<T = ChatCompletionChunk>(target: Target, payload: ChatPayload, options?: QueryOptions): QueryStream<T>;
/**
 * A streamed call that survives what {@link queryWithRetry} does, and never ends in silence.
 *
 * It is sent at once, with `stream: true` in the payload, and tried again like any other call as long
 * as nothing was handed over: events before the first text, such as a role, are held back with it. A
 * stream ends well only if it says so (`[DONE]`, a `finish_reason`, a final `generated_text`,
 * `response.completed`, `stop_reason`, `"done": true`); cut before that, or broken by an error event, it rejects with a
 * {@link QueryError} whose `partial` is the text so far, after everything that came was handed over.
 *
 * Nothing is read ahead beyond one piece of the body: a stream that nobody reads makes no progress,
 * and its `report` does not settle. No clock counts the time that your own code takes.
 *
 * @example
 * for await (const piece of streamWithRetry(model, { messages }, { token }).text()) process.stdout.write(piece);
 * @param target a model id, an absolute URL, or a {@link TargetSpec}
 * @param payload a JSON object, or bytes that ask for a stream by themselves
 * @throws {TypeError} at once, and without a request, for bad input; everything else the stream tells, also
 *   times that do not fit together
 */
export function streamWithRetry<T = StreamChunk>(target: Target, payload: Payload, options?: QueryOptions): QueryStream<T>;
export function streamWithRetry<T>(target: Target, payload: Payload, options?: QueryOptions): QueryStream<T> {
  return checkedStream(context, target, payload, options);
}
