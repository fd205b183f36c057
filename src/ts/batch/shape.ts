/** The payload of many inputs, by the route that they go to. */

import { invalid } from "../errors/invalid.js";
import type { CoreTarget } from "../wasm/protocol.js";

export type Shape = (inputs: unknown[]) => object;

/** Routes whose options stand beside the inputs, at the top of the body. */
const FLAT = /\/(embed(_all|_sparse)?|predict)\/?$|feature-extraction/;

/**
 * | route | body |
 * |---|---|
 * | OpenAI's embeddings, Ollama's `/api/embed` | `{ input: […], …parameters }` |
 * | OpenAI's completions | `{ prompt: […], …parameters }` |
 * | TEI's `/embed` and its kin, feature extraction | `{ inputs: […], …parameters }` |
 * | TEI's `/predict` | the same; a list of texts would be a pair there, so each text is a list of its own |
 * | any other | `{ inputs: […], parameters }` |
 *
 * Sources: platform.openai.com/docs/api-reference/embeddings; docs/api.md of ollama/ollama; docs/openapi.json of
 * huggingface/text-embeddings-inference.
 */
export function shapeOf({ path }: CoreTarget, parameters?: Record<string, unknown>): Shape {
  const ends = (routes: string) => new RegExp(`/(${routes})/?$`).test(path);
  if (ends("chat/completions|messages|responses|api/chat")) throw invalid("target: a chat takes one conversation a request, and no batch");
  if (ends("embeddings|api/embed")) return (input) => ({ ...parameters, input });
  if (ends("completions")) return (prompt) => ({ ...parameters, prompt });
  if (ends("predict")) return (inputs) => ({ ...parameters, inputs: inputs.map((input) => (typeof input === "string" ? [input] : input)) });
  if (FLAT.test(path)) return (inputs) => ({ ...parameters, inputs });
  return (inputs) => (parameters ? { inputs, parameters } : { inputs });
}
