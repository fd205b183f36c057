// A stream that a server passes on, as server-sent events of its own.
import { answer } from "./mock.js";
import { sleep } from "./clock.js";
import { events, finishes, formats, putStream, reference, says, timeless } from "./streamed.js";

const TYPE = { "content-type": "text/event-stream" };
const URL_OF_ANY = "https://models.test/v1/chat/completions";

/** A client whose upstream says these events, and what it hears of its end. */
function upstream(api, text) {
  const seen = { pulled: 0, cancelled: false, signal: undefined };
  const pieces = text.split(/(?<=\n\n)/).map((piece) => new TextEncoder().encode(piece));
  const fetch = async (_, { signal }) => {
    seen.signal = signal;
    const source = {
      pull(controller) {
        const piece = pieces[seen.pulled++];
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel: () => void (seen.cancelled = true),
    };
    return new Response(new ReadableStream(source, { highWaterMark: 0 }), { headers: TYPE });
  };
  return { client: api.createClient({ fetch, maxRetries: 0 }), seen };
}

const thrownBy = (work) => {
  try {
    work();
  } catch (error) {
    return error;
  }
};

/** The error that the last event tells. */
const lastError = (text) => JSON.parse(/event: error\ndata: (.*)\n\n$/.exec(text)?.[1] ?? "{}").error;

export const streamsPassedOn = [
  {
    name: "toResponse answers with each item as one event, and [DONE]",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 5 } });
      const response = api.streamWithRetry(url, formats.chat.payload).toResponse();
      assert.equal(response.status, 200);
      const named = ["content-type", "cache-control", "x-accel-buffering"].map((name) => response.headers.get(name));
      assert.deepEqual(named, ["text/event-stream", "no-cache, no-transform", "no"]);
      const data = (await response.text()).split("\n\n");
      assert.deepEqual(data.slice(-2), ["data: [DONE]", ""]);
      const items = data.slice(0, -2).map((line) => JSON.parse(line.replace(/^data: /, "")));
      assert.deepEqual(timeless(items), timeless(await reference(url, formats.chat.payload)));
    },
  },
  {
    name: "toResponse takes a status and headers, which go before its own",
    async run({ api, assert }) {
      const { client } = upstream(api, events(says("Hi"), finishes("stop"), "[DONE]"));
      const init = { status: 203, headers: { "x-of": "mine", "Cache-Control": "no-store" } };
      const response = client.stream(URL_OF_ANY, {}).toResponse(init);
      const named = ["x-of", "cache-control", "content-type"].map((name) => response.headers.get(name));
      assert.deepEqual([response.status, ...named], [203, "mine", "no-store", "text/event-stream"]);
      await response.text();
    },
  },
  {
    name: "toResponse consumes the stream: it is read by nobody else, before or after",
    async run({ api, assert }) {
      const { client } = upstream(api, events(says("Hi"), finishes("stop"), "[DONE]"));
      const stream = client.stream(URL_OF_ANY, {});
      const response = stream.toResponse();
      for (const again of [() => stream.toResponse(), () => stream.readable, () => stream[Symbol.asyncIterator]()]) {
        assert.equal(thrownBy(again)?.name, "TypeError");
      }
      await response.text();
      assert.equal((await stream.report).attempts.at(-1).outcome, "ok");
    },
  },
  {
    name: "toResponse reads no more from upstream than its reader asks for",
    async run({ api, assert }) {
      const { client, seen } = upstream(api, events(...Array.from({ length: 50 }, (_, at) => says(`word${at}`)), finishes("stop"), "[DONE]"));
      const reader = client.stream(URL_OF_ANY, {}).toResponse().body.getReader();
      for (let at = 0; at < 3; at++) await reader.read();
      await sleep(50);
      assert.between(seen.pulled, 3, 6);
      await reader.cancel();
    },
  },
  {
    name: "a reader of toResponse that leaves ends the request, and the report says so",
    async run({ api, assert }) {
      const { client, seen } = upstream(api, events(...Array.from({ length: 50 }, (_, at) => says(`word${at}`))));
      const stream = client.stream(URL_OF_ANY, {});
      const reader = stream.toResponse().body.getReader();
      await reader.read();
      await reader.cancel("gone");
      assert.equal((await stream.report).attempts.at(-1).outcome, "aborted");
      assert.ok(seen.cancelled || seen.signal.aborted);
    },
  },
  {
    name: "a stream that breaks ends toResponse with an error event that says what to do, and no [DONE]",
    async run({ api, assert }) {
      const { client } = upstream(api, events(says("Hi"), { error: { message: "no route to 10.0.0.7", type: "server_error" } }));
      const text = await client.stream(URL_OF_ANY, {}).toResponse().text();
      assert.ok(text.startsWith(`data: ${JSON.stringify(says("Hi"))}\n\n`), text);
      const error = lastError(text);
      assert.equal(error?.code, "stream_error", text);
      assert.ok(error.message.length > 20 && !text.includes("10.0.0.7") && !text.includes("[DONE]"), text);
    },
  },
  {
    name: "a call that fails before its first text is an error event of toResponse too",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(401, { error: "Invalid username or password." }) });
      const stream = api.streamWithRetry(url, {});
      assert.equal(lastError(await stream.toResponse().text())?.code, "unauthorized");
      await assert.rejects(stream.report, { code: "unauthorized" });
    },
  },
  {
    name: "a stream that is cancelled or aborted where it came from is not whole in toResponse",
    async run({ api, assert }) {
      const { client } = upstream(api, events(...Array.from({ length: 50 }, (_, at) => says(`word${at}`))));
      const controller = new AbortController();
      const [left, aborted] = [client.stream(URL_OF_ANY, {}), client.stream(URL_OF_ANY, {}, { signal: controller.signal })];
      for (const [stream, ends] of [
        [left, () => left.cancel()],
        [aborted, () => controller.abort(new Error("secret reason"))],
      ]) {
        const reader = stream.toResponse().body.getReader();
        await reader.read();
        await ends();
        let text = "";
        for (let next; !(next = await reader.read()).done;) text += new TextDecoder().decode(next.value);
        assert.equal(lastError(text)?.code, "aborted", text);
        assert.ok(!text.includes("secret"), text);
      }
    },
  },
  {
    name: "a Response of the items, which are no bytes, fails when it is read",
    async run({ api, assert }) {
      const { client } = upstream(api, events(says("Hi"), finishes("stop"), "[DONE]"));
      await assert.rejects((async () => new Response(client.stream(URL_OF_ANY, {}).readable).text())(), { name: "TypeError" });
    },
  },
  {
    name: "a Response of the items ends the request in a Worker, and says what to use, there and in the console",
    async run({ api, assert, runtime }) {
      if (runtime !== "workerd") return; // others tell whoever reads it, in their own words
      const { client, seen } = upstream(api, events(says("Hi"), finishes("stop"), "[DONE]"));
      const stream = client.stream(URL_OF_ANY, {});
      const { error: log } = console;
      const logged = [];
      console.error = (text) => logged.push(text);
      const remedy = /use stream\.toResponse\(\)/;
      const error = await assert
        .rejects((async () => new Response(stream.readable).text())(), { name: "TypeError" })
        .finally(() => (console.error = log));
      assert.ok(remedy.test(error.message), error.message);
      assert.ok(logged.length === 1 && remedy.test(logged[0]), logged.join());
      assert.equal((await stream.report).attempts.at(-1)?.outcome, "aborted");
      assert.ok(seen.cancelled || seen.signal.aborted);
    },
  },
  {
    name: "what toResponse makes is a stream for the next client, whole and broken",
    async run({ api, assert }) {
      const asFetch = (text) => async () => upstream(api, text).client.stream(URL_OF_ANY, {}).toResponse();
      const whole = api.createClient({ fetch: asFetch(events(says("Hi "), says("there"), finishes("stop"), "[DONE]")) });
      assert.equal(await whole.stream(URL_OF_ANY, {}).finalText(), "Hi there");
      const broken = api.createClient({ fetch: asFetch(events(says("Hi "), says("there"))) });
      const error = await assert.rejects(broken.stream(URL_OF_ANY, {}).finalText(), { code: "stream_error" });
      assert.equal(error.partial, "Hi there");
    },
  },
];
