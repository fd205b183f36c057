// One visit to the page: a fresh browser profile, watched for everything that should not happen.

import assert from "node:assert/strict";

/** Runs in the page before its own scripts: keeps what is said and what the policy blocks. */
function watch() {
  window.said = [];
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
  });
  document.addEventListener("DOMContentLoaded", () => {
    const region = document.querySelector('[role="status"]');
    if (!region) return;
    new MutationObserver(() => window.said.push(region.textContent)).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
}

export class Visit {
  troubles = [];
  requests = [];

  static async open(browser, origin, options = {}) {
    const visit = new Visit();
    visit.origin = origin;
    visit.context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = (visit.page = await visit.context.newPage());
    await page.addInitScript(watch);
    // The answers of a mock model may be errors, and cancelled: that is what the page is about.
    const ofScenario = (url) => /\/(demo|own)-[a-z0-9-]+(\/|$)/.test(url) && !url.includes("/_mock/");
    page.on("console", (message) => {
      if (message.type() === "error" && !ofScenario(message.location().url)) visit.troubles.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => visit.troubles.push(`uncaught: ${error}`));
    page.on("request", (request) => visit.requests.push(request));
    page.on("requestfailed", (request) => {
      if (!ofScenario(request.url())) visit.troubles.push(`failed: ${request.url()}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400 && !ofScenario(response.url())) visit.troubles.push(`${response.status()}: ${response.url()}`);
    });
    await page.goto(`${origin}/`);
    await page.locator("#run:not([disabled]), #notice:not([hidden])").first().waitFor();
    const notice = page.locator("#notice");
    assert.equal(await notice.isVisible(), false, (await notice.textContent()) ?? "");
    return visit;
  }

  choose(id) {
    return this.page.locator(`input[name=scenario][value=${id}]`).check();
  }

  run() {
    return this.page.locator("#run").click();
  }

  /** The row under way that counts down, once there is one. */
  async countdown() {
    const time = this.page.locator(".span.wait.open .time", { hasText: /^next try in \d+\.\d s$/ });
    await time.waitFor({ timeout: 10_000 });
    return time;
  }

  /** The outcome's first sentence, once the call has ended. */
  async verdict(timeout = 60_000) {
    const verdict = this.page.locator("#outcome:not([hidden]) .verdict");
    await verdict.waitFor({ timeout });
    return verdict.textContent();
  }

  /** The outcome's facts by their terms. */
  facts() {
    return this.page
      .locator("#outcome .facts")
      .evaluate((list) =>
        Object.fromEntries(Array.from(list.querySelectorAll("dt"), (term) => [term.textContent, term.nextElementSibling.textContent])),
      );
  }

  /** [what the package reports, what the mock counted], as the page shows them. */
  async counts() {
    await this.page.locator("#outcome .numbers").waitFor();
    return (await this.page.locator("#outcome .numbers dd").allTextContents()).map(Number);
  }

  /** What the page shows of a stream: its text with a caption, and its numbers. */
  stream() {
    return this.page.locator("#stream").evaluate((view) => ({
      shown: view.checkVisibility(),
      text: view.querySelector(".said").textContent,
      caption: view.querySelector(".caption").textContent,
      ...Object.fromEntries(Array.from(view.querySelectorAll("[data-number]"), (node) => [node.dataset.number, node.textContent])),
    }));
  }

  /** Until so many tokens are there. */
  tokens(least) {
    return this.page.waitForFunction((n) => Number(document.querySelector('[data-number="tokens"]').textContent) >= n, least, { timeout: 20_000 });
  }

  /** The sentences below the two counts. */
  async comparison() {
    await this.counts();
    return this.page.locator("#outcome .agree").allTextContents();
  }

  rows() {
    return this.page.locator(".spans > li .text").allTextContents();
  }

  status() {
    return this.page.locator("#status").textContent();
  }

  said() {
    return this.page.evaluate(() => window.said);
  }

  code() {
    return this.page.locator("#code").textContent();
  }

  /** The key of the mock model that the code on the page calls. */
  async key() {
    return /demo-[a-z0-9-]+/.exec(await this.code())[0];
  }

  /** How much wider than the window the page is. */
  overflow() {
    return this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  }

  /** Ends the visit; it fails if anything went wrong behind the page's back. */
  async close() {
    const violations = await this.page.evaluate(() => window.violations);
    await this.context.close();
    assert.deepEqual([...this.troubles, ...violations], []);
  }
}
