//! Words that are no names: those of logs, tools and reports, and those that the rules look for, in any language. A text must
//! say the same to the rules before and after.

use super::kept;
use crate::rules::RuleSet;
use rustc_hash::FxHashSet;

/// What the rules look for in texts.
#[derive(Debug, Default)]
pub(super) struct Ordinary {
    /// Words, in lower case.
    words: FxHashSet<String>,
    /// What stands before the sign in addresses: desks of providers that their replies name.
    desks: FxHashSet<String>,
}

impl Ordinary {
    /// The words in the phrases of `rules`.
    pub(super) fn of(rules: &RuleSet) -> Ordinary {
        let mut ordinary = Ordinary::default();
        for reason in &rules.reasons.entries {
            for phrase in reason.any.iter().chain(&reason.hints).chain(&reason.unless) {
                ordinary.take(phrase.as_str());
            }
        }
        ordinary
    }

    fn take(&mut self, pattern: &str) {
        let mut word = String::new();
        let mut chars = pattern.chars();
        loop {
            match chars.next() {
                Some(c) if c.is_alphabetic() => {
                    word.extend(c.to_lowercase());
                    continue;
                }
                // A class of characters or an assertion, and no letter.
                Some('\\') => drop(chars.next()),
                Some('[') => drop(chars.find(|c| *c == ']')),
                Some('@') if !word.is_empty() => {
                    self.desks.insert(word.clone());
                }
                Some(_) => {}
                None => chars = "".chars(),
            }
            if word.chars().count() >= super::SHORTEST {
                self.words.insert(std::mem::take(&mut word));
            }
            word.clear();
            if chars.as_str().is_empty() {
                return;
            }
        }
    }

    /// Whether a word is no name where a name may stand but need not.
    pub(super) fn is_word(&self, word: &str) -> bool {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        kept::is_vocabulary(&word) || self.words.contains(&word)
    }

    /// Whether providers are written to at this local part.
    pub(super) fn is_desk(&self, local: &str) -> bool {
        self.desks.contains(&local.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_phrases_are_ordinary() {
        let mut ordinary = Ordinary::default();
        ordinary.take(r"\bBenutzer (?:ist )?unbekannt\b|bo[ÎI]te|tosa@(?:rx\.)?t-online");
        for word in ["Benutzer", "unbekannt", "(ist)", "tosa"] {
            assert!(ordinary.is_word(word), "{word}: {ordinary:?}");
        }
        assert!(ordinary.is_desk("Tosa") && !ordinary.is_desk("online") && !ordinary.is_word("maria"));
    }
}
