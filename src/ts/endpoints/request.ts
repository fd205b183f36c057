/** One request to the management API. It is a call like any other, but its answer must have the expected shape. */

import type { ClientContext } from "../call/context.js";
import { Query, withReport } from "../call/query.js";
import { ResponseReader } from "../call/response.js";
import type { Body } from "../http/body.js";
import type { Secrets } from "../http/redact.js";
import { headerPairs } from "../input/options.js";
import { takeApart } from "../input/target.js";
import type { QueryOptions } from "../types/call.js";
import type { CallReport } from "../types/report.js";
import { type Bytes, type HeaderPairs, Kind, type Read, Wanted } from "../wasm/protocol.js";

/** Returns undefined if the JSON is not what was asked for. */
export type Shape<T> = (json: unknown, secrets: Secrets) => T | undefined;

class ShapedReader<T> extends ResponseReader {
  constructor(private readonly shape: Shape<T>) {
    super(undefined, "json");
  }

  /** The description of a failed endpoint is an answer, whatever it says. */
  override get wanted(): Wanted {
    return Wanted.Lookup;
  }

  protected override async success(response: Response, body: Body, feed: (piece?: Bytes) => number): Promise<Read> {
    this.answer = undefined;
    const read = await super.success(response, body, feed);
    if (this.answer === undefined) return read;
    this.answer = this.shape(this.answer, this.secrets);
    return this.answer === undefined ? "JSON that is no endpoint" : read;
  }
}

export interface Answered<T> {
  data: T;
  report: CallReport;
}

/**
 * The clocks, the retries and the `onEvent` of the client apply. Its headers and fallbacks do not, because they are for models. A
 * redirect is refused, because the other server would get the token, and its answer would be believed.
 */
export function ask<T>(
  context: ClientContext,
  method: string,
  url: string,
  body: string | undefined,
  options: QueryOptions,
  shape: Shape<T>,
): Promise<Answered<T>> {
  const settings = context.settings(options);
  const type: HeaderPairs = body === undefined ? [] : [["content-type", "application/json"]];
  const asked = {
    targets: [takeApart({ url, profile: "openai" }, "url")],
    payload: { kind: Kind.Opaque, body, bodyRest: "" },
    headers: [...headerPairs(options.headers, "headers"), ...type, ["accept", "application/json"] as [string, string]],
    init: { method, redirect: "error" } as RequestInit,
  };
  return new Promise((resolve, reject) =>
    new Query(context, asked, settings, resolve as () => void, reject, withReport, new ShapedReader(shape)).run(),
  );
}
