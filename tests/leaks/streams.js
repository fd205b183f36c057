// node --expose-gc streams.js <package folder> <URLs of mock models as JSON> <streams>
// Streams that come whole, break, and are left, read in every way.
import { client, fails, left, measureRounds, signal, urls } from "./rounds.js";

const payload = { messages: [{ role: "user", content: "the same" }] };
const open = (url, options) => client.stream(url, payload, { signal, ...options });

async function readText(stream) {
  for await (const _ of stream.text());
}

async function readReadable({ readable }) {
  const reader = readable.getReader();
  while (!(await reader.read()).done);
}

async function breakOut(stream) {
  for await (const _ of stream) break;
  await stream.report;
}

async function cancelSoon(stream) {
  const reading = readText(stream);
  setTimeout(() => stream.cancel(), 10);
  await reading;
}

async function cancelUnread(stream) {
  await stream.cancel();
  await stream.report;
}

const shares = [
  [4, () => open(urls.answers).finalText()],
  [2, () => readText(open(urls.answers))],
  [2, () => readReadable(open(urls.answers))],
  [1, () => open(urls.onePiece).finalText()],
  [2, () => open(urls.busy, { maxRetries: 50 }).finalText()],
  [1, () => fails(open(urls.cut).finalText(), "stream_truncated")],
  [1, () => fails(open(urls.fails).finalText(), "stream_error")],
  [1, () => fails(open(urls.refuses).finalText(), "bad_request")],
  [1, () => breakOut(open(urls.halfSilent))],
  [1, () => cancelSoon(open(urls.silent))],
  [1, () => cancelUnread(open(urls.answers))],
  [1, () => left(30, (signal) => open(urls.halfSilent, { signal }).finalText())],
  [1, () => left(30, (signal) => open(urls.silent, { signal }).finalText())],
  [1, () => fails(open(urls.halfSilent, { timeouts: { idleMs: 25 } }).finalText(), "timeout")],
];

await measureRounds(shares, () => open(urls.answers).finalText());
