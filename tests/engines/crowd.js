// Many calls at once, when each was over, and what became of it.
import assert from "node:assert/strict";

/** How late all of a crowd may be answered by a server that was away for so long: a second, and a quarter of that. */
const allowanceMs = (awayMs) => 1_000 + awayMs / 4;
/** Thirty others are waited for at the same time, on a machine that may have two cores. */
const BUSY_MS = 250;

/**
 * `call(n)` of so many at once, each a promise of `{ report }`. Resolves with an object for each: `report`,
 * `error`, and `at`, the time when it was over.
 */
export const crowd = (size, call) =>
  Promise.all(
    Array.from({ length: size }, async (_, n) => {
      try {
        const { report } = await call(n);
        return { report, at: performance.now() };
      } catch (error) {
        return { error, report: error.report, at: performance.now() };
      }
    }),
  );

const trail = ({ attempts }) => attempts.map(({ outcome, status }) => status ?? outcome).join(", ");

function told({ error, report }) {
  if (!report) return String(error?.stack ?? error);
  const tried = trail(report);
  return `${error.code} (${tried || "nothing sent"})${error.detail ? `: ${error.detail}` : ""}`;
}

export function assertAllAnswered(answers) {
  const failed = answers.filter(({ error }) => error).map(told);
  const lines = [...new Set(failed)].map((kind) => `${failed.filter((one) => one === kind).length} times ${kind}`);
  assert.equal(failed.length, 0, `${failed.length} of ${answers.length} failed\n${lines.join("\n")}`);
}

/**
 * All were answered, soon enough after a bare look was (`up`), and no more was asked meanwhile than one patient
 * prober and the calls that began beside it ask.
 */
export async function assertWaitedWell(answers, { up, awayMs }) {
  assertAllAnswered(answers);
  const last = answers.reduce((one, other) => (other.at > one.at ? other : one));
  const lateMs = Math.round(last.at - (await up));
  const allowed = allowanceMs(awayMs);
  assert.ok(lateMs <= allowed + BUSY_MS, `${lateMs} ms late, allowed are ${allowed}: ${trail(last.report)}`);
  const attempts = answers.flatMap(({ report }) => report.attempts);
  if (answers.length === 1) assert.ok(attempts.length <= 10, `${attempts.length} attempts`);
  const inVain = attempts.filter(({ outcome }) => outcome !== "ok").length;
  assert.notEqual(inVain, 0, "the server was not away");
  assert.ok(inVain <= 16, `${inVain} attempts in vain`);
}
