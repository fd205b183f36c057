// The control routes of the mock server, which serves this page too.

const CONTROL = "_mock/";

export async function createMockModel(key, scenario, signal) {
  let response;
  try {
    response = await fetch(CONTROL + key, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(scenario),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new Error(`The mock server does not answer: ${error.message}. Start this page with cargo xtask demo.`, { cause: error });
  }
  // Read in any case: a body left unread would still be cancelled by the signal, later.
  const text = await response.text();
  if (!response.ok) throw new Error(`The mock server refused the scenario with status ${response.status}: ${text.slice(0, 300)}`);
}

/** What the mock counted for one model. */
export async function mockCounters(key) {
  const response = await fetch(CONTROL + key);
  if (!response.ok) throw new Error(`The mock server answered ${response.status} when asked for its counters.`);
  return response.json();
}
