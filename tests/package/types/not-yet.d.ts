// What the contract declares and the package does not publish yet, in the contract's own words.
// It lets the unmodified consumer compile meanwhile. What is published must leave this list:
// types.test.js fails until it does. New names say `export`; what stands under an interface without
// it is published already, without these members.
//
// Entries that are not there yet are the `paths` of tsconfig.bundler.json: what is imported from them is
// the contract's own file. Unions cannot be widened from here: what they lack is in assignable.test-d.ts.
// `QueryError.cause` cannot be told from the one that every `Error` declares, so no list can have it.
import "query-with-retry";
import type * as Workers from "./workers.js";
import "query-with-retry/workers";

// The entry of Workers is there without the jobs. Once they are published, these are declared twice, which is an error.
declare module "query-with-retry/workers" {
  const QueryJobs: typeof Workers.QueryJobs;
  const createJobs: typeof Workers.createJobs;
}
