//! `cargo xtask demo`: one server on 127.0.0.1 for the page, the package and the mock models.

use crate::command::{cargo, root, step};
use crate::package;
use anyhow::Result;
use std::net::TcpListener;
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
    let port = match std::env::var("PORT") {
        Ok(port) => port,
        Err(_) => free_port()?.to_string(),
    };
    println!("\nThe demo page: http://127.0.0.1:{port}/   (Ctrl+C ends it)");
    crate::command::run(Command::new(mock).args([
        "--port",
        &port,
        "--site",
        "/=www",
        "--site",
        "/pkg=pkg/dist",
    ]))
}

/// 8787 if nobody has it, so that the address is the same from one time to the next.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 8787)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?;
    Ok(listener.local_addr()?.port())
}
