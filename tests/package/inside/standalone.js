// Node, Deno and Bun: the cases with the installed package, one line of JSON a result.
import process from "node:process";
import * as api from "query-with-retry";
import { runCases } from "../cases/run-cases.js";

const { MOCK_URL, RUNTIME, ONLY } = process.env;

await runCases({ api, mockUrl: MOCK_URL, runtime: RUNTIME, only: ONLY }, (result) => {
  console.log(`RESULT ${JSON.stringify(result)}`);
});
// Whatever a failed case left open must not keep the process.
process.exit(0);
