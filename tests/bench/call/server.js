// node server.js: answers every POST at once with the same completion, in a process of its own, so
// that its work is not in anybody's time. Prints its port.
import { createServer } from "node:http";
import { answer } from "./answer.js";

const head = { "content-type": "application/json", "content-length": Buffer.byteLength(answer) };
const server = createServer((request, response) => {
  request.resume().on("end", () => response.writeHead(200, head).end(answer));
});
server.keepAliveTimeout = 300_000;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
