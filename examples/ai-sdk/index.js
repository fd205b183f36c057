// A chat completion and a streamed one, by the AI SDK.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import { createClient } from "query-with-retry";

const client = createClient();
const huggingface = createOpenAICompatible({
  name: "huggingface",
  baseURL: process.env.BASE_URL ?? "https://router.huggingface.co/v1",
  apiKey: process.env.HF_TOKEN,
  fetch: client.fetch,
});

const model = huggingface(process.env.MODEL ?? "meta-llama/Llama-3.1-8B-Instruct");
const prompt = "Name three rivers.";

const { text } = await generateText({ model, prompt });
console.log(text);

// What ends a stream is not thrown, but a part of it; without onError it is printed as well.
const { fullStream } = streamText({ model, prompt, onError() {} });
for await (const part of fullStream) {
  if (part.type === "text-delta") process.stdout.write(part.text);
  if (part.type === "error") throw part.error;
}
console.log();
