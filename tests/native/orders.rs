//! Options cross to the core by position. `src/ts/wasm/encode.ts` writes them, `src/web/input.rs` reads them, and
//! `tests/wasm/caller.js` is a stand-in for the writer in a browser.

const ENCODE: &str = include_str!("../../src/ts/wasm/encode.ts");
const WARM: &str = include_str!("../../src/ts/call/warm.ts");
const INPUT: &str = include_str!("../../src/web/input.rs");
const ENUMS: &str = include_str!("../../src/ts/wasm/enums.ts");
const CALLER: &str = include_str!("../../tests/wasm/caller.js");

/// What stands between the two texts.
#[track_caller]
fn between(text: &'static str, before: &str, after: &str) -> &'static str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} behind {before}")).0
}

/// The elements of a list of texts or expressions.
fn elements(list: &'static str) -> Vec<&'static str> {
    list.split(',').map(|one| one.trim().trim_matches('"')).filter(|one| !one.is_empty()).collect()
}

/// At which position `optionNumber` returns the option.
#[track_caller]
fn written_at(option: &str) -> usize {
    let body = between(ENCODE, "\nfunction option(", "\n}");
    let (_, first) = body.split_once("[which - ").expect("the first position of the list");
    let first: usize = first.split(']').next().and_then(|first| first.parse().ok()).expect("a number");
    let listed = elements(between(body, "timeouts?.[([", "] as const)"));
    if let Some(nth) = listed.iter().position(|one| *one == option) {
        return first + nth;
    }
    let cases = body.split("case ").skip(1).filter_map(|case| case.split_once(':'));
    let mut found = cases.filter(|(_, returns)| {
        let returns = returns.split(';').next().unwrap_or_default();
        returns.split(|sign: char| !sign.is_alphanumeric()).any(|word| word == option)
    });
    let (position, _) = found.next().unwrap_or_else(|| panic!("no case for {option}"));
    position.parse().expect("a number")
}

/// How the core reads each option of a call. `#` stands for its position.
const READ: [(&str, &str); 11] = [
    ("maxRetries", "max_retries: number(#)"),
    ("maxWaitMs", "max_wait: ms(#)"),
    ("defaultWaitMs", "default_wait: ms(#)"),
    ("hold", "hold: number(#)"),
    ("connectMs", "connect: number(#)"),
    ("firstByteMs", "first_byte: ms(#)"),
    ("idleMs", "idle: ms(#)"),
    ("attemptMs", "attempt: ms(#)"),
    ("totalMs", "total: ms(#)"),
    ("priority", "priority: match number(#)"),
    ("refusedMs", "refused: ms(#)"),
];

#[test]
fn the_core_reads_each_option_of_a_call_at_the_position_where_it_is_written() {
    for (option, reads) in READ {
        let reads = reads.replace('#', &written_at(option).to_string());
        assert!(INPUT.contains(&reads), "{option}: no `{reads}` in src/web/input.rs");
    }
    let warms = between(WARM, "return which === ", " ?");
    assert!(INPUT.contains(&format!("only_warms: number({warms})")), "{warms}");
}

#[test]
fn the_core_reads_each_rule_of_a_client_at_the_position_where_it_is_written() {
    let written = elements(between(ENCODE, "const numbers = [", "];"));
    let read = [
        ("failures", "failures: whole(#,"),
        ("windowMs", "window: ms(#,"),
        ("openMs", "open: ms(#,"),
        ("maxOpenMs", "max_open: ms(#,"),
        ("ratio", "ratio: number(#)"),
        ("burst", "burst: whole(#,"),
        ("min", "min: whole(#,"),
        ("max", "max: whole(#,"),
        ("queue", "queue: whole(#,"),
        ("alert?.ratio", "per_thousand: number(#)"),
        ("alert?.minSamples", "min_samples: whole(#,"),
        ("ephemeral ? 1 : 0", "initial_tokens: match number(#)"),
        ("scope", "let scope = match number(#)"),
        ("isPage ? 1 : 0", "of_network: (number(#) == Some(1.0))"),
        ("typeof coordinator === \"object\" ? Math.random() * 2 ** 53 : undefined", "Some(id) = number(#)"),
    ];
    assert_eq!(written, read.map(|(rule, _)| rule));
    for (position, (rule, reads)) in read.iter().enumerate() {
        let reads = reads.replace('#', &position.to_string());
        assert!(INPUT.contains(&reads), "{rule}: no `{reads}` in src/web/input.rs");
    }
}

#[test]
fn a_key_of_a_coordinator_begins_with_the_version_of_the_state() {
    let context = include_str!("../../src/ts/call/context.ts");
    let view = include_str!("../../src/core/admission/fleet/view.rs");
    assert_eq!(between(context, "const STATE = ", ";"), between(view, "const VERSION: u64 = ", ";"));
}

#[test]
fn the_caller_in_the_browser_has_the_options_at_the_same_positions() {
    let list = elements(between(CALLER, "const NUMBERS = [", "];"));
    for (option, _) in READ {
        let name = if option == "hold" { "holdMs" } else { option };
        assert_eq!(list.iter().position(|one| *one == name), Some(written_at(option)), "{option}");
    }
    let warms = list.iter().position(|one| *one == "onlyWarms").map(|nth| nth.to_string());
    assert_eq!(warms.as_deref(), Some(between(WARM, "return which === ", " ?")));
}

#[test]
fn the_caller_in_the_browser_has_the_names_in_the_same_order() {
    for name in ["profiles", "reasons", "states", "layers", "phases"] {
        let (_, ours) =
            between(ENUMS, &format!("export const {name}"), "];").split_once('[').expect("a list");
        let theirs = between(CALLER, &format!("const {} = [", name.to_uppercase()), "];");
        assert_eq!(elements(theirs), elements(ours.rsplit('[').next().unwrap_or(ours)), "{name}");
    }
}
