//! If a key stands twice in an object, the last one counts, as in `JSON.parse`.
//!
//! The first one does not show that another will follow. So a document with such keys is read once more, without
//! those that do not count. Only keys that have a meaning are tracked.

use super::cursor::DEEPEST;
use super::keys::{NAMES, Name};

/// A document with more of them is an attack, and all later ones count.
const MOST: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Repeats {
    objects: [Object; DEEPEST],
    /// How many keys have come in all documents, and how many before this one.
    keys: u32,
    begun: u32,
    /// The keys that do not count.
    without: [u32; MOST],
    count: usize,
    /// The document is read again.
    is_again: bool,
}

/// The newest object at one depth.
#[derive(Clone, Copy, Debug)]
struct Object {
    /// The number of keys before the object.
    begun: u32,
    /// The newest key of each name.
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

    /// An object begins at this depth.
    pub(super) fn opens(&mut self, depth: usize) {
        if let Some(object) = self.objects.get_mut(depth) {
            object.begun = self.keys;
        }
    }

    /// A key comes, with any name.
    pub(super) fn comes(&mut self) {
        self.keys = self.keys.wrapping_add(1);
    }

    /// A key with a meaning comes, in an object at this depth. Returns whether it counts.
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
