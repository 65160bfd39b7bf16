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
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            if c.is_alphabetic() {
                let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
                let word = rest[..end].to_lowercase();
                rest = &rest[end..];
                if rest.starts_with('@') {
                    self.desks.insert(word.clone());
                }
                if word.chars().count() >= super::SHORTEST {
                    self.words.insert(word);
                }
                continue;
            }
            let mut chars = rest.chars();
            match chars.next() {
                // A class of characters or an assertion, and no letter.
                Some('\\') => drop(chars.next()),
                Some('[') => drop(chars.find(|c| *c == ']')),
                _ => {}
            }
            rest = chars.as_str();
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
