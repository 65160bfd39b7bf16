//! Kinds of evidence: how each is collected, recognised and parsed, from `rules/evidence/*.yaml`.

use super::amount::quantity;
use super::companion::{self, Companion};
use super::lazy::{Dialect, LazyRegex};
use super::problem::{Place, did_you_mean};
use super::yaml::{Key, Node, Reader};
use crate::bytes::holds;
use crate::tables::{self, Column, Table, Type, truth};
use std::collections::BTreeMap;

/// The parsers that a kind may name; what each reads stands in the room `evidence`.
pub const PARSERS: &[&str] = &[
    "bounce",
    "clock",
    "df",
    "dig",
    "dmesg",
    "firewall",
    "free",
    "getent",
    "headers",
    "host-lookup",
    "hostname",
    "hostnamectl",
    "hosts",
    "iostat",
    "journal-json",
    "listeners",
    "maillog",
    "mailname",
    "meminfo",
    "nc",
    "nslookup",
    "openssl",
    "passwd",
    "pattern",
    "postcat",
    "postfix-status",
    "pressure",
    "ps",
    "public-ip",
    "qshape",
    "queue-json",
    "queue-listing",
    "resolv-conf",
    "resolvectl",
    "sar",
    "services",
    "settings",
    "top",
    "uname",
    "uptime",
    "vmstat",
];

/// One kind of evidence.
#[derive(Debug)]
pub struct Kind {
    /// Id.
    pub kind: String,
    /// What it is, in words.
    pub title: String,
    /// Name of the parser; empty where the kind only names companions.
    pub parser: String,
    /// Table that it mainly feeds.
    pub table: String,
    /// File names that suggest it.
    pub names: Vec<Glob>,
    /// Regexes that show a text to be of this kind.
    pub content: Vec<LazyRegex>,
    /// Regexes that show it only in a file whose name suggests it, too.
    pub content_if_named: Vec<LazyRegex>,
    /// Whether an empty file means "collected, and there was nothing".
    pub empty_is_collected: bool,
    /// How to collect it.
    pub collect: Vec<Collect>,
    /// Programs beside Postfix of whose lines in a log those matter that tell of trouble.
    pub companions: Vec<Companion>,
    /// For the parser `pattern`: table and line regexes.
    pub pattern: Option<Pattern>,
    /// Whether it stands in a folder of one's own: it is asked before the built-in ones.
    pub own: bool,
    /// File that it was read from.
    pub file: String,
    /// Where in it.
    pub place: Place,
}

impl Kind {
    /// Whether its pattern may give a record of `table` whose field `column` is `word`. What a built-in kind takes from a line by a
    /// group is what Postfix says.
    pub fn may_give(&self, table: &Table, column: Column, word: &str) -> bool {
        let Some(pattern) = &self.pattern else { return false };
        let is = |(of, text): &(Column, String)| *of == column && text.eq_ignore_ascii_case(word);
        let of_form = |form: &Form| {
            form.table.name == table.name
                && (form.set.iter().any(is) || self.own && form.fields.iter().any(|(_, of)| *of == column))
        };
        let whole = pattern.table.name == table.name;
        let under = pattern.columns.iter().any(|columns| columns.fields.iter().any(|(_, of)| *of == column));
        whole && (under || pattern.set.iter().any(is))
            || pattern.lines.iter().chain(&pattern.command).chain(&pattern.above).any(of_form)
    }

    /// Whether it gives readings, which are of its kind.
    pub fn gives_readings(&self) -> bool {
        let readings = tables::readings::TABLE.name;
        self.pattern
            .as_ref()
            .is_some_and(|pattern| pattern.table.name == readings || pattern.lines.iter().any(|form| form.table.name == readings))
    }
}

/// What the parser `pattern` does: evidence that is read without any Rust.
#[derive(Debug)]
pub struct Pattern {
    /// Table that its records belong to.
    pub table: &'static Table,
    /// Forms of a line; the first that matches makes a record.
    pub lines: Vec<Form>,
    /// A table with a header line, by whose words the columns are found.
    pub columns: Option<Columns>,
    /// Fields that every record has.
    pub set: Vec<(Column, String)>,
    /// Forms of the command line, or of the path of a file without one: the fields they give are those of every record.
    pub command: Vec<Form>,
    /// Lines whose fields are those of the records below them, until the next such line.
    pub above: Vec<Form>,
    /// Lines that are known and say nothing.
    pub skip: Vec<LazyRegex>,
    /// Lines of other programs in the same file: known where no form takes them.
    pub foreign: Vec<LazyRegex>,
}

/// One form of a line: its named groups are fields.
#[derive(Debug)]
pub struct Form {
    regex: LazyRegex,
    /// Table that its record belongs to.
    pub table: &'static Table,
    /// Its named groups, and the field that each gives.
    fields: Vec<(String, Column)>,
    /// Fields that such a line tells by its form.
    set: Vec<(Column, String)>,
}

impl Form {
    /// What a line of this form tells: by its form, and in its named groups.
    pub fn cells<'t>(&'t self, line: &'t str) -> Option<Vec<(Column, &'t str)>> {
        let captures = self.regex.captures(line)?;
        let set = self.set.iter().map(|(column, text)| (*column, text.as_str()));
        let groups = self.fields.iter().filter_map(|(name, column)| Some((*column, captures.name(name)?)));
        Some(set.chain(groups).collect())
    }
}

/// Columns under a header line, divided by white space; the last takes the rest of the line.
#[derive(Debug)]
pub struct Columns {
    /// The header's words that are fields.
    pub fields: Vec<(String, Column)>,
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
    /// In lower case.
    pattern: Vec<char>,
    /// The longest text in it without a sign, which most paths do not hold.
    core: String,
    path: bool,
    /// Whether it says how the name begins, and not only what it contains.
    pub begins: bool,
}

impl Glob {
    fn new(pattern: &str) -> Option<Glob> {
        let path = pattern.contains('/');
        let begins = !pattern.starts_with('*');
        let lower = pattern.to_ascii_lowercase();
        let start = if path { "*/" } else { "" };
        let pattern: Vec<char> = start.chars().chain(lower.trim_start_matches('/').chars()).collect();
        // Each set is closed and holds something.
        let mut rest = pattern.as_slice();
        while let Some(open) = rest.iter().position(|c| *c == '[') {
            let close = rest[open..].iter().position(|c| *c == ']').filter(|length| *length > 1)?;
            rest = &rest[open + close + 1..];
        }
        // What a set holds is no text of the path: nothing but what stands outside of brackets is looked at.
        let outside = lower.split('[').enumerate().map(|(at, part)| if at == 0 { part } else { after_set(part) });
        let texts = outside.flat_map(|part| part.trim_start_matches('/').split(['*', '?']));
        let core = texts.max_by_key(|text| text.len()).unwrap_or_default().to_owned();
        Some(Glob { pattern, core, path, begins })
    }

    /// A name that matches.
    pub fn example(&self) -> String {
        let mut name = String::new();
        let mut rest = self.pattern.iter();
        while let Some(c) = rest.next() {
            match c {
                '*' => {}
                '?' => name.push('x'),
                '[' => {
                    let set: Vec<char> = rest.by_ref().take_while(|c| **c != ']').copied().collect();
                    name.extend(('!'..='~').find(|c| in_set(&set, *c)));
                }
                c => name.push(*c),
            }
        }
        name.trim_start_matches('/').to_owned()
    }

    /// Whether a path (lower case, without compression suffix) matches.
    pub fn matches(&self, path: &str) -> bool {
        if !holds(path.as_bytes(), self.core.as_bytes()) {
            return false;
        }
        let name = if self.path { path } else { path.rsplit('/').next().unwrap_or(path) };
        // It may begin behind any folder.
        let text: Vec<char> = ['/'].into_iter().filter(|_| self.path).chain(name.chars()).collect();
        fits(&self.pattern, &text)
    }
}

/// What follows a set whose inside `part` begins with.
fn after_set(part: &str) -> &str {
    part.split_once(']').map_or("", |(_, after)| after)
}

/// Whether a pattern fits all of `text`. After a `*` that took too little, only the last one takes more: the work is at most
/// the product of both lengths.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while next < text.len() {
        let one = match pattern.get(at) {
            Some('*') => {
                star = Some((at, next));
                at += 1;
                continue;
            }
            Some('?') => Some(at + 1),
            Some('[') => {
                let close = at + pattern[at..].iter().position(|c| *c == ']').unwrap_or(0);
                in_set(&pattern[at + 1..close], text[next]).then_some(close + 1)
            }
            Some(c) => (*c == text[next]).then_some(at + 1),
            None => None,
        };
        match (one, star) {
            (Some(after), _) => (at, next) = (after, next + 1),
            (None, Some((before, taken))) => {
                star = Some((before, taken + 1));
                (at, next) = (before + 1, taken + 1);
            }
            (None, None) => return false,
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// Whether `[...]` with this inside holds `c`: characters and ranges, `!` or `^` before them for all others.
fn in_set(set: &[char], c: char) -> bool {
    let (set, others) = match set {
        ['!' | '^', rest @ ..] => (rest, true),
        _ => (set, false),
    };
    let mut rest = set;
    let mut found = false;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match tail {
            ['-', last, tail @ ..] => {
                found |= (*first..=*last).contains(&c);
                rest = tail;
            }
            _ => found |= *first == c,
        }
    }
    found != others
}

/// Reads one kind.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Kind> {
    let root = reader.parse()?;
    let mut fields = reader.fields(root, "a kind of evidence");
    let kind = fields.need(reader, "kind").map(|node| (reader.id(&node, "kind"), node.place));
    let title = fields.need(reader, "title").map(|node| reader.text(&node, "title")).unwrap_or_default();
    // Companions are read in the log, and their kind has no text of its own.
    let only_companions = fields.has("companions") && !fields.has("parser") && !fields.has("pattern");
    let parser = if only_companions { None } else { fields.need(reader, "parser") };
    let parser = parser.map(|node| (reader.text(&node, "parser"), node.place));
    let table = fields.take("table").map(|node| (reader.text(&node, "table"), node.place));
    if let Some((name, place)) = &table {
        table_called(reader, name, *place);
    }
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
    let companions = fields.take("companions").map(|node| companion::read(reader, node)).unwrap_or_default();
    let has_pattern = fields.has("pattern");
    let pattern = fields.take("pattern").and_then(|node| pattern(reader, node, &table));
    if parser.as_ref().is_some_and(|(parser, _)| parser == "pattern") && !has_pattern {
        let (_, place) = parser.clone().unwrap_or_default();
        let beside = fields.take_misplaced(&["lines", "columns", "set", "command", "above", "skip", "foreign"]);
        for key in &beside {
            let help = format!("begin a line `pattern:` before it, and indent `{}:` below that", key.name);
            reader.problem(key.place, format!("`{}` stands beside `pattern` and not in it", key.name), Some(help));
        }
        if beside.is_empty() {
            let help =
                "such as `pattern: {lines: ['^(?P<name>\\S+) (?P<text>.*)']}`; `postdoc rules fields` shows the names".to_owned();
            reader.problem(place, "the parser `pattern` needs `pattern:` with `lines` or `columns`", Some(help));
        }
    }
    if let Some((parser, place)) = &parser
        && !PARSERS.contains(&parser.as_str())
    {
        reader.unknown(*place, "parser", parser, PARSERS.iter().copied());
    }
    let parser = parser.map(|(parser, _)| parser).unwrap_or_default();
    let table = table.map(|(table, _)| table).unwrap_or_default();
    fields.finish(reader);
    let file = reader.file.to_owned();
    let (kind, place) = kind?;
    Some(Kind {
        kind,
        title,
        parser,
        table,
        names,
        content,
        content_if_named,
        empty_is_collected,
        collect,
        companions,
        pattern,
        own: false,
        file,
        place,
    })
}

/// The table of a name, or a problem with a suggestion.
fn table_called(reader: &mut Reader<'_>, name: &str, place: Place) -> Option<&'static Table> {
    let table = tables::table(name);
    if table.is_none() {
        let known = tables::TABLES.iter().map(|table| table.name);
        match did_you_mean(name, known.clone()) {
            Some(_) => reader.unknown(place, "table", name, known),
            None => {
                let help = "`postdoc rules fields` shows the tables; what fits none of them is a record of `readings`, asked for by \
                            its `kind`";
                reader.problem(place, format!("unknown table `{name}`"), Some(help.to_owned()));
            }
        }
    }
    table
}

/// The field of a name, or a problem with a suggestion.
fn field_called(reader: &mut Reader<'_>, table: &'static Table, name: &str, place: Place) -> Option<Column> {
    let column = table.column(name);
    if column.is_none() {
        let what = format!("field of the table `{}`", table.name);
        reader.unknown(place, &what, name, table.fields.iter().map(|field| field.name));
    }
    column
}

fn pattern(reader: &mut Reader<'_>, node: Node, table: &Option<(String, Place)>) -> Option<Pattern> {
    let place = node.place;
    let mut fields = reader.fields(node, "pattern");
    let lines = fields.take("lines");
    let command = fields.take("command");
    let above = fields.take("above");
    let columns = fields.take("columns").map(|node| reader.map(node, "columns"));
    let set = fields.take("set").map(|node| reader.map(node, "set")).unwrap_or_default();
    let skip = line_regexes(reader, fields.take("skip"));
    let foreign = line_regexes(reader, fields.take("foreign"));
    fields.finish(reader);
    if lines.is_none() == columns.is_none() {
        reader.problem(place, "a pattern has either `lines` (regular expressions) or `columns` (header word: field)", None);
    }
    let Some((table, table_place)) = table else {
        reader.problem(place, "a kind with a pattern names the `table` that it feeds", None);
        return None;
    };
    // An unknown table was reported where it is named.
    let table = tables::table(table).or_else(|| table_called(reader, table, *table_place))?;
    let [lines, command, above] =
        [lines, command, above].map(|node| node.map(|node| forms(reader, node, table)).unwrap_or_default());
    let mut named = Vec::new();
    for (key, node) in columns.unwrap_or_default() {
        let field = reader.text(&node, "a value");
        named.extend(field_called(reader, table, &field, node.place).map(|column| (key.name.into_owned(), column)));
    }
    let columns = (!named.is_empty()).then_some(Columns { fields: named });
    let set = set_fields(reader, set, table);
    Some(Pattern { table, lines, columns, set, command, above, skip, foreign })
}

/// Forms of a line: each a regex, or a mapping `line: REGEX` with what such a line tells by its form (`set`) and the `table`
/// that its record belongs to.
fn forms(reader: &mut Reader<'_>, node: Node, table: &'static Table) -> Vec<Form> {
    let items = if matches!(node.kind, super::yaml::Kind::List(_)) { reader.list(node) } else { vec![node] };
    items.into_iter().filter_map(|item| form(reader, item, table)).collect()
}

fn form(reader: &mut Reader<'_>, node: Node, table: &'static Table) -> Option<Form> {
    let place = node.place;
    if !matches!(node.kind, super::yaml::Kind::Map(_)) {
        let text = reader.text(&node, "a pattern");
        return form_of(reader, &text, place, table, Vec::new());
    }
    let mut fields = reader.fields(node, "a form of a line");
    let line = fields.need(reader, "line").map(|node| (reader.text(&node, "line"), node.place));
    let other = fields.take("table").map(|node| (reader.text(&node, "table"), node.place));
    let set = fields.take("set").map(|node| reader.map(node, "set")).unwrap_or_default();
    fields.finish(reader);
    let table = match other {
        Some((name, place)) => table_called(reader, &name, place)?,
        None => table,
    };
    let set = set_fields(reader, set, table);
    let (text, place) = line?;
    form_of(reader, &text, place, table, set)
}

fn form_of(reader: &mut Reader<'_>, text: &str, place: Place, table: &'static Table, set: Vec<(Column, String)>) -> Option<Form> {
    let regex = LazyRegex::read(reader, text.to_owned(), place, Dialect::Line)?;
    let named = group_names(text);
    if named.is_empty() && set.is_empty() {
        let help = "name the parts that are fields, as in (?P<port>\\d+); a line that says nothing belongs into `skip`";
        reader.problem(place, "no part of this pattern is named, so it gives no field", Some(help.to_owned()));
    }
    let fields = named.into_iter().filter_map(|name| {
        let place = reader.word_in(place, name);
        Some((name.to_owned(), field_called(reader, table, name, place)?))
    });
    Some(Form { regex, table, fields: fields.collect(), set })
}

/// The fields of `set: {field: value}`.
fn set_fields(reader: &mut Reader<'_>, entries: Vec<(Key, Node)>, table: &'static Table) -> Vec<(Column, String)> {
    let mut set = Vec::new();
    for (key, node) in entries {
        let text = reader.text(&node, "a value");
        let Some(column) = field_called(reader, table, &key.name, key.place) else { continue };
        let ty = table.fields[column.0].ty;
        let fits = match ty {
            Type::Bool => truth(&text).is_some(),
            Type::Int => text.parse::<i64>().is_ok(),
            Type::Number => quantity(&text).is_some(),
            Type::Text | Type::Time => true,
        };
        if !fits {
            reader.problem(node.place, format!("`{text}` does not fit `{}`, which holds: {}", key.name, ty.words()), None);
        }
        set.push((column, text));
    }
    set
}

/// The names of the groups in a regular expression: `(?P<name>...)` or `(?<name>...)`.
fn group_names(pattern: &str) -> Vec<&str> {
    let starts = pattern.match_indices("(?").map(|(at, _)| &pattern[at + 2..]);
    let named = starts.filter_map(|rest| rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<')));
    named.filter_map(|rest| rest.split_once('>')).map(|(name, _)| name).collect()
}

pub(super) fn line_regexes(reader: &mut Reader<'_>, node: Option<Node>) -> Vec<LazyRegex> {
    let patterns = node.map(|node| reader.texts(node, "a pattern")).unwrap_or_default();
    patterns.into_iter().filter_map(|(pattern, place)| LazyRegex::read(reader, pattern, place, Dialect::Lines)).collect()
}

fn collects(reader: &mut Reader<'_>, node: Node) -> Vec<Collect> {
    let mut list = Vec::new();
    for item in reader.list(node) {
        let mut fields = reader.fields(item, "collect");
        let run = fields.need(reader, "run").map(|node| reader.text(&node, "run")).unwrap_or_default();
        let save = fields.need(reader, "save").map(|node| reader.text(&node, "save")).unwrap_or_default();
        let script = fields.take("script").map(|node| reader.text(&node, "script"));
        let [network, always] = ["network", "always"].map(|name| fields.take(name).is_some_and(|node| reader.bool(&node, name)));
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
    let table = inner.need(reader, "table").map(|node| (reader.text(&node, "table"), node.place));
    if let Some((name, place)) = &table {
        table_called(reader, name, *place);
    }
    let table = table.map(|(name, _)| name).unwrap_or_default();
    let mut fields = BTreeMap::new();
    if let Some(node) = inner.take("where") {
        for (key, node) in reader.map(node, "where") {
            let value = reader.text(&node, "a value");
            fields.insert(key.name.into_owned(), value);
        }
    }
    inner.finish(reader);
    Answers { table, fields }
}

#[cfg(test)]
mod tests {
    use super::{Glob, group_names};

    #[test]
    fn file_names_are_matched_as_a_shell_does() {
        for (pattern, yes, no) in [
            ("mail.log*", &["mail.log", "var/log/mail.log.1"][..], &["xmail.log", "mail.log.1/x"][..]),
            ("*df*", &["df", "10-df-h.txt"], &["d"]),
            ("/proc/meminfo", &["proc/meminfo", "a/proc/meminfo"], &["xproc/meminfo", "meminfo"]),
            ("log/mail?", &["var/log/mails"], &["var/log/mail", "var/xlog/mails"]),
            ("a[0-9x]b", &["a5b", "axb"], &["ayb", "ab"]),
            ("a[!0-9]b", &["axb"], &["a5b"]),
            ("*a*a*a*b", &["aaab", "xaxaxaxb"], &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]),
            ("*", &["", "x"], &[]),
        ] {
            let glob = Glob::new(pattern).expect("a pattern");
            yes.iter().for_each(|name| assert!(glob.matches(name), "{pattern} matches {name}"));
            assert!(glob.matches(&glob.example()), "{pattern} matches {}", glob.example());
            no.iter().for_each(|name| assert!(!glob.matches(name), "{pattern} does not match {name}"));
        }
        assert!(Glob::new("a[b").is_none() && Glob::new("a[]").is_none());
    }

    #[test]
    fn groups_are_found_by_name() {
        assert_eq!(group_names(r"^(?P<port>\d+) (?:x|(?<name>y)) (z)(?i)"), ["port", "name"]);
    }
}
