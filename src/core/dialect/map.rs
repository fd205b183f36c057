//! What a value is, by the keys on the way to it: an automaton that takes a step a key, made at compile time of the ways of
//! all forms and of what failures say. Arrays are no step.

use super::formats::FORMS;
use super::keys::{KEYS, Key};

/// What a value is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Use {
    #[default]
    Nothing,

    // Of an answer.
    /// Text for people, and a result.
    Text,
    /// The same in another place, for those who have it there alone: not read where there is the other.
    Instead,
    /// The same, if it is all of the answer, and not an event of some form that we do not know.
    Alone,
    /// The whole text, beside the last piece of it or instead of all.
    Whole,
    /// A result, if it is not empty.
    Result,
    /// The reason for which an answer is at its end, if it is no empty one.
    Finish,
    /// The same in the provider's own word, which counts only if it is a failure.
    NativeFinish,
    /// The answer is at its end, if it is true.
    Done,
    /// Likewise, in a form of which nothing else is known.
    Finished,
    /// This piece is none for people, if it is true.
    Special,
    /// Which of several answers it is about.
    Index,
    /// Each object is one of several answers.
    Choices,
    /// A piece of one, and all of it.
    Delta,
    Message,
    /// A token of TGI's.
    Token,
    /// Each object is a piece of the text.
    Pieces,

    // Of a failure.
    /// Says what is the matter.
    Words,
    /// And that something is.
    WordsOfError,
    /// Whatever it is called, something is said of an error.
    Mention,
    /// Names what is the matter, or is the status.
    Kind,
    KindOfError,
    /// Of the document itself, where it is a failure's beside words.
    Code,
    /// Likewise; any number but 0 is one, since Baidu and MiniMax refuse with a 200 and numbers of their own.
    OwnCode,
    Estimate,
    /// When to come back: in seconds or with its unit, in ms, as a Unix time.
    Wait,
    WaitMs,
    WaitUntil,

    // Of the document itself.
    Type,
    Object,
    Status,
    Success,
    Id,
    JsonRpc,
}

/// A line of a form: a value, or with `all` whatever is below it at any level and has no line of its own.
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
    /// In a document that is a list.
    pub(super) const LIST: Self = Self(2);
    const ERROR: Self = Self(3);
    const BELOW_ERROR: Self = Self(4);
    const WORDS: Self = Self(5);
    const KIND: Self = Self(6);
    const KIND_OF_ERROR: Self = Self(7);
    /// How many there are before those that forms add.
    const FIRST: usize = 8;

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

/// As many as there are; one too few does not compile.
const NODES: usize = NEEDED.count;

struct Map<const N: usize> {
    next: [[u8; KEYS]; N],
    uses: [Use; N],
    count: usize,
    /// Of each use of the document's own values its node.
    leaves: [u8; Use::JsonRpc as usize + 1],
}

static MAP: Map<NODES> = Map::built();
const NEEDED: Map<128> = Map::built();

/// What says that something is the matter, wherever it stands.
const ERRORS: [Key; 2] = [Key::Error, Key::Errors];
/// What says why, and what holds what does.
const REASONS: [Key; 5] = [Key::ErrorMessage, Key::Message, Key::Detail, Key::Title, Key::Warnings];
/// What the document says of itself.
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
        map.take(&[Key::Error, Key::Metadata, Key::Raw], Use::WordsOfError); // of OpenRouter
        map.next[Node::LIST.0 as usize] = map.next[Node::ROOT.0 as usize];
        map.uses[Node::LIST.0 as usize] = Use::Result;
        map
    }

    /// First those that are about all below them: others are exceptions.
    const fn take_forms(&mut self, all: bool) {
        let mut form = 0;
        while form < FORMS.len() {
            let mut nth = 0;
            while nth < FORMS[form].len() {
                let Way { keys, used, .. } = FORMS[form][nth];
                if all && FORMS[form][nth].all {
                    let node = self.way(keys);
                    let below = self.node(used);
                    self.next[below] = [below as u8; KEYS];
                    self.next[node] = [below as u8; KEYS];
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

    /// The node at the end of a way, of its own.
    const fn way(&mut self, keys: &[Key]) -> usize {
        let mut node = Node::ROOT.0 as usize;
        let mut nth = 0;
        while nth < keys.len() {
            let key = keys[nth] as usize;
            let next = self.next[node][key] as usize;
            // What is about all below, or says nothing, is not changed for others.
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

    /// What has no keys is the same wherever it stands.
    const fn leaf(&mut self, used: Use) -> u8 {
        let leaf = &mut self.leaves[used as usize];
        if *leaf == 0 {
            *leaf = self.count as u8;
            self.node(used);
        }
        self.leaves[used as usize]
    }

    const fn take_failures(&mut self) {
        self.uses[Node::ERROR.0 as usize] = Use::WordsOfError;
        self.uses[Node::BELOW_ERROR.0 as usize] = Use::Mention;
        self.uses[Node::WORDS.0 as usize] = Use::Words;
        self.uses[Node::KIND.0 as usize] = Use::Kind;
        self.uses[Node::KIND_OF_ERROR.0 as usize] = Use::KindOfError;
        self.uses[Node::ROOT.0 as usize] = Use::Words; // a text alone is what a proxy says
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
        // The streamed form of `/v1/responses` wraps the whole, and a choice may have an error of its own.
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

    /// What stands in an object that is a failure, or may be: `reasons` says why, `kind` names it.
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

    /// What has a line of its own in a form keeps it, and is the rest of `other` beside.
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
