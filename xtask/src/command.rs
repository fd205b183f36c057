//! Runs other programs: says what it does, how long it took, and what went wrong.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Says what begins, and afterwards how long it took.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("\n== {what}");
    let begun = Instant::now();
    let done = work().with_context(|| what.to_owned())?;
    eprintln!("   {what}: {:.1} s", begun.elapsed().as_secs_f64());
    Ok(done)
}

/// Runs to the end, with its output on ours.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", name(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", name(command));
    }
    Ok(())
}

/// Runs to the end, with its output as the result.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", name(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}: {}", name(command), output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs both to their ends at the same time. What each prints comes whole, after its end.
pub(crate) fn side_by_side(works: [(&str, &mut Command); 2]) -> Result<()> {
    let run = |(what, command): (&str, &mut Command)| {
        step(what, || {
            let ended = command.output().with_context(|| format!("cannot start {}", name(command)))?;
            // One after the other, so that nothing of another's comes in between.
            let _whole = PRINTING.lock();
            std::io::stdout().write_all(&ended.stdout)?;
            std::io::stderr().write_all(&ended.stderr)?;
            if !ended.status.success() {
                bail!("{} ended with {}", name(command), ended.status);
            }
            Ok(())
        })
    };
    let [one, other] = works;
    std::thread::scope(|scope| {
        let one = scope.spawn(|| run(one));
        run(other).and(one.join().unwrap_or_else(|_| bail!("a thread of xtask panicked")))
    })
}

static PRINTING: Mutex<()> = Mutex::new(());

fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The cargo that runs us, without the variables by which it speaks to its build scripts.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("CARGO_PKG_")) {
        cargo.env_remove(key);
    }
    cargo
}

/// A tool that `npm ci` put into `folder`.
pub(crate) fn npm_tool(folder: &str, tool: &str) -> Command {
    Command::new(root().join(folder).join("node_modules/.bin").join(tool))
}

pub(crate) fn node() -> Command {
    Command::new("node")
}
