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
  const source: UnderlyingDefaultSource<T> = {
    start(controller) {
      use = ({ value, done }) => (done ? controller.close() : controller.enqueue(value));
      lost = (error) => controller.error(error);
    },
    pull: () => items.ask(use, lost),
    cancel,
  };
  // Not the stream: a `Response` may have made another of it. Whichever it is, it pulls.
  if (dropped) whenDropped(source.pull as object, dropped);
  return new ReadableStream(source, { highWaterMark: 0 });
}
