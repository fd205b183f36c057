// What the package publishes may say more than the contract, never less or other. It is compiled with
// not-yet.d.ts: what is published and what is listed there are the contract together.
import type * as Contract from "./query-with-retry.js";
import type * as Published from "query-with-retry";
import type * as ContractOfBatch from "./batch.js";
import type * as PublishedBatch from "query-with-retry/batch";
import type * as ContractOfRedis from "./redis.js";
import type * as PublishedRedis from "query-with-retry/redis";
import type * as ContractOfTabs from "./tabs.js";
import type * as PublishedTabs from "query-with-retry/tabs";
import type * as ContractOfWorkers from "./workers.js";
import type * as PublishedWorkers from "query-with-retry/workers";
import type * as ContractOfEndpoints from "./endpoints.js";
import type * as PublishedEndpoints from "query-with-retry/endpoints";

type Assignable<From extends To, To> = [From, To];

/** Whole too, because an interface that lacks an optional member is assignable to one that has it. */
type All<T> = [asItIs: T, whole: Required<T>];

// Functions. The class is looked at by what it makes: constructing errors is nobody's business.
type Functions = Exclude<keyof typeof Contract & keyof typeof Published, "QueryError">;
export type FunctionsOfTheContract = Assignable<Pick<typeof Published, Functions>, Pick<typeof Contract, Functions>>;

// What programs are handed.
export type Outputs = [
  Assignable<All<Published.Client>, All<Contract.Client>>,
  Assignable<ReturnType<typeof Published.createClient>, Published.Client>,
  Assignable<All<Published.QueryError>, All<Contract.QueryError>>,
  Assignable<All<Published.CallReport>, All<Contract.CallReport>>,
  Assignable<All<Published.Attempt>, All<Contract.Attempt>>,
  Assignable<Published.CallEvent, Contract.CallEvent>,
  Assignable<All<Published.TargetStats>, All<Contract.TargetStats>>,
  Assignable<All<Published.Quantiles>, All<Contract.Quantiles>>,
  Assignable<All<Published.Alert>, All<Contract.Alert>>,
  Assignable<All<Published.QueryStream<string>>, All<Contract.QueryStream<string>>>,
  Assignable<Published.QueryStream<Published.StreamChunk>, AsyncIterable<Contract.StreamChunk>>,
];

// What programs hand in: everything that the contract allows is taken, and published by its name. What is
// published is in the contract as well; an `onEvent` hears of what the contract has and is not told yet.
type Heard = "onEvent";
export type Inputs = [
  Assignable<Contract.Target, Published.Target>,
  Assignable<All<Contract.TargetSpec>, All<Published.TargetSpec>>,
  Assignable<Contract.Payload, Published.Payload>,
  Assignable<Contract.Token, Published.Token>,
  Assignable<All<Contract.QueryOptions>, All<Published.QueryOptions>>,
  Assignable<All<Contract.LoadingOptions>, All<Published.LoadingOptions>>,
  Assignable<All<Contract.Timeouts>, All<Published.Timeouts>>,
  Assignable<All<Contract.ClientOptions>, All<Published.ClientOptions>>,
  Assignable<[options?: Published.ClientOptions], Parameters<typeof Published.createClient>>,
  Assignable<All<Contract.BreakerOptions>, All<Published.BreakerOptions>>,
  Assignable<All<Contract.Coordinator>, All<Published.Coordinator>>,
  Assignable<Published.Target, Contract.Target>,
  Assignable<All<Published.TargetSpec>, All<Contract.TargetSpec>>,
  Assignable<Published.Payload, Contract.Payload>,
  Assignable<Published.Token, Contract.Token>,
  Assignable<All<Omit<Published.QueryOptions, Heard>>, All<Omit<Contract.QueryOptions, Heard>>>,
  Assignable<All<Published.LoadingOptions>, All<Contract.LoadingOptions>>,
  Assignable<All<Published.Timeouts>, All<Contract.Timeouts>>,
  Assignable<All<Omit<Published.ClientOptions, Heard>>, All<Omit<Contract.ClientOptions, Heard>>>,
  Assignable<All<Published.BreakerOptions>, All<Contract.BreakerOptions>>,
  Assignable<All<Published.Coordinator>, All<Contract.Coordinator>>,
];

// Options that have members and no name.
type Group<Options, Name extends keyof Options> = All<Exclude<Options[Name], false | undefined>>;
export type Groups = [
  Assignable<Group<Published.ClientOptions, "retryBudget">, Group<Contract.ClientOptions, "retryBudget">>,
  Assignable<Group<Published.ClientOptions, "concurrency">, Group<Contract.ClientOptions, "concurrency">>,
  Assignable<Group<Published.ClientOptions, "alert">, Group<Contract.ClientOptions, "alert">>,
];

// Unions that programs switch over are the same in both directions.
type Members<Event> = Event extends { type: infer Type extends string } ? `${Type}.${keyof Event & string}` : never;
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
  Assignable<Members<Contract.CallEvent>, Members<Published.CallEvent>>,
];

// The entry of endpoints. Its contract speaks of the published main entry.
export type OfEndpoints = [
  Assignable<typeof PublishedEndpoints, typeof ContractOfEndpoints>,
  Assignable<All<PublishedEndpoints.Endpoint>, All<ContractOfEndpoints.Endpoint>>,
  Assignable<All<PublishedEndpoints.Endpoints>, All<ContractOfEndpoints.Endpoints>>,
  Assignable<All<PublishedEndpoints.Advice>, All<ContractOfEndpoints.Advice>>,
  Assignable<All<ContractOfEndpoints.Scaling>, All<PublishedEndpoints.Scaling>>,
  Assignable<All<PublishedEndpoints.Scaling>, All<ContractOfEndpoints.Scaling>>,
  Assignable<All<ContractOfEndpoints.Endpoint>, All<PublishedEndpoints.Endpoint>>,
  Assignable<ContractOfEndpoints.Endpoints, NonNullable<Published.ClientOptions["endpoints"]>>,
  Assignable<PublishedEndpoints.EndpointState, ContractOfEndpoints.EndpointState>,
  Assignable<ContractOfEndpoints.EndpointState, PublishedEndpoints.EndpointState>,
];

// The entry of Redis.
export type OfRedis = [
  Assignable<typeof PublishedRedis, typeof ContractOfRedis>,
  Assignable<Parameters<typeof ContractOfRedis.redis>, Parameters<typeof PublishedRedis.redis>>,
];

// The entry of tabs.
export type OfTabs = [
  Assignable<typeof PublishedTabs, typeof ContractOfTabs>,
  Assignable<Parameters<typeof ContractOfTabs.tabs>, Parameters<typeof PublishedTabs.tabs>>,
];

// The entry of Workers.
export type OfWorkers = [
  Assignable<typeof PublishedWorkers, typeof ContractOfWorkers>,
  Assignable<Parameters<typeof ContractOfWorkers.durableObject>, Parameters<typeof PublishedWorkers.durableObject>>,
  Assignable<ConstructorParameters<typeof ContractOfWorkers.QueryCoordinator>, ConstructorParameters<typeof PublishedWorkers.QueryCoordinator>>,
];

// The entry of batches.
export type OfBatch = [
  Assignable<typeof PublishedBatch, typeof ContractOfBatch>,
  Assignable<All<ContractOfBatch.BatchOptions>, All<PublishedBatch.BatchOptions>>,
  Assignable<All<PublishedBatch.BatchProgress>, All<ContractOfBatch.BatchProgress>>,
  Assignable<PublishedBatch.BatchItem<number>, ContractOfBatch.BatchItem<number>>,
  Assignable<ContractOfBatch.BatchItem<number>, PublishedBatch.BatchItem<number>>,
];
