// The page as the tests see it, below target, for whoever wants to look.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../target/page-screenshots", import.meta.url));
mkdirSync(folder, { recursive: true });

export function screenshot(page, name) {
  return page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
