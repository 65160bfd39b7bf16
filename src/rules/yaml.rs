//! Readers of YAML that collect every problem of a file instead of stopping at the first.

use super::node::{self, Place};
pub use super::node::{Key, Kind, Node};
use super::problem::{Level, Problem, did_you_mean};

/// Lines of a scalar that are searched for a part of it.
const LONGEST_SCALAR: usize = 60;

/// What the YAML parser says, in words for whom has no parser in mind, with what is most often the remedy.
fn in_our_words(message: &str, line: &str) -> (String, Option<String>) {
    let help = |text: &str| Some(text.to_owned());
    let value = line.split_once(": ").map_or("", |(_, value)| value.trim_start());
    match message {
        said if said.contains("duplicate mapping key") => {
            (said.replace(", set DuplicateKeyPolicy in Options if acceptable", ""), None)
        }
        said if said.contains("multiple YAML documents") => {
            ("a second document begins here".to_owned(), help("one file holds one: put what follows into a file of its own"))
        }
        said if said.contains("tabs disallowed") || (said.contains("tab") && line.starts_with('\t')) => {
            ("a tab in the indentation".to_owned(), help("indent with spaces"))
        }
        said if said.contains("simple key expected ':'") => {
            (said.to_owned(), help("between a name and its value stand a colon and a space"))
        }
        said if said.contains("mapping values are not allowed") => {
            (said.to_owned(), help("a text with `: ` in it stands in quotes; otherwise look at the indentation"))
        }
        said if said.contains("did not find expected key") => {
            (said.to_owned(), help("indent it by as many spaces as the lines beside it"))
        }
        said if said.contains("unknown escape") => {
            (said.to_owned(), help("write it in single quotes, where a backslash stands for itself"))
        }
        said if value.starts_with("{{") => (said.to_owned(), help("a text that begins with `{{` stands in quotes")),
        said => (said.to_owned(), None),
    }
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
            problems: Vec::new(),
            #[cfg(test)]
            taken: Default::default(),
        }
    }

    /// A reader of a built-in file, whose tree the build script wrote; `trusted` if it need not be checked.
    pub(super) fn built_in(file: &'a str, text: &'a str, tree: &'static [u8], trusted: bool) -> Reader<'a> {
        Reader { tree: Some(tree), trusted, ..Reader::new(file, text) }
    }

    /// The file's root node; a syntax error or duplicate key is a problem.
    pub fn parse(&mut self) -> Option<Node> {
        if let Some(node) = self.tree.and_then(Node::decode) {
            return Some(node);
        }
        match Node::parse(self.text) {
            Ok(node) => Some(node),
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
                let message = full.split(" at line ").next().unwrap_or(&full);
                let (message, help) = in_our_words(message, self.line(place.line));
                self.problem(place, message, help);
                None
            }
        }
    }

    /// A line of the file, from 1; empty where there is none.
    pub(super) fn line(&self, number: u32) -> &'a str {
        self.text.lines().nth((number as usize).wrapping_sub(1)).unwrap_or_default()
    }

    /// Where `part` stands in the scalar at `place`, first where it is no part of a longer word; the place itself if it does
    /// not stand there as it is.
    pub(super) fn part_of(&self, place: Place, part: &str) -> Place {
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let first = (place.line as usize).saturating_sub(1);
        for (at, line) in self.text.lines().enumerate().skip(first).take(LONGEST_SCALAR) {
            let skipped = if at == first { place.column.saturating_sub(1) as usize } else { 0 };
            let from = line.char_indices().nth(skipped).map_or(line.len(), |(at, _)| at);
            let alone = |at: usize| {
                let (before, after) = (&line[..at], &line[at + part.len()..]);
                !before.ends_with(in_word) && !after.starts_with(in_word) && before.rfind("{{") > before.rfind("}}")
            };
            if let Some((found, _)) = line[from..].match_indices(part).find(|(found, _)| alone(from + found)) {
                let column = line[..from + found].chars().count() as u32 + 1;
                return Place { line: at as u32 + 1, column, length: part.chars().count() as u32 };
            }
        }
        place
    }

    /// Notes a problem at `place`.
    pub fn problem(&mut self, place: Place, message: impl Into<String>, help: Option<String>) {
        self.problems.push(Problem::new(Level::Error, self.file, self.text, place, message, help));
    }

    /// Notes that `word` is none of `known`.
    pub fn unknown<'w>(&mut self, place: Place, what: &str, word: &str, known: impl IntoIterator<Item = &'w str> + Clone) {
        let help = match did_you_mean(word, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                let all: Vec<&str> = known.into_iter().take(40).collect();
                if all.is_empty() { "there is none".to_owned() } else { format!("known: {}", all.join(", ")) }
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
                    self.problem(node.place, format!("{what} must be a mapping, found {}", other.describe()), None);
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
            self.problem(node.place, format!("{what} must be a text, found {}", node.kind.describe()), None);
            String::new()
        })
    }

    /// A list of scalars as texts, with their places.
    pub fn texts(&mut self, node: Node, what: &str) -> Vec<(String, Place)> {
        self.list(node).into_iter().map(|item| (self.text(&item, what), item.place)).collect()
    }

    /// A truth value.
    pub fn bool(&mut self, node: &Node, what: &str) -> bool {
        match &node.kind {
            Kind::Bool(yes) => *yes,
            Kind::Text(text) if matches!(&**text, "yes" | "on") => true,
            Kind::Text(text) if matches!(&**text, "no" | "off") => false,
            other => {
                self.problem(node.place, format!("{what} must be true or false, found {}", other.describe()), None);
                false
            }
        }
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
        Fields { what, place, entries: self.map(node, what), known: Vec::new() }
    }
}

/// The fields of one mapping, taken by name; what is left at the end is unknown.
#[derive(Debug)]
pub struct Fields {
    what: &'static str,
    /// Where the mapping starts.
    pub place: Place,
    entries: Vec<(Key, Node)>,
    known: Vec<&'static str>,
}

impl Fields {
    /// Takes the field `name`, if it is there and not empty.
    pub fn take(&mut self, name: &'static str) -> Option<Node> {
        self.known.push(name);
        let at = self.entries.iter().position(|(key, _)| key.name == name)?;
        let (_, node) = self.entries.remove(at);
        (!matches!(node.kind, Kind::Null)).then_some(node)
    }

    /// Takes the field `name`, which must be there.
    pub fn need(&mut self, reader: &mut Reader<'_>, name: &'static str) -> Option<Node> {
        let node = self.take(name);
        if node.is_none() {
            reader.problem(self.place, format!("{} has no `{name}`", self.what), None);
        }
        node
    }

    /// Whether the field `name` is still there.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.name == name)
    }

    /// Whether a field that nobody took is called nearly so.
    pub fn has_misspelt(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| did_you_mean(&key.name, [name]).is_some())
    }

    /// Takes everything that is left.
    pub fn rest(&mut self) -> Vec<(Key, Node)> {
        std::mem::take(&mut self.entries)
    }

    /// Notes every field that nobody took.
    pub fn finish(self, reader: &mut Reader<'_>) {
        #[cfg(test)]
        reader.taken.entry(self.what).or_default().extend(&self.known);
        for (key, _) in self.entries {
            let what = format!("field in {}", self.what);
            reader.unknown(key.place, &what, &key.name, self.known.iter().copied());
        }
    }
}
