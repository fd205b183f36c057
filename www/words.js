// How the page says in words what the package says in codes.

export const LAYERS = {
  client: "this program",
  network: "the way there",
  gateway: "a proxy in between",
  compute: "the model",
  account: "the account",
};

export const PHASES = {
  queue: "while it was queued",
  wait: "while it waited for the model",
  connect: "while it connected",
  first_byte: "before the first byte of the answer",
  idle: "in a silence between two pieces of the answer",
  attempt: "in one attempt",
  total: "in the whole call",
};

export const REASONS = {
  loading: "the model is loading",
  rate_limit: "rate limit",
  backoff: "backoff",
  queue: "queued in this program",
  breaker: "the circuit breaker is open",
  offline: "there is no network",
};

export const OUTCOMES = {
  ok: "answered",
  aborted: "cancelled",
  model_loading: "the model is loading",
  rate_limited: "asked too fast",
  overloaded: "the server is full",
  unavailable: "the server is unavailable",
  gateway_timeout: "a proxy gave up waiting",
  timeout: "our own clock ran out",
  network: "the connection failed",
  engine_failure: "the model failed",
  stream_truncated: "the stream was cut",
  stream_error: "an error in the stream",
  bad_response: "not the answer that was promised",
  circuit_open: "not sent, the circuit breaker is open",
  queue_full: "not sent, the queue is full",
  bad_request: "the request was refused",
  too_large: "the request is too large",
  unauthorized: "the token was refused",
  forbidden: "not allowed",
  credits_exhausted: "no credits left",
  not_found: "not found",
  gone: "gone for good",
  paused: "paused by its owner",
};

/** What the reason of a wait means for the status sentence. */
export const WAITING = {
  loading: "Waiting for the model to load",
  rate_limit: "Waiting as the rate limit asks",
  backoff: "Backing off before the next try",
  queue: "Queued in this program",
  breaker: "Waiting for the circuit breaker",
  offline: "Waiting for the network",
};

/** What the browser said of an attempt that got no answer. */
export function browserSaid(detail) {
  return `the browser said “${detail.replace(/\.$/, "")}”`;
}

export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 100_000 ? 1 : 0)} s`;
}

/** Tokens a second; undefined as long as that cannot be told. */
export function rate(perSecond) {
  return perSecond?.toFixed(perSecond < 100 ? 1 : 0);
}

/** For sentences that are read aloud: whole seconds are enough. */
export function spoken(ms) {
  if (ms < 950) return "less than a second";
  const seconds = Math.round(ms / 1000);
  return seconds === 1 ? "about 1 second" : `about ${seconds} seconds`;
}

export function count(n, noun) {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
