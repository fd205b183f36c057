/** Reads a stream of bytes to its end, and joins pieces of bytes. */

import type { Bytes } from "../wasm/protocol.js";
import { Turns } from "./turns.js";

export function joined(pieces: Bytes[]): Bytes {
  const [first] = pieces;
  if (first && pieces.length === 1) return first;
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Reads the stream to its end. An abort cancels the stream, and rejects with the reason of the signal. */
export async function wholeOf(stream: ReadableStream<unknown>, signal: AbortSignal): Promise<Bytes> {
  const reader = stream.getReader();
  const pieces: Bytes[] = [];
  const turns = new Turns();
  const leave = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", leave);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return joined(pieces);
      if (!(value instanceof Uint8Array)) throw new TypeError("query-with-retry: the stream of a request body must give Uint8Arrays");
      pieces.push(value as Bytes);
      const turn = turns.after(value.length);
      if (turn) await turn;
    }
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
