// What another try cannot change costs exactly one request.
import { answer } from "./mock.js";

/** Whose trouble it is (the layer) is part of it where the contract's words leave no doubt. */
const refused = [
  [400, { error: ["Error in `inputs`: field required"] }, "bad_request", "client"],
  [401, { error: "Invalid credentials in Authorization header" }, "unauthorized", "account"],
  [402, { error: "You have depleted your monthly included credits." }, "credits_exhausted", "account"],
  [403, { error: "missing permissions: inference.endpoints.infer.write" }, "forbidden", "account"],
  [404, { error: "Model no/such-model does not exist" }, "not_found"],
  [410, { error: "This host is no longer supported." }, "gone"],
  [413, "Failed to buffer the request body: length limit exceeded", "too_large"],
  [415, "Expected request with `Content-Type: application/json`", "bad_request"],
  [422, { error: "Input validation error: `inputs` must be non empty", error_type: "validation" }, "bad_request", "client"],
];

export const refusals = [
  ...refused.map(([status, body, code, layer]) => ({
    name: `a ${status} is ${code}, for one request`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(status, body) });
      const expected = { name: "QueryError", code, status, retryable: false, ...(layer && { layer }) };
      await assert.rejects(api.queryWithRetry(url, { inputs: "x" }), expected);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
  {
    name: "a paused endpoint is paused, for one request",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(400, "Bad Request: Invalid state") });
      await assert.rejects(api.queryWithRetry({ url, profile: "endpoint" }, {}), { code: "paused", retryable: false });
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
];
