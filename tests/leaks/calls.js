// node --expose-gc calls.js <package folder> <URLs of mock models as JSON> <calls>
// Calls of every kind that are not streamed.
import { client, fails, left, measureRounds, signal, urls } from "./rounds.js";

const payload = { inputs: "the same", parameters: { top_k: 3 } };

const succeeds = (url, options) => client.query(url, payload, { signal, ...options });
const leaves = (url) => left(30, (signal) => client.query(url, payload, { signal }));
const refused = (url, expected, options) => fails(client.query(url, payload, { signal, ...options }), expected);

const shares = [
  [7, () => succeeds(urls.answers)],
  [3, () => succeeds(urls.busy, { maxRetries: 50 })],
  [2, () => succeeds(urls.resets, { maxRetries: 50 })],
  [1, () => refused(urls.cut, "network", { maxRetries: 0 })],
  [1, () => refused(urls.refuses, "bad_request")],
  [1, () => leaves(urls.silent)],
  [1, () => leaves(urls.halfSilent)],
  [1, () => leaves(urls.loads)],
  [2, () => refused(urls.silent, "timeout", { maxRetries: 0, timeouts: { attemptMs: 25 } })],
  [1, () => refused(urls.pauses, "timeout", { maxRetries: 0, timeouts: { idleMs: 25 } })],
];

await measureRounds(shares, () => succeeds(urls.answers));
