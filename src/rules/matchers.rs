//! What a value must be (`where`), and what must hold of the records that are (`expect`): from YAML to the model.

use super::advice;
use super::amount::{Amount, Unit, quantity, unit};
use super::lazy::{Dialect, LazyRegex};
use super::model::{Condition, Expect, Matcher, Moment, Network, Ordering, Reference};
use super::problem::Place;
use super::yaml::{Key, Kind, Node, Reader};
use crate::case;
use crate::tables::{self, Field, TABLES, Table, Type};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What names inside a rule may refer to.
pub(super) struct Scope<'a> {
    /// Its parameters.
    pub params: &'a BTreeMap<String, String>,
    /// Each signal's table, found before the signals themselves are read.
    pub signals: BTreeMap<String, Option<&'static Table>>,
}

/// The words that a matcher may be written with.
pub(super) const MATCHERS: [&str; 13] = [
    "not",
    "matches",
    "contains",
    "starts_with",
    "ends_with",
    "gte",
    "lte",
    "gt",
    "lt",
    "in_network",
    "missing",
    "same_as",
    "differs_from",
];

pub(super) fn column(reader: &mut Reader<'_>, node: &Node, table: &'static Table) -> Option<tables::Column> {
    if node.scalar().is_none() {
        reader.problem(node.place, format!("one field is named here, and not {}", node.kind.describe()), None);
        return None;
    }
    let name = reader.text(node, "a field");
    column_named(reader, &name, node.place, table)
}

pub(super) fn column_named(reader: &mut Reader<'_>, name: &str, place: Place, table: &'static Table) -> Option<tables::Column> {
    let found = table.column(name);
    if found.is_none() {
        let what = format!("field of `{}`", table.name);
        reader.unknown(place, &what, name, table.fields.iter().map(|field| field.name));
    }
    found
}

pub(super) fn conditions(reader: &mut Reader<'_>, node: Node, table: &'static Table, scope: &Scope<'_>) -> Vec<Condition> {
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
        for (text, place) in &values {
            if let Some(help) = advice::value(text) {
                reader.problem(*place, format!("`{text}` is compared letter by letter with `{}`", field.name), Some(help));
            }
        }
        return Some(Matcher::OneOf(values.into_iter().filter_map(|(text, place)| param(reader, text, place, scope)).collect()));
    };
    let mut all = Vec::new();
    if entries.is_empty() {
        reader.problem(node.place, "the matcher says nothing", Some("such as `{contains: timed out}`, or a value".to_owned()));
    }
    let loose = loose_values(&entries, |name| MATCHERS.contains(&name));
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
                match advice::matcher(other) {
                    Some(ours) => reader.problem(key.place, format!("unknown matcher `{other}`"), Some(ours.to_owned())),
                    None => reader.unknown(key.place, "matcher", other, MATCHERS),
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
    if matches!(node.kind, Kind::Null) {
        reader.problem(node.place, "nothing stands here to compare with", Some("such as `{lt: 12}`".to_owned()));
        return None;
    }
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
    if field.ty == Type::Time {
        let message = format!("`{text}` is no time that the evidence knows");
        reader.problem(node.place, message, Some(MOMENT.to_owned()));
        return None;
    }
    let other_case = [text.to_lowercase(), text.to_uppercase()].into_iter().find(|text| quantity(text).is_some());
    if let Some(meant) = other_case {
        reader.problem(node.place, message, Some(format!("did you mean `{meant}`? Units are written as in 5m, 2h, 20 MB")));
        return None;
    }
    use tables::Unit as Holds;
    let help = match field.unit {
        Holds::Seconds | Holds::Milliseconds => TIME,
        Holds::Bytes => SIZE,
        Holds::Part | Holds::Percent => PART,
        _ => "such as 12, 5m, 50% or 20 MB, or what another field holds, such as settings.message_size_limit",
    };
    reader.problem(node.place, message, Some(help.to_owned()));
    None
}

/// What a time is compared with.
const MOMENT: &str =
    "a time is compared with another one, such as host.collected_at; of the last hours is `expect: {within: 24h}`";

/// How a size is written.
const SIZE: &str = "a size is written as `500 kB`, `20 MB` or `1 GB`";
/// How a part is written.
const PART: &str = "a part is written as `50%`";

/// A number as a rule writes it, in the unit of the field that it is compared with; else what to write.
fn in_unit_of(field: &Field, number: f64, text: &str) -> Result<f64, String> {
    use tables::Unit as Holds;
    if field.ty == Type::Time {
        return Err(MOMENT.to_owned());
    }
    match (unit(text), field.unit) {
        (Unit::None, Holds::Part) if number > 1.0 => Err(format!("a part is written as `{text}%`")),
        (Unit::None, _) | (_, Holds::Any) => Ok(number),
        (Unit::Part, Holds::Part) | (Unit::Time, Holds::Seconds) | (Unit::Size, Holds::Bytes) => Ok(number),
        (Unit::Part, Holds::Percent) => Ok(number * 100.0),
        (Unit::Time, Holds::Milliseconds) => Ok(number * 1000.0),
        (_, Holds::None) => Err("write the number alone; `postdoc rules fields` says what it counts".to_owned()),
        (_, Holds::Seconds | Holds::Milliseconds) => Err(TIME.to_owned()),
        (_, Holds::Bytes) => Err(SIZE.to_owned()),
        (_, Holds::Part | Holds::Percent) => Err(PART.to_owned()),
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
        let help = if scope.signals.contains_key(&text) {
            format!("did you mean `{text}.key`? It is what the signal found by its `by`")
        } else if let Some(field) = tables::host::TABLE.fields.iter().find(|field| field.name == text) {
            format!("did you mean `host.{}`?", field.name)
        } else {
            "such as host.fqdn, settings.myhostname or flood.key".to_owned()
        };
        reader.problem(node.place, format!("`{text}` names nothing"), Some(help));
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

pub(super) fn amount(reader: &mut Reader<'_>, node: &Node, what: Measured, scope: &Scope<'_>) -> Option<Amount> {
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
pub(super) enum Measured {
    Number,
    Share,
    Rate,
    Time,
}

pub(super) fn expect(reader: &mut Reader<'_>, node: Node, table: &'static Table, scope: &Scope<'_>) -> Expect {
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
        collected: fields.take("collected").map(|node| reader.bool(&node, "collected")),
        distinct: Vec::new(),
    };
    if let Some(node) = fields.take("distinct") {
        for (key, node) in reader.map(node, "distinct") {
            let column = column_named(reader, &key.name, key.place, table);
            let amount = amount(reader, &node, Measured::Number, scope);
            expect.distinct.extend(column.zip(amount));
        }
    }
    let of_table: Vec<&str> = table.fields.iter().map(|field| field.name).collect();
    for key in fields.take_misplaced(&of_table) {
        let message = format!("`{}` is a field of `{}` and nothing to expect", key.name, table.name);
        let help = format!(
            "which records count stands in `where`; how many of its values there are is `distinct: {{{}: 3+}}`",
            key.name
        );
        reader.problem(key.place, message, Some(help));
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
            let help = match scope.signals.contains_key(&text) {
                true => format!("`{text}.first` is when it began, `{text}.last` when it was last seen"),
                false => "such as timeouts.first or flood.last".to_owned(),
            };
            reader.problem(node.place, format!("`{text}` is no moment"), Some(help));
            return None;
        }
    };
    if !scope.signals.contains_key(signal) {
        reader.unknown(node.place, "signal", signal, scope.signals.keys().map(String::as_str));
        return None;
    }
    Some(Moment { signal: signal.to_owned(), last })
}
