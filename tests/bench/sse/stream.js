// The stream that everybody decodes: chat chunks as TGI sends them, cut in pieces.

const CHUNKS = 100_000;

function chunk(index) {
  const content = index % 100 === 0 ? ` naïve 🙂 ${index}` : ` token${index}`;
  return {
    object: "chat.completion.chunk",
    id: "",
    created: 1742565776,
    model: "meta-llama/Llama-3.1-8B-Instruct",
    system_fingerprint: "3.2.1-native",
    choices: [{ index: 0, delta: { role: "assistant", content }, logprobs: null, finish_reason: index === CHUNKS - 1 ? "stop" : null }],
    usage: null,
  };
}

const encoder = new TextEncoder();
const texts = Array.from({ length: CHUNKS }, (_, index) => JSON.stringify(chunk(index)));
const DONE = "data: [DONE]\n\n";

export const items = CHUNKS;

/** What JSON.parse alone takes to read. */
export const jsonTexts = texts;

/** Pieces of so many bytes; without a size, an event each. */
export function pieces(size) {
  const events = texts.map((text) => `data: ${text}\n\n`);
  if (size === undefined) return [...events, DONE].map((event) => encoder.encode(event));
  const bytes = encoder.encode(events.join("") + DONE);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.slice(index * size, (index + 1) * size));
}

/** A body that gives a piece when it is asked for one. */
function body(all) {
  let at = 0;
  const source = {
    pull(controller) {
      if (at < all.length) controller.enqueue(all[at++]);
      else controller.close();
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** A fetch that answers with these pieces. */
export const fetchOf = (all) => async () => new Response(body(all), { headers: { "content-type": "text/event-stream" } });
