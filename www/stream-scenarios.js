// The scenarios that stream: healthy ones, and each way in which a stream can break.

const TEXT = [
  "A model that nobody asks is put to sleep.",
  "The first question wakes it: it loads its weights and begins to speak, one token at a time.",
  "Some are naïve, some are 日本語 and some are a 🙂.",
  "Who reads along sees each word as it comes.",
  "If the line breaks, what was said is kept, and never asked for twice.",
].join(" ");

const CHAT = { model: "demo", messages: [{ role: "user", content: TEXT }] };
const OPENAI = { stream: true, profile: "openai", path: "/v1/chat/completions", payload: CHAT };
const TGI = { stream: true, profile: "openai", path: "/generate_stream", payload: { inputs: TEXT } };

/** A pace at which words can be read. */
const PACE = { tokensPerSecond: 12 };

const OVERLOADED = {
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body: 'data: {"error":"Model is overloaded","error_type":"overloaded"}\n\n',
};

const ENGINE_DIED = `data: ${JSON.stringify({
  error: {
    message: "EngineCore encountered an issue. See stack trace (above) for the root cause.",
    type: "InternalServerError",
    param: null,
    code: 500,
  },
})}\n\ndata: [DONE]\n\n`;

export const STREAMS = [
  {
    id: "stream",
    title: "Healthy stream",
    what: "12 tokens a second.",
    expect: "It should hand over each word when it comes, and end when the server says that the answer is complete.",
    mock: { server: "openai", stream: PACE },
    ...OPENAI,
  },
  {
    id: "stream-cold",
    title: "Slow first token",
    what: "5 s to load, 1.5 s to read the prompt, then a stream.",
    expect: "It should wait for the model and then for its first token. The time to first token counts from the call, so both are in it.",
    mock: { server: "openai", cold: { ms: 5000, says: 20 }, script: [{ delayMs: 1500 }], stream: PACE },
    ...OPENAI,
  },
  {
    id: "stream-overloaded",
    title: "Overloaded at first",
    what: "Twice 200 with an error as its first event, as TGI does, then a stream.",
    expect: "It should take a status of 200 for no answer yet: nothing was shown, so it may ask again, and does.",
    mock: { server: "tgi", script: [OVERLOADED, OVERLOADED], stream: PACE },
    ...TGI,
  },
  {
    id: "stream-cut",
    title: "Cut in the middle",
    what: "The connection closes cleanly, without a finish_reason.",
    expect:
      "It should not take half an answer for a whole one: an error, with the text so far in it, and no second request, which would say the same words again.",
    mock: { server: "openai", script: [{ fault: { kind: "end", events: 31 } }], stream: PACE },
    ...OPENAI,
  },
  {
    id: "stream-error",
    title: "Error in the middle",
    what: "The engine dies, and says so in an event.",
    expect: "It should fail with the server’s own words, and keep the text that came before them.",
    mock: { server: "vllm", script: [{ inject: { events: 31, text: ENGINE_DIED, thenEnd: true } }], stream: PACE },
    ...OPENAI,
  },
  {
    id: "stream-silent",
    title: "Silence in the middle",
    what: "The stream stalls and stays open.",
    expect: "It should wait for 3 s of silence (timeouts.idleMs, 60 s by default), then close the connection and keep what came.",
    mock: { server: "openai", script: [{ fault: { kind: "stall", events: 31 } }], stream: PACE },
    options: { timeouts: { idleMs: 3000 } },
    ...OPENAI,
  },
];
