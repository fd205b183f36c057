// The end of a call: the answer, the explained error, or that it was cancelled; and the count of
// requests by the other side beside the package's own.

import { count, duration, LAYERS, OUTCOMES, PHASES, REASONS } from "./words.js";

export function showAnswer(body, { data, report }) {
  const text = answerText(data);
  body.replaceChildren(
    paragraph("verdict", "Answered."),
    ...(text === undefined ? [] : [answer(text)]),
    facts([
      ["Attempts", String(report.attempts.length)],
      ["Total time", duration(report.totalMs)],
      ["Of that, waiting", waits(report.waitedMs)],
      ["Request id", report.requestId],
      ["Served by", report.degraded ? `${report.servedBy} (a fallback)` : undefined],
    ]),
    raw("The whole answer", data),
    raw("The report", report),
  );
}

export function showError(body, error) {
  const { report } = error;
  body.replaceChildren(
    paragraph("verdict", `Failed: ${OUTCOMES[error.code] ?? error.message}.`),
    paragraph("hint", error.hint),
    facts([
      ["Code", code(error.code)],
      ["Where", [LAYERS[error.layer] ?? "unknown", " (", code(error.layer), ")"]],
      ["When", error.phase && [PHASES[error.phase] ?? "", " (", code(error.phase), ")"]],
      ["Status", error.status === undefined ? undefined : String(error.status)],
      ["Earliest useful next try", error.retryAfterMs === undefined ? undefined : `in ${duration(error.retryAfterMs)}`],
      ["May the same call succeed later?", error.retryable ? "Yes, unchanged." : "No, something has to change first."],
      ["The server’s own words", error.detail],
      ["Attempts", String(report.attempts.length)],
      ["Total time", duration(report.totalMs)],
      ["Of that, waiting", waits(report.waitedMs)],
      ["Request id", report.requestId],
    ]),
    raw("The report", report),
  );
}

/** Not a QueryError: the call could not even be made. */
export function showRefusal(body, error) {
  body.replaceChildren(paragraph("verdict", "The call could not be made."), paragraph("hint", error?.message ?? String(error)));
}

export function showCancelled(body, { reason, where, trace }) {
  body.replaceChildren(
    paragraph("verdict", "Cancelled."),
    facts([
      ["Reason", reason?.message ?? String(reason)],
      ["When", `after ${duration(trace.endMs)}, ${where}`],
      ["Attempts", String(trace.attempts.length)],
    ]),
  );
}

/** What the other side counted, beside what the package reports. */
export function showCount(body, { reported, counters, cancelled }) {
  const { requests } = counters;
  const verdict =
    requests === reported
      ? "They agree."
      : cancelled && requests === reported - 1
        ? "The last one was cancelled before it reached the server."
        : "They differ: please report this.";
  const table = document.createElement("dl");
  table.className = "count";
  table.append(
    ...pair("Attempts the package reports", String(reported)),
    ...pair("Requests the mock counted", String(requests)),
  );
  body.append(table, paragraph("note agree", verdict));
}

export function showCountFailure(body, error) {
  body.append(paragraph("note", `The requests could not be compared: ${error.message}`));
}

function answerText(data) {
  const first = Array.isArray(data) ? data[0] : data;
  const text = first?.choices?.[0]?.message?.content ?? first?.generated_text ?? (typeof data === "string" ? data : undefined);
  return typeof text === "string" ? text : undefined;
}

function answer(text) {
  const quote = document.createElement("blockquote");
  quote.textContent = text;
  return quote;
}

function waits(waitedMs) {
  const parts = Object.entries(waitedMs ?? {}).filter(([, ms]) => ms > 0);
  if (parts.length === 0) return undefined;
  return parts.map(([reason, ms]) => `${duration(ms)} (${REASONS[reason] ?? reason})`).join(", ");
}

function facts(entries) {
  const list = document.createElement("dl");
  list.className = "facts";
  list.append(...entries.filter(([, value]) => value !== undefined && value !== "").flatMap(([term, value]) => pair(term, value)));
  return list;
}

function pair(term, value) {
  const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
  dt.textContent = term;
  dd.append(...[value].flat());
  return [dt, dd];
}

function code(text) {
  const node = document.createElement("code");
  node.textContent = text;
  return node;
}

function paragraph(className, text) {
  const node = document.createElement("p");
  node.className = className;
  node.textContent = text;
  return node;
}

function raw(title, value) {
  const [details, summary, pre] = ["details", "summary", "pre"].map((name) => document.createElement(name));
  summary.textContent = title;
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", title);
  pre.textContent = readable(value);
  details.append(summary, pre);
  return details;
}

function readable(value) {
  if (value instanceof Uint8Array || value instanceof Blob) return count(value.length ?? value.size, "byte");
  return JSON.stringify(value, null, 2) ?? String(value);
}
