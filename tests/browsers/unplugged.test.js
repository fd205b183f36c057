// A cable that is pulled: in a network of its own, where the machine can make one (Linux, as root).
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { withWebKit } from "./pages.js";

const script = fileURLToPath(new URL("unplugged.js", import.meta.url));
const veth = ["unshare", ["-n", "ip", "link", "add", "plug", "type", "veth", "peer", "name", "socket"]];
const cannot = spawnSync(...veth).status === 0 ? false : "this machine makes no network of its own";

/** What the run has printed. */
const run = (what) => JSON.parse(execFileSync("unshare", ["-n", process.execPath, script, what], { encoding: "utf8" }));

const places = { chromium: ["page", "worker", "service worker"], firefox: ["page", "worker"], webkit: ["page", "worker"] };

for (const { name, missing } of withWebKit) {
  describe(`${name}, unplugged for 5 s`, { skip: cannot || missing, timeout: 300_000 }, () => {
    for (const place of places[name]) {
      test(`in a ${place}: answers a call that broke and one that was made meanwhile, and sends nothing until then`, () => {
        const told = run(`${name}/${place}`);
        console.log(JSON.stringify(told));
        assert.deepEqual(told.answers, [{ n: 1 }, { n: 1 }], told.error);
        assert.equal(told.meanwhile, 0);
        assert.equal(told.posts, 3);
        assert.equal(told.breaker, "closed");
        assert.ok(told.waits.includes("offline"));
        // From when the page was told. The call that broke may hear of that later: its connection is still there for TCP.
        assert.ok(told.backToEndMs < 6_500, `${told.backToEndMs} ms`);
      });
    }

    test("is answered by a network that leads no further, which Firefox takes for none", () => {
      const told = run(`${name}/page/lan`);
      console.log(JSON.stringify(told));
      assert.deepEqual(told.answers[0], { n: 1 }, told.error);
    });
  });
}
