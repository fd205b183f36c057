//! What a value is, by the keys on the way to it: an automaton that takes one step for each key. It is made at
//! compile time from the ways of all forms and from what failures say. Arrays are no step.

use super::formats::FORMS;
use super::keys::{KEYS, Key};

/// What a value means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Use {
    #[default]
    Nothing,

    // In an answer.
    /// Text for people, and a result.
    Text,
    /// The same in another place, for servers that have it only there. Not read if the usual place has text.
    Instead,
    /// The same, if it is the whole answer, and not an event of an unknown form.
    Alone,
    /// The whole text, beside its last piece or instead of all pieces.
    Whole,
    /// A result, if it is not empty.
    Result,
    /// The reason for which an answer has ended, unless it is empty.
    Finish,
    /// The same in the provider's own word, which counts only if it is a failure.
    NativeFinish,
    /// The answer has ended, if this is true.
    Done,
    /// The same, in a form of which nothing else is known.
    Finished,
    /// This piece is not for people, if this is true.
    Special,
    /// The index of one of several answers.
    Index,
    /// Each object is one of several answers.
    Choices,
    /// A piece of an answer, or all of it.
    Delta,
    Message,
    /// A token of TGI.
    Token,
    /// Each object is a piece of the text.
    Pieces,

    // In a failure.
    /// Says what the matter is.
    Words,
    /// Says so, and that it is an error.
    WordsOfError,
    /// An error is mentioned, whatever this key is called.
    Mention,
    /// The name of the failure, or its status.
    Kind,
    KindOfError,
    /// The same for a key of the document itself, if it stands beside words of a failure.
    Code,
    /// The same; any number but 0 is a failure, because Baidu and MiniMax refuse with a 200 and numbers of their own.
    OwnCode,
    Estimate,
    /// When to come back: in seconds or with its unit, in ms, as a Unix time.
    Wait,
    WaitMs,
    WaitUntil,

    // Keys of the document itself.
    Type,
    Object,
    Status,
    Success,
    Id,
    JsonRpc,
}

/// A line of a form: a value, or with `all` everything below it, at any level, that has no line of its own.
pub(super) struct Way {
    pub(super) keys: &'static [Key],
    pub(super) all: bool,
    pub(super) used: Use,
}

/// A place in documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node(u8);

impl Node {
    pub(super) const NOWHERE: Self = Self(0);
    pub(super) const ROOT: Self = Self(1);
    /// A place in a document that is a list.
    pub(super) const LIST: Self = Self(2);
    const ERROR: Self = Self(3);
    const BELOW_ERROR: Self = Self(4);
    const WORDS: Self = Self(5);
    const KIND: Self = Self(6);
    const KIND_OF_ERROR: Self = Self(7);
    /// A member of the document itself whose name says nothing.
    pub(super) const UNKNOWN: Self = Self(8);
    /// How many nodes there are before those of the forms.
    const FIRST: usize = 9;

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

/// Exactly as many as are needed: one too few does not compile.
const NODES: usize = NEEDED.count;

struct Map<const N: usize> {
    next: [[u8; KEYS]; N],
    uses: [Use; N],
    count: usize,
    /// The node of each use of the document's own values.
    leaves: [u8; Use::JsonRpc as usize + 1],
}

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

    const fn take(&mut self, keys: &[Key], used: Use) {
        let node = self.way(keys);
        self.uses[node] = used;
    }

    /// The node at the end of a way, which belongs to that way.
    const fn way(&mut self, keys: &[Key]) -> usize {
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

    const fn node(&mut self, used: Use) -> usize {
        self.uses[self.count] = used;
        self.count += 1;
        self.count - 1
    }

    /// A value without keys is the same wherever it stands.
    const fn leaf(&mut self, used: Use) -> u8 {
        let leaf = &mut self.leaves[used as usize];
        if *leaf == 0 {
            *leaf = self.count as u8;
            self.node(used);
        }
        self.leaves[used as usize]
    }

    /// The node of everything below a node.
    const fn below(&mut self, used: Use) -> u8 {
        let is_new = self.leaves[used as usize] == 0;
        let below = self.leaf(used);
        if is_new {
            self.next[below as usize] = [below; KEYS];
        }
        below
    }

    /// Nodes that are alike become one.
    const fn merged(mut self) -> Self {
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
    const fn fitted<const FEWER: usize>(&self) -> Map<FEWER> {
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

    const fn are_alike(&self, one: usize, other: usize) -> bool {
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

    const fn redirect(&mut self, from: usize, to: usize) {
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

    /// A key that has a line in a form keeps it; all other keys are as in `other`.
    const fn fill(&mut self, node: usize, key: Key, other: Node) {
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
