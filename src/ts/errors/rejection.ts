import { QueryError } from "./query-error.js";

/**
 * Rejects with an error. Of a `QueryError` the stack then shows who waits for the call: the core tells of a failure in
 * the turn of whatever the call waited for, with nobody's line below it. V8 follows the promises from an async function
 * to those that await it, so the stack is captured once more in one, when somebody does.
 */
export async function rejection(error: unknown): Promise<never> {
  // The promise that is resolved with this one asks for it in the next turn.
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  try {
    if (error instanceof QueryError) (Error as { captureStackTrace?(error: Error): void }).captureStackTrace?.(error);
  } catch {
    // A listener has frozen it.
  }
  throw error;
}
