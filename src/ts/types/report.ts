/**
 * What a call reports: its record, its events and the names in them. Every time is in milliseconds.
 */

/** The record of one call. */
export interface CallReport {
  /** Every request that was sent, in order. Empty if none was sent. */
  attempts: Attempt[];
  /** The target that answered, which may be a fallback. */
  servedBy?: string | undefined;
  /** A fallback answered. */
  degraded: boolean;
  /** How long the call waited for each reason, in milliseconds. */
  waitedMs: Partial<Record<WaitReason, number>>;
  /** From the call to its end, in milliseconds. */
  totalMs: number;
  /** From the start of the call to the first content of its stream, in milliseconds. Content is text, reasoning or a tool call. */
  firstTokenMs?: number | undefined;
  /** The newest request id that a server gave. Its operator can find the request by it. */
  requestId?: string | undefined;
}

/** One attempt of a call. */
export interface Attempt {
  /** The model id, or the URL without its query. */
  target: string;
  /** Since the call began, in milliseconds. */
  startedMs: number;
  /** From the request to the last byte or to the failure, in milliseconds. */
  durationMs: number;
  /** The HTTP status, if there was an answer. */
  status?: number | undefined;
  /** "ok", or the code that an error ending here would have. */
  outcome: "ok" | ErrorCode | "aborted";
  /** Where an attempt failed. */
  layer?: Layer | undefined;
  /** The id that the server gave the request. */
  requestId?: string | undefined;
  /** While this attempt waited for its headers, its origin answered something else: see `Timeouts.connectMs`. */
  reached?: boolean | undefined;
}

/** Where a call failed: in this program, on the network, in a proxy, at the model, or for the account. */
export type Layer = "client" | "network" | "gateway" | "compute" | "account";

/**
 * What a call waits for: a cold model (`loading`), what the server asked for (`rate_limit`), the pause before a retry
 * (`backoff`), a permit of the concurrency limit (`queue`), an open breaker (`breaker`), or the network (`offline`).
 */
export type WaitReason = "loading" | "rate_limit" | "backoff" | "queue" | "breaker" | "offline";

/** What went wrong. */
export type ErrorCode =
  /** Still cold when a limit ran out: `phase` is "wait" (`maxWaitMs`) or "total". */
  | "model_loading"
  /** 429: asking too fast. */
  | "rate_limited"
  /** The server is full. */
  | "overloaded"
  /** 502, or a 503 that is not a cold model. */
  | "unavailable"
  /** A proxy gave up waiting (504, 524, "too busy"). */
  | "gateway_timeout"
  /** One of this package's clocks ran out: `phase` says which. */
  | "timeout"
  /** No answer at all. */
  | "network"
  /** The model failed (500, 424, out of memory). */
  | "engine_failure"
  /** A stream ended without its terminator, by a clean close or a reset. */
  | "stream_truncated"
  /** An error event after the stream had begun. */
  | "stream_error"
  /** Not what was promised: HTML, broken JSON. */
  | "bad_response"
  /** Not sent: the breaker is open, and no fallback is left. */
  | "circuit_open"
  /** Not sent: the limiter's queue is full. */
  | "queue_full"
  | "bad_request"
  | "too_large"
  | "unauthorized"
  | "forbidden"
  | "credits_exhausted"
  | "not_found"
  | "gone"
  | "paused";

/** A clock or a limit: `queue`, `wait` (`maxWaitMs`), and the five of {@link Timeouts}. */
export type Phase = "queue" | "wait" | "connect" | "first_byte" | "idle" | "attempt" | "total";

/** `half_open`: one probe is let through. */
export type BreakerState = "closed" | "open" | "half_open";

/**
 * What `onEvent` is called with. `attempt` counts from 1, over all targets. A wait follows its attempt. A `response` event
 * comes when its attempt ends; for a stream that is after `first_token`. Every time is in milliseconds.
 */
export type CallEvent =
  | {
      /** A request is sent. */
      type: "attempt";
      /** Its number, from 1. */
      attempt: number;
      /** The model id, or the URL without its query. */
      target: string;
      /** Where it goes, without its query. */
      url: string;
    }
  | {
      /** An attempt that was answered has ended. */
      type: "response";
      /** The number of the attempt. */
      attempt: number;
      /** The HTTP status. A failure may come with a 200: see `outcome`. */
      status: number;
      /** "ok", or the code that an error ending here would have. */
      outcome: Attempt["outcome"];
    }
  | {
      /** The call waits, and sends no payload meanwhile. */
      type: "wait";
      /** What it waits for. */
      reason: WaitReason;
      /** For how long. */
      ms: number;
      /** The wait may end before `ms` is over, for example when the call's turn in the queue comes, or when another call or a status finds the model up. */
      upTo?: true | undefined;
      /** The number of the attempt before it; 0 before the first. */
      attempt: number;
      /** The model id, or the URL without its query. */
      target: string;
      /**
       * For `loading` only, and only if this call got a loading answer: how long the model takes to load. The server
       * says it, or else `loading.defaultWaitMs` does, or else it is 20_000. It is an estimate, not a limit.
       */
      estimatedMs?: number | undefined;
      /**
       * If the attempt before got no answer, why, in the platform's words: "connect ECONNREFUSED 127.0.0.1:8080". A closed port
       * is waited for like a cold model (`loading`), and so is a mistyped one. Here you see the difference.
       */
      detail?: string | undefined;
    }
  | {
      /** The call goes on with the next target of `fallback`. */
      type: "fallback";
      /** The target that it leaves. */
      from: string;
      /** The target that it goes to. */
      to: string;
      /** The code that the call would have failed with. */
      why: ErrorCode;
    }
  | {
      /** This call is the first to see that a coordinator is used for its target, or is not. Without one it is never told. */
      type: "coordinator";
      /** "alone": the coordinator was slow, contended or gone, and the client's own rules hold meanwhile. */
      state: "shared" | "alone";
    }
  | {
      /** This call has changed the state of a target's breaker. */
      type: "breaker";
      /** The target of the breaker. */
      target: string;
      /** Its new state. */
      state: BreakerState;
    }
  | {
      /** The first content of a stream has come. From now on nothing is retried. */
      type: "first_token";
      /** Since the call began. */
      ms: number;
    }
  | {
      /** The call has its answer, or its stream is complete. */
      type: "success";
      /** What the call did. */
      report: CallReport;
    }
  | {
      /** The call has failed, or was aborted. */
      type: "failure";
      /** What the call rejects with: a `QueryError`, or the reason of an abort. */
      error: unknown;
    };
