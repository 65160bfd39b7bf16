//! A plain regular expression as a small program. The library's engines are made for long texts: building one takes a hundred
//! times as long as a search in a reply, and of the thousands of expressions in the rules most see one text or none.

use super::anchor::Anchor;
use super::syntax::{Chars, Edge, Plain, Set, Tree, Wish};
use std::ops::Range;

/// Steps that a program may have.
const LONGEST: usize = 4_000;

/// Steps that a search may take, so that no expression and no text makes it long.
const PATIENCE: usize = 20_000;

/// An expression, ready to be searched for.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    texts: Vec<u8>,
    sets: Vec<Set>,
    ways: Vec<Way>,
    chars: Vec<Chars>,
    /// The bytes that a match can begin with; none if it can be empty.
    first: Option<Set>,
    /// What stands in every match not far from its beginning, if anything does: the rest of the text need not be tried.
    anchor: Option<Anchor>,
    /// Whether a match can only begin where the text does, or a line of it.
    at_start: bool,
    at_line: bool,
    /// Whether it tells what matches in texts beyond ASCII, too.
    all_bytes: bool,
    /// The names of parts whose places it tells. Where there are none only whether it matches counts, and not which way.
    names: Vec<String>,
}

/// A match: where it stands, and where its named parts do, in their order.
#[derive(Debug, PartialEq)]
pub(super) struct Spans {
    pub(super) whole: Range<usize>,
    pub(super) parts: Vec<Option<Range<usize>>>,
}

/// How far a search has come.
struct Search<'t> {
    text: &'t [u8],
    /// What is left to try: a step and where it is taken, or what a slot held before, behind the mark [`SLOT`].
    ways: Vec<(u32, u32)>,
    /// Where named parts begin and end.
    slots: Vec<u32>,
    patience: usize,
}

/// Marks a way back that gives a slot what it held.
const SLOT: u32 = 1 << 31;
/// A slot of a part that took no part.
const NOWHERE: u32 = u32::MAX;

/// One of several ways.
#[derive(Debug)]
struct Way {
    /// The bytes that it can begin with; none if it can be empty.
    first: Option<Set>,
    step: u32,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// These bytes.
    Text(u32, u32),
    /// These bytes, which are in lower case, in any case.
    Folded(u32, u32),
    /// A byte of this set.
    Set(u32),
    /// A character of this set.
    Chars(u32),
    Edge(Edge),
    /// Goes on with the first of these ways and, if that leads nowhere, with the others.
    Ways(u32, u32),
    /// Goes on at the next step and, if that leads nowhere, there.
    Or(u32),
    /// Goes on there and, if that leads nowhere, at the next step: what follows is tried before what may be left out.
    Rather(u32),
    Go(u32),
    /// A named part begins or ends here.
    Slot(u32),
    /// A match.
    End,
}

impl Program {
    /// The program of a pattern; none if it were too long.
    pub(super) fn of(Plain { tree, all_bytes, names }: &Plain) -> Option<Program> {
        let mut program = Program {
            steps: Vec::new(),
            texts: Vec::new(),
            sets: Vec::new(),
            ways: Vec::new(),
            chars: Vec::new(),
            first: first_of(tree),
            anchor: None,
            at_start: begins_at(tree, &[Edge::Start]),
            at_line: begins_at(tree, &[Edge::Start, Edge::LineStart]),
            all_bytes: *all_bytes,
            names: names.clone(),
        };
        program.emit(tree)?;
        program.steps.push(Step::End);
        // Of one that is short enough no length overflows.
        program.anchor = Anchor::of(tree, !*all_bytes);
        Some(program)
    }

    /// Whether it can match without a byte of the text.
    pub(super) fn may_be_empty(&self) -> bool {
        self.first.is_none()
    }

    fn at(&self) -> u32 {
        self.steps.len() as u32
    }

    fn push(&mut self, step: Step) -> Option<usize> {
        self.steps.push(step);
        (self.steps.len() < LONGEST).then_some(self.steps.len() - 1)
    }

    fn emit(&mut self, tree: &Tree) -> Option<()> {
        match tree {
            Tree::Char(c, fold) => self.text(c.encode_utf8(&mut [0; 4]), *fold)?,
            Tree::Text(text, fold) => self.text(text, *fold)?,
            Tree::Set(set) => {
                let known = self.sets.iter().position(|known| known == set).unwrap_or_else(|| {
                    self.sets.push(*set);
                    self.sets.len() - 1
                });
                self.push(Step::Set(known as u32))?;
            }
            Tree::Letter(c) => self.one_of(Chars::of_letter(*c)?)?,
            Tree::Chars(chars) => self.one_of(chars.clone())?,
            Tree::Edge(edge) => {
                self.push(Step::Edge(*edge))?;
            }
            Tree::Sequence(parts) => parts.iter().try_for_each(|part| self.emit(part))?,
            Tree::Alternatives(ways) => {
                let from = self.ways.len();
                self.push(Step::Ways(from as u32, (from + ways.len()) as u32))?;
                self.ways.extend(ways.iter().map(|way| Way { first: first_of(way), step: 0 }));
                let mut ends = Vec::new();
                for (at, way) in (from..).zip(ways) {
                    self.ways[at].step = self.at();
                    self.emit(way)?;
                    ends.push(self.push(Step::Go(0))?);
                }
                for end in ends {
                    self.steps[end] = Step::Go(self.at());
                }
            }
            Tree::Repeat(part, least, most, wish) => {
                for _ in 0..*least {
                    let before = self.at();
                    self.emit(part)?;
                    // Nothing again and again is nothing.
                    if self.at() == before {
                        break;
                    }
                }
                // Which way is tried first only tells where the match ends; the shorter is found sooner.
                let may_end = match wish {
                    Wish::Often if !self.names.is_empty() => Step::Or,
                    _ => Step::Rather,
                };
                match most {
                    None => {
                        let again = self.push(may_end(0))?;
                        self.emit(part)?;
                        self.push(Step::Go(again as u32))?;
                        self.steps[again] = may_end(self.at());
                    }
                    Some(most) => {
                        let mut ends = Vec::new();
                        for _ in *least..*most {
                            ends.push(self.push(may_end(0))?);
                            self.emit(part)?;
                        }
                        for end in ends {
                            self.steps[end] = may_end(self.at());
                        }
                    }
                }
            }
            Tree::Named(name, part) => {
                let slot = 2 * *name as u32;
                self.push(Step::Slot(slot))?;
                self.emit(part)?;
                self.push(Step::Slot(slot + 1))?;
            }
        }
        Some(())
    }

    /// One of these characters.
    fn one_of(&mut self, chars: Chars) -> Option<()> {
        let known = self.chars.iter().position(|known| *known == chars).unwrap_or_else(|| {
            self.chars.push(chars);
            self.chars.len() - 1
        });
        self.push(Step::Chars(known as u32)).map(drop)
    }

    fn text(&mut self, text: &str, any_case: bool) -> Option<()> {
        let start = self.texts.len();
        self.texts.extend_from_slice(text.as_bytes());
        if any_case {
            self.texts[start..].make_ascii_lowercase();
        }
        let (start, end) = (start as u32, self.texts.len() as u32);
        self.push(if any_case { Step::Folded(start, end) } else { Step::Text(start, end) }).map(drop)
    }

    /// Whether it matches somewhere in `text`. None if that cannot be told quickly.
    pub(super) fn is_match(&self, text: &str) -> Option<bool> {
        Some(self.search(text, 0)?.is_some())
    }

    /// The names of the parts whose places it tells.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Its first match that begins at `from` or behind it; none inside if there is none. None if that cannot be told quickly, or
    /// it has no named parts: then it does not tell where a match ends.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<Option<Spans>> {
        if self.names.is_empty() {
            return None;
        }
        let Some((start, end, slots)) = self.search(text, from)? else { return Some(None) };
        let part = |slots: &[u32]| (slots[1] != NOWHERE).then(|| slots[0] as usize..slots[1] as usize);
        Some(Some(Spans { whole: start..end, parts: slots.chunks(2).map(part).collect() }))
    }

    /// Where the first match from `from` on begins and ends, and its slots.
    fn search(&self, text: &str, from: usize) -> Option<Option<(usize, usize, Vec<u32>)>> {
        if !self.all_bytes && !text.is_ascii() {
            return None;
        }
        let text = text.as_bytes();
        let slots = vec![NOWHERE; 2 * self.names.len()];
        let mut search = Search { text, ways: Vec::new(), slots, patience: PATIENCE };
        let last = if self.at_start { 0 } else { text.len() };
        let mut sight = self.anchor.as_ref().map(|anchor| anchor.sight(text, from));
        let mut start = from;
        while start <= last {
            if self.at_line && start > 0 && text[start - 1] != b'\n' {
                match memchr::memchr(b'\n', &text[start..]) {
                    Some(end) => start += end + 1,
                    None => break,
                }
            }
            if let Some(sight) = &mut sight {
                match sight.begin(start) {
                    Some(there) if there == start => {}
                    Some(there) if there <= last => {
                        start = there;
                        continue;
                    }
                    _ => break,
                }
            }
            let may_begin = self.first.as_ref().is_none_or(|first| text.get(start).is_some_and(|byte| first.has(*byte)));
            if may_begin && let Some(end) = self.leads(&mut search, start)? {
                return Some(Some((start, end, search.slots)));
            }
            start += 1;
        }
        Some(None)
    }

    /// Whether a step may be taken here, as far as the next byte tells.
    #[inline]
    fn may_go_on(&self, step: u32, text: &[u8], at: usize) -> bool {
        match self.steps[step as usize] {
            Step::Text(from, _) => text.get(at) == Some(&self.texts[from as usize]),
            Step::Folded(from, _) => text.get(at).is_some_and(|byte| byte.to_ascii_lowercase() == self.texts[from as usize]),
            Step::Set(set) => text.get(at).is_some_and(|byte| self.sets[set as usize].has(*byte)),
            _ => true,
        }
    }

    /// Where a match that begins here ends; none inside if none does.
    fn leads(&self, search: &mut Search<'_>, start: usize) -> Option<Option<usize>> {
        let Search { text, ways, slots, patience } = search;
        let text = *text;
        let (mut step, mut at) = (0, start);
        loop {
            *patience = patience.checked_sub(1)?;
            let goes_on = match self.steps[step as usize] {
                Step::Text(from, to) => {
                    let wanted = &self.texts[from as usize..to as usize];
                    let stands = text[at..].starts_with(wanted);
                    at += wanted.len();
                    stands
                }
                Step::Folded(from, to) => {
                    let wanted = &self.texts[from as usize..to as usize];
                    let stands = text.get(at..at + wanted.len()).is_some_and(|found| found.eq_ignore_ascii_case(wanted));
                    at += wanted.len();
                    stands
                }
                Step::Set(set) => {
                    let stands = text.get(at).is_some_and(|byte| self.sets[set as usize].has(*byte));
                    at += 1;
                    stands
                }
                Step::Chars(chars) => match self.chars[chars as usize].length_at(text, at) {
                    Some(length) => {
                        at += length;
                        true
                    }
                    None => false,
                },
                Step::Edge(edge) => is_at(edge, text, at),
                Step::Ways(from, to) => {
                    let next = text.get(at);
                    let fits = |way: &&Way| way.first.is_none_or(|first| next.is_some_and(|byte| first.has(*byte)));
                    let mut all = self.ways[from as usize..to as usize].iter().filter(fits);
                    match all.next() {
                        Some(first) => {
                            let before = ways.len();
                            ways.extend(all.rev().map(|way| (way.step, at as u32)));
                            *patience = patience.checked_sub(ways.len() - before)?;
                            step = first.step;
                            continue;
                        }
                        None => false,
                    }
                }
                Step::Or(other) => {
                    if !self.may_go_on(step + 1, text, at) {
                        step = other;
                        continue;
                    }
                    ways.push((other, at as u32));
                    true
                }
                Step::Rather(other) => {
                    if self.may_go_on(other, text, at) {
                        ways.push((step + 1, at as u32));
                        step = other;
                        continue;
                    }
                    true
                }
                Step::Go(there) => {
                    step = there;
                    continue;
                }
                Step::Slot(slot) => {
                    let before = std::mem::replace(&mut slots[slot as usize], at as u32);
                    ways.push((SLOT | slot, before));
                    true
                }
                Step::End => return Some(Some(at)),
            };
            if goes_on {
                step += 1;
                continue;
            }
            loop {
                match ways.pop() {
                    Some((slot, before)) if slot & SLOT != 0 => slots[(slot ^ SLOT) as usize] = before,
                    Some((other, back)) => {
                        (step, at) = (other, back as usize);
                        break;
                    }
                    None => return Some(None),
                }
            }
        }
    }
}

fn is_at(edge: Edge, text: &[u8], at: usize) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let before = at.checked_sub(1).and_then(|at| text.get(at));
    let between = || before.is_some_and(is_word) != text.get(at).is_some_and(is_word);
    match edge {
        Edge::Start => at == 0,
        Edge::End => at == text.len(),
        Edge::LineStart => before.is_none_or(|byte| *byte == b'\n'),
        Edge::LineEnd => text.get(at).is_none_or(|byte| *byte == b'\n'),
        Edge::Word => between(),
        Edge::NoWord => !between(),
    }
}

/// The bytes that a match of the tree can begin with; none if it can be empty.
fn first_of(tree: &Tree) -> Option<Set> {
    let mut first = Set::default();
    (!firsts(tree, &mut first)).then_some(first)
}

/// Adds the bytes that a match of the tree can begin with; whether it can be empty.
fn firsts(tree: &Tree, first: &mut Set) -> bool {
    match tree {
        Tree::Char(c, fold) => begins_with(c.encode_utf8(&mut [0; 4]), *fold, first),
        Tree::Text(text, fold) => begins_with(text, *fold, first),
        Tree::Letter(c) => {
            Chars::of_letter(*c).iter().for_each(|chars| first.unite(&chars.firsts()));
            false
        }
        Tree::Set(set) => {
            first.unite(set);
            false
        }
        Tree::Chars(chars) => {
            first.unite(&chars.firsts());
            false
        }
        Tree::Edge(_) => true,
        Tree::Sequence(parts) => parts.iter().all(|part| firsts(part, first)),
        Tree::Alternatives(ways) => ways.iter().fold(false, |passes, way| firsts(way, first) | passes),
        Tree::Named(_, part) => firsts(part, first),
        Tree::Repeat(part, least, most, _) => {
            let passes = *most != Some(0) && firsts(part, first);
            passes || *least == 0
        }
    }
}

/// Adds what a text begins with, which is never empty.
fn begins_with(text: &str, any_case: bool, first: &mut Set) -> bool {
    let byte = text.as_bytes()[0];
    first.add(byte);
    if any_case {
        first.add(byte.to_ascii_lowercase());
        first.add(byte.to_ascii_uppercase());
    }
    false
}

/// Whether a match can only begin at one of these edges.
fn begins_at(tree: &Tree, edges: &[Edge]) -> bool {
    match tree {
        Tree::Edge(edge) => edges.contains(edge),
        Tree::Sequence(parts) => parts.first().is_some_and(|part| begins_at(part, edges)),
        Tree::Alternatives(ways) => ways.iter().all(|way| begins_at(way, edges)),
        Tree::Repeat(part, least, ..) => *least > 0 && begins_at(part, edges),
        Tree::Named(_, part) => begins_at(part, edges),
        Tree::Char(..) | Tree::Text(..) | Tree::Letter(_) | Tree::Set(_) | Tree::Chars(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::dice::Dice;
    use crate::rules::syntax::{Flags, parse};

    /// What the library says of a pattern and a text, byte by byte; none if it does not take the pattern.
    fn library(pattern: &str, fold: bool, text: &str) -> Option<bool> {
        let regex = regex::bytes::RegexBuilder::new(pattern).case_insensitive(fold).unicode(false).build().ok()?;
        Some(regex.is_match(text.as_bytes()))
    }

    fn own(pattern: &str, fold: bool, text: &str) -> Option<bool> {
        Program::of(&parse(pattern, Flags::new(fold))?)?.is_match(text)
    }

    /// Where the library and our program find the whole first match and its parts; none if one of them cannot tell.
    fn spans(pattern: &str, fold: bool, text: &str) -> Option<[Option<Spans>; 2]> {
        let own = Program::of(&parse(pattern, Flags::new(fold))?)?.find(text, 0)?;
        let regex = regex::bytes::RegexBuilder::new(pattern).case_insensitive(fold).unicode(false).build().ok()?;
        let library = regex.captures(text.as_bytes()).map(|found| Spans {
            whole: found.get(0).map_or(0..0, |whole| whole.range()),
            parts: regex.capture_names().flatten().map(|name| found.name(name).map(|part| part.range())).collect(),
        });
        Some([library, own])
    }

    #[test]
    fn what_is_put_together_at_random_means_what_the_library_says() {
        let pieces = [
            "a",
            "b",
            "A",
            "ab",
            " ",
            ".",
            "1",
            "\\d",
            "\\w",
            "\\S",
            "\\b",
            "\\B",
            "^",
            "$",
            "(",
            "(?:",
            "(?i)",
            "(?i:",
            "(?s)",
            "(?m)",
            ")",
            ")",
            "|",
            "*",
            "+",
            "?",
            "{2}",
            "{1,}",
            "{,2}",
            "{0,2}",
            "[ab]",
            "[^a]",
            "[a-c1]",
            "[]b]",
            "[b-]",
            "[-b]",
            "[\\d.]",
            "[^\\W]",
            "[[:upper:]]",
            "[a--b]",
            "[b-a]",
            "\\.",
            "\\<",
            "\\-",
            "\\ ",
            "\\n",
            "é",
            "k",
            "[éK]",
            "д",
            "\\A",
            "\\z",
            "(?P<x>",
            "(?<x>",
            "(?P<y>a*?",
            "*?",
            "+?",
            "??",
            "]",
            "}",
            "{",
            "[a",
            "\\",
            "\\x41",
            "\\pL",
            "(?-i)",
            "(?u:",
            "(?x)",
            "()",
            "(?)",
        ];
        let letters = ["a", "b", "A", "c", "1", ".", " ", "\n", "é", "_", "]", "-", "É", "\u{212a}", "Д", "k"];
        let mut dice = Dice(11);
        let (mut told, mut matched, mut placed, mut refused) = (0, 0, 0, 0);
        for _ in 0..60_000 {
            let mut pattern: String = (0..1 + dice.roll(7)).map(|_| pieces[dice.roll(pieces.len())]).collect();
            if dice.roll(3) == 0 {
                let last: String = (0..1 + dice.roll(3)).map(|_| pieces[dice.roll(pieces.len())]).collect();
                pattern = format!("(?P<n>{pattern}){last}");
            }
            let text: String = (0..dice.roll(7)).map(|_| letters[dice.roll(letters.len())]).collect();
            let fold = dice.roll(2) == 0;
            let says = library(&pattern, fold, &text);
            let Some(found) = own(&pattern, fold, &text) else {
                refused += usize::from(says.is_some());
                continue;
            };
            assert_eq!(Some(found), says, "{pattern:?} (any case: {fold}) in {text:?}");
            if let Some([library, own]) = spans(&pattern, fold, &text) {
                assert_eq!(own, library, "{pattern:?} (any case: {fold}) in {text:?}");
                placed += usize::from(own.is_some());
            }
            told += 1;
            matched += usize::from(found);
        }
        assert!(told > 10_000 && matched > 3_000 && refused < told / 2, "{told} told, {matched} match, {refused} refused");
        assert!(placed > 300, "{placed} with the places of parts");
    }

    #[test]
    fn a_search_without_end_is_given_up() {
        let text = "a".repeat(200);
        assert_eq!(own("(a*)*b", false, &text), None);
        assert_eq!(own("(a|a)+$x", false, &text), None);
        assert_eq!(own("x{4000}", false, &text), None);
    }
}
