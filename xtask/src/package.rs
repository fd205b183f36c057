//! `cargo xtask build`: Rust to wasm, glue, TypeScript and the manifest to a folder for `npm pack`.

use crate::command::{cargo, output, root, run, step};
use crate::{bundle, glue, licences, need};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

const TARGET: &str = "wasm32-unknown-unknown";

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
    let js = step("making the glue", || glue::make(&wasm, &dist.join("core.wasm")))?;
    step("bundling the TypeScript side", || bundle::typescript(&js, &dist))?;
    step("writing the package", || {
        manifest(&folder)?;
        for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            fs::copy(root().join(file), folder.join(file)).with_context(|| file.to_owned())?;
        }
        // The README leads there.
        let docs = folder.join("docs");
        fs::create_dir(&docs)?;
        for page in fs::read_dir(root().join("docs"))? {
            let page = page?;
            // The map for tools that read it stands where they look.
            let to = if page.path().extension().is_some_and(|kind| kind == "txt") { &folder } else { &docs };
            fs::copy(page.path(), to.join(page.file_name()))?;
        }
        licences::write(&folder, TARGET)
    })?;
    Ok(folder)
}

fn compile(flavour: Flavour) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--release", "--lib", "--package", "query-with-retry", "--target", TARGET]);
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
    Ok(folder.join(TARGET).join("release/query_with_retry.wasm"))
}

/// Panic messages name source files: by these, without the folders of the machine that built.
fn remaps() -> Result<Vec<String>> {
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| home + "/.cargo"))?;
    let sysroot = output(std::process::Command::new("rustc").args(["--print", "sysroot"]))?;
    let mut folders = vec![root(), PathBuf::from(sysroot.trim())];
    folders.extend(fs::read_dir(Path::new(&home).join("registry/src"))?.flatten().map(|entry| entry.path()));
    Ok(folders.iter().map(|folder| format!("--remap-path-prefix={}/=", folder.display())).collect())
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
