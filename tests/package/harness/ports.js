// Ports on 127.0.0.1, and one that refuses until it is told otherwise.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/**
 * One that nobody listens on at this moment. It is below those that the system hands out by itself: a port
 * that stays closed for a while would else become the near end of somebody's connection.
 */
export async function freePort() {
  for (let tries = 50; ; tries--) {
    const server = createServer();
    try {
      server.listen(20_000 + Math.floor(Math.random() * 12_000), "127.0.0.1");
      await once(server, "listening");
    } catch (error) {
      if (tries > 1 && error.code === "EADDRINUSE") continue;
      throw error;
    }
    const { port } = server.address();
    server.close();
    await once(server, "close");
    return port;
  }
}

/** A port that refuses connections until `open`, and from then on relays them to `to`. */
export async function closedDoor(to) {
  const { hostname, port: toPort } = new URL(to);
  const port = await freePort();
  const sockets = new Set();
  let server;
  return {
    port,
    open() {
      if (server) throw new Error("the door is open already");
      server = createServer((incoming) => {
        const outgoing = connect(Number(toPort), hostname);
        for (const socket of [incoming, outgoing]) {
          sockets.add(socket);
          // Either end may go first; the other has to follow.
          socket
            .on("error", () => {})
            .on("close", () => {
              sockets.delete(socket);
              incoming.destroy();
              outgoing.destroy();
            });
        }
        incoming.pipe(outgoing).pipe(incoming);
      });
      server.listen(port, "127.0.0.1");
      return once(server, "listening");
    },
    async close() {
      if (!server) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      server = undefined;
    },
  };
}
