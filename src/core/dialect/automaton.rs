//! How the automaton is made: its nodes, the ways between them, and the merging of nodes that are alike.

use super::keys::{KEYS, Key};
use super::map::Node;
use super::uses::Use;

pub(super) struct Map<const N: usize> {
    pub(super) next: [[u8; KEYS]; N],
    pub(super) uses: [Use; N],
    pub(super) count: usize,
    /// The node of each use of the document's own values.
    pub(super) leaves: [u8; Use::JsonRpc as usize + 1],
}

#[expect(clippy::indexing_slicing, reason = "at compile time")]
impl<const N: usize> Map<N> {
    pub(super) const fn take(&mut self, keys: &[Key], used: Use) {
        let node = self.way(keys);
        self.uses[node] = used;
    }

    /// The node at the end of a way, which belongs to that way.
    pub(super) const fn way(&mut self, keys: &[Key]) -> usize {
        let mut node = Node::ROOT.0 as usize;
        let mut nth = 0;
        while nth < keys.len() {
            let key = keys[nth] as usize;
            let next = self.next[node][key] as usize;
            // A node about everything below, or about nothing, is shared and must not be changed.
            if next == 0 || next == self.next[next][Key::Other as usize] as usize {
                let own = self.node(self.uses[next]);
                self.next[own] = self.next[next];
                self.next[node][key] = own as u8;
                node = own;
            } else {
                node = next;
            }
            nth += 1;
        }
        node
    }

    pub(super) const fn node(&mut self, used: Use) -> usize {
        self.uses[self.count] = used;
        self.count += 1;
        self.count - 1
    }

    /// A value without keys is the same wherever it stands.
    pub(super) const fn leaf(&mut self, used: Use) -> u8 {
        let leaf = &mut self.leaves[used as usize];
        if *leaf == 0 {
            *leaf = self.count as u8;
            self.node(used);
        }
        self.leaves[used as usize]
    }

    /// The node of everything below a node.
    pub(super) const fn below(&mut self, used: Use) -> u8 {
        let is_new = self.leaves[used as usize] == 0;
        let below = self.leaf(used);
        if is_new {
            self.next[below as usize] = [below; KEYS];
        }
        below
    }

    /// Nodes that are alike become one.
    pub(super) const fn merged(mut self) -> Self {
        let mut nth = Node::FIRST;
        while nth < self.count {
            let mut other = 0;
            while other < nth && !self.are_alike(nth, other) {
                // The nodes before have their meaning by their number, except for the first.
                other = if other == 0 { Node::FIRST } else { other + 1 };
            }
            if other >= nth {
                nth += 1;
                continue;
            }
            self.count -= 1;
            self.redirect(nth, other);
            if nth < self.count {
                self.next[nth] = self.next[self.count];
                self.uses[nth] = self.uses[self.count];
                self.redirect(self.count, nth);
            }
        }
        self
    }

    /// The same in as many nodes as there are.
    pub(super) const fn fitted<const FEWER: usize>(&self) -> Map<FEWER> {
        let mut map =
            Map { next: [[0; KEYS]; FEWER], uses: [Use::Nothing; FEWER], count: FEWER, leaves: [0; _] };
        let mut node = 0;
        while node < FEWER {
            map.next[node] = self.next[node];
            map.uses[node] = self.uses[node];
            node += 1;
        }
        map
    }

    pub(super) const fn are_alike(&self, one: usize, other: usize) -> bool {
        if self.uses[one] as usize != self.uses[other] as usize {
            return false;
        }
        let mut key = 0;
        while key < KEYS {
            if self.next[one][key] != self.next[other][key] {
                return false;
            }
            key += 1;
        }
        true
    }

    pub(super) const fn redirect(&mut self, from: usize, to: usize) {
        let mut node = 0;
        while node <= self.count {
            let mut key = 0;
            while key < KEYS {
                if self.next[node][key] as usize == from {
                    self.next[node][key] = to as u8;
                }
                key += 1;
            }
            node += 1;
        }
    }

    /// A key that has a line in a form keeps it; all other keys are as in `other`.
    pub(super) const fn fill(&mut self, node: usize, key: Key, other: Node) {
        let own = self.next[node][key as usize] as usize;
        let other = other.0 as usize;
        if own == 0 || own == Node::BELOW_ERROR.0 as usize {
            self.next[node][key as usize] = other as u8;
            return;
        }
        if own < Node::FIRST {
            return;
        }
        if let Use::Nothing = self.uses[own] {
            self.uses[own] = self.uses[other];
        }
        let mut nth = 0;
        while nth < KEYS {
            if self.next[own][nth] == 0 {
                self.next[own][nth] = self.next[other][nth];
            }
            nth += 1;
        }
    }
}
