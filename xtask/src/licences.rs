//! `THIRD-PARTY-LICENSES`: what is linked into `core.wasm`, with the licence of each and its text.

use crate::command::{cargo, output, root};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HEAD: &str = "\
What core.wasm is made of beside the code of this package, and under which licence.
Where a licence is one of several to choose from, the text is that of MIT.
";

#[derive(serde::Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(serde::Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
}

pub(crate) fn write(folder: &Path, target: &str) -> Result<()> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--format-version", "1", "--filter-platform", target]);
    let metadata: Metadata = serde_json::from_str(&output(&mut metadata)?).context("cargo metadata")?;
    let mut entries = vec![standard_library()?];
    for (name, version) in linked(target)? {
        let of = |package: &&Package| package.name == name && package.version == version;
        let package = metadata.packages.iter().find(of).with_context(|| format!("no metadata of {name}"))?;
        entries.push(entry(package)?);
    }
    entries.sort();
    let line = "=".repeat(80);
    let entries = entries.iter().map(|entry| format!("\n{line}\n{entry}"));
    Ok(fs::write(folder.join("THIRD-PARTY-LICENSES"), HEAD.to_owned() + &entries.collect::<String>())?)
}

/// Names and versions. Proc macros and build scripts ran on the machine that built, and are not in it.
fn linked(target: &str) -> Result<BTreeSet<(String, String)>> {
    let mut tree = cargo();
    tree.args(["tree", "--package", "query-with-retry", "--target", target, "--prefix", "none"]);
    let told = output(tree.args(["--edges", "normal,no-proc-macro", "--format", "{p}"]))?;
    let packages = told.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    });
    let mut packages: BTreeSet<_> = packages.collect();
    packages.retain(|(name, _)| name != "query-with-retry");
    if packages.is_empty() {
        bail!("cargo tree names nothing that is linked");
    }
    Ok(packages)
}

fn entry(package: &Package) -> Result<String> {
    let Package { name, version, license, manifest_path } = package;
    let license = license.as_deref().with_context(|| format!("{name} names no licence"))?;
    let folder = manifest_path.parent().unwrap_or(manifest_path);
    let files = fs::read_dir(folder)?.flatten().filter(|file| file.path().is_file());
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    let mut entry = format!("{name} {version}: {license}\n");
    let texts = chosen(names);
    for file in &texts {
        let text = fs::read_to_string(folder.join(file)).with_context(|| format!("the licence of {name}"))?;
        entry += &format!("\n{}\n", text.trim().replace("\r\n", "\n"));
    }
    if texts.is_empty() {
        if !license.contains("MIT") {
            bail!("{name} {version} ({license}) comes without the text of its licence");
        }
        entry += "\nIt comes without a text of its own. The terms of MIT are those in LICENSE-MIT.\n";
    }
    Ok(entry)
}

/// It comes with the compiler, without a file for each of its licences.
fn standard_library() -> Result<String> {
    let version = output(Command::new("rustc").arg("--version"))?;
    let version = version.split(' ').nth(1).context("rustc names no version")?;
    let mit = fs::read_to_string(root().join("LICENSE-MIT"))?;
    let (_, terms) = mit.split_once("Permission is").context("LICENSE-MIT")?;
    let holder = "Copyright (c) The Rust Project Contributors";
    Ok(format!("std {version}: MIT OR Apache-2.0\n\n{holder}\n\nPermission is{}\n", terms.trim_end()))
}

/// Those of a crate's files that are the text of its licence.
fn chosen(mut names: Vec<String>) -> Vec<String> {
    let is_text = |name: &String| {
        let name = name.to_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|begin| name.starts_with(begin))
    };
    names.retain(is_text);
    if names.iter().any(|name| name.contains("MIT")) {
        names.retain(|name| !name.contains("APACHE"));
    }
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_to_choose_from_mit_is_taken_and_what_holds_beside_it_too() {
        for (files, texts) in [
            (vec!["Cargo.toml", "LICENSE-MIT", "LICENSE-APACHE"], vec!["LICENSE-MIT"]),
            (
                vec!["LICENSE-UNICODE", "LICENSE-APACHE", "LICENSE-MIT"],
                vec!["LICENSE-MIT", "LICENSE-UNICODE"],
            ),
            (vec!["LICENSE-APACHE", "README.md", "NOTICE"], vec!["LICENSE-APACHE", "NOTICE"]),
            (vec!["LICENSE.md", "lib.rs"], vec!["LICENSE.md"]),
            (vec!["license"], vec!["license"]),
            (vec!["Cargo.toml"], vec![]),
        ] {
            assert_eq!(chosen(files.into_iter().map(str::to_owned).collect()), texts);
        }
    }
}
