import { QueryError } from "./query-error.js";

/** It was made here: the failure of a call, or what is wrong with its options. */
export const isOurs = (error: unknown): boolean =>
  error instanceof QueryError || (error instanceof TypeError && error.message.startsWith("query-with-retry: "));

/**
 * Makes an error that {@link rejection} will reject with. Its first stack would show nobody's line, and to find that out takes
 * longer than all else that an error needs: a full queue may refuse a hundred thousand calls at once.
 */
export function unstacked<E extends Error>(make: () => E): E {
  const { captureStackTrace, stackTraceLimit } = Error as { captureStackTrace?: unknown; stackTraceLimit?: number };
  // A program may have frozen it.
  const isSet = captureStackTrace && stackTraceLimit && Reflect.set(Error, "stackTraceLimit", 0);
  try {
    return make();
  } finally {
    if (isSet) Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  }
}

/**
 * Rejects with an error. Of one of ours the stack then shows who waits for the call: the core tells of a failure in
 * the turn of whatever the call waited for, with nobody's line below it. V8 follows the promises from an async function
 * to those that await it, so the stack is captured once more in one, when somebody does.
 */
export async function rejection(error: unknown): Promise<never> {
  // The promise that is resolved with this one asks for it in the next turn.
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  try {
    if (isOurs(error)) {
      (Error as { captureStackTrace?(error: Error): void }).captureStackTrace?.(error as Error);
      // Until it is read, a stack keeps all that its frames hold: ten kilobytes a stream.
      void (error as Error).stack;
    }
  } catch {
    // A listener has frozen it.
  }
  throw error;
}
