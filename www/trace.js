// The trace of one call: the package's events, then its report, as attempts and waits on one axis.
// Knows nothing of the document. All times are milliseconds since the call began.

export class Trace {
  spans = [];
  /** When the call was settled; undefined while it is under way. */
  endMs;
  cancelled = false;
  #now;

  constructor(now = () => performance.now()) {
    const begin = now();
    this.#now = () => now() - begin;
  }

  get nowMs() {
    return this.endMs ?? this.#now();
  }

  get attempts() {
    return this.spans.filter((span) => span.kind === "attempt");
  }

  /** When the first token of a stream came; undefined before, and where there is none. */
  get firstTokenMs() {
    return this.attempts.at(-1)?.firstTokenMs;
  }

  /** The span under way, if any. */
  get open() {
    const last = this.spans.at(-1);
    return last && last.endMs === undefined ? last : undefined;
  }

  /** One event of the package, as it happens. */
  add(event) {
    const atMs = this.#now();
    switch (event.type) {
      case "attempt":
        this.#close(atMs);
        this.spans.push({ kind: "attempt", startMs: atMs, target: event.target });
        break;
      case "response": {
        const attempt = this.attempts.at(-1);
        if (!attempt) break;
        attempt.status = event.status;
        attempt.outcome = event.outcome;
        // The body of an answer is still to come: such an attempt ends with the call.
        if (event.outcome !== "ok") this.#close(atMs);
        break;
      }
      case "first_token": {
        const attempt = this.attempts.at(-1);
        if (attempt) attempt.firstTokenMs = event.ms;
        break;
      }
      case "wait":
        if (this.open?.kind === "wait" && this.open.reason === event.reason) {
          // A wait that is prolonged is still one wait.
          this.open.plannedMs = atMs - this.open.startMs + event.ms;
          this.open.detail = event.detail ?? this.open.detail;
          break;
        }
        this.#close(atMs);
        this.spans.push({
          kind: "wait",
          startMs: atMs,
          reason: event.reason,
          plannedMs: Number.isFinite(event.ms) ? event.ms : undefined,
          estimatedMs: event.estimatedMs,
          detail: event.detail,
        });
        break;
      case "fallback":
        this.#close(atMs);
        this.spans.push({ kind: "remark", startMs: atMs, endMs: atMs, text: `From ${event.from} on to ${event.to}`, why: event.why });
        break;
      case "breaker":
        this.#close(atMs);
        this.spans.push({ kind: "remark", startMs: atMs, endMs: atMs, text: `The circuit breaker is ${event.state.replace("_", " ")}` });
        break;
    }
  }

  /** The call was cancelled: there is no report, only what was seen. */
  cancel() {
    this.endMs = this.#now();
    this.cancelled = true;
    const open = this.open;
    if (open) open.cancelled = true;
    if (open?.kind === "attempt") open.outcome = "aborted";
    this.#close(this.endMs);
  }

  /** The call ended without a report. */
  end() {
    this.endMs = this.#now();
    this.#close(this.endMs);
  }

  /**
   * The call ended: from here on the report's own times hold. It has no reasons for single waits,
   * so the gaps between its attempts are filled with the waits that were seen there.
   */
  settle(report) {
    const gaps = this.#gaps();
    const spans = [];
    let cursor = 0;
    report.attempts.forEach((attempt, index) => {
      spans.push(...fill(gaps[index] ?? [], cursor, attempt.startedMs));
      cursor = attempt.startedMs + attempt.durationMs;
      spans.push({
        kind: "attempt",
        startMs: attempt.startedMs,
        endMs: cursor,
        target: attempt.target,
        status: attempt.status,
        outcome: attempt.outcome,
      });
    });
    // Nothing is asked again once there was a token, so it is the last attempt's.
    const last = spans.at(-1);
    if (report.firstTokenMs !== undefined && last) last.firstTokenMs = report.firstTokenMs;
    spans.push(...fill(gaps.slice(report.attempts.length).flat(), cursor, report.totalMs));
    this.spans = spans;
    this.endMs = report.totalMs;
  }

  /** What was seen before the first attempt, before the second, …, after the last. */
  #gaps() {
    const gaps = [[]];
    for (const span of this.spans) {
      if (span.kind === "attempt") gaps.push([]);
      else gaps.at(-1).push(span);
    }
    return gaps;
  }

  #close(atMs) {
    const open = this.open;
    if (open) open.endMs = atMs;
  }
}

/** Lays the spans seen in one gap end to end between the two times the report gives for it. */
function fill(seen, fromMs, toMs) {
  let cursor = fromMs;
  return seen.map((span, index) => {
    const length = index === seen.length - 1 && span.kind === "wait" ? toMs - cursor : span.endMs - span.startMs;
    const startMs = cursor;
    cursor = Math.max(startMs, Math.min(toMs, startMs + length));
    return { ...span, startMs, endMs: cursor };
  });
}
