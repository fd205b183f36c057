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
/** Above the bits stands which of several answers it is about. */
export const CHOICE = 3;

type Json = any;

/** The text of the event that was looked at last, and what it says if it is an error. */
export let text = "";
export let error: unknown;
/** It was in one of the forms that say when they are at their end. */
export let known = false;

/** The bits of one event. Not an object of them and the text: that would be one more for each event. */
export function look(item: Json): number {
  text = "";
  known = false;
  if (typeof item !== "object" || item === null) return CONTENT;
  if (item.error && item.jsonrpc === undefined) return failed(item);
  known = true;
  const { choices } = item;
  if (Array.isArray(choices) && (choices.length === 0 || typeof choices[0] === "object")) return ofChoice(choices[0]);
  if (typeof (item.token ?? 0) === "object" || item.generated_text != null) return ofToken(item);
  if (typeof item.type === "string") return ofResponse(item, item.type);
  // The pipelines' answer in one piece.
  if (Array.isArray(item) && typeof item[0]?.generated_text === "string") return ofToken(item[0]);
  known = false;
  return CONTENT;
}

/** Several choices are several answers, one in a chunk: the text is that of the first. */
function ofChoice(choice: Json): number {
  if (!choice) return 0; // a usage, or the filters of a prompt
  const { finish_reason: why, index } = choice;
  if (why === "error" || why === "abort") return failed({ error: `finish_reason: ${why}` });
  // An answer in one piece has a message.
  const delta = choice.delta ?? choice.message ?? {};
  const said = delta.content ?? choice.text;
  const nth = Number.isInteger(index) ? index : 0;
  const bits = (why ? FINISH : 0) | (nth << CHOICE);
  if (typeof said === "string" && said !== "") {
    if (!nth) text = said;
    return bits | CONTENT;
  }
  return bits | (Object.keys(delta).some((key) => key !== "role" && hasContent(delta[key])) ? CONTENT : 0);
}

/** Reasoning, a tool call, parts. */
const hasContent = (value: Json): boolean => value != null && value.length !== 0;

/** The last one has the whole text beside its own token; alone, it is an answer in one piece. */
function ofToken({ token, generated_text: whole }: Json): number {
  text = textOf(token ? (token.special ? "" : token.text) : whole);
  return (text ? CONTENT : 0) | (whole != null ? FINISH : 0);
}

function ofResponse(item: Json, type: string): number {
  if (type === "error") return failed({ error: item });
  if (!type.startsWith("response.")) {
    known = false;
    return CONTENT;
  }
  if (type === "response.failed") return failed({ error: item.response?.error ?? type });
  // Cut by a limit of tokens, which a `finish_reason` says as quietly.
  if (type === "response.completed" || type === "response.incomplete") return FINISH;
  // What else there is announces a piece, or repeats it when it is complete.
  if (!type.endsWith(".delta")) return 0;
  if (type === "response.output_text.delta") text = textOf(item.delta);
  return CONTENT;
}

/** What is no string is no text, whatever its name says. */
const textOf = (value: Json): string => (typeof value === "string" ? value : "");

function failed(what: unknown): number {
  error = what;
  return ERROR;
}
