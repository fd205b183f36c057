// What another try cannot change costs exactly one request.
import { answer } from "./mock.js";

const refused = [
  [400, { error: ["Error in `inputs`: field required"] }, "bad_request", "client"],
  [401, { error: "Invalid credentials in Authorization header" }, "unauthorized", "account"],
  [402, { error: "You have depleted your monthly included credits." }, "credits_exhausted", "account"],
  [403, { error: "missing permissions: inference.endpoints.infer.write" }, "forbidden", "account"],
  [404, { error: "Model no/such-model does not exist" }, "not_found", "client"],
  [410, { error: "This host is no longer supported." }, "gone", "client"],
  [413, "Failed to buffer the request body: length limit exceeded", "too_large", "client"],
  [415, "Expected request with `Content-Type: application/json`", "bad_request", "client"],
  [422, { error: "Input validation error: `inputs` must be non empty", error_type: "validation" }, "bad_request", "client"],
];

export const refusals = [
  ...refused.map(([status, body, code, layer]) => ({
    name: `a ${status} is ${code}, for one request`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(status, body) });
      const error = await assert.rejects(api.queryWithRetry(url, { inputs: "x" }), {
        name: "QueryError",
        code,
        status,
        retryable: false,
      });
      // 404 and 410 may be told as the way there or as the account's business: no word on it.
      if (layer !== "client" || status === 400 || status === 422) assert.equal(error.layer, layer, "layer");
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
