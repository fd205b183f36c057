//! `cargo xtask docs`: the API reference, of the package by typedoc and of the core by rustdoc. A warning is an error, so nothing
//! that is public is without its words.

use crate::command::{cargo, npm_tool, root, run, step};
use crate::need;
use crate::package::{self, Flavour};
use anyhow::Result;

pub(crate) fn run_all() -> Result<()> {
    package::build(Flavour::Published)?;
    check()?;
    println!("\nThe package: {}", root().join("target/docs/package/index.html").display());
    println!("The core: {}", root().join("target/doc/query_with_retry/index.html").display());
    Ok(())
}

/// Of the package that is built already.
pub(crate) fn check() -> Result<()> {
    need::npm("tests/source")?;
    step("the API reference of the package", || {
        run(npm_tool("tests/source", "typedoc").args(["--options", "tests/source/typedoc.json"]))
    })?;
    step("the API reference of the core", || {
        let what = [
            "doc",
            "--quiet",
            "--no-deps",
            "--document-private-items",
            "--package",
            "query-with-retry",
            "--lib",
        ];
        run(cargo().args(what).env("RUSTDOCFLAGS", "-D warnings"))
    })
}
