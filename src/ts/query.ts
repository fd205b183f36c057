import { type Facts, readError, readSuccess } from "./answer.js";
import type { CoreRequest, CoreTarget } from "./core-request.js";
import { QueryError } from "./error.js";
import { run } from "./instance.js";
import { given, invalid } from "./invalid.js";
import { checkOptions, headerPairs } from "./options.js";
import { outgoing } from "./outgoing.js";
import { freeze } from "./payload.js";
import { Secrets } from "./secrets.js";
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
  checkOptions(options, "options");
  const call = new Call(target, payload, options);
  options.signal?.throwIfAborted();
  const report = await call.run();
  return { data: call.answer as T, report };
}

/** One call, between the caller and the core. */
class Call {
  answer: unknown;
  #detail = "";
  readonly #secrets = new Secrets();
  readonly #request: CoreRequest;

  constructor(target: Target, payload: Payload, options: QueryOptions) {
    const { maxRetries, signal, token, onEvent, response = "auto", fallback = [], loading = {}, timeouts } = options;
    const targets = [takeApart(target, "target"), ...fallback.map((other, index) => takeApart(other, `fallback[${index}]`))];
    const frozen = freeze(payload, targets.some(({ model }) => model !== undefined));
    // The first of a name counts, so what the caller says comes before what we would.
    const headers = [...headerPairs(options.headers, "headers"), ...frozen.contentType];
    if (response === "json") headers.push(["accept", "application/json"]);
    const common = { headers, token, payload: frozen };
    this.#request = {
      ...timeouts,
      targets,
      kind: frozen.kind,
      signal,
      tell: onEvent && listener(onEvent),
      maxRetries,
      maxWaitMs: loading.maxWaitMs,
      defaultWaitMs: loading.defaultWaitMs,
      holdMs: loading.hold === true ? Infinity : loading.hold || undefined,
      outgoing: (index, ...how) => {
        this.#detail = "";
        return outgoing(targets[index] as CoreTarget, common, this.#secrets, ...how);
      },
      incoming: (pieces, { headers }, succeeded) => {
        if (!succeeded) return this.#said(readError(pieces));
        const { value, facts } = readSuccess(pieces, headers.get("content-type") ?? "", response);
        this.answer = value;
        return this.#said(facts);
      },
    };
  }

  async run(): Promise<CallReport> {
    const { targets, tell } = this.#request;
    const settled = await run(this.#request);
    switch (settled[0]) {
      case "ok":
        tell?.({ type: "success", report: settled[1] });
        return settled[1];
      case "refused": {
        const [, index, why] = settled;
        const { model, shown } = targets[index] as CoreTarget;
        throw invalid(`${index === 0 ? "target" : `fallback[${index - 1}]`} ${given(model ?? shown)} ${why}`);
      }
      case "inverted": {
        const [, inner, innerMs, outer, outerMs, isDefault] = settled;
        throw invalid(`${inner} (${innerMs}) is above ${outer} (${outerMs}${isDefault ? ", its default): raise that as well" : ")"}`);
      }
      case "failed":
      case "threw": {
        const error = settled[0] === "failed" ? new QueryError(settled[1], this.#detail) : settled[1];
        tell?.({ type: "failure", error });
        throw error;
      }
    }
  }

  #said(facts: Facts): Facts {
    this.#detail = this.#secrets.blankOut(facts.detail).slice(0, 2000);
    return facts;
  }
}

function listener(onEvent: NonNullable<QueryOptions["onEvent"]>): (event: CallEvent) => void {
  return (event) => {
    try {
      onEvent(event);
    } catch (error) {
      console.error("query-with-retry: onEvent threw", error);
    }
  };
}
