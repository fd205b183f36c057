//! The numbers and names of the README and its pages are those of the core.

use query_with_retry::core::admission::budget::{self, InitialTokens};
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::admission::probing::SHORTEST_SLEEP;
use query_with_retry::core::admission::{breaker, limiter};
use query_with_retry::core::backoff;
use query_with_retry::core::policy::{DEFAULT_ESTIMATE, Policy};
use query_with_retry::core::stats::alert::AlertRule;
use query_with_retry::core::time::Duration;

/// The pages that have tables, or say how it waits.
const PAGES: &str = concat!(
    include_str!("../../README.md"),
    include_str!("../../docs/options.md"),
    include_str!("../../docs/errors.md"),
    include_str!("../../docs/client.md"),
    include_str!("../../docs/how-it-waits.md"),
);

/// The cells of the table rows whose first cell is a name in backticks.
fn rows() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    PAGES.lines().filter_map(|line| {
        let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
        let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((name, cells.collect()))
    })
}

/// What the tables say is the default of an option.
#[track_caller]
fn default(name: &str) -> &'static str {
    let told: Vec<_> = rows().filter(|(row, _)| *row == name).collect();
    let [(_, cells)] = told.as_slice() else { panic!("{} rows of `{name}`", told.len()) };
    cells.first().copied().unwrap_or_default()
}

/// `120000`, `120_000`, `120,000`, with or without backticks.
fn number(cell: &str) -> Option<u64> {
    cell.trim_matches('`').replace(['_', ','], "").parse().ok()
}

#[test]
fn the_options_table_has_the_defaults_of_the_policy() {
    let Policy { max_retries, loading, timeouts, .. } = Policy::default();
    for (name, default) in [
        ("maxRetries", u64::from(max_retries)),
        ("loading.maxWaitMs", loading.max_wait.as_ms()),
        ("timeouts.connectMs", timeouts.connect.as_ms()),
        ("timeouts.idleMs", timeouts.idle.as_ms()),
        ("timeouts.attemptMs", timeouts.attempt.as_ms()),
        ("timeouts.totalMs", timeouts.total.as_ms()),
    ] {
        assert_eq!(number(self::default(name)), Some(default), "{name}");
    }
}

#[test]
fn the_options_table_says_what_replaces_a_default_wait_that_is_not_set() {
    assert_eq!(Policy::default().loading.default_wait, None);
    let row = rows().find(|(name, _)| *name == "loading.defaultWaitMs").map(|(_, cells)| cells);
    let [default, meaning, ..] = row.as_deref().unwrap_or_default() else { panic!("no row") };
    assert_eq!(*default, "none");
    for ms in [SHORTEST_SLEEP.as_ms(), DEFAULT_ESTIMATE.as_ms()] {
        let says = |word: &str| number(word.trim_end_matches([',', '.'])) == Some(ms);
        assert!(meaning.split(' ').any(says), "no {ms} in {meaning:?}");
    }
}

#[test]
fn the_options_of_a_client_have_the_defaults_of_what_its_calls_share() {
    let (breaker, budget) = (breaker::Rule::default(), budget::Rule::default());
    let (limiter, alert) = (limiter::Rule::default(), AlertRule::default());
    for (name, default) in [
        ("breaker.failures", breaker.failures.into()),
        ("breaker.windowMs", breaker.window.as_ms()),
        ("breaker.openMs", breaker.open.as_ms()),
        ("breaker.maxOpenMs", breaker.max_open.as_ms()),
        ("retryBudget.burst", budget.burst.into()),
        ("concurrency.min", limiter.min.into()),
        ("concurrency.max", limiter.max.into()),
        ("concurrency.queue", limiter.queue.into()),
        ("alert.minSamples", alert.min_samples.into()),
    ] {
        assert_eq!(number(self::default(name)), Some(default), "{name}");
    }
    for (name, thousandths) in [("retryBudget.ratio", budget.ratio), ("alert.ratio", alert.per_thousand)] {
        assert_eq!(default(name), (f64::from(thousandths) / 1000.0).to_string(), "{name}");
    }
    let Rules { breaker, budget, initial_tokens, lease } = Rules::default();
    assert!(breaker.is_some() && budget.is_some() && lease.is_none());
    assert_eq!(default("ephemeral"), (initial_tokens != InitialTokens::Full).to_string());
}

#[test]
fn every_metric_has_its_row_with_its_type() {
    let source = include_str!("../../src/ts/client/prometheus.ts");
    let metrics: Vec<_> = source
        .lines()
        .filter_map(|line| {
            let mut strings = line.trim().strip_prefix("metric(\"")?.split('"');
            Some((strings.next()?, strings.nth(1)?))
        })
        .collect();
    assert!(metrics.len() >= 9 && metrics.contains(&("counter", "calls_total")), "{metrics:?}");
    for (kind, name) in metrics {
        assert_eq!(default(&format!("query_with_retry_{name}")), kind, "{name}");
    }
}

#[test]
fn every_event_and_every_reason_to_wait_is_named() {
    let types = include_str!("../../src/ts/types/report.ts").split("export type CallEvent =").nth(1);
    let events = types.unwrap_or("").split(" type: \"").skip(1);
    let events: Vec<_> = events.filter_map(|rest| rest.split('"').next()).collect();
    let reasons = include_str!("../../src/ts/wasm/enums.ts").split("WaitReason[] = [").nth(1);
    let reasons: Vec<_> = reasons.and_then(|rest| rest.split(']').next()).unwrap_or("").split(", ").collect();
    assert!(events.len() >= 8 && reasons.len() >= 5, "{events:?} {reasons:?}");
    for (names, told) in [(events, "| `onEvent` |"), (reasons, "In `waitedMs` ")] {
        let mut lines = PAGES.split("\n\n").flat_map(|part| part.split("\n|"));
        let told = lines.find(|line| format!("|{line}").contains(told)).unwrap_or_default();
        for name in names.iter().map(|name| format!("`{}`", name.trim_matches('"'))) {
            assert!(told.contains(&name), "no {name} in {told:?}");
        }
    }
}

#[test]
fn the_page_about_jitter_has_the_numbers_of_the_backoff() {
    let written = |span: Duration| {
        if span.as_ms().is_multiple_of(1000) {
            format!("{} s", span.as_secs())
        } else {
            format!("{} ms", span.as_ms())
        }
    };
    let mut paragraphs = PAGES.split("\n\n").flat_map(|paragraph| paragraph.split("\n- "));
    let about = paragraphs.find(|paragraph| paragraph.contains("has full jitter")).unwrap_or_default();
    for constant in [backoff::BASE, backoff::OVERLOADED_BASE, backoff::CAP] {
        assert!(
            about.contains(&written(constant)),
            "no {:?} where the pages tell of jitter",
            written(constant)
        );
    }
}

/// From the source, so that a code that is added is not forgotten.
fn codes() -> Vec<&'static str> {
    let source = include_str!("../../src/core/failure.rs");
    let names =
        source.split("impl Code {").nth(1).and_then(|of_code| of_code.split("pub const fn retryable").next());
    names.unwrap_or("").lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\",")).collect()
}

#[test]
fn every_error_code_has_its_row() {
    let codes = codes();
    assert!(codes.len() >= 17 && codes.contains(&"model_loading"), "{codes:?}");
    let missing: Vec<_> = codes.into_iter().filter(|code| rows().all(|(row, _)| row != *code)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn the_advice_about_an_error_is_the_hint_that_it_carries() {
    let hints = include_str!("../../src/ts/errors/hints.ts");
    for code in codes() {
        let named =
            |line: &'static str| line.trim().strip_prefix(code)?.strip_prefix(": \"")?.strip_suffix("\",");
        let hint = hints.lines().find_map(named);
        let told = rows().find(|(row, _)| *row == code).and_then(|(_, cells)| cells.get(1).copied());
        assert!(hint.is_some() && told == hint, "{code}: {told:?}, not {hint:?}");
    }
}

#[test]
fn the_hint_of_each_phase_is_in_the_docs() {
    let hints = include_str!("../../src/ts/errors/hints.ts").split("hintsOfPhase").nth(1).unwrap_or_default();
    let told = |line: &'static str| line.trim().strip_suffix("\",")?.split_once(": \"");
    let hints: Vec<_> = hints.lines().filter_map(told).collect();
    assert_eq!(hints.len(), 6);
    for (phase, hint) in hints {
        assert!(PAGES.contains(&format!("| `{phase}` | {hint} |")), "{phase}: {hint}");
    }
}
