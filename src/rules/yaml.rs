//! Readers of YAML that collect every problem of a file instead of stopping at the first.

use super::load::BuiltIn;
use super::node::{self, Place};
pub use super::node::{Key, Kind, Node};
use super::problem::{Level, Problem, did_you_mean};
use crate::tables::truth;
use std::collections::HashMap;

/// Lines of a scalar that are searched for a part of it.
const LONGEST_SCALAR: usize = 60;

/// What the YAML parser says, in words for whom has no parser in mind, with what is most often the remedy; `before` is the line
/// before, where the mistake often stands.
fn in_our_words(message: &str, line: &str, before: &str) -> (String, Option<String>) {
    let help = |text: &str| Some(text.to_owned());
    let value = line.split_once(": ").map_or("", |(_, value)| value.trim_start());
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_name =
        |line: &str| line.split_once(": ").is_some_and(|(name, _)| !name.trim_start().trim_start_matches("- ").contains(' '));
    let above = before.trim();
    let (name, rest) = above.trim_start_matches("- ").split_once(':').unwrap_or((above, ""));
    let block = above.ends_with(['|', '>']) || above.ends_with("|-") || above.ends_with(">-");
    match message {
        // The first line of the text already stands too far left.
        said if block && indent(line) <= indent(before) && !said.contains("tab") => (
            format!("the text of `{name}` is not indented"),
            Some(format!("begin its lines with {} spaces or more, below `{above}`", indent(before) + 2)),
        ),
        said if said.contains("expected '-' indicator") => (
            "this is no item of the list above it".to_owned(),
            Some(format!(
                "what belongs to the item is indented as its first word: `{}{}`",
                " ".repeat(indent(line) + 2),
                line.trim()
            )),
        ),
        said if said.contains("unknown anchor") && line.trim_start().starts_with("<<") => (
            "`*` names what `&` marked before, and nothing is marked so".to_owned(),
            help("a rule file stands by itself: write out what is wanted from elsewhere"),
        ),
        said if said.contains("unknown anchor") => (
            "`*` names what `&` marked before, and nothing is marked so".to_owned(),
            help("a text that begins with `*` stands in quotes"),
        ),
        said if said.contains("recursive references") => (
            "what `*` names here is not complete yet: it would hold itself".to_owned(),
            help("write out what is wanted in this place"),
        ),
        said if said.contains("after single-quoted scalar") => {
            let odd = |line: &str| line.matches('\'').count() % 2 == 1;
            let help = match value.trim_end().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
                Some(inner) if odd(line) => {
                    format!("an apostrophe in single quotes is written twice: `'{}'`", inner.replace('\'', "''"))
                }
                _ => "an opening `'` above has no closing one in its line; an apostrophe in single quotes is written twice"
                    .to_owned(),
            };
            ("a text in single quotes ended before this".to_owned(), Some(help))
        }
        said if said.contains("unexpected character") => {
            let c = said.rsplit('`').next().unwrap_or_default().trim_end_matches('\'');
            let c = if c.is_empty() { "a backtick".to_owned() } else { format!("`{c}`") };
            (said.to_owned(), Some(format!("a text that begins with {c} stands in quotes")))
        }
        said if said.contains("expected ',' or") && before.matches(['{', '[']).count() > before.matches(['}', ']']).count() => {
            (said.to_owned(), help("nothing closes the bracket in the line before"))
        }
        said if said.contains("expected ',' or") => (
            said.to_owned(),
            help("commas part what stands in brackets; a text with a comma, a colon or a bracket in it stands in quotes"),
        ),
        said if said.contains("mapping values are not allowed") && above.starts_with('-') && !above.starts_with("- ") => {
            (said.to_owned(), Some(format!("the line before needs a space after its dash: `- {}`", &above[1..])))
        }
        said if said.contains("mapping values are not allowed")
            && !name.contains(' ')
            && !rest.is_empty()
            && !rest.starts_with(' ') =>
        {
            (said.to_owned(), Some(format!("the line before needs a space after its colon: `{name}: {rest}`")))
        }
        // A line of a log beside its name, which is the first word.
        said if said.contains("mapping values are not allowed") && value.contains(": ") && is_name(line) => {
            let name = line.split_once(": ").map_or("", |(name, _)| name).trim();
            let help = format!("a text with `: ` in it stands in quotes, or indented below `{name}: |`");
            (said.to_owned(), Some(help))
        }
        said if said.contains("mapping values are not allowed") && above.ends_with(':') && indent(line) > indent(before) => {
            (said.to_owned(), Some(format!("a text as long as a line begins with `|` in the line before: `{above} |`")))
        }
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

/// What a mapping looks like, by what it is called.
const MAPPINGS: [(&str, &str); 13] = [
    ("answers", "such as `answers: {table: logins}`"),
    ("collect", "such as `- {run: last -n 30, save: last.txt, answers: {table: logins}}`"),
    ("a step", "such as `- {phase: fix, do: Open the port., risk: safe, good: '`succeeded`'}`"),
    ("a log", "such as `- {file: mail.log, run: tail -n 100 /var/log/mail.log}`"),
    ("do_not", "such as `- {run: postqueue -f, why: 'Every retry ends as the one before.'}`"),
    ("where", "such as `where: {outcome: waiting}`"),
    ("expect", "such as `expect: {count: 3+}`"),
    ("distinct", "such as `distinct: {provider: 3+}`"),
    ("params", "such as `params: {min_recipients: 3}`"),
    ("given", "such as `given: {maillog: ...}`"),
    ("signals", "each signal has a name: `waits: {in: failures, ...}`, without a dash"),
    ("a signal", "such as `waits: {in: failures, where: {outcome: waiting}, says: ...}`"),
    ("a rule", "it begins with `id: ...`; a list of reasons stands in the folder `reasons/`"),
];

/// What beginners and users of other tools write, by where they write it, and what is written here.
const ELSEWHERE: [(&str, &[&str], &str); 21] = [
    (
        "field in a rule",
        &["when", "if", "condition", "conditions", "detection", "match", "trigger", "signals", "require"],
        "what must hold stands under `requires:`",
    ),
    ("field in a rule", &["name"], "what reports call it is `title:`, what rules call it `id:`"),
    ("field in a rule", &["description", "message", "details"], "one or two sentences on it are `summary:`"),
    ("field in a rule", &["fix", "action", "actions", "steps", "solution", "remediation"], "what to do stands under `remedy:`"),
    ("field in a rule", &["level", "priority", "impact"], "how bad it is says `severity:`"),
    (
        "field in a rule",
        &["where", "in", "expect", "says"],
        "it belongs to a signal: `requires: {NAME: {in: ..., where: ..., says: ...}}`",
    ),
    (
        "field in a signal",
        &["message", "msg", "text", "say", "description", "summary"],
        "the statement when it is met is `says:`",
    ),
    ("field in a signal", &["table", "from", "source"], "the table that is asked is `in:`"),
    ("field in a signal", &["filter", "match", "conditions", "select"], "which records count is `where:`"),
    ("field in a signal", &["threshold", "count", "min"], "how many it takes is `expect: {count: 3+}`"),
    ("field in a signal", &["group_by", "per"], "one question for each value of a field is `by: FIELD`"),
    ("field in a step", &["contain", "fix", "verify", "drain", "prevent"], "a step begins with its phase: `- phase: fix`"),
    ("field in a step", &["command", "cmd", "exec"], "the command is `run:`"),
    ("field in a step", &["action", "title", "text", "name"], "what to do is `do:`"),
    ("field in a step", &["expected", "result", "expect"], "what its reader sees when it worked is `good:`"),
    ("field of `", &["and", "all"], "all conditions of one `where` must hold: write them beside one another"),
    (
        "field of `",
        &["or", "any", "not"],
        "one of several values is a list; of several conditions each is a signal of a group: `NAME: {any: {one: ..., other: ...}}`",
    ),
    ("role", &["symptom"], "a symptom is a cause that another one names under `explains`"),
    ("severity", &["warning", "warn", "moderate", "normal"], "in its place stands `medium`"),
    ("severity", &["error", "major"], "in its place stands `high`"),
    ("severity", &["info", "minor", "notice"], "in its place stands `low`, and `role: note` where nothing is wrong"),
];

fn elsewhere(what: &str, word: &str) -> Option<&'static str> {
    let fits = |(place, words, _): &&(&str, &[&str], &str)| {
        what.starts_with(place) && words.iter().any(|known| known.eq_ignore_ascii_case(word))
    };
    ELSEWHERE.iter().find(fits).map(|(.., help)| *help)
}

/// A field's name as code, other words as they are.
fn called(what: &str) -> String {
    if what.contains(' ') || what == "signals" { what.to_owned() } else { format!("`{what}`") }
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
                if let Some((place, message, help)) = self.block_with_blanks(place.line) {
                    self.problem(place, message, Some(help));
                    return None;
                }
                let above = (1..place.line).rev().map(|number| self.line(number)).find(|line| !line.trim().is_empty());
                let (message, help) = in_our_words(message, self.line(place.line), above.unwrap_or_default());
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
            None if elsewhere(what, word).is_some() => elsewhere(what, word).unwrap_or_default().to_owned(),
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
                    let help = MAPPINGS.iter().find(|(name, _)| *name == what).map(|(_, help)| (*help).to_owned());
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
            let colon = colon.then(|| "a text with `: ` in it stands in quotes".to_owned());
            self.problem(node.place, format!("{} must be a text, found {}", called(what), node.kind.describe()), colon);
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
    is_map: bool,
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
            let names_file = matches!((name, self.what), ("id", "a rule") | ("kind", _));
            let help = names_file.then(|| format!("begin with `{name}: {}`, as the file is called", stem()));
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
