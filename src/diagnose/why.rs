//! Why a rule fired or did not: every signal, what it asked, what it measured against what it expects, the records that
//! matched, and those that missed by one condition.

use super::measure::{Answered, Asker, Measure, as_text};
use super::verdict::{Judged, judge_rule};
use super::words::{in_unit, percent, thousands};
use crate::rules::amount::Amount;
use crate::rules::model::{Ask, Condition, Entry, Matcher, Ordering, Rule, Signal};
use crate::tables::{Citation, Record, Table, Unit, host};
use crate::time::duration;

/// Records that are named for each signal.
const NAMED: usize = 3;

/// The answer to one signal.
#[derive(Debug)]
pub struct SignalWhy<'r> {
    /// requires, supports or contradicts.
    pub section: &'static str,
    /// The groups that it stands in, outermost first: `any of NAME`, `all of NAME`.
    pub groups: Vec<String>,
    /// Its name.
    pub name: &'r str,
    /// Met, unmet or unknown.
    pub met: Option<bool>,
    /// What it asks.
    pub question: String,
    /// What it expects, and what was measured.
    pub measures: Vec<(String, String)>,
    /// Where matching records stand.
    pub matched: Vec<Citation>,
    /// How many there are.
    pub matched_total: usize,
    /// Records that miss by one condition: where, and which.
    pub near: Vec<(Citation, String)>,
    /// How many there are.
    pub near_total: usize,
}

/// Judges a rule and explains every signal.
pub fn why<'r>(asker: &Asker<'_>, rule: &'r Rule) -> (Judged<'r>, Vec<SignalWhy<'r>>) {
    let judged = judge_rule(asker, rule);
    let mut list = Vec::new();
    for (section, entries) in [("requires", &rule.requires), ("supports", &rule.supports), ("contradicts", &rule.contradicts)] {
        for entry in entries {
            visit(asker, &judged.answers, section, entry, &mut Vec::new(), &mut list);
        }
    }
    (judged, list)
}

fn visit<'r>(
    asker: &Asker<'_>,
    answers: &Answered,
    section: &'static str,
    entry: &'r Entry,
    groups: &mut Vec<String>,
    list: &mut Vec<SignalWhy<'r>>,
) {
    let (word, members) = match &entry.ask {
        Ask::Signal(signal) => {
            list.push(of_signal(asker, answers, section, &entry.name, signal, groups.clone()));
            return;
        }
        Ask::Any(members) => ("any", members),
        Ask::All(members) => ("all", members),
    };
    groups.push(format!("{word} of {}", entry.name));
    for member in members {
        visit(asker, answers, section, member, groups, list);
    }
    groups.pop();
}

fn of_signal<'r>(
    asker: &Asker<'_>,
    answers: &Answered,
    section: &'static str,
    name: &'r str,
    signal: &Signal,
    groups: Vec<String>,
) -> SignalWhy<'r> {
    let table = signal.table;
    let rows = asker.tables.rows(table);
    let nothing = Measure::default();
    let measure = answers.get(name).unwrap_or(&nothing);
    let mut near = Vec::new();
    let mut near_total = 0;
    // What already matched is no near miss.
    let matched: std::collections::HashSet<u32> = measure.rows.iter().copied().collect();
    if signal.conditions.len() > 1 {
        for &at in asker.judged(table).iter().filter(|at| !matched.contains(at)) {
            let row = &rows[at as usize];
            let holds =
                |condition: &Condition| asker.all_hold(table, row, std::slice::from_ref(condition), answers) == Some(true);
            let mut missed = signal.conditions.iter().filter(|condition| !holds(condition));
            if let (Some(condition), None) = (missed.next(), missed.next()) {
                near_total += 1;
                if near.len() < NAMED {
                    let is = as_text(row.get(condition.column), &asker.tables.names)
                        .map_or_else(|| "missing".to_owned(), |text| format!("`{}`", super::words::visible(&text)));
                    let others = compared(asker, &condition.matcher, answers);
                    near.push((row.source, format!("{} is {is}{others}", field(table, condition))));
                }
            }
        }
    }
    SignalWhy {
        section,
        groups,
        name,
        met: measure.met,
        question: question(signal),
        measures: measures(signal, measure),
        matched: measure.rows.iter().take(NAMED).map(|at| source_of(asker, signal, &rows[*at as usize])).collect(),
        matched_total: measure.rows.len(),
        near,
        near_total,
    }
}

/// What a condition compares with, and what that is here.
fn compared(asker: &Asker<'_>, matcher: &Matcher, answers: &Answered) -> String {
    let reference = match matcher {
        Matcher::Not(inner) => return compared(asker, inner, answers),
        Matcher::All(all) => return all.iter().map(|inner| compared(asker, inner, answers)).collect(),
        Matcher::SameAs(reference) | Matcher::DiffersFrom(reference) | Matcher::ComparedTo(_, reference) => reference,
        _ => return String::new(),
    };
    let values = asker.resolve(reference, answers).unwrap_or_default();
    match values.as_slice() {
        [] => format!(", {reference} is not known"),
        // Of a next hop the host comes first.
        [.., value] if values.len() <= 2 => format!(", {reference} is `{}`", super::words::visible(value)),
        _ => format!(", and no {reference} fits"),
    }
}

/// Where a matching record stands; of the machine, which is one record, the line that tells what is asked for.
fn source_of(asker: &Asker<'_>, signal: &Signal, row: &Record) -> Citation {
    let of_host = || signal.conditions.iter().find_map(|condition| asker.tables.host_source(condition.column));
    if signal.table.name == host::TABLE.name { of_host().unwrap_or(row.source) } else { row.source }
}

fn field(table: &Table, condition: &Condition) -> &'static str {
    table.fields[condition.column.0].name
}

/// The question in words: table, conditions, `by`.
fn question(signal: &Signal) -> String {
    let conditions: Vec<String> = signal
        .conditions
        .iter()
        .map(|condition| {
            format!(
                "{} {}",
                field(signal.table, condition),
                matcher(&condition.matcher, signal.table.fields[condition.column.0].unit)
            )
        })
        .collect();
    let by = signal.by.map_or_else(String::new, |by| format!(", for each {}", signal.table.fields[by.0].name));
    if conditions.is_empty() {
        format!("any record of {}{by}", signal.table.name)
    } else {
        format!("{} where {}{by}", signal.table.name, conditions.join(" and "))
    }
}

/// A comparison in words.
fn compares(ordering: Ordering) -> &'static str {
    match ordering {
        Ordering::AtLeast => "is at least",
        Ordering::AtMost => "is at most",
        Ordering::Above => "is more than",
        Ordering::Below => "is less than",
    }
}

fn matcher(what: &Matcher, unit: Unit) -> String {
    let list = |words: &[String]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
    match what {
        Matcher::OneOf(values) => format!("is {}", list(values)),
        Matcher::Matches(regex) => format!("matches /{}/", regex.as_str()),
        Matcher::Contains(values) => format!("contains {}", list(values)),
        Matcher::StartsWith(values) => format!("starts with {}", list(values)),
        Matcher::EndsWith(values) => format!("ends with {}", list(values)),
        Matcher::Compare(ordering, limit) => format!("{} {}", compares(*ordering), in_unit(*limit, unit)),
        Matcher::ComparedTo(ordering, reference) => format!("{} {reference}", compares(*ordering)),
        Matcher::InNetwork(networks) => {
            format!("lies in {}", networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))
        }
        Matcher::Missing(true) => "is missing".to_owned(),
        Matcher::Missing(false) => "is given".to_owned(),
        Matcher::Not(inner) => format!("not ({})", matcher(inner, unit)),
        Matcher::SameAs(reference) => format!("equals {reference}"),
        Matcher::DiffersFrom(reference) => format!("differs from {reference}"),
        Matcher::All(all) => all.iter().map(|one| matcher(one, unit)).collect::<Vec<_>>().join(" and "),
    }
}

/// What was measured, and whether it is not what is expected.
fn told(amount: &Amount, value: Option<f64>, text: String) -> String {
    if value.is_some_and(|value| amount.holds(value)) { text } else { text + ", not met" }
}

/// What is expected, and what was measured.
fn measures(signal: &Signal, measure: &Measure) -> Vec<(String, String)> {
    let whole = |number: f64| thousands(number.round() as u64);
    let expect = &signal.expect;
    let mut list = Vec::new();
    if let Some(wanted) = expect.collected {
        let words = |collected: bool| if collected { "collected" } else { "not collected" };
        return vec![(words(wanted).to_owned(), words(wanted == (measure.met == Some(true))).to_owned())];
    }
    if measure.met.is_none() && measure.rows.is_empty() {
        list.push(("measured".to_owned(), "nothing: its evidence was not collected, or does not reach so far back".to_owned()));
        return list;
    }
    let default = Amount::at_least(1.0);
    let count = expect.count.as_ref();
    let others = !expect.distinct.is_empty() || expect.share.is_some() || expect.rate.is_some() || expect.lasting.is_some();
    if count.is_some() || !others {
        let amount = count.unwrap_or(&default);
        let got = told(amount, Some(measure.count as f64), thousands(measure.count));
        list.push((format!("count {}", amount.words(whole)), got));
    }
    for (column, amount) in &expect.distinct {
        let got = measure.distinct.iter().find(|(known, _)| known == column).map(|(_, count)| *count);
        let name = signal.table.fields[column.0].name;
        let text = got.map_or_else(|| "not measured".to_owned(), thousands);
        list.push((format!("distinct {name} {}", amount.words(whole)), told(amount, got.map(|count| count as f64), text)));
    }
    if let Some(amount) = &expect.share {
        let got = measure
            .share
            .map_or_else(|| "not measured".to_owned(), |share| format!("{} of {}", percent(share), thousands(measure.of)));
        list.push((format!("share {}", amount.words(percent)), told(amount, measure.share, got)));
    }
    let span = measure.first.zip(measure.last).map(|(first, last)| last.since(first));
    if let Some(amount) = &expect.lasting {
        let got = told(amount, span, span.map_or_else(|| "no times".to_owned(), duration));
        list.push((format!("lasting {}", amount.words(duration)), got));
    }
    if let Some(amount) = &expect.rate {
        let rate = span.map(|span| measure.count as f64 / (span.max(60.0) / 3600.0));
        let got = told(amount, rate, rate.map_or_else(|| "no times".to_owned(), whole));
        list.push((format!("rate {} an hour", amount.words(whole)), got));
    }
    for (word, moment) in [("after", &expect.after), ("before", &expect.before)] {
        if let Some(moment) = moment {
            list.push((
                format!("{word} {}.{}", moment.signal, if moment.last { "last" } else { "first" }),
                "restricts the records".to_owned(),
            ));
        }
    }
    if let Some(within) = expect.within {
        list.push((format!("within the last {}", duration(within)), "restricts the records".to_owned()));
    }
    if let Some(key) = &measure.key {
        list.push(("best value".to_owned(), super::words::visible(key)));
    }
    list
}
