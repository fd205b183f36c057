// What is asserted of many requests together.
import assert from "node:assert/strict";

/** The six ways to make one call. */
export const WAYS = ["query", "queryWithRetry", "stream", "streamWithRetry", "fetch", "fetchStream"];

/** "answered", the code of the error, or what the runtime or the client did to it. */
const endOf = ({ how, status, code }) => (how === "failed" ? code : how === "killed" ? `killed ${status ?? ""}`.trim() : how);

/** How many ended in which way: `{ answered: 4, "killed 500": 8 }`. */
export function tally(outcomes) {
  const counts = {};
  for (const end of outcomes.map(endOf)) counts[end] = (counts[end] ?? 0) + 1;
  return counts;
}

/** Each ended in one of these ways, in time; and where it was answered, with the answer to its own question. */
export function allEnded(outcomes, ends, withinMs, what = "all") {
  const slowest = Math.max(...outcomes.map(({ ms }) => ms));
  const told = `${what}: ${JSON.stringify(tally(outcomes))} after ${slowest} ms`;
  const other = outcomes.find((outcome) => !ends.includes(endOf(outcome)));
  assert.ok(!other, `${told}, which should be ${ends.join(" or ")}; ${other?.message ?? other?.text}`);
  for (const { text, asked } of outcomes.filter(({ how }) => how === "answered")) assert.equal(text, `You said: ${asked}`);
  assert.ok(slowest <= withinMs, `${told}, which should be ${withinMs} ms at most`);
}

export const allAnswered = (outcomes, withinMs, what) => allEnded(outcomes, ["answered"], withinMs, what);

/** Each call failed with one of these codes. */
export const allFailed = allEnded;

/** The entries of the log of one call, which `say` names. */
export const requestsOf = ({ log }, { asked }) => log.filter(({ body }) => JSON.parse(body).messages[0].content === asked);

export const withStatus = ({ log }, status) => log.filter((entry) => entry.status === status).length;
