// A real HAProxy before the mock server.
import { existsSync } from "node:fs";
import { startDaemon } from "../package/harness/daemon.js";
import { onPath } from "../package/harness/processes.js";
import { bare } from "./bare.js";

export const program = onPath("haproxy") ?? ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].find((path) => existsSync(path));
export const howToGet = "haproxy is missing: install Debian's package haproxy";

/** Each first part of a path is one way to be in between; the mock gets the rest. */
const configuration = ({ port, upstream, door }) => `
global
  maxconn 500
defaults
  mode http
  retries 0
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout queue 1s
frontend all
  bind 127.0.0.1:${port}
  http-request return status 200 content-type text/plain string ready if { path /ready }
  use_backend one-at-once if { path_beg /one-at-once/ }
  use_backend impatient if { path_beg /impatient/ }
  use_backend closed if { path_beg /closed/ }
backend one-at-once
  http-request replace-path /[^/]*/(.*) /\\1
  server mock ${upstream} maxconn 1
backend impatient
  timeout server 1s
  http-request replace-path /[^/]*/(.*) /\\1
  server mock ${upstream}
backend closed
  http-request replace-path /[^/]*/(.*) /\\1
  server late 127.0.0.1:${door}
`;

/** `door`: the port behind "closed". */
export async function startHaproxy({ upstream, door }) {
  const haproxy = await startDaemon("haproxy", ({ folder, port }) => ({
    program,
    files: { "haproxy.cfg": configuration({ port, upstream: new URL(upstream).host, door }) },
    args: ["-db", "-f", `${folder}/haproxy.cfg`],
    ready: async (origin) => (await bare(`${origin}/ready`)).body === "ready",
  }));
  return {
    url: (way, modelUrl) => `${haproxy.origin}/${way}${new URL(modelUrl).pathname}`,
    stop: () => haproxy.stop(),
  };
}
