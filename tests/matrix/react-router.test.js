import { after, before, test } from "node:test";
import { startMock } from "../package/harness/mock-server.js";
import { answersAt, coldModel, createNpmApp, HANDLER, runNode, served, SHOW, showsIn } from "./apps.js";

let dir;
let mock;
before(async () => {
  // They want each other's exact version, and a registry may have one of them later than the others.
  const packages = ["react-router", "@react-router/dev", "@react-router/node", "@react-router/serve"].map((name) => `${name}@8.4`);
  const files = {
    "vite.config.js": `
import { reactRouter } from "@react-router/dev/vite";
export default { plugins: [reactRouter()] };`,
    "app/root.jsx": `
import { Outlet, Scripts } from "react-router";
export default () => <html><head /><body><Outlet /><Scripts /></body></html>;`,
    "app/routes.js": `
import { index, route } from "@react-router/dev/routes";
export default [index("home.jsx"), route("chat", "chat.js")];`,
    "app/chat.js": `
import { streamWithRetry } from "query-with-retry";
export async function action({ request }) {
  const { endpoint } = await request.json();
  return ${HANDLER};
}`,
    "app/home.jsx": `
import { useEffect, useState } from "react";
import { streamWithRetry } from "query-with-retry";
export default function Home() {
  const [said, show] = useState("");
  useEffect(() => void (async () => {${SHOW}})(), []);
  return <output>{said}</output>;
}`,
  };
  packages.push("vite@8", "react@19", "react-dom@19", "isbot@5");
  mock = await startMock();
  dir = await createNpmApp({ packages, manifest: { type: "module" }, files });
  await runNode(dir, ["@react-router/dev/bin.cjs", "build"]);
});
after(() => mock?.stop());

test("a React Router app answers by an action, and in a page", async () => {
  await served(
    dir,
    () => ["node_modules/@react-router/serve/bin.cjs", "./build/server/index.js"],
    async (url) => {
      await answersAt(`${url}/chat`, { endpoint: await coldModel(mock, "action", 1_500) });
      await showsIn(url, await coldModel(mock, "page", 1_500));
    },
  );
});
