/** Whose each result is. An answer that leaves this open is an error: a shifted result looks like a good one. */

type Entry = Record<string, unknown> | null | undefined;

/** A server's word for one input, in place of its result. */
export class Refused {
  constructor(readonly why: string) {}
}

/** The results of `count` inputs in the order of the inputs, or a sentence that says why there are none. */
export function results(answer: unknown, count: number): unknown[] | string {
  const all = whole(answer, count);
  return typeof all === "string" ? all : all.map(one);
}

function whole(answer: unknown, count: number): unknown[] | string {
  const { data, choices, embeddings } = (answer ?? {}) as Record<string, unknown>;
  if (Array.isArray(data)) return byIndex(data, count, "embedding");
  // https://platform.openai.com/docs/api-reference/completions/object
  if (Array.isArray(choices)) return byIndex(choices, count);
  // https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings
  const list = Array.isArray(embeddings) ? embeddings.map(vector) : answer;
  if (!Array.isArray(list)) return "the answer is no list of results";
  return list.length === count ? list : wrongNumber(list, count);
}

const wrongNumber = ({ length }: unknown[], count: number) =>
  `${length} result${length === 1 ? "" : "s"} for ${count} input${count === 1 ? "" : "s"}`;

/**
 * `{"data":[{"index":0,"embedding":[…]}]}`, in any order: https://platform.openai.com/docs/api-reference/embeddings/object.
 * The whole entry is the result where it holds no such member.
 */
function byIndex(data: unknown[], count: number, member = ""): unknown[] | string {
  if (data.length !== count) return wrongNumber(data, count);
  const found = new Map<unknown, unknown>();
  for (const entry of data as Entry[]) {
    const index = entry?.["index"];
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= count) return "a result without a valid index";
    if (found.has(index)) return `two results with the index ${String(index)}`;
    const own = vector(entry?.[member]);
    found.set(index, own ?? (entry?.["error"] || !(member in entry!) ? entry : null));
  }
  return Array.from({ length: count }, (_, index) => found.get(index));
}

/** Ollama 0.21 was seen to answer a list with embeddings of no numbers. */
const vector = (own: unknown): unknown => (Array.isArray(own) && !own.length ? null : own);

/** JSON has no NaN: TEI and llama.cpp write null, and a vector with null in it compares with nothing. */
const hasNothing = (result: unknown): boolean => (Array.isArray(result) ? result.some(hasNothing) : result === null);

/** Some servers answer a bad input by an error in its place. */
function one(result: unknown): unknown {
  if (result === undefined || hasNothing(result)) return new Refused("no result for this input");
  const { error } = result as { error?: unknown };
  return error && !Array.isArray(result) ? new Refused(typeof error === "string" ? error : JSON.stringify(error)) : result;
}
