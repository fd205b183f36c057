export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** How long a promise took to settle, whichever way; what it settled with is not touched. */
export async function settledAfter(promise) {
  const start = performance.now();
  await promise.then(
    () => {},
    () => {},
  );
  return performance.now() - start;
}
