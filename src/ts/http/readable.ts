/** Items that are asked for one by one, as a `ReadableStream` that reads none ahead. */
export function readableOf<T>(items: { next(): Promise<IteratorResult<T>> }, cancel: (reason: unknown) => void | Promise<void>): ReadableStream<T> {
  const source: UnderlyingDefaultSource<T> = {
    async pull(controller) {
      const { value, done } = await items.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel,
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
