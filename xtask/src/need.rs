//! What the commands need beside Rust and Node: got where that is possible, named where not.

use crate::command::{output, root, run, step};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The wasm target of the toolchain in use.
pub(crate) fn wasm_target() -> Result<()> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    if PathBuf::from(sysroot.trim()).join("lib/rustlib").join(WASM_TARGET).is_dir() {
        return Ok(());
    }
    step("getting the wasm target", || {
        let added = run(Command::new("rustup").args(["target", "add", WASM_TARGET]));
        added.or_else(|_| bail!("the target {WASM_TARGET} is missing: rustup target add {WASM_TARGET}"))
    })
}

/// The packages that `folder` locks, installed when the lock has changed since.
pub(crate) fn npm(folder: &str) -> Result<()> {
    let folder = root().join(folder);
    let (lock, stamp) = (folder.join("package-lock.json"), folder.join("node_modules/.lock-installed"));
    let locked = std::fs::read(&lock)?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == locked) {
        return Ok(());
    }
    if on_path("node").is_none() || on_path("npm").is_none() {
        bail!("node or npm is missing: install Node 20.19 or newer");
    }
    step(&format!("installing the npm tools of {}", folder.file_name().unwrap_or_default().display()), || {
        run(Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&folder))?;
        Ok(std::fs::write(&stamp, locked)?)
    })
}

/// Where on the path one of `programs` is.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// A program of a Debian package: installed where that is allowed, else `None`, and named.
///
/// With `CI=true` a missing one is an error, because a test that is skipped there is a hole.
pub(crate) fn debian(program: &str, packages: &[&str]) -> Result<Option<PathBuf>> {
    if let Some(found) = on_path(program) {
        return Ok(Some(found));
    }
    if apt_install(packages)?
        && let Some(found) = on_path(program)
    {
        return Ok(Some(found));
    }
    let advice = format!("{program} is missing: apt-get install {}", packages.join(" "));
    if in_ci() {
        bail!(advice);
    }
    eprintln!("   skipped, because {advice}");
    Ok(None)
}

/// Whether that was allowed.
fn apt_install(packages: &[&str]) -> Result<bool> {
    if on_path("apt-get").is_none() || !is_root()? {
        return Ok(false);
    }
    step(&format!("installing {} with apt", packages.join(", ")), || {
        run(Command::new("apt-get").args(["update", "-qq"]))?;
        run(Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    })?;
    Ok(true)
}

/// A Python of its own in `target/NAME`, with what `requirements` names: made anew when that has changed since.
pub(crate) fn python(name: &str, requirements: &str) -> Result<PathBuf> {
    let (requirements, folder) = (root().join(requirements), root().join("target").join(name));
    let (python, stamp) = (folder.join("bin/python"), folder.join(".installed"));
    let wanted = std::fs::read(&requirements)?;
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    step(&format!("installing the Python packages of {name}"), || {
        let venv = || run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let advice = "python3 with venv is missing: apt-get install python3-venv";
        // Debian's Python comes without.
        venv()
            .or_else(|error| if apt_install(&["python3-venv"])? { venv() } else { Err(error) })
            .context(advice)?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"];
        run(Command::new(&python).args(pip).arg("--requirement").arg(&requirements))
            .with_context(|| format!("pip found no wheels of {}", requirements.display()))?;
        Ok(std::fs::write(&stamp, &wanted)?)
    })?;
    Ok(python)
}

/// A program of a crate, built into `target/tools`, without optimisation: that takes a minute
/// where a release build takes seven.
pub(crate) fn crate_tool(program: &str, krate: &str, version: &str) -> Result<PathBuf> {
    let folder = root().join("target/tools").join(format!("{krate}-{version}"));
    let found = folder.join("bin").join(program);
    if !found.is_file() {
        step(&format!("building {krate} {version}"), || {
            run(crate::command::cargo()
                .args(["install", krate, "--version", version, "--debug", "--quiet", "--root"])
                .arg(&folder))
        })?;
    }
    Ok(found)
}

pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

fn is_root() -> Result<bool> {
    Ok(output(Command::new("id").arg("-u"))?.trim() == "0")
}
