/**
 * A stream that its reader has dropped holds a connection, and a server that generates for nobody. It is left once
 * the platform has noticed, where it can tell; `fetch` does so with a body that was dropped unread.
 */
const readers = typeof FinalizationRegistry === "undefined" ? undefined : new FinalizationRegistry<() => void>((leave) => leave());

/** `leave` must not hold what is dropped, nor anything that does. */
export function whenDropped(reader: object, leave: () => void): void {
  readers?.register(reader, leave);
}
