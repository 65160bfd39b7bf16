//! A cause rule as data, after checking: names are resolved to tables, columns and regexes.

use super::amount::Amount;
use super::lazy::{Dialect, LazyRegex};
use super::problem::Place;
use crate::case;
use crate::tables::{Column, Given, Table, attempts, host};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// How bad a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A nuisance.
    Low,
    /// Some mail is affected.
    Medium,
    /// Much mail is affected, or will be.
    High,
    /// Nothing works, or harm is being done.
    Critical,
}

impl Severity {
    /// Every severity by its name.
    pub const ALL: [(&'static str, Severity); 4] =
        [("critical", Severity::Critical), ("high", Severity::High), ("medium", Severity::Medium), ("low", Severity::Low)];

    /// The name that rules and reports use.
    pub fn name(self) -> &'static str {
        Severity::ALL.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// One cause.
#[derive(Debug)]
pub struct Rule {
    /// Id, also the file's name.
    pub id: String,
    /// Bucket id, from the folder.
    pub bucket: String,
    /// Title (template).
    pub title: String,
    /// What follows from it, for the headline (template).
    pub consequence: Option<String>,
    /// What it does where no mail waits for it, in a few words (template).
    pub impact: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it is worth telling but no outbound problem.
    pub note: bool,
    /// Whether it stays when the cause that it follows from is gone, so that its repair is a part of the plan.
    pub outlasts: bool,
    /// One or two sentences (Markdown template).
    pub summary: String,
    /// All must be met.
    pub requires: Vec<Entry>,
    /// Each met one raises the confidence.
    pub supports: Vec<Entry>,
    /// Each met one lowers it.
    pub contradicts: Vec<Entry>,
    /// Rules that follow from this one.
    pub explains: Vec<String>,
    /// Where each of them is named.
    pub explains_at: Vec<Place>,
    /// Which failures it explains, those that any of these conditions hold for; none for those that `requires` matched.
    pub accounts_for: Option<Vec<Vec<Condition>>>,
    /// Thresholds.
    pub params: BTreeMap<String, String>,
    /// Commands people reach for, and why not.
    pub do_not: Vec<DoNot>,
    /// Steps.
    pub remedy: Vec<StepSpec>,
    /// Where to read on.
    pub references: Vec<String>,
    /// Where each of them stands.
    pub references_at: Vec<Place>,
    /// Tests.
    pub tests: Vec<TestSpec>,
    /// File below `rules/`, for people.
    pub file: String,
    /// File of another folder that changed it last, for people.
    pub changed_by: Option<String>,
    /// Where the id stands in it.
    pub place: Place,
}

impl Rule {
    /// Every signal, with the section that it stands in.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.requires.iter().chain(&self.supports).chain(&self.contradicts)
    }

    /// Every template of the rule that is not a signal's own.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        let steps = self.remedy.iter().flat_map(|step| {
            [
                Some(&step.action),
                step.why.as_ref(),
                step.run.as_ref(),
                step.letter.as_ref(),
                step.good.as_ref(),
                step.undo.as_ref(),
            ]
            .into_iter()
            .flatten()
        });
        [Some(&self.title), self.consequence.as_ref(), self.impact.as_ref(), Some(&self.summary)]
            .into_iter()
            .flatten()
            .chain(steps)
            .chain(self.do_not.iter().flat_map(|warning| [&warning.run, &warning.why]))
            .map(String::as_str)
    }
}

/// A named signal, or a group of them.
#[derive(Debug)]
pub struct Entry {
    /// Name in the rule.
    pub name: String,
    /// What it asks.
    pub ask: Ask,
}

/// One question or a group of questions.
#[derive(Debug)]
pub enum Ask {
    /// One question about one table.
    Signal(Box<Signal>),
    /// One of these must be met.
    Any(Vec<Entry>),
    /// All of these must be met.
    All(Vec<Entry>),
}

impl Entry {
    /// The signals in it, depth first.
    pub fn signals(&self) -> Vec<(&str, &Signal)> {
        match &self.ask {
            Ask::Signal(signal) => vec![(self.name.as_str(), signal)],
            Ask::Any(entries) | Ask::All(entries) => entries.iter().flat_map(Entry::signals).collect(),
        }
    }
}

/// One question about one table.
#[derive(Debug)]
pub struct Signal {
    /// The table.
    pub table: &'static Table,
    /// Which records.
    pub conditions: Vec<Condition>,
    /// Ask it for each value of this column.
    pub by: Option<Column>,
    /// What must hold of them.
    pub expect: Expect,
    /// Whether it makes a cause possible while all else that the cause requires is unknown.
    pub alone: bool,
    /// The statement when it is met (Markdown template).
    pub says: String,
    /// What was looked for and not found, of a signal that would contradict (Markdown template).
    pub absent: Option<String>,
    /// The statement when it is unknown (Markdown template).
    pub unknown: Option<String>,
    /// Where it stands.
    pub place: Place,
}

impl Signal {
    /// Whether it asks the same question as `other`: of the same records, for as many of them.
    pub fn asks_as(&self, other: &Signal) -> bool {
        let same_table = std::ptr::eq(self.table, other.table);
        same_table && self.conditions == other.conditions && self.by == other.by && self.expect == other.expect
    }

    /// Whether it holds without any record: it tells that evidence is there, or that something is not in it, so no record
    /// shows it or dates it.
    pub fn needs_no_record(&self) -> bool {
        self.expect.collected.is_some() || self.expect.count.as_ref().is_some_and(Amount::is_absence)
    }

    /// Whether it only asks whether such evidence is there.
    pub fn asks_for_evidence_alone(&self) -> bool {
        self.expect.count.as_ref().is_some_and(|count| count.is_absence() && count.max == f64::INFINITY)
    }

    /// The signals that it refers to.
    pub fn needs(&self) -> Vec<&str> {
        fn of_matcher<'m>(matcher: &'m Matcher, found: &mut Vec<&'m str>) {
            match matcher {
                Matcher::Not(inner) => of_matcher(inner, found),
                Matcher::All(all) => all.iter().for_each(|inner| of_matcher(inner, found)),
                Matcher::SameAs(reference) | Matcher::DiffersFrom(reference) | Matcher::ComparedTo(_, reference) => {
                    match reference {
                        Reference::Key(name) | Reference::Keys(name) | Reference::First(name, ..) => found.push(name),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        for condition in self.conditions.iter().chain(&self.expect.share_of) {
            of_matcher(&condition.matcher, &mut found);
        }
        found.extend([&self.expect.after, &self.expect.before].into_iter().flatten().map(|moment| moment.signal.as_str()));
        found
    }

    /// Whether it asks for deliveries that went well, as "others are reached" does: they are no part of a trouble.
    pub fn asks_for_deliveries(&self) -> bool {
        let sent = |matcher: &Matcher| matches!(matcher, Matcher::OneOf(words) if words.len() == 1 && words[0] == "sent");
        let status = |condition: &Condition| condition.column == attempts::status && sent(&condition.matcher);
        self.table.name == attempts::TABLE.name && self.conditions.iter().any(status)
    }
}

/// A column and what its value must be.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The column.
    pub column: Column,
    /// What it must be.
    pub matcher: Matcher,
    /// Where that stands.
    pub place: Place,
}

impl PartialEq for Condition {
    /// Wherever it stands.
    fn eq(&self, other: &Condition) -> bool {
        self.column == other.column && self.matcher == other.matcher
    }
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Equal to one of these, without regard to case.
    OneOf(Vec<String>),
    /// Matches the regex.
    Matches(LazyRegex),
    /// Holds one of these texts.
    Contains(Vec<String>),
    /// Starts with one of these texts.
    StartsWith(Vec<String>),
    /// Ends with one of these texts.
    EndsWith(Vec<String>),
    /// Compares with a number (seconds, bytes, ... in the column's unit).
    Compare(Ordering, f64),
    /// Compares with a number or time that the reference names.
    ComparedTo(Ordering, Reference),
    /// Is an address in one of these networks.
    InNetwork(Vec<Network>),
    /// The evidence did not give it (or, with false, did).
    Missing(bool),
    /// None of these holds; a missing value satisfies it.
    Not(Box<Matcher>),
    /// Equal to what the reference names.
    SameAs(Reference),
    /// Both sides are known and differ.
    DiffersFrom(Reference),
    /// All of these hold.
    All(Vec<Matcher>),
}

impl Matcher {
    /// Whether it compares with what other evidence or another signal says.
    pub fn refers(&self) -> bool {
        match self {
            Matcher::Not(inner) => inner.refers(),
            Matcher::All(all) => all.iter().any(Matcher::refers),
            Matcher::SameAs(_) | Matcher::DiffersFrom(_) | Matcher::ComparedTo(..) => true,
            _ => false,
        }
    }

    /// What trying it costs, roughly, to try the cheaper one first.
    pub(super) fn cost(&self) -> u8 {
        match self {
            Matcher::Not(inner) => inner.cost(),
            Matcher::All(all) => all.iter().map(Matcher::cost).max().unwrap_or(0),
            Matcher::OneOf(_) | Matcher::Missing(_) | Matcher::Compare(..) => 0,
            Matcher::SameAs(_) | Matcher::DiffersFrom(_) | Matcher::ComparedTo(..) => 0,
            Matcher::InNetwork(_) => 1,
            Matcher::Contains(_) | Matcher::StartsWith(_) | Matcher::EndsWith(_) => 2,
            Matcher::Matches(_) => 3,
        }
    }

    /// An expression that matches just the texts of which it holds, or, where that is said, those of which it does not; none if it
    /// is of another kind, or the expression would be long.
    pub(crate) fn expression(&self) -> Option<(LazyRegex, bool)> {
        let of = |before: &str, list: &[String], after: &str| {
            let long = list.iter().map(String::len).sum::<usize>() > LONGEST_EXPRESSION;
            let any: Vec<String> = list.iter().map(|text| regex_syntax::escape(text)).collect();
            let pattern = format!("{before}(?:{}){after}", any.join("|"));
            (!list.is_empty() && !long).then(|| (LazyRegex::valid(pattern, Dialect::Value), false))
        };
        match self {
            Matcher::Matches(regex) => Some((regex.clone(), false)),
            Matcher::Not(inner) => inner.expression().map(|(regex, denied)| (regex, !denied)),
            Matcher::OneOf(list) => of("^", list, "$"),
            Matcher::Contains(list) => of("", list, ""),
            Matcher::StartsWith(list) => of("^", list, ""),
            Matcher::EndsWith(list) => of("", list, "$"),
            _ => None,
        }
    }

    /// Whether a value satisfies it. What refers to something else never holds here.
    pub fn holds(&self, value: Given<'_>) -> bool {
        // Of nearly all values the text is there and need not be made.
        let of_text = |holds: &dyn Fn(&str) -> bool| match value {
            Given::Text(text) => holds(text),
            value => value.text().is_some_and(|text| holds(&text)),
        };
        let of_folded = |list: &[String], holds: fn(&str, &str) -> bool| {
            of_text(&|text| {
                let folded = case::folded_cow(text);
                list.iter().any(|part| holds(&folded, part))
            })
        };
        match self {
            Matcher::Not(inner) => !inner.holds(value),
            Matcher::All(all) => all.iter().all(|inner| inner.holds(value)),
            Matcher::Missing(missing) => (value == Given::Missing) == *missing,
            Matcher::SameAs(_) | Matcher::DiffersFrom(_) | Matcher::ComparedTo(..) => false,
            Matcher::Compare(ordering, limit) => value.number().is_some_and(|number| ordering.holds(number, *limit)),
            Matcher::OneOf(list) => match value {
                Given::Text(text) => list.iter().any(|one| case::same(one, text)),
                value => value.text().is_some_and(|text| list.iter().any(|one| value.equals(one, &text))),
            },
            Matcher::Matches(regex) => of_text(&|text| regex.is_match(text)),
            Matcher::Contains(list) => of_folded(list, |text, part| text.contains(part)),
            Matcher::StartsWith(list) => of_folded(list, |text, part| text.starts_with(part)),
            Matcher::EndsWith(list) => of_folded(list, |text, part| text.ends_with(part)),
            Matcher::InNetwork(networks) => {
                of_text(&|text| address(text).is_some_and(|address| networks.iter().any(|network| network.holds(address))))
            }
        }
    }
}

/// Bytes of the texts that a matcher names, up to which they are worth one expression.
const LONGEST_EXPRESSION: usize = 1_000;

/// The IP address that a text is, IPv4 mapped into IPv6.
pub(crate) fn address(text: &str) -> Option<u128> {
    let text = text.strip_prefix("IPv6:").unwrap_or(text);
    match dotted(text.as_bytes()).map_or_else(|| text.parse().ok(), Some)? {
        IpAddr::V4(v4) => Some(u128::from(v4.to_ipv6_mapped())),
        IpAddr::V6(v6) => Some(u128::from(v6)),
    }
}

/// An IPv4 address, read in a quarter of the time that the standard library takes, which tells why it is none.
fn dotted(text: &[u8]) -> Option<IpAddr> {
    let (mut address, mut part, mut digits, mut parts) = (0u32, 0u32, 0, 1);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                // A zero before other digits would be octal to some.
                if digits == 3 || digits > 0 && part == 0 {
                    return None;
                }
                part = part * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && part < 256 => {
                address = address << 8 | part;
                (part, digits, parts) = (0, 0, parts + 1);
            }
            _ => return None,
        }
    }
    (parts == 4 && digits > 0 && part < 256).then(|| IpAddr::V4((address << 8 | part).into()))
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordering {
    /// Greater or equal.
    AtLeast,
    /// Less or equal.
    AtMost,
    /// Greater.
    Above,
    /// Less.
    Below,
}

impl Ordering {
    /// Whether it holds of a number and its limit.
    pub fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Ordering::AtLeast => number >= limit,
            Ordering::AtMost => number <= limit,
            Ordering::Above => number > limit,
            Ordering::Below => number < limit,
        }
    }
}

/// A network in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Its address, IPv4 mapped into IPv6.
    pub address: u128,
    /// Bits that count, of 128.
    pub bits: u32,
}

impl Network {
    /// Whether an address, IPv4 mapped into IPv6, is in it.
    #[inline]
    pub(crate) fn holds(&self, address: u128) -> bool {
        let mask = if self.bits == 0 { 0 } else { u128::MAX << (128 - self.bits) };
        (address ^ self.address) & mask == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from(self.address);
        match address.to_ipv4_mapped().zip(self.bits.checked_sub(96)) {
            Some((address, bits)) => write!(out, "{address}/{bits}"),
            None => write!(out, "{address}/{}", self.bits),
        }
    }
}

/// Something that a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A main.cf parameter.
    Setting(String),
    /// A field of the host record.
    Host(Column),
    /// Any record's field of another table.
    Table(&'static str, Column),
    /// The best value of another signal's `by`.
    Key(String),
    /// Every value of another signal's `by` that met it.
    Keys(String),
    /// A field of another signal's first record, and the table of that signal.
    First(String, &'static str, Column),
}

impl fmt::Display for Reference {
    /// As a rule writes it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = |table: &str, column: &Column| crate::tables::table(table).map_or("", |table| table.fields[column.0].name);
        match self {
            Reference::Setting(name) => write!(out, "settings.{name}"),
            Reference::Host(column) => write!(out, "host.{}", field(host::TABLE.name, column)),
            Reference::Table(table, column) => write!(out, "{table}.{}", field(table, column)),
            Reference::Key(signal) => write!(out, "{signal}.key"),
            Reference::Keys(signal) => write!(out, "{signal}.keys"),
            Reference::First(signal, table, column) => write!(out, "{signal}.first.{}", field(table, column)),
        }
    }
}

/// What must hold of the matched records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expect {
    /// How many.
    pub count: Option<Amount>,
    /// How many distinct values of a column.
    pub distinct: Vec<(Column, Amount)>,
    /// Their part of the records that `share_of` takes.
    pub share: Option<Amount>,
    /// Of which records; all of the table if empty.
    pub share_of: Vec<Condition>,
    /// Records an hour.
    pub rate: Option<Amount>,
    /// Seconds from first to last.
    pub lasting: Option<Amount>,
    /// Only records after this moment of another signal.
    pub after: Option<Moment>,
    /// Only records before this moment of another signal.
    pub before: Option<Moment>,
    /// Only records of the last so many seconds of the evidence.
    pub within: Option<f64>,
    /// Nothing but whether such evidence was collected at all.
    pub collected: Option<bool>,
}

/// A moment of another signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The signal.
    pub signal: String,
    /// Its last record instead of its first.
    pub last: bool,
}

/// A command people reach for, and why not.
#[derive(Debug)]
pub struct DoNot {
    /// The command.
    pub run: String,
    /// Why not (Markdown template).
    pub why: String,
}

/// The phases of the plan, in order.
pub const PHASES: [&str; 5] = ["contain", "fix", "verify", "drain", "prevent"];

/// The risks of a step, from harmless to irreversible.
pub const RISKS: [&str; 4] = ["read-only", "safe", "caution", "destructive"];

/// One step of a remedy, as templates.
#[derive(Debug, Clone, Default)]
pub struct StepSpec {
    /// Index into [`PHASES`].
    pub phase: usize,
    /// What to do (Markdown).
    pub action: String,
    /// Why (Markdown).
    pub why: Option<String>,
    /// Commands.
    pub run: Option<String>,
    /// A text to send as it is, to a provider's support or to the senders (plain text).
    pub letter: Option<String>,
    /// One of [`RISKS`].
    pub risk: &'static str,
    /// What a good result looks like (Markdown).
    pub good: Option<String>,
    /// How to go back (Markdown).
    pub undo: Option<String>,
    /// How many recipients must wait for it to be wanted.
    pub waiting: Option<Amount>,
    /// How many recipients' mail must have been returned by its causes for it to be wanted.
    pub bounced: Option<Amount>,
    /// Whether it stands under "Do first" for its cause, where another step would: the first repair.
    pub first: bool,
    /// Whether it is for a case that may not be there, which its text names: nothing waits for it.
    pub optional: bool,
    /// How bad a cause must be for it to be wanted.
    pub severity: Option<Severity>,
    /// Its name among the steps of plan.yaml that many remedies end in; a plan has such a step once.
    pub shared: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A test inside a rule.
#[derive(Debug, Clone)]
pub struct TestSpec {
    /// Name.
    pub name: String,
    /// Kind of evidence and its text.
    pub given: Vec<(String, String)>,
    /// confirmed, likely, possible, no, unknown.
    pub expect: String,
    /// File that it stands in.
    pub file: String,
    /// Where it stands.
    pub place: Place,
}

impl TestSpec {
    /// Whether it expects the rule to fire.
    pub fn fires(&self) -> bool {
        matches!(self.expect.as_str(), "confirmed" | "likely" | "possible")
    }
}
