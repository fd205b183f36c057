/**
 * The cheapest request that shows whether the model of a target is up.
 *
 * | target | request |
 * |---|---|
 * | the router's chat route | GET /v1/models/{id}: a provider with the status "live" |
 * | a model id on hf-inference | GET /api/models/{id}?expand[]=inference at the Hub: "warm" |
 * | a dedicated endpoint | GET /health |
 * | llama.cpp's own routes | GET /health |
 * | Ollama | a call without a prompt, which loads the model |
 * | any other | the smallest payload of its route |
 *
 * Sources: docs/inference-providers/hub-api.md of huggingface/hub-docs; docs/source of hf-endpoints-documentation; tools/server/README.md
 * of ggml-org/llama.cpp; docs/faq.mdx of ollama/ollama.
 */

import type { CoreTarget } from "../wasm/protocol.js";

/** A GET that may show the state of a model, so that no payload is needed. */
export interface Status {
  url: string;
  /** The URL belongs to another host, which gets no credentials. */
  isForeign?: boolean;
  /** Whether this successful answer says that the model is up, if it says anything. Without it, every success but an HTML page does. */
  isWarm?: (said: Record<string, any>) => boolean | undefined;
}

const HUB = "https://huggingface.co";
const ROUTER = "https://router.huggingface.co";

/** The routes of engines. The part of the path before them is the base of the server. */
const ROUTE =
  /(?:\/(?:v1(?:\/.*)?|chat\/completions|completions?|embeddings?|embed|responses|messages|generate(?:_stream)?|infill|predict|rerank|hf-inference\/.*|api\/(?:chat|generate|embed|embeddings)))?\/?$/;

/** The smallest payload of the target's route. */
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

/** On Ollama's own routes a call without a prompt does nothing once the model is up. So the time that it takes is the load. */
export const isFree = (target: CoreTarget): boolean => /\/api\/(chat|generate)\/?$/.test(target.path);

/** The request for the state of the model, if the target has one. `to` is the URL that a payload is sent to. If its answer
 * says that the model is loading, TGI's own routes are asked as well. */
export function status(profile: string, target: CoreTarget, to: string, isLlama: boolean, isLoading = false): Status | undefined {
  const { origin, pathname } = new URL(to);
  const base = origin + pathname.replace(ROUTE, "");
  const [id = "", provider] = target.model.split(":");
  const pinned = provider && !/^(fastest|cheapest|preferred)$/.test(provider) ? provider : undefined;
  if (profile === "router" && id) {
    const isLive = (one: any) => one?.status === "live" && (!pinned || one.provider === pinned);
    return {
      url: `${base}/v1/models/${id.split("/").map(encodeURIComponent).join("/")}`,
      isWarm: (said) => ((said["data"] ?? said).providers as unknown[] | undefined)?.some(isLive),
    };
  }
  if (profile === "hf-inference") {
    const named = /\/models\/([^/]+(?:\/(?!v1\/|pipeline\/)[^/]+)?)/.exec(pathname)?.[1];
    if (!named) return undefined;
    const hub = origin === ROUTER ? HUB : base;
    return { url: `${hub}/api/models/${named}?expand[]=inference`, isForeign: origin === ROUTER, isWarm: (said) => said["inference"] === "warm" };
  }
  const own = isLoading ? /\/(completion|infill|generate(_stream)?)\/?$/ : /\/(completion|infill)\/?$/;
  if (profile === "endpoint" || isLlama || own.test(pathname)) return { url: `${base}/health` };
  return undefined;
}
