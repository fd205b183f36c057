//! `cargo xtask fuzz`: the decoder of event streams and the reader of JSON, on bytes that a fuzzer thinks of.

use crate::command::{output, root, run, step};
use crate::need;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

const CARGO_FUZZ: &str = "0.13.2";

pub(crate) const RUNS: &str = "10000000";

/// Nothing depends on the length of a line but the limit, which is tested for itself, and work that
/// is not linear, which is too; so inputs may be short, and are many.
const LONGEST: &str = "-max_len=1024";

pub(crate) fn run_times(runs: &str) -> Result<()> {
    let runs: u64 = runs.parse().with_context(|| format!("{runs} is no number of runs"))?;
    // It comes with the fuzzer as source, in C++.
    let Some(_) = need::debian("c++", &["g++"])? else { return Ok(()) };
    let tool = need::crate_tool("cargo-fuzz", "cargo-fuzz", CARGO_FUZZ)?;
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let (host, target) = (host.trim(), root().join("target/fuzz"));
    for name in ["sse", "json"] {
        fuzz(name, &tool, host, &target, runs)?;
    }
    Ok(())
}

/// New inputs that reach something new are kept in the first folder; the seeds are only read.
fn fuzz(name: &str, tool: &Path, host: &str, target: &Path, runs: u64) -> Result<()> {
    step(&format!("building the fuzz target {name}"), || {
        // The core forbids unsafe code: a sanitizer would find nothing, at half the speed, and
        // needs a nightly compiler.
        run(Command::new(tool)
            .args(["fuzz", "build", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", "--target", host])
            .arg("--target-dir")
            .arg(target)
            .arg(name))
    })?;
    let (corpus, findings) = (target.join("corpus").join(name), target.join("findings").join(name));
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&findings)?;
    let program = target.join(host).join("release").join(name);
    step(&format!("{runs} inputs"), || {
        let fuzzed = run(Command::new(&program)
            .arg(&corpus)
            .arg(format!("tests/fuzz/seeds/{name}"))
            .args([&format!("-runs={runs}"), LONGEST, &format!("-dict=tests/fuzz/{name}.dict")])
            .args(["-timeout=5", "-rss_limit_mb=512", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", findings.display())));
        let advice = "the input is in target/fuzz/findings: to see it again, give it to";
        fuzzed.with_context(|| format!("{advice} {}", program.display()))
    })
}
