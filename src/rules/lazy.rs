//! Regular expressions that are compiled when they are first needed: of thousands in the rules an analysis needs a few.

use super::literals::{self, Worth};
use super::problem::Place;
use super::program::{Program, Spans};
use super::syntax::{self as plain, Flags, Plain};
use super::yaml::Reader;
use crate::bytes::{find_folded, holds};
use crate::embedded::LITERALS;
use crate::parallel::locked;
use regex_automata::hybrid::dfa;
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Input, MatchKind, PatternID, meta, util::syntax};
use regex_syntax::hir::{Class, Hir, HirKind};
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, OnceLock};

/// Size in bytes that a compiled expression may have.
const SIZE: usize = 1 << 20;
/// States of an engine up to which it stays far below that.
const SMALL: usize = 1 << 12;

/// About how many states the engine of an expression has.
fn states(tree: &Hir) -> usize {
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(4),
        HirKind::Repetition(again) => {
            let times = again.max.unwrap_or(again.min).max(again.min).max(1);
            states(&again.sub).saturating_mul(times as usize)
        }
        HirKind::Capture(group) => states(&group.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(states).fold(1, usize::saturating_add),
    }
}

/// What to write in place of what is not valid, by a part of what is said of it.
const HELPS: [(&str, &str); 6] = [
    ("look-around", "what must not be there is `not: {matches: ...}` beside it, in a reason `unless:`"),
    ("unclosed", "a bracket that stands for itself is written `\\(` or `\\[`"),
    ("unopened", "a bracket that stands for itself is written `\\)` or `\\]`"),
    ("backreferences", "write the words that come again once more"),
    ("unrecognized flag", "groups are `(...)`, `(?:...)` and `(?P<name>...)`"),
    ("unrecognized escape", "white space is `\\s`, the end of a text `$`; a letter stands for itself without a backslash"),
];

/// How an expression is meant. In all of them `\d`, `\s`, `\w` and `\b` know ASCII only, as logs and commands do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Against what was said, without regard to case, byte by byte.
    Said,
    /// Against a whole value, without regard to case.
    Value,
    /// Against a text of many lines: `^` and `$` are ends of a line.
    Lines,
    /// Against one line.
    Line,
}

/// A regular expression that is compiled at first use.
pub struct LazyRegex {
    pattern: Cow<'static, str>,
    dialect: Dialect,
    /// One of these stands in each match; empty if nothing is known. And whether they are found without regard to case; then
    /// they are in lower case.
    literals: OnceLock<(Vec<String>, bool)>,
    /// Tells whether it matches in an ASCII text; none where it is not plain.
    program: OnceLock<Option<Box<Program>>>,
    /// Tells the same of what the program cannot tell; none where that needs the whole.
    half: OnceLock<Option<Box<Half>>>,
    /// Tells where in an ASCII text; none where that needs all of Unicode.
    ascii: OnceLock<Option<meta::Regex>>,
    /// Tells where in any text.
    regex: OnceLock<meta::Regex>,
}

/// Half an expression, which costs half: forwards only, it finds that there is a match, and not where it begins.
struct Half {
    dfa: dfa::DFA,
    cache: Mutex<dfa::Cache>,
}

impl PartialEq for LazyRegex {
    fn eq(&self, other: &LazyRegex) -> bool {
        self.dialect == other.dialect && self.pattern == other.pattern
    }
}

impl Clone for LazyRegex {
    fn clone(&self) -> LazyRegex {
        LazyRegex {
            pattern: self.pattern.clone(),
            dialect: self.dialect,
            literals: self.literals.clone(),
            program: OnceLock::new(),
            half: OnceLock::new(),
            ascii: self.ascii.clone(),
            regex: self.regex.clone(),
        }
    }
}

impl LazyRegex {
    /// An expression that is known to be valid; one that is not panics when it is first needed.
    pub fn valid(pattern: impl Into<Cow<'static, str>>, dialect: Dialect) -> LazyRegex {
        let (literals, program, half, ascii, regex) = Default::default();
        LazyRegex { pattern: pattern.into(), dialect, literals, program, half, ascii, regex }
    }

    /// The expression at `place`; none, and a problem, if it is not valid or matches everything. Trusted ones are not tried.
    pub(super) fn read(reader: &mut Reader<'_>, pattern: String, place: Place, dialect: Dialect) -> Option<LazyRegex> {
        let mut lazy = LazyRegex::valid(pattern, dialect);
        if reader.trusted {
            return Some(lazy);
        }
        if let Some(plain) = lazy.plain() {
            lazy.program = Program::of(&plain).map(Box::new).into();
            lazy.literals = lazy.embedded().unwrap_or_else(|| lazy.needed_by(&plain)).into();
        }
        let takes_nothing = match lazy.program() {
            Some(program) => program.may_be_empty(),
            None => lazy.parsed_by_library(reader, place)?,
        };
        // What tells nothing apart is hardly meant; a form of a line may take any.
        let whole = matches!(dialect, Dialect::Said | Dialect::Value);
        if whole && takes_nothing && ["", "x", "550 5.1.1", "~ \u{e9}"].into_iter().all(|text| lazy.is_match(text)) {
            reader.problem(place, format!("the regular expression `{}` matches everything", lazy.pattern), None);
            return None;
        }
        Some(lazy)
    }

    /// Whether it can match nothing, by the library's tree; none, and a problem, if it is not valid.
    fn parsed_by_library(&self, reader: &mut Reader<'_>, place: Place) -> Option<bool> {
        // The tree tells nearly all that can be wrong, and costs a tenth of an engine for it.
        let tree = match syntax::parse_with(&self.translated(), &self.syntax(self.is_bytes())) {
            Ok(tree) => tree,
            Err(error) => {
                let (place, why) = self.why_invalid(reader.line(place.line), place, &error);
                let help = match self.pattern.strip_prefix('*') {
                    // So patterns of file names begin.
                    Some(rest) => Some(format!(
                        "`*` repeats what stands before it; for the end of a value write `ends_with: {rest}`, for anything `.*`"
                    )),
                    None => HELPS.iter().find(|(part, _)| why.contains(part)).map(|(_, help)| (*help).to_owned()),
                };
                reader.problem(place, why, help);
                return None;
            }
        };
        if states(&tree) > SMALL
            && let Err(error) = self.compile(self.is_bytes())
        {
            reader.problem(place, why(&error), None);
            return None;
        }
        Some(tree.properties().minimum_len() == Some(0))
    }

    /// What is wrong with an expression that stands at `place` of `line`, and where in it, if it stands there as it is.
    fn why_invalid(&self, line: &str, place: Place, error: &regex_syntax::Error) -> (Place, String) {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let why = format!("the regular expression is not valid: {last}");
        // The span in the pattern as it is written.
        let span = match regex_syntax::ast::parse::Parser::new().parse(&self.pattern) {
            Err(error) => *error.span(),
            Ok(_) => return (place, why),
        };
        let before = place.column.saturating_sub(1) as usize;
        let rest: String = line.chars().skip(before).collect();
        let (Some(at), true) = (rest.find(&*self.pattern), span.is_one_line()) else { return (place, why) };
        let chars = |text: &str| text.chars().count() as u32;
        let column = place.column + chars(&rest[..at]) + chars(&self.pattern[..span.start.offset]);
        let length = chars(&self.pattern[span.start.offset..span.end.offset]).max(1);
        (Place { column, length, ..place }, why)
    }

    /// Whether it is matched byte by byte whatever the text.
    pub(super) fn is_bytes(&self) -> bool {
        self.dialect == Dialect::Said
    }

    pub(super) fn syntax(&self, bytes: bool) -> syntax::Config {
        syntax::Config::new()
            .case_insensitive(self.ignores_case())
            .multi_line(self.dialect == Dialect::Lines)
            .unicode(!bytes)
            .utf8(!bytes)
    }

    /// The pattern as the engine shall read it.
    pub(super) fn translated(&self) -> Cow<'_, str> {
        if self.is_bytes() { Cow::Borrowed(&*self.pattern) } else { with_ascii_classes(&self.pattern) }
    }

    /// Most are matched with a handful of short texts: what would make the search faster costs more than it saves.
    fn compile(&self, bytes: bool) -> Result<meta::Regex, Box<meta::BuildError>> {
        let lean = meta::Config::new()
            .utf8_empty(!bytes)
            .auto_prefilter(false)
            .onepass(false)
            // It is asked where a line matches that is known to, and a line is short.
            .hybrid(self.dialect != Dialect::Line)
            .which_captures(if self.is_bytes() { WhichCaptures::None } else { WhichCaptures::All })
            .nfa_size_limit(Some(SIZE));
        meta::Builder::new().syntax(self.syntax(bytes)).configure(lean).build(&self.translated()).map_err(Box::new)
    }

    /// The engine for this text. Of an ASCII text each byte is a character, and an engine that knows no others is a tenth as large.
    fn engine(&self, text: &str) -> &meta::Regex {
        if text.is_ascii()
            && let Some(ascii) = self.ascii.get_or_init(|| self.compile(true).ok())
        {
            return ascii;
        }
        let valid = "checked when it was read, or by a test if it is built in";
        self.regex.get_or_init(|| self.compile(self.is_bytes()).expect(valid))
    }

    fn compile_half(&self) -> Option<Box<Half>> {
        let dfa = forwards(self.syntax(true), MatchKind::LeftmostFirst, &[self.translated()])?;
        let cache = Mutex::new(dfa.create_cache());
        Some(Box::new(Half { dfa, cache }))
    }

    /// Texts in lower case of which each match holds one; empty if nothing is known.
    pub(super) fn literals(&self) -> &[String] {
        &self.needed().0
    }

    fn ignores_case(&self) -> bool {
        matches!(self.dialect, Dialect::Said | Dialect::Value)
    }

    fn plain(&self) -> Option<Plain> {
        let flags = Flags { lines: self.dialect == Dialect::Lines, wide: !self.is_bytes(), ..Flags::new(self.ignores_case()) };
        plain::parse(&self.pattern, flags)
    }

    fn needed(&self) -> &(Vec<String>, bool) {
        self.literals.get_or_init(|| match self.embedded() {
            Some(needed) => needed,
            None => self.plain().map_or((Vec::new(), self.ignores_case()), |plain| self.needed_by(&plain)),
        })
    }

    fn needed_by(&self, plain: &Plain) -> (Vec<String>, bool) {
        literals::of_tree(&plain.tree, if self.is_bytes() { Worth::SAID } else { Worth::EACH })
    }

    /// The same of a phrase of the built-in reasons, for which it was found when the program was built.
    fn embedded(&self) -> Option<(Vec<String>, bool)> {
        let at = LITERALS.binary_search_by_key(&&*self.pattern, |(pattern, ..)| pattern).ok().filter(|_| self.is_bytes())?;
        let (_, literals, folded) = LITERALS[at];
        Some((literals.iter().map(|literal| (*literal).to_owned()).collect(), folded))
    }

    fn program(&self) -> Option<&Program> {
        self.program.get_or_init(|| Program::of(&self.plain()?).map(Box::new)).as_deref()
    }

    fn may_match(&self, text: &str) -> bool {
        let (literals, folded) = self.needed();
        let stands = |literal: &String| match folded {
            true => find_folded(text.as_bytes(), literal.as_bytes(), 0).is_some(),
            false => holds(text.as_bytes(), literal.as_bytes()),
        };
        // Beyond ASCII a letter may stand for another: `ſ` is an `s`.
        literals.is_empty() || literals.iter().any(stands) || (*folded && !text.is_ascii())
    }

    /// Whether it is a text that stands for itself: its literal is all of it.
    fn is_plain(&self) -> bool {
        matches!(self.literals(), [literal] if literal.len() == self.pattern.len())
    }

    /// Whether it matches somewhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        if !self.may_match(text) {
            return false;
        }
        if text.is_ascii() && self.is_plain() {
            return true;
        }
        if let Some(found) = self.program().and_then(|program| program.is_match(text)) {
            return found;
        }
        if self.ascii.get().is_none()
            && (self.is_bytes() || text.is_ascii())
            && let Some(Half { dfa, cache }) = self.half.get_or_init(|| self.compile_half()).as_deref()
        {
            let mut cache = locked(cache);
            // It gives up where it would fill its memory anew again and again.
            if let Ok(found) = dfa.try_search_fwd(&mut cache, &Input::new(text).earliest(true)) {
                return found.is_some();
            }
        }
        self.engine(text).is_match(text)
    }

    /// Its first match that begins at `from` or behind it, and its parts.
    fn find<'t>(&self, text: &'t str, from: usize) -> Option<(Range<usize>, Found<'_, 't>)> {
        if let Some(program) = self.program()
            && let Some(found) = program.find(text, from)
        {
            let Spans { whole, parts } = found?;
            let parts = program.names().iter().zip(parts).filter_map(|(name, part)| Some((name.as_str(), part?)));
            return Some((whole, Found { text, parts: parts.collect() }));
        }
        // An engine that tells where is only built for a text that matches.
        let built = self.regex.get().is_some() || self.ascii.get().is_some_and(Option::is_some);
        if !built && from == 0 && !self.is_match(text) {
            return None;
        }
        let engine = self.engine(text);
        let mut captures = engine.create_captures();
        engine.search_captures(&Input::new(text).range(from..), &mut captures);
        let whole = captures.get_match()?.range();
        let names = engine.group_info().pattern_names(PatternID::ZERO).enumerate();
        let parts = names.filter_map(|(at, name)| Some((name?, captures.get_group(at)?.range()))).collect();
        Some((whole, Found { text, parts }))
    }

    /// The parts of its first match in `text`; not for what was said.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Found<'_, 't>> {
        if self.may_match(text) { self.find(text, 0).map(|(_, found)| found) } else { None }
    }

    /// The parts of each of its matches in `text`; not for what was said.
    pub fn each<'l, 't: 'l>(&'l self, text: &'t str) -> impl Iterator<Item = Found<'l, 't>> + 'l {
        let mut from = self.may_match(text).then_some(0);
        let mut last = None;
        std::iter::from_fn(move || {
            loop {
                let (whole, found) = self.find(text, from?)?;
                // After nothing it goes on with the next character, and nothing right behind a match is none.
                let next = || text[whole.end..].chars().next().map(|c| whole.end + c.len_utf8());
                from = if whole.is_empty() { next() } else { Some(whole.end) };
                if last.replace(whole.end) != Some(whole.start) || !whole.is_empty() {
                    return Some(found);
                }
            }
        })
    }

    /// The expression as it is written.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
}

/// An automaton that goes through a text forwards.
pub(super) fn forwards(syntax: syntax::Config, kind: MatchKind, patterns: &[Cow<'_, str>]) -> Option<dfa::DFA> {
    let nfa = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(SIZE)).utf8(false);
    let lean = dfa::Config::new().skip_cache_capacity_check(true).match_kind(kind);
    dfa::Builder::new().syntax(syntax).thompson(nfa).configure(lean).build_many(patterns).ok()
}

impl fmt::Debug for Half {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Half({})", self.dfa.pattern_len())
    }
}

impl fmt::Debug for LazyRegex {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LazyRegex({:?})", self.pattern)
    }
}

/// The named parts of a match.
#[derive(Debug)]
pub struct Found<'l, 't> {
    text: &'t str,
    /// Those that took part in it.
    parts: Vec<(&'l str, Range<usize>)>,
}

impl<'t> Found<'_, 't> {
    /// The text of a named part, if it took part in the match.
    pub fn name(&self, name: &str) -> Option<&'t str> {
        self.range(name).map(|range| &self.text[range])
    }

    /// Where a named part stands in the text, if it took part in the match.
    pub fn range(&self, name: &str) -> Option<Range<usize>> {
        self.parts.iter().find(|(known, _)| *known == name).map(|(_, range)| range.clone())
    }
}

/// The pattern with `\d`, `\s`, `\w` and `\b` for ASCII alone: for all of Unicode they are a hundred times as large.
fn with_ascii_classes(pattern: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        let Some(c) = rest[at + 1..].chars().next() else { break };
        let ascii = match c {
            'd' => "[0-9]",
            'D' => "[^0-9]",
            's' => r"[\t\n\x0B\f\r\x20]",
            'S' => r"[^\t\n\x0B\f\r\x20]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            'b' => r"(?-u:\b)",
            'B' => r"(?-u:\B)",
            _ => &rest[at..at + 1 + c.len_utf8()],
        };
        out.push_str(&rest[..at]);
        out.push_str(ascii);
        rest = &rest[at + 1 + c.len_utf8()..];
    }
    if out.is_empty() { Cow::Borrowed(pattern) } else { Cow::Owned(out + rest) }
}

/// Why a valid expression cannot be compiled.
fn why(error: &meta::BuildError) -> String {
    match error.size_limit() {
        Some(limit) => format!("the regular expression is too large: compiled it has more than {} KiB", limit >> 10),
        None => format!("the regular expression is not valid: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_compiled_would_not_have_matched() {
        for (pattern, dialect, yes, no) in [
            (r"over\s+quota", Dialect::Value, "552 OVER  quota", "over-quota"),
            ("disk", Dialect::Value, "DI\u{17f}K", "dis"),
            ("(?i)password=(?P<s>\\S+)", Dialect::Line, "PassWord=x", "password"),
            ("^Mem:", Dialect::Lines, "x\nMem: 1", "x Mem: 1"),
            (r"^[\d.]+ \b\w+$", Dialect::Line, "1.5 MiB", "1.5 \u{b5}s"),
            ("greylist", Dialect::Said, "GREYLISTED", "grey list"),
        ] {
            let regex = LazyRegex::valid(pattern, dialect);
            assert!(regex.is_match(yes), "{pattern} matches {yes}");
            assert!(!regex.is_match(no), "{pattern} does not match {no}");
        }
    }

    #[test]
    fn the_expressions_of_the_reasons_are_plain_and_mean_what_the_library_says() {
        let rules = crate::rules::RuleSet::check(&[]).expect("valid rules");
        let mut told = 0;
        for reason in &rules.reasons.entries {
            for regex in reason.any.iter().chain(&reason.hints).chain(&reason.unless) {
                let program = regex.program().unwrap_or_else(|| panic!("{} is not plain", regex.as_str()));
                let library = regex.compile(true).expect("a valid expression");
                for (text, _) in reason.examples.iter().chain(&reason.not) {
                    let found = program.is_match(text);
                    assert!(found.is_none_or(|found| found == library.is_match(text)), "{} in {text}", regex.as_str());
                    told += usize::from(found.is_some());
                }
            }
        }
        assert!(told > 5_000, "{told}");
    }

    #[test]
    fn what_a_phrase_needs_is_the_same_when_it_is_embedded() {
        assert!(LITERALS.len() > 800, "{}", LITERALS.len());
        for (pattern, ..) in LITERALS {
            let lazy = LazyRegex::valid(*pattern, Dialect::Said);
            assert_eq!(lazy.embedded(), lazy.plain().map(|plain| lazy.needed_by(&plain)), "{pattern}");
        }
    }

    #[test]
    fn our_program_and_the_library_find_the_same_parts() {
        for (pattern, text) in [
            (r"^(?P<name>\S+) (?P<size>\d+)?", "x 12 y"),
            (r"(?P<a>a+?)(?P<b>a*)(?P<c>b)?", "caaab aab b"),
            (r"(?P<x>a|ab)(?P<y>c|bcd)(?P<z>d*)", "abcd abcdd"),
            (r"(?P<key>\w+)=(?P<value>'[^']*'|\S*)", "a=1 b='x y' c= d=''"),
            (r"(?:(?P<even>\d\d)|(?P<odd>\d))+;", "12345; 7; 88;"),
            (r"(?P<e>x*)", "axxb"),
            (r"(?i)pass(?:word)?[ =:]+(?P<secret>.+?)(?:,|$)", "PASSWORD: hunter2, pass=x"),
            (r"\b(?P<w>\w{2,3}?)(?P<rest>\w*)\b", "to bee or abcdef"),
            (r"(?P<none>z)?(?P<last>.)$", "abc"),
        ] {
            let regex = LazyRegex::valid(pattern, Dialect::Line);
            let parts = |found: &Found<'_, '_>| found.parts.iter().map(|(name, at)| ((*name).to_owned(), at.clone())).collect();
            let own: Vec<Vec<_>> = regex.each(text).map(|found| parts(&found)).collect();
            let engine = regex.compile(true).expect("a valid expression");
            let library = engine.captures_iter(text).map(|captures| {
                let names = engine.group_info().pattern_names(PatternID::ZERO);
                let named = names.flatten().filter_map(|name| Some((name.to_owned(), captures.get_group_by_name(name)?.range())));
                named.collect::<Vec<_>>()
            });
            assert_eq!(own, library.collect::<Vec<_>>(), "{pattern}");
            assert!(regex.ascii.get().is_none() && regex.half.get().is_none(), "{pattern} needs no engine");
        }
    }

    #[test]
    fn parts_are_found_by_name() {
        let regex = LazyRegex::valid(r"^(?P<name>\S+) (?P<size>\d+)?", Dialect::Line);
        let found = regex.captures("größe x").expect("a match");
        assert_eq!((found.name("name"), found.name("size")), (Some("größe"), None));
    }
}
