/**
 * The instance of the core. The first call makes it, and the first call after a trap makes another.
 *
 * A trap in WebAssembly leaves promises that never settle, and memory that nobody can trust. So every way into the core is guarded:
 * a trap rejects every call in flight and drops the instance, and the next call makes a new one. Every way out of the core is
 * guarded too. An exception of a server's or a caller's object must not unwind through the core. It ends only the call that used
 * the object.
 */

import { makeGlue } from "../generated/glue.js";
import { type Carrier, type CoreRequest, How } from "./protocol.js";

/** Where the wasm comes from. The entries differ only in this. */
export type Source = () => WebAssembly.Module | BufferSource | Promise<WebAssembly.Module | BufferSource>;

/** In which turns of the event loop a call may go on: in any, or only in those of its own request. `src/web/scope.rs` has the reasons. */
export const enum Scope {
  Process,
  Request,
}

let source: Source | undefined;
let ownRequests = false;
let compiled: Promise<WebAssembly.Module> | undefined;
let instance: Promise<Instance> | undefined;
/** The instance, if it is there already. A call then starts without waiting for a promise. */
let ready: Instance | undefined;

export interface Instance {
  client(numbers: Float64Array, seed: number, carrier: Carrier): number;
  close(client: number): void;
  replace(client: number, target: number): boolean;
  stats(client: number, target: number): number[];
  query(client: number, request: CoreRequest): void;
  wake(client: number, seat: number, called: boolean): void;
  tried(origin: number, waiting: number): void;
  replied(client: number, target: number, ticket: number, now: number, text: string): void;
  readonly scope: Scope;
  inFlight: Set<Run>;
  alive: boolean;
  crash(cause: unknown): void;
}

/** A call as this file sees it. */
export interface Run extends CoreRequest {
  /** Set when the call enters the core. */
  core: Instance | undefined;
  /** The call was settled. */
  readonly over: boolean;
  /** The call waits for headers, or for a piece of a body, on a connection to this origin. */
  waitsFor(origin: number): boolean;
  /** A function that the core called for this call threw the error. */
  broke(error: unknown): void;
}

/** The state that calls share. The core knows it by a number. */
export interface Attachable {
  attach(core: Instance): number;
}

/** Says where the wasm comes from. It is loaded by the first call. `requests`: on this platform nothing outlives the request that made it. */
export function provide(from: Source, requests = false): void {
  source = from;
  ownRequests = requests;
  compiled = instance = ready = undefined;
}

/** Asks the platform too, because the entry ./slim runs on any platform. */
function scopeOf(): Scope {
  return ownRequests || "WebSocketPair" in globalThis ? Scope.Request : Scope.Process;
}

/** Runs a call of a client. The core ends it by its `settle`. */
export function start(call: Run, owner: Attachable): void {
  if (ready) return launch(ready, call, owner);
  if (scopeOf() === Scope.Process) return void whenReady(call, owner, () => (instance ??= compile().then(instantiate)));
  // No request may wait for a promise of another one. A module can be instantiated without waiting.
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
    if (call.over) return; // aborted while the wasm came over a network
    if (core.alive) launch(core, call, owner);
    else start(call, owner); // the instance stopped while this call waited for it
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

/** Makes an instance that is not linked yet. */
function prepare(): { imports: WebAssembly.Imports; link(linked: WebAssembly.Instance, module: WebAssembly.Module): Instance } {
  const timers = new Set<unknown>();
  const crash = (cause: unknown) => {
    if (!self.alive) return;
    self.alive = false; // its other calls must not send or wait any more
    if (ready === self) instance = ready = undefined;
    for (const timer of timers) clearTimeout(timer as number);
    const error = new Error("query-with-retry: its core stopped: please report this bug. The next call starts a new one.", { cause });
    // If one of them throws, the others are settled all the same.
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
  const replied = (...reply: Parameters<Instance["replied"]>) => guarded(() => glue.replied(...reply))();
  const self: Instance = { client, close, replace, stats, query, wake, tried, replied, scope: scopeOf(), inFlight: new Set(), alive: true, crash };
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

/** Wraps every function that the core calls, so that no exception unwinds through the core. If the function belongs to a call, the call gets the error. */
function caught(imports: WebAssembly.Imports): WebAssembly.Imports {
  for (const names of Object.values(imports)) {
    for (const [name, imported] of Object.entries(names)) {
      if (typeof imported !== "function") continue;
      names[name] = (...given: unknown[]) => {
        try {
          return imported(...given);
        } catch (error) {
          // If the function returns a text, its first argument is the address for it, which is a number.
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

/** The class is not used, because a runtime may compile the module in another realm. */
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

/** The bytes are good. So a platform that refuses to compile them has a rule against it, or has no WebAssembly. */
function blocked(cause: unknown): unknown {
  if ("WebAssembly" in globalThis && !/^(Compile|Eval)Error$/.test((cause as Error | undefined)?.name as string)) return cause;
  return Object.assign(new Error(`query-with-retry: WebAssembly was refused. ${remedy()}`, { cause }), { code: "wasm_refused" });
}

function remedy(): string {
  if (!("WebAssembly" in globalThis)) {
    // iOS does not tell a page whether Lockdown Mode is on.
    return "document" in globalThis
      ? "This browser has none: in Apple's Lockdown Mode, exclude this site from it."
      : "There is no WebAssembly here: React Native's Hermes has none, and Apple's Lockdown Mode turns it off.";
  }
  // Workers compile modules only when they are deployed.
  if ("WebSocketPair" in globalThis)
    return 'Bundle with the condition "workerd"; Next: serverExternalPackages: ["query-with-retry"]; Nuxt: nitro.experimental.wasm.';
  const policy = /-extension:/.test(globalThis.location?.protocol)
    ? "the manifest's content_security_policy.extension_pages"
    : "the page's Content-Security-Policy";
  return `Add 'wasm-unsafe-eval' to the script-src of ${policy}.`;
}
