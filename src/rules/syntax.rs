//! The plain part of the language of regular expressions, as a tree. Nearly all expressions in rules keep to it; what goes
//! beyond is left to the library, and so is every mistake: [`parse`] gives a tree only where the library would read the same.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};
use std::collections::BTreeSet;

/// Groups inside groups that are read.
const DEEPEST: usize = 32;

/// An expression, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    /// A character, and whether its case does not matter, which is asked of ASCII letters only.
    Char(char, bool),
    /// Several such characters.
    Text(Box<str>, bool),
    /// A letter in any case, of which a form is no ASCII letter: `д`, and `k`, which the sign of Kelvin is, too.
    Letter(char),
    /// One of these bytes.
    Set(Set),
    /// One of these characters.
    Chars(Chars),
    /// A place in the text; takes no room.
    Edge(Edge),
    /// One after the other.
    Sequence(Vec<Tree>),
    /// One of them.
    Alternatives(Vec<Tree>),
    /// A part, so often at least, and at most.
    Repeat(Box<Tree>, u32, Option<u32>, Wish),
    /// The part of the pattern that this one of its names stands for.
    Named(usize, Box<Tree>),
}

/// How often a part is wanted that may come several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Often,
    Seldom,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Start,
    End,
    LineStart,
    LineEnd,
    /// Between a letter, digit or `_` and anything else.
    Word,
    NoWord,
}

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Set([u64; 4]);

impl Set {
    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    pub(super) fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    pub(super) fn unite(&mut self, other: &Set) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own |= other);
    }

    /// The bytes from one to another.
    const fn range(from: u8, to: u8) -> Set {
        let mut bits = [0; 4];
        let mut byte = from;
        while byte < to {
            bits[(byte >> 6) as usize] |= 1 << (byte & 63);
            byte += 1;
        }
        bits[(to >> 6) as usize] |= 1 << (to & 63);
        Set(bits)
    }

    const fn with(self, other: Set) -> Set {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Set([a | e, b | f, c | g, d | h])
    }

    const ALL: Set = Set([u64::MAX; 4]);
    const LINE_END: Set = Set::range(b'\n', b'\n');
    const DIGIT: Set = Set::range(b'0', b'9');
    const SPACE: Set = Set::range(b'\t', b'\r').with(Set::range(b' ', b' '));
    const WORD: Set = Set::DIGIT.with(Set::range(b'a', b'z')).with(Set::range(b'A', b'Z')).with(Set::range(b'_', b'_'));

    fn of(holds: impl Fn(u8) -> bool) -> Set {
        let mut set = Set::default();
        (0..=u8::MAX).filter(|byte| holds(*byte)).for_each(|byte| set.add(byte));
        set
    }

    fn others(&self) -> Set {
        Set(self.0.map(|bits| !bits))
    }

    /// With the letters of it in both cases, which stand 32 bits apart in the second word.
    fn folded(&self) -> Set {
        const UPPER: u64 = 0x07ff_fffe;
        let [controls, letters, high, highest] = self.0;
        let either = (letters | letters >> 32) & UPPER;
        Set([controls, letters | either | either << 32, high, highest])
    }
}

/// A set of characters of a text, not of bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chars(Vec<(char, char)>);

impl Chars {
    /// The forms of a letter.
    pub(super) fn of_letter(c: char) -> Option<Chars> {
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        class.try_case_fold_simple().ok()?;
        Some(Chars::of_class(&class))
    }

    /// What the library takes `pattern`, which is one class, for.
    fn of(pattern: &str, flags: Flags) -> Option<Chars> {
        let mut library = regex_syntax::ParserBuilder::new();
        let library = library.case_insensitive(flags.fold).dot_matches_new_line(flags.dot_all);
        let HirKind::Class(Class::Unicode(class)) = library.build().parse(pattern).ok()?.into_kind() else { return None };
        Some(Chars::of_class(&class))
    }

    fn of_class(class: &ClassUnicode) -> Chars {
        Chars(class.ranges().iter().map(|range| (range.start(), range.end())).collect())
    }

    /// The length in bytes of the character that begins at `at`, if it is one of these.
    pub(super) fn length_at(&self, text: &[u8], at: usize) -> Option<usize> {
        let length = match *text.get(at)? {
            0..0x80 => 1,
            0xc0..0xe0 => 2,
            0xe0..0xf0 => 3,
            0xf0.. => 4,
            // The middle of a character.
            _ => return None,
        };
        let c = std::str::from_utf8(text.get(at..at + length)?).ok()?.chars().next()?;
        let after = self.0.partition_point(|(from, _)| *from <= c);
        after.checked_sub(1).filter(|range| c <= self.0[*range].1).map(|_| length)
    }

    /// The bytes that one can begin with.
    pub(super) fn firsts(&self) -> Set {
        let lead = |c: char| c.encode_utf8(&mut [0; 4]).as_bytes()[0];
        self.0.iter().fold(Set::default(), |set, (from, to)| set.with(Set::range(lead(*from), lead(*to))))
    }
}

/// What the letters of `(?ims)` say, up to the end of the group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flags {
    /// Case does not matter.
    pub(super) fold: bool,
    /// `^` and `$` are ends of a line.
    pub(super) lines: bool,
    /// A character beyond ASCII is one, and not its bytes.
    pub(super) wide: bool,
    /// `.` is the end of a line, too.
    pub(super) dot_all: bool,
}

/// A pattern that is plain.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) tree: Tree,
    /// Whether the tree tells what matches in texts beyond ASCII, too, byte by byte.
    pub(super) all_bytes: bool,
    /// The names of parts, in the order in which they begin.
    pub(super) names: Vec<String>,
}

impl Flags {
    pub(super) fn new(fold: bool) -> Flags {
        Flags { fold, lines: false, wide: false, dot_all: false }
    }
}

/// Takes a pattern apart. None where it holds anything that is not plain, or is not valid.
pub(super) fn parse(pattern: &str, flags: Flags) -> Option<Plain> {
    let (bytes, names) = (!flags.wide, Vec::new());
    let mut parser = Parser { rest: pattern, depth: 0, flags, names, bytes, all_bytes: bytes };
    let tree = parser.alternatives()?;
    let names = parser.names.iter().map(|name| (*name).to_owned()).collect();
    parser.rest.is_empty().then_some(Plain { tree, all_bytes: parser.all_bytes, names })
}

struct Parser<'p> {
    rest: &'p str,
    depth: usize,
    flags: Flags,
    names: Vec<&'p str>,
    /// Whether bytes are matched, but for groups such as `(?u:...)`.
    bytes: bool,
    all_bytes: bool,
}

impl<'p> Parser<'p> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Takes `token`, if it comes next.
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `a|b|c`, up to the end of the group.
    fn alternatives(&mut self) -> Option<Tree> {
        let mut all = vec![self.sequence()?];
        while self.takes("|") {
            all.push(self.sequence()?);
        }
        if all.len() == 1 { all.pop() } else { Some(Tree::Alternatives(all)) }
    }

    fn sequence(&mut self) -> Option<Tree> {
        let mut parts = Vec::new();
        let mut run = String::new();
        let mut folds = false;
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            let words = self.words();
            if !words.is_empty() {
                if self.flags.fold != folds {
                    end(&mut run, folds, &mut parts);
                }
                folds = self.flags.fold;
                run.push_str(words);
                continue;
            }
            let mut part = match self.atom()? {
                Some(Tree::Char(c, fold)) if !self.is_repeated() => {
                    if fold != folds {
                        end(&mut run, folds, &mut parts);
                    }
                    folds = fold;
                    run.push(c);
                    continue;
                }
                Some(part) => part,
                // Flags for what follows are no part.
                None if self.is_repeated() => return None,
                None => continue,
            };
            while let Some((least, most, wish)) = self.times()? {
                part = Tree::Repeat(Box::new(part), least, most, wish);
            }
            end(&mut run, folds, &mut parts);
            parts.push(part);
        }
        end(&mut run, folds, &mut parts);
        Some(if parts.len() == 1 { parts.swap_remove(0) } else { Tree::Sequence(parts) })
    }

    /// Takes the letters, digits and spaces that come next and mean nothing else.
    fn words(&mut self) -> &'p str {
        // Some letters have forms beyond ASCII.
        if self.flags.fold && self.flags.wide {
            return "";
        }
        let taken = self.rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b' ').count();
        // What repeats is a part by itself.
        let last = usize::from(self.rest[taken..].starts_with(['?', '*', '+', '{'])).min(taken);
        let (words, rest) = self.rest.split_at(taken - last);
        self.rest = rest;
        words
    }

    fn is_repeated(&self) -> bool {
        self.rest.starts_with(['?', '*', '+', '{'])
    }

    /// How often the part before stands, if that is said.
    fn times(&mut self) -> Option<Option<(u32, Option<u32>, Wish)>> {
        let (least, most) = match self.rest.chars().next() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                let (inside, _) = self.rest[1..].split_once('}')?;
                let (least, most) = inside.split_once(',').map_or((inside, Some(inside)), |(least, most)| (least, Some(most)));
                let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
                let least = number(least)?;
                let most = match most {
                    Some("") => None,
                    Some(text) => Some(number(text)?),
                    None => None,
                };
                if most.is_some_and(|most| most < least) {
                    return None;
                }
                self.rest = &self.rest[inside.len() + 1..];
                (least, most)
            }
            _ => return Some(None),
        };
        self.next();
        let wish = if self.takes("?") { Wish::Seldom } else { Wish::Often };
        Some(Some((least, most, wish)))
    }

    /// One part; none inside where it only says how to read what follows.
    fn atom(&mut self) -> Option<Option<Tree>> {
        let Flags { lines, wide, dot_all, .. } = self.flags;
        let chars = wide && self.bytes;
        let before = self.rest;
        Some(Some(match self.next()? {
            '\\' => match self.next()? {
                'b' if self.rest.starts_with('{') => return None,
                edge @ ('b' | 'B') => {
                    // Letters beyond ASCII are none here.
                    self.all_bytes &= !chars;
                    Tree::Edge(if edge == 'b' { Edge::Word } else { Edge::NoWord })
                }
                'A' => Tree::Edge(Edge::Start),
                'z' => Tree::Edge(Edge::End),
                c => match class_of(c) {
                    Some(_) if chars => Tree::Chars(Chars::of(&before[..1 + c.len_utf8()], self.flags)?),
                    Some(class) => Tree::Set(class),
                    None => {
                        let c = self.escaped(c)?;
                        self.literal(c)
                    }
                },
            },
            '^' => Tree::Edge(if lines { Edge::LineStart } else { Edge::Start }),
            '$' => Tree::Edge(if lines { Edge::LineEnd } else { Edge::End }),
            '.' if chars => Tree::Chars(Chars::of(".", self.flags)?),
            '.' => Tree::Set(if dot_all { Set::ALL } else { Set::LINE_END.others() }),
            '[' if chars => {
                self.set()?;
                Tree::Chars(Chars::of(&before[..before.len() - self.rest.len()], self.flags)?)
            }
            '[' => Tree::Set(self.set()?),
            '(' => return self.group(),
            '*' | '+' | '?' | '{' => return None,
            // They are letters of ASCII but for their case.
            '\u{17f}' | '\u{212a}' if wide && !chars => return None,
            c => self.literal(c),
        }))
    }

    /// A character that stands for itself.
    fn literal(&self, c: char) -> Tree {
        let Flags { fold, wide, .. } = self.flags;
        let has_forms = || !c.is_ascii() || matches!(c.to_ascii_lowercase(), 's' | 'k');
        if fold && wide && self.bytes && has_forms() { Tree::Letter(c) } else { Tree::Char(c, fold) }
    }

    /// `[...]`, after its first bracket.
    fn set(&mut self) -> Option<Set> {
        let mut set = Set::default();
        let denied = self.takes("^");
        let mut first = true;
        loop {
            if self.takes("]") {
                // A bracket that comes first stands for itself.
                if !first {
                    break;
                }
                set.add(b']');
            } else if let Some(rest) = self.rest.strip_prefix("[:") {
                let (name, rest) = rest.split_once(":]")?;
                set.unite(&named(name)?);
                self.rest = rest;
            } else if self.rest.starts_with('[') || ["&&", "--", "~~"].iter().any(|operator| self.rest.starts_with(operator)) {
                return None;
            } else {
                self.item(&mut set)?;
            }
            first = false;
        }
        let set = if self.flags.fold { set.folded() } else { set };
        Some(if denied { set.others() } else { set })
    }

    /// One byte, class or range of a set.
    fn item(&mut self, set: &mut Set) -> Option<()> {
        let from = match self.next()? {
            '\\' => {
                let c = self.next()?;
                match class_of(c) {
                    // A range cannot begin with a class.
                    Some(class) => {
                        set.unite(&class);
                        return (!self.rest.starts_with('-') || self.rest.starts_with("-]")).then_some(());
                    }
                    None => self.escaped(c)?,
                }
            }
            c => c,
        };
        if self.flags.wide && !from.is_ascii() && !matches!(from, '\u{17f}' | '\u{212a}') && !self.rest.starts_with('-') {
            return Some(());
        }
        let from = ascii(from)?;
        let rest = self.rest.strip_prefix('-').filter(|rest| !rest.starts_with(']') && !rest.starts_with('-'));
        let Some(rest) = rest else {
            // A range that begins with a hyphen, or has two, is not plain.
            set.add(from);
            return (!self.rest.starts_with("--")).then_some(());
        };
        self.rest = rest;
        let to = match self.next()? {
            '\\' => {
                let c = self.next()?;
                self.escaped(c)?
            }
            '[' => return None,
            c => c,
        };
        let to = ascii(to)?;
        (from..=to).for_each(|byte| set.add(byte));
        (from <= to).then_some(())
    }

    /// The character that `c` behind a backslash stands for.
    fn escaped(&mut self, c: char) -> Option<char> {
        match c {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'x' => {
                let digits = self.rest.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
                self.rest = &self.rest[2..];
                // Beyond ASCII it is a byte here and a character there.
                u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii).map(char::from)
            }
            c => regex_syntax::is_escapeable_character(c).then_some(c),
        }
    }

    /// `(...)`, after its first bracket.
    fn group(&mut self) -> Option<Option<Tree>> {
        if self.depth == DEEPEST {
            return None;
        }
        let before = self.flags;
        let mut named = None;
        if self.takes("?") {
            if self.takes("P<") || self.takes("<") {
                let (name, rest) = self.rest.split_once('>')?;
                let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if !is_name || self.names.contains(&name) {
                    return None;
                }
                named = Some(self.names.len());
                self.names.push(name);
                self.rest = rest;
            } else {
                let end = self.rest.find([':', ')'])?;
                self.flags = flags(before, &self.rest[..end])?;
                let closed = self.rest[end..].starts_with(')');
                if closed && end == 0 {
                    return None;
                }
                self.rest = &self.rest[end + 1..];
                if closed {
                    return Some(None);
                }
            }
        }
        self.depth += 1;
        let inside = self.alternatives()?;
        self.depth -= 1;
        self.flags = before;
        let inside = match named {
            Some(name) => Tree::Named(name, Box::new(inside)),
            None => inside,
        };
        self.takes(")").then_some(Some(inside))
    }
}

/// Ends a run of characters, which is a part.
fn end(run: &mut String, folds: bool, parts: &mut Vec<Tree>) {
    if !run.is_empty() {
        parts.push(Tree::Text(run.as_str().into(), folds));
        run.clear();
    }
}

/// The flags after `letters`, such as `i` or `s-i`.
fn flags(mut flags: Flags, letters: &str) -> Option<Flags> {
    let mut on = true;
    let mut seen = BTreeSet::new();
    for c in letters.chars() {
        match c {
            'i' => flags.fold = on,
            'm' => flags.lines = on,
            's' => flags.dot_all = on,
            'u' if on => flags.wide = true,
            '-' => on = false,
            _ => return None,
        }
        if !seen.insert(c) {
            return None;
        }
    }
    (!letters.ends_with('-')).then_some(flags)
}

/// What `\d` and its like stand for: ASCII alone.
fn class_of(c: char) -> Option<Set> {
    let set = match c.to_ascii_lowercase() {
        'd' => Set::DIGIT,
        's' => Set::SPACE,
        'w' => Set::WORD,
        _ => return None,
    };
    Some(if c.is_ascii_uppercase() { set.others() } else { set })
}

fn ascii(c: char) -> Option<u8> {
    c.is_ascii().then(|| u8::try_from(c).ok()).flatten()
}

/// `[:alpha:]` and its like.
fn named(name: &str) -> Option<Set> {
    let holds: fn(u8) -> bool = match name {
        "alnum" => |byte| byte.is_ascii_alphanumeric(),
        "alpha" => |byte| byte.is_ascii_alphabetic(),
        "blank" => |byte| matches!(byte, b' ' | b'\t'),
        "digit" => |byte| byte.is_ascii_digit(),
        "lower" => |byte| byte.is_ascii_lowercase(),
        "punct" => |byte| byte.is_ascii_punctuation(),
        "space" => |byte| Set::SPACE.has(byte),
        "upper" => |byte| byte.is_ascii_uppercase(),
        "xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => return None,
    };
    Some(Set::of(holds))
}
