//! Texts of which one stands in whatever a regular expression matches, so that most expressions need never be compiled.
//!
//! `(no|missing) (PTR|reverse DNS) record` matches nothing without ` record`. The walk over the pattern is cautious: what
//! it does not know is taken to match anything, and the answer is at worst "nothing is known" (an empty list).

/// Which literals are worth looking for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worth {
    /// Characters that one needs to tell texts apart.
    pub(crate) shortest: usize,
    /// How many there may be, before the list costs more than it saves.
    pub(crate) most: usize,
}

/// Groups inside groups that are looked into.
const DEEPEST: usize = 32;

/// Literals of which each match of `pattern` holds at least one, none if nothing is known; and whether it does without
/// regard to case, which `fold` says of the whole pattern, and `(?i)` of a part. Then they are in lower case.
pub(crate) fn of(pattern: &str, fold: bool, worth: Worth) -> (Vec<String>, bool) {
    let mut walk = Walk { rest: pattern, depth: 0, folded: fold, worth };
    let Found(mut literals) = walk.alternatives().unwrap_or_default();
    if !walk.rest.is_empty() {
        literals.clear();
    }
    if walk.folded {
        literals.iter_mut().for_each(|literal| literal.make_ascii_lowercase());
    }
    (literals, walk.folded)
}

/// Literals of which one is needed; empty if nothing is known.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    /// How well they tell texts apart: the shortest decides.
    fn worth(&self, Worth { shortest: least, most }: Worth) -> usize {
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

/// A pattern being walked through. Every method returns none at what it does not know: then nothing is known of the whole.
struct Walk<'p> {
    rest: &'p str,
    depth: usize,
    /// Whether it, or a part of it, ignores case.
    folded: bool,
    worth: Worth,
}

impl Walk<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// `a|b|c`, up to the end of the group: one of each is needed.
    fn alternatives(&mut self) -> Option<Found> {
        let mut all = self.sequence()?;
        let mut known = all.worth(self.worth) > 0;
        while self.rest.starts_with('|') {
            self.next();
            let more = self.sequence()?;
            known &= more.worth(self.worth) > 0;
            all.0.extend(more.0);
        }
        Some(if known { all } else { Found::default() })
    }

    /// What stands one after the other.
    fn sequence(&mut self) -> Option<Found> {
        let mut best = Found::default();
        let mut run = String::new();
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            let atom = self.atom()?;
            let (least, most) = self.repeated()?;
            match atom {
                Atom::Char(c) if least > 0 => {
                    run.push(c);
                    if most != Some(1) {
                        best.end(&mut run, self.worth);
                    }
                    continue;
                }
                Atom::Nothing => continue,
                Atom::Group(found) if least > 0 => best.improve(found, self.worth),
                _ => {}
            }
            best.end(&mut run, self.worth);
        }
        best.end(&mut run, self.worth);
        Some(best)
    }

    /// How often the atom before stands: at least, and at most.
    fn repeated(&mut self) -> Option<(usize, Option<usize>)> {
        let mut range = (1, Some(1));
        loop {
            range = match self.rest.chars().next() {
                Some('?' | '*') => (0, None),
                Some('+') => (range.0, None),
                Some('{') => {
                    let (inside, _) = self.rest[1..].split_once('}')?;
                    let least = inside.split(',').next()?.trim().parse().ok()?;
                    self.rest = &self.rest[1 + inside.len()..];
                    (range.0.min(least), None)
                }
                _ => return Some(range),
            };
            self.next();
        }
    }

    fn atom(&mut self) -> Option<Atom> {
        Some(match self.next()? {
            '\\' => match self.next()? {
                // Assertions; they take no room, so the run goes on.
                'b' | 'B' | 'A' | 'z' => Atom::Nothing,
                'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 't' | 'r' => Atom::Any,
                c if c.is_ascii_alphanumeric() || !c.is_ascii() => return None,
                c => Atom::Char(c),
            },
            '^' | '$' => Atom::Nothing,
            '.' => Atom::Any,
            '[' => self.class()?,
            '(' => self.group()?,
            '*' | '+' | '?' | '{' => return None,
            // Beyond ASCII two characters of different length may be the same but for their case.
            c if !c.is_ascii() => Atom::Any,
            c => Atom::Char(c),
        })
    }

    /// `[...]`, of which only its end is wanted.
    fn class(&mut self) -> Option<Atom> {
        if self.rest.starts_with('^') {
            self.next();
        }
        // A bracket that comes first stands for itself.
        if self.rest.starts_with(']') {
            self.next();
        }
        loop {
            match self.next()? {
                '\\' => {
                    self.next()?;
                }
                '[' => {
                    self.class()?;
                }
                ']' => return Some(Atom::Any),
                _ => {}
            }
        }
    }

    fn group(&mut self) -> Option<Atom> {
        if self.depth == DEEPEST {
            return None;
        }
        if let Some(rest) = self.rest.strip_prefix('?') {
            let end = rest.find([':', '>', ')'])?;
            let flags = &rest[..end];
            let named = flags.starts_with("P<") || flags.starts_with('<');
            // `x` ignores blanks, which are literals elsewhere.
            if !named && flags.contains(|c| !matches!(c, 'i' | 's' | 'm' | 'u' | 'U' | '-')) {
                return None;
            }
            self.folded |= !named && flags.contains('i');
            let closed = rest[end..].starts_with(')');
            self.rest = &rest[end + 1..];
            if closed {
                return Some(Atom::Nothing);
            }
        }
        self.depth += 1;
        let found = self.alternatives()?;
        self.depth -= 1;
        (self.next()? == ')').then_some(Atom::Group(found))
    }
}

enum Atom {
    /// One character that stands for itself.
    Char(char),
    /// Takes no room.
    Nothing,
    /// Some text.
    Any,
    /// A group, and what it needs.
    Group(Found),
}

#[cfg(test)]
mod tests {
    use super::{Worth, of};

    const WORTH: Worth = Worth { shortest: 3, most: 16 };

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
            (r"\x41bcd", &[]),
            (r"\pLbcd", &[]),
            ("(?x) a b c", &[]),
            ("(?P<name>rate limit)", &["rate limit"]),
            ("grüße alle", &["e alle"]),
            ("", &[]),
        ] {
            assert_eq!(of(pattern, true, WORTH).0, literals, "{pattern}");
        }
        assert_eq!(of("Hello", false, WORTH), (vec!["Hello".to_owned()], false));
        assert_eq!(of("(?i)Hello", false, WORTH), (vec!["hello".to_owned()], true));
        assert_eq!(of("(?i:x)Hello", false, WORTH), (vec!["hello".to_owned()], true));
    }

    /// A generator of pseudo-random numbers is all that this needs (Knuth's MMIX constants).
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }
    }

    /// A pattern and a text that it matches.
    fn made(dice: &mut Dice, depth: u64) -> (String, String) {
        let words = ["no", "such user", "relay", "x", ".", "5.7.1", " "];
        let mut pattern = String::new();
        let mut text = String::new();
        for _ in 0..1 + dice.roll(4) {
            let (part, sample) = match dice.roll(if depth == 0 { 4 } else { 6 }) {
                0 | 1 => {
                    let word = words[dice.roll(words.len() as u64) as usize];
                    (regex::escape(word), word.to_owned())
                }
                2 => ("[a-f)|]".to_owned(), ")".to_owned()),
                3 => (r"\d".to_owned(), "7".to_owned()),
                _ => {
                    let (one, first) = made(dice, depth - 1);
                    let (two, second) = made(dice, depth - 1);
                    let open = ["(", "(?:", "(?P<a>"][dice.roll(2) as usize];
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
            text += &sample.repeat(times as usize);
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
