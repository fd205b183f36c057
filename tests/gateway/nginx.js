// A real nginx before the mock server, with nothing outside of a folder of its own.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startDaemon } from "../package/harness/daemon.js";
import { onPath } from "../package/harness/processes.js";

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
events { worker_connections 512; }
http {
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  log_format requests '$request_uri $status';
  access_log ${folder}/access.log requests;
  limit_req_zone $uri zone=rate:64k rate=1r/s;
  limit_req_zone $uri zone=rate2:64k rate=2r/s;
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
    location /burst/ { proxy_pass ${upstream}/; limit_req zone=rate2 burst=2 nodelay; }
    location /burst-429/ { proxy_pass ${upstream}/; limit_req zone=rate2 burst=2 nodelay; limit_req_status 429; }
    location /one-place/ { proxy_pass ${upstream}/; limit_conn places 1; }
    location /two-places/ { proxy_pass ${upstream}/; limit_conn places 2; }
    location ~ ^/port/(\\d+)/(.*)$ { proxy_pass http://127.0.0.1:$1/$2$is_args$args; proxy_buffering off; }
    ${door ? `location /closed/ { proxy_pass http://127.0.0.1:${door}/; }` : ""}
  }
}
`;
}

export async function startNginx({ upstream, door }) {
  const nginx = await startDaemon("nginx", ({ folder, port }) => {
    const nonce = `ready-${port}-${Date.now()}`;
    return {
      program,
      files: { "nginx.conf": configuration({ folder, port, upstream, door, nonce }) },
      // -e: or it would begin by opening the log that was compiled in, which only root may.
      args: ["-p", folder, "-e", join(folder, "error.log"), "-c", join(folder, "nginx.conf")],
      ready: async (origin) => (await (await fetch(`${origin}/ready`)).text()) === nonce,
      log: () => readFile(join(folder, "error.log"), "utf8").catch(() => ""),
    };
  });
  return {
    /** The URL of a mock model by way of `location`; `port/N` is whoever listens on that port. */
    url: (location, modelUrl) => `${nginx.origin}/${location}${new URL(modelUrl).pathname}`,
    /** The status of every request for `url`, once there are `count`: it logs when a request is over. */
    async statuses(url, count) {
      const path = new URL(url).pathname;
      for (const begun = performance.now(); ; await sleep(20)) {
        const lines = (await readFile(join(nginx.folder, "access.log"), "utf8")).split("\n").map((line) => line.split(" "));
        const statuses = lines.filter(([uri]) => uri === path).map(([, status]) => Number(status));
        if (statuses.length >= count || performance.now() - begun > 3_000) return statuses;
      }
    },
    stop: () => nginx.stop(),
  };
}
