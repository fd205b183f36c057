// Programs as they are written first, which must compile with no cast.
import {
  createClient,
  queryWithReport,
  queryWithRetry,
  streamWithRetry,
  type CallEvent,
  type ChatCompletion,
  type ChatCompletionChunk,
  type ClientOptions,
  type QueryOptions,
} from "query-with-retry";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

declare const process: { env: Record<string, string | undefined> };
const messages = [{ role: "user", content: "Hi" }];
const model = "meta-llama/Llama-3.1-8B-Instruct";

/** What may be undefined is left out, also under `exactOptionalPropertyTypes`. */
export async function withOptionals(signal?: AbortSignal, hold?: boolean): Promise<unknown> {
  const options: QueryOptions = { token: process.env["HF_TOKEN"], signal, loading: { hold }, timeouts: { totalMs: hold ? 600_000 : undefined } };
  const shared: ClientOptions = { ...options, breaker: undefined, concurrency: { max: undefined }, fetch: undefined };
  return createClient(shared).query({ url: "https://models.test", token: process.env["HF_TOKEN"] }, { inputs: "x" }, options);
}

/** Headers are an object: what has no members of its own is refused, though it is taken at run time. */
export function withHeaders(headers: Headers, map: Map<string, string>): QueryOptions[] {
  // @ts-expect-error: a Headers
  const whole: QueryOptions = { headers };
  // @ts-expect-error: a Map
  const mapped: QueryOptions = { headers: map };
  return [whole, mapped, { headers: Object.fromEntries(headers) }, { headers: Object.fromEntries(map) }];
}

/** The answer to `messages` is a chat's. */
export async function chat(token: string): Promise<string> {
  const answer = await queryWithRetry(model, { messages, max_tokens: 50 }, { token });
  same<typeof answer, ChatCompletion>(true);
  const { data, report } = await createClient({ token }).queryWithReport(model, { messages });
  const tokens: number | undefined = data.usage?.total_tokens;
  return `${answer.choices[0]?.message.content ?? ""} ${tokens} ${report.totalMs}`;
}

/** So is that to the payload of an SDK, which is an interface. */
interface Params {
  model: string;
  messages: { role: "user"; content: string }[];
  temperature?: number;
}
export async function ofAnSdk(params: Params): Promise<string | null | undefined> {
  return (await queryWithRetry("http://127.0.0.1:8000/v1/chat/completions", params)).choices[0]?.message.content;
}

/** And a stream's chunks. */
export async function chunks(): Promise<void> {
  for await (const chunk of streamWithRetry(model, { messages })) {
    same<typeof chunk, ChatCompletionChunk>(true);
    const { delta, finish_reason: why } = chunk.choices[0] ?? {};
    const text: string | null | undefined = delta?.content;
    const reasoning: string | undefined = delta?.["reasoning_content"];
    void [text, reasoning, why];
  }
}

/** Whoever says what it is is believed. */
export async function named(): Promise<void> {
  const other: { message: { content: string } } = await queryWithRetry("http://127.0.0.1:11434/api/chat", { messages });
  const cast = (await queryWithRetry("http://127.0.0.1:11434/api/chat", { messages })) as { message: { content: string } };
  const given = await queryWithRetry<{ done: boolean }>("http://127.0.0.1:11434/api/chat", { messages });
  for await (const { done } of streamWithRetry<{ done: boolean }>("http://127.0.0.1:11434/api/chat", { messages })) void (done satisfies boolean);
  void [other, cast, given.done];
}

/** Of everything else nothing is said. */
export async function unknown(): Promise<void> {
  const answer = await queryWithRetry("BAAI/bge-small-en-v1.5", { inputs: ["Hello"] });
  same<typeof answer, unknown>(true);
  const { data } = await queryWithReport(new URL("http://127.0.0.1:8080/"), new Uint8Array([1]));
  same<typeof data, unknown>(true);
  for await (const event of streamWithRetry("http://127.0.0.1:8080/generate_stream", { inputs: "x" })) void event.token.text;
}

/** A route handler. */
export function POST(): Response {
  return createClient()
    .stream(model, { messages })
    .toResponse({ headers: { "x-of": "mine" } });
}

/** An event that a test makes up. */
export const wait: CallEvent = { type: "wait", reason: "loading", ms: 1000, attempt: 1, target: model, estimatedMs: undefined };
