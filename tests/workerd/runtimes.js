// Cloudflare's runtime in four forms: the newest, and the one that Miniflare of the package's tests pins; each with a
// compatibility date before and one after 2024-10-14, from when on a promise that another request settles goes on in
// the request that waits for it (`handle_cross_request_promise_resolution`).
import { createRequire } from "node:module";

// Installed beside the tools of the package's tests.
const newest = createRequire(new URL("../package/package.json", import.meta.url));
const pinned = createRequire(newest.resolve("miniflare"));

export const runtimes = [newest, pinned].flatMap((require) => {
  const { default: program, version } = require("workerd");
  return ["2026-01-01", "2024-09-01"].map((date) => ({ name: `workerd ${version}, ${date}`, program, date }));
});
