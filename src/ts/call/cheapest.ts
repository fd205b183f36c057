/**
 * What proves with the least work that the model of a target is up: the table of profiles.
 *
 * | target | request |
 * |---|---|
 * | the router's chat route | GET /v1/models/{id}: a provider with the status "live" |
 * | a model id, hf-inference | GET /api/models/{id}?expand[]=inference at the Hub: "warm" |
 * | a dedicated endpoint | GET /health |
 * | llama.cpp's own routes | GET /health |
 * | Ollama | a call without a prompt, which loads the model |
 * | any other | the smallest payload of its route |
 *
 * Sources: docs/inference-providers/hub-api.md of huggingface/hub-docs; docs/source of hf-endpoints-documentation; tools/server/README.md
 * of ggml-org/llama.cpp; docs/faq.mdx of ollama/ollama.
 */

import type { CoreTarget } from "../wasm/protocol.js";

/** A GET that may answer in the place of the payload. */
export interface Status {
  url: string;
  /** It is another's, and gets no credentials. */
  isForeign?: boolean;
  /** Whether a success says that the model is up. Without it each does that is no page. */
  isWarm?: (said: Record<string, any>) => boolean;
}

const HUB = "https://huggingface.co";
const ROUTER = "https://router.huggingface.co";

/** The routes of engines; what stands before them is the base of the server. */
const ROUTE =
  /(?:\/(?:v1(?:\/.*)?|chat\/completions|completions?|embeddings?|embed|responses|messages|generate(?:_stream)?|infill|predict|rerank|hf-inference\/.*|api\/(?:chat|generate|embed|embeddings)))?\/?$/;

export function smallest(target: CoreTarget): object {
  const { origin, path, model, profile } = target;
  const chat = { messages: [{ role: "user", content: "." }], max_tokens: 1 };
  if (!origin) return profile === "router" || /:(?!fastest$|cheapest$|preferred$|hf-inference$)/.test(model) ? chat : { inputs: "." };
  if (/\/api\/chat\/?$/.test(path)) return { messages: [], stream: false };
  if (/\/api\/generate\/?$/.test(path)) return { stream: false };
  if (/\/(chat\/completions|messages)\/?$/.test(path)) return chat;
  if (/\/completions\/?$/.test(path)) return { prompt: ".", max_tokens: 1 };
  if (/\/completion\/?$/.test(path)) return { prompt: ".", n_predict: 1 };
  if (/\/responses\/?$/.test(path)) return { input: ".", max_output_tokens: 16 };
  if (/\/(embeddings|api\/embed)\/?$/.test(path)) return { input: "." };
  return /\/generate(_stream)?\/?$/.test(path) ? { inputs: ".", parameters: { max_new_tokens: 1 } } : { inputs: "." };
}

/** Of Ollama's own routes: it costs nothing once the model is up, so the time that it takes is that of the load. */
export const isFree = (target: CoreTarget): boolean => /\/api\/(chat|generate)\/?$/.test(target.path);

export function status(profile: string, target: CoreTarget, to: string, isLlama: boolean): Status | undefined {
  const { origin, pathname } = new URL(to);
  const base = origin + pathname.replace(ROUTE, "");
  const [id = "", provider] = target.model.split(":");
  const pinned = provider && !/^(fastest|cheapest|preferred)$/.test(provider) ? provider : undefined;
  if (profile === "router" && id) {
    const isLive = (one: any) => one?.status === "live" && (!pinned || one.provider === pinned);
    return {
      url: `${base}/v1/models/${id.split("/").map(encodeURIComponent).join("/")}`,
      isWarm: (said) => ((said["data"] ?? said).providers as unknown[] | undefined)?.some(isLive) === true,
    };
  }
  if (profile === "hf-inference") {
    const named = /\/models\/([^/]+(?:\/(?!v1\/|pipeline\/)[^/]+)?)/.exec(pathname)?.[1];
    if (!named) return undefined;
    const hub = origin === ROUTER ? HUB : base;
    return { url: `${hub}/api/models/${named}?expand[]=inference`, isForeign: origin === ROUTER, isWarm: (said) => said["inference"] === "warm" };
  }
  if (profile === "endpoint" || isLlama || /\/(completion|infill)\/?$/.test(pathname)) return { url: `${base}/health` };
  return undefined;
}
