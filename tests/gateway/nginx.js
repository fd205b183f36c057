// A real nginx before the mock server, with nothing outside of a folder of its own.
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onPath, start, stop } from "../package/harness/processes.js";
import { freePort } from "./ports.js";

// Debian keeps it where the PATH of an ordinary user does not look.
export const program = onPath("nginx") ?? ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].find((path) => existsSync(path));
export const howToGet = "nginx is missing: install Debian's package nginx-light";

/** Each location is one way to be in between. Below it comes the path that the mock gets. */
function configuration({ folder, port, upstream, door, nonce }) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
# The workers of root would be nobody, who may not write here; others cannot choose.
${process.getuid() === 0 ? `user ${userInfo().username};` : ""}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
events { worker_connections 128; }
http {
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  log_format requests '$request_uri $status';
  access_log ${folder}/access.log requests;
  limit_req_zone $uri zone=rate:64k rate=1r/s;
  limit_conn_zone $uri zone=places:64k;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  server {
    listen 127.0.0.1:${port};
    location = /ready { return 200 ${nonce}; }
    location /plain/ { proxy_pass ${upstream}/; }
    location /impatient/ { proxy_pass ${upstream}/; proxy_read_timeout 300ms; }
    location /small/ { proxy_pass ${upstream}/; client_max_body_size 64k; }
    location /rate/ { proxy_pass ${upstream}/; limit_req zone=rate; }
    location /one-place/ { proxy_pass ${upstream}/; limit_conn places 1; }
    location /closed/ { proxy_pass http://127.0.0.1:${door}/; }
  }
}
`;
}

export async function startNginx({ upstream, door }) {
  const folder = await mkdtemp(join(tmpdir(), "nginx-"));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    // Another program may take the port between our look and nginx.
    for (let tries = 3; ; tries--) {
      try {
        return await startIn({ folder, port: await freePort(), upstream, door, remove });
      } catch (error) {
        if (tries === 1 || !/in use/.test(error.message)) throw error;
      }
    }
  } catch (error) {
    await remove();
    throw error;
  }
}

async function startIn({ folder, port, upstream, door, remove }) {
  const nonce = `ready-${port}-${Date.now()}`;
  await writeFile(join(folder, "nginx.conf"), configuration({ folder, port, upstream, door, nonce }));
  // -e: or it would begin by opening the log that was compiled in, which only root may.
  const args = ["-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")];
  const child = start(program, args);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (printed += text));
  const origin = `http://127.0.0.1:${port}`;
  let ended = false;
  child.ended.then(() => (ended = true));
  try {
    for (const begun = performance.now(); !(await answers(`${origin}/ready`, nonce)); await sleep(20)) {
      const log = () => readFile(join(folder, "error.log"), "utf8").catch(() => "");
      if (ended) throw new Error(`nginx ended before it listened: ${printed}${await log()}`);
      if (performance.now() - begun > 10_000) throw new Error(`nginx did not listen within 10 s: ${printed}${await log()}`);
    }
  } catch (error) {
    await stop(child);
    throw error;
  }
  return {
    /** The URL of a mock model by way of `location`. */
    url: (location, modelUrl) => `${origin}/${location}${new URL(modelUrl).pathname}`,
    /** The status of every request for `url`, once there are `count`: it logs when a request is over. */
    async statuses(url, count) {
      const path = new URL(url).pathname;
      for (const begun = performance.now(); ; await sleep(20)) {
        const lines = (await readFile(join(folder, "access.log"), "utf8")).split("\n").map((line) => line.split(" "));
        const statuses = lines.filter(([uri]) => uri === path).map(([, status]) => Number(status));
        if (statuses.length >= count || performance.now() - begun > 3_000) return statuses;
      }
    },
    async stop() {
      await stop(child);
      await remove();
    },
  };
}

async function answers(url, text) {
  try {
    return (await (await fetch(url)).text()) === text;
  } catch {
    return false;
  }
}
