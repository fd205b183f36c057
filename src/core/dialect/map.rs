//! What a value is, by the keys on the way to it: an automaton that takes one step for each key. It is made at
//! compile time from the ways of all forms and from what failures say. Arrays are no step.

use super::automaton::Map;
use super::formats::FORMS;
use super::keys::{KEYS, Key};
use super::uses::{Use, Way};

/// A place in documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(pub(super) u8);

impl Node {
    pub(super) const NOWHERE: Self = Self(0);
    pub(super) const ROOT: Self = Self(1);
    /// A place in a document that is a list.
    pub(super) const LIST: Self = Self(2);
    pub(super) const ERROR: Self = Self(3);
    pub(super) const BELOW_ERROR: Self = Self(4);
    const WORDS: Self = Self(5);
    const KIND: Self = Self(6);
    const KIND_OF_ERROR: Self = Self(7);
    /// A member of the document itself whose name says nothing.
    pub(super) const UNKNOWN: Self = Self(8);
    /// How many nodes there are before those of the forms.
    pub(super) const FIRST: usize = 9;

    /// The value of `key` in an object there.
    pub(super) fn below(self, key: Key) -> Self {
        let row = MAP.next.get(usize::from(self.0));
        Self(row.and_then(|row| row.get(key as usize)).copied().unwrap_or_default())
    }

    pub(super) fn used(self) -> Use {
        MAP.uses.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    pub(super) const fn number(self) -> u8 {
        self.0
    }

    pub(super) const fn of(number: u8) -> Self {
        Self(number)
    }

    pub(super) fn is_of_error(self) -> bool {
        matches!(self, Self::ERROR | Self::BELOW_ERROR)
    }
}

/// The number of nodes that the forms need: one too few does not compile.
const NODES: usize = NEEDED.count;

static MAP: Map<NODES> = NEEDED.fitted();
const NEEDED: Map<128> = Map::built();

/// Keys that say that something is wrong, wherever they stand.
const ERRORS: [Key; 2] = [Key::Error, Key::Errors];
/// Keys that say why, and keys that hold those.
const REASONS: [Key; 3] = [Key::ErrorMessage, Key::Message, Key::Detail];
/// What the document says about itself.
const OWN: [(Key, Use); 12] = [
    (Key::Code, Use::Code),
    (Key::ErrorCode, Use::OwnCode),
    (Key::Type, Use::Type),
    (Key::Event, Use::Type),
    (Key::Status, Use::Status),
    (Key::Estimate, Use::Estimate),
    (Key::Object, Use::Object),
    (Key::Success, Use::Success),
    (Key::Id, Use::Id),
    (Key::JsonRpc, Use::JsonRpc),
    (Key::RetryAfter, Use::Wait),
    (Key::RetryAfterMs, Use::WaitMs),
];
/// When to come back, anywhere in an error.
const WAITS: [(Key, Use); 3] =
    [(Key::RetryAfter, Use::Wait), (Key::RetryAfterMs, Use::WaitMs), (Key::ResetAt, Use::WaitUntil)];

#[expect(clippy::indexing_slicing, reason = "at compile time")]
impl<const N: usize> Map<N> {
    const fn built() -> Self {
        let mut map =
            Self { next: [[0; KEYS]; N], uses: [Use::Nothing; N], count: Node::FIRST, leaves: [0; _] };
        map.take_forms(true);
        map.take_forms(false);
        map.take_failures();
        map.take(&[Key::Error, Key::Metadata, Key::Raw], Use::WordsOfError); // OpenRouter
        // A job says in its `data` why it has failed: Dify, WaveSpeed.
        let data = map.way(&[Key::Data]);
        map.next[data][Key::Error as usize] = Node::WORDS.0;
        // Some servers send words about an error always, and an object only then: Tencent.
        let words = map.node(Use::Words);
        map.next[words] = map.next[Node::ERROR.0 as usize];
        map.next[Node::ROOT.0 as usize][Key::ErrorMessage as usize] = words as u8;
        map.next[Node::ERROR.0 as usize][Key::Raw as usize] = Node::ERROR.0;
        map.next[Node::ROOT.0 as usize][Key::Other as usize] = Node::UNKNOWN.0;
        map.next[Node::LIST.0 as usize] = map.next[Node::ROOT.0 as usize];
        map.uses[Node::LIST.0 as usize] = Use::Result;
        map.merged().merged()
    }

    /// First the lines about everything below a node; the others are exceptions.
    const fn take_forms(&mut self, all: bool) {
        let mut form = 0;
        while form < FORMS.len() {
            let mut nth = 0;
            while nth < FORMS[form].len() {
                let Way { keys, used, .. } = FORMS[form][nth];
                if all && FORMS[form][nth].all {
                    let node = self.way(keys);
                    self.next[node] = [self.below(used); KEYS];
                } else if !all && !FORMS[form][nth].all {
                    self.take(keys, used);
                }
                nth += 1;
            }
            form += 1;
        }
    }

    const fn take_failures(&mut self) {
        self.uses[Node::ERROR.0 as usize] = Use::WordsOfError;
        self.uses[Node::BELOW_ERROR.0 as usize] = Use::Mention;
        self.uses[Node::WORDS.0 as usize] = Use::Words;
        self.uses[Node::KIND.0 as usize] = Use::Kind;
        self.uses[Node::KIND_OF_ERROR.0 as usize] = Use::KindOfError;
        self.uses[Node::ROOT.0 as usize] = Use::Words; // a text alone comes from a proxy
        self.next[Node::BELOW_ERROR.0 as usize] = [Node::BELOW_ERROR.0; KEYS];
        self.next[Node::KIND_OF_ERROR.0 as usize] = [Node::BELOW_ERROR.0; KEYS];
        let mut nth = 0;
        while nth < WAITS.len() {
            let leaf = self.leaf(WAITS[nth].1);
            self.next[Node::BELOW_ERROR.0 as usize][WAITS[nth].0 as usize] = leaf;
            self.next[Node::WORDS.0 as usize][WAITS[nth].0 as usize] = leaf;
            nth += 1;
        }
        self.next[Node::ERROR.0 as usize] = self.next[Node::BELOW_ERROR.0 as usize];
        self.take_reasons(Node::ERROR.0 as usize, Node::ERROR, Node::KIND_OF_ERROR);
        self.take_reasons(Node::WORDS.0 as usize, Node::WORDS, Node::KIND);
        // The streamed form of `/v1/responses` wraps the whole answer, and a choice may have an error of its own.
        let wraps = [Key::Response, Key::Choices, Key::BaseResp];
        let mut nth = 0;
        while nth < wraps.len() {
            let node = self.way(&[wraps[nth]]);
            self.take_own(node, if nth == 2 { Use::OwnCode } else { Use::Kind });
            nth += 1;
        }
        self.take_own(Node::ROOT.0 as usize, Use::Code);
    }

    const fn take_own(&mut self, node: usize, code: Use) {
        let mut nth = 0;
        while nth < OWN.len() {
            let (key, used) = OWN[nth];
            let used = if let Use::Code | Use::OwnCode = used
                && !matches!(code, Use::Code)
            {
                code
            } else {
                used
            };
            if self.next[node][key as usize] == 0 {
                self.next[node][key as usize] = self.leaf(used);
            }
            nth += 1;
        }
        self.next[node][Key::ErrorType as usize] = Node::KIND_OF_ERROR.0;
        self.take_reasons(node, Node::WORDS, Node::KIND);
    }

    /// The keys of an object that is a failure, or may be one: `reasons` says why, `kind` names it.
    const fn take_reasons(&mut self, node: usize, reasons: Node, kind: Node) {
        let kinds = [Key::Code, Key::ErrorCode, Key::ErrorType, Key::Type, Key::Status];
        let mut nth = 0;
        while nth < kinds.len() {
            let is_type = matches!(kinds[nth], Key::ErrorType);
            self.fill(node, kinds[nth], if is_type { Node::KIND_OF_ERROR } else { kind });
            nth += 1;
        }
        nth = 0;
        while nth < REASONS.len() {
            self.fill(node, REASONS[nth], reasons);
            nth += 1;
        }
        nth = 0;
        while nth < ERRORS.len() {
            self.fill(node, ERRORS[nth], Node::ERROR);
            nth += 1;
        }
    }
}
