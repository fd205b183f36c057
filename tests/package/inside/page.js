// A page: the cases with the package as plain script modules; every result is posted back.
const post = (message) => fetch("/results", { method: "POST", body: JSON.stringify(message) });
const setting = JSON.parse(document.getElementById("setting").textContent);

try {
  const api = await import("query-with-retry");
  const { runCases } = await import("../cases/run-cases.js");
  await runCases({ api, ...setting }, (result) => post({ result }));
  await post({ done: true });
} catch (error) {
  await post({ done: true, error: String(error?.stack ?? error) });
}
