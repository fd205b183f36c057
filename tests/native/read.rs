//! Bodies, read as production reads them.

use query_with_retry::core::body::{Reading, Wanted};
use query_with_retry::core::classify::Body;

fn read(text: &str, content_type: &str, wanted: Option<Wanted>) -> Body {
    let mut reading = Reading::new(content_type, wanted);
    reading.push(text.as_bytes());
    reading.end().0
}

/// A body with a status of success, wanted as what its content type says.
pub(crate) fn of_success(text: &str, content_type: &str) -> Body {
    read(text, content_type, Some(Wanted::Auto))
}

/// As much of an error's body as was read; or an event that is one.
pub(crate) fn of_error(text: &str) -> Body {
    read(text, "", None)
}
