// Installed browsers, headless, each on an empty profile. No driver: the page reports by itself.
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onPath, start, stop } from "./processes.js";

export const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-default-apps",
  "--disable-extensions",
  "--disable-domain-reliability",
];

// Firefox asks its maker for updates, settings and lists unless told otherwise.
const FIREFOX_PREFERENCES = {
  "app.normandy.enabled": false,
  "app.update.auto": false,
  "app.update.disabledForTesting": true,
  "browser.aboutwelcome.enabled": false,
  "browser.newtabpage.enabled": false,
  "browser.region.network.url": "",
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.safebrowsing.downloads.remote.enabled": false,
  "browser.search.update": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "browser.startup.page": 0,
  "browser.topsites.contile.enabled": false,
  "datareporting.healthreport.uploadEnabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.push.enabled": false,
  "dom.serviceWorkers.enabled": true,
  "extensions.getAddons.cache.enabled": false,
  "extensions.systemAddon.update.enabled": false,
  "extensions.update.enabled": false,
  "media.gmp-manager.url": "",
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.disablePrefetch": true,
  "network.prefetch-next": false,
  "services.settings.server": "data:,",
  "toolkit.telemetry.enabled": false,
  "toolkit.telemetry.server": "",
  "toolkit.telemetry.unified": false,
};

/** Whatever a browser leaves behind, it leaves in its profile, which is removed. */
const homeless = (profile) => ({
  ...process.env,
  HOME: profile,
  TMPDIR: profile,
  XDG_RUNTIME_DIR: profile,
  XDG_CONFIG_HOME: profile,
  XDG_CACHE_HOME: profile,
});

const programs = {
  chromium: {
    find: () => onPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    howToGet: "install Debian's package chromium",
    open: (program, profile, url, args) =>
      start(program, [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, ...args, url], { env: homeless(profile) }),
  },
  firefox: {
    find: () => onPath("firefox-esr", "firefox"),
    howToGet: "install Debian's package firefox-esr",
    async open(program, profile, url, args) {
      const lines = Object.entries(FIREFOX_PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
      await writeFile(join(profile, "user.js"), lines.join("\n"));
      return start(program, ["--headless", "--no-remote", "--profile", profile, ...args, url], { env: homeless(profile) });
    },
  },
  webkit: {
    // WebKitGTK has no headless mode: its small browser gets a display of its own.
    find: () => (onPath("Xvfb") ? miniBrowser() : undefined),
    howToGet: "install Debian's packages webkit2gtk-driver and xvfb",
    async open(program, profile, url, args) {
      const display = await startDisplay();
      const graphics = { DISPLAY: display.name, GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_COMPOSITING_MODE: "1" };
      const child = start(program, ["--private", ...args, url], { env: { ...homeless(profile), ...graphics } });
      child.display = display.child;
      return child;
    },
  },
};

/** Distributions keep it out of the PATH, below a folder named after the architecture. */
function miniBrowser() {
  for (const base of ["/usr/lib", "/usr/libexec"]) {
    for (const folder of [base, ...foldersIn(base)]) {
      const version = foldersIn(folder).findLast((path) => basename(path).startsWith("webkit2gtk-4"));
      const program = version && join(version, "MiniBrowser");
      if (program && existsSync(program)) return program;
    }
  }
  return undefined;
}

function foldersIn(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
}

async function startDisplay() {
  const child = start("Xvfb", ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "pipe"] });
  const number = await Promise.race([
    new Promise((found) => child.stdio[3].setEncoding("utf8").once("data", (text) => found(text.trim()))),
    child.ended.then(() => Promise.reject(new Error("Xvfb did not start"))),
  ]);
  return { child, name: `:${number}` };
}

export function browser(name) {
  const { find, howToGet, open } = programs[name];
  const program = find();
  return {
    name,
    missing: program ? undefined : howToGet,
    /** Opens a page, with flags of the browser; `close` ends every process of it and removes the profile. */
    async open(url, args = []) {
      if (!program) throw new Error(`${name} is not on this machine: ${howToGet}`);
      const profile = await mkdtemp(join(tmpdir(), `profile-${name}-`));
      const child = await open(program, profile, url, args);
      let printed = "";
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (printed = (printed + text).slice(-4_000)));
      return {
        ended: child.ended,
        printed: () => printed,
        /** Every process of it. */
        signal: (name) => process.kill(-child.pid, name),
        async close() {
          await stop(child);
          if (child.display) await stop(child.display);
          await rm(profile, { recursive: true, force: true, maxRetries: 5 });
        },
      };
    },
  };
}
