// One call by each client, set up as its users set it up. Nothing is imported before it is wanted,
// because imports are measured too.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { messages, model } from "./answer.js";

export const BARE = "fetch and json()";
export const OURS = "query-with-retry";
export const OUR_FETCH = "query-with-retry, client.fetch";

const body = { model, messages };
const headers = { "content-type": "application/json", authorization: "Bearer hf_x" };
const text = (completion) => completion.choices[0].message.content;

/** A client of these: given an origin, a fetch (or none: the platform's) and the package's folder, one call. */
export const clients = {
  [BARE]:
    async ({ origin, fetch = globalThis.fetch }) =>
    async () => {
      const response = await fetch(`${origin}/v1/chat/completions`, { method: "POST", headers, body: JSON.stringify(body) });
      return text(await response.json());
    },
  [OURS]: async ({ origin, fetch, folder }) => {
    const { queryWithRetry } = await import(pathToFileURL(join(folder, "dist/index.js")));
    if (fetch) globalThis.fetch = fetch;
    return async () => text(await queryWithRetry(`${origin}/v1/chat/completions`, body, { token: "hf_x" }));
  },
  [OUR_FETCH]: async ({ origin, fetch, folder }) => {
    const { createClient } = await import(pathToFileURL(join(folder, "dist/index.js")));
    const client = createClient({ fetch });
    return async () => {
      const response = await client.fetch(`${origin}/v1/chat/completions`, { method: "POST", headers, body: JSON.stringify(body) });
      return text(await response.json());
    };
  },
  ky: async ({ origin, fetch }) => {
    const { default: ky } = await import("ky");
    const client = ky.create({ headers: { authorization: "Bearer hf_x" }, ...(fetch && { fetch }) });
    return async () => text(await client.post(`${origin}/v1/chat/completions`, { json: body }).json());
  },
  openai: async ({ origin, fetch }) => {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ apiKey: "hf_x", baseURL: `${origin}/v1`, fetch });
    return async () => text(await client.chat.completions.create(body));
  },
  "groq-sdk": async ({ origin, fetch }) => {
    const { default: Groq } = await import("groq-sdk");
    const client = new Groq({ apiKey: "hf_x", baseURL: origin, fetch });
    return async () => text(await client.chat.completions.create(body));
  },
  "@huggingface/inference": async ({ origin, fetch }) => {
    const { InferenceClient } = await import("@huggingface/inference");
    const client = new InferenceClient("hf_x", { endpointUrl: `${origin}/v1`, fetch });
    return async () => text(await client.chatCompletion(body));
  },
};
