/**
 * All that the Rust core reads and calls on this side, and all that is called on its own:
 * `src/web/bindings.rs` declares the same, `src/web/input.rs` reads the numbers, `src/web/report.rs` answers.
 */

import type { Token } from "../types/call.js";

export type Bytes = Uint8Array<ArrayBuffer>;

export type HeaderPairs = [name: string, value: string][];

/** In a target, an empty text is absent. */
export interface CoreTarget {
  /** Scheme, host and port of a URL, and its path. */
  origin: string;
  path: string;
  model: string;
  profile: string;
  /** The whole URL, if it is one. */
  href?: string;
  /** How reports name it: the model id, or the URL without its query, which may hold a key. */
  label: string;
  headers: HeaderPairs;
  token?: Token | undefined;
  /** Where it is, by the kind of payload, once it was asked for alone. */
  located?: (Located & { profile: number })[];
}

/** Where the core sends a target. */
export interface Located {
  /** Of a model id, its route; of a URL, the URL without its query. */
  url: string;
  /** Goes first into the body, if it is not empty. */
  model: string;
  /** What was given for the whole call may go to this target too. */
  shares: boolean;
}

/** A JSON object with `messages`, another one, or something that is none. */
export const enum Kind {
  Chat,
  Object,
  Opaque,
}

export interface CoreBody {
  /** Decides the route of a model id, and whether a `model` can be put into the body. */
  kind: Kind;
  body: string | Uint8Array<ArrayBuffer> | Blob | FormData | undefined;
  /** The JSON of an object without its `model`, for targets that put in their own. */
  bodyRest: string;
  /** The model that is in the body already. */
  model?: string;
}

/** One address on the way of a request, which may be redirected. */
export interface Outgoing {
  readonly url: string;
  send(): Promise<Response>;
}

/** What the clocks of the core go by while a body is read. */
export interface BodyProgress {
  /** Since when the next piece is waited for; NaN before the first one, Infinity while none is. */
  readonly quietSince: number;
  /** A piece has come; of a stream, an event. */
  readonly heard: boolean;
  /** How long no piece was wanted, in all until now. */
  readonly awayMs: number;
}

export type Read = string | true | undefined;

/** How an answer is wanted. */
export const enum Wanted {
  Auto,
  Json,
  /** Text or bytes. */
  Raw,
  /** As it came. */
  Passed,
  /** The same, looked up: what tells of a failure may be what was asked for, and so may nothing. */
  Lookup,
}

/** What the reader of a stream wants of it. */
export const enum Wants {
  Items,
  /** All of it, however it came. */
  Text,
  /** It has not said yet: the items, and the text of each. */
  Both,
  /** The text of each event. */
  Pieces,
}

/** After the text of each event: no UTF-8 has this byte. */
export const BETWEEN = 0xff;

/** What the core says of a piece, as bits. */
export const enum Fed {
  /** Nothing that follows counts. */
  Over = 1,
  /** Something has come that is more than a sign of life. */
  Heard = 2,
  /** Of a whole body: it can be read as JSON. */
  Json = 4,
  /** It is an answer. */
  Answer = 8,
}

export interface CoreRequest {
  /** How many: the target that was asked for, then its fallbacks. */
  targets: number;
  /** By the orders of `encode.ts`: of a target, and of the options. */
  part(target: number, part: number): string;
  /** Its place in `profiles`, or -1. */
  profile(target: number): number;
  /** Its place among the targets of the client. */
  shared(target: number): number;
  number(which: number): number;
  kind: CoreBody["kind"];
  /** Where it waits in the core: by these numbers it is woken. */
  sits(client: number, seat: number): void;
  /** What it waits for from now on, and for nothing before it. */
  awaits(promise: unknown): void;
  news(): News;
  /** What the promise was settled with. */
  value(): unknown;
  /** It has ended unseen. */
  vanish(): void;

  streamed: boolean;

  /** Of a call to one target that was located before, its place in `profiles`; or -1. */
  readonly known: number;
  /** Nothing was given of what `number` gives. */
  readonly usual: boolean;
  /** How long the call has taken before it comes to the core. */
  readonly spentMs: number;
  /** Whose limit was met: see `http/key.ts`. */
  readonly key: number;
  /** Where a target is, and whether what was given for the whole call may go there too. */
  locate(target: number, url: string, model: string, shares: boolean, profile: number): void;
  /**
   * Makes what is sent: a promise where a token has to be fetched. An empty header and NaN are
   * absent. It is `leg` then.
   */
  prepare(target: number, holdHeader: string, holdSeconds: number): Promise<void> | undefined;
  readonly leg: Outgoing;
  /** Throws where `fetch` has answered with what is no response. */
  status(response: Response): number;
  /** Where a redirect leads, if it is followed. Throws where `fetch` would fail. */
  onward(response: Response): Outgoing | undefined;
  header(response: Response, name: string): string | null | undefined;
  /** `fetch` has rejected with this, or a body has broken by it: a `Lost`. */
  lost(error: unknown): Lost;
  /** No headers have come for long: asks the origin whether it is there, unless that is known. */
  probe(): void;
  readonly reached: boolean;
  /** There is no network, says the platform, or the page has been left. */
  readonly offline: boolean;
  /** Its page is not seen, and its timers are served late. */
  readonly hidden: boolean;
  /** Of a target, the number of its origin, if the platform may have few connections to it; or below zero. */
  connects(target: number): number;
  speaks(origin: number): Speaks;
  /** The headers that bear on another try, a line each. */
  hints(response: Response): string;
  /** Frees the connection of a response that nobody reads. */
  discard(response: Response): void;
  /** Nobody looks at the report of a success. */
  readonly quiet: boolean;
  /** Bits: 1, it is the stream that was asked for; 2, it says how long to wait. */
  landed(attempt: number, response: Response): number;
  readonly wanted: Wanted;
  /** A stream is passed on as it came. */
  readonly passes: boolean;
  /**
   * Rejects where the body breaks; resolves with a text where the host cannot read an answer, and with true where nothing
   * is to be seen in it. `feed` takes each piece, until it says that it is over; and undefined at the end of an answer.
   */
  read(response: Response, limit: number, feed: (piece?: Bytes) => number): Promise<Read>;
  /** The same, until its reader has got all of it. */
  stream(response: Response, feed: (piece: Bytes | undefined, wants: Wants) => number): Promise<void>;
  /** The server's own words about a failure, and the status that it names; 0 is none. Not `isError`: what came is cut, or none of ours. */
  says(detail: Bytes, status: number, isError: boolean): void;
  /** The data of so many events, with commas between; and text. */
  events(data: Bytes | undefined, count: number, text: Bytes | undefined): void;
  begin(ms: number): void;
  rest(): Promise<void> | undefined;
  stop(): void;
  body(): BodyProgress | undefined;

  tellAttempt(attempt: number, target: number): void;
  tellResponse(attempt: number, status: number, outcome: number): void;
  /** `upTo`: it ends when something else happens. */
  tellWait(reason: number, ms: number, upTo: boolean, attempt: number, target: number, estimatedMs: number): void;
  tellFallback(to: number, why: number): void;
  tellAlert(shared: number): void;
  tellBreaker(shared: number, state: number): void;
  settle(...settled: Settled): void;
  refused(target: number, why: string): void;
  inverted(inner: string, innerMs: number, outer: string, outerMs: number, outerIsDefault: boolean): void;
}

/**
 * Numbers, as `src/web/report.rs` writes them; what has a name is a place in `enums.ts`.
 *
 * Of a report: total ms and the index of the target in use at the end; ms waited for each of
 * `reasons`; then for each attempt its target, start, duration, status (0 is
 * none), outcome, layer (0 is none, so it is one more), and 1 if its origin was seen to answer meanwhile.
 *
 * Of a failure: 1 if retryable, the status (0 is none), retry after (NaN is none), code, layer,
 * phase (NaN is none).
 */
export type Row = number[];

/** What has happened to a call since it was looked at. */
export const enum News {
  None,
  /** The caller wants no answer any more, or the call cannot go on. */
  Aborted,
  Fulfilled,
  Rejected,
}

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
  /** By the caller's token function; by the platform, of what it never sends; or before anything was sent. */
  | [how: How.Threw, error: unknown];

/** What an origin speaks: over HTTP/1.1 a page has six connections to it. */
export const enum Speaks {
  Unknown,
  Http1,
  Newer,
  /** It is found out by one connection more than are used otherwise. */
  Tried,
}

/** Why `fetch` has rejected, as far as the platform tells. */
export const enum Lost {
  Unknown,
  /** The platform says that the connection was refused. */
  Refused,
  /** It says nothing, and the rejection came within a second of the request: it may have been refused. */
  Quick,
  /** Another try can change nothing: a certificate, a port that is blocked, a protocol, a limit. */
  Never,
  /** A clock that is not ours: undici's, Bun's, or one of the caller's own `fetch`. */
  Clock,
  /** There is no such host. */
  Nameless,
  /** There is no network. */
  Offline,
  /** The platform will never send such a request. */
  Unsendable,
}
