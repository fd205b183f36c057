//! The walk through one document: where the next value stands, what it means there, and what was found so far.

use super::alike::Spot;
use super::formats;
use super::keys::{Key, Name};
use super::map::Node;
use super::repeats::Repeats;
use super::said::Said;
use super::short::Short;
use super::uses::Use;
use crate::core::json::{Sink, millis};
use crate::core::time::Duration;

/// The most objects inside each other that have a meaning.
pub(super) const DEEPEST: usize = 8;

/// The place of the next value in the document, and what was found so far.
#[derive(Debug)]
pub(super) struct Cursor {
    node: Node,
    /// What the next value is.
    used: Use,
    /// The node of each open object, a byte each; the innermost is the lowest.
    objects: u64,
    /// How many objects are open.
    depth: usize,
    is_list: bool,
    /// How many arrays are open.
    lists: usize,
    /// The value belongs to `errors` of the document itself. Before that, the document had failed or not.
    in_errors: Option<bool>,
    /// The number of keys of the document itself.
    keys: usize,
    /// An earlier item of the list has failed.
    has_failed: bool,
    pub(super) repeats: Repeats,
    short: Short,
    pub(super) text: Spot,
    pub(super) said: Said,
}

impl Default for Cursor {
    fn default() -> Self {
        let (node, used) = (Node::ROOT, Node::ROOT.used());
        let (short, said) = (Short::default(), Said::default());
        let text = Spot::default();
        Self {
            node,
            used,
            objects: 0,
            depth: 0,
            is_list: false,
            lists: 0,
            in_errors: None,
            keys: 0,
            has_failed: false,
            repeats: Repeats::default(),
            short,
            text,
            said,
        }
    }
}

impl Sink for Cursor {
    fn opens(&mut self, is_object: bool) {
        if !is_object {
            self.lists += 1;
            if self.used == Use::Choices {
                (self.said.found.is_known, self.said.found.has_no_choice) = (true, true);
            }
            if self.depth == 0 {
                self.is_list = true;
                self.goes_to(Node::LIST);
            }
            return;
        }
        match self.used {
            Use::Choices => self.said.choice_begins(),
            Use::Token => self.said.token_begins(),
            Use::Pieces => self.said.piece_begins(),
            Use::Delta => self.said.found.is_piece = true,
            Use::Message => self.said.found.is_message = true,
            _ => {}
        }
        if self.depth == 0 {
            self.has_failed = ::core::mem::take(&mut self.said.found.has_failed);
        }
        self.repeats.opens(self.depth);
        self.depth += 1;
        if self.depth <= DEEPEST {
            self.objects = self.objects << 8 | u64::from(self.node.number());
        }
        self.goes_to(Node::NOWHERE);
    }

    fn closes(&mut self, is_object: bool) {
        if !is_object {
            self.lists = self.lists.saturating_sub(1);
            return;
        }
        let mut node = Node::NOWHERE;
        if self.depth <= DEEPEST {
            node = Node::of(self.objects as u8);
            self.objects >>= 8;
        }
        self.depth -= 1;
        self.goes_to(node);
        if self.depth == 0 {
            self.member_ends();
            self.said.weighs_mishaps();
            // One of several answers in a list may have failed.
            let found = &mut self.said.found;
            found.has_result |= self.is_list && !found.has_failed;
            found.has_failed |= self.has_failed;
            self.said.closes(self.keys);
        }
        if self.used == Use::Choices {
            self.said.choice_ends();
        }
    }

    fn key(&mut self, part: &[u8], is_last: bool) {
        if self.depth == 1 {
            self.member_ends();
        }
        let Some(name) = self.short.push(part, is_last) else { return };
        self.repeats.comes();
        let object = if self.depth <= DEEPEST { Node::of(self.objects as u8) } else { Node::NOWHERE };
        self.said.found.has_more |= object == Node::UNKNOWN;
        // Most of a document has no meaning.
        let name = if object == Node::NOWHERE || object == Node::UNKNOWN { None } else { Name::of(name) };
        if name.is_some_and(|name| !self.repeats.counts(self.depth - 1, name)) {
            return self.goes_to(Node::NOWHERE);
        }
        self.keys += usize::from(self.depth == 1);
        let key = name.map_or(Key::Other, Name::key);
        if self.depth == 1 && key == Key::Errors {
            self.in_errors = Some(self.said.found.has_failed);
        }
        self.said.found.is_snowflake |= key == Key::ContentList;
        self.goes_to(object.below(key));
    }

    fn text(&mut self, part: &[u8], is_last: bool) {
        let said = &mut self.said;
        match self.used {
            Use::Nothing => {}
            Use::Text | Use::Instead | Use::Endless => {
                self.text.saw(part);
                said.found.has_place = true;
                said.found.is_endless |= self.used == Use::Endless;
                said.add_text(part, self.used == Use::Instead);
            }
            Use::Alone => said.add_alone(part),
            Use::Whole => said.whole(part, is_last),
            Use::Result => said.found.has_result |= !part.is_empty(),
            Use::Mention => said.found.has_failed |= !part.is_empty(),
            Use::Words => _ = said.word(part, is_last),
            Use::WordsOfError => said.found.has_failed |= said.word(part, is_last),
            _ => self.name(part, is_last),
        }
    }

    fn number(&mut self, written: &[u8]) {
        match self.used {
            Use::Result => self.said.found.has_result = true,
            // Workers AI sends tokens that are digits as numbers.
            Use::Text | Use::Instead => self.said.add_text(written, self.used == Use::Instead),
            Use::Index => self.said.choice_is(millis(written).map_or(0, |ms| ms / 1_000)),
            Use::Estimate => self.said.found.estimate = seconds(written),
            Use::Total => self.said.found.has_total = true,
            Use::Wait | Use::WaitMs | Use::WaitUntil => self.said.waits(self.used, written),
            used => self.said.status_is(used, written),
        }
    }

    fn literal(&mut self, value: Option<bool>) {
        let said = &mut self.said;
        match (self.used, value) {
            (Use::Result, Some(true)) => said.found.has_result = true,
            (Use::WordsOfError, Some(true)) | (Use::Success, Some(false)) => said.found.has_failed = true,
            (Use::Done | Use::Finished, Some(true)) => said.ends(),
            (Use::Finished, Some(false)) | (Use::Finish, None) => said.found.is_open = true,
            (Use::Done, Some(false)) => (said.found.is_undone, said.found.is_piece) = (true, true),
            (Use::Choices, None) => said.found.has_no_choice = true,
            (Use::Special, Some(true)) => said.piece_is_special(),
            _ => {}
        }
    }
}

impl Cursor {
    pub(super) fn begin(&mut self) {
        self.repeats.begin();
        self.starts();
    }

    pub(super) fn begin_again(&mut self) {
        self.repeats.begin_again();
        self.starts();
    }

    fn starts(&mut self) {
        self.goes_to_start();
        self.text = Spot::default();
        self.said.clear();
    }

    pub(super) fn goes_to_start(&mut self) {
        self.goes_to(Node::ROOT);
        (self.objects, self.depth, self.is_list, self.keys) = (0, 0, false, 0);
        (self.lists, self.in_errors) = (0, None);
        self.short.clear();
    }

    /// What `errors` tells may be no more than mishaps on the way to the answer.
    fn member_ends(&mut self) {
        if let Some(before) = self.in_errors.take() {
            let found = &mut self.said.found;
            found.has_mishaps |= found.has_failed;
            found.has_failed = before;
        }
    }

    fn goes_to(&mut self, node: Node) {
        (self.node, self.used) = (node, node.used());
    }

    /// A short text that names something.
    fn name(&mut self, part: &[u8], is_last: bool) {
        let (said, used) = (&mut self.said, self.used);
        if let Use::Kind | Use::KindOfError | Use::Code | Use::OwnCode = used {
            said.kind(part);
        }
        let Some(name) = self.short.push(part, is_last) else { return };
        match used {
            Use::Kind | Use::KindOfError | Use::Code | Use::OwnCode => {
                said.end_of_kind();
                said.found.has_failed |= !name.is_empty() && used == Use::KindOfError;
                said.status_is(used, name);
            }
            Use::Estimate => said.found.estimate = seconds(name),
            Use::Wait | Use::WaitMs | Use::WaitUntil => said.waits(used, name),
            Use::Finish => match name {
                b"" | b"null" | b"not_finished" | b"FINISH_REASON_UNSPECIFIED" => said.found.is_open = true,
                _ if formats::is_failing(name) => said.ends_badly(name),
                _ => {
                    said.found.calls_tools = matches!(name, b"tool_calls" | b"function_call");
                    said.choice_finishes();
                }
            },
            Use::NativeFinish if formats::is_failing(name) => said.ends_badly(name),
            Use::Type => {
                said.kind(name);
                said.end_of_kind();
                said.is_of(name);
            }
            Use::Object => {
                said.found.has_failed |= name == b"error";
                said.is_resource(name);
            }
            // One of several that are listed says nothing about this answer.
            Use::Status if self.lists == 0 => said.is_in_state(name, self.depth == 1),
            Use::Id => said.found.has_id = !name.is_empty(),
            Use::JsonRpc => said.found.has_result = true,
            _ => {}
        }
    }

    /// The value is below an `error` of the document itself.
    pub(super) fn is_in_error(&self) -> bool {
        let outermost = match self.depth.min(DEEPEST).checked_sub(2) {
            Some(above) => Node::of((self.objects >> (8 * above)) as u8),
            None => self.node,
        };
        outermost.is_of_error()
    }
}

/// `20.5`, or with its unit, `2.5s`.
fn seconds(written: &[u8]) -> Option<Duration> {
    millis(written.strip_suffix(b"s").unwrap_or(written)).map(Duration::from_ms)
}
