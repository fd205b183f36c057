import type { CallEvent } from "../types/report.js";
import type { Settled } from "../wasm/protocol.js";

/**
 * Stands between a call and its end, where a client was given `endpoints`. It is declared here and made by the entry
 * `./endpoints`, so that the other entries do not carry it.
 */
export interface Guard<Call> {
  /** Told of each event before the caller is; it may change the number of the attempt. */
  hears(call: Call, event: CallEvent): void;
  /** True if the call is not over yet: it is settled again later, or runs again. */
  holds(call: Call, settled: Settled): boolean;
}
