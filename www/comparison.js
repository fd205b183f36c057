// What the other side counted, beside what the package reports.

import { element, pair, paragraph } from "./elements.js";
import { mockCounters } from "./mock.js";
import { count } from "./words.js";

/** Fetches the counters of the mock model, and shows the two in front of what is folded away. */
export async function compare(body, key, trace) {
  const place = element("div", "");
  body.insertBefore(place, body.querySelector("details"));
  try {
    place.append(...comparison(await countersAtRest(key), trace));
  } catch (error) {
    place.append(paragraph("note", `The requests could not be compared: ${error.message}`));
  }
}

/** The mock may need a moment to see that a connection was closed. */
async function countersAtRest(key) {
  let counters = await mockCounters(key);
  for (let tries = 0; counters.inFlight > 0 && tries < 20; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    counters = await mockCounters(key);
  }
  return counters;
}

function comparison(counters, trace) {
  const table = element("dl", "numbers");
  table.append(
    ...pair("Attempts the package reports", String(trace.attempts.length)),
    ...pair("Requests the mock counted", String(counters.requests)),
  );
  const sentences = [agreement(counters, trace), leftEarly(trace) ? closed(counters) : ""].filter(Boolean);
  return [table, ...sentences.map((sentence) => paragraph("note agree", sentence))];
}

function agreement({ requests, log }, { attempts, firstTokenMs, cancelled }) {
  // The log has no more than the newest requests.
  const statuses = log.filter(({ method }) => method === "GET").length;
  const others = statuses ? `The mock counted ${count(statuses, "GET")} for the status of the model too, which is no attempt.` : "";
  if (requests - statuses === attempts.length) {
    const onlyBefore = attempts.every(({ startMs }) => startMs <= firstTokenMs);
    const words = onlyBefore ? "They agree: nothing was asked again after the first token." : "They agree.";
    return [words, others].filter(Boolean).join(" ");
  }
  if (cancelled && requests - statuses === attempts.length - 1) return "The last one was cancelled before it reached the server.";
  return "They differ: please report this.";
}

/** Cancelled, or given up by a clock of the package. */
function leftEarly({ cancelled, attempts }) {
  return cancelled || attempts.at(-1)?.outcome === "timeout";
}

/** A server that sees it stops generating. */
function closed({ aborted, log }) {
  if (aborted === 0) return "";
  const { eventsSent } = log.at(-1);
  const after = eventsSent === null ? "" : `after ${count(eventsSent, "event")} of the stream, `;
  return `The mock saw the connection closed ${after}before its answer was whole (aborted: ${aborted}).`;
}
