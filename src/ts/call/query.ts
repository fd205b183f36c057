import { isOurs, rejection } from "../errors/rejection.js";
import { checkOptions, headerPairs } from "../input/options.js";
import { freeze } from "../input/payload.js";
import { takeApart } from "../input/target.js";
import type { Payload, QueryOptions, Target } from "../types/call.js";
import type { CallReport } from "../types/report.js";
import { Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { type ClientContext, withModel } from "./context.js";
import type { Asked } from "./description.js";
import { ResponseReader } from "./response.js";

/** What is sent: told apart and copied, so that what the caller changes afterwards changes nothing. */
export function ask(context: ClientContext, target: Target, payload: Payload, options: QueryOptions, streamed: boolean): Asked {
  const { fallback = [], response, headers } = options;
  const others = fallback.map((other, index) => takeApart(other, `fallback[${index}]`));
  const isName = typeof target === "string";
  const named = isName ? context.remembered(target) : takeApart(target, "target");
  const insertsModel = [named, ...others].some(({ model }) => model !== "");
  const frozen = freeze(payload, insertsModel, streamed);
  const first = isName && frozen.model ? context.remembered(target, frozen.model) : withModel(named, frozen.model);
  const targets = [first, ...others.map((one) => withModel(one, frozen.model))];
  // The first of a name counts, so what the caller says comes before what we would.
  const all = headers ? [...headerPairs(headers, "headers"), ...frozen.contentType] : frozen.contentType;
  return { targets, payload: frozen, headers: response === "json" ? [...all, ["accept", "application/json"]] : all };
}

export class Query extends Call {
  constructor(
    context: ClientContext,
    asked: Asked,
    options: QueryOptions,
    readonly resolve: (data: unknown) => void,
    readonly reject: (error: unknown) => void,
    /** Makes of it what the caller gets; without it nobody wants the report. */
    readonly made?: (data: unknown, report: CallReport) => unknown,
    reader = new ResponseReader(undefined, options.response),
  ) {
    super(context, asked, options, options.signal && new CallerSignal(options.signal), reader);
  }

  override get quiet(): boolean {
    return !this.made && super.quiet;
  }

  protected override done(report: CallReport): void {
    const answer = this.reader.answer;
    this.resolve(this.made ? this.made(answer, report) : answer);
  }

  protected override failed(error: unknown): void {
    if (isOurs(error)) this.resolve(rejection(error));
    else this.reject(error);
  }
}

/** A call for its answer. */
function query<T>(
  context: ClientContext,
  target: Target,
  payload: Payload,
  given: QueryOptions | undefined,
  made?: (data: unknown, report: CallReport) => unknown,
): Promise<T> {
  const options = context.settings(given);
  const asked = ask(context, target, payload, options, false);
  return new Promise<T>((resolve, reject) => new Query(context, asked, options, resolve as () => void, reject, made).run());
}

export const withReport = (data: unknown, report: CallReport): unknown => ({ data, report });

/** Bad input is a rejection as well. */
export function checkedQuery<T>(
  context: ClientContext,
  target: Target,
  payload: Payload,
  options: QueryOptions | undefined,
  made?: typeof withReport,
): Promise<T> {
  try {
    if (options !== undefined) checkOptions(options, "options");
    return query(context, target, payload, options, made);
  } catch (error) {
    return Promise.reject(error);
  }
}
