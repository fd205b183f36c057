//! Of a key that stands twice in an object the last one counts, as for `JSON.parse`.
//!
//! The first one does not tell that another will follow. So a document that has such keys is read once more, without
//! those that did not count. Only keys that mean something are looked at.

use super::DEEPEST;
use super::keys::{NAMES, Name};

/// A document of more of them is an attack, and all that follow count.
const MOST: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Repeats {
    objects: [Object; DEEPEST],
    /// How many keys have come, in all documents, and when this one began.
    keys: u32,
    begun: u32,
    /// Those that do not count, so many.
    without: [u32; MOST],
    count: usize,
    /// The document is read again.
    is_again: bool,
}

/// The newest object that is inside so many others.
#[derive(Clone, Copy, Debug)]
struct Object {
    /// Keys from then on may be in it.
    begun: u32,
    /// Of each name the newest key.
    newest: [u32; NAMES],
}

impl Default for Object {
    fn default() -> Self {
        Self { begun: 0, newest: [0; NAMES] }
    }
}

impl Repeats {
    pub(super) fn begin(&mut self) {
        (self.begun, self.count, self.is_again) = (self.keys, 0, false);
    }

    pub(super) fn any(&self) -> bool {
        self.count > 0
    }

    /// The same document begins once more.
    pub(super) fn begin_again(&mut self) {
        (self.keys, self.is_again) = (self.begun, true);
    }

    /// An object begins, inside so many others.
    pub(super) fn opens(&mut self, depth: usize) {
        if let Some(object) = self.objects.get_mut(depth) {
            object.begun = self.keys;
        }
    }

    /// A key comes, of whatever name.
    pub(super) fn comes(&mut self) {
        self.keys = self.keys.wrapping_add(1);
    }

    /// It has a name that means something, in an object inside so many others. Whether it counts.
    pub(super) fn counts(&mut self, depth: usize, name: Name) -> bool {
        if self.is_again {
            return !self.without.iter().take(self.count).any(|key| *key == self.keys);
        }
        let Some(Object { begun, newest }) = self.objects.get_mut(depth) else { return true };
        let Some(newest) = newest.get_mut(name.number()) else { return true };
        let before = ::core::mem::replace(newest, self.keys);
        if before > *begun
            && let Some(slot) = self.without.get_mut(self.count)
        {
            *slot = before;
            self.count += 1;
        }
        true
    }
}
