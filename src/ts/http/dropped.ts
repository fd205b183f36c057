/**
 * A stream that its reader has dropped still holds a connection, and the server generates for nobody. The stream is left when
 * the platform reports that it was collected, as `fetch` does with an unread body that was dropped. Not in workerd: there
 * nothing can be done for a request outside of it, and its streams end with the request.
 */
const canTell = typeof FinalizationRegistry !== "undefined" && !("WebSocketPair" in globalThis);
const readers = canTell ? new FinalizationRegistry<() => void>((leave) => leave()) : undefined;

/** `leave` must not reference the dropped object, nor anything that does. */
export function whenDropped(reader: object, leave: () => void): void {
  readers?.register(reader, leave);
}
