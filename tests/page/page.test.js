// The demo page in a real browser, on the built package and the mock server.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../package/harness/ports.js";
import { AA, textsWithPoorContrast } from "./contrast.js";
import { screenshot } from "./screenshots.js";
import { browser, mock, on } from "./session.js";

/** The server counts each status that it is asked for as well. */
const payloadsOf = (log) => log.filter(({ method }) => method === "POST").length;

// The calls are spent waiting, so several visits at once cost little.
describe("every scenario ends as it says", { concurrency: 4 }, () => {
  on("a wrong estimate of 118 s costs about a quarter of it, and a few requests", async (visit) => {
    await visit.choose("wrong-estimate");
    await visit.run();
    assert.match(await visit.status(), /setting up|sent|Waiting/);
    assert.equal(await visit.verdict(90_000), "Answered.");
    const { requests, log } = await mock.counters(await visit.key());
    assert.ok(requests >= 2 && requests <= 4, `${requests} requests`);
    assert.ok(log.at(-1).atMs < 60_000, `answered after ${log.at(-1).atMs} ms`);
    assert.deepEqual(await visit.counts(), [payloadsOf(log), requests]);
  });

  on("a cold start shows a countdown while waiting, and ends in an answer", async (visit) => {
    await visit.choose("cold-start");
    await visit.run();
    const time = await visit.countdown();
    const left = async () => Number(/[\d.]+/.exec(await time.textContent())[0]);
    const [early, at] = [await left(), performance.now()];
    await sleep(1_000);
    const [later, passed] = [await left(), (performance.now() - at) / 1_000];
    assert.ok(Math.abs(early - later - passed) < 0.5, `from ${early} s to ${later} s in ${passed} s`);
    assert.equal(await visit.verdict(), "Answered.");
    const { requests, log } = await mock.counters(await visit.key());
    assert.ok(log.at(-1).atMs >= 8_000 && log.at(-1).atMs < 20_000, `answered after ${log.at(-1).atMs} ms`);
    assert.ok(requests <= 8, `${requests} requests`);
    assert.deepEqual(await visit.counts(), [payloadsOf(log), requests]);
    assert.ok(requests > payloadsOf(log), "a status was asked for");
    const [agreement] = await visit.comparison();
    assert.match(agreement, /^They agree\..* The mock counted \d+ GETs? for the status of the model too, which is no attempt\.$/);
    const rows = await visit.rows();
    assert.match(rows[0], /^Attempt 1: status 503, the model is loading, \d/);
    assert.match(rows[1], /^Wait: the model is loading.*, \d+\.\d s$/);
    assert.match(rows.at(-1), new RegExp(`^Attempt ${payloadsOf(log)}: status 200, answered, `));
  });

  on("a rate limit is waited for as long as the server asks", async (visit) => {
    await visit.choose("rate-limit");
    await visit.run();
    await visit.countdown();
    assert.equal(await visit.verdict(), "Answered.");
    const { requests, log } = await mock.counters(await visit.key());
    assert.equal(requests, 2);
    assert.ok(log[1].atMs - log[0].endedAtMs >= 3_000, `asked again after ${log[1].atMs - log[0].endedAtMs} ms`);
    assert.deepEqual(await visit.counts(), [2, 2]);
    assert.match((await visit.rows())[1], /^Wait: rate limit/);
  });

  on("a gateway timeout is tried once more", async (visit) => {
    await visit.choose("gateway-timeout");
    await visit.run();
    assert.equal(await visit.verdict(), "Answered.");
    assert.deepEqual(await visit.counts(), [2, 2]);
    const rows = await visit.rows();
    assert.match(rows[0], /^Attempt 1: status 504, a proxy gave up waiting/);
    assert.match(rows[1], /^Wait: backoff/);
  });

  on("a slow answer is waited for, not asked for twice", async (visit) => {
    await visit.choose("slow");
    await visit.run();
    assert.equal(await visit.verdict(), "Answered.");
    assert.deepEqual(await visit.counts(), [1, 1]);
    assert.match((await visit.rows()).join("\n"), /^Attempt 1: status 200, answered, (5\.9|6\.\d) s$/);
  });

  on("a hard error shows code, layer and hint, with exactly one request counted", async (visit) => {
    await visit.choose("hard-error");
    await visit.run();
    assert.equal(await visit.verdict(), "Failed: the token was refused.");
    assert.deepEqual(await visit.counts(), [1, 1]);
    const facts = await visit.facts();
    assert.equal(facts.Code, "unauthorized");
    assert.equal(facts.Where, "the account (account)");
    assert.equal(facts.Status, "401");
    assert.match(facts["The server’s own words"], /Invalid username or password/);
    assert.ok((await visit.page.locator("#outcome .hint").textContent()).length > 10, "a hint");
    assert.equal((await mock.counters(await visit.key())).requests, 1);
  });

  on("a healthy server gets one request", async (visit) => {
    await visit.choose("healthy");
    await visit.run();
    assert.equal(await visit.verdict(), "Answered.");
    assert.deepEqual(await visit.counts(), [1, 1]);
    assert.ok((await visit.page.locator("#outcome blockquote").textContent()).length > 0, "the answer's text");
  });

  on("the bars are drawn to the scale of the axis", async (visit) => {
    await visit.choose("rate-limit");
    await visit.run();
    await visit.verdict();
    const { length, waited, width, start } = await visit.page.evaluate(() => {
      const seconds = (text) => Number(/([\d.]+) s/.exec(text)[1]);
      const row = document.querySelector(".span.wait");
      const track = row.querySelector(".track").getBoundingClientRect();
      const bar = row.querySelector(".elapsed").getBoundingClientRect();
      return {
        length: seconds(document.querySelector(".axis span:last-child").textContent),
        waited: seconds(row.querySelector(".time").textContent),
        width: bar.width / track.width,
        start: (bar.left - track.left) / track.width,
      };
    });
    assert.ok(Math.abs(width * length - waited) < 0.1, `${width * length} s drawn, ${waited} s waited`);
    assert.ok(start >= 0 && start * length < 0.5, `begins at ${start * length} s`);
  });
});

describe("a call can be cancelled at any time", { concurrency: 2 }, () => {
  on("in a wait: it shows cancelled with its reason, and no request follows", async (visit) => {
    await visit.choose("rate-limit");
    await visit.run();
    await visit.countdown();
    await visit.page.keyboard.press("Escape");
    assert.equal(await visit.verdict(2_000), "Cancelled.");
    const facts = await visit.facts();
    assert.equal(facts.Reason, "Cancelled by you, with the Escape key.");
    assert.match(facts.When, /in a wait \(rate limit\)/);
    assert.match((await visit.rows()).at(-1), /^Wait: rate limit.*, cancelled after /);
    assert.match(await visit.status(), /^Cancelled after .*, in a wait/);
    await sleep(5_000);
    assert.equal((await mock.counters(await visit.key())).requests, 1);
  });

  on("in an attempt: it shows cancelled, the server is let go, and no request follows", async (visit) => {
    await visit.choose("slow");
    await visit.run();
    await visit.page.locator(".span.attempt.open").waitFor();
    const key = await visit.key();
    while ((await mock.counters(key)).requests === 0) await sleep(50);
    await visit.page.locator("#cancel").click();
    assert.equal(await visit.verdict(2_000), "Cancelled.");
    const facts = await visit.facts();
    assert.equal(facts.Reason, "Cancelled by you, with the Cancel button.");
    assert.match(facts.When, /in an attempt/);
    assert.deepEqual(await visit.counts(), [1, 1]);
    assert.match((await visit.rows()).at(-1), /^Attempt 1: cancelled, cancelled after /);
    await sleep(3_000);
    const counters = await mock.counters(key);
    assert.equal(counters.requests, 1);
    assert.equal(counters.aborted, 1);
  });

  on("and another scenario chosen afterwards leaves nothing of it on the page", async (visit) => {
    await visit.choose("slow");
    await visit.run();
    await visit.page.locator(".span.attempt.open").waitFor();
    await visit.page.keyboard.press("Escape");
    await visit.verdict(2_000);
    await visit.choose("healthy");
    assert.equal(await visit.status(), "Nothing has been sent yet.");
    assert.equal(await visit.page.locator("#outcome").isVisible(), false);
    assert.equal(await visit.page.locator("#timeline").isVisible(), false);
  });

  on("and the next run is a new call", async (visit) => {
    await visit.choose("slow");
    await visit.run();
    await visit.page.locator(".span.attempt.open").waitFor();
    const first = await visit.key();
    await visit.page.keyboard.press("Escape");
    await visit.verdict(2_000);
    await visit.choose("healthy");
    await visit.run();
    await visit.page.locator("#outcome .verdict", { hasText: "Answered." }).waitFor();
    assert.notEqual(await visit.key(), first);
    assert.deepEqual(await visit.counts(), [1, 1]);
  });
});

describe("your own server", { concurrency: 2 }, () => {
  on("gets the token; nothing else does, and nothing keeps it", async (visit) => {
    const { page } = visit;
    const token = "hf_typedByAVisitor0123456789";
    await mock.create("own-server", { server: "openai" });
    const url = `${mock.origin}/own-server/v1/chat/completions`;
    await visit.choose("own");
    await page.getByLabel("Model id or URL", { exact: true }).fill(url);
    await page.getByLabel("Token, if it needs one").fill(token);
    await page.getByLabel("Model name").fill("demo");
    await visit.run();
    assert.equal(await visit.verdict(), "Answered.");
    const { log } = await mock.counters("own-server");
    assert.equal(log.length, 1);
    assert.equal(log[0].headers.authorization, `Bearer ${token}`);
    assert.ok(!log[0].path.includes(token));
    for (const request of visit.requests) {
      assert.ok(!request.url().includes(token), request.url());
      if (request.url() !== url) assert.ok(!JSON.stringify(await request.allHeaders()).includes(token), request.url());
    }
    const kept = await page.evaluate(async () => ({
      local: localStorage.length,
      session: sessionStorage.length,
      cookie: document.cookie,
      databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length,
      search: location.search + location.hash,
      shown: document.body.textContent,
      state: JSON.stringify(history.state),
    }));
    assert.ok(!kept.shown.includes(token), "the page shows the token");
    assert.deepEqual({ ...kept, shown: "" }, { local: 0, session: 0, cookie: "", databases: 0, caches: 0, search: "", shown: "", state: "null" });
    assert.deepEqual(await visit.context.cookies(), []);
    const field = page.locator("#own-token");
    assert.equal(await field.getAttribute("type"), "password");
    assert.equal(await field.getAttribute("autocomplete"), "off");
    assert.equal(await field.getAttribute("name"), null);
    await page.reload();
    assert.equal(await field.inputValue(), "");
  });

  on(
    "that nobody listens at: the wait after a lost attempt says what the browser said, on the page and aloud",
    async (visit) => {
      await visit.choose("own");
      const origin = `http://127.0.0.1:${await freePort()}`;
      await visit.page.getByLabel("Model id or URL", { exact: true }).fill(`${origin}/own-nobody/v1/chat/completions`);
      await visit.run();
      const said = /^Attempt \d got no answer; the browser said “Failed to fetch”\. Backing off before the next try; /;
      await visit.page.waitForFunction((sentence) => window.said.some((text) => sentence.test(text)), said, { timeout: 20_000 });
      assert.match((await visit.rows()).join("\n"), /^Wait: backoff \(the browser said “Failed to fetch”\), /m);
      assert.equal(await visit.overflow(), 0, "in a wait");
      assert.equal(await visit.verdict(), "Failed: the connection failed.");
      const facts = await visit.facts();
      assert.deepEqual([facts["The browser’s own words"], facts["The server’s own words"]], ["Failed to fetch", undefined]);
      assert.equal(await visit.overflow(), 0, "ended");
      // The package looks whether anybody is there.
      visit.troubles = visit.troubles.filter((trouble) => !trouble.includes(`${origin}/`) && !trouble.includes("ERR_CONNECTION_REFUSED"));
    },
    { viewport: { width: 320, height: 640 } },
  );

  on("is refused in plain http to another host, before anything is sent", async (visit) => {
    await visit.choose("own");
    await visit.page.getByLabel("Model id or URL", { exact: true }).fill("http://inference.example/v1");
    const before_ = visit.requests.length;
    await visit.run();
    const message = await visit.page.locator("#own-target").evaluate((input) => input.validationMessage);
    assert.match(message, /Use https/);
    assert.equal(visit.requests.length, before_);
    assert.equal(await visit.page.locator("#outcome").isVisible(), false);
  });
});

describe("everybody can use it", { concurrency: 4 }, () => {
  on("by keyboard alone, with a focus that is seen", async (visit) => {
    const { page } = visit;
    const focus = () =>
      page.evaluate(() => {
        const seen = (node) => node && getComputedStyle(node).outlineStyle !== "none" && parseFloat(getComputedStyle(node).outlineWidth) >= 2;
        const active = document.activeElement;
        return { id: active.id || active.value || active.className, seen: Boolean(seen(active) || seen(active.closest("label"))) };
      });
    await page.keyboard.press("Tab");
    assert.deepEqual(await focus(), { id: "skip", seen: true });
    await page.keyboard.press("Tab");
    assert.deepEqual(await focus(), { id: "cold-start", seen: true });
    while ((await focus()).id !== "healthy") await page.keyboard.press("ArrowDown");
    assert.equal((await focus()).seen, true);
    await page.keyboard.press("Enter");
    assert.equal(await visit.verdict(), "Answered.");
    assert.equal((await focus()).id, "healthy");
    for (const id of ["run", "cancel", "SUMMARY", "SUMMARY", "copy", "code", "SUMMARY"]) {
      await page.keyboard.press("Tab");
      const { seen } = await focus();
      assert.ok(seen, `the focus is not seen at ${id}`);
      const active = await page.evaluate(() => document.activeElement.id || document.activeElement.tagName);
      assert.equal(active, id);
    }
  });

  on("with a screen reader: each change of state is a sentence, no tick is", async (visit) => {
    await visit.choose("rate-limit");
    await visit.run();
    await visit.verdict();
    const said = await visit.said();
    assert.ok(said.length <= 6, `${said.length} announcements: ${said.join(" | ")}`);
    assert.ok(said.includes("Attempt 1 was sent."), said.join(" | "));
    assert.match(said.join("\n"), /^Attempt 1 got status 429: asked too fast\. Waiting as the rate limit asks; next try in about \d seconds\.$/m);
    assert.match(said.at(-1), /^Answered after 2 attempts and \d\.\d s\.$/);
    const region = visit.page.locator('[role="status"]');
    assert.equal(await region.getAttribute("aria-live"), "polite");
    const ids = await visit.page
      .locator("[aria-labelledby], [aria-describedby], label[for]")
      .evaluateAll((nodes) =>
        nodes.flatMap((node) => ["aria-labelledby", "aria-describedby", "for"].map((name) => node.getAttribute(name)).filter(Boolean)),
      );
    for (const id of ids) assert.equal(await visit.page.locator(`#${id}`).count(), 1, id);
    assert.equal(await visit.page.locator('.track:not([aria-hidden="true"])').count(), 0);
  });

  on(
    "with motion reduced: nothing moves, the countdown still counts",
    async (visit) => {
      await visit.choose("slow");
      await visit.run();
      await visit.page.locator(".span.attempt.open").waitFor();
      assert.equal(await visit.page.evaluate(() => document.getAnimations().length), 0);
      await visit.page.keyboard.press("Escape");
      await visit.choose("rate-limit");
      await visit.run();
      const time = await visit.countdown();
      const early = await time.textContent();
      await sleep(1_500);
      assert.notEqual(await time.textContent(), early);
    },
    { reducedMotion: "reduce" },
  );

  on(
    "in a window of 320 px: nothing has to be scrolled sideways",
    async (visit) => {
      assert.equal(await visit.overflow(), 0, "at first");
      await visit.choose("own");
      assert.equal(await visit.overflow(), 0, "your own");
      await visit.choose("rate-limit");
      await visit.run();
      await visit.countdown();
      assert.equal(await visit.overflow(), 0, "in a wait");
      const seen = (selector) =>
        visit.page.locator(selector).evaluate((node) => {
          const { top, bottom } = node.getBoundingClientRect();
          return top >= 0 && bottom <= window.innerHeight;
        });
      await sleep(500);
      assert.ok((await seen("#cancel")) && (await seen("#status")), "the run is out of sight");
      await visit.page.keyboard.press("Escape");
      for (const id of ["hard-error", "gateway-timeout"]) {
        await visit.choose(id);
        await visit.run();
        await visit.verdict();
        await visit.counts();
        for (const summary of await visit.page.locator("summary").all()) await summary.click();
        assert.equal(await visit.overflow(), 0, `${id}, ended`);
      }
    },
    { viewport: { width: 320, height: 640 } },
  );

  const sizes = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 900 } };
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      on(
        `in ${colorScheme} on a ${size}: every text has AA contrast, in a wait and after`,
        async (visit) => {
          const contrast = async (when) => {
            const { seen, poor } = await visit.page.evaluate(textsWithPoorContrast, AA);
            assert.ok(seen > 40, `only ${seen} texts seen`);
            assert.deepEqual(poor, [], when);
            await screenshot(visit.page, `${size}-${colorScheme}-${when}`);
          };
          await visit.choose("cold-start");
          await visit.run();
          await visit.countdown();
          await sleep(2_500);
          await contrast("wait");
          await visit.verdict();
          await visit.counts();
          await contrast("answer");
          await visit.choose("hard-error");
          await visit.run();
          await visit.page.locator(".verdict", { hasText: "Failed" }).waitFor();
          await visit.counts();
          await contrast("error");
          await visit.choose("own");
          await contrast("own");
          assert.equal(await visit.overflow(), 0);
        },
        { viewport, colorScheme },
      );
    }
  }
});

describe("it is to be trusted", { concurrency: 2 }, () => {
  on("the code that it shows runs as it stands, and makes the same call", async (visit) => {
    await visit.choose("healthy");
    await visit.run();
    assert.equal(await visit.verdict(), "Answered.");
    const key = await visit.key();
    const code = await visit.code();
    const [made] = (await mock.counters(key)).log;
    await mock.create(key, { server: "openai" });
    // A document without the page's policy, so that a script can be added to it.
    const elsewhere = await visit.context.newPage();
    await elsewhere.goto(`${mock.origin}/_mock`);
    await elsewhere.addScriptTag({ type: "module", content: code.replace('"query-with-retry"', '"/pkg/index.js"') });
    let log = [];
    for (let tries = 0; tries < 100 && log.length === 0; tries++) {
      await sleep(50);
      ({ log } = await mock.counters(key));
    }
    assert.equal(log.length, 1);
    const { method, path, body } = made;
    assert.deepEqual({ method: log[0].method, path: log[0].path, body: log[0].body }, { method, path, body });
  });

  on("the code can be copied", async (visit) => {
    await visit.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await visit.page.locator("#copy").click();
    await visit.page.locator("#copy", { hasText: "Copied" }).waitFor();
    assert.equal(await visit.page.evaluate(() => navigator.clipboard.readText()), await visit.code());
  });

  on("a request to any host but its own is not made", async (visit) => {
    await visit.choose("healthy");
    await visit.run();
    await visit.verdict();
    await visit.counts();
    for (const request of visit.requests) {
      assert.ok(request.url().startsWith(mock.origin) || request.url().startsWith("data:"), request.url());
    }
  });

  it("says so when the package is not there", { timeout: 30_000 }, async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route("**/pkg/**", (route) => route.abort());
    await page.goto(`${mock.origin}/`);
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").textContent(), /could not be loaded/);
    assert.equal(await page.locator("#run").isDisabled(), true);
    await context.close();
  });
});
