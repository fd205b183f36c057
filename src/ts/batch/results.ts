/** Whose each result is. An answer that leaves this open is an error: a shifted result looks like a good one. */

/** The results of `count` inputs in the order of the inputs, or a sentence that says why there are none. */
export function results(answer: unknown, count: number): unknown[] | string {
  if (Array.isArray(answer)) return answer.length === count ? answer : `${answer.length} results for ${count} inputs`;
  const data = (answer as { data?: unknown } | null | undefined)?.data;
  return Array.isArray(data) ? byIndex(data, count) : "the answer is no list of results";
}

/**
 * `{"data":[{"index":0,"embedding":[…]}]}`, in any order: https://platform.openai.com/docs/api-reference/embeddings/object.
 * The whole entry is the result where it holds no embedding.
 */
function byIndex(data: unknown[], count: number): unknown[] | string {
  if (data.length !== count) return `${data.length} results for ${count} inputs`;
  const found = new Map<number, unknown>();
  for (const entry of data as ({ index?: unknown; embedding?: unknown } | null)[]) {
    const index = entry?.index;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= count) return "a result without a valid index";
    if (found.has(index)) return `two results with the index ${index}`;
    found.set(index, entry?.embedding ?? entry);
  }
  return Array.from({ length: count }, (_, index) => found.get(index));
}
