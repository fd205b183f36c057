import { whenDropped } from "./dropped.js";

/** A source of items that are asked for one by one. `use` gets the next item or the end, `lost` gets the error. */
export interface Asked<T> {
  ask(use: (result: IteratorResult<T>) => void, lost: (error: unknown) => void): void;
}

/** The items as a `ReadableStream` that reads none ahead. `dropped` is called when nobody holds the stream any more. */
export function readableOf<T>(items: Asked<T>, cancel: (reason: unknown) => void | Promise<void>, dropped?: () => void): ReadableStream<T> {
  // Callbacks, made once: a stream has many small pieces, and a promise for each would take a tenth of the time.
  let use: (result: IteratorResult<T>) => void;
  let lost: (error: unknown) => void;
  // A reader with several reads pending causes one pull for each of them and another after every item. Items beyond those reads
  // would wait in the platform's queue, and an error empties that queue.
  let asked = false;
  const source: UnderlyingDefaultSource<T> = {
    start(controller) {
      use = ({ value, done }) => {
        asked = false;
        if (done) controller.close();
        else controller.enqueue(value);
      };
      lost = (error) => controller.error(error);
    },
    pull: () => {
      if (asked) return;
      asked = true;
      items.ask(use, lost);
    },
    cancel,
  };
  // The pull function is watched, not the stream: a `Response` may have made another stream of it, which pulls as well.
  if (dropped) whenDropped(source.pull as object, dropped);
  return new ReadableStream(source, { highWaterMark: 0 });
}

const WAYS = ["getReader", "pipeTo", "pipeThrough", "tee", "values", Symbol.asyncIterator] as const;

/** Calls `read` when a stream is first read by one of its own methods. A `Response` reads its body without them. */
export function whenRead(stream: ReadableStream, read: () => void): void {
  for (const way of WAYS) {
    const method = stream[way as "getReader"] as ((...given: unknown[]) => unknown) | undefined;
    const value = (...given: unknown[]) => (read(), method?.apply(stream, given));
    if (method) Object.defineProperty(stream, way, { value, configurable: true, writable: true });
  }
}
