import { whenDropped } from "./dropped.js";

/** Items that are asked for one by one, as a `ReadableStream` that reads none ahead. `dropped`: nobody holds it any more. */
export function readableOf<T>(
  items: { next(): Promise<IteratorResult<T>> },
  cancel: (reason: unknown) => void | Promise<void>,
  dropped?: () => void,
): ReadableStream<T> {
  const source: UnderlyingDefaultSource<T> = {
    async pull(controller) {
      const { value, done } = await items.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel,
  };
  // Not the stream: a `Response` may have made another of it. Whichever it is, it pulls.
  if (dropped) whenDropped(source.pull as object, dropped);
  return new ReadableStream(source, { highWaterMark: 0 });
}
