// The Worker that holds the Durable Objects of the tests. They are the package's own, but for what a test orders.
import { QueryCoordinator } from "query-with-retry/workers";

/** What is ordered for each key, outside of the objects: it outlives them. */
const orders = new Map();
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Engine extends QueryCoordinator {
  #state;

  constructor(state, env) {
    super(state, env);
    this.#state = state;
  }

  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const { storage } = this.#state;
    const key = searchParams.get("key");
    switch (pathname) {
      case "/order":
        // The object's own name is not known to it, so each message of it asks for the order by its id.
        orders.set(String(this.#state.id), await request.text());
        return new Response();
      case "/abort":
        this.#state.abort("the test ends this object");
        return new Response();
      case "/stored":
        return Response.json({ kept: await storage.get("text"), alarm: await storage.getAlarm() });
      case "/write":
        await storage.put("text", await request.json());
        return new Response();
      case "/alarm":
        await storage.setAlarm(Date.now() + 20);
        return new Response();
    }
    if (key) return super.fetch(request);
    const order = orders.get(String(this.#state.id)) ?? "";
    if (order === "throw") throw new Error("the test has ordered it");
    if (order.startsWith("wait")) await later(Number(order.slice(4)));
    return super.fetch(request);
  }
}

export default {
  async fetch(request, env) {
    const key = new URL(request.url).searchParams.get("key");
    try {
      return await env.COORDINATOR.get(env.COORDINATOR.idFromName(key)).fetch(request);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
