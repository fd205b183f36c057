// Draws a trace: an ordered list whose text says everything, with bars to scale as decoration.

import { element, setText } from "./elements.js";
import { browserSaid, duration, OUTCOMES, REASONS } from "./words.js";

// The lengths that the axis grows through, each with the distance of its marks, in seconds.
const AXES = [
  [5, 1],
  [10, 2],
  [15, 3],
  [20, 5],
  [30, 5],
  [40, 10],
  [60, 10],
  [90, 15],
  [120, 20],
  [180, 30],
  [300, 60],
  [600, 120],
  [3600, 600],
];

export class Timeline {
  #root;
  #axis;
  #list;
  #rows = [];
  #lengthMs = 0;

  constructor(root) {
    this.#root = root;
    this.#axis = root.querySelector(".axis");
    this.#list = root.querySelector(".spans");
  }

  clear() {
    this.#list.replaceChildren();
    this.#rows = [];
    this.#lengthMs = 0;
    this.#root.hidden = false;
  }

  draw(trace) {
    this.#scale(trace);
    const { spans, nowMs } = trace;
    while (this.#rows.length > spans.length) this.#rows.pop().item.remove();
    spans.forEach((span, index) => {
      const row = (this.#rows[index] ??= this.#addRow());
      const attempt = spans.slice(0, index + 1).filter(({ kind }) => kind === "attempt").length;
      row.item.className = `span ${look(span)}`;
      setText(row.name, span.kind === "attempt" ? `Attempt ${attempt}` : span.kind === "wait" ? "Wait" : "Note");
      setText(row.what, describe(span));
      setText(row.time, timing(span, nowMs));
      const end = span.endMs ?? Math.max(nowMs, span.startMs + (span.plannedMs ?? 0));
      this.#place(row.bar, span.startMs, end);
      this.#place(row.elapsed, span.startMs, span.endMs ?? nowMs);
      row.mark.hidden = span.firstTokenMs === undefined;
      if (!row.mark.hidden) this.#place(row.mark, span.firstTokenMs, span.firstTokenMs);
    });
  }

  #scale({ spans, nowMs }) {
    const needed = spans.reduce((ms, span) => Math.max(ms, span.endMs ?? span.startMs + (span.plannedMs ?? 0)), nowMs);
    const [seconds, step] = AXES.find(([length]) => length * 1000 >= needed) ?? AXES.at(-1);
    if (seconds * 1000 === this.#lengthMs) return;
    this.#lengthMs = seconds * 1000;
    this.#root.style.setProperty("--step", `${(step / seconds) * 100}%`);
    const marks = [];
    for (let at = 0; at <= seconds; at += step) {
      const mark = document.createElement("span");
      mark.textContent = at === 0 ? "0" : `${at} s`;
      mark.style.setProperty("--from", `${(at / seconds) * 100}%`);
      marks.push(mark);
    }
    this.#axis.replaceChildren(...marks);
  }

  #place(bar, startMs, endMs) {
    bar.style.setProperty("--from", `${((startMs / this.#lengthMs) * 100).toFixed(3)}%`);
    bar.style.setProperty("--width", `${((Math.max(0, endMs - startMs) / this.#lengthMs) * 100).toFixed(3)}%`);
  }

  #addRow() {
    const item = element("li", "span");
    const text = element("p", "text");
    const [name, what, time] = [element("strong", "name"), element("span", "what"), element("span", "time")];
    text.append(name, punctuation(": "), what, punctuation(", "), time);
    const track = element("div", "track");
    track.setAttribute("aria-hidden", "true");
    const [bar, elapsed, mark] = [element("div", "bar"), element("div", "bar elapsed"), element("div", "mark")];
    track.append(bar, elapsed, mark);
    item.append(text, track);
    this.#list.append(item);
    return { item, name, what, time, bar, elapsed, mark };
  }
}

function look(span) {
  const state = span.endMs === undefined ? " open" : "";
  if (span.kind !== "attempt") return span.kind + state;
  if (span.outcome === "ok") return `attempt good${state}`;
  return `attempt ${span.outcome ? "failed" : "pending"}${state}`;
}

function describe(span) {
  if (span.kind === "remark") return span.text;
  if (span.kind === "wait") {
    const estimate = span.estimatedMs === undefined ? "" : ` (the server said ${Math.round(span.estimatedMs / 1000)} s)`;
    const lost = span.detail ? ` (${browserSaid(span.detail)})` : "";
    return `${REASONS[span.reason] ?? span.reason}${estimate}${lost}`;
  }
  const status = span.status === undefined ? "" : `status ${span.status}, `;
  const token = span.firstTokenMs === undefined ? "" : `, first token at ${duration(span.firstTokenMs)}`;
  if (span.endMs === undefined && token) return `${status}streaming${token}`;
  if (span.outcome) return `${status}${OUTCOMES[span.outcome] ?? span.outcome}${token}`;
  return span.endMs === undefined ? "sent, no answer yet" : "no answer";
}

function timing(span, nowMs) {
  if (span.kind === "remark") return `at ${duration(span.startMs)}`;
  if (span.endMs !== undefined) {
    const length = duration(span.endMs - span.startMs);
    return span.cancelled ? `cancelled after ${length}` : length;
  }
  if (span.kind === "wait" && span.plannedMs !== undefined) {
    const left = Math.max(0, span.startMs + span.plannedMs - nowMs);
    return `next try in ${(left / 1000).toFixed(1)} s`;
  }
  return `${((nowMs - span.startMs) / 1000).toFixed(1)} s so far`;
}

/** For those who hear the row; those who see it have its columns. */
function punctuation(text) {
  return element("span", "heard", text);
}
