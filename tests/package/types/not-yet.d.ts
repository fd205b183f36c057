// What the contract declares and the package does not publish yet, in the contract's own words.
// It lets the unmodified consumer compile meanwhile. What is published must leave this list:
// types.test.js fails until it does. New names say `export`; what stands under an interface without
// it is published already, without these members.
//
// Entries that are not there yet are the `paths` of tsconfig.bundler.json: what is imported from them is
// the contract's own file. Unions cannot be widened from here: what they lack is in assignable.test-d.ts.
// `QueryError.cause` cannot be told from the one that every `Error` declares, so no list can have it.
import type { QueryOptions, Target } from "query-with-retry";

declare module "query-with-retry" {
  interface Client {
    /** Bring a cold model up before it is needed. Never more than one at a time per target. */
    warmUp(target: Target, options?: QueryOptions): Promise<{ coldMs: number; wasWarm: boolean }>;
    /**
     * Warm up now and whenever the target has been idle for `everyMs`, default 900_000. Stops by itself
     * after `maxIdlePings` (default 8) without any other call between, and says so by `onStop`.
     */
    keepWarm(
      target: Target,
      options?: QueryOptions & { everyMs?: number; maxIdlePings?: number; onStop?: (why: "idle" | "closed" | "stopped") => void },
    ): { stop(): void };
  }

  interface TargetStats {
    /** Whether what is known of the target is shared with other programs just now. */
    coordinator: "shared" | "alone";
  }
}
