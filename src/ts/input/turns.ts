/** Lets the event loop turn while a stream is read whose pieces are always there: settled promises alone never let it. */

/** As much is read in one turn. A count and not a time, because the clock of a Worker stands still between I/O. In bytes. */
const A_TURN = 4 * 1024 * 1024;
/** A piece counts as this many bytes more than it has, because each costs time of its own. */
const A_PIECE = 2048;

/**
 * A message and not a timer: a hidden page gets one timer a second or a minute, a nested one takes 4 ms, and tests replace timers.
 * Simulated pages, such as jsdom, have no messages. A Worker delivers them within the same turn.
 */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (!("MessageChannel" in globalThis) || "WebSocketPair" in globalThis) return void setTimeout(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close(); // an open port keeps Node alive
      resolve();
    });
    port1.start();
    port2.postMessage(0);
  });
}

/** One for each stream. */
export class Turns {
  #left = A_TURN;

  /** Called with the size of each piece. If the event loop should turn before the next piece, the result is when it has. */
  after(bytes: number): Promise<void> | undefined {
    this.#left -= bytes + A_PIECE;
    if (this.#left > 0) return undefined;
    this.#left = A_TURN;
    return nextTurn();
  }
}
