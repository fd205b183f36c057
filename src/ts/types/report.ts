/**
 * What is told about a call: its report, its events and the names in them. Every time is in milliseconds.
 */

/** The record of one call. */
export interface CallReport {
  /** Every request that was sent, in order; of a call that was not sent none. */
  attempts: Attempt[];
  /** The target that answered; the fallback's, where it did. */
  servedBy?: string | undefined;
  /** A fallback answered. */
  degraded: boolean;
  /** Spent waiting, by reason, in milliseconds. */
  waitedMs: Partial<Record<WaitReason, number>>;
  /** From the call to its end, in milliseconds. */
  totalMs: number;
  /** In milliseconds, to the first text of a stream, or whatever else it begins with: reasoning, a tool call. */
  firstTokenMs?: number | undefined;
  /** The newest id that a server gave a request: what its operator asks for. */
  requestId?: string | undefined;
}

/** One request of a call, or one that was not sent. */
export interface Attempt {
  /** The model id, or the URL without its query. */
  target: string;
  /** Since the call began, in milliseconds. */
  startedMs: number;
  /** In milliseconds: to the last byte, or to what ended it. */
  durationMs: number;
  /** Of the answer, where there was one. */
  status?: number | undefined;
  /** "ok", or the code that an error ending here would have. */
  outcome: "ok" | ErrorCode | "aborted";
  /** Of an attempt that failed. */
  layer?: Layer | undefined;
  /** Which the server gave it. */
  requestId?: string | undefined;
  /** While this try waited for its headers, its origin was seen to answer: see `Timeouts.connectMs`. */
  reached?: boolean | undefined;
}

/** Where the trouble was: this program, the way there, a proxy in between, the model, the account. */
export type Layer = "client" | "network" | "gateway" | "compute" | "account";

/**
 * What a call waits for: a cold model (`loading`), what the server asked for (`rate_limit`), the pause before a retry
 * (`backoff`), a place beside the other calls (`queue`), an open breaker (`breaker`), or the network (`offline`).
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
  /** 502, 503 that is not a cold model. */
  | "unavailable"
  /** A proxy gave up waiting (504, 524, "too busy"). */
  | "gateway_timeout"
  /** Our own clock: `phase` says which. */
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
 * What `onEvent` hears. `attempt` counts from 1, over all targets; a wait follows its attempt. A
 * `response` is told when its attempt ends: of a stream, after `first_token`. Every time is in milliseconds.
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
      /** Of the answer. A failure may come with a 200: see `outcome`. */
      status: number;
      /** "ok", or the code that an error ending here would have. */
      outcome: Attempt["outcome"];
    }
  | {
      /** The call waits, and sends nothing meanwhile. */
      type: "wait";
      /** What it waits for. */
      reason: WaitReason;
      /** For how long. */
      ms: number;
      /** The wait ends when something else happens, at the latest after `ms`: a place in the queue, another call's look. */
      upTo?: true | undefined;
      /** The number of the attempt before it; 0 before the first. */
      attempt: number;
      /** The model id, or the URL without its query. */
      target: string;
      /**
       * Of `loading` alone, after an answer of this call: how long the model takes, by the server or by
       * `loading.defaultWaitMs`. It is a guess, and no limit.
       */
      estimatedMs?: number | undefined;
      /**
       * What the platform says of the attempt before it, if that got no answer: "connect ECONNREFUSED 127.0.0.1:8080". A
       * port that is closed is waited for like a cold model (`loading`), and so is a mistyped one: this tells them apart.
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
      /** What it would have failed with. */
      why: ErrorCode;
    }
  | {
      /** This call has turned the breaker of a target. */
      type: "breaker";
      /** Whose it is. */
      target: string;
      /** What it is now. */
      state: BreakerState;
    }
  | {
      /** The first text of a stream has come; from here on nothing is retried. */
      type: "first_token";
      /** Since the call began. */
      ms: number;
    }
  | {
      /** The call has its answer, or its stream is complete. */
      type: "success";
      /** Everything that was tried. */
      report: CallReport;
    }
  | {
      /** The call has failed, or was aborted. */
      type: "failure";
      /** What the call rejects with: a `QueryError`, or the reason of an abort. */
      error: unknown;
    };
