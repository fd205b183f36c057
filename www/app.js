// Wires the page: the form to a call, the call's events to the timeline, its end to the outcome.

import { Announcer } from "./announce.js";
import { ask } from "./ask.js";
import { listScenarios } from "./choices.js";
import { compare } from "./comparison.js";
import { createMockModel } from "./mock.js";
import { showAnswer, showCancelled, showError, showRefusal } from "./outcome.js";
import { ownCall, watchOwnFields } from "./own.js";
import { GROUPS, OWN, scenarioCall } from "./scenarios.js";
import { callCode, mockCode } from "./snippet.js";
import { StreamView } from "./stream-view.js";
import { Timeline } from "./timeline.js";
import { Trace } from "./trace.js";
import { REASONS } from "./words.js";

const byId = (id) => document.getElementById(id);
const form = byId("form");
const announcer = new Announcer(byId("status"));
const timeline = new Timeline(byId("timeline"));
const streamView = new StreamView(byId("stream"));
const calmMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

/** The package, once it is loaded. */
let library;
/** What the next Run calls, and what the code on the page shows. */
let prepared;
/** The run under way. */
let current;

function chosen() {
  const id = form.elements.scenario.value;
  return GROUPS.flatMap(({ scenarios }) => scenarios).find((scenario) => scenario.id === id);
}

function prepare() {
  const scenario = chosen();
  const own = scenario === OWN;
  byId("own").hidden = byId("own").disabled = !own;
  prepared = own ? ownCall() : scenarioCall(scenario, location.origin);
  byId("code").firstElementChild.textContent = callCode(prepared);
  byId("told").hidden = own;
  if (!own) byId("told").querySelector("code").textContent = mockCode(prepared);
}

/** Another scenario: what is on the page of the last one would be read as this one's. */
function change() {
  prepare();
  if (current) return;
  byId("expect").textContent = chosen().expect;
  byId("timeline").hidden = byId("outcome").hidden = true;
  streamView.hide();
  announcer.say("Nothing has been sent yet.");
}

async function run() {
  if (current || !library) return;
  if (prepared.used) prepare();
  prepared.used = true;
  const call = prepared;
  const scenario = chosen();
  const controller = new AbortController();
  current = { controller, trace: new Trace() };
  setRunning(true);
  byId("outcome").hidden = true;
  byId("expect").textContent = scenario.expect;
  timeline.clear();
  const stream = call.stream ? streamView : undefined;
  if (stream) stream.begin();
  else streamView.hide();
  announcer.begin(scenario.title);
  showWhatHappens();
  const body = byId("outcome-body");
  let made = true;
  try {
    if (call.mock) await createMockModel(call.key, call.mock, controller.signal);
    current.trace = new Trace();
    const redraw = follow(current.trace);
    const answer = await ask(library, call, {
      signal: controller.signal,
      onEvent(event) {
        if (controller.signal.aborted) return;
        current.trace.add(event);
        announcer.event(event);
        stream?.event(event);
        redraw();
      },
      onPiece: (piece) => stream.add(piece),
    });
    current.trace.settle(answer.report);
    stream?.end("whole");
    showAnswer(body, answer, current.trace, stream);
    announcer.answered(answer.report, stream);
  } catch (error) {
    const { trace } = current;
    if (controller.signal.aborted && error === controller.signal.reason) {
      const where = whereabouts(trace);
      trace.cancel();
      stream?.end("cancelled");
      showCancelled(body, { reason: error, where }, trace, stream);
      announcer.cancelled(trace, where);
    } else if (error instanceof library.QueryError) {
      trace.settle(error.report);
      stream?.end("broken");
      showError(body, error, trace, stream);
      announcer.failed(error);
    } else {
      trace.end();
      streamView.hide();
      made = false;
      showRefusal(body, error);
      announcer.failed(error);
    }
  }
  const { trace } = current;
  timeline.draw(trace);
  byId("outcome").hidden = false;
  current = undefined;
  setRunning(false);
  if (call.mock && made) await compare(body, call.key, trace);
}

/** Redraws while the trace is under way: smoothly, or once a second where motion is not wanted. */
function follow(trace) {
  const draw = () => timeline.draw(trace);
  const tick = () => {
    if (current?.trace !== trace || trace.endMs !== undefined) return;
    draw();
    if (calmMotion.matches) setTimeout(tick, 1000);
    else requestAnimationFrame(tick);
  };
  tick();
  return draw;
}

function whereabouts({ open }) {
  if (!open) return "before anything was sent";
  if (open.kind === "wait") return `in a wait (${REASONS[open.reason] ?? open.reason})`;
  return open.firstTokenMs === undefined ? "in an attempt" : "in the middle of the stream";
}

/** On a phone the form fills the screen, and the timeline would go on below it, unseen. */
function showWhatHappens() {
  const section = byId("happens").closest("section");
  const { top } = section.getBoundingClientRect();
  if (top >= 0 && top < window.innerHeight / 2) return;
  section.scrollIntoView({ behavior: calmMotion.matches ? "auto" : "smooth" });
}

function cancel(how) {
  current?.controller.abort(new DOMException(`Cancelled by you, ${how}.`, "AbortError"));
}

/** Not `disabled`: that would throw the keyboard's focus away in the middle of a run. */
function setRunning(running) {
  byId("run").setAttribute("aria-disabled", String(running));
  byId("cancel").setAttribute("aria-disabled", String(!running));
}

async function copy() {
  const button = byId("copy");
  try {
    await navigator.clipboard.writeText(byId("code").textContent);
    button.textContent = "Copied";
  } catch {
    // No permission: the next best thing is a selection, one key away from a copy.
    window.getSelection().selectAllChildren(byId("code"));
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

async function start() {
  listScenarios(byId("scenarios"), GROUPS);
  change();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  byId("scenarios").addEventListener("change", change);
  watchOwnFields(prepare);
  byId("cancel").addEventListener("click", () => cancel("with the Cancel button"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel("with the Escape key");
  });
  byId("copy").addEventListener("click", copy);
  try {
    library = await import("./pkg/index.js");
  } catch (error) {
    byId("notice").textContent = `The package could not be loaded: ${error.message}. Build it and serve this page with cargo xtask demo.`;
    byId("notice").hidden = false;
    return;
  }
  byId("run").disabled = byId("cancel").disabled = false;
  setRunning(false);
}

start();
