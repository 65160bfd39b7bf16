//! Texts of which one stands in whatever a regular expression matches, so that most expressions need never be compiled.
//!
//! `(no|missing) (PTR|reverse DNS) record` matches nothing without ` record`. Of a pattern that is not plain (see
//! [`super::syntax`]) nothing is known: an empty list.
//!
//! The build script reads this file, too: what the phrases of the built-in reasons need is found when they are embedded.

use super::syntax::{self, Flags, Tree};

/// Which literals are worth looking for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worth {
    /// Characters that one needs to tell texts apart.
    pub(crate) shortest: usize,
    /// How many there may be, before the list costs more than it saves.
    pub(crate) most: usize,
    /// Whether they are looked for in texts whose letters beyond ASCII are in lower case, too.
    pub(crate) beyond_ascii: bool,
}

impl Worth {
    /// Each literal is looked for by itself.
    pub(crate) const EACH: Worth = Worth { shortest: 3, most: 16, beyond_ascii: false };
    /// What was said is looked through in lower case for the literals of all reasons at once.
    pub(crate) const SAID: Worth = Worth { beyond_ascii: true, ..Worth::EACH };

    /// Whether a character may stand in a literal. Beyond ASCII two of different length may be the same but for their case.
    fn takes(self, c: char) -> bool {
        c.is_ascii() || (self.beyond_ascii && c.is_alphabetic() && c.to_lowercase().count() == 1)
    }
}

/// Literals of which each match of `pattern` holds at least one, none if nothing is known; and whether it does without
/// regard to case, which `fold` says of the whole pattern, and `(?i)` of a part. Then they are in lower case.
pub(crate) fn of(pattern: &str, fold: bool, worth: Worth) -> (Vec<String>, bool) {
    syntax::parse(pattern, Flags::new(fold)).map_or((Vec::new(), fold), |plain| of_tree(&plain.tree, worth))
}

/// The same of a pattern that was taken apart.
pub(super) fn of_tree(tree: &Tree, worth: Worth) -> (Vec<String>, bool) {
    let Found(mut literals) = needed(tree, worth);
    let folded = ignores_case(tree);
    if folded {
        literals.iter_mut().for_each(|literal| *literal = literal.to_lowercase());
    }
    (literals, folded)
}

/// Literals of which one is needed; empty if nothing is known.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    /// How well they tell texts apart: the shortest decides.
    fn worth(&self, Worth { shortest: least, most, .. }: Worth) -> usize {
        let shortest = self.0.iter().map(String::len).min().unwrap_or(0);
        if shortest < least || self.0.len() > most { 0 } else { (shortest * 32).saturating_sub(self.0.len()).max(1) }
    }

    /// Takes the literal if it is the better one; it begins anew.
    fn end(&mut self, run: &mut String, worth: Worth) {
        if run.len() >= worth.shortest && run.len() * 32 - 1 > self.worth(worth) {
            *self = Found(vec![std::mem::take(run)]);
        }
        run.clear();
    }

    /// Takes the better of both; the parts of a sequence are all needed, so one is enough.
    fn improve(&mut self, other: Found, worth: Worth) {
        if other.worth(worth) > self.worth(worth) {
            *self = other;
        }
    }
}

/// What each match of `tree` needs.
fn needed(tree: &Tree, worth: Worth) -> Found {
    match tree {
        // One of each is needed.
        Tree::Alternatives(ways) => {
            let mut all = Vec::new();
            for way in ways {
                let found = needed(way, worth);
                if found.worth(worth) == 0 {
                    return Found::default();
                }
                all.extend(found.0);
            }
            Found(all)
        }
        Tree::Sequence(parts) => sequence(parts, worth),
        Tree::Named(_, part) => needed(part, worth),
        one => sequence(std::slice::from_ref(one), worth),
    }
}

/// What stands one after the other.
fn sequence(parts: &[Tree], worth: Worth) -> Found {
    let mut best = Found::default();
    let mut run = String::new();
    for part in parts {
        match part {
            Tree::Char(c, _) | Tree::Letter(c) if worth.takes(*c) => run.push(*c),
            Tree::Text(text, _) => {
                for c in text.chars() {
                    if worth.takes(c) {
                        run.push(c);
                    } else {
                        best.end(&mut run, worth);
                    }
                }
            }
            // Takes no room, so the run goes on.
            Tree::Edge(_) => {}
            Tree::Repeat(again, 1.., ..) => {
                match **again {
                    Tree::Char(c, _) | Tree::Letter(c) if worth.takes(c) => run.push(c),
                    _ => best.improve(needed(again, worth), worth),
                }
                best.end(&mut run, worth);
            }
            Tree::Alternatives(_) | Tree::Sequence(_) | Tree::Named(..) => {
                best.improve(needed(part, worth), worth);
                best.end(&mut run, worth);
            }
            Tree::Char(..) | Tree::Letter(_) | Tree::Set(_) | Tree::Chars(_) | Tree::Repeat(..) => best.end(&mut run, worth),
        }
    }
    best.end(&mut run, worth);
    best
}

/// Whether it, or a part of it, ignores case.
fn ignores_case(tree: &Tree) -> bool {
    match tree {
        Tree::Char(_, fold) | Tree::Text(_, fold) => *fold,
        Tree::Letter(_) => true,
        Tree::Sequence(parts) | Tree::Alternatives(parts) => parts.iter().any(ignores_case),
        Tree::Repeat(part, ..) | Tree::Named(_, part) => ignores_case(part),
        Tree::Set(_) | Tree::Chars(_) | Tree::Edge(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Worth, of};
    use crate::rules::dice::Dice;

    const WORTH: Worth = Worth { shortest: 3, most: 16, beyond_ascii: false };

    #[test]
    fn literals_are_those_that_no_match_lacks() {
        for (pattern, literals) in [
            ("connection timed out", &["connection timed out"][..]),
            (r"\bPTR\b record", &["ptr record"]),
            ("(no|missing) (PTR|reverse DNS) record", &[" record"]),
            ("mailbox (is )?full", &["mailbox "]),
            ("over ?quota", &["quota"]),
            ("black|block(ed)?list", &["black", "block"]),
            ("(?:spam|virus)+ found", &[" found"]),
            ("(spamhaus|barracuda)", &["spamhaus", "barracuda"]),
            ("(spamhaus|.*)", &[]),
            (r"5\.7\.26", &["5.7.26"]),
            ("a{2,}bcd", &["bcd"]),
            ("x{0,3}yes?", &[]),
            ("abc{0}d", &[]),
            ("[]abc]defg", &["defg"]),
            (r"[^\]x[:alpha:]]defg", &["defg"]),
            (r"\x41bcd", &["abcd"]),
            (r"\pLbcd", &[]),
            ("(?x) a b c", &[]),
            ("(?P<name>rate limit)", &["rate limit"]),
            ("grüße alle", &["e alle"]),
            ("", &[]),
        ] {
            assert_eq!(of(pattern, true, WORTH).0, literals, "{pattern}");
        }
        let worth = Worth { beyond_ascii: true, ..WORTH };
        assert_eq!(of("GRÜẞE|(?u:Спам)", true, worth).0, ["grüße", "спам"]);
        assert_eq!(of("Hello", false, WORTH), (vec!["Hello".to_owned()], false));
        assert_eq!(of("(?i)Hello", false, WORTH), (vec!["hello".to_owned()], true));
        assert_eq!(of("(?i:x)Hello", false, WORTH), (vec!["xhello".to_owned()], true));
    }

    /// A pattern and a text that it matches.
    fn made(dice: &mut Dice, depth: usize) -> (String, String) {
        let words = ["no", "such user", "relay", "x", ".", "5.7.1", " "];
        let mut pattern = String::new();
        let mut text = String::new();
        for _ in 0..1 + dice.roll(4) {
            let (part, sample) = match dice.roll(if depth == 0 { 4 } else { 6 }) {
                0 | 1 => {
                    let word = words[dice.roll(words.len())];
                    (regex::escape(word), word.to_owned())
                }
                2 => ("[a-f)|]".to_owned(), ")".to_owned()),
                3 => (r"\d".to_owned(), "7".to_owned()),
                _ => {
                    let (one, first) = made(dice, depth - 1);
                    let (two, second) = made(dice, depth - 1);
                    let open = ["(", "(?:", "(?P<a>"][dice.roll(2)];
                    (format!("{open}{one}|{two})"), if dice.roll(2) == 0 { first } else { second })
                }
            };
            let grouped = format!("(?:{part})");
            let (part, times) = match dice.roll(8) {
                0 => (grouped + "?", dice.roll(2)),
                1 => (grouped + "*", dice.roll(3)),
                2 => (grouped + "+", 1 + dice.roll(3)),
                3 => (grouped + "{0,2}", dice.roll(3)),
                4 => (grouped + "{2}", 2),
                5 => (part + ".{0,9}", 1),
                _ => (part, 1),
            };
            pattern += &part;
            text += &sample.repeat(times);
        }
        (pattern, text)
    }

    #[test]
    fn no_text_that_matches_lacks_all_literals() {
        let mut dice = Dice(7);
        let mut known = 0;
        for _ in 0..4000 {
            let (pattern, text) = made(&mut dice, 2);
            let regex = regex::RegexBuilder::new(&pattern).case_insensitive(true).build().expect("a valid pattern");
            assert!(regex.is_match(&text), "{pattern} matches {text}");
            let (literals, _) = of(&pattern, true, WORTH);
            known += usize::from(!literals.is_empty());
            let lower = text.to_ascii_lowercase();
            assert!(literals.is_empty() || literals.iter().any(|one| lower.contains(one)), "{pattern}: {literals:?} in {text}");
        }
        assert!(known > 500, "{known} of 4000 patterns have literals");
    }
}
