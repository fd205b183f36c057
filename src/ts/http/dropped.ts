/**
 * A stream that its reader has dropped holds a connection, and a server that generates for nobody. It is left once
 * the platform has noticed, where it can tell; `fetch` does so with a body that was dropped unread. Not in workerd, where
 * nothing of a request can be done outside of it, and where a request takes all of its streams along.
 */
const canTell = typeof FinalizationRegistry !== "undefined" && !("WebSocketPair" in globalThis);
const readers = canTell ? new FinalizationRegistry<() => void>((leave) => leave()) : undefined;

/** `leave` must not hold what is dropped, nor anything that does. */
export function whenDropped(reader: object, leave: () => void): void {
  readers?.register(reader, leave);
}
