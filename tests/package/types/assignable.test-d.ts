// What the package publishes may say more than the contract, never less or other.
import type * as Contract from "./query-with-retry.js";
import type * as Published from "query-with-retry";

type Assignable<From extends To, To> = [From, To];

// Functions. The class is looked at by what it makes: constructing errors is nobody's business. What
// is not whole yet, in not-yet.d.ts, is looked at without what it lacks.
type NotYet = "batch" | "warmUp" | "keepWarm";
type Shared = Exclude<keyof typeof Contract & keyof typeof Published, "QueryError" | "createClient">;
export type Functions = Assignable<Pick<typeof Published, Shared>, Pick<typeof Contract, Shared>>;

type Unpublished = Exclude<keyof Contract.Client, keyof Published.Client>;
type WithoutCoordinator<Options> = Omit<Options, "coordinator">;
export type Clients = [
  // Neither more nor less.
  Assignable<Unpublished, NotYet>,
  Assignable<NotYet, Unpublished>,
  Assignable<Published.Client, Omit<Contract.Client, NotYet>>,
  Assignable<ReturnType<typeof Published.createClient>, Published.Client>,
  Assignable<[options?: Published.ClientOptions], Parameters<typeof Published.createClient>>,
  Assignable<WithoutCoordinator<Contract.ClientOptions>, WithoutCoordinator<Published.ClientOptions>>,
  Assignable<Published.ClientOptions, Contract.ClientOptions>,
  Assignable<{ coordinator: "memory" }, Published.ClientOptions>,
];

// What programs are handed.
export type Outputs = [
  Assignable<Published.QueryError, Contract.QueryError>,
  Assignable<Published.CallReport, Contract.CallReport>,
  Assignable<Published.Attempt, Contract.Attempt>,
  Assignable<Published.CallEvent, Contract.CallEvent>,
  Assignable<Published.TargetStats, Contract.TargetStats>,
  Assignable<Published.Quantiles, Contract.Quantiles>,
  Assignable<Published.Alert, Contract.Alert>,
  Assignable<Published.QueryStream<string>, Contract.QueryStream<string>>,
  Assignable<Published.QueryStream<Published.StreamChunk>, AsyncIterable<Contract.StreamChunk>>,
];

// What programs hand in: everything that the contract allows is taken, and published by its name.
export type Inputs = [
  Assignable<Contract.Target, Published.Target>,
  Assignable<Contract.TargetSpec, Published.TargetSpec>,
  Assignable<Contract.Payload, Published.Payload>,
  Assignable<Contract.Token, Published.Token>,
  Assignable<Contract.QueryOptions, Published.QueryOptions>,
  Assignable<Contract.LoadingOptions, Published.LoadingOptions>,
  Assignable<Contract.Timeouts, Published.Timeouts>,
  Assignable<Contract.BreakerOptions, Published.BreakerOptions>,
  Assignable<Published.BreakerOptions, Contract.BreakerOptions>,
  Assignable<Published.Target, Contract.Target>,
  Assignable<Published.TargetSpec, Contract.TargetSpec>,
  Assignable<Published.Payload, Contract.Payload>,
  Assignable<Published.Token, Contract.Token>,
  Assignable<Published.QueryOptions, Contract.QueryOptions>,
  Assignable<Published.LoadingOptions, Contract.LoadingOptions>,
  Assignable<Published.Timeouts, Contract.Timeouts>,
];

// Unions that programs switch over are the same in both directions.
export type Unions = [
  Assignable<Published.ErrorCode, Contract.ErrorCode>,
  Assignable<Contract.ErrorCode, Published.ErrorCode>,
  Assignable<Published.Layer, Contract.Layer>,
  Assignable<Contract.Layer, Published.Layer>,
  Assignable<Published.Phase, Contract.Phase>,
  Assignable<Contract.Phase, Published.Phase>,
  Assignable<Published.WaitReason, Contract.WaitReason>,
  Assignable<Contract.WaitReason, Published.WaitReason>,
  Assignable<Published.Priority, Contract.Priority>,
  Assignable<Contract.Priority, Published.Priority>,
  Assignable<Published.BreakerState, Contract.BreakerState>,
  Assignable<Contract.BreakerState, Published.BreakerState>,
  Assignable<Contract.CallEvent["type"], Published.CallEvent["type"]>,
];
