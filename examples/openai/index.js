// A chat completion and a streamed one, by the openai package.
import OpenAI from "openai";
import { createClient } from "query-with-retry";

const client = createClient();
const openai = new OpenAI({
  baseURL: process.env.BASE_URL ?? "https://router.huggingface.co/v1",
  apiKey: process.env.HF_TOKEN,
  fetch: client.fetch,
});

const model = process.env.MODEL ?? "meta-llama/Llama-3.1-8B-Instruct";
const messages = [{ role: "user", content: "Name three rivers." }];

const completion = await openai.chat.completions.create({ model, messages });
console.log(completion.choices[0].message.content);

const stream = await openai.chat.completions.create({ model, messages, stream: true });
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}
console.log();
