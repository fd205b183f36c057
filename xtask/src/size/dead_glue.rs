//! What the glue brings for platforms without `encodeInto` or `globalThis`, for closures that JavaScript
//! frees, and for modules without `realloc` is left out, and so is what wasm-opt found no use for: 0.2 KB
//! gzip less. Those platforms have no reference types either, the core drops all of its closures itself,
//! and it exports `realloc`.

use anyhow::{Context, Result};

/// Where each begins, and what comes after it.
const DEAD: [(&str, &str); 3] = [
    ("if (!('encodeInto' in cachedTextEncoder))", "let WASM_VECTOR_LEN"),
    ("CLOSURE_DTORS.unregister(", "}"),
    ("if (realloc === undefined)", "let len = arg.length"),
];

pub(crate) fn leave_out(glue: &str) -> Result<String> {
    let mut shorter = glue.replacen("CLOSURE_DTORS.register(real, state, state);", "", 1);
    for (from, to) in DEAD {
        let begin = shorter.find(from).with_context(|| format!("the glue does not have {from}"))?;
        let length = shorter[begin..].find(to).with_context(|| format!("the glue does not have {to}"))?;
        shorter.replace_range(begin..begin + length, "");
    }
    Ok(without_unused_imports(&shorter))
}

/// What wasm-opt has not renamed, it has taken out of the module.
fn without_unused_imports(glue: &str) -> String {
    let (mut kept, mut unused) = (String::with_capacity(glue.len()), false);
    for line in glue.lines() {
        unused |= line.starts_with("__wb") && line.contains(": function(");
        if !unused {
            kept.push_str(line);
            kept.push('\n');
        }
        unused &= line != "},";
    }
    kept
}
