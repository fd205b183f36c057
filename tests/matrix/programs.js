// A program as one writes it first, for what bundles programs or runs them, and what it must say.
import assert from "node:assert/strict";
import { coldModel } from "./apps.js";

/** It waits for a cold model, reads a stream, and tells an error by its class. JavaScript and TypeScript. */
export const PROGRAM = `
import { queryWithRetry, streamWithRetry, QueryError } from "query-with-retry";
async function main() {
  const endpoint = process.env.ENDPOINT ?? "";
  const payload = { messages: [{ role: "user", content: "Hi" }] };
  const answer = await queryWithRetry(endpoint, payload);
  const streamed = await streamWithRetry(endpoint, payload).finalText();
  const failed = await queryWithRetry("http://127.0.0.1:9/", {}, { loading: { refusedMs: 0 }, maxRetries: 0 }).catch((error) => error);
  console.log(JSON.stringify({ answer: answer.choices[0]?.message.content, streamed, isOurs: failed instanceof QueryError }));
}
void main();
`;

/** `run` gets the environment of the program, and gives what it printed. */
export async function answers(mock, key, run) {
  const printed = await run({ ENDPOINT: await coldModel(mock, key, 1_200) });
  const { answer, streamed, isOurs } = JSON.parse(printed.trim().split("\n").at(-1));
  assert.match(answer, /word1.*word4/);
  assert.equal(streamed, answer);
  assert.equal(isOurs, true);
}
