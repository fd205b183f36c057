// One process of `redis.js`: it connects, says so, makes the calls that it is told to make, and sends what came of them.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PKG_DIR } from "../../package/harness/app.js";
import { clients } from "../../redis/redis.js";
import { traffic } from "./traffic.js";

const load = (entry) => import(pathToFileURL(join(PKG_DIR, "dist", entry)));
const { createClient } = await load("index.js");
const { redis } = await load("redis.js");
const { send, close } = await clients["node-redis"](Number(process.argv[2]));

process.on("message", async (given) => {
  process.send(await traffic(createClient, redis(send), given));
});
process.on("disconnect", close);
process.send("ready");
