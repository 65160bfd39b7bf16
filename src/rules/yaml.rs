//! Readers of YAML that collect every problem of a file instead of stopping at the first.

use super::advice;
use super::node::{self, Place};
pub use super::node::{Key, Kind, Node};
use super::problem::{Level, Problem, did_you_mean, find_at, line_of};
use crate::tables::truth;
use std::collections::HashMap;

/// A field's name as code, other words as they are.
fn called(what: &str) -> String {
    if what.contains(' ') || what == "signals" { what.to_owned() } else { format!("`{what}`") }
}

/// How the built-in rules are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BuiltIn {
    /// As everybody's rules.
    Checked,
    /// Without checking them again: a test has done it, and no start needs to.
    Trusted,
    /// Without their tests and examples, too.
    Bare,
}

/// One YAML file being read, with the problems found so far.
#[derive(Debug)]
pub struct Reader<'a> {
    /// Path as problems show it.
    pub file: &'a str,
    pub(super) text: &'a str,
    /// The tree of `text`, where it was parsed before.
    tree: Option<&'static [u8]>,
    /// Whether the file is known to be right, as the built-in ones are: what costs time to check is not checked.
    pub(super) trusted: bool,
    /// Whether a tree that was parsed before is read with what only tries the rest.
    trials: bool,
    /// The problems found so far.
    pub problems: Vec<Problem>,
    /// The fields that were asked for, by what they belong to.
    #[cfg(test)]
    pub taken: std::collections::BTreeMap<&'static str, std::collections::BTreeSet<&'static str>>,
}

impl<'a> Reader<'a> {
    /// A reader of `text`, which problems call `file`.
    pub fn new(file: &'a str, text: &'a str) -> Reader<'a> {
        Reader {
            file,
            text,
            tree: None,
            trusted: false,
            trials: true,
            problems: Vec::new(),
            #[cfg(test)]
            taken: Default::default(),
        }
    }

    /// A reader of a built-in file, whose tree the build script wrote.
    pub(super) fn built_in(file: &'a str, text: &'a str, tree: &'static [u8], how: BuiltIn) -> Reader<'a> {
        let (trusted, trials) = (how != BuiltIn::Checked, how != BuiltIn::Bare);
        Reader { tree: Some(tree), trusted, trials, ..Reader::new(file, text) }
    }

    /// The file's root node; a syntax error or duplicate key is a problem.
    pub fn parse(&mut self) -> Option<Node> {
        if let Some(node) = self.tree.and_then(|tree| Node::decode(tree, self.trials)) {
            return Some(node);
        }
        match Node::parse(self.text) {
            Ok(node) => {
                self.refuse_tags(&node);
                Some(node)
            }
            Err(error) => {
                let place = error.location().map(node::place).unwrap_or_default();
                let full = error.without_snippet().to_string();
                // The parser's limits keep a file that refers to itself over and over, or is nested without end, from filling
                // the memory.
                if full.contains("budget breached") || full.contains("recursion limit") {
                    let message = "the file is too large for a rule file: too many values, aliases, or levels inside one another";
                    self.problem(place, message, None);
                    return None;
                }
                if let Some((place, what)) = self.odd_indentation(place.line) {
                    self.problem(place, format!("{what} in the indentation"), Some("indent with spaces".to_owned()));
                    return None;
                }
                let message = full.split(" at line ").next().unwrap_or(&full);
                let elsewhere = self.block_with_blanks(place.line);
                let elsewhere = elsewhere.or_else(|| self.quote_left_open(message, place));
                if let Some((place, message, help)) = elsewhere.or_else(|| self.named_before(message, place)) {
                    self.problem(place, message, Some(help));
                    return None;
                }
                let above = (1..place.line).rev().map(|number| self.line(number)).find(|line| !line.trim().is_empty());
                let (message, help) = advice::in_our_words(message, self.line(place.line), above.unwrap_or_default());
                self.problem(place, message, help);
                None
            }
        }
    }

    /// A text behind `|` whose first line begins with blanks of its own, if that is why the parser stopped at this line: the first
    /// line says how far all are indented.
    fn block_with_blanks(&self, line: u32) -> Option<(Place, String, String)> {
        let indent = |line: &str| line.len() - line.trim_start().len();
        let stopped = self.line(line);
        let header = (1..line).rev().find(|number| {
            let above = self.line(*number);
            !above.trim().is_empty() && indent(above) < indent(stopped)
        })?;
        let above = self.line(header);
        let begins = above.trim_end().ends_with(['|', '>']);
        let first = (header + 1..line).map(|number| self.line(number)).find(|line| !line.trim().is_empty())?;
        if !begins || indent(first) <= indent(stopped) {
            return None;
        }
        let place = Place { line, column: indent(stopped) as u32 + 1, length: 1 };
        let named = indent(above) + if above.trim_start().starts_with("- ") { 2 } else { 0 };
        let help = format!(
            "its first line begins with blanks of its own: say by how many spaces the text is indented, `{}{}`",
            above.trim(),
            indent(stopped).saturating_sub(named)
        );
        Some((place, "this line stands further left than the first one of its text".to_owned(), help))
    }

    /// The quote that nothing closes in its line, if the parser stopped at the next one, which it took for its end.
    fn quote_left_open(&self, message: &str, stopped: Place) -> Option<(Place, String, String)> {
        let quote = if message.contains("after single-quoted") { '\'' } else { '"' };
        if !message.contains("-quoted scalar") {
            return None;
        }
        // Of the line itself no quote may be odd but the one that ends the text.
        let line = (1..stopped.line).rev().find(|number| self.line(*number).contains(quote))?;
        let text = self.line(line);
        let at = [": ", "- ", "[", "{", ", "]
            .iter()
            .filter_map(|before| text.find(&format!("{before}{quote}")).map(|at| at + before.len()))
            .min()?;
        let mut rest = text[at + 1..].replace("''", "");
        if quote == '"' {
            rest = rest.replace("\\\"", "");
        }
        let place = Place { line, column: text[..at].chars().count() as u32 + 1, length: 1 };
        let help = format!("put `{quote}` where the text ends; it runs on to line {}", stopped.line);
        (rest.matches(quote).count() % 2 == 0).then(|| (place, "nothing closes this quote in its line".to_owned(), help))
    }

    /// A name that stands there twice, with the line in which it stood before.
    fn named_before(&self, message: &str, place: Place) -> Option<(Place, String, String)> {
        let (_, name) = message.split(", set ").next()?.split_once("duplicate mapping key: ")?;
        let column = (place.column as usize).saturating_sub(1);
        let same = |number: &u32| {
            let rest = self.line(*number).get(column..).unwrap_or_default();
            let alone = self.line(*number).get(..column).is_some_and(|before| before.trim_start_matches([' ', '-']).is_empty());
            alone && rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'))
        };
        let first = (1..place.line).rev().find(same)?;
        let help = format!("it stands in line {first} already: put both into one, or leave one out");
        Some((place, format!("duplicate mapping key: {name}"), help))
    }

    /// Notes every tag before a value: nobody would do what `!include` asks for, and its value would be taken for a text.
    fn refuse_tags(&mut self, node: &Node) {
        let tags = self.tags();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if let Some((column, tag)) = tags.get(&(node.place.line, node.place.column)) {
                let place = Place { line: node.place.line, column: *column, length: tag.chars().count() as u32 };
                let help = "a value that must not be is `{not: value}`; a text that begins with `!` stands in quotes";
                self.problem(place, format!("the tag `{tag}` is not known"), Some(help.to_owned()));
            }
            match &node.kind {
                Kind::List(items) => open.extend(items.iter().rev()),
                Kind::Map(entries) => open.extend(entries.iter().rev().map(|(_, node)| node)),
                _ => {}
            }
        }
    }

    /// What may be a tag, and its column, by the line and column of what stands behind it.
    fn tags(&self) -> HashMap<(u32, u32), (u32, &'a str)> {
        let mut tags = HashMap::new();
        for (number, line) in (1..).zip(self.text.lines()).filter(|(_, line)| line.contains('!')) {
            let mut before: Option<(u32, &'a str)> = None;
            let mut column = 1;
            for word in line.split(' ') {
                let length = word.chars().count() as u32;
                if let Some(tag) = before.take_if(|_| !word.is_empty()) {
                    tags.insert((number, column), tag);
                }
                let tag = word.trim_start_matches(['[', '{', ',']);
                if tag.starts_with('!') && !tag.starts_with("!!") {
                    let begin = column + length - tag.chars().count() as u32;
                    before = Some((begin, tag));
                    // Before nothing, as `{outcome: !waiting }` has it.
                    tags.insert((number, column + length), (begin, tag));
                }
                column += length + 1;
            }
        }
        tags
    }

    /// The first character that indents as no space does, in the line at which the parser stopped or beside it.
    fn odd_indentation(&self, line: u32) -> Option<(Place, &'static str)> {
        (line.saturating_sub(1).max(1)..=line + 1).find_map(|number| {
            let (at, c) = self.line(number).chars().enumerate().find(|(_, c)| *c != ' ')?;
            let what = match c {
                '\t' => "a tab",
                '\u{a0}' => "a no-break space",
                c if c.is_whitespace() => "a wide space",
                _ => return None,
            };
            Some((Place { line: number, column: at as u32 + 1, length: 1 }, what))
        })
    }

    /// A line of the file, from 1; empty where there is none.
    pub(super) fn line(&self, number: u32) -> &'a str {
        line_of(self.text, number)
    }

    /// Where the variable `part` stands in the template at `place`; the place itself if it does not stand there as it is.
    pub(super) fn part_of(&self, place: Place, part: &str) -> Place {
        find_at(self.text, place, part, |before| before.rfind("{{") > before.rfind("}}"))
    }

    /// Where `word` stands in the value at `place`, as a word of its own; the place itself if it does not.
    pub(super) fn word_in(&self, place: Place, word: &str) -> Place {
        find_at(self.text, place, word, |_| true)
    }

    /// Notes a problem at `place`.
    pub fn problem(&mut self, place: Place, message: impl Into<String>, help: Option<String>) {
        let problem = Problem::new(Level::Error, self.file, self.text, place, message, help);
        // What is asked for twice is told once.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// An id, which stands in commands, file names and links.
    pub fn id(&mut self, node: &Node, what: &str) -> String {
        let id = self.text(node, what);
        if !id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            let help = "letters, digits and dashes make one, such as `outbound-port-25-blocked`";
            self.problem(node.place, format!("`{id}` is no {what}"), Some(help.to_owned()));
        }
        id
    }

    /// Notes that `word` is none of `known`.
    pub fn unknown<'w>(&mut self, place: Place, what: &str, word: &str, known: impl IntoIterator<Item = &'w str> + Clone) {
        let help = match did_you_mean(word, known.clone()) {
            _ if word.contains('=') => {
                let (name, value) = word.split_once('=').unwrap_or((word, ""));
                format!("between a name and its value stand a colon and a space: `{}: {}`", name.trim(), value.trim())
            }
            _ if word.contains(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) => {
                "straight quotes are quotes here: ' or \"".to_owned()
            }
            _ if what.starts_with("field in")
                && word.starts_with(|c: char| c.is_ascii_digit())
                && word.chars().all(|c| c.is_ascii_digit()) =>
            {
                "numbers are written without separators, such as 1000".to_owned()
            }
            Some(meant) => format!("did you mean `{meant}`?"),
            None if advice::elsewhere(what, word).is_some() => advice::elsewhere(what, word).unwrap_or_default().to_owned(),
            None => {
                let all: Vec<&str> = known.into_iter().take(40).collect();
                if all.is_empty() && what.contains("parameter of the rule") {
                    "the rule has no parameters: to change it, write it anew under the same id; `postdoc rules show ID --yaml` prints it"
                        .to_owned()
                } else if all.is_empty() {
                    "there is none".to_owned()
                } else {
                    format!("known: {}", all.join(", "))
                }
            }
        };
        // "field of `failures`" becomes "unknown field `reson` of `failures`".
        let at = [" of ", " in "].iter().filter_map(|split| what.find(split)).min().unwrap_or(what.len());
        self.problem(place, format!("unknown {} `{word}`{}", &what[..at], &what[at..]), Some(help));
    }

    /// The entries of a mapping.
    pub fn map(&mut self, node: Node, what: &str) -> Vec<(Key, Node)> {
        match node.kind {
            Kind::Map(entries) => entries,
            other => {
                if matches!(other, Kind::Null)
                    && self.text.lines().all(|line| line.trim_start().starts_with('#') || line.trim().is_empty())
                {
                    self.problem(Place { line: 1, column: 1, length: 1 }, "the file holds nothing", None);
                } else {
                    let compared = matches!(what, "where" | "accounts_for")
                        .then(|| if let Kind::Text(text) = &other { advice::comparison(text) } else { None })
                        .flatten();
                    let help = compared.map(|meant| format!("write `{what}: {meant}`"));
                    let listed = matches!((what, &other), ("a rule", Kind::List(items)) if matches!(items.first().map(|item| &item.kind), Some(Kind::Map(_))));
                    let listed = listed.then(|| {
                        "one file holds one rule, without a dash before it; a list of reasons stands in the folder `reasons/`"
                            .to_owned()
                    });
                    let help = listed.or(help).or_else(|| advice::mapping(what).map(str::to_owned));
                    self.problem(node.place, format!("{} must be a mapping, found {}", called(what), other.describe()), help);
                }
                Vec::new()
            }
        }
    }

    /// The items of a list; a single value counts as a list of one.
    pub fn list(&mut self, node: Node) -> Vec<Node> {
        match node.kind {
            Kind::List(items) => items,
            Kind::Null => Vec::new(),
            _ => vec![node],
        }
    }

    /// A scalar as text.
    pub fn text(&mut self, node: &Node, what: &str) -> String {
        node.scalar().unwrap_or_else(|| {
            let braces = self.line(node.place.line).chars().nth((node.place.column as usize).saturating_sub(1)) == Some('{');
            let colon = matches!(node.kind, Kind::Map(_)) && !braces;
            let help = match (what, &node.kind) {
                ("run" | "letter", Kind::List(_)) => Some(format!("several lines stand one below the other, below `{what}: |`")),
                ("in", Kind::List(_)) => {
                    Some("a signal asks one table: ask the other by a signal of its own, both in a group `any:`".to_owned())
                }
                _ => colon.then(|| "a text with `: ` in it stands in quotes".to_owned()),
            };
            self.problem(node.place, format!("{} must be a text, found {}", called(what), node.kind.describe()), help);
            String::new()
        })
    }

    /// A list of scalars as texts, with their places.
    pub fn texts(&mut self, node: Node, what: &str) -> Vec<(String, Place)> {
        self.list(node).into_iter().map(|item| (self.text(&item, what), item.place)).collect()
    }

    /// A truth value.
    pub fn bool(&mut self, node: &Node, what: &str) -> bool {
        node.scalar().and_then(|text| truth(&text)).unwrap_or_else(|| {
            let message = format!("{} must be true or false, found {}", called(what), node.kind.describe());
            self.problem(node.place, message, None);
            false
        })
    }

    /// One of `known`, each with its value.
    pub fn one_of<T: Copy>(&mut self, node: &Node, what: &str, known: &[(&str, T)]) -> Option<T> {
        let word = self.text(node, what);
        let found = known.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() && !word.is_empty() {
            self.unknown(node.place, what, &word, known.iter().map(|(name, _)| *name));
        }
        found
    }

    /// The fields of a mapping, to take by name.
    pub fn fields(&mut self, node: Node, what: &'static str) -> Fields {
        let place = node.place;
        let is_map = matches!(node.kind, Kind::Map(_));
        Fields { what, place, is_map, entries: self.map(node, what), empty: Vec::new(), known: Vec::new(), missing: Vec::new() }
    }
}

/// The fields of one mapping, taken by name; what is left at the end is unknown.
#[derive(Debug)]
pub struct Fields {
    what: &'static str,
    /// Where the mapping starts.
    pub place: Place,
    /// Whether it is one: of anything else no more is told than that.
    pub(super) is_map: bool,
    entries: Vec<(Key, Node)>,
    /// Fields that are there and hold nothing.
    empty: Vec<(&'static str, Place)>,
    known: Vec<&'static str>,
    /// Those that had to be there and are not.
    missing: Vec<&'static str>,
}

impl Fields {
    /// Takes the field `name`, if it is there and not empty.
    pub fn take(&mut self, name: &'static str) -> Option<Node> {
        self.known.push(name);
        let at = self.entries.iter().position(|(key, _)| key.name == name)?;
        let (key, node) = self.entries.remove(at);
        if matches!(node.kind, Kind::Null) {
            self.empty.push((name, key.place));
            return None;
        }
        Some(node)
    }

    /// Notes that the field `name` holds nothing, if it is there; whether it is.
    pub fn told_empty(&self, reader: &mut Reader<'_>, name: &str) -> bool {
        let Some((_, place)) = self.empty.iter().find(|(known, _)| *known == name) else { return false };
        let line = reader.line(place.line);
        let comment = line.split_once(':').is_some_and(|(_, value)| value.trim_start().starts_with('#'));
        let help =
            comment.then(|| "what stands behind a `#` is a comment: a text that begins with it stands in quotes".to_owned());
        reader.problem(*place, format!("`{name}` holds nothing"), help);
        true
    }

    /// Takes the field `name`, which must be there.
    pub fn need(&mut self, reader: &mut Reader<'_>, name: &'static str) -> Option<Node> {
        let node = self.take(name);
        if node.is_none() && self.is_map && !self.told_empty(reader, name) {
            let stem =
                || reader.file.rsplit(['/', '\\']).next().and_then(|name| name.rsplit_once('.')).map_or("", |(stem, _)| stem);
            let names_file = matches!((name, self.what), ("id", "a rule") | ("kind", "a kind of evidence"));
            let help = names_file.then(|| format!("begin with `{name}: {}`, as the file is called", stem()));
            let help = help.or_else(|| advice::needed(self.what, name).map(str::to_owned));
            reader.problem(self.place, self.lacks(name), help);
            self.missing.push(name);
        }
        node
    }

    /// Takes the fields of these names that nobody knows.
    pub fn take_misplaced(&mut self, names: &[&str]) -> Vec<Key> {
        let known = &self.known;
        let misplaced = |key: &Key| names.contains(&&*key.name) && !known.contains(&&*key.name);
        let (odd, rest) = std::mem::take(&mut self.entries).into_iter().partition::<Vec<_>, _>(|(key, _)| misplaced(key));
        self.entries = rest;
        odd.into_iter().map(|(key, _)| key).collect()
    }

    fn lacks(&self, name: &str) -> String {
        format!("{} has no `{name}`", self.what)
    }

    /// Whether the field `name` is still there.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.name == name)
    }

    /// Whether a field that nobody took is called nearly so.
    pub fn has_misspelt(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| did_you_mean(&key.name, [name]).is_some())
    }

    /// Whether a field is there that nobody took.
    pub fn has_unknown(&self) -> bool {
        !self.entries.is_empty()
    }

    /// Notes every field that nobody took.
    pub fn finish(self, reader: &mut Reader<'_>) {
        #[cfg(test)]
        reader.taken.entry(self.what).or_default().extend(&self.known);
        for (key, _) in &self.entries {
            let what = format!("field in {}", self.what);
            reader.unknown(key.place, &what, &key.name, self.known.iter().copied());
            // What is there under a misspelt name is told as that alone.
            if let Some(meant) = did_you_mean(&key.name, self.missing.iter().copied()) {
                let lacks = self.lacks(meant);
                reader.problems.retain(|problem| problem.place != self.place || problem.message != lacks);
            }
        }
    }
}
