// Requests of client.fetch that name their model elsewhere than in JSON: each model is a target of its own.
import { sleep } from "./clock.js";

const ADDRESS = "http://speech.test/v1/audio/transcriptions";
const form = (model, file = new Blob(["x".repeat(1000)])) => {
  const made = new FormData();
  if (file) made.append("file", file, "a.wav");
  if (model !== undefined) made.append("model", model);
  return made;
};
const URLENCODED = { "content-type": "application/x-www-form-urlencoded" };

const ways = {
  "a FormData": () => [ADDRESS, { method: "POST", body: form("whisper") }],
  // Without a file: WebKitGTK cannot read one back from a Request.
  "a Request with a FormData": () => [new Request(ADDRESS, { method: "POST", body: form("whisper", null) })],
  "a URLSearchParams": () => [ADDRESS, { method: "POST", body: new URLSearchParams({ model: "whisper", language: "de" }) }],
  "a text of a form": () => [ADDRESS, { method: "POST", body: "language=de&model=whisper", headers: URLENCODED }],
  "the query of a GET": () => [`${ADDRESS}?a=b&model=whisper`, {}],
  "the query of a request with bytes": () => [`${ADDRESS}?model=whisper`, { method: "POST", body: new Uint8Array(10) }],
  "JSON, before the query": () => [`${ADDRESS}?model=other`, { method: "POST", body: '{"model":"whisper"}' }],
  "a FormData, before the query": () => [`${ADDRESS}?model=other`, { method: "POST", body: form("whisper") }],
  "the query beside a FormData without one": () => [`${ADDRESS}?model=whisper`, { method: "POST", body: form() }],
  "the query beside a FormData with an empty one": () => [`${ADDRESS}?model=whisper`, { method: "POST", body: form("") }],
};

const none = {
  "a FormData without a model": () => [ADDRESS, { method: "POST", body: form() }],
  "a FormData with a file as its model": () => [ADDRESS, { method: "POST", body: form(new Blob(["whisper"])) }],
  "a form that is none": () => [ADDRESS, { method: "POST", body: "model", headers: { "content-type": "multipart/form-data" } }],
  "a query with an empty model": () => [`${ADDRESS}?model=&x_model=a`, {}],
};

const targetsOf = async (api, make) => {
  const client = api.createClient({ fetch: async () => new Response('{"text":"hello"}') });
  await client.fetch(...make());
  return client.stats().map(({ target }) => target);
};

export const forms = [
  ...Object.entries(ways).map(([what, make]) => ({
    name: `the model in ${what} is a target of its own`,
    run: async ({ api, assert }) => assert.deepEqual(await targetsOf(api, make), [`${ADDRESS}#whisper`]),
  })),
  ...Object.entries(none).map(([what, make]) => ({
    name: `${what} belongs to the target of its address`,
    run: async ({ api, assert }) => assert.deepEqual(await targetsOf(api, make), [ADDRESS]),
  })),
  {
    name: "a form with a cold model holds up no form with another model at the same address",
    async run({ api, assert }) {
      const fetch = async (_, { body }) =>
        body.get("model") === "cold"
          ? new Response('{"error":"Model cold is currently loading","estimated_time":60}', { status: 503 })
          : new Response('{"text":"hello"}');
      const client = api.createClient({ fetch });
      const controller = new AbortController();
      const cold = client.fetch(ADDRESS, { method: "POST", body: form("cold"), signal: controller.signal }).catch(() => "aborted");
      await sleep(50);
      const answered = client.fetch(ADDRESS, { method: "POST", body: form("warm") }).then(({ status }) => status);
      assert.equal(await Promise.race([answered, sleep(2_000)]), 200);
      controller.abort();
      assert.equal(await cold, "aborted");
    },
  },
];
