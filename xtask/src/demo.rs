//! `cargo xtask demo`: one server on 127.0.0.1 for the page, the package and the mock models.

use crate::command::{cargo, root, step};
use crate::package;
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

pub(crate) fn mock_server() -> Result<PathBuf> {
    step("building the mock server", || {
        crate::command::run(cargo().args(["build", "--package", "mock-hf"]))
    })?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("debug/mock-hf"))
}

pub(crate) fn run() -> Result<()> {
    package::build(package::Flavour::Published)?;
    let mock = mock_server()?;
    eprintln!("\nThe demo page is at the address below; Ctrl+C ends it.");
    let port = std::env::var("PORT").unwrap_or_else(|_| "8787".into());
    crate::command::run(Command::new(mock).args([
        "--port",
        &port,
        "--site",
        "/=www",
        "--site",
        "/pkg=pkg/dist",
    ]))
}
