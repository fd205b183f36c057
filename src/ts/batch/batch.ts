import { name } from "../call/context.js";
import { tell } from "../call/events.js";
import { invalid } from "../errors/invalid.js";
import { copied } from "../input/copied.js";
import { takeApart } from "../input/target.js";
import type { BatchItem, BatchOptions } from "./types.js";
import type { Target } from "../types/call.js";
import type { Client } from "../types/client.js";
import { checkBatch, contextOf, copyOfInput, copyOfInputs } from "./check.js";
import { Run, type Sending } from "./run.js";
import { type Shape, shapeOf } from "./shape.js";

/** The target and its fallbacks are sent the same body. */
function checkFallback(fallback: Target[] = [], shape: Shape, parameters?: Record<string, unknown>): void {
  const body = (of: Shape) => JSON.stringify(of(["x"]));
  for (const [at, other] of fallback.entries()) {
    const takes = body(shapeOf(takeApart(other, `fallback[${at}]`), parameters));
    if (takes !== body(shape)) throw invalid(`fallback[${at}] takes ${takes}, and the target ${body(shape)}: a batch has one body for both`);
  }
}

/** @internal */
export function sendingOf(client: Client, target: Target, given: BatchOptions): Sending {
  const context = contextOf(client);
  const { parameters, maxBatchSize: most, onProgress, onItem: _, ...options } = given;
  const own = parameters && (copyOfInput(parameters, "parameters") as Record<string, unknown>);
  const whom = copied(target);
  const one = takeApart(whom, "target");
  const shape = shapeOf(one, own);
  checkFallback(options.fallback, shape, own);
  return {
    client,
    context,
    target: whom,
    key: `${name(one)} ${String(own?.["model"] ?? "")}`,
    label: one.label,
    shape,
    options: { ...context.settings(options), response: "json" },
    most,
    onProgress,
  };
}

/**
 * Many inputs in as few requests as the server takes, in parallel under the client's own limiter, and the results in order.
 *
 * A request that is refused for its size or its content (413, 422, 400, out of memory) is split until it gets through or the
 * input to blame is alone: that one fails, and the others have their results. The size that works is remembered for the
 * target. What would fail every request, such as 401 or an open circuit, ends the batch: each input that is left gets that
 * error. It takes the inputs of one route in one list; a chat has no such route.
 *
 * @example
 * const items = await batch<number[]>(client, "BAAI/bge-small-en-v1.5", texts, { token });
 * const vectors = items.map((item) => (item.ok ? item.value : undefined));
 * @param target a model id, an absolute URL, or a spec; its path decides what the body looks like
 * @param inputs texts, or other JSON; copied when the call is made
 * @returns one item for each input, in their order; it resolves even where all of them failed
 * @throws {TypeError} at once, and without a request, for bad input
 * @throws the reason of `options.signal`, when it aborts; what was finished by then, `onItem` has heard
 */
export function batch<T = unknown>(client: Client, target: Target, inputs: readonly unknown[], options: BatchOptions = {}): Promise<BatchItem<T>[]> {
  try {
    checkBatch(options, "options");
    const sending = sendingOf(client, target, options);
    const { onItem } = options;
    const copies = copyOfInputs(inputs);
    const items: BatchItem<T>[] = [];
    const ended = (index: number, item: BatchItem<any>) => {
      items[index] = item;
      if (onItem) tell(() => onItem(index, item), undefined, "onItem");
    };
    return new Run(sending, { inputs: copies, ended }).start().then(() => items);
  } catch (error) {
    return Promise.reject(error);
  }
}
