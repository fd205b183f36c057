//! Spans of time as servers write them: `20`, `1.5`, `2.5s`, `6m0s`, `1h28m`, `831.0 seconds`.

/// Digits only, and few enough not to overflow.
pub(super) fn whole(digits: &[u8]) -> Option<u64> {
    let plain = (1..=13).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

/// A decimal number at the beginning, in thousandths rounded up, and what stands behind it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (integer, mut rest) = text.split_at_checked(digits(text))?;
    let mut thousandths = whole(integer)?.saturating_mul(1000);
    if let [b'.', behind @ ..] = rest {
        let (fraction, behind) = behind.split_at_checked(digits(behind))?;
        if !fraction.is_empty() {
            let (three, more) = fraction.split_at_checked(3).unwrap_or((fraction, &[]));
            let scale = [1000, 100, 10, 1].get(three.len()).copied()?;
            let rounds_up = more.iter().any(|digit| *digit != b'0');
            thousandths += whole(three)? * scale + u64::from(rounds_up);
            rest = behind;
        }
    }
    Some((thousandths, rest))
}

/// How many milliseconds a unit has, and what stands behind it.
fn unit(text: &[u8]) -> Option<(u64, &[u8])> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let length = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (word, rest) = text.split_at_checked(length)?;
    let is = |short: &[u8], long: &[u8]| {
        word.eq_ignore_ascii_case(short)
            || word.get(..long.len()).is_some_and(|start| start.eq_ignore_ascii_case(long))
    };
    let ms = match () {
        () if is(b"ms", b"milli") => 1,
        () if is(b"s", b"sec") => 1000,
        () if is(b"m", b"min") => 60_000,
        () if is(b"h", b"hour") || is(b"hr", b"hrs") => 3_600_000,
        () if is(b"d", b"day") => 86_400_000,
        () => return None,
    };
    Some((ms, rest))
}

/// A span with its units at the beginning, in ms rounded up, and what stands behind it.
pub(super) fn with_units(text: &[u8]) -> Option<(u64, &[u8])> {
    let (mut sum, mut rest) = (0_u64, text);
    loop {
        let (thousandths, behind) = number(rest)?;
        let (ms, behind) = unit(behind)?;
        sum = sum.saturating_add(thousandths.saturating_mul(ms).div_ceil(1000));
        // "8 hours 24 minutes", "5 minutes and 10 seconds".
        rest = [b" and ".as_slice(), b", ", b" "]
            .iter()
            .find_map(|mark| behind.strip_prefix(*mark))
            .unwrap_or(behind);
        if number(rest).and_then(|(_, unit_of)| unit(unit_of)).is_none() {
            return Some((sum, behind));
        }
    }
}

/// A number that is all of the text, in thousandths.
pub(super) fn plain(text: &[u8]) -> Option<u64> {
    number(text).filter(|(_, rest)| rest.is_empty()).map(|(thousandths, _)| thousandths)
}
