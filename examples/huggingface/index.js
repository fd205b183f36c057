// A chat completion and a streamed one, by @huggingface/inference.
import { InferenceClient } from "@huggingface/inference";
import { createClient } from "query-with-retry";

const client = createClient();
const hf = new InferenceClient(process.env.HF_TOKEN, {
  endpointUrl: process.env.BASE_URL,
  fetch: client.fetch,
});

const model = process.env.MODEL ?? "meta-llama/Llama-3.1-8B-Instruct";
const messages = [{ role: "user", content: "Name three rivers." }];

const completion = await hf.chatCompletion({ model, messages });
console.log(completion.choices[0].message.content);

for await (const chunk of hf.chatCompletionStream({ model, messages })) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}
console.log();
