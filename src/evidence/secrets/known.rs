//! Secrets that one place gives away, looked for in every other.

use super::{HIDDEN, SecretKind};
use crate::rules::RuleSet;
use crate::rules::secrets::Secrets;
use crate::rules::secrets::conditions::is_telling;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Secrets of a bundle, which are known for ones wherever they stand: a password that a setting gives away may stand in a note.
#[derive(Debug)]
pub struct KnownSecrets {
    secrets: Arc<Secrets>,
    values: BTreeSet<String>,
}

/// Looks for secrets: what has the form of one, and those of a bundle.
#[derive(Debug, Clone)]
pub struct SecretFinder {
    pub(super) secrets: Arc<Secrets>,
    /// None where there are no secrets.
    automaton: Option<AhoCorasick>,
}

impl KnownSecrets {
    /// None yet.
    pub fn new(rules: &RuleSet) -> KnownSecrets {
        KnownSecrets { secrets: Arc::clone(&rules.secrets), values: BTreeSet::new() }
    }

    /// Remembers one, if it cannot be taken for anything else; a bounded number of them.
    pub fn remember(&mut self, secret: &str) {
        const MOST: usize = 10_000;
        const LONGEST: usize = 256;
        let secret = secret.trim_matches(['"', '\'']);
        if self.values.len() < MOST && secret.len() <= LONGEST && is_telling(secret) {
            self.values.insert(secret.to_owned());
        }
    }

    /// What looks for them.
    pub fn finder(&self) -> SecretFinder {
        let builder = || AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).build(&self.values).ok();
        let secrets = Arc::clone(&self.secrets);
        SecretFinder { secrets, automaton: if self.values.is_empty() { None } else { builder() } }
    }
}

impl SecretFinder {
    /// One of no bundle: it knows their forms alone.
    pub fn of(rules: &RuleSet) -> SecretFinder {
        SecretFinder { secrets: Arc::clone(&rules.secrets), automaton: None }
    }

    /// `text` without secrets, whether their shape gives them away or another place, and what kind the first one was.
    pub fn without_secrets<'t>(&self, text: &'t str) -> (Cow<'t, str>, Option<SecretKind>) {
        self.and_known(self.secrets.take_out(text, &mut |_| {}))
    }

    /// A text out of which secrets were taken, without the known ones, too.
    pub(super) fn and_known<'t>(&self, (text, kind): (Cow<'t, str>, Option<SecretKind>)) -> (Cow<'t, str>, Option<SecretKind>) {
        match self.hide(&text) {
            Some(hidden) => (Cow::Owned(hidden), kind.or(Some("known secret".into()))),
            None => (text, kind),
        }
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// The text without them, if one stands there as a word of its own.
    pub fn hide(&self, line: &str) -> Option<String> {
        let automaton = self.automaton.as_ref()?;
        let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let alone =
            |range: &Range<usize>| !joined(line[..range.start].chars().next_back()) && !joined(line[range.end..].chars().next());
        let mut out = String::new();
        let mut end = 0;
        for range in automaton.find_iter(line).map(|found| found.range()).filter(alone) {
            out.push_str(&line[end..range.start]);
            out.push_str(HIDDEN);
            end = range.end;
        }
        out.push_str(&line[end..]);
        (end > 0).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::super::SecretRemover;
    use super::*;

    #[test]
    fn a_secret_is_known_wherever_it_stands() {
        let rules = RuleSet::built_in();
        let mut known = KnownSecrets::new(&rules);
        let mut remover = SecretRemover::for_file("main.cf", &SecretFinder::of(&rules));
        for line in [
            "password = hunter2!Bang",
            "password = hunter",
            "https://joe:mx1.a.example@b.example/",
            "PGPASSWORD='Sup3rS3cret'",
            "[relay.example]:587 joe:Pa@s:w/rd",
            "[relay.example]:587 joe:Summer!Time",
            "[relay.example]:587 joe:Joe@mx1.example.org",
            "[relay.example]:587 joe:read-only",
        ] {
            remover.line_telling(line, &mut |secret| known.remember(secret));
        }
        let finder = known.finder();
        for (text, hidden) in [
            ("he said hunter2!Bang, and Sup3rS3cret", "he said (hidden), and (hidden)"),
            ("Pa@s:w/rd is no Summer!Time", "(hidden) is no (hidden)"),
        ] {
            assert_eq!(finder.hide(text).as_deref(), Some(hidden));
        }
        for same in ["hunter mx1.a.example Joe@mx1.example.org read-only", "xSup3rS3cret Sup3rS3crets"] {
            assert_eq!(finder.hide(same), None);
        }
    }
}
