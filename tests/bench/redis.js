// node redis.js: fifty Node processes that share through one real Redis, beside the same calls without it; about seven minutes.
// PKG_DIR and MOCK_HF_BIN as in tests/package. Needs redis-server, and `npm ci` in tests/redis.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { howToGet, program, startRedis } from "../redis/redis.js";
import { measure } from "./shared/measure.js";

const PROGRAMS = 50;

if (!program) throw new Error(howToGet);
const engine = await startRedis();
const children = [];
try {
  const file = fileURLToPath(new URL("shared/program.js", import.meta.url));
  for (let nth = 0; nth < PROGRAMS; nth++) {
    const child = fork(file, [`${engine.port}`]);
    children.push(child);
    await once(child, "message"); // one after the other: to begin takes more than to run
  }
  await measure({
    programs: PROGRAMS,
    slots: 4,
    async run(given) {
      const ends = children.map((child) => once(child, "message"));
      for (const child of children) child.send(given);
      return (await Promise.all(ends)).map(([calls]) => calls);
    },
  });
} finally {
  for (const child of children) child.kill();
  await engine.stop();
}
