/** What callers give, checked and copied before anything is sent. */

import { type ClientContext, contexts } from "../call/context.js";
import { given, invalid } from "../errors/invalid.js";
import { callback, type Check, checkOptions, count, shape } from "../input/options.js";
import type { Client } from "../types/client.js";

const parameters: Check = (value, name) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${name} must be an object, got ${given(value)}`);
};

const { response: _, ...ofCalls } = checkOptions.members as Record<string, Check>;

const windowMs: Check = (value, name) => {
  if (!Number.isFinite(value) || value < 0 || value > 60_000)
    throw invalid(`${name} must be a number of milliseconds, 0 to 60000, got ${given(value)}`);
};

const ofBatch = { ...ofCalls, parameters, maxBatchSize: count, onProgress: callback, onItem: callback };
export const checkBatch = shape(ofBatch);
export const checkCoalesce = shape({ ...ofBatch, windowMs });

export function contextOf(client: Client): ClientContext {
  const context = contexts.get(client?.fetch);
  if (!context) throw invalid(`client must be made by createClient, got ${given(client)}`);
  return context;
}

/** As it is now: what its owner changes afterwards changes nothing. */
export function copyOfInput(input: unknown, name: string): unknown {
  if (typeof input === "string" || typeof input === "boolean" || Number.isFinite(input)) return input;
  let text: string | undefined;
  let cause: unknown;
  try {
    if (typeof input === "object" && input !== null && !ArrayBuffer.isView(input)) text = JSON.stringify(input);
  } catch (error) {
    cause = error;
  }
  // A Map, a Blob, a promise that nobody awaited: JSON makes "{}" of them.
  const prototype: unknown = text === "{}" && Object.getPrototypeOf(input);
  const isPlain = !prototype || Object.getPrototypeOf(prototype) === null;
  if (text === undefined || !isPlain) throw invalid(`${name} must be a text, or what JSON can carry, got ${given(input)}`, cause);
  return JSON.parse(text);
}

export function copyOfInputs(inputs: unknown): unknown[] {
  if (!Array.isArray(inputs)) throw invalid(`inputs must be an array, got ${given(inputs)}`);
  return Array.from(inputs, (input, at) => copyOfInput(input, `inputs[${at}]`));
}
