//! Asks one question about one table: which records match, how many, since when, and whether that is what the rule
//! expects. The answer has three values: met, unmet, or unknown.

use crate::case::folded;
use crate::distinct::{Distinct, hash};
use crate::names::{Name, Names};
use crate::parallel::locked;
use crate::rules::amount::Amount;
use crate::rules::model::{Condition, Expect, Matcher, Reference, Signal};
use crate::tables::{
    Column, Record, Table, Tables, Value, arrivals, attempts, diagnostics, failures, host, php_mail, queue, rejects, requests,
    settings,
};
use crate::time::Time;
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

/// The answer to a signal.
#[derive(Debug, Clone, Default)]
pub struct Measure {
    /// Met, unmet, or unknown.
    pub met: Option<bool>,
    /// Whether it is unknown only for how much there is: evidence that shows single cases, such as a bounce message or a few lines
    /// of a log, shows some.
    pub in_part: bool,
    /// Whether it is unmet only because there is too little: in number, in time or by the hour.
    too_few: bool,
    /// The table that was asked; none before it was.
    pub table: Option<&'static Table>,
    /// Matched records: positions in the table. With `by`, those of every value that met it.
    pub rows: Vec<u32>,
    /// Events that these records stand for.
    pub total: u64,
    /// How many; with `by`, of the best value.
    pub count: u64,
    /// Distinct values that were asked for.
    pub distinct: Vec<(Column, u64)>,
    /// Part of the records that `share_of` takes.
    pub share: Option<f64>,
    /// How many records `share_of` takes.
    pub of: u64,
    /// First time.
    pub first: Option<Time>,
    /// Last time.
    pub last: Option<Time>,
    /// Best value of `by`.
    pub key: Option<String>,
    /// Every value of `by` that met it, the best first.
    pub keys: Vec<String>,
}

impl Measure {
    /// Whether it is met, or would be for all that the evidence shows.
    pub fn is_shown(&self) -> bool {
        self.met == Some(true) || self.in_part
    }
}

/// Failures, warnings and refusals up to which a log in which nothing leaves is an excerpt.
const EXCERPT: u64 = 20;

/// What was worked out once for a column of a table.
type ByColumn<T> = FxHashMap<(&'static str, Column), Arc<T>>;

/// The records that are judged, and what is needed to judge them.
#[derive(Debug)]
pub struct Asker<'t> {
    /// All records.
    pub tables: &'t Tables,
    /// Start of the window: older events are history.
    pub from: Option<Time>,
    /// End of the evidence.
    pub end: Option<Time>,
    judged: BTreeMap<&'static str, Vec<u32>>,
    /// Whether log and queue are an excerpt: see [`Asker::with_excerpts`].
    excerpt: bool,
    /// Of a column of a table that was asked for, the judged records by its value.
    by_value: Mutex<ByColumn<ByValue>>,
    /// Of a column of a table that a question refers to, its texts as they are compared.
    texts: Mutex<ByColumn<FxHashSet<String>>>,
}

/// The records of a table by what a column of theirs says, so that a question that names the value need not look at the others.
#[derive(Debug, Default)]
struct ByValue {
    /// By text, whatever its case.
    texts: FxHashMap<String, Vec<u32>>,
    /// Those of which it is no text.
    others: Vec<u32>,
}

impl ByValue {
    /// Fewer records than this are looked at one by one.
    const WORTH: usize = 64;

    fn of(rows: &[Record], judged: &[u32], column: Column, names: &Names) -> ByValue {
        let mut by_name: FxHashMap<Name, Vec<u32>> = FxHashMap::default();
        let mut found = ByValue::default();
        for &at in judged {
            match rows[at as usize].get(column) {
                Value::Text(name) => by_name.entry(name).or_default().push(at),
                _ => found.others.push(at),
            }
        }
        for (name, rows) in by_name {
            found.texts.entry(folded(names.get(name))).or_default().extend(rows);
        }
        found
    }

    /// The records that have one of these texts, or none.
    fn having<'r>(&'r self, texts: &'r [String]) -> impl Iterator<Item = &'r Vec<u32>> {
        texts.iter().filter_map(|text| self.texts.get(&folded(text))).chain([&self.others])
    }
}

/// Whether a table tells of what the log says.
fn is_of_the_log(table: &Table) -> bool {
    [attempts::TABLE.name, arrivals::TABLE.name, rejects::TABLE.name, diagnostics::TABLE.name].contains(&table.name)
}

/// Whether a table tells of mail, from the log or from a listing of the queue.
fn is_of_mail(table: &Table) -> bool {
    is_of_the_log(table) || [failures::TABLE.name, queue::TABLE.name].contains(&table.name)
}

/// The measures of the signals of one rule that were answered so far.
pub type Answered = HashMap<String, Measure>;

impl<'t> Asker<'t> {
    /// Prepares `tables`, of which events before `from` are history.
    pub fn new(tables: &'t Tables, from: Option<Time>, end: Option<Time>) -> Asker<'t> {
        let waiting = tables.names.find("waiting").map(Value::Text);
        let mut judged = BTreeMap::new();
        for table in crate::tables::TABLES {
            let rows = tables.rows(table);
            let keep = |row: &Record| {
                if table.name == failures::TABLE.name && Some(row.get(failures::outcome)) == waiting {
                    return true;
                }
                match (last_time(table, row), from) {
                    (Some(time), Some(from)) => time >= from,
                    _ => true,
                }
            };
            judged.insert(table.name, (0..rows.len() as u32).filter(|&at| keep(&rows[at as usize])).collect());
        }
        Asker { tables, from, end, judged, excerpt: false, by_value: Mutex::default(), texts: Mutex::default() }
    }

    /// The same, which takes log and queue for an excerpt if they are no more than a few lines that tell of trouble, such as people
    /// copy out of a log: how often something happens cannot be seen in them, so they are asked for what they show, and not for how
    /// much of it.
    #[must_use]
    pub fn with_excerpts(mut self) -> Asker<'t> {
        let events = |table: &'static Table| self.events(table, self.judged(table));
        let told: u64 = [&failures::TABLE, &diagnostics::TABLE, &rejects::TABLE].into_iter().map(events).sum();
        let few = (1..=EXCERPT).contains(&told) && events(&attempts::TABLE) <= 2 * EXCERPT;
        // What a filter or a mailbox here took has not left yet.
        let names = &self.tables.names;
        let left = |row: &Record| {
            row.text(attempts::status, names) == Some("sent")
                && row.text(attempts::daemon, names) == Some("smtp")
                && row.text(attempts::provider, names) != Some("this-server")
        };
        // A listing that was collected beside other things is whole.
        let copied = self.tables.is_collected(&attempts::TABLE) || !self.tables.is_collected(&settings::TABLE);
        self.excerpt = few && copied && !self.tables.rows(&attempts::TABLE).iter().any(left);
        self
    }

    /// Whether they are an excerpt.
    pub fn is_excerpt(&self) -> bool {
        self.excerpt
    }

    /// Whether log or listing tell how much fails, and not single bounce messages or an excerpt.
    pub fn is_counted(&self) -> bool {
        self.tables.is_collected(&failures::TABLE) && !self.excerpt
    }

    /// The judged records of a table: their positions.
    pub fn judged(&self, table: &Table) -> &[u32] {
        self.judged.get(table.name).map_or(&[], Vec::as_slice)
    }

    /// The judged records of a table of which all conditions may hold: of those that name values, the one of the rarest decides.
    fn worth_asking(&self, table: &'static Table, conditions: &[Condition]) -> Cow<'_, [u32]> {
        let judged = self.judged(table);
        // What nobody collected of the machine is unknown.
        if judged.len() < ByValue::WORTH || table.name == host::TABLE.name {
            return Cow::Borrowed(judged);
        }
        let listed = conditions.iter().filter_map(|condition| match &condition.matcher {
            Matcher::OneOf(list) => Some((self.by_value(table, condition.column), list)),
            _ => None,
        });
        let counted = listed.map(|(found, list)| (found.having(list).map(Vec::len).sum::<usize>(), found, list));
        let Some((_, found, list)) = counted.min_by_key(|(count, _, _)| *count) else { return Cow::Borrowed(judged) };
        let mut rows: Vec<u32> = found.having(list).flatten().copied().collect();
        rows.sort_unstable();
        // Of a list that names a value twice.
        rows.dedup();
        Cow::Owned(rows)
    }

    fn by_value(&self, table: &'static Table, column: Column) -> Arc<ByValue> {
        let mut known = locked(&self.by_value);
        let made = || ByValue::of(self.tables.rows(table), self.judged(table), column, &self.tables.names);
        Arc::clone(known.entry((table.name, column)).or_insert_with(|| Arc::new(made())))
    }

    /// How many events these records of a table stand for.
    pub fn events<'r>(&self, table: &Table, rows: impl IntoIterator<Item = &'r u32>) -> u64 {
        let all = self.tables.rows(table);
        rows.into_iter().map(|&at| all[at as usize].count).sum()
    }

    /// Answers a signal.
    pub fn ask(&self, signal: &Signal, answered: &Answered) -> Measure {
        let table = signal.table;
        // Single records of a table that was not collected as such (a kernel's trouble without a log) can only show, not deny.
        let partly = !self.tables.is_collected(table);
        if let Some(collected) = signal.expect.collected {
            return Measure { met: Some(collected != partly), table: Some(table), ..Measure::default() };
        }
        if partly && self.tables.rows(table).is_empty() || !self.was_asked(signal) {
            return Measure { table: Some(table), ..Measure::default() };
        }
        let expect = &signal.expect;
        // A signal that restricts itself to after or before another one waits for that one to be met.
        for moment in [&expect.after, &expect.before].into_iter().flatten() {
            if answered.get(&moment.signal).is_none_or(|measure| measure.met != Some(true)) {
                let met = answered.get(&moment.signal).and_then(|measure| measure.met);
                return Measure { met: met.map(|_| false), table: Some(table), ..Measure::default() };
            }
        }
        let rows = self.tables.rows(table);
        let mut matched = Vec::new();
        let mut unsure = false;
        let span = self.span(expect, answered);
        // Every judged record reaches into the window.
        let timed = span.after.is_some() || span.before.is_some() || expect.within.is_some();
        let mut tests = Tests::new(self, table, &signal.conditions, answered);
        for &at in self.worth_asking(table, &signal.conditions).iter() {
            let row = &rows[at as usize];
            if timed && !span.reaches(table, row) {
                continue;
            }
            match tests.hold(row) {
                Some(true) => matched.push(at),
                Some(false) => {}
                None => unsure = true,
            }
        }
        let of = match &expect.share {
            Some(_) => self.count_of(table, &expect.share_of, answered, &self.span(&Expect::default(), answered)),
            None => 0,
        };
        let mut measure = match signal.by {
            None => self.measure(table, matched, expect, of, &span),
            Some(by) => self.measure_by(table, matched, expect, of, &span, by),
        };
        if measure.met == Some(false) && (unsure || partly) {
            measure.met = None;
            // Too few is not few; that they are at one place only may be the place.
            let spread = expect.distinct.iter().zip(&measure.distinct);
            measure.in_part = partly
                && measure.count > 0
                && spread.into_iter().all(|((_, amount), (_, distinct))| amount.holds(*distinct as f64));
        }
        if measure.met == Some(false) && measure.too_few && self.excerpt && is_of_mail(table) {
            measure.met = None;
            measure.in_part = true;
        }
        // Nothing in the last two hours of a log that is one hour long proves nothing.
        let none = expect.count.is_some_and(|count| count.max == 0.0);
        let short = none && expect.within.is_some_and(|within| self.begins_within(table, within));
        if measure.met == Some(true) && (unsure || partly || short) && expect.count.as_ref().is_some_and(Amount::is_absence) {
            measure.met = None;
            // Of few the rest may be many; some are shown.
            measure.in_part = partly && measure.count > 0;
        }
        measure
    }

    /// Whether the log, of which this table tells, begins in the last so many seconds of the evidence, some of them aside.
    fn begins_within(&self, table: &Table, within: f64) -> bool {
        let covered = self.tables.log_begins.zip(self.end).map(|(begins, end)| end.since(begins));
        is_of_the_log(table) && covered.is_some_and(|covered| covered < within * 0.9)
    }

    /// Whether anybody asked the question: a look-up of that type, a probe of that port.
    fn was_asked(&self, signal: &Signal) -> bool {
        let table = signal.table;
        let asked: Vec<&Condition> =
            signal.conditions.iter().filter(|condition| table.fields[condition.column.0].question).collect();
        if asked.is_empty() {
            return true;
        }
        let nothing = Answered::new();
        let fits = |row: &Record| asked.iter().all(|condition| self.holds(table, row, condition, &nothing).unwrap_or(true));
        self.tables.rows(table).iter().any(fits) || self.tables.read(table).any(|row| fits(&row))
    }

    /// The time that a signal asks about.
    fn span(&self, expect: &Expect, answered: &Answered) -> TimeSpan {
        let moment_of = |moment: &Option<crate::rules::model::Moment>| {
            let moment = moment.as_ref()?;
            let measure = answered.get(&moment.signal)?;
            if moment.last { measure.last } else { measure.first }
        };
        let within = expect.within.and_then(|within| self.end.map(|end| end.plus(-within)));
        TimeSpan { from: within.max(self.from), after: moment_of(&expect.after), before: moment_of(&expect.before) }
    }

    fn count_of(&self, table: &'static Table, conditions: &[Condition], answered: &Answered, span: &TimeSpan) -> u64 {
        let rows = self.tables.rows(table);
        let mut tests = Tests::new(self, table, conditions, answered);
        let asked = self.worth_asking(table, conditions);
        let held = asked.iter().map(|&at| &rows[at as usize]);
        held.filter(|row| tests.hold(row) == Some(true)).map(|row| span.count(table, row)).sum()
    }

    fn measure(&self, table: &'static Table, matched: Vec<u32>, expect: &Expect, of: u64, span: &TimeSpan) -> Measure {
        let rows = self.tables.rows(table);
        let count = matched.iter().map(|&at| span.count(table, &rows[at as usize])).sum();
        let mut measure = Measure { table: Some(table), count, total: count, of, ..Measure::default() };
        for &at in &matched {
            let row = &rows[at as usize];
            if let Some(time) = first_time(table, row) {
                measure.first = Some(measure.first.map_or(time, |first| first.min(time)));
            }
            if let Some(time) = last_time(table, row) {
                measure.last = Some(measure.last.map_or(time, |last| last.max(time)));
            }
        }
        let mut spread = true;
        for (column, amount) in &expect.distinct {
            let distinct = self.distinct(table, &matched, *column);
            measure.distinct.push((*column, distinct));
            spread &= amount.holds(distinct as f64);
        }
        if let Some(amount) = &expect.share {
            let share = if of == 0 { 0.0 } else { count as f64 / of as f64 };
            measure.share = Some(share);
            spread &= amount.holds(share);
        }
        let lasting = measure.first.zip(measure.last).map_or(0.0, |(first, last)| last.since(first));
        // A rate over less than a minute says nothing: the shortest interval that counts is one minute.
        let rate = count as f64 / (lasting.max(60.0) / 3600.0);
        let some = Amount::at_least(1.0);
        let much = [
            (Some(expect.count.as_ref().unwrap_or(&some)), count as f64),
            (expect.lasting.as_ref(), lasting),
            (expect.rate.as_ref(), rate),
        ];
        let much = much.into_iter().filter_map(|(amount, value)| Some((amount?, value)));
        measure.too_few = spread && count > 0 && much.clone().all(|(amount, value)| value <= amount.max);
        measure.met = Some(spread && much.into_iter().all(|(amount, value)| amount.holds(value)));
        measure.rows = matched;
        measure
    }

    fn measure_by(
        &self,
        table: &'static Table,
        matched: Vec<u32>,
        expect: &Expect,
        of: u64,
        span: &TimeSpan,
        by: Column,
    ) -> Measure {
        let rows = self.tables.rows(table);
        let mut groups: HashMap<Key, Vec<u32>> = HashMap::new();
        for at in matched {
            if let Some(key) = Key::of(rows[at as usize].get(by)) {
                groups.entry(key).or_default().push(at);
            }
        }
        let mut measured: Vec<(String, Measure)> = groups
            .into_values()
            .filter_map(|group| {
                let value = as_text(rows[*group.first()? as usize].get(by), &self.tables.names)?;
                (!value.is_empty()).then(|| (value, self.measure(table, group, expect, of, span)))
            })
            .collect();
        // Postfix writes `relay=none` of mail that it did not try: a relay says more. Of values that are equal in that, the one that
        // stands first: which it is does not depend on its name.
        measured.sort_by(|(a, one), (b, other)| {
            let much = (other.met, b != "none", other.count).cmp(&(one.met, a != "none", one.count));
            much.then_with(|| one.rows.first().cmp(&other.rows.first())).then_with(|| a.cmp(b))
        });
        let total = measured.iter().filter(|(_, measure)| measure.met == Some(true)).map(|(_, measure)| measure.total).sum();
        let keys: Vec<String> =
            measured.iter().filter(|(_, measure)| measure.met == Some(true)).map(|(key, _)| key.clone()).collect();
        let mut all_rows: Vec<u32> = measured
            .iter()
            .filter(|(_, measure)| measure.met == Some(true))
            .flat_map(|(_, measure)| measure.rows.iter().copied())
            .collect();
        all_rows.sort_unstable();
        let Some((key, mut best)) = measured.into_iter().next() else {
            return Measure { met: Some(false), table: Some(table), of, ..Measure::default() };
        };
        best.key = Some(key);
        if !keys.is_empty() {
            best.rows = all_rows;
            best.total = total;
        }
        best.keys = keys;
        best
    }

    /// Distinct values of a column in these records; missing and empty ones do not count.
    pub fn distinct(&self, table: &Table, rows: &[u32], column: Column) -> u64 {
        let all = self.tables.rows(table);
        let mut keys: HashSet<Key> = HashSet::new();
        let mut counted: Option<Distinct> = None;
        for row in rows.iter().filter_map(|&at| all.get(at as usize)) {
            match row.several().and_then(|several| several.distinct.iter().find(|(known, _)| *known == column)) {
                Some((_, values)) => counted.get_or_insert_with(Distinct::default).merge(values),
                None => keys.extend(Key::of(row.get(column)).filter(|key| !key.is_empty(&self.tables.names))),
            }
        }
        match counted {
            None => keys.len() as u64,
            // A record of one event beside others of several: its value by the same hash.
            Some(mut counted) => {
                for key in keys {
                    if let Key::Text(name) = key {
                        counted.add(hash(self.tables.names.get(name).as_bytes(), 0));
                    }
                }
                counted.len()
            }
        }
    }

    /// How often each value of a column occurs in these records.
    pub fn counts(&self, table: &Table, rows: &[u32], column: Column) -> HashMap<String, u64> {
        let all = self.tables.rows(table);
        let mut counts: HashMap<Key, (u64, Value)> = HashMap::new();
        for row in rows.iter().filter_map(|&at| all.get(at as usize)) {
            let weighed = row.several().and_then(|several| several.weighed.iter().find(|weighed| weighed.column == column));
            if let Some(weighed) = weighed {
                for &(name, count) in &weighed.values {
                    counts.entry(Key::Text(name)).or_insert((0, Value::Text(name))).0 += count;
                }
            } else if let Some(key) = Key::of(row.get(column)) {
                counts.entry(key).or_insert((0, row.get(column))).0 += row.count;
            }
        }
        let named = counts.into_values().filter_map(|(count, value)| Some((as_text(value, &self.tables.names)?, count)));
        named.filter(|(value, _)| !value.is_empty()).collect()
    }

    /// Whether all conditions hold of a record; none if that hangs on something unknown.
    pub fn all_hold(&self, table: &Table, row: &Record, conditions: &[Condition], answered: &Answered) -> Option<bool> {
        let mut known = true;
        for condition in conditions {
            match self.holds(table, row, condition, answered) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => known = false,
            }
        }
        known.then_some(true)
    }

    fn holds(&self, table: &Table, row: &Record, condition: &Condition, answered: &Answered) -> Option<bool> {
        let value = row.get(condition.column);
        // A fact about the machine that nobody collected is unknown; elsewhere a missing value just does not match.
        if value == Value::Missing && table.name == host::TABLE.name && !matches!(condition.matcher, Matcher::Missing(_)) {
            return None;
        }
        self.matches(value, &condition.matcher, answered)
    }

    fn matches(&self, value: Value, matcher: &Matcher, answered: &Answered) -> Option<bool> {
        let names = &self.tables.names;
        match matcher {
            Matcher::Not(inner) => self.matches(value, inner, answered).map(|holds| !holds),
            Matcher::All(all) => {
                let mut known = true;
                for inner in all {
                    match self.matches(value, inner, answered) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => known = false,
                    }
                }
                known.then_some(true)
            }
            Matcher::SameAs(reference) => {
                let others = self.comparable(reference, answered)?;
                let Some(own) = value.given(names).text() else { return Some(false) };
                Some(others.contains(&comparable(&expand(&own, self.tables))))
            }
            Matcher::DiffersFrom(reference) => {
                let others = self.comparable(reference, answered)?;
                let Some(own) = value.given(names).text() else { return Some(false) };
                Some(!others.is_empty() && !others.contains(&comparable(&expand(&own, self.tables))))
            }
            Matcher::ComparedTo(ordering, reference) => {
                let others = self.numbers(reference, answered)?;
                let own = value.given(names).number();
                Some(own.is_some_and(|own| others.iter().any(|other| ordering.holds(own, *other))))
            }
            plain => Some(plain.holds(value.given(names))),
        }
    }

    /// The values that a reference names, as they are compared; none if they are not known.
    fn comparable(&self, reference: &Reference, answered: &Answered) -> Option<Arc<FxHashSet<String>>> {
        let made = || Some(self.resolve(reference, answered)?.iter().map(|text| comparable(text)).collect());
        // A table may have very many.
        let Reference::Table(name, column) = reference else { return made().map(Arc::new) };
        let table = crate::tables::table(name)?;
        let mut known = locked(&self.texts);
        if let Some(found) = known.get(&(table.name, *column)) {
            return Some(Arc::clone(found));
        }
        let made = Arc::new(made()?);
        known.insert((table.name, *column), Arc::clone(&made));
        Some(made)
    }

    /// The values that a reference names; none if they are not known.
    pub(super) fn resolve(&self, reference: &Reference, answered: &Answered) -> Option<Vec<String>> {
        let tables = self.tables;
        match reference {
            Reference::Setting(name) => {
                if !tables.is_collected(&settings::TABLE) {
                    return None;
                }
                let value = expand(tables.setting(name)?, tables);
                Some(next_hop(&value).map(str::to_owned).into_iter().chain([value.clone()]).collect())
            }
            Reference::Host(column) => {
                let value = tables.host()?.get(*column);
                as_text(value, &tables.names).map(|text| vec![text])
            }
            Reference::Table(name, column) => {
                let table = crate::tables::table(name)?;
                if !tables.is_collected(table) {
                    return None;
                }
                Some(tables.rows(table).iter().filter_map(|row| as_text(row.get(*column), &tables.names)).collect())
            }
            Reference::Key(signal) => Some(answered.get(signal)?.key.clone().into_iter().collect()),
            Reference::Keys(signal) => Some(answered.get(signal)?.keys.clone()),
            Reference::First(signal, _, column) => {
                as_text(self.of_first(signal, *column, answered)?, &tables.names).map(|text| vec![text])
            }
        }
    }

    /// The value of the first record of another signal.
    fn of_first(&self, signal: &str, column: Column, answered: &Answered) -> Option<Value> {
        let measure = answered.get(signal)?;
        Some(self.tables.rows(measure.table?)[*measure.rows.first()? as usize].get(column))
    }

    /// The numbers and times that a reference names; none if they are not known.
    fn numbers(&self, reference: &Reference, answered: &Answered) -> Option<Vec<f64>> {
        let tables = self.tables;
        let one = |value: Value| value.given(&tables.names).number().into_iter().collect();
        match reference {
            Reference::Setting(name) => tables.setting_record(name).map(|row| one(row.get(settings::amount))),
            Reference::Host(column) => {
                tables.host().map(|host| host.get(*column)).filter(|value| *value != Value::Missing).map(one)
            }
            Reference::First(signal, _, column) => self.of_first(signal, *column, answered).map(one),
            Reference::Table(name, column) => {
                let table = crate::tables::table(name).filter(|table| tables.is_collected(table))?;
                Some(tables.rows(table).iter().filter_map(|row| row.get(*column).given(&tables.names).number()).collect())
            }
            Reference::Key(_) | Reference::Keys(_) => {
                Some(self.resolve(reference, answered)?.iter().filter_map(|text| text.parse().ok()).collect())
            }
        }
    }
}

/// Conditions on the records of one table, remembering what was found of each text.
pub(super) struct Tests<'a, 't> {
    asker: &'a Asker<'t>,
    table: &'static Table,
    answered: &'a Answered,
    each: Vec<Test<'a>>,
}

/// A condition, and whether it holds of the values that were met.
struct Test<'a> {
    condition: &'a Condition,
    texts: FxHashMap<Name, Option<bool>>,
    missing: Option<Option<bool>>,
}

impl<'a, 't> Tests<'a, 't> {
    pub(super) fn new(
        asker: &'a Asker<'t>,
        table: &'static Table,
        conditions: &'a [Condition],
        answered: &'a Answered,
    ) -> Tests<'a, 't> {
        let each = conditions.iter().map(|condition| Test { condition, texts: FxHashMap::default(), missing: None });
        Tests { asker, table, answered, each: each.collect() }
    }

    /// As [`Asker::all_hold`].
    pub(super) fn hold(&mut self, row: &Record) -> Option<bool> {
        let mut known = true;
        for Test { condition, texts, missing } in &mut self.each {
            let ask = || self.asker.holds(self.table, row, condition, self.answered);
            let held = match row.get(condition.column) {
                Value::Text(name) => *texts.entry(name).or_insert_with(ask),
                Value::Missing => *missing.get_or_insert_with(ask),
                _ => ask(),
            };
            match held {
                Some(true) => {}
                Some(false) => return Some(false),
                None => known = false,
            }
        }
        known.then_some(true)
    }
}

/// Expands `$myhostname` and `$mydomain` in a value, which is as far as comparisons need it.
fn expand(value: &str, tables: &Tables) -> String {
    let mut out = value.to_owned();
    if !value.contains('$') {
        return out;
    }
    for name in ["myhostname", "mydomain"] {
        for form in [format!("${name}"), format!("${{{name}}}"), format!("$({name})")] {
            if out.contains(&form)
                && let Some(inner) = tables.setting(name)
            {
                out = out.replace(&form, inner);
            }
        }
    }
    out
}

/// The host of a next hop as Postfix writes it, `[host]:port` or `host:port`, where it is more than the host alone.
fn next_hop(value: &str) -> Option<&str> {
    match value.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, _)| host),
        None => value.rsplit_once(':').filter(|(host, _)| !host.contains([':', '/', ' '])).map(|(host, _)| host),
    }
}

/// Names compare without case and final dot.
fn comparable(name: &str) -> String {
    folded(name.trim_end_matches('.'))
}

/// A value as text for comparisons and templates; none if it is missing.
pub fn as_text(value: Value, names: &Names) -> Option<String> {
    value.given(names).text().map(std::borrow::Cow::into_owned)
}

/// A value that can be looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Text(Name),
    Bits(u8, u64),
}

impl Key {
    fn of(value: Value) -> Option<Key> {
        Some(match value {
            Value::Missing => return None,
            Value::Text(name) => Key::Text(name),
            Value::Int(number) => Key::Bits(0, number as u64),
            Value::Number(number) => Key::Bits(1, number.to_bits()),
            Value::Bool(yes) => Key::Bits(2, u64::from(yes)),
            Value::Time(time) => Key::Bits(3, time.0 as u64),
        })
    }

    fn is_empty(self, names: &Names) -> bool {
        matches!(self, Key::Text(name) if names.get(name).is_empty())
    }
}

/// The time that a question is about.
struct TimeSpan {
    from: Option<Time>,
    after: Option<Time>,
    before: Option<Time>,
}

impl TimeSpan {
    /// Whether any event of a record lies in it. What has no time lies everywhere, but neither after nor before anything.
    fn reaches(&self, table: &Table, row: &Record) -> bool {
        let (first, last) = (first_time(table, row), last_time(table, row));
        let first_of_last = if row.several().is_some() { last } else { first };
        self.after.is_none_or(|after| first_of_last.is_some_and(|time| time > after))
            && self.before.is_none_or(|before| first.is_some_and(|time| time < before))
            && self.from.is_none_or(|from| table.name == failures::TABLE.name || last.is_none_or(|time| time >= from))
    }

    /// How many events of a record lie in it: of one that reaches beyond, in proportion, and at least one.
    fn count(&self, table: &Table, row: &Record) -> u64 {
        let Some((several, first)) = row.several().zip(first_time(table, row)) else { return row.count };
        let from = self.from.max(self.after).map_or(first, |from| from.max(first));
        let until = self.before.map_or(several.until, |before| before.min(several.until));
        let (whole, part) = (several.until.since(first), until.since(from));
        if whole <= 0.0 || part >= whole {
            return row.count;
        }
        ((row.count as f64 * (part / whole).max(0.0)).round() as u64).clamp(1, row.count)
    }
}

/// When a record's matter began.
pub fn first_time(table: &Table, row: &Record) -> Option<Time> {
    match table.name {
        "failures" => {
            row.time(failures::first_failed).or_else(|| row.time(failures::time)).or_else(|| row.time(failures::arrived))
        }
        _ => own_time(table, row),
    }
}

/// When a record's matter was last seen.
pub fn last_time(table: &Table, row: &Record) -> Option<Time> {
    // Events without a time, as those of a listing, end at none.
    row.several().map(|several| several.until).filter(|until| *until != Time::default()).or_else(|| own_time(table, row))
}

/// The time of a record; of several events, that of the first.
fn own_time(table: &Table, row: &Record) -> Option<Time> {
    match table.name {
        "attempts" => row.time(attempts::time),
        "failures" => row.time(failures::time).or_else(|| row.time(failures::first_failed)),
        "arrivals" => row.time(arrivals::time),
        "rejects" => row.time(rejects::time),
        "diagnostics" => row.time(diagnostics::time),
        "requests" => row.time(requests::time),
        "php_mail" => row.time(php_mail::time),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Citation;

    #[test]
    fn many_events_of_a_listing_have_no_last_time() {
        let mut row = Record::new(&failures::TABLE, Citation::default());
        row.several_mut(Time::default(), Citation::default());
        assert_eq!(last_time(&failures::TABLE, &row), None);
        row.set(failures::time, Time::from_seconds(60));
        row.several_mut(Time::default(), Citation::default()).until = Time::from_seconds(90);
        assert_eq!(last_time(&failures::TABLE, &row), Some(Time::from_seconds(90)));
    }

    #[test]
    fn records_are_found_by_what_they_say_whatever_its_case() {
        let mut names = Names::default();
        let said = ["Ärger", "ärger", "Spam", "spam", "other"].map(|text| Value::Text(names.intern(text)));
        let said = said.into_iter().chain([Value::Missing, Value::Int(5)]);
        let rows: Vec<Record> =
            said.map(|value| Record::new(&attempts::TABLE, Citation::default()).with(attempts::reason_class, value)).collect();
        let judged: Vec<u32> = (0..rows.len() as u32).collect();
        let found = ByValue::of(&rows, &judged, attempts::reason_class, &names);
        for (wanted, places) in [("ÄRGER", vec![0, 1]), ("SPAM", vec![2, 3]), ("nothing", vec![])] {
            // What is no text may be anything.
            let places: Vec<u32> = places.into_iter().chain([5, 6]).collect();
            let mut rows: Vec<u32> = found.having(&[wanted.to_owned()]).flatten().copied().collect();
            rows.sort_unstable();
            assert_eq!(rows, places, "{wanted}");
        }
    }
}
