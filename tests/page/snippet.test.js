// The code on the page, read back: it must hold the very values of the call.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GROUPS, scenarioCall } from "../../www/scenarios.js";
import { callCode } from "../../www/snippet.js";

/** The arguments in the code, as a program would make them. */
function argumentsIn(code, token) {
  const [, name, given] = /= (?:await )?(\w+)\(\n(.*?)\n\);/s.exec(code);
  const [target, payload, options] = new Function("controller", "token", `return [${given}];`)({ signal: "the signal" }, token);
  return { name, target, payload, options };
}

describe("the code of a call", () => {
  for (const scenario of GROUPS.flatMap(({ scenarios }) => scenarios).filter(({ mock }) => mock)) {
    it(`has what ${scenario.id} calls with`, () => {
      const call = scenarioCall(scenario, "http://127.0.0.1:1");
      const { name, target, payload, options } = argumentsIn(callCode(call));
      assert.equal(name, scenario.stream ? "streamWithRetry" : "queryWithReport");
      assert.deepEqual({ target, payload }, { target: call.target, payload: call.payload });
      const { signal, onEvent, ...rest } = options;
      assert.deepEqual(rest, call.options);
      assert.deepEqual([signal, typeof onEvent], ["the signal", "function"]);
    });
  }

  it("keeps every letter of a text, however it is cut into lines", () => {
    const long = "x".repeat(200);
    const texts = [
      "",
      " ",
      "\n",
      long,
      ` ${long}`,
      `${long} `,
      `a ${long} b`,
      "two  blanks ".repeat(20),
      "lines\n\nof text\n".repeat(20),
      "\t \n".repeat(90),
      'quotes " and \\ '.repeat(20),
      "日本語 🙂 naïve ".repeat(20),
      "\u2028 \ud800 ".repeat(40),
    ];
    for (const content of texts) {
      for (const stream of [true, false]) {
        const call = { target: "a/b", payload: { messages: [{ role: "user", content }] }, options: {}, stream };
        assert.deepEqual(argumentsIn(callCode(call)).payload, call.payload);
      }
    }
  });

  it("never has the token", () => {
    const call = { target: "a/b", payload: { inputs: "x" }, options: { token: "hf_secret", maxRetries: 1 }, stream: true };
    const code = callCode(call);
    assert.ok(!code.includes("hf_secret"));
    const { token, maxRetries } = argumentsIn(code, "yours").options;
    assert.deepEqual({ token, maxRetries }, { token: "yours", maxRetries: 1 });
  });
});
