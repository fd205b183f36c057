//! What a model says, word by word.

use std::iter;

use crate::scenario::Streaming;

/// Every seventh word of a counted text is one of these, in turn.
const FOREIGN: [&str; 3] = ["naïve", "日本語", "🙂"];

#[derive(Clone, Debug)]
pub(crate) enum Words {
    /// An echo, so that answers differ as questions do.
    Echo(String),
    Counted(u64),
}

impl Words {
    pub(crate) fn about(prompt: &str, streaming: &Streaming) -> Self {
        match streaming.tokens {
            Some(tokens) => Self::Counted(tokens),
            None => Self::Echo(format!("You said: {prompt}")),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Echo(text) => text.clone(),
            Self::Counted(_) => self.tokens().collect(),
        }
    }

    /// Words with the space that follows them: joined, they are the text.
    pub(crate) fn tokens(&self) -> Box<dyn Iterator<Item = String> + Send> {
        match self {
            Self::Echo(text) => {
                let words: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
                Box::new(words.into_iter())
            }
            &Self::Counted(count) => {
                let spaced = (1..count).map(|number| word(number) + " ");
                let last = iter::once(count).filter(|count| *count > 0).map(word);
                Box::new(spaced.chain(last))
            }
        }
    }

    /// How many tokens there are.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Echo(text) => text.split_inclusive(' ').count() as u64,
            Self::Counted(count) => *count,
        }
    }
}

fn word(number: u64) -> String {
    if number % 7 == 3 {
        let foreign = (number / 7 % FOREIGN.len() as u64) as usize;
        return FOREIGN[foreign].to_owned();
    }
    format!("word{number}")
}

pub(crate) fn how_many(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_words_are_the_same_each_time_and_now_and_then_foreign() {
        assert_eq!(Words::Counted(4).text(), "word1 word2 naïve word4");
        assert_eq!(Words::Counted(17).tokens().last().as_deref(), Some("🙂"));
        assert_eq!(Words::Counted(0).text(), "");
        assert_eq!(Words::Counted(100_000).tokens().count(), 100_000);
    }
}
