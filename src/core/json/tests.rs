//! The grammar rule by rule; every document is fed whole, byte by byte, and cut in two at every position.

use super::*;

/// What the scanner reports, as words, with the parts of a text joined.
#[derive(Default)]
struct Words {
    seen: Vec<String>,
    text: Vec<u8>,
}

impl Words {
    fn say(&mut self, word: impl Into<String>) {
        self.seen.push(word.into());
    }

    fn part(&mut self, part: &[u8], is_last: bool) -> Option<String> {
        self.text.extend_from_slice(part);
        is_last.then(|| String::from_utf8_lossy(&std::mem::take(&mut self.text)).into_owned())
    }
}

impl Sink for Words {
    fn opens(&mut self, is_object: bool) {
        self.say(if is_object { "{" } else { "[" });
    }

    fn closes(&mut self, is_object: bool) {
        self.say(if is_object { "}" } else { "]" });
    }

    fn key(&mut self, part: &[u8], is_last: bool) {
        if let Some(key) = self.part(part, is_last) {
            self.say(format!("{key}:"));
        }
    }

    fn text(&mut self, part: &[u8], is_last: bool) {
        if let Some(text) = self.part(part, is_last) {
            self.say(format!("\"{text}\""));
        }
    }

    fn number(&mut self, written: &[u8]) {
        self.say(String::from_utf8_lossy(written));
    }

    fn literal(&mut self, value: Option<bool>) {
        self.say(value.map_or("null".to_owned(), |value| value.to_string()));
    }
}

/// A document that is no JSON ends with "!".
fn told(pieces: &[&[u8]]) -> Vec<String> {
    let (mut scanner, mut words) = (Scanner::default(), Words::default());
    let mut ok = pieces.iter().try_for_each(|piece| scanner.push(piece, &mut words)).is_ok();
    ok = scanner.end(&mut words).is_ok() && ok;
    if !ok {
        words.say("!");
    }
    words.seen
}

#[track_caller]
fn expect(document: impl AsRef<[u8]>, tokens: &str) {
    let document = document.as_ref();
    let whole = told(&[document]);
    assert_eq!(whole.join(" "), tokens);
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    assert_eq!(told(&bytes), whole, "byte by byte");
    for at in 0..=document.len() {
        let (left, right) = document.split_at(at);
        assert_eq!(told(&[left, b"", right]), whole, "cut at {at}");
    }
}

#[test]
fn objects_and_arrays_hold_values_and_each_other() {
    expect(r#" {"a" : [1, {"b":null}, true ],"c":false}	"#, "{ a: [ 1 { b: null } true ] c: false }");
    expect("[]", "[ ]");
    expect("{}", "{ }");
    expect("[[],{}]", "[ [ ] { } ]");
}

#[test]
fn a_value_alone_is_a_document() {
    for one in ["1", "-0.5e+10", "true", "false", "null"] {
        expect(one, one);
        expect(format!(" {one}\n"), one);
    }
    expect(r#""x""#, "\"x\"");
    expect(r#""""#, "\"\"");
}

#[test]
fn escapes_are_undone() {
    expect(r#""\"\\\/\b\f\n\r\tA\u00e4\u20AC""#, "\"\"\\/\u{8}\u{c}\n\r\tAä€\"");
    expect(r#"{"\u0065rror":1}"#, "{ error: 1 }");
}

#[test]
fn halves_of_a_surrogate_pair_are_one_character_and_each_alone_is_three_bytes() {
    expect(r#""\ud83d\ude00""#, "\"😀\"");
    let bytes = |document: &str| {
        let (mut scanner, mut words) = (Scanner::default(), Bytes::default());
        scanner.push(document.as_bytes(), &mut words).unwrap();
        words.0
    };
    const HIGH: &[u8] = b"\xed\xa0\xbd";
    const LOW: &[u8] = b"\xed\xb8\x80";
    assert_eq!(bytes(r#""\ud83d""#), HIGH);
    assert_eq!(bytes(r#""\ude00x""#), [LOW, b"x"].concat());
    assert_eq!(bytes(r#""\ud83dx\ude00""#), [HIGH, b"x", LOW].concat());
    assert_eq!(bytes(r#""\ud83d\ud83d\ude00""#), [HIGH, "😀".as_bytes()].concat());
    assert_eq!(bytes(r#""\ud83d\n""#), [HIGH, b"\n"].concat());
}

/// The bytes of a text alone.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn opens(&mut self, _: bool) {}
    fn closes(&mut self, _: bool) {}
    fn key(&mut self, _: &[u8], _: bool) {}
    fn number(&mut self, _: &[u8]) {}
    fn literal(&mut self, _: Option<bool>) {}

    fn text(&mut self, part: &[u8], _: bool) {
        self.0.extend_from_slice(part);
    }
}

#[test]
fn bytes_beyond_ascii_pass_as_they_came() {
    expect("\"ä€😀\"", "\"ä€😀\"");
    expect(b"\"\xff\"", "\"\u{fffd}\"");
}

#[test]
fn one_byte_order_mark_at_the_very_beginning_is_nothing() {
    expect("\u{feff}[1]", "[ 1 ]");
    expect("\u{feff}\u{feff}1", "!");
    expect(" \u{feff}1", "!");
    expect(b"\xef\xbb1", "!");
}

#[test]
fn numbers_have_the_grammar_of_json_and_no_other() {
    for good in ["0", "-0", "10", "1.5", "0.25", "1e5", "1E-5", "-1.0e+05"] {
        expect(good, good);
        expect(format!("[{good},{good}]"), &format!("[ {good} {good} ]"));
    }
    for bad in
        ["01", "-", "+1", ".5", "1.", "1e", "1e+", "1.e5", "0x1", "NaN", "Infinity", "-Infinity", "--1", "1-"]
    {
        assert!(told(&[bad.as_bytes()]).ends_with(&["!".to_owned()]), "{bad}");
        assert!(told(&[format!("[{bad}]").as_bytes()]).ends_with(&["!".to_owned()]), "[{bad}]");
    }
}

#[test]
fn a_long_number_is_a_number_and_its_beginning_is_reported() {
    let long = "1".repeat(100);
    expect(&long, &long[..32]);
}

#[test]
fn documents_that_json_parse_refuses_are_refused() {
    for bad in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "]",
        "}",
        "{]",
        "[}",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "{,}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "{'a':1}",
        "[1 2]",
        "1 2",
        "[1}",
        "{\"a\":1]",
        "{\"a\":[1}",
        "[{\"a\":1]",
        "[] []",
        "tru",
        "True",
        "nul",
        "nulll",
        "undefined",
        "\"\t\"",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12",
        "\"\\",
        "//x\n1",
        "/**/1",
        "{\"a\":1}}",
        "[1]]",
        "\u{b}1",
        "\u{a0}1",
    ] {
        assert!(told(&[bad.as_bytes()]).ends_with(&["!".to_owned()]), "{bad}");
    }
}

#[test]
fn a_document_deeper_than_the_limit_is_refused_and_one_as_deep_is_not() {
    let nested = |deep: usize| ["[".repeat(deep), "]".repeat(deep)].concat();
    assert!(!told(&[nested(DEEPEST).as_bytes()]).contains(&"!".to_owned()));
    assert!(told(&[nested(DEEPEST + 1).as_bytes()]).contains(&"!".to_owned()));
    let objects = ["{\"a\":".repeat(DEEPEST + 1).as_bytes(), b"1"].concat();
    assert!(told(&[&objects]).contains(&"!".to_owned()));
}

#[test]
fn nothing_after_the_first_mistake_is_reported() {
    let (mut scanner, mut words) = (Scanner::default(), Words::default());
    assert_eq!(scanner.push(b"[1,x", &mut words), Err(NoJson::Malformed));
    assert_eq!(scanner.push(b"[1,2]", &mut words), Err(NoJson::Malformed));
    assert_eq!(scanner.push(b" ", &mut words), Err(NoJson::Malformed));
    assert_eq!(scanner.end(&mut words), Err(NoJson::Malformed));
    assert_eq!(words.seen, ["[", "1"]);
}

#[test]
fn a_value_is_over_as_soon_as_its_last_byte_has_come() {
    let (mut scanner, mut words) = (Scanner::default(), Words::default());
    for (piece, open, over) in [
        ("", false, false),
        ("{\"a\":[", true, false),
        ("1]", true, false),
        ("}", false, true),
        ("\n", false, true),
    ] {
        scanner.push(piece.as_bytes(), &mut words).unwrap();
        assert_eq!((scanner.is_open(), scanner.is_over()), (open, over), "{piece}");
    }
}

#[test]
fn a_decimal_of_seconds_is_milliseconds() {
    for (written, ms) in [
        ("20", Some(20_000)),
        ("20.5", Some(20_500)),
        ("0.1", Some(100)),
        ("0.0015", Some(1)),
        ("0.0005", Some(0)),
        ("1e3", None),
        ("0.333333333333333333333333333333", Some(333)),
        ("99999999999999999999", None),
        ("1.", None),
        (".5", None),
        ("-1", None),
        ("", None),
        ("1.2.3", None),
        ("x", None),
    ] {
        assert_eq!(millis(written.as_bytes()), ms, "{written}");
    }
}

#[test]
fn a_value_a_key_or_a_colon_where_none_may_stand_is_no_json() {
    for value in ["1", "\"a\"", "null", "true", "false", "{}", "[]"] {
        for document in [
            format!("[0 {value}]"),
            format!("[[]{value}]"),
            format!("{value} {value}"),
            format!("{{{value}}}"),
            format!("{{\"a\" {value}}}"),
            format!("{{\"a\":0 {value}}}"),
            format!("[{value}:0]"),
            format!("{value}:"),
            format!(":{value}"),
        ] {
            assert!(told(&[document.as_bytes()]).ends_with(&["!".to_owned()]), "{document}");
        }
    }
}
