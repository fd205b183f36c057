/**
 * What one event of a stream says: which text, and whether it is content, an end or an error.
 *
 * Told by shape, since no server says which format it speaks: OpenAI chat and completions, TGI's
 * own, `/v1/responses`, and anything else as it is. What follows from it, `src/core/completion.rs`
 * decides.
 */

/** Bits, as `src/web/events.rs` reads them. */
export const CONTENT = 1;
export const FINISH = 2;
/** For the face alone: an error does not reach the decoder. */
export const ERROR = 4;

/** One event, taken apart. `error` is what an error says, in any of the forms of `factsOf`. */
export interface Said {
  bits: number;
  text: string;
  error?: unknown;
}

/** The keys of a delta that are no content, however long they are. */
const aside = new Set(["role", "content"]);

type Json = any;

export function take(item: Json): Said {
  if (typeof item !== "object" || item === null) return content("");
  if (item.error) return failed(item);
  const { choices, type } = item;
  if (Array.isArray(choices)) return ofChoice(choices[0]);
  if (item.token || item.generated_text != null) return ofToken(item);
  if (typeof type === "string") return ofResponse(item, type);
  // The pipelines' answer in one piece.
  if (Array.isArray(item) && typeof item[0]?.generated_text === "string") return ofToken(item[0]);
  return content("");
}

/** Several choices are several answers: the text is that of the first. */
function ofChoice(choice: Json): Said {
  if (!choice) return nothing; // a usage, or the filters of a prompt
  const { finish_reason: why } = choice;
  if (why === "error" || why === "abort") return failed({ error: `finish_reason: ${why}` });
  // An answer in one piece has a message.
  const delta = choice.delta ?? choice.message ?? {};
  const text = delta.content ?? choice.text;
  const isText = typeof text === "string";
  let bits = why ? FINISH : 0;
  if (isText ? text !== "" : text != null) bits |= CONTENT;
  else for (const key in delta) if (!aside.has(key) && delta[key]?.length !== 0 && delta[key] != null) bits |= CONTENT; // reasoning, tool calls
  return { bits, text: isText && !choice.index ? text : "" };
}

/** The last one has the whole text beside its own token; alone, it is an answer in one piece. */
function ofToken({ token, generated_text: whole }: Json): Said {
  const text: string = token ? (token.special ? "" : token.text) : whole;
  return { bits: (text ? CONTENT : 0) | (whole != null ? FINISH : 0), text };
}

function ofResponse(item: Json, type: string): Said {
  if (type === "error") return failed({ error: item });
  if (!type.startsWith("response.")) return content("");
  if (type === "response.failed") return failed({ error: item.response?.error ?? type });
  // Cut by a limit of tokens, which a `finish_reason` says as quietly.
  if (type === "response.completed" || type === "response.incomplete") return { bits: FINISH, text: "" };
  // What else there is announces a piece, or repeats it when it is complete.
  if (!type.endsWith(".delta")) return nothing;
  return content(type === "response.output_text.delta" ? item.delta : "");
}

const nothing: Said = { bits: 0, text: "" };
const content = (text: string): Said => ({ bits: CONTENT, text });
const failed = (error: unknown): Said => ({ bits: ERROR, text: "", error });
