//! Texts that give away which of many patterns may match: one search for all of them, since most lines hold none.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The marks of a list of patterns: whatever a pattern matches holds one of its marks, in any case of ASCII.
#[derive(Debug)]
pub(crate) struct Marks {
    marks: Vec<Vec<u8>>,
    /// Is built soon and looks slowly.
    small: AhoCorasick,
    /// Looks three times as fast, and costs what half a megabyte costs the other.
    fast: OnceLock<AhoCorasick>,
    /// Bytes looked at so far.
    seen: AtomicUsize,
    /// The pattern of each mark.
    of: Vec<usize>,
    /// Patterns without marks, as bits: they may match anything.
    always: u128,
    /// All patterns.
    all: u128,
    /// How many they are.
    many: usize,
}

/// The last bit stands for its pattern and for all behind it, of which the built-in lists have none.
const LAST: usize = u128::BITS as usize - 1;

/// Letters beyond ASCII that are one of ASCII's in another case (`ſ`, the sign of Kelvin).
const CASES: [char; 2] = ['\u{17f}', '\u{212a}'];

/// Bytes after which the fast automaton pays.
const MANY: usize = 1 << 18;

fn automaton(marks: &[Vec<u8>], kind: AhoCorasickKind) -> AhoCorasick {
    let mut builder = AhoCorasickBuilder::new();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).kind(Some(kind));
    builder.build(marks).expect("fixed marks")
}

impl Marks {
    /// The marks of patterns in their order.
    pub(crate) fn new<M: AsRef<[u8]>>(patterns: impl IntoIterator<Item = impl IntoIterator<Item = M>>) -> Marks {
        let (mut marks, mut of, mut always, mut all, mut many) = (Vec::new(), Vec::new(), 0, 0, 0);
        for list in patterns {
            let (at, before) = (many.min(LAST), of.len());
            many += 1;
            for mark in list {
                marks.push(mark.as_ref().to_vec());
                of.push(at);
            }
            let bit = 1_u128 << at;
            all |= bit;
            if of.len() == before {
                always |= bit;
            }
        }
        let small = automaton(&marks, AhoCorasickKind::ContiguousNFA);
        Marks { marks, small, fast: OnceLock::new(), seen: AtomicUsize::new(0), of, always, all, many }
    }

    /// The places of the patterns that may match `text`, in order.
    pub(crate) fn possible(&self, text: &str) -> impl Iterator<Item = usize> + use<> {
        places(self.bits(text), self.many)
    }

    /// How many patterns there are.
    pub(crate) fn many(&self) -> usize {
        self.many
    }

    /// The patterns that may match `text`, as bits.
    pub(crate) fn bits(&self, text: &str) -> u128 {
        if !text.is_ascii() && text.contains(CASES) {
            return self.all;
        }
        let automaton = match self.fast.get() {
            Some(fast) => fast,
            None if self.seen.fetch_add(text.len(), Ordering::Relaxed) < MANY => &self.small,
            None => self.fast.get_or_init(|| automaton(&self.marks, AhoCorasickKind::DFA)),
        };
        let found = automaton.find_overlapping_iter(text);
        found.fold(self.always, |bits, found| bits | 1 << self.of[found.pattern().as_usize()])
    }
}

/// The places that bits stand for in a list of so many patterns, in order.
pub(crate) fn places(mut bits: u128, many: usize) -> impl Iterator<Item = usize> {
    let set = std::iter::from_fn(move || {
        let at = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (at < u128::BITS).then_some(at as usize)
    });
    set.flat_map(move |at| at..if at == LAST { many } else { at + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_possible_where_a_mark_of_theirs_stands() {
        let marks = Marks::new([vec!["kiss", "pass"], vec![], vec!["to=<"]]);
        let possible = |text: &str| marks.possible(text).collect::<Vec<_>>();
        assert_eq!(possible("a PassWord"), [0, 1]);
        assert_eq!(possible("nothing"), [1]);
        assert_eq!(possible("to=<x> kiss"), [0, 1, 2]);
        assert_eq!(possible("\u{212a}iss"), [0, 1, 2]);
        assert_eq!(possible(&"-".repeat(MANY)), [1]);
        assert_eq!((possible("a PassWord"), possible("nothing")), (vec![0, 1], vec![1]), "by the fast automaton, too");
        assert!(marks.fast.get().is_some());
    }

    #[test]
    fn those_behind_the_last_bit_are_possible_together() {
        let marks = Marks::new((0..130).map(|number| [format!("mark{number:03}")]));
        let possible = |text: &str| marks.possible(text).collect::<Vec<_>>();
        assert_eq!(possible("mark126 mark003"), [3, 126]);
        assert_eq!(possible("mark129"), [127, 128, 129]);
    }
}
