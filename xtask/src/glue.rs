//! The JavaScript of wasm-bindgen, made a function, and the wasm that it belongs to.

use crate::command::{npm_tool, root, run};
use crate::size::{dead_glue, shorten_names, trap_panics, wasm_opt};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use wasm_bindgen_cli_support::Bindgen;

/// The function; the wasm goes to `to`.
pub(crate) fn make(wasm: &Path, to: &Path) -> Result<String> {
    let mut made = Bindgen::new()
        .input_path(wasm)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()?;
    trap_panics::trap_panics(made.wasm_mut())?;
    fs::write(to, made.wasm_mut().emit_wasm())?;
    let mut optimise = wasm_opt();
    optimise.args(["-Oz", "--strip-debug", "--strip-producers", "--strip-target-features"]);
    run(optimise.arg(to).arg("-o").arg(to))?;
    factory(&dead_glue::leave_out(&shorten_names::shorten(made.js(), to)?)?)
}

/// The glue keeps its state in module variables. As a function it makes a fresh copy of that
/// state each time, so that after a panic a new instance cannot meet the closures of the old one.
/// The parameters shadow the globals that the glue calls back through; see `src/ts/wasm/instance.ts`,
/// which also instantiates: what the glue brings for that can fetch and warn, and is left out.
fn factory(glue: &str) -> Result<String> {
    let folder = root().join("target/package");
    fs::create_dir_all(&folder)?;
    let out = folder.join("glue.js");
    let inner = "\nexport { __wbg_get_imports as imports, __wbg_finalize_init as start };\n";
    fs::write(folder.join("glue-module.js"), glue.to_owned() + inner)?;
    fs::write(
        folder.join("glue-entry.js"),
        "export { client, close, imports, query, replace, replied, start, stats, tried, wake } from \"./glue-module.js\";\n",
    )?;
    run(npm_tool("xtask", "esbuild")
        .arg(folder.join("glue-entry.js"))
        .args(["--bundle", "--format=esm", "--target=es2022", "--log-level=warning", "--minify-syntax"])
        // What is looked for where `globalThis` is not, which is nowhere; and what frees closures that
        // JavaScript holds: the core drops all of its own.
        .args(
            ["self", "window", "global", "FinalizationRegistry"]
                .map(|name| format!("--define:{name}=undefined")),
        )
        .arg(format!("--outfile={}", out.display())))?;
    let module = fs::read_to_string(&out)?;
    // What the module exports at its end, the function returns.
    let (body, exports) = module.rsplit_once("export {").context("the glue exports nothing")?;
    let exports =
        exports.trim().trim_end_matches("};").split(',').map(|name| match name.trim().split_once(" as ") {
            Some((inner, outer)) => format!("{outer}: {inner}"),
            None => name.trim().to_owned(),
        });
    let exports: Vec<String> = exports.collect();
    Ok(format!(
        "export function makeGlue(queueMicrotask, setTimeout, clearTimeout) {{\n{body}\nreturn {{ {} }};\n}}\n",
        exports.join(", ")
    ))
}

pub(crate) const TYPES: &str = "\
import type { Carrier, CoreRequest } from \"../wasm/protocol.js\";

/** A fresh copy of what wasm-bindgen wrote, with the globals by which the core is called back. */
export declare function makeGlue(
  queueMicrotask: (task: () => void) => void,
  setTimeout: (task: () => void, ms: number) => unknown,
  clearTimeout: (timer: unknown) => void,
): {
  imports(): WebAssembly.Imports;
  start(instance: WebAssembly.Instance, module: WebAssembly.Module): void;
  client(numbers: Float64Array, seed: number, carrier: Carrier): number;
  close(client: number): void;
  replace(client: number, target: number): boolean;
  stats(client: number, target: number): number[];
  query(client: number, request: CoreRequest): void;
  wake(client: number, seat: number, called: boolean): void;
  tried(origin: number, waiting: number): void;
  replied(client: number, target: number, ticket: number, now: number, text: string): void;
};
";
