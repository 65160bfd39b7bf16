//! Kinds of evidence: how each is collected, recognised and parsed, from `rules/evidence/*.yaml`.

use super::yaml::{Node, Reader};
use regex::{Regex, RegexBuilder};
use std::collections::BTreeMap;

/// One kind of evidence.
#[derive(Debug)]
pub struct Kind {
    /// Id.
    pub kind: String,
    /// What it is, in words.
    pub title: String,
    /// Name of the parser.
    pub parser: String,
    /// Table that it mainly feeds.
    pub table: String,
    /// File names that suggest it.
    pub names: Vec<Glob>,
    /// Regexes that show a text to be of this kind.
    pub content: Vec<Regex>,
    /// Regexes that show it only in a file whose name suggests it, too.
    pub content_if_named: Vec<Regex>,
    /// Whether an empty file means "collected, and there was nothing".
    pub empty_is_collected: bool,
    /// How to collect it.
    pub collect: Vec<Collect>,
    /// For the parser `pattern`: table and line regexes.
    pub pattern: Option<Pattern>,
}

/// The lines of the parser `pattern`, which needs no Rust.
#[derive(Debug)]
pub struct Pattern {
    /// Table name.
    pub table: String,
    /// One regex a form of line; named groups are fields.
    pub lines: Vec<Regex>,
}

/// One way to collect evidence.
#[derive(Debug)]
pub struct Collect {
    /// The command, as a report shows it to a person.
    pub run: String,
    /// File name to save it under.
    pub save: String,
    /// The same in the collector script, where that can know more (the shell functions and variables of `collector.sh`);
    /// without it the collector runs `run`.
    pub script: Option<String>,
    /// Whether it sends packets to other machines.
    pub network: bool,
    /// Whether it is collected also where only some of the evidence is wanted, since the rest cannot be read without it.
    pub always: bool,
    /// The questions that it answers.
    pub answers: Vec<Answers>,
}

/// Questions that a piece of evidence answers.
#[derive(Debug)]
pub struct Answers {
    /// Table that is asked.
    pub table: String,
    /// Which questions: field and value, or `any`.
    pub fields: BTreeMap<String, String>,
}

/// A file name pattern with `*`, `?` and `[...]`; with a `/` it is matched against the end of the path.
#[derive(Debug)]
pub struct Glob {
    regex: Regex,
    path: bool,
}

impl Glob {
    fn new(pattern: &str) -> Option<Glob> {
        let path = pattern.contains('/');
        let mut regex = String::from(if path { "(^|/)" } else { "^" });
        let mut rest = pattern.to_ascii_lowercase();
        if path {
            rest = rest.trim_start_matches('/').to_owned();
        }
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                '[' => {
                    let set: String = chars.by_ref().take_while(|c| *c != ']').collect();
                    regex.push('[');
                    regex.push_str(&set.replace('\\', "\\\\").replace('[', "\\["));
                    regex.push(']');
                }
                other => regex.push_str(&regex::escape(&other.to_string())),
            }
        }
        regex.push('$');
        Some(Glob { regex: Regex::new(&regex).ok()?, path })
    }

    /// Whether a path (lower case, without compression suffix) matches.
    pub fn matches(&self, path: &str) -> bool {
        let name = if self.path { path } else { path.rsplit('/').next().unwrap_or(path) };
        self.regex.is_match(name)
    }
}

/// Reads one kind.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Kind> {
    let root = reader.parse()?;
    let mut fields = reader.fields(root, "a kind of evidence");
    let kind = fields.need(reader, "kind").map(|node| reader.text(&node, "kind"))?;
    let title = fields.need(reader, "title").map(|node| reader.text(&node, "title")).unwrap_or_default();
    let parser = fields.need(reader, "parser").map(|node| reader.text(&node, "parser")).unwrap_or_default();
    let table = fields.take("table").map(|node| reader.text(&node, "table")).unwrap_or_default();
    let mut names = Vec::new();
    for (pattern, place) in fields.take("names").map(|node| reader.texts(node, "a name")).unwrap_or_default() {
        match Glob::new(&pattern) {
            Some(glob) => names.push(glob),
            None => reader.problem(place, format!("`{pattern}` is no file name pattern"), None),
        }
    }
    let content = line_regexes(reader, fields.take("content"));
    let content_if_named = line_regexes(reader, fields.take("content_if_named"));
    let empty_is_collected = fields
        .take("empty")
        .and_then(|node| reader.one_of(&node, "empty", &[("unknown", false), ("collected", true)]))
        .unwrap_or(false);
    let collect = fields.take("collect").map(|node| collects(reader, node)).unwrap_or_default();
    let pattern = fields.take("pattern").map(|node| {
        let mut fields = reader.fields(node, "pattern");
        let table = fields.need(reader, "table").map(|node| reader.text(&node, "table")).unwrap_or_default();
        let lines = line_regexes(reader, fields.take("lines"));
        fields.finish(reader);
        Pattern { table, lines }
    });
    fields.finish(reader);
    Some(Kind { kind, title, parser, table, names, content, content_if_named, empty_is_collected, collect, pattern })
}

fn line_regexes(reader: &mut Reader<'_>, node: Option<Node>) -> Vec<Regex> {
    let mut regexes = Vec::new();
    for (pattern, place) in node.map(|node| reader.texts(node, "a pattern")).unwrap_or_default() {
        match RegexBuilder::new(&pattern).multi_line(true).size_limit(1 << 20).build() {
            Ok(regex) => regexes.push(regex),
            Err(error) => reader.problem(place, super::reasons::explain_regex_error(&error), None),
        }
    }
    regexes
}

fn collects(reader: &mut Reader<'_>, node: Node) -> Vec<Collect> {
    let mut list = Vec::new();
    for item in reader.list(node) {
        let mut fields = reader.fields(item, "collect");
        let run = fields.need(reader, "run").map(|node| reader.text(&node, "run")).unwrap_or_default();
        let save = fields.need(reader, "save").map(|node| reader.text(&node, "save")).unwrap_or_default();
        let script = fields.take("script").map(|node| reader.text(&node, "script"));
        let [network, always] = ["network", "always"].map(|name| {
            let known = [("true", true), ("false", false)];
            fields.take(name).and_then(|node| reader.one_of(&node, name, &known)).unwrap_or(false)
        });
        let answers = match fields.take("answers") {
            Some(node) if matches!(node.kind, super::yaml::Kind::List(_)) => {
                reader.list(node).into_iter().map(|node| answers(reader, node)).collect()
            }
            Some(node) => vec![answers(reader, node)],
            None => Vec::new(),
        };
        fields.finish(reader);
        list.push(Collect { run, save, script, network, always, answers });
    }
    list
}

fn answers(reader: &mut Reader<'_>, node: Node) -> Answers {
    let mut inner = reader.fields(node, "answers");
    let table = inner.need(reader, "table").map(|node| reader.text(&node, "table")).unwrap_or_default();
    let mut fields = BTreeMap::new();
    if let Some(node) = inner.take("where") {
        for (key, node) in reader.map(node, "where") {
            let value = reader.text(&node, "a value");
            fields.insert(key.name, value);
        }
    }
    inner.finish(reader);
    Answers { table, fields }
}
