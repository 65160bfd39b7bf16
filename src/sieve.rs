//! Tells which of many patterns may match, for who looks through very many lines: one walk over a line, whatever their number.

use crate::marks::{Marks, places};
use crate::rules::together::Walk;
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind, Look, Repetition};
use std::cell::{Cell, RefCell};

/// The walk of one thread over its lines. What it leaves in doubt, the marks of the patterns tell.
#[derive(Debug, Default)]
pub(crate) struct Sieve {
    texts: Cell<usize>,
    /// How often it had to be begun anew.
    worn: Cell<usize>,
    walk: RefCell<Option<Walk>>,
}

impl Sieve {
    /// Texts after which the walk is worth what it costs to build.
    const BY_MARKS: usize = 5_000;
    /// States of the walk, some half a kilobyte each: ordinary logs come to 3,000.
    const MOST: usize = 1 << 13;
    /// Times that it may come to more, before the marks are left to tell.
    const PATIENCE: usize = 8;

    /// The places in their list of the patterns that may match `text`, in order.
    pub(crate) fn possible<'p>(
        &self,
        marks: &Marks,
        patterns: &dyn Fn() -> Vec<&'p str>,
        text: &str,
    ) -> impl Iterator<Item = usize> + use<'p> {
        places(self.walked(patterns, text).unwrap_or_else(|| marks.bits(text)), marks.many())
    }

    fn walked<'p>(&self, patterns: &dyn Fn() -> Vec<&'p str>, text: &str) -> Option<u128> {
        let texts = self.texts.get();
        if texts < Self::BY_MARKS {
            self.texts.set(texts + 1);
            return None;
        }
        if self.worn.get() >= Self::PATIENCE || !text.is_ascii() {
            return None;
        }
        let mut walk = self.walk.borrow_mut();
        if walk.is_none() {
            let trees: Option<Vec<Hir>> = patterns().into_iter().map(beginning).collect();
            *walk = trees.and_then(|trees| Walk::of(&trees, Self::MOST));
        }
        let found = walk.as_mut().and_then(|walk| walk.which(text));
        if found.is_none() {
            self.worn.set(self.worn.get() + 1);
        }
        found
    }
}

/// What every match of a pattern in an ASCII text begins with, up to where anything may stand: a walk over the whole would
/// come to a state for each place at which that may have begun.
fn beginning(pattern: &str) -> Option<Hir> {
    let tree = regex_syntax::parse(pattern).ok()?;
    Some(begun(&ascii(&tree)).0)
}

/// The part of it that is ASCII.
fn ascii(tree: &Hir) -> Hir {
    match tree.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges().iter().filter(|range| range.start().is_ascii());
            let ranges = ranges.map(|range| ClassBytesRange::new(range.start() as u8, (range.end() as u32).min(0x7f) as u8));
            Hir::class(Class::Bytes(ClassBytes::new(ranges)))
        }
        HirKind::Look(Look::WordUnicode) => Hir::look(Look::WordAscii),
        HirKind::Look(Look::WordUnicodeNegate) => Hir::look(Look::WordAsciiNegate),
        HirKind::Repetition(again) => Hir::repetition(Repetition { sub: Box::new(ascii(&again.sub)), ..again.clone() }),
        HirKind::Capture(group) => ascii(&group.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(ascii).collect()),
        HirKind::Alternation(ways) => Hir::alternation(ways.iter().map(ascii).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => tree.clone(),
    }
}

/// The beginning of it, and whether that is all. How often exactly something is repeated is left out.
fn begun(tree: &Hir) -> (Hir, bool) {
    const OFTEN: u32 = 2;
    match tree.kind() {
        HirKind::Repetition(again) => {
            let endless = again.max.is_none_or(|most| most > OFTEN);
            if endless && may_be_anything(&again.sub) {
                return (Hir::empty(), false);
            }
            let (sub, whole) = begun(&again.sub);
            match whole {
                false if again.min > 0 => (sub, false),
                false => (Hir::empty(), false),
                true => {
                    let (min, max) = (again.min.min(OFTEN), again.max.filter(|_| !endless));
                    (Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(sub) }), true)
                }
            }
        }
        HirKind::Concat(parts) => {
            let mut begun_parts = Vec::new();
            for part in parts {
                let (part, whole) = begun(part);
                begun_parts.push(part);
                if !whole {
                    return (Hir::concat(begun_parts), false);
                }
            }
            (Hir::concat(begun_parts), true)
        }
        HirKind::Alternation(ways) => {
            let (ways, whole): (Vec<Hir>, Vec<bool>) = ways.iter().map(begun).unzip();
            (Hir::alternation(ways), whole.into_iter().all(|whole| whole))
        }
        _ => (tree.clone(), true),
    }
}

/// Whether it takes a space and much else, so that it may reach over words.
fn may_be_anything(tree: &Hir) -> bool {
    match tree.kind() {
        HirKind::Class(Class::Bytes(class)) => {
            let takes = |byte: u8| class.ranges().iter().any(|range| range.start() <= byte && byte <= range.end());
            takes(b' ') && takes(b'a')
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(may_be_anything),
        HirKind::Repetition(again) => may_be_anything(&again.sub),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::dice::Dice;

    const PATTERNS: [&str; 6] = [
        r"(?i)\bpass(?:word)?\s*=\s*(\S+)",
        r"^\w+ \[\d{3,}\]",
        r"a.*b{9}",
        "(?:x|[^q]+)y",
        r"\p{Lu}\w+ <",
        "(?:to|from)=<[^>]*>$",
    ];

    fn marks() -> Marks {
        Marks::new([vec!["pass"], vec![], vec!["a"], vec![], vec![], vec!["to", "from"]])
    }

    #[test]
    fn what_matches_is_possible_whatever_the_text() {
        let (sieve, marks) = (Sieve::default(), marks());
        let each = PATTERNS.map(|pattern| regex::Regex::new(pattern).expect("a valid pattern"));
        let pieces = ["PassWord", " = ", "x", "[123]", "a", "bbbbbbbbb", "y", "Ab <", "to=<", ">", " ", "mx1", "ß"];
        let (mut dice, mut left) = (Dice(3), 0);
        for _ in 0..Sieve::BY_MARKS + 3_000 {
            let text: String = (0..1 + dice.roll(6)).map(|_| pieces[dice.roll(pieces.len())]).collect();
            let possible: Vec<usize> = sieve.possible(&marks, &|| PATTERNS.to_vec(), &text).collect();
            for (at, regex) in each.iter().enumerate() {
                assert!(!regex.is_match(&text) || possible.contains(&at), "{} matches {text}", regex.as_str());
            }
            left += possible.len();
        }
        assert!(sieve.walk.borrow().is_some(), "there were texts enough");
        assert!(left < 6 * Sieve::BY_MARKS, "{left} are left");
    }

    #[test]
    fn texts_that_wear_the_walk_out_are_left_to_the_marks() {
        let (sieve, marks) = (Sieve::default(), Marks::new([vec!["x"]]));
        let pattern = || vec!["x[xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz][xyz]w"];
        let mut dice = Dice(1);
        for _ in 0..60_000 {
            let text: String = (0..60).map(|_| char::from(b"xyz"[dice.roll(3)])).collect();
            let possible = sieve.possible(&marks, &pattern, &text).count();
            if sieve.worn.get() >= Sieve::PATIENCE {
                return assert_eq!(possible, usize::from(text.contains('x')), "as the marks tell");
            }
        }
        panic!("never worn out");
    }
}
