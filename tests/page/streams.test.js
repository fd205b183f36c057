// Streams on the demo page in a real browser: their text as it comes, and what is kept of a broken one.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { STREAMS } from "../../www/stream-scenarios.js";
import { AA, textsWithPoorContrast } from "./contrast.js";
import { screenshot } from "./screenshots.js";
import { mock, on } from "./session.js";

/** The mock echoes what it is asked, word by word. */
const WHOLE = `You said: ${STREAMS[0].payload.messages[0].content}`;
const TOKENS = WHOLE.split(" ").length;
/** As many are sent before a stream breaks. */
const KEPT = WHOLE.split(/(?<= )/)
  .slice(0, 30)
  .join("");

const CLOSED = /^The mock saw the connection closed after (\d+) events of the stream, before its answer was whole \(aborted: 1\)\.$/;

const between = (low, value, high, what) => assert.ok(value >= low && value <= high, `${what}: ${value}`);

/** "95 ms" or "7.8 s", with whatever follows. */
function milliseconds(text) {
  const [, number, unit] = /^([\d.]+) (ms|s)\b/.exec(text);
  return Number(number) * (unit === "s" ? 1000 : 1);
}

async function start(visit, id, tokens = 1) {
  await visit.choose(id);
  await visit.run();
  await visit.tokens(tokens);
}

/** It ended as one that was handed over whole, at the pace of the mock. */
async function wholeStream(visit, requests) {
  assert.equal(await visit.verdict(), "Answered.");
  assert.deepEqual(await visit.counts(), [requests, requests]);
  assert.deepEqual(await visit.comparison(), ["They agree: nothing was asked again after the first token."]);
  const { text, caption, tokens, rate } = await visit.stream();
  assert.deepEqual({ text, caption, tokens }, { text: WHOLE, caption: "The whole text", tokens: String(TOKENS) });
  between(10, Number(rate), 14, "tokens a second");
  const facts = await visit.facts();
  assert.equal(facts.Tokens, `${TOKENS}, counted as pieces of text`);
  assert.equal(facts["Tokens a second"], rate);
  const details = await visit.page.locator("#outcome pre").allTextContents();
  assert.equal(details[0], WHOLE);
  const report = JSON.parse(details[1]);
  assert.equal(report.attempts.length, requests);
  const { requests: counted } = await mock.counters(await visit.key());
  assert.equal(counted, requests);
  return { facts, report };
}

describe("a stream that comes to its end", { concurrency: 3 }, () => {
  on("shows its text while it comes, the time to its first token and its pace", async (visit) => {
    await start(visit, "stream", 3);
    const seen = [];
    for (let times = 0; times < 4; times++) {
      seen.push(await visit.stream());
      await sleep(700);
    }
    for (const { text, caption, shown } of seen) {
      assert.equal(shown, true);
      assert.ok(WHOLE.startsWith(text) && text.length < WHOLE.length, text);
      assert.equal(caption, "The text, as it comes");
    }
    for (const [at, { text, tokens, rate }] of seen.slice(1).entries()) {
      assert.ok(text.length > seen[at].text.length, `${seen[at].text} | ${text}`);
      assert.equal(Number(tokens), text.split(/(?<= )/).length, "one token is one word here");
      between(8, Number(rate), 16, "tokens a second");
    }
    assert.match((await visit.rows())[0], /^Attempt 1: streaming, first token at \d+ ms, \d\.\d s so far$/);
    between(20, milliseconds(seen[0].firstToken), 1_500, "time to first token");
    const { facts, report } = await wholeStream(visit, 1);
    assert.equal(milliseconds(facts["Time to first token"]), report.firstTokenMs);
    between(4_500, report.totalMs, 8_000, "total time");
    assert.match((await visit.rows())[0], /^Attempt 1: status 200, answered, first token at \d+ ms, \d\.\d s$/);
  });

  on("counts the wait for a cold model into the time to its first token, and marks it to scale", async (visit) => {
    await visit.choose("stream-cold");
    await visit.run();
    await visit.countdown();
    const waiting = await visit.stream();
    assert.deepEqual(waiting, { shown: true, text: "", caption: "The text, as it comes", firstToken: "–", tokens: "0", rate: "–" });
    await visit.verdict();
    const attempts = (await visit.rows()).filter((row) => row.startsWith("Attempt")).length;
    const { facts, report } = await wholeStream(visit, attempts);
    between(6_500, report.firstTokenMs, 12_000, "time to first token");
    const [, inAttempt] = /^\d+\.\d s, (.*) of it in the last attempt$/.exec(facts["Time to first token"]);
    between(1_500, milliseconds(inAttempt), 3_000, "of that in the last attempt");
    const { length, marked } = await visit.page.evaluate(() => {
      const marks = Array.from(document.querySelectorAll(".mark:not([hidden])"));
      if (marks.length !== 1) throw new Error(`${marks.length} first tokens`);
      const track = marks[0].parentElement.getBoundingClientRect();
      const { left, width } = marks[0].getBoundingClientRect();
      return {
        length: parseFloat(document.querySelector(".axis span:last-child").textContent),
        marked: (left + width / 2 - track.left) / track.width,
      };
    });
    assert.ok(Math.abs(marked * length - report.firstTokenMs / 1000) < 0.1, `marked at ${marked * length} s of ${report.firstTokenMs} ms`);
  });

  on("takes a status of 200 with an error as its first event for no answer, and asks again", async (visit) => {
    await visit.choose("stream-overloaded");
    await visit.run();
    await wholeStream(visit, 3);
    const rows = await visit.rows();
    for (const row of [rows[0], rows.at(-3)]) assert.match(row, /^Attempt [12]: status 200, the server is full, \d/);
    assert.match(rows[1], /^Wait: backoff/);
    assert.match(rows.at(-1), /^Attempt 3: status 200, answered, first token at /);
  });

  on("keeps the end of a long text in sight, unless the reader scrolls up", async (visit) => {
    const { page } = visit;
    await mock.create("own-long", { server: "openai", stream: { tokens: 1_500, tokensPerSecond: 300 } });
    await visit.choose("own");
    await page.getByLabel("Model id or URL", { exact: true }).fill(`${mock.origin}/own-long/v1/chat/completions`);
    await page.getByLabel("Stream the answer").check();
    await visit.run();
    await visit.tokens(600);
    const said = page.locator(".said");
    const place = () => said.evaluate((box) => ({ left: Math.abs(box.scrollTop), hidden: box.scrollHeight - box.clientHeight }));
    const early = await place();
    assert.ok(early.hidden > 100, "the text is longer than its window");
    assert.equal(early.left, 0, "below the window");
    await said.evaluate((box) => box.scrollBy(0, -80));
    await visit.tokens(900);
    assert.ok((await place()).left >= 80, "what the reader looks at was scrolled away");
    assert.equal(await visit.verdict(), "Answered.");
    assert.equal((await visit.stream()).tokens, "1500");
  });
});

describe("a broken stream keeps what came, says so, and is not asked for again", { concurrency: 3 }, () => {
  const broken = {
    "stream-cut": { verdict: "Failed: the stream was cut.", facts: { Code: "stream_truncated", Where: "the way there (network)" } },
    "stream-error": {
      verdict: "Failed: an error in the stream.",
      facts: {
        Code: "stream_error",
        Where: "the model (compute)",
        "The server’s own words": "EngineCore encountered an issue. See stack trace (above) for the root cause.",
      },
    },
    "stream-silent": {
      verdict: "Failed: our own clock ran out.",
      facts: { Code: "timeout", When: "in a silence between two pieces of the answer (idle)" },
      closed: true,
    },
  };
  for (const [id, { verdict, facts, closed }] of Object.entries(broken)) {
    on(id, async (visit) => {
      await start(visit, id, 5);
      const { text } = await visit.stream();
      assert.ok(KEPT.startsWith(text), text);
      assert.equal(await visit.verdict(20_000), verdict);
      const shown = await visit.facts();
      for (const [term, value] of Object.entries(facts)) assert.equal(shown[term], value);
      between(20, milliseconds(shown["Time to first token"]), 1_500, "time to first token");
      between(9, Number(shown["Tokens a second"]), 15, "tokens a second");
      const kept = visit.page.locator("#outcome .kept");
      const figcaption = await kept.locator("figcaption").textContent();
      assert.equal(figcaption, "Incomplete Kept in error.partial: 30 tokens, exactly what was shown.");
      assert.equal(await kept.locator("blockquote").textContent(), KEPT);
      const { text: left, caption } = await visit.stream();
      assert.deepEqual({ left, caption }, { left: KEPT, caption: "Incomplete: the text until the stream broke" });
      assert.ok((await visit.page.locator("#outcome .hint").textContent()).length > 10, "a hint");
      assert.deepEqual(await visit.counts(), [1, 1]);
      const [agree, connection] = await visit.comparison();
      assert.equal(agree, "They agree: nothing was asked again after the first token.");
      if (closed) assert.equal(CLOSED.exec(connection)[1], "31");
      await sleep(2_000);
      const { requests } = await mock.counters(await visit.key());
      assert.equal(requests, 1);
      if (closed) between(5_000, (await visit.facts())["Total time"].replace(" s", "") * 1000, 8_000, "30 tokens and 3 s of silence");
    });
  }
});

describe("a stream can be cancelled at any time", { concurrency: 3 }, () => {
  on("in the middle: the text stays as it is, and the server sees the connection closed", async (visit) => {
    await start(visit, "stream", 6);
    await visit.page.keyboard.press("Escape");
    assert.equal(await visit.verdict(2_000), "Cancelled.");
    const { text, caption } = await visit.stream();
    assert.ok(WHOLE.startsWith(text) && text.length < WHOLE.length, text);
    assert.equal(caption, "Incomplete: the text until you cancelled");
    const facts = await visit.facts();
    assert.equal(facts.Reason, "Cancelled by you, with the Escape key.");
    assert.match(facts.When, /in the middle of the stream$/);
    assert.match((await visit.rows())[0], /^Attempt 1: cancelled, first token at .*, cancelled after /);
    assert.deepEqual(await visit.counts(), [1, 1]);
    const [, closed] = await visit.comparison();
    const events = Number(CLOSED.exec(closed)[1]);
    await sleep(1_500);
    const { requests, aborted, log } = await mock.counters(await visit.key());
    assert.deepEqual({ requests, aborted }, { requests: 1, aborted: 1 });
    assert.deepEqual([log[0].outcome, log[0].eventsSent], ["aborted", events]);
    between(6, events, TOKENS - 10, "events sent");
    assert.equal((await visit.stream()).text, text);
  });

  on("before its first token: there is no text, and none follows", async (visit) => {
    await visit.choose("stream-cold");
    await visit.run();
    await visit.countdown();
    await visit.page.locator("#cancel").click();
    assert.equal(await visit.verdict(2_000), "Cancelled.");
    const { text, caption } = await visit.stream();
    assert.deepEqual({ text, caption }, { text: "", caption: "No text came." });
    const facts = await visit.facts();
    assert.equal(facts["Time to first token"], "none came");
    assert.match(facts.When, /in a wait/);
    assert.deepEqual(await visit.comparison(), ["They agree."]);
  });

  on("and neither another scenario nor the next run shows anything of it", async (visit) => {
    await start(visit, "stream", 3);
    await visit.page.keyboard.press("Escape");
    await visit.verdict(2_000);
    await visit.choose("healthy");
    assert.equal((await visit.stream()).shown, false);
    await visit.run();
    assert.equal(await visit.verdict(), "Answered.");
    assert.equal((await visit.stream()).shown, false);
    await start(visit, "stream", 2);
    assert.ok(WHOLE.startsWith((await visit.stream()).text));
    await visit.page.keyboard.press("Escape");
    assert.equal(await visit.verdict(2_000), "Cancelled.");
  });
});

describe("the code of a stream", { concurrency: 3 }, () => {
  const ends = {
    stream: /^\{attempts: Array\(1\)/,
    "stream-cut": new RegExp(`^stream_truncated ${KEPT}$`),
    "stream-silent": new RegExp(`^timeout ${KEPT}$`),
  };
  for (const [id, end] of Object.entries(ends)) {
    on(`of ${id} runs as it stands, makes the same call and prints the same text`, async (visit) => {
      await visit.choose(id);
      await visit.run();
      await visit.verdict(20_000);
      await visit.counts();
      const key = await visit.key();
      const code = await visit.code();
      assert.match(code, /^import \{ QueryError, streamWithRetry \} from "query-with-retry";$/m);
      assert.equal(code.includes("timeouts: { idleMs: 3000 }"), id === "stream-silent");
      const [made] = (await mock.counters(key)).log;
      const { mock: scenario } = STREAMS.find((stream) => stream.id === id);
      await mock.create(key, scenario);
      // A document without the page's policy, so that a script can be added to it.
      const elsewhere = await visit.context.newPage();
      const printed = [];
      await elsewhere.goto(`${mock.origin}/_mock`);
      // What the browser itself says there, of a missing icon, has no arguments.
      elsewhere.on("console", (message) => message.args().length > 0 && printed.push(message.text()));
      await elsewhere.addScriptTag({ type: "module", content: code.replace('"query-with-retry"', '"/pkg/index.js"') });
      for (let tries = 0; tries < 300 && !end.test(printed.at(-1)); tries++) await sleep(50);
      assert.match(printed.at(-1), end);
      // Events and the report are objects, and the error ends with the text that is kept.
      const pieces = printed.filter((line) => !line.startsWith("{") && !end.test(line));
      assert.equal(pieces.join(""), (await visit.stream()).text);
      const { log } = await mock.counters(key);
      assert.equal(log.length, 1);
      const { method, path, body } = log[0];
      assert.deepEqual({ method, path, body }, { method: made.method, path: made.path, body: made.body });
    });
  }

  on("of your own server is the streamed call, and the body of the request says so", async (visit) => {
    const { page } = visit;
    await mock.create("own-stream", { server: "openai", stream: { tokens: 20, tokensPerSecond: 50 } });
    await visit.choose("own");
    const box = page.getByLabel("Stream the answer");
    assert.equal(await box.isChecked(), false);
    await page.getByLabel("Model id or URL", { exact: true }).fill(`${mock.origin}/own-stream/v1/chat/completions`);
    assert.match(await visit.code(), /queryWithReport\(/);
    await box.check();
    assert.match(await visit.code(), /streamWithRetry\(/);
    await page.getByLabel("The request carries").selectOption("inputs");
    assert.equal(await box.isVisible(), false);
    assert.match(await visit.code(), /queryWithReport\(/);
    await page.getByLabel("The request carries").selectOption("messages");
    await visit.run();
    assert.equal(await visit.verdict(), "Answered.");
    const { text, tokens } = await visit.stream();
    assert.match(text, /^word1 word2 naïve .* word20$/);
    assert.equal(tokens, "20");
    await box.uncheck();
    await visit.run();
    await page.locator("#outcome blockquote").waitFor();
    assert.equal((await visit.stream()).shown, false);
    const { log } = await mock.counters("own-stream");
    assert.deepEqual(
      log.map(({ body }) => JSON.parse(body).stream),
      [true, undefined],
    );
  });
});

describe("everybody can read a stream", { concurrency: 3 }, () => {
  on("with a screen reader: its beginning, its first token and its end are said, its words are not", async (visit) => {
    await visit.choose("stream");
    await visit.run();
    await visit.verdict();
    const said = await visit.said();
    assert.equal(said.length, 4, said.join(" | "));
    assert.deepEqual(said.slice(0, 2), ["Healthy stream: setting up.", "Attempt 1 was sent."]);
    assert.match(said[2], /^First token after \d+ ms: the text is coming\.$/);
    assert.match(said[3], new RegExp(`^Answered after 1 attempt and \\d\\.\\d s: ${TOKENS} tokens, the whole text\\.$`));
    const region = visit.page.getByRole("region", { name: "The text of the stream" });
    assert.equal(await region.getAttribute("aria-live"), "off");
    assert.equal(await region.evaluate((node) => node.closest('[aria-live="polite"], [role="status"], [role="log"]')), null);
    await visit.choose("stream-cut");
    await visit.run();
    await visit.verdict();
    assert.match(await visit.status(), /^Failed: the stream was cut\. The text so far is kept\. ./);
  });

  on(
    "by keyboard: the choices have group names, and neither they nor the text are hidden from the focus",
    async (visit) => {
      const { page } = visit;
      assert.deepEqual(await page.locator(".group > legend").allTextContents(), ["One answer", "A stream", "A real server"]);
      const covered = () =>
        page.evaluate(() => {
          const { left, top, bottom } = document.activeElement.closest("label").getBoundingClientRect();
          const above = [top + 2, bottom - 2].map((y) => document.elementFromPoint(left + 20, y));
          return above.some((node) => !node?.closest("label")?.contains(document.activeElement));
        });
      await page.locator("input[value=cold-start]").focus();
      for (const { id } of STREAMS) {
        while ((await page.evaluate(() => document.activeElement.value)) !== id) await page.keyboard.press("ArrowDown");
        assert.equal(await covered(), false, id);
      }
      await page.keyboard.press("Enter");
      await visit.tokens(3);
      const stops = [];
      for (let at = 0; at < 3; at++) {
        await page.keyboard.press("Tab");
        stops.push(
          await page.evaluate(() => {
            const { activeElement } = document;
            return [activeElement.id || activeElement.className, getComputedStyle(activeElement).outlineStyle];
          }),
        );
      }
      assert.deepEqual(stops, [
        ["run", "solid"],
        ["cancel", "solid"],
        ["said", "solid"],
      ]);
      await page.keyboard.press("Escape");
      await visit.verdict(2_000);
      assert.equal(await page.evaluate(() => document.activeElement.className), "said");
    },
    { viewport: { width: 1280, height: 700 } },
  );

  on(
    "with motion reduced: nothing moves, the text still comes",
    async (visit) => {
      await start(visit, "stream", 3);
      const early = (await visit.stream()).text;
      assert.equal(await visit.page.evaluate(() => document.getAnimations().length), 0);
      await sleep(1_000);
      assert.ok((await visit.stream()).text.length > early.length);
      await visit.page.keyboard.press("Escape");
      await visit.verdict(2_000);
    },
    { reducedMotion: "reduce" },
  );

  on(
    "in a window of 320 px: nothing has to be scrolled sideways, and no number breaks",
    async (visit) => {
      const fits = (cells) => cells.every((cell) => cell.scrollWidth <= cell.clientWidth && cell.clientHeight < 40);
      const oneLine = () => visit.page.locator(".meter dd").evaluateAll(fits);
      await start(visit, "stream-cold", 20);
      assert.equal(await visit.overflow(), 0, "in a stream");
      assert.ok(await oneLine());
      await visit.page.keyboard.press("Escape");
      for (const id of ["stream-overloaded", "stream-cut"]) {
        await visit.choose(id);
        await visit.run();
        await visit.verdict(20_000);
        await visit.counts();
        for (const summary of await visit.page.locator("summary").all()) await summary.click();
        assert.equal(await visit.overflow(), 0, id);
        assert.ok(await oneLine(), id);
      }
    },
    { viewport: { width: 320, height: 640 } },
  );

  for (const colorScheme of ["light", "dark"]) {
    on(
      `in ${colorScheme}: every text has AA contrast, in a stream and after it`,
      async (visit) => {
        const contrast = async (when) => {
          const { seen, poor } = await visit.page.evaluate(textsWithPoorContrast, AA);
          assert.ok(seen > 50, `only ${seen} texts seen`);
          assert.deepEqual(poor, [], when);
          await screenshot(visit.page, `stream-${colorScheme}-${when}`);
        };
        await start(visit, "stream", 20);
        await contrast("running");
        await visit.verdict();
        await visit.counts();
        await contrast("whole");
        await visit.choose("stream-cut");
        await visit.run();
        await visit.page.locator(".kept").waitFor();
        await visit.counts();
        await contrast("broken");
        await start(visit, "stream", 10);
        await visit.page.keyboard.press("Escape");
        await visit.page.locator(".verdict", { hasText: "Cancelled" }).waitFor();
        await visit.counts();
        await contrast("cancelled");
        await visit.choose("own");
        await contrast("own");
      },
      { colorScheme },
    );
  }
});
