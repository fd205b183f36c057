import type { ErrorCode, Phase } from "../types/report.js";

/** What to do about each error code, in one sentence. docs/errors.md has the same sentences. */
export const hints = {
  model_loading: "Wait longer (raise loading.maxWaitMs and timeouts.totalMs), set loading.hold, or keep the model warm.",
  rate_limited: "Send fewer requests, wait for retryAfterMs, or use another provider or plan.",
  overloaded: "Send fewer requests at once, or add replicas or a fallback.",
  unavailable: "Try again later; if it lasts, check the status of the server or name a fallback.",
  gateway_timeout: "Ask for a shorter answer, or stream it: a proxy cuts requests that are silent for too long.",
  timeout: "Raise the clock that phase names, ask for less, or stream what is not a stream yet.",
  network: "Check address and connection (in a browser: CORS, connect-src, https:). If the engine needs longer to start, raise loading.refusedMs.",
  engine_failure: "Send a smaller input; if it lasts, the server's log says what failed.",
  stream_truncated: "Ask again, or go on from partial: a proxy or the server closed the answer before its end.",
  stream_error: "Read detail: the server failed in the middle of its answer; partial is what came before.",
  bad_response: "Check that the address is an inference route and that no proxy or login page answers for it.",
  circuit_open: "Not sent: this target failed often just now. Try again after retryAfterMs, or give a fallback.",
  queue_full: "Not sent: too many calls wait for this target. Send fewer, give more time, or raise concurrency.queue.",
  bad_request: "Change the payload: detail is what the server says is wrong with it.",
  too_large: "Send a smaller payload, or split it.",
  unauthorized: "Check the token: it is missing, wrong or expired.",
  forbidden: "Give the token the permission that detail names, or ask for access to the model.",
  credits_exhausted: "Buy credits, or use another account, provider or model.",
  not_found: "Check the model id and the route: this server does not have it.",
  gone: "This address is retired: use a model id, which goes to the current router.",
  paused: "Resume the endpoint: it is paused, and no request wakes it.",
} satisfies Partial<Record<ErrorCode, string>>;

/** The hints of a `timeout`, by the clock that ran out. docs/errors.md has the same sentences. */
export const hintsOfPhase: Partial<Record<Phase, string>> = {
  queue: "Send fewer calls at once, or raise timeouts.totalMs: the call was still in line in this program.",
  connect: "Check that the server runs and can be reached, or raise timeouts.connectMs.",
  first_byte: "The server had not begun to answer: raise timeouts.firstByteMs, or ask for less.",
  idle: "The server fell silent within its answer, which a longer clock seldom cures: ask again, or go on from partial.",
  attempt: "Raise timeouts.attemptMs, ask for less, or stream the answer.",
  total: "Raise timeouts.totalMs, ask for less, or stream the answer.",
};
