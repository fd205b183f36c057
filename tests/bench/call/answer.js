// What everybody asks, and what is answered.

export const model = "meta-llama/Llama-3.1-8B-Instruct";
export const messages = [{ role: "user", content: "Name three rivers." }];

export const answer = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1742565776,
  model,
  choices: [{ index: 0, message: { role: "assistant", content: "The Rhine, the Nile and the Amazon." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 },
});
