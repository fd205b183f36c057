// One address for several mock models, told apart by `model` in the body, as real servers do.
import { once } from "node:events";
import { createServer, request as send } from "node:http";
import { buffer } from "node:stream/consumers";

export async function startByModel() {
  const routes = new Map();
  const server = createServer(async (incoming, outgoing) => {
    const [, key, ...rest] = incoming.url.split("/");
    const body = await buffer(incoming);
    const url = routes.get(key)?.[JSON.parse(body).model];
    if (!url) return outgoing.writeHead(404).end();
    const { method, headers } = incoming;
    const onward = send(`${url}/${rest.join("/")}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    onward.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    /** `models`: the URL of a mock model by each name that it goes by. */
    put(key, models) {
      routes.set(key, models);
      return `http://127.0.0.1:${server.address().port}/${key}`;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
