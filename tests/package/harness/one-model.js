// An app with the package, and a model that answers `{ n: 1 }`: what a program needs that makes one call.
import { createApp } from "./app.js";
import { startMock } from "./mock-server.js";

/** `scenario`: the name of the model, for this test file alone. `globals` are for `runProgram`. */
export async function startOneModel(scenario) {
  const app = await createApp();
  const mock = await startMock();
  const made = await fetch(`${mock.mockUrl}/_mock/${scenario}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ healthy: { status: 200, body: { n: 1 } } }),
  });
  const stop = () => Promise.all([mock.stop(), app.remove()]);
  return { app, globals: { MODEL_URL: (await made.json()).url }, stop };
}
