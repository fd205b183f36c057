//! Short names for what the wasm and the glue call each other by: 2 KB gzip less.
//!
//! Every import has a name like `__wbg_get_d7176cfb76d71114`, once in the wasm and once in the
//! glue, and no compressor can do anything about the digits. wasm-opt renames them, and the
//! exports, and tells how.

use super::wasm_opt;
use crate::command::output;
use anyhow::{Context, Result, bail};
use std::path::Path;

/// In `wasm`, and in its `glue`, which is given back.
pub(crate) fn shorten(glue: &str, wasm: &Path) -> Result<String> {
    let mut shorten = wasm_opt();
    // Other rounds, on code made flat again, find another percent.
    shorten.args(["--low-memory-unused", "--flatten", "--rereloop", "-Oz", "-Oz"]);
    shorten.args(["--gufa-optimizing", "--flatten", "--rereloop", "-Oz", "-Oz"]);
    shorten.arg("--minify-imports-and-exports-and-modules").arg(wasm).arg("-o").arg(wasm);
    #[derive(serde::Deserialize)]
    struct Renamed {
        imports: Vec<(String, String, String)>,
        exports: Vec<(String, String)>,
    }
    // The tool writes a comma after the last of a list.
    let told = output(&mut shorten)?.replace("],\n ]", "]\n ]");
    let renamed: Renamed = serde_json::from_str(&told).context("what wasm-opt renamed")?;
    // In the glue an import is a key, an export a member of `wasm`.
    let imports = renamed.imports.iter().map(|(_, old, new)| (old.clone(), new.clone()));
    let exports = renamed.exports.iter().map(|(old, new)| (format!("wasm.{old}"), format!("wasm.{new}")));
    let module = renamed.imports.first().map(|(module, ..)| (module.clone(), "a".to_owned()));
    let mut shorter = glue.to_owned();
    for (old, new) in imports.chain(module).chain(exports) {
        let (replaced, times) = replace_whole(&shorter, &old, &new);
        if times == 0 && !old.starts_with("wasm.__") {
            bail!("the glue does not have {old}");
        }
        shorter = replaced;
    }
    Ok(shorter)
}

/// `old` where it is not part of a longer name, and how often that was.
fn replace_whole(text: &str, old: &str, new: &str) -> (String, usize) {
    let continues = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let (mut out, mut at, mut times) = (String::with_capacity(text.len()), 0, 0);
    for (found, _) in text.match_indices(old) {
        let before = text[..found].chars().next_back().is_some_and(continues);
        let after = text[found + old.len()..].chars().next().is_some_and(continues);
        if !before && !after {
            out.push_str(&text[at..found]);
            out.push_str(new);
            at = found + old.len();
            times += 1;
        }
    }
    out.push_str(&text[at..]);
    (out, times)
}
