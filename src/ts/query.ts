import { type Asked, Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { headerPairs } from "./options.js";
import { freeze } from "./payload.js";
import type { Shared } from "./shared.js";
import { takeApart } from "./target.js";
import type { CallReport, Payload, QueryOptions, Target } from "./types.js";

/** What is sent: told apart and copied, so that what the caller changes afterwards changes nothing. */
export function ask(shared: Shared, target: Target, payload: Payload, options: QueryOptions, streamed: boolean): Asked {
  const { fallback = [], response, headers } = options;
  const first = typeof target === "string" ? shared.remembered(target) : takeApart(target, "target");
  const targets = [first, ...fallback.map((other, index) => takeApart(other, `fallback[${index}]`))];
  const frozen = freeze(
    payload,
    targets.some(({ model }) => model !== ""),
    streamed,
  );
  // The first of a name counts, so what the caller says comes before what we would.
  const all = headers ? [...headerPairs(headers, "headers"), ...frozen.contentType] : frozen.contentType;
  return { targets, payload: frozen, headers: response === "json" ? [...all, ["accept", "application/json"]] : all };
}

class Query extends Call {
  constructor(
    shared: Shared,
    asked: Asked,
    options: QueryOptions,
    readonly resolve: (data: unknown) => void,
    protected override readonly failed: (error: unknown) => void,
    /** Makes of it what the caller gets; without it nobody wants the report. */
    readonly made?: (data: unknown, report: CallReport) => unknown,
  ) {
    super(shared, asked, options, options.signal && new CallerSignal(options.signal));
  }

  override get quiet(): boolean {
    return !this.made && super.quiet;
  }

  protected override done(report: CallReport): void {
    this.resolve(this.made ? this.made(this.answer, report) : this.answer);
  }
}

/** A call for its answer. */
export function query<T>(
  shared: Shared,
  target: Target,
  payload: Payload,
  given: QueryOptions | undefined,
  made?: (data: unknown, report: CallReport) => unknown,
): Promise<T> {
  const options = shared.settings(given);
  const asked = ask(shared, target, payload, options, false);
  return new Promise<T>((resolve, reject) => new Query(shared, asked, options, resolve as () => void, reject, made).run());
}
