/**
 * The core, instantiated by the first call, once; and anew after a trap.
 *
 * A trap in WebAssembly leaves promises pending for ever, and memory that nobody can trust. So
 * whatever enters the core is guarded: a trap becomes the rejection of every call in flight, the
 * instance is dropped, and the next call makes a new one. Whatever the core calls is guarded too:
 * what a server's or a caller's object throws there must not unwind through the core, and ends the
 * call that asked for it.
 */

import { makeGlue } from "../generated/glue.js";
import { type CoreRequest, How } from "./protocol.js";

/** Where the wasm comes from; the entries differ only in this. */
export type Source = () => WebAssembly.Module | BufferSource | Promise<WebAssembly.Module | BufferSource>;

/** In whose turn a call may go on; `src/web/scope.rs` has the reasons. */
export const enum Scope {
  Process,
  Request,
}

let source: Source | undefined;
let ownRequests = false;
let compiled: Promise<WebAssembly.Module> | undefined;
let instance: Promise<Instance> | undefined;
/** The one that is there already: a call need not wait for it, not even for a moment. */
let ready: Instance | undefined;

export interface Instance {
  client(numbers: Float64Array, seed: number): number;
  close(client: number): void;
  replace(client: number, target: number): boolean;
  stats(client: number, target: number): number[];
  query(client: number, request: CoreRequest): void;
  wake(client: number, seat: number, called: boolean): void;
  tried(origin: number, waiting: number): void;
  readonly scope: Scope;
  inFlight: Set<Run>;
  alive: boolean;
  crash(cause: unknown): void;
}

/** A call as this file sees it. */
export interface Run extends CoreRequest {
  /** Set when it enters the core. */
  core: Instance | undefined;
  /** It was settled. */
  readonly over: boolean;
  /** The platform owes it headers or a piece of a body, by a connection to this origin. */
  waitsFor(origin: number): boolean;
  /** Something that it asked for threw. */
  broke(error: unknown): void;
}

/** What calls share, known to the core by a number. */
export interface Attachable {
  attach(core: Instance): number;
}

/** Nothing happens before the first call. `requests`: a platform on which nothing outlives the request that made it. */
export function provide(from: Source, requests = false): void {
  source = from;
  ownRequests = requests;
  compiled = instance = ready = undefined;
}

/** Told by what the platform is, since ./slim is for any. */
function scopeOf(): Scope {
  return ownRequests || "WebSocketPair" in globalThis ? Scope.Request : Scope.Process;
}

/** Runs a call of a client; how it ends it is told by its `settle`. */
export function start(call: Run, owner: Attachable): void {
  if (ready) return launch(ready, call, owner);
  if (scopeOf() === Scope.Process) return void whenReady(call, owner, () => (instance ??= compile().then(instantiate)));
  // No request may wait for what another one has begun. A module is instantiated at once.
  try {
    const module = given();
    if (isModule(module)) launch(activate(module), call, owner);
    else void whenReady(call, owner, () => compile().then(instantiate));
  } catch (error) {
    call.settle(How.Threw, error);
  }
}

async function whenReady(call: Run, owner: Attachable, make: () => Promise<Instance>): Promise<void> {
  try {
    const core = await make();
    if (call.over) return; // where the wasm comes over a network, an abort does not wait for it
    if (core.alive) launch(core, call, owner);
    else start(call, owner); // it stopped while this call waited for it
  } catch (error) {
    instance = undefined; // the next call tries again
    call.settle(How.Threw, error);
  }
}

function launch(core: Instance, call: Run, owner: Attachable): void {
  core.inFlight.add(call);
  call.core = core;
  try {
    core.query(owner.attach(core), call);
  } catch (cause) {
    core.crash(cause);
  }
}

/** An instance that is not linked yet. */
function prepare(): { imports: WebAssembly.Imports; link(linked: WebAssembly.Instance, module: WebAssembly.Module): Instance } {
  const timers = new Set<unknown>();
  const crash = (cause: unknown) => {
    if (!self.alive) return;
    self.alive = false; // its other calls neither send nor wait any more
    if (ready === self) instance = ready = undefined;
    for (const timer of timers) clearTimeout(timer as number);
    const error = new Error("query-with-retry: its core stopped: please report this bug. The next call starts a new one.", { cause });
    // Each for itself: what one of them throws is no reason for the others to stay pending.
    for (const call of self.inFlight) {
      try {
        call.settle(How.Threw, error);
      } catch (thrown) {
        console.error("query-with-retry:", thrown);
      }
    }
  };
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
  const wake = (...seat: [number, number, boolean]) => guarded(() => glue.wake(...seat))();
  const tried = (...origin: [number, number]) => guarded(() => glue.tried(...origin))();
  const self: Instance = { client, close, replace, stats, query, wake, tried, scope: scopeOf(), inFlight: new Set(), alive: true, crash };
  return {
    imports: caught(glue.imports()),
    link(linked, module) {
      glue.start(linked, module);
      return (ready = self);
    },
  };
}

async function instantiate(module: WebAssembly.Module): Promise<Instance> {
  const { imports, link } = prepare();
  const linked = await WebAssembly.instantiate(module, imports);
  return ready ?? link(linked, module); // another request was faster
}

function activate(module: WebAssembly.Module): Instance {
  const { imports, link } = prepare();
  return link(new WebAssembly.Instance(module, imports), module);
}

/** Everything that the core calls, so that nothing is thrown through it: a call's own methods tell the call. */
function caught(imports: WebAssembly.Imports): WebAssembly.Imports {
  for (const names of Object.values(imports)) {
    for (const [name, imported] of Object.entries(names)) {
      if (typeof imported !== "function") continue;
      names[name] = (...given: unknown[]) => {
        try {
          return imported(...given);
        } catch (error) {
          // A text comes back by an address, which stands first then.
          const call = given.find((one) => typeof one !== "number") as Partial<Run> | undefined;
          if (call?.broke) call.broke(error);
          else console.error("query-with-retry:", error);
        }
      };
    }
  }
  return imports;
}

function given(): ReturnType<Source> {
  if (!source)
    throw new Error('call init(moduleOrBytes) before the first query: ./slim brings no WebAssembly of its own; or import "query-with-retry"');
  return source();
}

/** Not by its class: a runtime may compile it in another realm than the one that calls. */
const isModule = (from: unknown): from is WebAssembly.Module => Object.prototype.toString.call(from) === "[object WebAssembly.Module]";

async function compile(): Promise<WebAssembly.Module> {
  try {
    if (scopeOf() !== Scope.Process) return await compileNow();
    return await (compiled ??= compileNow());
  } catch (cause) {
    compiled = undefined;
    throw blocked(cause);
  }
}

async function compileNow(): Promise<WebAssembly.Module> {
  const from = await given();
  return isModule(from) ? from : await WebAssembly.compile(from);
}

/** The bytes are known to be good, so who refuses to compile them has a rule against it, or has no WebAssembly. */
function blocked(cause: unknown): unknown {
  if ("WebAssembly" in globalThis && !/^(Compile|Eval)Error$/.test((cause as Error | undefined)?.name as string)) return cause;
  return Object.assign(new Error(`query-with-retry: WebAssembly was refused. ${remedy()}`, { cause }), { code: "wasm_refused" });
}

function remedy(): string {
  if (!("WebAssembly" in globalThis)) {
    // iOS says nowhere that it is locked down.
    return "document" in globalThis
      ? "This browser has none: in Apple's Lockdown Mode, exclude this site from it."
      : "There is no WebAssembly here: React Native's Hermes has none, and Apple's Lockdown Mode turns it off.";
  }
  // They compile what is deployed, and nothing later.
  if ("WebSocketPair" in globalThis)
    return 'Bundle with the condition "workerd"; Next: serverExternalPackages: ["query-with-retry"]; Nuxt: nitro.experimental.wasm.';
  const policy = /-extension:/.test(globalThis.location?.protocol)
    ? "the manifest's content_security_policy.extension_pages"
    : "the page's Content-Security-Policy";
  return `Add 'wasm-unsafe-eval' to the script-src of ${policy}.`;
}
