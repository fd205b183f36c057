// A cold model: of all isolates one call looks whether it is up.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered, withStatus } from "../cases/outcomes.js";

const COUNT = 6;
/** `queryWithRetry` and `streamWithRetry` have a client of their own, which shares nothing. */
const WAYS = ["query", "stream", "fetch", "fetchStream"];
// Alone, each isolate would look after 1, 2 and 4 s.
const COLD = { cold: { ms: 6_000, says: 4 } };

export const colds = [
  {
    name: "six isolates ask a cold model as one, whatever the way of the call, and all their calls are answered",
    count: COUNT,
    async run({ fleet, mock }) {
      const url = await put(mock, "m", COLD);
      const first = fleet.isolates[0].ask("query", url);
      await sleep(700);
      const others = fleet.isolates.slice(1).flatMap((isolate, nth) => [0, 1].map((more) => isolate.ask(WAYS[(2 * nth + more) % 4], url)));
      // When it is up, four calls of all isolates go, and more once an exchange has told of answers: each exchange is about a second.
      allAnswered(await Promise.all([first, ...others]), 6_000 + 8_000);
      const stats = await mock.stats("m");
      assert.equal(withStatus(stats, 200), 2 * COUNT - 1);
      // The first calls of an isolate go at once, because none waits for the object.
      const looks = withStatus(stats, 503);
      assert.ok(looks <= 2 * COUNT + 5, `${looks} found it loading`);
      const later = stats.log.filter(({ status, atMs }) => status === 503 && atMs > stats.log[0].atMs + 1_700);
      // About a second apart until it is up.
      assert.ok(later.length <= 5, `${later.length} looks`);
    },
  },
];
