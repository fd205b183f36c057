//! `cargo xtask build`: Rust to wasm, glue, TypeScript and the manifest to a folder for `npm pack`.

use crate::bundle;
use crate::command::{cargo, npm_tool, output, root, run, step};
use crate::need;
use crate::snip;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Published,
    /// Panics when a call asks it to; for the tests of what happens then.
    Panics,
}

impl Flavour {
    fn folder(self) -> PathBuf {
        root().join(match self {
            Self::Published => "pkg",
            Self::Panics => "target/package/panics",
        })
    }
}

/// Named one by one, so that a new binaryen never writes an encoding that an old runtime lacks.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

pub(crate) fn build(flavour: Flavour) -> Result<PathBuf> {
    need::wasm_target()?;
    need::npm("xtask")?;
    let folder = flavour.folder();
    let dist = folder.join("dist");
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&dist)?;
    let wasm = step("compiling the core to wasm", || compile(flavour))?;
    let glue = step("making the glue", || bindgen(&wasm, &dist.join("core.wasm")))?;
    step("bundling the face", || bundle::face(&glue, &dist))?;
    step("writing the package", || {
        manifest(&folder)?;
        for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            fs::copy(root().join(file), folder.join(file)).with_context(|| file.to_owned())?;
        }
        Ok(())
    })?;
    Ok(folder)
}

fn compile(flavour: Flavour) -> Result<PathBuf> {
    let target = "wasm32-unknown-unknown";
    let mut build = cargo();
    build.args(["build", "--release", "--lib", "--package", "query-with-retry", "--target", target]);
    // A folder of its own for each: the flags differ from those of an ordinary build.
    let folder = root().join(if flavour == Flavour::Panics {
        "target/package/wasm-panics"
    } else {
        "target/package/wasm"
    });
    build.arg("--target-dir").arg(&folder);
    if flavour == Flavour::Panics {
        build.args(["--features", "panic-on-purpose"]);
    }
    build.env("CARGO_ENCODED_RUSTFLAGS", remaps()?.join("\u{1f}"));
    run(&mut build)?;
    Ok(folder.join(target).join("release/query_with_retry.wasm"))
}

/// Panic messages name source files: by these, without the folders of the machine that built.
fn remaps() -> Result<Vec<String>> {
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"))?;
    let sysroot = output(std::process::Command::new("rustc").args(["--print", "sysroot"]))?;
    let mut folders = vec![root(), PathBuf::from(sysroot.trim())];
    folders.extend(fs::read_dir(Path::new(&home).join("registry/src"))?.flatten().map(|entry| entry.path()));
    Ok(folders.iter().map(|folder| format!("--remap-path-prefix={}/=", folder.display())).collect())
}

/// The JavaScript of wasm-bindgen; the wasm goes to `to`.
fn bindgen(wasm: &Path, to: &Path) -> Result<String> {
    let mut made = Bindgen::new()
        .input_path(wasm)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()?;
    snip::panics(made.wasm_mut())?;
    fs::write(to, made.wasm_mut().emit_wasm())?;
    let mut optimise = npm_tool("xtask", "wasm-opt");
    optimise
        .args(["-Oz", "--strip-debug", "--strip-producers", "--strip-target-features"])
        .args(WASM_FEATURES);
    run(optimise.arg(to).arg("-o").arg(to))?;
    shorten_names(made.js(), to)
}

/// Every import has a name like `__wbg_get_d7176cfb76d71114`, once in the wasm and once in the
/// glue, and no compressor can do anything about the digits. wasm-opt renames them, and the
/// exports, and tells how: 2 KB gzip less.
fn shorten_names(glue: &str, wasm: &Path) -> Result<String> {
    let mut shorten = npm_tool("xtask", "wasm-opt");
    // A second round, on code made flat again, finds another half a percent.
    shorten.args(["--low-memory-unused", "--flatten", "--rereloop", "-Oz", "-Oz"]);
    shorten.arg("--minify-imports-and-exports-and-modules").args(WASM_FEATURES).arg(wasm).arg("-o").arg(wasm);
    #[derive(serde::Deserialize)]
    struct Renamed {
        imports: Vec<(String, String, String)>,
        exports: Vec<(String, String)>,
    }
    // The tool writes a comma after the last of a list.
    let told = output(&mut shorten)?.replace("],\n ]", "]\n ]");
    let renamed: Renamed = serde_json::from_str(&told).context("what wasm-opt renamed")?;
    // In the glue an import is a key, an export a member of `wasm`.
    let imports = renamed.imports.iter().map(|(_, old, new)| (old.clone(), new.clone()));
    let exports = renamed.exports.iter().map(|(old, new)| (format!("wasm.{old}"), format!("wasm.{new}")));
    let module = renamed.imports.first().map(|(module, ..)| (module.clone(), "a".to_owned()));
    let mut shorter = glue.to_owned();
    for (old, new) in imports.chain(module).chain(exports) {
        let (replaced, times) = replace_whole(&shorter, &old, &new);
        if times == 0 && !old.starts_with("wasm.__") {
            bail!("the glue does not have {old}");
        }
        shorter = replaced;
    }
    Ok(shorter)
}

/// `old` where it is not part of a longer name, and how often that was.
fn replace_whole(text: &str, old: &str, new: &str) -> (String, usize) {
    let continues = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let (mut out, mut at, mut times) = (String::with_capacity(text.len()), 0, 0);
    for (found, _) in text.match_indices(old) {
        let before = text[..found].chars().next_back().is_some_and(continues);
        let after = text[found + old.len()..].chars().next().is_some_and(continues);
        if !before && !after {
            out.push_str(&text[at..found]);
            out.push_str(new);
            at = found + old.len();
            times += 1;
        }
    }
    out.push_str(&text[at..]);
    (out, times)
}

fn manifest(folder: &Path) -> Result<()> {
    let template = fs::read_to_string(root().join("pkg.json.template"))?;
    let written = template.replace("{{version}}", env!("CARGO_PKG_VERSION"));
    if written == template || written.contains("{{") {
        bail!("pkg.json.template must hold {{{{version}}}} and no other placeholder");
    }
    serde_json::from_str::<serde_json::Value>(&written).context("pkg.json.template")?;
    Ok(fs::write(folder.join("package.json"), written)?)
}
