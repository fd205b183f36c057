// What the tests of one file share: the mock with the page, a browser, and a visit for each sentence.

import { after, before, it } from "node:test";
import { launch } from "./chromium.js";
import { startMock } from "./mock.js";
import { Visit } from "./visit.js";

export let mock;
export let browser;

before(async () => {
  mock = await startMock();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await mock?.stop();
});

/** A sentence about the page, with a visit of its own that must end without trouble. */
export function on(sentence, test, options) {
  it(sentence, { timeout: 120_000 }, async () => {
    const visit = await Visit.open(browser, mock.origin, options);
    try {
      await test(visit);
    } catch (error) {
      await visit.context.close();
      throw error;
    }
    await visit.close();
  });
}
