/**
 * The core, instantiated by the first call, once; and anew after a panic.
 *
 * A panic in WebAssembly is a trap that leaves promises pending for ever. It surfaces in the
 * microtask that polled the call, which is why the glue gets guarded timers and a guarded
 * `queueMicrotask`: they turn a trap into the rejection of every call in flight, and drop the
 * instance, whose memory nobody can trust any more. The next call makes a new one.
 */

import type { Call } from "./call.js";
import { How } from "./core-request.js";
import { makeGlue } from "./generated/glue.js";
import type { Shared } from "./shared.js";

/** Where the wasm comes from; the entries differ only in this. */
export type Source = () => WebAssembly.Module | BufferSource | Promise<WebAssembly.Module | BufferSource>;

let source: Source | undefined;
let compiled: Promise<WebAssembly.Module> | undefined;
let instance: Promise<Instance> | undefined;
/** The one that is there already: a call need not wait for it, not even for a moment. */
let ready: Instance | undefined;

export interface Instance {
  client(numbers: Float64Array, seed: number): number;
  close(client: number): void;
  replace(client: number, target: number): void;
  stats(client: number, target: number): number[];
  query(client: number, request: Call): void;
  inFlight: Set<Call>;
  alive: boolean;
  crash(cause: unknown): void;
}

/** Nothing happens before the first call. */
export function provide(from: Source): void {
  source = from;
  compiled = instance = ready = undefined;
}

/** Runs a call of a client; how it ends it is told by its `settle`. */
export function start(call: Call, shared: Shared): void {
  if (ready) launch(ready, call, shared);
  else void whenReady(call, shared);
}

async function whenReady(call: Call, shared: Shared): Promise<void> {
  try {
    instance ??= instantiate();
    // Where the wasm comes over a network, an abort does not wait for it.
    if (call.abort) await Promise.race([instance, call.abort]);
    if (call.aborted) return call.settle(How.Aborted, []);
    const core = await instance;
    if (core.alive) launch(core, call, shared);
    else start(call, shared); // it stopped while this call waited for it
  } catch (error) {
    instance = undefined; // the next call tries again
    call.settle(How.Threw, error);
  }
}

function launch(core: Instance, call: Call, shared: Shared): void {
  core.inFlight.add(call);
  call.core = core;
  try {
    core.query(shared.attach(core), call);
  } catch (cause) {
    core.crash(cause);
  }
}

async function instantiate(): Promise<Instance> {
  const module = await (compiled ??= compile());
  const crash = (cause: unknown) => {
    self.alive = false; // its other calls neither send nor wait any more
    instance = ready = undefined;
    for (const timer of timers) clearTimeout(timer as number);
    const error = new Error("query-with-retry: its core stopped: please report this bug. The next call starts a new one.", { cause });
    for (const call of self.inFlight) call.settle(How.Threw, error);
  };
  const timers = new Set<unknown>();
  const guarded = (task: () => void) => () => {
    try {
      if (self.alive) task();
    } catch (cause) {
      crash(cause);
    }
  };
  const glue = makeGlue(
    (task) => queueMicrotask(guarded(task)),
    (task, ms) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        guarded(task)();
      }, ms);
      timers.add(timer);
      return timer;
    },
    (timer) => {
      timers.delete(timer);
      clearTimeout(timer as number);
    },
  );
  const { client, close, replace, stats, query } = glue;
  const self: Instance = { client, close, replace, stats, query, inFlight: new Set(), alive: true, crash };
  glue.start(await WebAssembly.instantiate(module, glue.imports()), module);
  return (ready = self);
}

async function compile(): Promise<WebAssembly.Module> {
  try {
    if (!source) throw new Error("call init(moduleOrBytes) before the first query: ./slim brings no WebAssembly of its own");
    const from = await source();
    return from instanceof WebAssembly.Module ? from : await WebAssembly.compile(from);
  } catch (cause) {
    compiled = undefined;
    throw blocked(cause);
  }
}

/** The bytes are known to be good, so who refuses to compile them has a rule against it. */
function blocked(cause: unknown): unknown {
  if (!(cause instanceof WebAssembly.CompileError)) return cause;
  return new Error(
    "query-with-retry: WebAssembly was refused. Add 'wasm-unsafe-eval' to the script-src of the page's Content-Security-Policy, or use query-with-retry/slim with a compiled module.",
    { cause },
  );
}
