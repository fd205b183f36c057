//! Panics of the published core trap at once, without the message that nobody would see: 2 KB gzip less.
//!
//! A browser shows of a panic that the module stopped, and no more: the message goes to a standard
//! error that is nowhere. std formats it all the same, and what that takes is compiled in. Here the
//! functions on the way to the message become traps, and wasm-opt takes out what only they needed.

use super::unread_data;
use anyhow::{Result, bail};
use std::collections::HashSet;
use walrus::ir::{Call, Visitor, dfs_in_order};
use walrus::{FunctionBuilder, FunctionId, FunctionKind, Module};

/// Where a panic begins, and what std does about it.
const PANICS: [&str; 8] = [
    "core::panicking::",
    "std::panicking::",
    "std::sys::backtrace::",
    "core::cell::panic_",
    "core::cell::lazy::panic_",
    "core::option::expect_failed",
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::handle_error",
];

/// What makes text of values: needed by panics alone, which is checked.
const FORMATS: [&str; 4] =
    ["core::fmt::", "core::str::count::", " as core::fmt::Write>::", " as core::fmt::Display>::"];

pub(crate) fn trap_panics(module: &mut Module) -> Result<()> {
    let named = |id: FunctionId, parts: &[&str]| {
        let name = without_hashes(module.funcs.get(id).name.as_deref().unwrap_or_default());
        parts.iter().any(|part| name.contains(part))
    };
    let all: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    let panics: HashSet<FunctionId> = all.iter().copied().filter(|id| named(*id, &PANICS)).collect();
    let formats: HashSet<FunctionId> = all.iter().copied().filter(|id| named(*id, &FORMATS)).collect();
    if panics.is_empty() {
        bail!("no panic found in the wasm: are its functions named?");
    }
    for (id, function) in module.funcs.iter_local() {
        if panics.contains(&id) || formats.contains(&id) {
            continue;
        }
        let mut calls = Calls::default();
        dfs_in_order(&mut calls, function, function.entry_block());
        if let Some(format) = calls.0.iter().find(|called| formats.contains(called)) {
            let name = |id: FunctionId| module.funcs.get(id).name.clone().unwrap_or_default();
            bail!("{} formats text, by {}: leave that to TypeScript, it costs 2 KB", name(id), name(*format));
        }
    }
    for id in panics.union(&formats) {
        trap(module, *id);
    }
    unread_data::blank(module);
    Ok(())
}

#[derive(Default)]
struct Calls(Vec<FunctionId>);

impl Visitor<'_> for Calls {
    fn visit_call(&mut self, call: &Call) {
        self.0.push(call.func);
    }
}

/// `core[c5930c85a12de822]::fmt` to `core::fmt`.
fn without_hashes(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        match after.split_once(']') {
            Some((hash, after)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                rest = after
            }
            _ => {
                out.push('[');
                rest = after;
            }
        }
    }
    out + rest
}

fn trap(module: &mut Module, id: FunctionId) {
    let kind = module.types.get(module.funcs.get(id).ty());
    let (params, results) = (kind.params().to_vec(), kind.results().to_vec());
    let mut builder = FunctionBuilder::new(&mut module.types, &params, &results);
    builder.func_body().unreachable();
    let locals = params.iter().map(|kind| module.locals.add(*kind)).collect();
    module.funcs.get_mut(id).kind = FunctionKind::Local(builder.local_func(locals));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_the_hashes_of_crates() {
        assert_eq!(
            without_hashes("<core[c5930c85a12de822]::fmt::Formatter>::pad"),
            "<core::fmt::Formatter>::pad"
        );
        assert_eq!(without_hashes("<[u8]>::len[x"), "<[u8]>::len[x");
    }
}
