import type { CallEvent } from "../types/report.js";
import type { Settled } from "../wasm/protocol.js";

/**
 * Stands between a call and its end if the client has `endpoints`. It is declared here and implemented by the entry
 * `./endpoints`, so the other entries do not contain it.
 */
export interface Guard<Call> {
  /** Gets each event before the caller does, and may change the number of the attempt. */
  hears(call: Call, event: CallEvent): void;
  /** Returns true if the call is not over yet: it is settled again later, or runs again. */
  holds(call: Call, settled: Settled): boolean;
}
