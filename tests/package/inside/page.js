// A page: the cases with the package as plain script modules; every result is posted back.
const post = (message) => fetch("/results", { method: "POST", body: JSON.stringify(message) });
const { mockUrl, runtime, only } = JSON.parse(document.getElementById("setting").textContent);

try {
  const api = await import("query-with-retry");
  const { runCases } = await import("../cases/run-cases.js");
  await runCases({ api, mockUrl, runtime, only }, (result) => post({ result }));
  await post({ done: true });
} catch (error) {
  await post({ done: true, error: String(error?.stack ?? error) });
}
