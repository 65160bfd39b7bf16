//! From YAML to a checked [`Rule`]: every name is resolved, every problem noted with its place.

use super::amount::{Amount, Unit, quantity, unit};
use super::lazy::{Dialect, LazyRegex};
use super::model::{
    Ask, Condition, DoNot, Entry, Expect, Matcher, Moment, Network, Ordering, PHASES, RISKS, Reference, Rule, Severity, Signal,
    StepSpec, TestSpec,
};
use super::problem::Place;
use super::yaml::{Fields, Key, Kind, Node, Reader};
use crate::case;
use crate::tables::{self, Field, TABLES, Table, Type};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Reads one rule; `bucket` is the folder it stands in.
///
/// `overrides` are parameters of overlays, which count instead of the rule's own.
pub(super) fn rule(
    reader: &mut Reader<'_>,
    root: Node,
    bucket: &str,
    overrides: &BTreeMap<String, String>,
) -> Option<(Rule, bool)> {
    if !matches!(root.kind, Kind::Map(_)) {
        reader.map(root, "a rule");
        return None;
    }
    let mut fields = reader.fields(root, "a rule");
    // A rule without an id is read to its end all the same: its other errors are wanted in the same run.
    let id_node = fields.need(reader, "id");
    let place = id_node.as_ref().map_or(fields.place, |node| node.place);
    let id = id_node.map(|node| reader.id(&node, "id"));
    let enabled = fields.take("enabled").is_none_or(|node| reader.bool(&node, "enabled"));
    let bucket = fields.take("bucket").map_or_else(|| bucket.to_owned(), |node| reader.text(&node, "bucket"));
    let mut params = fields.take("params").map(|node| params(reader, node)).unwrap_or_default();
    params.extend(overrides.clone());
    let sections = ["requires", "supports", "contradicts"].map(|name| fields.take(name));
    let scope = Scope { params: &params, signals: signal_tables(&sections) };
    let asks_nothing = sections[0].as_ref().is_none_or(|node| matches!(&node.kind, Kind::Map(entries) if entries.is_empty()));
    let [requires, supports, contradicts] = sections.map(|node| match node {
        Some(node) => entries(reader, node, &scope),
        None => Vec::new(),
    });
    let accounts_node = fields.take("accounts_for");
    let accounts_at = accounts_node.as_ref().map(|node| node.place);
    let accounts_for: Option<Vec<Vec<Condition>>> = accounts_node.map(|node| {
        reader.list(node).into_iter().map(|node| conditions(reader, node, &tables::failures::TABLE, &scope)).collect()
    });
    let mut take_text =
        |reader: &mut Reader<'_>, name: &'static str| fields.take(name).map(|node| template(reader, &node, name, &scope));
    let title = take_text(reader, "title");
    let consequence = take_text(reader, "consequence");
    let summary = take_text(reader, "summary");
    let severity = fields.take("severity").and_then(|node| reader.one_of(&node, "severity", &Severity::ALL));
    let note =
        fields.take("role").and_then(|node| reader.one_of(&node, "role", &[("cause", false), ("note", true)])).unwrap_or(false);
    let explains = fields.take("explains").map(|node| reader.texts(node, "a rule id")).unwrap_or_default();
    let do_not = fields.take("do_not").map(|node| do_nots(reader, node, &scope)).unwrap_or_default();
    let remedy = fields.take("remedy").map(|node| steps(reader, node, &scope)).unwrap_or_default();
    let references = fields.take("references").map(|node| reader.texts(node, "a reference")).unwrap_or_default();
    let tests = fields.take("tests").map(|node| rule_tests(reader, node)).unwrap_or_default();
    if accounts_for.as_ref().is_some_and(|choices| choices.is_empty() || choices.iter().any(Vec::is_empty)) {
        let help = "leave it out: the rule then accounts for what `requires` matched in `failures`, or else for nothing";
        reader.problem(
            accounts_at.unwrap_or(place),
            "an empty `accounts_for` takes every failure there is",
            Some(help.to_owned()),
        );
    }
    if enabled {
        // What is there under a misspelt name is told as that alone.
        for (name, present) in [("title", title.is_some()), ("summary", summary.is_some())] {
            if !present && !fields.has_misspelt(name) && !fields.told_empty(reader, name) {
                reader.problem(place, format!("the rule has no `{name}`"), None);
            }
        }
        if asks_nothing && !fields.has_misspelt("requires") {
            reader.problem(place, "the rule requires nothing: it would always fire", None);
        }
    }
    fields.finish(reader);
    let rule = Rule {
        id: id?,
        bucket,
        title: title.unwrap_or_default(),
        consequence,
        severity: severity.unwrap_or(Severity::Medium),
        note,
        summary: summary.unwrap_or_default(),
        requires,
        supports,
        contradicts,
        explains_at: explains.iter().map(|(_, place)| *place).collect(),
        explains: explains.into_iter().map(|(id, _)| id).collect(),
        accounts_for,
        params,
        do_not,
        remedy,
        references_at: references.iter().map(|(_, place)| *place).collect(),
        references: references.into_iter().map(|(text, _)| text).collect(),
        tests,
        file: reader.file.to_owned(),
        changed_by: None,
        place,
    };
    Some((rule, enabled))
}

/// A file that only changes a rule of an earlier folder: it names the rule and its new parameters, with tests that fit them, or
/// switches it off.
pub(super) struct Change {
    /// The rule.
    pub id: String,
    /// Where it is named.
    pub place: Place,
    /// Whether it is in force.
    pub enabled: bool,
    /// New values, with their places.
    pub params: BTreeMap<String, (String, Place)>,
    /// Tests that stand in for those of the rule, if there are any.
    pub tests: Vec<TestSpec>,
}

/// Reads a file that holds nothing but `id`, `params`, `enabled` and `tests`; none if it is a whole rule.
pub(super) fn change(reader: &mut Reader<'_>, root: &Node) -> Option<Change> {
    let Kind::Map(entries) = &root.kind else { return None };
    let has = |name: &str| entries.iter().any(|(key, _)| key.name == name);
    let others = entries.iter().any(|(key, _)| !matches!(&*key.name, "id" | "params" | "enabled" | "tests"));
    if others || !has("id") || !(has("params") || has("enabled")) {
        return None;
    }
    let mut fields = reader.fields(root.clone(), "a change of a rule");
    let id = fields.take("id")?;
    let enabled = fields.take("enabled").is_none_or(|node| reader.bool(&node, "enabled"));
    let params = fields.take("params").map(|node| reader.map(node, "params")).unwrap_or_default();
    let params =
        params.into_iter().map(|(key, node)| (key.name.into_owned(), (reader.text(&node, "a parameter"), key.place))).collect();
    let tests = fields.take("tests").map(|node| rule_tests(reader, node)).unwrap_or_default();
    Some(Change { place: id.place, id: reader.text(&id, "id"), enabled, params, tests })
}

/// What names inside a rule may refer to.
struct Scope<'a> {
    params: &'a BTreeMap<String, String>,
    /// Each signal's table, found before the signals themselves are read.
    signals: BTreeMap<String, Option<&'static Table>>,
}

fn params(reader: &mut Reader<'_>, node: Node) -> BTreeMap<String, String> {
    let entries = reader.map(node, "params");
    entries.into_iter().map(|(key, node)| (key.name.into_owned(), reader.text(&node, "a parameter"))).collect()
}

fn signal_tables(sections: &[Option<Node>]) -> BTreeMap<String, Option<&'static Table>> {
    fn visit(node: &Node, found: &mut BTreeMap<String, Option<&'static Table>>) {
        let Kind::Map(entries) = &node.kind else { return };
        for (key, node) in entries {
            let Kind::Map(fields) = &node.kind else { continue };
            let mut table = None;
            for (field, value) in fields {
                match &*field.name {
                    "in" => table = value.scalar().and_then(|name| tables::table(&name)),
                    "any" | "all" => visit(value, found),
                    _ => {}
                }
            }
            found.insert(key.name.clone().into_owned(), table);
        }
    }
    let mut found = BTreeMap::new();
    for section in sections.iter().flatten() {
        visit(section, &mut found);
    }
    found
}

/// The fields of a signal.
const SIGNAL: [&str; 7] = ["in", "where", "by", "expect", "says", "absent", "unknown"];

/// What `expect` may hold.
const EXPECT: [&str; 9] = ["count", "distinct", "share", "share_of", "rate", "lasting", "within", "after", "before"];

fn entries(reader: &mut Reader<'_>, node: Node, scope: &Scope<'_>) -> Vec<Entry> {
    let mut list = Vec::new();
    let mut before: Option<Key> = None;
    let members = reader.map(node, "signals");
    let named = members.iter().any(|(_, node)| matches!(node.kind, Kind::Null));
    if let Some((key, _)) = members.iter().find(|(key, node)| !named && key.name == "in" && node.scalar().is_some()) {
        let message = "a question stands here without the name of its signal";
        reader.problem(key.place, message, Some("give it one, and indent what belongs to it below: `waits:`".to_owned()));
        return list;
    }
    for (key, node) in members {
        if !key.name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            let meant: String = key.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            let help = format!("texts name it, so it is one word: `{meant}`");
            reader.problem(key.place, format!("`{}` is no name of a signal", key.name), Some(help));
        }
        if matches!(&*key.name, "any" | "all") && !matches!(node.kind, Kind::Map(_)) {
            let help =
                format!("give it a name, and a name to each signal in it: `NAME: {{{}: {{one: ..., other: ...}}}}`", key.name);
            reader.problem(key.place, "a group of signals has a name", Some(help));
            continue;
        }
        let mapping = matches!(node.kind, Kind::Map(_));
        // A name with nothing in it, and beside it what should be in it.
        if let Some(name) = before.as_ref().filter(|_| SIGNAL.contains(&&*key.name)) {
            let message = format!("`{}` stands beside the signal `{}` and not in it", key.name, name.name);
            let spaces = name.place.column as usize + 1;
            let help = format!("indent what belongs to `{}` by {spaces} spaces or more", name.name);
            reader.problem(key.place, message, Some(help));
            return list;
        }
        before = matches!(node.kind, Kind::Null).then(|| key.clone());
        if before.is_some() {
            continue;
        }
        let mut fields = reader.fields(node, "a signal");
        let ask = if let Some(members) = fields.take("any") {
            Some(Ask::Any(group(reader, members, &key, scope)))
        } else if let Some(members) = fields.take("all") {
            Some(Ask::All(group(reader, members, &key, scope)))
        } else if mapping {
            signal(reader, &mut fields, key.place, scope).map(|signal| Ask::Signal(Box::new(signal)))
        } else {
            None
        };
        fields.finish(reader);
        list.extend(ask.map(|ask| Entry { name: key.name.into_owned(), ask }));
    }
    list
}

/// The members of a group, of which there must be one.
fn group(reader: &mut Reader<'_>, node: Node, key: &Key, scope: &Scope<'_>) -> Vec<Entry> {
    if matches!(&node.kind, Kind::Map(entries) if entries.is_empty()) {
        reader.problem(key.place, format!("the group `{}` has no signal", key.name), None);
    }
    entries(reader, node, scope)
}

fn signal(reader: &mut Reader<'_>, fields: &mut Fields, place: Place, scope: &Scope<'_>) -> Option<Signal> {
    let node = fields.need(reader, "in");
    let name = node.as_ref().map(|node| reader.text(node, "in"));
    let Some(table) = name.as_deref().and_then(tables::table) else {
        if let Some((node, name)) = node.zip(name).filter(|(_, name)| !name.is_empty()) {
            reader.unknown(node.place, "table", &name, TABLES.iter().map(|table| table.name));
        }
        // What belongs to a table that is not known cannot be checked.
        for name in ["where", "by", "expect", "says", "absent", "unknown"] {
            let _ = fields.take(name);
        }
        return None;
    };
    let conditions = fields.take("where").map(|node| conditions(reader, node, table, scope)).unwrap_or_default();
    let by = fields.take("by").and_then(|node| column(reader, &node, table));
    let expect = fields.take("expect").map(|node| expect(reader, node, table, scope)).unwrap_or_default();
    let says = fields.need(reader, "says");
    let says_at = says.as_ref().map(|node| node.place);
    let says = says.map(|node| template(reader, &node, "says", scope)).unwrap_or_default();
    let absent = fields.take("absent").map(|node| template(reader, &node, "absent", scope));
    let unknown = fields.take("unknown").map(|node| template(reader, &node, "unknown", scope));
    for (section, holds) in [("where", table.fields.iter().map(|field| field.name).collect()), ("expect", EXPECT.to_vec())] {
        for key in fields.take_misplaced(&holds) {
            let message = format!("`{}` stands beside `{section}` and not in it", key.name);
            let help = format!("below `{section}:`, indent it by {} spaces or more", key.place.column + 1);
            reader.problem(key.place, message, Some(help));
        }
    }
    if let Some(place) = says_at {
        own_variables(reader, &says, place, table, by.is_some());
    }
    Some(Signal { table, conditions, by, expect, says, absent, unknown, place })
}

/// Checks the variables of a statement that belong to its own signal.
fn own_variables(reader: &mut Reader<'_>, says: &str, place: Place, table: &'static Table, by: bool) {
    if reader.trusted {
        return;
    }
    for variable in super::template::variables(says) {
        match variable.split_once('.').unwrap_or((variable, "")) {
            ("first" | "last" | "top" | "list" | "distinct", field) if table.column(field).is_none() => {
                let place = reader.part_of(place, variable);
                column_named(reader, field, place, table);
            }
            ("key" | "keys", _) if !by => {
                let help = "add `by: FIELD` to the signal: it is then asked for each value of the field";
                let place = reader.part_of(place, variable);
                reader.problem(place, format!("`{{{{{variable}}}}}` is known only of a signal with `by`"), Some(help.to_owned()));
            }
            _ => {}
        }
    }
}

fn column(reader: &mut Reader<'_>, node: &Node, table: &'static Table) -> Option<tables::Column> {
    if node.scalar().is_none() {
        reader.problem(node.place, format!("one field is named here, and not {}", node.kind.describe()), None);
        return None;
    }
    let name = reader.text(node, "a field");
    column_named(reader, &name, node.place, table)
}

fn column_named(reader: &mut Reader<'_>, name: &str, place: Place, table: &'static Table) -> Option<tables::Column> {
    let found = table.column(name);
    if found.is_none() {
        let what = format!("field of `{}`", table.name);
        reader.unknown(place, &what, name, table.fields.iter().map(|field| field.name));
    }
    found
}

fn conditions(reader: &mut Reader<'_>, node: Node, table: &'static Table, scope: &Scope<'_>) -> Vec<Condition> {
    let mut list = Vec::new();
    let entries = reader.map(node, "where");
    let loose = loose_values(&entries, |name| table.column(name).is_some());
    for (key, node) in entries {
        if loose_value(reader, &key, &node, &loose) {
            continue;
        }
        let Some(column) = column_named(reader, &key.name, key.place, table) else { continue };
        let place = node.place;
        if let Some(matcher) = matcher(reader, node, &table.fields[column.0], scope) {
            list.push(Condition { column, matcher, place });
        }
    }
    list
}

/// Values that stand behind another one without brackets, `outcome: waiting, bounced`: YAML takes them for names. With them
/// what was probably meant.
fn loose_values(entries: &[(Key, Node)], known: impl Fn(&str) -> bool) -> Option<String> {
    let loose = |(key, node): &&(Key, Node)| matches!(node.kind, Kind::Null) && !known(&key.name);
    let at = entries.iter().position(|entry| loose(&entry)).filter(|at| *at > 0)?;
    let (key, node) = &entries[at - 1];
    let mut values = match &node.kind {
        Kind::List(_) | Kind::Map(_) | Kind::Null => return None,
        _ => vec![node.scalar()?],
    };
    values.extend(entries[at..].iter().take_while(|entry| loose(entry)).map(|(key, _)| key.name.clone().into_owned()));
    Some(format!("one of several is a list: `{}: [{}]`", key.name, values.join(", ")))
}

/// Whether this entry is such a value, which is noted.
fn loose_value(reader: &mut Reader<'_>, key: &Key, node: &Node, meant: &Option<String>) -> bool {
    let Some(meant) = meant.as_ref().filter(|meant| matches!(node.kind, Kind::Null) && meant.contains(&*key.name)) else {
        return false;
    };
    reader.problem(key.place, format!("`{}` stands there as a name without a value", key.name), Some(meant.clone()));
    true
}

/// What other rule languages call a matcher, and what to write here.
const ELSEWHERE: [(&str, &str); 16] = [
    ("regex", "a regular expression is `matches: ...`"),
    ("regexp", "a regular expression is `matches: ...`"),
    ("re", "a regular expression is `matches: ...`"),
    ("match", "a regular expression is `matches: ...`"),
    ("like", "a part of a text is `contains: ...`, a regular expression `matches: ...`"),
    ("equals", "what must be equal stands there alone: `field: value`"),
    ("eq", "what must be equal stands there alone: `field: value`"),
    ("is", "what must be equal stands there alone: `field: value`"),
    ("in", "one of several is a list: `field: [one, another]`"),
    ("one_of", "one of several is a list: `field: [one, another]`"),
    ("ne", "what must differ is `not: value`"),
    ("not_in", "none of several is `not: [one, another]`"),
    ("none_of", "none of several is `not: [one, another]`"),
    ("cidr", "a network is `in_network: [10.0.0.0/8]`"),
    ("min", "at least is `gte: ...`"),
    ("max", "at most is `lte: ...`"),
];

fn matcher(reader: &mut Reader<'_>, node: Node, field: &Field, scope: &Scope<'_>) -> Option<Matcher> {
    let Kind::Map(entries) = node.kind else {
        let condition = |item: &&Node| matches!(item.kind, Kind::Map(_));
        if let Kind::List(items) = &node.kind
            && let Some(item) = items.iter().find(condition)
        {
            let help =
                "one of several texts is `{contains: [a, b]}`; of several conditions each is a signal of a group with `any:`";
            reader.problem(item.place, "a list holds values, and this is a condition", Some(help.to_owned()));
            return None;
        }
        let values = reader.texts(node, "a value");
        return Some(Matcher::OneOf(values.into_iter().filter_map(|(text, place)| param(reader, text, place, scope)).collect()));
    };
    let mut all = Vec::new();
    if entries.is_empty() {
        reader.problem(node.place, "the matcher says nothing", Some("such as `{contains: timed out}`, or a value".to_owned()));
    }
    let loose = loose_values(&entries, |name| super::schema::MATCHERS.contains(&name));
    for (key, node) in entries {
        if loose_value(reader, &key, &node, &loose) {
            continue;
        }
        let made = match &*key.name {
            "not" => matcher(reader, node, field, scope).map(|inner| Matcher::Not(Box::new(inner))),
            "matches" => regex(reader, &node),
            "contains" => Some(Matcher::Contains(lowercase(reader, node))),
            "starts_with" => Some(Matcher::StartsWith(lowercase(reader, node))),
            "ends_with" => Some(Matcher::EndsWith(lowercase(reader, node))),
            "gte" => compared(reader, &node, Ordering::AtLeast, field, scope),
            "lte" => compared(reader, &node, Ordering::AtMost, field, scope),
            "gt" => compared(reader, &node, Ordering::Above, field, scope),
            "lt" => compared(reader, &node, Ordering::Below, field, scope),
            "in_network" => networks(reader, node),
            "missing" => Some(Matcher::Missing(reader.bool(&node, "missing"))),
            "same_as" => reference(reader, &node, scope).map(Matcher::SameAs),
            "differs_from" => reference(reader, &node, scope).map(Matcher::DiffersFrom),
            other => {
                match ELSEWHERE.iter().find(|(name, _)| name.eq_ignore_ascii_case(other)) {
                    Some((_, ours)) => reader.problem(key.place, format!("unknown matcher `{other}`"), Some((*ours).to_owned())),
                    None => reader.unknown(key.place, "matcher", other, super::schema::MATCHERS),
                }
                None
            }
        };
        all.extend(made);
    }
    match all.len() {
        0 => None,
        1 => all.pop(),
        _ => Some(Matcher::All(all)),
    }
}

/// `$name` is the rule's parameter of that name.
fn param(reader: &mut Reader<'_>, text: String, place: Place, scope: &Scope<'_>) -> Option<String> {
    let Some(name) = text.strip_prefix('$') else { return Some(text) };
    let value = scope.params.get(name).cloned();
    if value.is_none() && scope.params.is_empty() {
        let help = format!("add `params: {{{name}: ...}}` to the rule");
        reader.problem(place, format!("unknown parameter `{name}`: the rule has none"), Some(help));
    } else if value.is_none() {
        reader.unknown(place, "parameter", name, scope.params.keys().map(String::as_str));
    }
    value
}

fn lowercase(reader: &mut Reader<'_>, node: Node) -> Vec<String> {
    reader.texts(node, "a text").into_iter().map(|(text, _)| case::folded(&text)).collect()
}

fn regex(reader: &mut Reader<'_>, node: &Node) -> Option<Matcher> {
    if matches!(node.kind, Kind::List(_)) {
        let help = "what may stand in the place of another is parted by `|`: `'one|other'`".to_owned();
        reader.problem(node.place, "`matches` is one regular expression", Some(help));
        return None;
    }
    let pattern = reader.text(node, "matches");
    LazyRegex::read(reader, pattern, node.place, Dialect::Value).map(Matcher::Matches)
}

/// A comparison with a number, or with what a reference names.
fn compared(reader: &mut Reader<'_>, node: &Node, how: Ordering, field: &Field, scope: &Scope<'_>) -> Option<Matcher> {
    let text = reader.text(node, "a number");
    let text = param(reader, text, node.place, scope)?;
    if matches!(field.ty, Type::Text | Type::Bool) {
        let help = match (field.name, field.ty) {
            ("value", _) => "what a setting amounts to is `amount`: `amount: {lt: 1h}`",
            (_, Type::Bool) => "it is `yes` or `no`",
            _ => "`postdoc rules fields` shows the type of each field",
        };
        let message = format!("only numbers and times can be compared, and `{}` is {}", field.name, field.ty.words());
        reader.problem(node.place, message, Some(help.to_owned()));
        return None;
    }
    if let Some(number) = quantity(&text) {
        return match in_unit_of(field, number, &text) {
            Ok(number) => Some(Matcher::Compare(how, number)),
            Err(help) => {
                let message = format!("`{text}` does not fit `{}`, which holds: {}", field.name, field.type_words());
                reader.problem(node.place, message, Some(help));
                None
            }
        };
    }
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.contains('.') {
        return reference(reader, node, scope).map(|reference| Matcher::ComparedTo(how, reference));
    }
    let message = format!("`{text}` is no number");
    let other_case = [text.to_lowercase(), text.to_uppercase()].into_iter().find(|text| quantity(text).is_some());
    if let Some(meant) = other_case {
        reader.problem(node.place, message, Some(format!("did you mean `{meant}`? Units are written as in 5m, 2h, 20 MB")));
        return None;
    }
    let help = "such as 12, 5m, 50% or 20 MB, or what another field holds, such as settings.message_size_limit".to_owned();
    reader.problem(node.place, message, Some(help));
    None
}

/// A number as a rule writes it, in the unit of the field that it is compared with; else what to write.
fn in_unit_of(field: &Field, number: f64, text: &str) -> Result<f64, String> {
    use tables::Unit as Holds;
    if field.ty == Type::Time {
        return Err(
            "a time is compared with another one, such as host.collected_at; of the last hours is `expect: {within: 24h}`"
                .to_owned(),
        );
    }
    match (unit(text), field.unit) {
        (Unit::None, Holds::Part) if number > 1.0 => Err(format!("a part is written as `{text}%`")),
        (Unit::None, _) | (_, Holds::Any) => Ok(number),
        (Unit::Part, Holds::Part) | (Unit::Time, Holds::Seconds) | (Unit::Size, Holds::Bytes) => Ok(number),
        (Unit::Part, Holds::Percent) => Ok(number * 100.0),
        (Unit::Time, Holds::Milliseconds) => Ok(number * 1000.0),
        (_, Holds::None) => Err("write the number alone; `postdoc rules fields` says what it counts".to_owned()),
        (_, Holds::Seconds | Holds::Milliseconds) => Err(TIME.to_owned()),
        (_, Holds::Bytes) => Err("a size is written as `500 kB`, `20 MB` or `1 GB`".to_owned()),
        (_, Holds::Part | Holds::Percent) => Err("a part is written as `50%`".to_owned()),
    }
}

fn time(reader: &mut Reader<'_>, node: &Node, scope: &Scope<'_>) -> Option<f64> {
    let text = reader.text(node, "a time");
    let text = param(reader, text, node.place, scope)?;
    let value = quantity(&text).filter(|_| matches!(unit(&text), Unit::None | Unit::Time));
    if value.is_none() {
        reader.problem(node.place, format!("`{text}` is no time"), Some(TIME.to_owned()));
    }
    value
}

fn networks(reader: &mut Reader<'_>, node: Node) -> Option<Matcher> {
    let mut list = Vec::new();
    for (text, place) in reader.texts(node, "a network") {
        match network(&text) {
            Some(network) => list.push(network),
            None => reader.problem(place, format!("`{text}` is no network, such as 127.0.0.0/8 or fe80::/10"), None),
        }
    }
    Some(Matcher::InNetwork(list))
}

fn network(text: &str) -> Option<Network> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let (address, width, full) = match address.parse().ok()? {
        IpAddr::V4(v4) => (u128::from(v4.to_ipv6_mapped()), 32, 96),
        IpAddr::V6(v6) => (u128::from(v6), 128, 0),
    };
    let bits = bits.unwrap_or(width);
    (bits <= width).then_some(Network { address, bits: bits + full })
}

fn reference(reader: &mut Reader<'_>, node: &Node, scope: &Scope<'_>) -> Option<Reference> {
    let text = reader.text(node, "a reference");
    let Some((head, rest)) = text.split_once('.') else {
        reader.problem(
            node.place,
            format!("`{text}` names nothing"),
            Some("such as host.fqdn, settings.myhostname or flood.key".to_owned()),
        );
        return None;
    };
    if let Some(table) = scope.signals.get(head) {
        return match (rest, rest.split_once('.')) {
            ("key", _) => Some(Reference::Key(head.to_owned())),
            ("keys", _) => Some(Reference::Keys(head.to_owned())),
            (_, Some(("first", field))) => {
                let table = (*table)?;
                let column = column_named(reader, field, node.place, table)?;
                Some(Reference::First(head.to_owned(), table.name, column))
            }
            _ => {
                reader.unknown(node.place, "part of a signal", rest, ["key", "keys", "first.FIELD"]);
                None
            }
        };
    }
    match head {
        "settings" => Some(Reference::Setting(rest.to_owned())),
        "host" => column_named(reader, rest, node.place, &tables::host::TABLE).map(Reference::Host),
        _ => match tables::table(head) {
            Some(table) => column_named(reader, rest, node.place, table).map(|column| Reference::Table(table.name, column)),
            None => {
                let known = scope.signals.keys().map(String::as_str).chain(TABLES.iter().map(|table| table.name));
                let known: Vec<&str> = known.collect();
                reader.unknown(node.place, "signal or table", head, known);
                None
            }
        },
    }
}

fn amount(reader: &mut Reader<'_>, node: &Node, what: Measured, scope: &Scope<'_>) -> Option<Amount> {
    let text = reader.text(node, "an amount");
    let text = param(reader, text, node.place, scope)?;
    let Some(amount) = Amount::parse(&text) else {
        let help = match what {
            Measured::Number => "such as 3, 3+, =3, <10, 2..5 or 0",
            Measured::Share => "such as 50%+ or <10%",
            Measured::Rate => "such as 100+ or <10, an hour",
            Measured::Time => "such as 30s, 5m+, 2h, 1d or <1w",
        };
        reader.problem(node.place, format!("`{text}` is no amount"), Some(help.to_owned()));
        return None;
    };
    let unit = unit(&text);
    let is_number = text.replace("..", " ").chars().all(|c| c.is_ascii_digit() || "_+<>= ".contains(c));
    let (fits, help) = match what {
        Measured::Number => (
            is_number,
            "a number is whole and has neither unit nor separators: `3+`; a part is `share: 50%+`, a time `lasting: 5m+`",
        ),
        Measured::Share => (matches!(unit, Unit::None | Unit::Part), "a share is written as `50%+`"),
        Measured::Rate => (matches!(unit, Unit::None | Unit::Rate), "a rate is a number an hour: `100+`"),
        Measured::Time => (matches!(unit, Unit::None | Unit::Time), TIME),
    };
    if !fits {
        reader.problem(node.place, format!("`{text}` does not fit here"), Some(help.to_owned()));
    }
    Some(amount)
}

/// How a time is written.
const TIME: &str = "a time is written as `30s`, `5m`, `2h`, `1d` or `1w`";

/// What an amount is an amount of.
#[derive(Clone, Copy, PartialEq)]
enum Measured {
    Number,
    Share,
    Rate,
    Time,
}

fn expect(reader: &mut Reader<'_>, node: Node, table: &'static Table, scope: &Scope<'_>) -> Expect {
    let mut fields = reader.fields(node, "expect");
    let mut expect = Expect {
        count: fields.take("count").and_then(|node| amount(reader, &node, Measured::Number, scope)),
        share: fields.take("share").and_then(|node| amount(reader, &node, Measured::Share, scope)),
        rate: fields.take("rate").and_then(|node| amount(reader, &node, Measured::Rate, scope)),
        lasting: fields.take("lasting").and_then(|node| amount(reader, &node, Measured::Time, scope)),
        within: fields.take("within").and_then(|node| time(reader, &node, scope)),
        after: fields.take("after").and_then(|node| moment(reader, &node, scope)),
        before: fields.take("before").and_then(|node| moment(reader, &node, scope)),
        share_of: fields.take("share_of").map(|node| conditions(reader, node, table, scope)).unwrap_or_default(),
        distinct: Vec::new(),
    };
    if let Some(node) = fields.take("distinct") {
        for (key, node) in reader.map(node, "distinct") {
            let column = column_named(reader, &key.name, key.place, table);
            let amount = amount(reader, &node, Measured::Number, scope);
            expect.distinct.extend(column.zip(amount));
        }
    }
    fields.finish(reader);
    expect
}

fn moment(reader: &mut Reader<'_>, node: &Node, scope: &Scope<'_>) -> Option<Moment> {
    let text = reader.text(node, "a moment");
    let (signal, last) = match text.split_once('.') {
        Some((signal, "first")) => (signal, false),
        Some((signal, "last")) => (signal, true),
        _ => {
            reader.problem(node.place, format!("`{text}` is no moment"), Some("such as timeouts.first or flood.last".to_owned()));
            return None;
        }
    };
    if !scope.signals.contains_key(signal) {
        reader.unknown(node.place, "signal", signal, scope.signals.keys().map(String::as_str));
        return None;
    }
    Some(Moment { signal: signal.to_owned(), last })
}

/// Parts of a measure that a template may name.
const MEASURES: [&str; 14] =
    ["count", "distinct", "share", "rate", "lasting", "first", "last", "key", "keys", "since", "until", "top", "list", "total"];

/// Bytes that a template in a rule may have.
const LONGEST_TEMPLATE: usize = 16 << 10;

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// A template text, its variables checked against what a rule may name.
fn template(reader: &mut Reader<'_>, node: &Node, what: &str, scope: &Scope<'_>) -> String {
    let text = reader.text(node, what);
    if reader.trusted {
        return text;
    }
    // Blocks inside blocks without end would fill the stack.
    if text.len() > LONGEST_TEMPLATE {
        let message = format!("`{what}` has {} bytes; a template has at most {LONGEST_TEMPLATE}", text.len());
        reader.problem(node.place, message, None);
        return String::new();
    }
    if !text.contains('{') {
        return text;
    }
    if super::template::Simple::of(&text).is_none()
        && let Err(error) = handlebars::Template::compile(&text)
    {
        // What the grammar would have taken instead says nothing to a person.
        let reason = error.reason().to_string();
        let reason = if reason.contains("syntax") {
            "a `{{` without its `}}`, or a `{{#if ...}}` without its `{{/if}}`".to_owned()
        } else {
            reason
        };
        // The first braces that nothing closes in their line, if they have a name.
        let line_of = |at: usize| text[at..].split_inclusive('\n').next().unwrap_or_default();
        let open = text.match_indices("{{").find(|(at, _)| !line_of(*at).contains("}}"));
        let name = open.map(|(at, _)| text[at + 2..].split(|c: char| !is_name(c)).next().unwrap_or_default());
        let place = name.filter(|name| !name.is_empty()).map_or(node.place, |name| reader.part_of(node.place, name));
        reader.problem(place, format!("the template in `{what}` is not valid: {reason}"), None);
        return text;
    }
    if let Some(tag) = super::template::refused(&text) {
        let message = format!(
            "`{{{{{tag}}}}}` in `{what}`: a rule's template has variables and the blocks `if` and `unless`, nothing else"
        );
        reader.problem(node.place, message, None);
        return text;
    }
    if what != "run"
        && let Some(name) = in_single_braces(&text)
    {
        let help = format!("write `{{{{{name}}}}}`");
        reader.problem(
            node.place,
            format!("`{{{name}}}` in `{what}` stands there as it is: a variable has two braces"),
            Some(help),
        );
    }
    if what == "run"
        && let Some(name) = super::template::in_quotes(&text)
    {
        let help = format!("end the quotes before it and begin them again behind it: `'...'{{{{{name}}}}}'...'`");
        let message = format!("`{{{{{name}}}}}` stands between quotes, and a value is quoted for the shell by itself");
        reader.problem(reader.part_of(node.place, name), message, Some(help));
    }
    for variable in super::template::variables(&text) {
        let mut parts = variable.split('.');
        let head = parts.next().unwrap_or_default();
        let fixed = ["host", "settings", "accounts", "params", "hurts", "resume", "show_log"];
        if !MEASURES.contains(&head) && !fixed.contains(&head) && !scope.signals.contains_key(head) {
            let known: Vec<&str> = scope.signals.keys().map(String::as_str).chain(fixed).chain(MEASURES).collect();
            let place = reader.part_of(node.place, variable);
            reader.unknown(place, "template variable", head, known);
        } else if head == "host" {
            let table = &tables::host::TABLE;
            if let Some(field) = parts.next().filter(|field| table.column(field).is_none()) {
                let place = reader.part_of(node.place, variable);
                column_named(reader, field, place, table);
            }
        } else if let (Some(Some(table)), Some("first" | "last" | "top" | "list" | "distinct")) =
            (scope.signals.get(head), parts.next())
            && let Some(field) = parts.next().filter(|field| table.column(field).is_none())
        {
            let place = reader.part_of(node.place, variable);
            column_named(reader, field, place, table);
        }
    }
    text
}

/// A part of a signal that stands in single braces.
fn in_single_braces(text: &str) -> Option<&'static str> {
    text.match_indices('{').find_map(|(at, _)| {
        let (name, after) = text[at + 1..].split_once('}')?;
        let alone = !text[..at].ends_with('{') && !after.starts_with('}');
        MEASURES.iter().copied().find(|known| alone && *known == name)
    })
}

fn do_nots(reader: &mut Reader<'_>, node: Node, scope: &Scope<'_>) -> Vec<DoNot> {
    let mut list = Vec::new();
    for item in reader.list(node) {
        if !matches!(item.kind, Kind::Map(_)) {
            reader.map(item, "do_not");
            continue;
        }
        let mut fields = reader.fields(item, "do_not");
        let run = fields.need(reader, "run").map(|node| template(reader, &node, "run", scope));
        let why = fields.need(reader, "why").map(|node| template(reader, &node, "why", scope));
        fields.finish(reader);
        if let (Some(run), Some(why)) = (run, why) {
            list.push(DoNot { run, why });
        }
    }
    list
}

fn steps(reader: &mut Reader<'_>, node: Node, scope: &Scope<'_>) -> Vec<StepSpec> {
    reader.list(node).into_iter().filter_map(|item| step(reader, item, scope)).collect()
}

/// Reads a step that stands outside of a rule.
pub(super) fn free_step(reader: &mut Reader<'_>, node: Node) -> Option<StepSpec> {
    let params = BTreeMap::new();
    let fields = reader.fields(node, "a step");
    step_fields(reader, fields, &Scope { params: &params, signals: BTreeMap::new() })
}

fn step(reader: &mut Reader<'_>, node: Node, scope: &Scope<'_>) -> Option<StepSpec> {
    let mut fields = reader.fields(node, "a step");
    match fields.take("use") {
        Some(node) => shared_step(reader, &node, fields, scope),
        None => step_fields(reader, fields, scope),
    }
}

/// A step of plan.yaml by its name, which is looked up when every file is known; here it may only say why.
fn shared_step(reader: &mut Reader<'_>, name: &Node, mut fields: Fields, scope: &Scope<'_>) -> Option<StepSpec> {
    let why = fields.take("why").map(|node| template(reader, &node, "why", scope));
    fields.finish(reader);
    let shared = reader.text(name, "use");
    Some(StepSpec { why, shared: Some(shared), place: name.place, ..StepSpec::default() })
}

fn step_fields(reader: &mut Reader<'_>, mut fields: Fields, scope: &Scope<'_>) -> Option<StepSpec> {
    let place = fields.place;
    let phases: Vec<(&str, usize)> = PHASES.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let phase = fields.need(reader, "phase").and_then(|node| reader.one_of(&node, "phase", &phases));
    let action = fields.need(reader, "do").map(|node| template(reader, &node, "do", scope));
    let risks = RISKS.map(|name| (name, name));
    let risk = fields.need(reader, "risk").and_then(|node| reader.one_of(&node, "risk", &risks));
    let mut optional =
        |reader: &mut Reader<'_>, name: &'static str| fields.take(name).map(|node| template(reader, &node, name, scope));
    let why = optional(reader, "why");
    let run = optional(reader, "run");
    let letter = optional(reader, "letter");
    let good = optional(reader, "good");
    let undo = optional(reader, "undo");
    let [waiting, bounced] =
        ["waiting", "bounced"].map(|name| fields.take(name).and_then(|node| amount(reader, &node, Measured::Number, scope)));
    let first = fields.take("do_first").is_some_and(|node| reader.bool(&node, "do_first"));
    fields.finish(reader);
    let (phase, action, risk) = (phase?, action?, risk?);
    Some(StepSpec { phase, action, why, run, letter, risk, good, undo, waiting, bounced, first, shared: None, place })
}

fn rule_tests(reader: &mut Reader<'_>, node: Node) -> Vec<TestSpec> {
    let mut list = Vec::new();
    for item in reader.list(node) {
        let mut fields = reader.fields(item, "a test");
        let place = fields.place;
        let name = fields.need(reader, "name").map(|node| reader.text(&node, "name")).unwrap_or_default();
        let given = fields.need(reader, "given").map(|node| reader.map(node, "given")).unwrap_or_default();
        let given = given.into_iter().map(|(key, node)| (key.name.into_owned(), reader.text(&node, "evidence"))).collect();
        let results = ["confirmed", "likely", "possible", "no", "unknown"].map(|name| (name, name));
        // Without quotes `no` is a truth value, and means the same here.
        let expect = fields.need(reader, "expect").and_then(|node| match node.kind {
            Kind::Bool(false, _) => Some("no"),
            Kind::Bool(true, _) => {
                let help = "`likely` where all that is required is met, `confirmed` where other evidence says so, too";
                reader.problem(node.place, "how sure the rule shall be is not said", Some(help.to_owned()));
                None
            }
            _ => reader.one_of(&node, "expect", &results),
        });
        fields.finish(reader);
        list.push(TestSpec { name, given, expect: expect.unwrap_or("no").to_owned(), file: reader.file.to_owned(), place });
    }
    list
}
