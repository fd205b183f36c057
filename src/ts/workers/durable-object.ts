/** The way from a Worker to the object that keeps the text of a target. */

import { given, invalid } from "../errors/invalid.js";
import type { Coordinator } from "../types/client.js";

/** The part of `DurableObjectNamespace` that is used. */
interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(url: string, init: RequestInit): Promise<Response> };
}

/**
 * A coordinator on Cloudflare Durable Objects: clients that have it, in all isolates of a Worker, share the cold-start gate, the
 * breaker, the retry budget and the slow start of each target.
 *
 * ```js
 * export { QueryCoordinator } from "query-with-retry/workers";
 *
 * let client; // of module scope: the requests of an isolate share it
 * // in a handler: client ??= createClient({ coordinator: durableObject(env.COORDINATOR) });
 * ```
 *
 * Each target has one object, by the name `1:<target>`, near the first isolate that asked. An isolate with traffic sends it two
 * subrequests about each second, and a few more while the target is cold or its circuit is open. One that fails, or takes over
 * 200 ms, loses no call. Each belongs to the request that happens to be there, and is lost if that request ends first: what it
 * had to tell is told with the next one. So a call that fails waits for the exchange that it began, at most 200 ms, and so does one
 * whose answer ends a cold start or closes a circuit. No other call waits.
 *
 * @param namespace - the binding of a class that is, or extends, {@link QueryCoordinator}. `env.COORDINATOR.jurisdiction("eu")` works too.
 * @throws {TypeError} if it is no such binding
 */
export function durableObject(namespace: unknown): Coordinator {
  const { idFromName, get } = Object(namespace) as Partial<Namespace>;
  if (typeof idFromName !== "function" || typeof get !== "function")
    throw invalid(`namespace must be the binding of a Durable Object, such as env.COORDINATOR, got ${given(namespace)}`);
  return {
    async call(key, message) {
      const objects = namespace as Namespace;
      // A stub belongs to the request that made it.
      const answer = await objects.get(objects.idFromName(key)).fetch("https://coordinator/", { method: "POST", body: JSON.stringify(message) });
      return (await answer.json()) as unknown;
    },
  };
}
