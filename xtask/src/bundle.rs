//! The TypeScript side and the glue to the entries in `dist`, with their declarations.

use crate::command::{npm_tool, root, run};
use crate::glue;
use crate::size::inline::{ALPHABET, printable};
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::process::Command;

const ENTRIES: [&str; 9] =
    ["index", "workerd", "edge-light", "slim", "batch", "endpoints", "redis", "tabs", "workers"];

/// Declarations that a consumer's compiler reaches from the entries.
const DECLARATIONS: [&str; 26] = [
    "index",
    "slim",
    "batch",
    "endpoints",
    "api",
    "types/call",
    "types/chat",
    "types/client",
    "types/endpoints",
    "types/report",
    "types/stats",
    "errors/query-error",
    "client/client",
    "client/functions",
    "batch/batch",
    "batch/coalesce",
    "batch/types",
    "endpoints/advise",
    "endpoints/create",
    "redis",
    "redis/redis",
    "tabs",
    "tabs/tabs",
    "workers",
    "workers/durable-object",
    "workers/query-coordinator",
];

pub(crate) fn typescript(glue_js: &str, dist: &Path) -> Result<()> {
    let generated = root().join("src/ts/generated");
    fs::create_dir_all(&generated)?;
    fs::write(generated.join("glue.js"), glue_js)?;
    fs::write(generated.join("glue.d.ts"), glue::TYPES)?;
    let wasm = fs::read(dist.join("core.wasm"))?;
    let text = printable(&wasm);
    fs::write(
        generated.join("core-text.js"),
        format!("export const alphabet = \"{ALPHABET}\";\nexport const text = \"{text}\";\n"),
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
        let file = Path::new(name).with_extension("d.ts");
        fs::create_dir_all(dist.join(&file).with_file_name(""))?;
        let text = fs::read_to_string(types.join(&file)).with_context(|| name.to_owned())?;
        fs::write(dist.join(&file), &text)?;
        // Every import in a declaration is of another one.
        fs::write(dist.join(file.with_extension("cts")), text.replace(".js\";", ".cjs\";"))?;
    }
    for name in REQUIRED {
        fs::write(
            dist.join(name).with_extension("cjs"),
            format!("module.exports = require(\"./{name}.js\");\n"),
        )?;
    }
    Ok(fs::write(dist.join("core.wasm.d.ts"), CORE_TYPES)?)
}

/// Entries that a CommonJS program may require. It gets the ES module itself, so that a program of both kinds has one
/// client of module scope and one `QueryError`. TypeScript wants declarations of its own for them: to `node16` and
/// `node18` an ES module cannot be required (TS1479).
///
/// There is no copy in CommonJS for Jest, which cannot require ES modules: a program that reaches both copies would have
/// two breakers, two limits and two `QueryError`s for one target, and a download of twice the size.
const REQUIRED: [&str; 7] = ["index", "slim", "batch", "endpoints", "redis", "tabs", "workers"];

const CORE_TYPES: &str = "\
/** The core, for bundlers and runtimes that make a module of a `.wasm` file. */
import type { CompiledModule } from \"./slim.js\";

declare const core: CompiledModule;
export default core;
";

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
