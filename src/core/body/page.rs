//! A page in place of an answer: what a proxy says, in short and in full.

/// The title, or the first heading.
pub(in crate::core) fn title(page: &[u8]) -> Vec<u8> {
    let find = |text: &[u8], tag: &[u8]| text.windows(tag.len()).position(|at| at.eq_ignore_ascii_case(tag));
    let inside = |tag| {
        let opened = page.get(find(page, tag)?..)?;
        let begun = opened.get(find(opened, b">")? + 1..)?;
        begun.get(..find(begun, b"<")?)
    };
    inside(b"<title").or_else(|| inside(b"<h1")).unwrap_or_default().trim_ascii().to_vec()
}

/// The words of the page, without its tags.
pub(super) fn words(page: &[u8]) -> Vec<u8> {
    let mut words = Vec::with_capacity(page.len());
    let mut parts = page.split(|byte| *byte == b'<');
    words.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        // A tag that is not closed is a word.
        let closes = part.iter().position(|byte| *byte == b'>').map_or(0, |at| at + 1);
        words.push(b' ');
        words.extend_from_slice(part.get(closes..).unwrap_or_default());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::{title, words};

    #[test]
    fn a_page_says_in_its_title_what_it_is_about() {
        assert_eq!(title(b"<html><HEAD><Title lang=en> 502 Bad\nGateway </title>"), b"502 Bad\nGateway");
        assert_eq!(title(b"<body><h1>Just a moment...</h1>"), b"Just a moment...");
        for none in [b"<title".as_slice(), b"<title>", b"<h1>never closed", b"", b"<p>x</p>"] {
            assert_eq!(title(none), b"", "{none:?}");
        }
    }

    #[test]
    fn its_words_are_what_stands_between_its_tags() {
        assert_eq!(words(b"<p>model <b>is</b> loading</p>"), b" model  is  loading ");
        assert_eq!(words(b"no tags"), b"no tags");
        assert_eq!(words(b"<<<open"), b"   open");
    }
}
