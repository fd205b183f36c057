// A real Prometheus that scrapes one page each second, with nothing outside of a folder of its own.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../package/harness/ports.js";
import { onPath, run, start, stop } from "../package/harness/processes.js";

export const program = onPath("prometheus");
const promtool = onPath("promtool");
export const howToGet = "prometheus is missing: install Debian's package prometheus";

const PATIENCE_MS = 20_000;

const configuration = (page) => `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: client
    metrics_path: ${JSON.stringify(page.pathname)}
    static_configs: [{ targets: [${JSON.stringify(page.host)}] }]
`;

const newFolder = () => mkdtemp(join(tmpdir(), "prometheus-"));
const remove = (folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 });

/** What promtool says about an exposition; nothing, if it has no complaint. Rejects where it cannot be read. */
export async function lint(exposition) {
  const folder = await newFolder();
  try {
    const file = join(folder, "metrics");
    await writeFile(file, exposition);
    // By way of a shell: what the harness starts has no input of its own.
    return await run("sh", ["-c", 'exec "$0" check metrics <"$1" 2>&1', promtool, file]);
  } finally {
    await remove(folder);
  }
}

/** Scrapes `page`; gives it once it has been scraped. */
export async function startPrometheus(page) {
  const folder = await newFolder();
  try {
    // Another program may take the port between our look and Prometheus.
    for (let tries = 3; ; tries--) {
      try {
        return await startIn(folder, await freePort(), new URL(page));
      } catch (error) {
        if (tries === 1 || !/in use/.test(error.message)) throw error;
      }
    }
  } catch (error) {
    await remove(folder);
    throw error;
  }
}

async function startIn(folder, port, page) {
  const file = join(folder, "prometheus.yml");
  await writeFile(file, configuration(page));
  const child = start(program, [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=warn",
  ]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (printed += text));
  let ended = false;
  child.ended.then(() => (ended = true));

  /** The samples that a query finds: `{ metric, value }`, the value as Prometheus writes it. */
  async function query(text) {
    const url = `http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query: text })}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const { status, data, error } = await response.json();
    if (status !== "success") throw new Error(`Prometheus refused ${text}: ${error}`);
    return data.result.map(({ metric, value: [, value] }) => ({ metric, value }));
  }

  /** Until a scrape that began from now on is stored, and was read. */
  async function scraped() {
    // It writes down a time that is up to 2 ms off, to have them at even distances.
    const since = Date.now() / 1000 + 0.01;
    for (const begun = performance.now(); ; await sleep(100)) {
      const [at, up] = [await last("timestamp(up)"), await last("up")];
      if (at >= since && up === 1) return;
      if (ended) throw new Error(`Prometheus ended: ${printed}`);
      if (performance.now() - begun > PATIENCE_MS) {
        throw new Error(`no good scrape within ${PATIENCE_MS} ms: ${printed}${await lastError().catch(String)}`);
      }
    }
  }

  /** Nothing while it does not listen, and before the first scrape. */
  async function last(text) {
    const [found] = await query(text).catch(() => []);
    return found && Number(found.value);
  }

  async function lastError() {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/targets`);
    return (await response.json()).data.activeTargets.map((target) => target.lastError).join();
  }

  try {
    await scraped();
  } catch (error) {
    await stop(child);
    throw error;
  }
  return {
    query,
    scraped,
    async stop() {
      await stop(child);
      await remove(folder);
    },
  };
}
