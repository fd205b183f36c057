/**
 * The interfaces between the Rust core and this side. `src/web/bindings.rs` declares the same, `src/web/input.rs` reads the
 * numbers of the calls, and `src/web/report.rs` writes the rows of results.
 */

import type { Token } from "../types/call.js";

export type Bytes = Uint8Array<ArrayBuffer>;

export type HeaderPairs = [name: string, value: string][];

/** A parsed target. An empty text stands for an absent value. */
export interface CoreTarget {
  /** Scheme, host and port of a URL, and its path. */
  origin: string;
  path: string;
  model: string;
  profile: string;
  /** The whole URL, if it is one. */
  href?: string;
  /** The name in reports: the model id, or the URL without its query, because a query may hold a key. */
  label: string;
  headers: HeaderPairs;
  token?: Token | undefined;
  /** What the core resolved for each kind of payload, once a call had this target alone. */
  located?: (Located & { profile: number })[];
}

/** Where the core sends a target. */
export interface Located {
  /** The route of a model id, or the URL without its query. */
  url: string;
  /** The model that is put first into the body, if it is not empty. */
  model: string;
  /** The token and headers of the call may be sent to this target. */
  shares: boolean;
}

/** A JSON object with `messages`, another JSON object, or no JSON object. */
export const enum Kind {
  Chat,
  Object,
  Opaque,
}

export interface CoreBody {
  /** It decides the route of a model id, and whether a `model` can be put into the body. */
  kind: Kind;
  body: string | Uint8Array<ArrayBuffer> | Blob | FormData | undefined;
  /** The JSON of an object without its `model`, for targets that put in their own. */
  bodyRest: string;
  /** The model that is in the body already. */
  model?: string;
}

/** What the core calls on a client. */
export interface Carrier {
  /** Brings a message about a target to the engine of the fleet, and the reply to `Instance.replied`. An empty `next` is none. */
  carry(target: number, ticket: number, expected: string, next: string): void;
}

/** One address on the way of a request, which may be redirected. */
export interface Outgoing {
  readonly url: string;
  send(): Promise<Response>;
}

/** The progress of a body, which the clocks of the core read. */
export interface BodyProgress {
  /** Since when the next piece is awaited. NaN before the first piece, Infinity while none is awaited. */
  readonly quietSince: number;
  /** A piece has come, or the first event of a stream. */
  readonly heard: boolean;
  /** How long no piece was awaited in all, in ms. */
  readonly awayMs: number;
}

/** A text: why the answer could not be read. True: the answer has no body to inspect. */
export type Read = string | true | undefined;

/** How an answer is wanted. */
export const enum Wanted {
  Auto,
  Json,
  /** Text or bytes. */
  Raw,
  /** The bytes as they came. */
  Passed,
  /** The same for a request that looks something up. A stored failure may be what it asked for, and an empty answer as well. */
  Lookup,
}

/** What the reader of a stream takes. */
export const enum Wants {
  Items,
  /** The whole text. */
  Text,
  /** Not known yet: the items, and the text of each. */
  Both,
  /** The text of each event. */
  Pieces,
}

/** Ends the text of each event. This byte never occurs in UTF-8. */
export const BETWEEN = 0xff;

/** What the core says about a piece, as bits. */
export const enum Fed {
  /** Nothing that follows counts. */
  Over = 1,
  /** An event has come, not only a sign of life. */
  Heard = 2,
  /** The whole body can be read as JSON. */
  Json = 4,
  /** The body is an answer. */
  Answer = 8,
}

/** What the core reads and calls on the object of one call. */
export interface CoreRequest {
  /** How many targets there are: the one that was asked for and its fallbacks. */
  targets: number;
  /** A part of a target, by its position in `targetPart` of `encode.ts`. */
  part(target: number, part: number): string;
  /** Its position in `profiles`, or -1. */
  profile(target: number): number;
  /** Its slot among the targets of the client. */
  shared(target: number): number;
  /** An option, by its position in `optionNumber` of `encode.ts`. */
  number(which: number): number;
  kind: CoreBody["kind"];
  /** The numbers under which the call waits in the core, and with which it is woken. */
  sits(client: number, seat: number): void;
  /** From now on the call waits for this promise, and no longer for the one before. */
  awaits(promise: unknown): void;
  news(): News;
  /** The value or the reason that the promise was settled with. */
  value(): unknown;
  /** The call ends without a result, because nobody waits for it. */
  vanish(): void;

  streamed: boolean;

  /** The profile, if the call has a single target that was located before, as its position in `profiles`. Otherwise -1. */
  readonly known: number;
  /** No option is set that `number` would return. */
  readonly usual: boolean;
  /** The time that the call spent before it came to the core, in ms. */
  readonly spentMs: number;
  /** The number of the API key whose limit the request met: see `http/key.ts`. */
  readonly key: number;
  /** The core has resolved a target. `shares`: the token and headers of the call may go there. */
  locate(target: number, url: string, model: string, shares: boolean, profile: number): void;
  /**
   * Builds the request, which is `leg` afterwards. Returns a promise if a token has to be fetched. An empty header name and NaN
   * stand for no hold.
   */
  prepare(target: number, holdHeader: string, holdSeconds: number): Promise<void> | undefined;
  readonly leg: Outgoing;
  /** @throws if the value that `fetch` resolved with is no response */
  status(response: Response): number;
  /**
   * The request that follows a redirect, or undefined if the redirect is not followed.
   *
   * @throws where `fetch` would fail
   */
  onward(response: Response): Outgoing | undefined;
  header(response: Response, name: string): string | null | undefined;
  /** Classifies the error that `fetch` rejected with or a body broke with. */
  lost(error: unknown): Lost;
  /** No headers have come for a while: asks the origin whether it is reachable, unless that is known. */
  probe(): void;
  /** The origin has answered such a question. */
  readonly reached: boolean;
  /** Asks for the status of a model that is loading. Undefined if no cheap way to ask is known. */
  look(target: number): Promise<void> | undefined;
  /** What the last status said. */
  readonly modelSays: Said;
  /** The platform says that there is no network, or the page has been left. */
  readonly offline: boolean;
  /** The page is hidden, so its timers are late. */
  readonly hidden: boolean;
  /** The number of the target's origin, if the platform may have only few connections to it. Otherwise below zero. */
  connects(target: number): number;
  /** What the origin with this number speaks. */
  speaks(origin: number): Speaks;
  /** The headers that matter for another attempt, one a line. */
  hints(response: Response): string;
  /** Frees the connection of a response that nobody reads. */
  discard(response: Response): void;
  /** Nobody reads the report of a success. */
  readonly quiet: boolean;
  /** The headers have come. Returns bits: 1, the answer is the stream that was asked for; 2, it has headers for `hints`. */
  landed(attempt: number, response: Response): number;
  readonly wanted: Wanted;
  /** A stream is passed on unchanged. */
  readonly passes: boolean;
  /**
   * Reads a body. `feed` takes each piece until it returns `Fed.Over`, and undefined at the end of an answer. Rejects if the body
   * breaks.
   */
  read(response: Response, limit: number, feed: (piece?: Bytes) => number): Promise<Read>;
  /** The same for a stream, until its reader has taken everything. */
  stream(response: Response, feed: (piece: Bytes | undefined, wants: Wants) => number): Promise<void>;
  /** The server's words about a failure, and the status that they name, or 0. Without `isError` the body is cut or cannot be read. */
  says(detail: Bytes, status: number, isError: boolean): void;
  /** The data of `count` events with commas in between, and their text. */
  events(data: Bytes | undefined, count: number, text: Bytes | undefined): void;
  /** The first content of a stream has come, this long after the start of the call. */
  begin(ms: number): void;
  /** Reads what follows after the end of a stream. Undefined if nothing does. */
  rest(): Promise<void> | undefined;
  /** Ends the attempt in flight. */
  stop(): void;
  body(): BodyProgress | undefined;

  tellAttempt(attempt: number, target: number): void;
  tellResponse(attempt: number, status: number, outcome: number): void;
  /** `upTo`: the wait may end earlier, when something else happens. */
  tellWait(reason: number, ms: number, upTo: boolean, attempt: number, target: number, estimatedMs: number): void;
  tellFallback(to: number, why: number): void;
  tellAlert(shared: number): void;
  tellBreaker(shared: number, state: number): void;
  tellFleet(isShared: boolean): void;
  settle(...settled: Settled): void;
  refused(target: number, why: string): void;
  inverted(inner: string, innerMs: number, outer: string, outerMs: number, outerIsDefault: boolean): void;
}

/**
 * A row of numbers, as `src/web/report.rs` writes it. A name is its position in `enums.ts`.
 *
 * A report: the total in ms; the index of the target in use at the end; the ms waited for each of `reasons`; then for each
 * attempt its target, start, duration, status (0: none), outcome, layer (0: none, otherwise its position plus 1), and 1 if its
 * origin answered something meanwhile.
 *
 * A failure: 1 if retryable, the status (0: none), the wait that the server named (NaN: none), code, layer, phase (NaN: none).
 */
export type Row = number[];

/** What has happened to a call since the core last asked. */
export const enum News {
  None,
  /** The caller has aborted, or the call cannot go on. */
  Aborted,
  Fulfilled,
  Rejected,
}

/** How a call ended. */
export const enum How {
  Ok,
  Failed,
  Aborted,
  Threw,
}

export type Settled =
  | [how: How.Ok, report?: Row]
  | [how: How.Aborted, report: Row]
  | [how: How.Failed, report: Row, failure: Row]
  /** The caller's token function threw, the platform refuses to send the request, or the options do not fit together. */
  | [how: How.Threw, error: unknown];

/** Which HTTP version an origin speaks. Over HTTP/1.1 a page has only six connections to it. */
export const enum Speaks {
  Unknown,
  Http1,
  Newer,
  /** It is being found out, with one connection more than are used otherwise. */
  Tried,
}

/** What a server says of its model: `Status` of the core. */
export const enum Said {
  NotYet,
  Up,
  /** The route does not tell, or takes too long. */
  Odd,
  /** There was no answer. There may be one at the next cold start. */
  Lost,
}

/** Why `fetch` has rejected, as far as the platform says. */
export const enum Lost {
  Unknown,
  /** The platform says that the connection was refused. */
  Refused,
  /** The platform gives no reason, and rejected within a second: the connection may have been refused. */
  Quick,
  /** Another attempt cannot help: a certificate, a blocked port, a protocol, a limit. */
  Never,
  /** A clock outside of this package ran out: undici's, Bun's, or that of the caller's own `fetch`. */
  Clock,
  /** The host name has no address. */
  Nameless,
  /** There is no network. */
  Offline,
  /** The platform never sends such a request. */
  Unsendable,
}
