// Node, Deno and Bun: the cases with the installed package, one line of JSON a result.
import process from "node:process";
import * as api from "query-with-retry";
import { runCases } from "../cases/run-cases.js";

const setting = JSON.parse(process.env.SETTING);

await runCases({ api, ...setting }, (result) => {
  console.log(`RESULT ${JSON.stringify(result)}`);
});
// Whatever a failed case left open must not keep the process.
process.exit(0);
