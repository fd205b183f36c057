// node fresh.js <client> <origin> <package folder> <"http" or "none">: what a new process pays for its
// first answer. Prints the milliseconds since before the import, and since the process began.
import { answer } from "./answer.js";
import { clients } from "./clients.js";

const [name, origin, folder, transport] = process.argv.slice(2);
const instant = async () => new Response(answer, { headers: { "content-type": "application/json" } });

// The platform makes its Response when it is first named: everybody's price, and paid before.
if (transport === "none") await instant();
const begun = performance.now();
const call = await clients[name]({ origin, folder, fetch: transport === "none" ? instant : undefined });
await call();
const ended = performance.now();
console.log(JSON.stringify({ fromImport: ended - begun, fromStart: ended }));
process.exit();
