// Serves the app to a browser; the page posts its results back.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

/** `pages` are documents made by the test, by path: `{ html, headers }`. `onPost` gets each posted JSON. */
export async function servePage({ dir, pages = {}, onPost }) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    if (request.method === "POST") {
      let body = "";
      for await (const piece of request) body += piece;
      onPost(JSON.parse(body));
      response.writeHead(204).end();
      return;
    }
    const page = pages[pathname];
    if (page) {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...page.headers }).end(page.html);
      return;
    }
    try {
      const content = await readFile(join(dir, normalize(decodeURIComponent(pathname))));
      const type = TYPES[extname(pathname)] ?? "application/octet-stream";
      // A page in a sandbox is of no origin.
      response.writeHead(200, { "content-type": type, "cache-control": "no-store", "access-control-allow-origin": "*" });
      response.end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
