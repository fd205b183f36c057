// The object alone: what it stores, drops and refuses.
import assert from "node:assert/strict";
import { until } from "./until.js";

const KEPT = 600_000;
const URL = "https://model.test/";
const message = (expected, next) => JSON.stringify({ expected, next });

export const objects = [
  {
    name: "an object compares and sets, tells its time, and answers what is no message with 400",
    count: 1,
    async run({ fleet }) {
      const send = (body) => fleet.engine(URL, "/", body);
      const empty = await send(message("", ""));
      assert.equal(empty.text, "");
      assert.ok(Math.abs(empty.now - Date.now()) < 5_000);
      assert.equal((await fleet.engine(URL, "/stored")).alarm, null);
      assert.equal((await send(message("", "1 a"))).text, "1 a");
      assert.equal((await send(message("", "1 b"))).text, "1 a");
      assert.equal((await send(message("1 a", "1 b"))).text, "1 b");
      for (const bad of ["", "{", "null", "[]", '"text"', message(1, "x"), message("1 b", null), "{}", message("1 b", "x".repeat(3_000))]) {
        assert.equal((await send(bad)).status, 400, bad);
      }
      const both = await Promise.all(["1 c", "1 d"].map((next) => send(message("1 b", next))));
      assert.equal(both[0].text, both[1].text, "two have written what one expected");
      assert.equal((await send(message("", ""))).text, both[0].text);
    },
  },
  {
    name: "an alarm drops a text that nobody has written for ten minutes, and looks again where somebody has",
    count: 1,
    async run({ fleet }) {
      await fleet.engine(URL, "/", message("", "1 a"));
      const first = await fleet.engine(URL, "/stored");
      assert.equal(first.alarm, first.kept.written + KEPT);
      const written = Date.now() - 60_000;
      await fleet.engine(URL, "/write", JSON.stringify({ text: "1 a", written }));
      await fleet.engine(URL, "/alarm");
      await until(async () => (await fleet.engine(URL, "/stored")).alarm === written + KEPT);
      await fleet.engine(URL, "/write", JSON.stringify({ text: "1 a", written: Date.now() - KEPT - 1 }));
      await fleet.engine(URL, "/alarm");
      await until(async () => !(await fleet.engine(URL, "/stored")).kept);
      assert.equal((await fleet.engine(URL, "/stored")).alarm, null);
    },
  },
];
