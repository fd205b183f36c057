import { type Facts, readError, readSuccess } from "./answer.js";
import { CallerSignal } from "./caller-signal.js";
import type { CoreRequest, CoreTarget, Located } from "./core-request.js";
import { QueryError } from "./error.js";
import { run } from "./instance.js";
import { given, invalid } from "./invalid.js";
import { checkOptions, headerPairs } from "./options.js";
import { outgoing } from "./outgoing.js";
import { freeze } from "./payload.js";
import { toReport } from "./report.js";
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

/** One call, between the caller and the core. */
class Call {
  answer: unknown;
  #detail = "";
  readonly #secrets = new Secrets();
  readonly #labels: string[];
  readonly #requestIds: string[] = [];
  readonly #request: CoreRequest;
  readonly #caller: CallerSignal;
  readonly #tell: (event: CallEvent) => void;

  constructor(target: Target, payload: Payload, options: QueryOptions, caller: CallerSignal) {
    const { maxRetries = NaN, token, onEvent, response = "auto", fallback = [], loading = {}, timeouts = {} } = options;
    const targets = [takeApart(target, "target"), ...fallback.map((other, index) => takeApart(other, `fallback[${index}]`))];
    const frozen = freeze(payload, targets.some(({ model }) => model !== ""));
    // The first of a name counts, so what the caller says comes before what we would.
    const headers = [...headerPairs(options.headers, "headers"), ...frozen.contentType];
    if (response === "json") headers.push(["accept", "application/json"]);
    const common = { headers, token, payload: frozen };
    const at = (index: number) => targets[index] as CoreTarget;
    const located: Located[] = [];
    const tell = listener(onEvent);
    this.#tell = tell;
    this.#caller = caller;
    this.#labels = targets.map(({ label }) => label);
    this.#request = {
      targets,
      kind: frozen.kind,
      abort: caller.promise,
      get aborted() {
        return caller.signal?.aborted ?? false;
      },
      maxRetries,
      maxWaitMs: loading.maxWaitMs ?? NaN,
      defaultWaitMs: loading.defaultWaitMs ?? NaN,
      holdMs: loading.hold === true ? Infinity : loading.hold || NaN,
      connectMs: timeouts.connectMs ?? NaN,
      firstByteMs: timeouts.firstByteMs ?? NaN,
      idleMs: timeouts.idleMs ?? NaN,
      attemptMs: timeouts.attemptMs ?? NaN,
      totalMs: timeouts.totalMs ?? NaN,
      locate: (index, url, model, shares) => void (located[index] = { url, model, shares }),
      outgoing: (index, ...hold) => {
        this.#detail = "";
        return outgoing(at(index), located[index] as Located, common, this.#secrets, ...hold);
      },
      landed: (attempt, { headers }) => {
        // The order of huggingface_hub: the router's own id first, then those of its proxies.
        const id = ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].map((name) => headers?.get(name)).find(Boolean);
        if (id) this.#requestIds[attempt - 1] = this.#secrets.blankOut(id);
      },
      incoming: (pieces, { headers }, succeeded) => {
        if (!succeeded) return this.#said(readError(pieces));
        const { value, facts } = readSuccess(pieces, headers?.get("content-type") ?? "", response);
        this.answer = value;
        return this.#said(facts);
      },
      tellAttempt: (attempt, target) =>
        tell({ type: "attempt", attempt, target: at(target).label, url: (located[target] as Located).url }),
      tellResponse: (attempt, status, outcome) => tell({ type: "response", attempt, status, outcome }),
      tellWait: (reason, ms, attempt, target, estimatedMs) => {
        const event = { type: "wait", reason, ms, attempt, target: at(target).label } as const;
        tell(Number.isNaN(estimatedMs) ? event : { ...event, estimatedMs });
      },
      tellFallback: (to, why) => tell({ type: "fallback", from: at(to - 1).label, to: at(to).label, why }),
      settle: () => {},
    };
  }

  async run(): Promise<CallReport> {
    const settled = await run(this.#request);
    switch (settled[0]) {
      case "ok": {
        const report = toReport(settled[1], this.#labels, this.#requestIds);
        this.#tell({ type: "success", report });
        return report;
      }
      case "refused": {
        const [, index, why] = settled;
        throw invalid(`${index === 0 ? "target" : `fallback[${index - 1}]`} ${given(this.#labels[index])} ${why}`);
      }
      case "inverted": {
        const [, inner, innerMs, outer, outerMs, isDefault] = settled;
        throw invalid(`${inner} (${innerMs}) is above ${outer} (${outerMs}${isDefault ? ", its default): raise that as well" : ")"}`);
      }
      case "failed": {
        const [, report, failure] = settled;
        throw this.#failed(new QueryError(failure, toReport(report, this.#labels, this.#requestIds), this.#detail));
      }
      case "threw":
        throw this.#failed(settled[1]);
      case "aborted":
        throw this.#failed(this.#caller.signal?.reason);
    }
  }

  #failed(error: unknown): unknown {
    this.#tell({ type: "failure", error });
    return error;
  }

  #said(facts: Facts): Facts {
    this.#detail = this.#secrets.blankOut(facts.detail).slice(0, 2000);
    return facts;
  }
}

function listener(onEvent: QueryOptions["onEvent"]): (event: CallEvent) => void {
  return (event) => {
    try {
      onEvent?.(event);
    } catch (error) {
      console.error("query-with-retry: onEvent threw", error);
    }
  };
}
