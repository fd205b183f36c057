/** One request of a batch: a call that is not repeated where a smaller one may get through. */

import type { Asked } from "../call/description.js";
import type { ClientContext } from "../call/context.js";
import { Query, withReport } from "../call/query.js";
import type { QueryError } from "../errors/query-error.js";
import type { QueryOptions } from "../types/call.js";
import type { CallReport, ErrorCode, Layer } from "../types/report.js";
import { codes, layers, outcome } from "../wasm/enums.js";
import { How, type Settled } from "../wasm/protocol.js";

/** The server ran out of memory: by a status of 400 to 499, which is about this request, or in its words. */
export const isOutOfMemory = (code: unknown, status = 0, detail = ""): boolean =>
  code === "engine_failure" && ((status >= 400 && status < 500) || /out of ?memory|more system memory/i.test(detail));

export interface Answer {
  data: unknown;
  report: CallReport;
}

export class Request extends Query {
  isSent = false;
  /** What it ends with, in place of another try or of being sent. */
  #end: { code: ErrorCode; layer: Layer; status?: number } | undefined;
  #left: unknown;

  constructor(
    context: ClientContext,
    asked: Asked,
    options: QueryOptions,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
    /** Its inputs can be asked again in smaller requests, or have been asked in a larger one. */
    readonly isSplit: boolean,
    readonly sent: () => void,
  ) {
    super(context, asked, options, resolve as () => void, reject, withReport);
  }

  override tellAttempt(attempt: number, target: number): void {
    super.tellAttempt(attempt, target);
    this.isSent = true;
    this.sent();
  }

  override tellResponse(...response: [attempt: number, status: number, ended: number]): void {
    super.tellResponse(...response);
    const [, status, ended] = response;
    // The same request would run out of memory again, and a fallback is asked for nothing less.
    if (!this.isSplit || !isOutOfMemory(outcome(ended), status, this.reader.detail)) return;
    this.#end = { code: "engine_failure", layer: "compute", status };
    this.broke(undefined);
  }

  /** It waits for its turn, and the target has failed as a whole meanwhile. */
  drop({ code, layer, detail = "" }: QueryError): void {
    this.#end = { code, layer };
    this.reader.detail = detail;
    this.broke(undefined);
  }

  /** Nobody waits for it any more. */
  leave(): void {
    this.#left ??= new DOMException("nobody waits for it any more", "AbortError");
    this.broke(undefined);
  }

  override settle(...settled: Settled): void {
    const end = this.#end;
    if (settled[0] !== How.Aborted || this.caller?.aborted || !(end ?? this.#left)) return super.settle(...settled);
    if (!end) return super.settle(How.Threw, this.#left);
    const { code, layer, status = 0 } = end;
    super.settle(How.Failed, settled[1], [status ? 1 : 0, status, NaN, codes.indexOf(code as "timeout"), layers.indexOf(layer), NaN]);
  }
}
