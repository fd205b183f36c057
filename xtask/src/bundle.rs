//! The TypeScript face and the glue to the entries in `dist`, with their declarations.

use crate::command::{npm_tool, root, run};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

const ENTRIES: [&str; 4] = ["index", "workerd", "edge-light", "slim"];

/// Declarations that a consumer's compiler reaches from the entries.
const DECLARATIONS: [&str; 8] =
    ["index", "slim", "api", "types", "client-types", "error", "client", "default-client"];

pub(crate) fn face(glue: &str, dist: &Path) -> Result<()> {
    let generated = root().join("src/ts/generated");
    fs::create_dir_all(&generated)?;
    fs::write(generated.join("glue.js"), factory(glue)?)?;
    fs::write(generated.join("glue.d.ts"), GLUE_TYPES)?;
    let wasm = fs::read(dist.join("core.wasm"))?;
    let alphabet = std::str::from_utf8(ALPHABET)?;
    let text = printable(&wasm);
    fs::write(
        generated.join("core-text.js"),
        format!("export const alphabet = \"{alphabet}\";\nexport const text = \"{text}\";\n"),
    )?;
    fs::write(
        generated.join("core-text.d.ts"),
        "export declare const alphabet: string;\nexport declare const text: string;\n",
    )?;

    let types = root().join("target/package/types");
    if types.is_dir() {
        fs::remove_dir_all(&types)?;
    }
    run(npm_tool("xtask", "tsc").args(["--project", "src/ts/tsconfig.json"]))?;
    let entries = ENTRIES.map(|entry| format!("src/ts/{entry}.ts"));
    let mut esbuild = npm_tool("xtask", "esbuild");
    esbuild.args(entries).args([
        "--bundle",
        "--splitting",
        "--format=esm",
        "--target=es2022",
        "--platform=neutral",
        "--external:./core.wasm",
        "--external:./core.wasm?module",
        "--chunk-names=shared",
        "--legal-comments=none",
        "--log-level=warning",
    ]);
    run(esbuild.arg(format!("--outdir={}", dist.display())))?;
    for name in DECLARATIONS {
        fs::copy(types.join(format!("{name}.d.ts")), dist.join(format!("{name}.d.ts")))?;
    }
    Ok(fs::write(dist.join("core.wasm.d.ts"), CORE_TYPES)?)
}

/// The glue keeps its state in module variables. As a function it makes a fresh copy of that
/// state each time, so that after a panic a new instance cannot meet the closures of the old one.
/// The parameters shadow the globals that the glue calls back through; see `src/ts/instance.ts`,
/// which also instantiates: what the glue brings for that can fetch and warn, and is left out.
fn factory(glue: &str) -> Result<String> {
    let folder = root().join("target/package");
    fs::create_dir_all(&folder)?;
    let out = folder.join("glue.js");
    let inner = "\nexport { __wbg_get_imports as imports, __wbg_finalize_init as start };\n";
    fs::write(folder.join("glue-module.js"), glue.to_owned() + inner)?;
    fs::write(
        folder.join("glue-entry.js"),
        "export { client, close, imports, query, replace, start, stats, wake } from \"./glue-module.js\";\n",
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

const GLUE_TYPES: &str = "\
import type { CoreRequest } from \"../core-request.js\";

/** A fresh copy of what wasm-bindgen wrote, with the globals by which the core is called back. */
export declare function makeGlue(
  queueMicrotask: (task: () => void) => void,
  setTimeout: (task: () => void, ms: number) => unknown,
  clearTimeout: (timer: unknown) => void,
): {
  imports(): WebAssembly.Imports;
  start(instance: WebAssembly.Instance, module: WebAssembly.Module): void;
  client(numbers: Float64Array, seed: number): number;
  close(client: number): void;
  replace(client: number, target: number): boolean;
  stats(client: number, target: number): number[];
  query(client: number, request: CoreRequest): void;
  wake(client: number, seat: number, called: boolean): void;
};
";

const CORE_TYPES: &str = "\
/** The core, for bundlers and runtimes that make a module of a `.wasm` file. */
declare const core: WebAssembly.Module;
export default core;
";

/// The bytes of the wasm as text for `src/ts/printable.ts`.
///
/// Base64 shifts bytes against characters, and a compressor finds nothing in it again: 30 % more
/// gzip than the bytes themselves. Here a frequent byte is one character and a rare one two, and
/// the compressed size is nearly that of the bytes. The text begins with a bitmap, in
/// hexadecimal, of the bytes that are one character.
fn printable(bytes: &[u8]) -> String {
    let mut ranked: Vec<u8> = (0..=u8::MAX).collect();
    ranked.sort_by_key(|byte| std::cmp::Reverse(bytes.iter().filter(|other| *other == byte).count()));
    let pairs = ALPHABET.len() - 3; // the last three characters begin a pair: room for all 256
    let is_single = |byte: u8| ranked[..pairs].contains(&byte);
    let bit = |byte: u8| u8::from(is_single(byte));
    let digits =
        (0..=u8::MAX).step_by(4).map(|at| (0..4).fold(0, |digit, place| digit | bit(at + place) << place));
    let mut text: String = digits.map(|digit| format!("{digit:x}")).collect();
    let singles: Vec<u8> = (0..=u8::MAX).filter(|byte| is_single(*byte)).collect();
    for byte in bytes {
        match singles.binary_search(byte) {
            Ok(place) => text.push(char::from(ALPHABET[place])),
            Err(_) => {
                let byte = usize::from(*byte);
                text.push(char::from(ALPHABET[pairs + byte / ALPHABET.len()]));
                text.push(char::from(ALPHABET[byte % ALPHABET.len()]));
            }
        }
    }
    text
}

/// Printable ASCII without what a string in double quotes, or a page, would have to escape.
const ALPHABET: &[u8] =
    b" !#%&'()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// `entry` of the package as a browser would get it: bundled, minified.
pub(crate) fn minimum(entry: &Path, to: &Path) -> Result<()> {
    let mut esbuild: Command = npm_tool("xtask", "esbuild");
    esbuild.arg(entry).args([
        "--bundle",
        "--minify",
        "--format=esm",
        "--platform=browser",
        "--target=es2022",
        "--log-level=warning",
    ]);
    run(esbuild
        .args(["--external:*.wasm", "--external:*.wasm?module"])
        .arg(format!("--outfile={}", to.display())))
}
