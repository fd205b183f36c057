//! `cargo xtask …`: builds, shows, tests and measures the package.

mod browsers;
mod bundle;
mod command;
mod demo;
mod docs;
mod fuzz;
mod glue;
mod licences;
mod need;
mod package;
mod size;
mod test;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <command>

  build          the npm package, in pkg/
  demo           builds, serves the demo page and the mock server, prints the address
  test [stage]   everything, or one of: native wasm package engines page
  test --quick   the core, and the shared cases in Node: for use while working
  test --matrix  environments that are too heavy for every run: Next, Nuxt, Angular, Rspack, Jest and more
  docs           the API reference, of the package and of the core, in target/docs and target/doc
  fuzz [runs]    ten million inputs, or so many, for the decoder of event streams and the reader of JSON
  bench [name]   measures: cold, sse, call, batch, fleet, fleet-workers, redis, tabs, size
  size           the sizes of what is built, against their budgets";

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    std::env::set_current_dir(command::root())?;
    match words.as_slice() {
        ["build"] => package::build(package::Flavour::Published).map(drop),
        ["demo"] => demo::run(),
        ["docs"] => docs::run_all(),
        ["test"] => test::all(),
        ["test", "--quick"] => test::quick(),
        ["test", "--matrix"] => test::matrix(),
        ["test", stage] => test::stage(stage),
        ["fuzz"] => fuzz::run_times(fuzz::RUNS),
        ["fuzz", runs] => fuzz::run_times(runs),
        ["bench"] => test::bench("cold"),
        ["bench", "size"] | ["size"] => {
            package::build(package::Flavour::Published)?;
            size::budget::check()
        }
        ["bench", "fleet"] => test::fleets(),
        ["bench", name] => test::bench(name),
        _ => bail!(USAGE),
    }
}
