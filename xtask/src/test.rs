//! `cargo xtask test`: the stages, in the order in which a failure is cheapest to find.

use crate::browsers;
use crate::command::{cargo, node, npm_tool, root, run, side_by_side, step};
use crate::demo::mock_server;
use crate::docs;
use crate::need;
use crate::package::{self, Flavour};
use crate::size::budget;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

type Stage = (&'static str, fn() -> Result<()>);

const STAGES: [Stage; 5] = [
    ("native", native),
    ("wasm", browsers::wasm),
    ("package", package),
    ("engines", engines),
    ("page", page),
];

pub(crate) fn all() -> Result<()> {
    for (name, work) in STAGES {
        step(&format!("stage {name}"), work)?;
    }
    println!("\nAll stages passed: {}.", STAGES.map(|(name, _)| name).join(", "));
    Ok(())
}

pub(crate) fn stage(wanted: &str) -> Result<()> {
    match STAGES.iter().find(|(name, _)| *name == wanted) {
        Some((_, work)) => work(),
        None => bail!("no stage {wanted}: there are {}", STAGES.map(|(name, _)| name).join(", ")),
    }
}

/// For use while working: the core, and the shared cases in Node. Not the linters, the other runtimes,
/// the tests of the tools, nor anything that takes its time.
pub(crate) fn quick() -> Result<()> {
    let published = package::build(Flavour::Published)?;
    let mock = mock_server()?;
    need::npm("tests/package")?;
    let (mut core, mut cases) = (cargo(), node());
    core.args(["test", "--quiet", "--package", "query-with-retry"]);
    cases.args(["tests/package/run.js", "node"]).env("MOCK_HF_BIN", mock).env("PKG_DIR", published);
    side_by_side([("the core", &mut core), ("the cases in Node", &mut cases)])
}

/// Environments that are too heavy for every run, each an app that npm makes: tests/matrix/README.md.
pub(crate) fn matrix() -> Result<()> {
    let published = package::build(Flavour::Published)?;
    let mock = mock_server()?;
    need::npm("tests/package")?;
    need::debian("chromium", &["chromium"])?;
    let mut tests = node();
    tests.args(["--test", "--test-concurrency=1"]).args(tests_in("matrix")?);
    run(tests.env("MOCK_HF_BIN", mock).env("PKG_DIR", published))
}

/// The core on a virtual clock, the mock server and the tools; and what a compiler can find.
fn native() -> Result<()> {
    need::wasm_target()?;
    step("formatting", || run(cargo().args(["fmt", "--all", "--check"])))?;
    step("clippy", || {
        run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
        let wasm = [
            "--target",
            "wasm32-unknown-unknown",
            "--package",
            "query-with-retry",
            "--lib",
            "--profile",
            "test",
        ];
        run(cargo().args(["clippy", "--quiet"]).args(wasm).args(["--", "-D", "warnings"]))
    })?;
    step("lint, formatting and layout of TypeScript and JavaScript", || {
        need::npm("tests/source")?;
        run(npm_tool("tests/source", "oxlint").arg("--quiet"))?;
        run(npm_tool("tests/source", "prettier").args(["--check", "--log-level=warn", "."]))?;
        run(node().arg("--test").args(tests_in("source")?))
    })?;
    step("native tests", || run(cargo().args(["test", "--workspace"])))
}

/// The packed tarball in every runtime, its types, its bundles, and what can go wrong around it.
fn package() -> Result<()> {
    let panics = package::build(Flavour::Panics)?;
    let published = package::build(Flavour::Published)?;
    budget::check()?;
    let mock = mock_server()?;
    need::npm("tests/package")?;
    for (program, packages) in browsers::PROGRAMS {
        need::debian(program, packages)?;
    }
    for program in ["nginx", "prometheus", "redis-server"] {
        need::debian(program, &[program])?;
    }
    let with = |command: &mut Command| {
        run(command.env("MOCK_HF_BIN", &mock).env("PKG_DIR", &published).env("PANICS_PKG_DIR", &panics))
    };
    step("every runtime", || with(node().arg("tests/package/run.js")))?;
    let files = ["packaging", "types", "docs", "shell", "examples", "bundlers", "lost"]
        .map(|name| format!("tests/package/{name}.test.js"));
    step("tarball, types, bundlers, lost requests", || {
        with(node().args(["--test", "--test-concurrency=1"]).args(files))
    })?;
    docs::check()?;
    need::npm("tests/sdks")?;
    need::npm("tests/redis")?;
    // They wait more than they work, so several files run at a time; their output keeps the order of the files. Where the
    // machine is busy they are late: once more, one after the other.
    let waiting = |name: &str, at_once: u8, files: Vec<std::path::PathBuf>| {
        let tests = |at_once: u8| {
            with(node().arg("--test").arg(format!("--test-concurrency={at_once}")).args(&files))
        };
        step(name, || tests(at_once).or_else(|_| step("once more", || tests(1))))
    };
    let folders = ["gateway", "hostile", "panic", "prometheus", "redis", "sdks"];
    let files: Result<Vec<_>> = folders.into_iter().map(tests_in).collect();
    waiting(&folders.join(", "), 3, files?.concat())?;
    // Whole browsers are stopped in between.
    waiting("browsers", 2, tests_in("browsers")?)?;
    // Every case of it is two or more processes, four at a time: nothing else beside it.
    step("workerd", || with(node().args(["--test", "--test-concurrency=1"]).args(tests_in("workerd")?)))?;
    // Memory and times are measured: nothing else beside it.
    step("leaks", || with(node().args(["--test", "--test-concurrency=1"]).args(tests_in("leaks")?)))
}

/// Real inference servers and gateways: late, full, killed. tests/engines/README.md says what starts what.
fn engines() -> Result<()> {
    let published = package::build(Flavour::Published)?;
    let mock = mock_server()?;
    for program in ["nginx", "haproxy"] {
        need::debian(program, &[program])?;
    }
    let python = need::python("engines", "tests/engines/requirements.txt")?;
    // They wait much more than they work.
    let mut tests = node();
    tests.args(["--test", "--test-concurrency=3"]).args(tests_in("engines")?);
    run(tests.env("MOCK_HF_BIN", mock).env("PKG_DIR", published).env("ENGINES_PYTHON", python))
}

/// The demo page in a real browser.
fn page() -> Result<()> {
    if !root().join("pkg/dist/index.js").is_file() {
        package::build(Flavour::Published)?;
    }
    let mock = mock_server()?;
    need::npm("tests/package")?;
    need::debian("chromium", &["chromium"])?;
    let files = tests_in("page")?;
    // They look at a page while it works: where the machine is busy they see less, and look once more, one after the other.
    let tests = |at_once: &str| run(node().args(["--test", at_once]).args(&files).env("MOCK_HF_BIN", &mock));
    tests("--test-concurrency=2").or_else(|_| step("once more", || tests("--test-concurrency=1")))
}

/// The test files of a folder below `tests`.
fn tests_in(folder: &str) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(Path::new("tests").join(folder))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.js") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("no tests in tests/{folder}");
    }
    Ok(files)
}

/// `cargo xtask bench …`: prints tables, and fails where a promise is broken.
pub(crate) fn bench(name: &str) -> Result<()> {
    let program = root().join("tests/bench").join(name).with_extension("js");
    if !program.is_file() {
        bail!("no benchmark {name} in tests/bench");
    }
    let published = package::build(Flavour::Published)?;
    // The clients that it is measured beside, or what the programs share through.
    match name {
        "redis" => {
            need::npm("tests/redis")?;
            need::debian("redis-server", &["redis-server"])?;
        }
        "tabs" => {
            need::npm("tests/package")?;
            need::debian("chromium", &["chromium"])?;
        }
        "fleet-workers" => need::npm("tests/package")?, // the runtimes
        _ => need::npm("tests/bench")?,
    }
    run(node().arg(program).env("MOCK_HF_BIN", mock_server()?).env("PKG_DIR", published))
}

/// `cargo xtask bench fleet`: a thousand seeds of each table, and fewer of the long ones, which change
/// one thing at a time. The tables are printed as Markdown, what is under way on the standard error.
pub(crate) fn fleets() -> Result<()> {
    for (seeds, tables) in
        [("1000", &["cold", "overload", "steady", "broken"][..]), ("200", &["cold-sweep", "overload-sweep"])]
    {
        let mut fleet = cargo();
        fleet.args(["run", "--release", "--quiet", "--package", "fleet"]);
        // What is published is made small; this is made fast.
        fleet.args(["--config", "profile.release.opt-level=3", "--", "--seeds", seeds]);
        step(&format!("{}: {seeds} seeds each", tables.join(", ")), || run(fleet.args(tables)))?;
    }
    Ok(())
}
