//! API keys that have spent their limit. A target that refuses such a key again and answers other keys is not full.

use crate::core::time::Instant;

/// The number of a key: calls with the same key share it. Two keys with one number count as one.
pub type KeyId = u32;

/// A target that refuses more keys than this at a time is full.
const MOST: usize = 64;

/// Keys that were refused and not answered since, each with its first refusal. The oldest is dropped first.
#[derive(Clone, Debug, Default)]
pub struct SpentKeys(Vec<(KeyId, Instant)>);

impl SpentKeys {
    /// The key was answered: its limit is not spent any more.
    pub fn answered(&mut self, key: KeyId) {
        self.0.retain(|(spent, _)| *spent != key);
    }

    /// The key is refused. Returns true if it was refused before and other keys were answered since, the last one at
    /// `worked`.
    pub fn refused(&mut self, now: Instant, key: KeyId, worked: Option<Instant>) -> bool {
        if self.0.iter().any(|(spent, _)| *spent == key) {
            return self.is_spent(key, worked);
        }
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push((key, now));
        false
    }

    /// What [`Self::refused`] returned last.
    pub fn is_spent(&self, key: KeyId, worked: Option<Instant>) -> bool {
        self.0.iter().any(|(spent, since)| *spent == key && worked.is_some_and(|worked| worked > *since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_ms(ms)
    }

    #[test]
    fn a_key_that_is_refused_again_while_others_are_answered_is_spent() {
        let mut keys = SpentKeys::default();
        assert!(!keys.refused(at(10), 1, Some(at(9))), "the first time it may be the target");
        assert!(!keys.refused(at(11), 1, Some(at(10))), "nobody was answered since");
        assert!(keys.refused(at(13), 1, Some(at(12))));
        assert!(!keys.refused(at(13), 2, Some(at(12))), "another key has to be refused twice as well");
        keys.answered(1);
        assert!(!keys.refused(at(15), 1, Some(at(14))));
    }

    #[test]
    fn where_many_keys_are_refused_it_is_the_target() {
        let mut keys = SpentKeys::default();
        for round in 0..3 {
            for key in 0..65 {
                assert!(
                    !keys.refused(at(round * 100 + u64::from(key)), key, Some(at(1_000))),
                    "{round} {key}"
                );
            }
        }
    }
}
