import { type Asked, Call } from "./call.js";
import { CallerSignal } from "./caller-signal.js";
import { headerPairs } from "./options.js";
import { freeze } from "./payload.js";
import type { Shared } from "./shared.js";
import { takeApart } from "./target.js";
import type { CallReport, Payload, QueryOptions, Target } from "./types.js";

/** What is sent: told apart and copied, so that what the caller changes afterwards changes nothing. */
export function ask(target: Target, payload: Payload, options: QueryOptions, streamed: boolean): Asked {
  const { fallback = [], response } = options;
  const targets = [takeApart(target, "target"), ...fallback.map((other, index) => takeApart(other, `fallback[${index}]`))];
  const frozen = freeze(payload, targets.some(({ model }) => model !== ""), streamed);
  // The first of a name counts, so what the caller says comes before what we would.
  const headers = [...headerPairs(options.headers, "headers"), ...frozen.contentType];
  if (response === "json") headers.push(["accept", "application/json"]);
  return { targets, payload: frozen, headers };
}

/** A call for its answer; `made` makes of it what the caller gets, and without it nobody wants the report. */
export function query<T>(
  shared: Shared,
  target: Target,
  payload: Payload,
  given: QueryOptions | undefined,
  made?: (data: unknown, report: CallReport) => unknown,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const options = shared.settings(given);
    const asked = ask(target, payload, options, false);
    const caller = options.signal && new CallerSignal(options.signal);
    const ends = { resolve: (report: CallReport) => resolve((made ? made(call.answer, report) : call.answer) as T), reject };
    const call = new Call(shared, asked, options, caller, ends, undefined, made !== undefined);
    call.run();
  });
}
