/** One call, between the caller and the core. */

import { type Facts, readError, readSuccess } from "./answer.js";
import { Body } from "./body.js";
import type { CallerSignal } from "./caller-signal.js";
import { type CoreRequest, type CoreTarget, How, type Located, type Row } from "./core-request.js";
import { QueryError } from "./error.js";
import type { EventStream } from "./event-stream.js";
import { run } from "./instance.js";
import { given, invalid } from "./invalid.js";
import { codes, outcome, profiles, reasons } from "./names.js";
import { headerPairs } from "./options.js";
import { outgoing } from "./outgoing.js";
import { freeze } from "./payload.js";
import { toReport } from "./report.js";
import { Secrets } from "./secrets.js";
import { takeApart } from "./target.js";
import type { CallEvent, CallReport, ErrorCode, Payload, QueryOptions, Target, WaitReason } from "./types.js";

export class Call {
  answer: unknown;
  #detail = "";
  readonly #secrets = new Secrets();
  readonly #labels: string[];
  readonly #requestIds: string[] = [];
  readonly #request: CoreRequest;
  readonly #caller: CallerSignal;
  readonly #tell: (event: CallEvent) => void;
  readonly #stream: EventStream<unknown> | undefined;
  #body: Body | undefined;
  #firstTokenMs: number | undefined;

  /** `stream` takes the events of a streamed call. */
  constructor(target: Target, payload: Payload, options: QueryOptions, caller: CallerSignal, stream?: EventStream<unknown>) {
    const { maxRetries, token, onEvent, fallback = [], loading = {}, timeouts = {} } = options;
    // A stream that is answered in one piece is one event, and an event is JSON.
    const wanted = stream ? "json" : (options.response ?? "auto");
    const targets = [takeApart(target, "target"), ...fallback.map((other, index) => takeApart(other, `fallback[${index}]`))];
    const frozen = freeze(payload, targets.some(({ model }) => model !== ""), stream !== undefined);
    // The first of a name counts, so what the caller says comes before what we would.
    const headers = [...headerPairs(options.headers, "headers"), ...frozen.contentType];
    if (options.response === "json") headers.push(["accept", "application/json"]);
    const common = { headers, token, payload: frozen };
    const at = (index: number) => targets[index] as CoreTarget;
    const located: Located[] = [];
    const tell = listener(onEvent);
    let isError = false;
    this.#tell = tell;
    this.#stream = stream;
    this.#caller = caller;
    this.#labels = targets.map(({ label }) => label);
    const { hold } = loading;
    const numbers = [
      maxRetries,
      loading.maxWaitMs,
      loading.defaultWaitMs,
      hold === true ? Infinity : hold || NaN,
      timeouts.connectMs,
      timeouts.firstByteMs,
      timeouts.idleMs,
      timeouts.attemptMs,
      timeouts.totalMs,
    ];
    this.#request = {
      targets: targets.length,
      part: (index, part) => [at(index).origin, at(index).path, at(index).model][part] ?? "",
      profile: (index) => profiles.indexOf(at(index).profile as never),
      number: (which) => numbers[which] ?? NaN,
      kind: frozen.kind,
      abort: caller.promise,
      get aborted() {
        return caller.aborted;
      },
      streamed: stream !== undefined,
      locate: (index, url, model, shares) => void (located[index] = { url, model, shares }),
      outgoing: (index, ...hold) => {
        this.#detail = "";
        this.#body = undefined;
        return outgoing(at(index), located[index] as Located, common, this.#secrets, ...hold);
      },
      landed: (attempt, { headers }) => {
        // The order of huggingface_hub: the router's own id first, then those of its proxies.
        const id = ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].map((name) => headers?.get(name)).find(Boolean);
        if (id) this.#requestIds[attempt - 1] = this.#secrets.blankOut(id);
        // What promises nothing may be one; what promises JSON or a page is none.
        return stream !== undefined && !/json|html/i.test(headers?.get("content-type") ?? "");
      },
      read: async (response, limit) => {
        const body = (this.#body = new Body(response));
        isError = limit !== Infinity;
        try {
          await body.collect(limit);
        } catch (error) {
          // An error body that was cut has still said something.
          if (!isError || body.pieces.length === 0) throw error;
        }
        if (isError) return this.#said(readError(body.pieces));
        const { value, facts } = readSuccess(body.pieces, response.headers?.get("content-type") ?? "", wanted);
        this.answer = value;
        return this.#said(facts);
      },
      soFar: () => (isError && this.#body?.pieces.length ? this.#said(readError(this.#body.pieces)) : undefined),
      stream: async (response, feed) => {
        isError = false;
        const facts = await stream?.run((this.#body = new Body(response)), (piece) => {
          try {
            feed(piece);
          } catch (cause) {
            this.#request.crash(cause);
          }
        });
        return facts && this.#said(facts);
      },
      events: (...given) => stream?.take(...given) ?? 0,
      begin: (ms) => {
        this.#firstTokenMs = ms;
        tell({ type: "first_token", ms });
        stream?.begin();
      },
      rest: () => this.#body?.rest(),
      stop: () => {
        stream?.stop();
        this.#body?.stop();
      },
      body: () => this.#body,
      tellAttempt: (attempt, target) =>
        tell({ type: "attempt", attempt, target: at(target).label, url: (located[target] as Located).url }),
      tellResponse: (attempt, status, ended) => tell({ type: "response", attempt, status, outcome: outcome(ended) }),
      tellWait: (reason, ms, attempt, target, estimatedMs) => {
        const event = { type: "wait", reason: reasons[reason] as WaitReason, ms, attempt, target: at(target).label } as const;
        tell(Number.isNaN(estimatedMs) ? event : { ...event, estimatedMs });
      },
      tellFallback: (to, why) => tell({ type: "fallback", from: at(to - 1).label, to: at(to).label, why: codes[why] as ErrorCode }),
      settle: () => {},
      refused: (index, why) => {
        const name = index === 0 ? "target" : `fallback[${index - 1}]`;
        this.#request.settle(How.Threw, invalid(`${name} ${given(at(index).label)} ${why}`));
      },
      inverted: (inner, innerMs, outer, outerMs, isDefault) => {
        const remedy = isDefault ? ", its default): raise that as well" : ")";
        this.#request.settle(How.Threw, invalid(`${inner} (${innerMs}) is above ${outer} (${outerMs}${remedy}`));
      },
      crash: () => {},
    };
  }

  async run(): Promise<CallReport> {
    const settled = await run(this.#request).catch((error) => {
      this.#request.stop(); // a core that stopped stops nothing
      throw error;
    });
    switch (settled[0]) {
      case How.Ok: {
        if (this.#stream?.begun === false) {
          this.#stream.give(this.answer); // it came in one piece
          this.#request.begin(settled[1][0] as number);
        }
        return this.#succeeded(settled[1]);
      }
      case How.Failed: {
        const [, report, failure] = settled;
        throw this.#failed(new QueryError(failure, this.#report(report), this.#detail, this.#stream?.begun ? this.#stream.text : ""));
      }
      case How.Threw:
        throw this.#failed(settled[1]);
      case How.Aborted:
        // A reader that leaves a stream has what it wants.
        if (this.#caller.left) return this.#succeeded(settled[1]);
        throw this.#failed(this.#caller.signal?.reason);
    }
  }

  #report(row: Row): CallReport {
    return toReport(row, this.#labels, this.#requestIds, this.#firstTokenMs);
  }

  #succeeded(row: Row): CallReport {
    const report = this.#report(row);
    this.#tell({ type: "success", report });
    return report;
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
