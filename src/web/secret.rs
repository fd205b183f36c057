//! Keeps tokens out of whatever is shown.

/// Shorter ones would blank out ordinary words, and protect nobody.
const SHORTEST: usize = 4;
/// The longest text of a server that is passed on.
const LONGEST_DETAIL: usize = 2000;

/// The values of one call that may not be shown.
#[derive(Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn add(&mut self, value: &str) {
        // "Bearer abc" is a secret as a whole, and "abc" alone is one too.
        for secret in [value, value.rsplit(' ').next().unwrap_or(value)] {
            if secret.len() >= SHORTEST && !self.0.iter().any(|known| known == secret) {
                self.0.push(secret.into());
            }
        }
    }

    /// A server's words as they may be shown: without secrets, then cut.
    pub(super) fn shown(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "[secret]");
            }
        }
        text.chars().take(LONGEST_DETAIL).collect()
    }
}
