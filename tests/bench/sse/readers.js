// Those who read the stream: each takes a fetch, and gives how many items it got.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { InferenceClient } from "@huggingface/inference";
import { streamText } from "ai";
import { createParser } from "eventsource-parser";
import OpenAI from "openai";
import { jsonTexts } from "./stream.js";

const URL = "http://stream.test/v1";
const MODEL = "meta-llama/Llama-3.1-8B-Instruct";
const messages = [{ role: "user", content: "Count." }];

async function count(items) {
  let count = 0;
  for await (const item of items) if (item !== undefined) count++;
  return count;
}

/** What most people write, and write well: the measure of all. */
async function* byHand(fetch) {
  const { body } = await fetch(`${URL}/chat/completions`);
  const decoder = new TextDecoder();
  let events = [];
  const parser = createParser({ onEvent: (event) => events.push(event.data) });
  for await (const piece of body) {
    parser.feed(decoder.decode(piece, { stream: true }));
    const come = events;
    events = [];
    for (const data of come) {
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  }
}

export const readers = ({ streamWithRetry, createClient }) => ({
  "eventsource-parser, by hand": (fetch) => count(byHand(fetch)),
  "query-with-retry": (fetch) => {
    globalThis.fetch = fetch;
    return count(streamWithRetry(`${URL}/chat/completions`, { model: MODEL, messages }));
  },
  "query-with-retry, finalText()": async (fetch) => {
    globalThis.fetch = fetch;
    const text = await streamWithRetry(`${URL}/chat/completions`, { model: MODEL, messages }).finalText();
    if (!text.endsWith("token99999")) throw new Error(`it ends with ${text.slice(-20)}`);
  },
  "query-with-retry, fetch": async (fetch) => {
    const client = createClient({ fetch });
    const { body } = await client.fetch(`${URL}/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: MODEL, messages, stream: true }),
    });
    const reader = body.getReader();
    while (!(await reader.read()).done);
    client.close();
  },
  "@huggingface/inference": (fetch) => {
    const client = new InferenceClient("hf_x", { endpointUrl: URL, fetch });
    return count(client.chatCompletionStream({ model: MODEL, messages }));
  },
  openai: async (fetch) => {
    const client = new OpenAI({ apiKey: "x", baseURL: URL, fetch });
    return count(await client.chat.completions.create({ model: MODEL, messages, stream: true }));
  },
  ai: (fetch) => {
    const provider = createOpenAICompatible({ name: "bench", baseURL: URL, fetch });
    return count(streamText({ model: provider.chatModel(MODEL), messages }).textStream);
  },
  "bytes alone": async (fetch) => {
    const reader = (await fetch()).body.getReader();
    while (!(await reader.read()).done);
  },
  "JSON.parse alone": () => {
    for (const text of jsonTexts) JSON.parse(text);
  },
});
