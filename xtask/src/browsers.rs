//! The browsers and drivers that tests run in, and the tests of the shell inside them.

use crate::command::{cargo, run, step};
use crate::need;
use anyhow::Result;
use std::path::Path;

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
    if let Some(driver) = need::debian("chromedriver", &["chromium", "chromium-driver"])? {
        step("the shell in Chromium", || in_browser(&runner, "CHROMEDRIVER", &driver))?;
    }
    if need::debian("firefox-esr", &["firefox-esr"])?.is_some() {
        let driver = need::crate_tool("geckodriver", "geckodriver", GECKODRIVER)?;
        step("the shell in Firefox", || in_browser(&runner, "GECKODRIVER", &driver))?;
    }
    Ok(())
}

fn in_browser(runner: &Path, variable: &str, driver: &Path) -> Result<()> {
    let mut test = cargo();
    test.args(["test", "--lib", "--package", "query-with-retry", "--target", "wasm32-unknown-unknown"]);
    // One driver at a time: the runner takes the first that it finds.
    for other in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER"] {
        test.env_remove(other);
    }
    test.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    run(test.env(variable, driver).env("WASM_BINDGEN_TEST_TIMEOUT", "120"))
}
