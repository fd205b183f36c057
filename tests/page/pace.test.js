// The pace of a stream, on a clock of its own and without a browser.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Pace } from "../../www/pace.js";

function paceOf(...times) {
  const clock = { ms: 0 };
  const pace = new Pace(() => clock.ms);
  for (const ms of times) {
    clock.ms = ms;
    pace.add();
  }
  clock.ms = 60_000;
  return pace;
}

describe("a pace", () => {
  it("is the tokens after the first one by the time that they took", () => {
    assert.equal(paceOf(5_000, 5_100, 5_200, 5_300).perSecond, 10);
  });

  it("counts tokens that come together one by one", () => {
    const pace = paceOf(0, 500, 500, 1_000);
    assert.equal(pace.tokens, 4);
    assert.equal(pace.perSecond, 3);
  });

  it("is not known before there is time between two tokens", () => {
    for (const times of [[], [100], [100, 100]]) assert.equal(paceOf(...times).perSecond, undefined);
  });
});
