//! The browsers and drivers that tests run in, and the tests of the wasm bindings inside them.

use crate::command::{cargo, run, side_by_side, step};
use crate::need;
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Programs of Debian's, and the packages they come in.
pub(crate) const PROGRAMS: [(&str, &[&str]); 4] = [
    ("chromium", &["chromium", "chromium-driver"]),
    ("firefox-esr", &["firefox-esr"]),
    ("WebKitWebDriver", &["webkit2gtk-driver"]),
    ("xvfb-run", &["xvfb", "xauth"]),
];

/// The same as wasm-bindgen's, which the runner insists on.
const WASM_BINDGEN: &str = "0.2.130";
const GECKODRIVER: &str = "0.37.1";

/// wasm-bindgen-test in Chromium and in Firefox.
pub(crate) fn wasm() -> Result<()> {
    need::wasm_target()?;
    let runner = need::crate_tool("wasm-bindgen-test-runner", "wasm-bindgen-cli", WASM_BINDGEN)?;
    // Built before, since two builds wait for each other.
    run(cargo().args(TEST).arg("--no-run"))?;
    let chromium = need::debian("chromedriver", &["chromium", "chromium-driver"])?
        .map(|driver| in_browser(&runner, "CHROMEDRIVER", &driver));
    let firefox = match need::debian("firefox-esr", &["firefox-esr"])? {
        Some(_) => Some(need::crate_tool("geckodriver", "geckodriver", GECKODRIVER)?),
        None => None,
    };
    let firefox = firefox.map(|driver| in_browser(&runner, "GECKODRIVER", &driver));
    let names = ["the bindings in Chromium", "the bindings in Firefox"];
    match (chromium, firefox) {
        (Some(mut chromium), Some(mut firefox)) => {
            side_by_side([(names[0], &mut chromium), (names[1], &mut firefox)])
        }
        (Some(mut one), None) | (None, Some(mut one)) => {
            step("the bindings in one browser", || run(&mut one))
        }
        (None, None) => Ok(()),
    }
}

const TEST: [&str; 6] =
    ["test", "--lib", "--package", "query-with-retry", "--target", "wasm32-unknown-unknown"];

fn in_browser(runner: &Path, variable: &str, driver: &Path) -> Command {
    let mut test = cargo();
    test.args(TEST);
    // One driver at a time: the runner takes the first that it finds.
    for other in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER"] {
        test.env_remove(other);
    }
    test.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    test.env(variable, driver).env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    test
}
