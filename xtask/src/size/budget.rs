//! The sizes of the package, and what they may be at most.

use crate::bundle;
use crate::command::{output, root};
use anyhow::{Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// A kilobyte of the core is 1,000 bytes, one of the whole entry 1,024.
///
/// They were 24 and 32 until calls shared a gate, a breaker, a budget, places and statistics: that is
/// ten kilobytes of the core, and `client.fetch`, the client and its metrics are four of the TypeScript side.
/// They were 32 and 48 until calls of different requests shared an isolate: leases that are renewed,
/// a timer for each call, the sweep of calls that ended unseen, and a boundary that lets nothing
/// through are three kilobytes of the core, and the boundary half a kilobyte of the TypeScript side.
/// They were 36 and 56 until bodies and events were read in the core: a scanner of JSON, the ways, types and ends
/// of twenty forms, the phrases and names of failures, and what a body is whatever its type are fifteen kilobytes of the
/// core. They buy what 150 public bug reports were about, and text that no host parses.
/// They were 52 and 72 until real engines and gateways stood before it: closed ports, late headers, small servers, what
/// each platform says of a lost request, and the hundred ways in which servers name a wait are seven and a half
/// kilobytes of the core and two of the TypeScript side.
/// They were 60 and 81 until pages: the connections of an origin, no network, a machine that sleeps, and a page that goes
/// are three kilobytes of the core and one of the TypeScript side. The entry was 85 until keys that have spent their own limit were told
/// apart, and an open circuit said what the target failed with. The core was 63,000 until failures were weighed against the answers
/// of the same time, and a cold start against those of just before. They were 63,500 and 86 until quotas that no wait makes whole
/// again were told from those of a minute, and an answer without choices from one. They were 64,000 and 87 until a limit went up
/// again that had been cut for refusals which a lower one did not spare, and until errors showed the caller's line, named what
/// was meant, and a stream was a `Response`. They were 65,000 and 89 until a target that refuses most was asked at the rate of its
/// answers, a guess about connections could be withdrawn, and failed jobs, errors within words and options in the wrong place
/// were told. The core was 67,250 until refusals of SGLang's own route, numbers of 1000 and more, and Triton's streams were told.
/// They were 67,400 and 92 until a client warmed models up and kept them warm: a call that leads no cold start beside others, the
/// cheapest request of each server, and when to repeat it. They were 67,750 and 95 until refusals at any number in flight, and
/// payloads that are told of loading, held up no other call. They were 68,500 and 96 until the leader of a cold start asked for the
/// status of its server between two payloads. The core was 69,400 until the ends of Snowflake's streams, and the refusals of
/// Databricks, one-api, SGLang and others, were told. They were 69,500 and 99,100 until programs shared what they know of a target:
/// the state of a fleet and its text, what a client adds to it and takes over from it, and the exchange with an engine that may be
/// slow, contended, gone, or wrong about the time. The entry was 104,600 until a function around `client.fetch` could wait, secrets were
/// found in base64, in other case and in lines, signals of no platform were followed, and a warm-up left a `fetch` that ignores them.
/// They were 74,750 and 105,250 until a queue knew which of its calls have heard of a cold start: where one replica of several
/// is not up, the whole queue was woken at each of its answers. They were 74,900 and 105,500 until an exchange could end with its
/// call, as it does in Workers, forms named their models, request bodies that are always there let other tasks run, and parts of a
/// secret were found in a sentence.
const CORE_GZIP: usize = 75_800;
const BUNDLED_GZIP: usize = 106_950;

/// An entry that not every caller needs, bundled together with the default one: what it adds to that. It was 6,144, until a
/// larger core beside it cost `endpoints`, whose source was the same, seven bytes of compression, and 6,160, until the next
/// larger one cost it a hundred more. It was 6,300 until `inTime` moved to the default entry.
const BESIDE_GZIP: usize = 6_250;
const BESIDE: [&str; 5] = ["batch", "endpoints", "redis", "workers", "tabs"];

/// The compiler that these were measured with: another one makes other code of the same source.
const COMPILER: &str = "1.95.0";

pub(crate) fn check() -> Result<()> {
    let dist = root().join("pkg/dist");
    let scratch = root().join("target/package/minimum");
    fs::create_dir_all(&scratch)?;
    let version = output(Command::new("rustc").arg("--version"))?;
    let compiler = version.split(' ').nth(1).unwrap_or_default();
    let by = format!("by rustc {compiler}");
    println!("\n{by:<36} {:>9} {:>9} {:>9}", "bytes", "gzip", "budget");
    let mut over = Vec::new();
    let mut row = |name: &str, bytes: usize, gzip: usize, budget: Option<usize>| {
        let limit = budget.map_or(String::new(), |budget| budget.to_string());
        println!("{name:<36} {bytes:>9} {gzip:>9} {limit:>9}");
        if budget.is_some_and(|budget| gzip > budget) {
            over.push(format!("{name}: {gzip} bytes gzip, budget {limit}"));
        }
    };
    let sizes = |bytes: &[u8]| Ok::<_, anyhow::Error>((bytes.len(), gzip(bytes)?));
    let (bytes, zipped) = sizes(&fs::read(dist.join("core.wasm"))?)?;
    row("core.wasm", bytes, zipped, Some(CORE_GZIP));
    let mut index = (0, 0);
    for entry in ["index", "slim", "workerd", "edge-light"] {
        let (bytes, zipped) = sizes(&bundled(&dist.join(format!("{entry}.js")), &scratch, entry)?)?;
        let is_index = entry == "index";
        if is_index {
            index = (bytes, zipped);
        }
        row(&format!("{entry}.js, bundled and minified"), bytes, zipped, is_index.then_some(BUNDLED_GZIP));
    }
    for entry in BESIDE {
        let both = scratch.join(format!("both-{entry}.js"));
        let exports = ["index", entry].map(|name| {
            format!("export * from {:?};\n", dist.join(format!("{name}.js")).display().to_string())
        });
        fs::write(&both, exports.concat())?;
        let (bytes, zipped) = sizes(&bundled(&both, &scratch, &format!("with-{entry}"))?)?;
        let added = zipped.saturating_sub(index.1);
        row(&format!("{entry}.js, beside index.js"), bytes.saturating_sub(index.0), added, Some(BESIDE_GZIP));
    }
    for file in [
        "index.js",
        "shared.js",
        "workerd.js",
        "edge-light.js",
        "slim.js",
        "batch.js",
        "endpoints.js",
        "redis.js",
        "tabs.js",
    ] {
        let (bytes, zipped) = sizes(&fs::read(dist.join(file))?)?;
        row(&format!("{file}, as published"), bytes, zipped, None);
    }
    stated(zipped, index.1)?;
    let other = format!("the budgets were measured with rustc {COMPILER}, and this is {compiler}");
    match (over.is_empty(), compiler == COMPILER) {
        (true, true) => {}
        (true, false) => println!("note: {other}: measure them anew"),
        (false, true) => bail!("over budget: {}", over.join("; ")),
        (false, false) => {
            bail!("over budget: {} ({other}: rustup run {COMPILER} tells more)", over.join("; "))
        }
    }
    Ok(())
}

/// The pages state the sizes of the core and of the default entry, in kilobytes of 1,000 bytes, no more than one off.
fn stated(core: usize, entry: usize) -> Result<()> {
    for (page, before, size) in [
        ("README.md", "Bundled and minified it is ", entry),
        ("README.md", " KB gzip, of which ", core),
        ("docs/comparison.md", "with the text so far | `timeout` after `idleMs` | ", entry),
    ] {
        let text = fs::read_to_string(root().join(page))?;
        let after = text.split_once(before).map_or("", |(_, after)| after);
        let stated: usize = after.split(' ').next().unwrap_or_default().parse().unwrap_or_default();
        if (stated * 1_000).abs_diff(size) > 1_000 {
            bail!("{page} says {stated} KB behind {before:?}, and it is {size} bytes gzip");
        }
    }
    Ok(())
}

fn bundled(entry: &Path, scratch: &Path, name: &str) -> Result<Vec<u8>> {
    let out = scratch.join(format!("{name}.js"));
    bundle::minimum(entry, &out)?;
    Ok(fs::read(out)?)
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
