//! What keeps the package small, and what it may weigh at most.

pub(crate) mod budget;
pub(crate) mod dead_glue;
pub(crate) mod inline;
pub(crate) mod shorten_names;
pub(crate) mod trap_panics;
mod unread_data;

use crate::command::npm_tool;
use std::process::Command;

/// Named one by one, so that a new binaryen never writes an encoding that an old runtime lacks.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

pub(crate) fn wasm_opt() -> Command {
    let mut optimise = npm_tool("xtask", "wasm-opt");
    optimise.args(WASM_FEATURES);
    optimise
}
