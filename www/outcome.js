// The end of a call: the answer, the explained error, or that it was cancelled.
// `stream` is what was seen of a stream, `{ text, pace }`; undefined for an answer in one piece.

import { code, element, facts, paragraph, raw } from "./elements.js";
import { kept, streamFacts } from "./stream-outcome.js";
import { count, duration, LAYERS, OUTCOMES, PHASES, REASONS } from "./words.js";

export function showAnswer(body, { data, report }, trace, stream) {
  const text = stream ? undefined : answerText(data);
  body.replaceChildren(
    paragraph("verdict", "Answered."),
    ...(text === undefined ? [] : [element("blockquote", "", text)]),
    facts([
      ...streamFacts(trace, stream),
      ["Attempts", String(report.attempts.length)],
      ["Total time", duration(report.totalMs)],
      ["Of that, waiting", waits(report.waitedMs)],
      ["Request id", report.requestId],
      ["Served by", report.degraded ? `${report.servedBy} (a fallback)` : undefined],
    ]),
    stream ? raw("The whole text", stream.text) : raw("The whole answer", readable(data)),
    raw("The report", readable(report)),
  );
}

export function showError(body, error, trace, stream) {
  const { report } = error;
  body.replaceChildren(
    paragraph("verdict", `Failed: ${OUTCOMES[error.code] ?? error.message}.`),
    paragraph("hint", error.hint),
    ...kept(error.partial, stream),
    facts([
      ["Code", code(error.code)],
      ["Where", [LAYERS[error.layer] ?? "unknown", " (", code(error.layer), ")"]],
      ["When", error.phase && [PHASES[error.phase] ?? "", " (", code(error.phase), ")"]],
      ["Status", error.status === undefined ? undefined : String(error.status)],
      ["Earliest useful next try", error.retryAfterMs === undefined ? undefined : `in ${duration(error.retryAfterMs)}`],
      ["May the same call succeed later?", error.retryable ? "Yes, unchanged." : "No, something has to change first."],
      [error.code === "network" ? "The browser’s own words" : "The server’s own words", error.detail],
      ...streamFacts(trace, stream),
      ["Attempts", String(report.attempts.length)],
      ["Total time", duration(report.totalMs)],
      ["Of that, waiting", waits(report.waitedMs)],
      ["Request id", report.requestId],
    ]),
    raw("The report", readable(report)),
  );
}

/** Not a QueryError: the call could not even be made. */
export function showRefusal(body, error) {
  body.replaceChildren(paragraph("verdict", "The call could not be made."), paragraph("hint", error?.message ?? String(error)));
}

export function showCancelled(body, { reason, where }, trace, stream) {
  body.replaceChildren(
    paragraph("verdict", "Cancelled."),
    facts([
      ["Reason", reason?.message ?? String(reason)],
      ["When", `after ${duration(trace.endMs)}, ${where}`],
      ...streamFacts(trace, stream),
      ["Attempts", String(trace.attempts.length)],
    ]),
  );
}

function answerText(data) {
  const first = Array.isArray(data) ? data[0] : data;
  const text = first?.choices?.[0]?.message?.content ?? first?.generated_text ?? (typeof data === "string" ? data : undefined);
  return typeof text === "string" ? text : undefined;
}

function waits(waitedMs) {
  const parts = Object.entries(waitedMs ?? {}).filter(([, ms]) => ms > 0);
  if (parts.length === 0) return undefined;
  return parts.map(([reason, ms]) => `${duration(ms)} (${REASONS[reason] ?? reason})`).join(", ");
}

function readable(value) {
  if (value instanceof Uint8Array || value instanceof Blob) return count(value.length ?? value.size, "byte");
  return JSON.stringify(value, null, 2) ?? String(value);
}
