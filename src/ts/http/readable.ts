import { whenDropped } from "./dropped.js";

/** Of what is asked for one by one: `use` gets the next item or the end, `lost` what went wrong. */
export interface Asked<T> {
  ask(use: (result: IteratorResult<T>) => void, lost: (error: unknown) => void): void;
}

/** Items as a `ReadableStream` that reads none ahead. `dropped`: nobody holds it any more. */
export function readableOf<T>(items: Asked<T>, cancel: (reason: unknown) => void | Promise<void>, dropped?: () => void): ReadableStream<T> {
  // By callbacks, made once: the pieces of a stream are many and small, and a promise for each would take a tenth of the time.
  let use: (result: IteratorResult<T>) => void;
  let lost: (error: unknown) => void;
  // Who reads several at once is asked for by one pull each and by every item: what came beyond the reads would wait in the
  // platform's queue, and an error empties that.
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
  // Not the stream: a `Response` may have made another of it. Whichever it is, it pulls.
  if (dropped) whenDropped(source.pull as object, dropped);
  return new ReadableStream(source, { highWaterMark: 0 });
}

const WAYS = ["getReader", "pipeTo", "pipeThrough", "tee", "values", Symbol.asyncIterator] as const;

/** Tells when a stream is read by one of its own methods for the first time. The body of a `Response` is read by none. */
export function whenRead(stream: ReadableStream, read: () => void): void {
  for (const way of WAYS) {
    const method = stream[way as "getReader"] as ((...given: unknown[]) => unknown) | undefined;
    const value = (...given: unknown[]) => (read(), method?.apply(stream, given));
    if (method) Object.defineProperty(stream, way, { value, configurable: true, writable: true });
  }
}
