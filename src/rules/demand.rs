//! What anybody will ask of a table of the log. Events that are equal in all of it need not be told apart, which bounds the
//! memory of an analysis by what is asked and not by the log.

use super::model::{Condition, Entry, Matcher, Reference, Rule, Signal};
use super::problem::Place;
use super::template;
use crate::case;
use crate::distinct::hash;
use crate::tables::{Column, Given, Table, Type, arrivals, attempts, diagnostics, failures, rejects};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// What is asked of one table.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The table.
    pub table: &'static Table,
    /// Whether everything is asked: then every event stays a record of its own.
    pub everything: bool,
    /// Columns whose values are told apart, for the events of which somebody asks it.
    pub values: Vec<Column>,
    /// Columns of which only matters whether the matcher holds.
    pub tests: Vec<Condition>,
    /// Columns of which the number of distinct values is asked.
    pub distinct: Vec<Column>,
    /// Columns of which the commonest values are asked.
    pub weighed: Vec<Column>,
    /// Who asks, and of which events.
    asks: Vec<Ask>,
    /// Which of them are about the values that a column has.
    listed: Vec<Listed>,
    /// What distinguishes these events.
    conditions: Vec<Condition>,
    /// What is asked of every event.
    pub always: Needs,
    wanted: u64,
}

/// One question about a table.
#[derive(Debug, Clone)]
struct Ask {
    /// The events that it is about satisfy these, by their places in [`Demand::conditions`], and have the values that
    /// [`Demand::listed`] tells.
    about: Vec<usize>,
    /// Tests that hold of those events.
    tests: TestBits,
    /// What it asks of them.
    needs: Needs,
}

/// Questions by their places, as bits.
pub type Asks = Vec<u64>;

/// Which questions are about events of which a column has one value or another.
#[derive(Debug, Clone)]
struct Listed {
    column: Column,
    /// For each value that some question names, by its hash whatever its case: those that name it, or name none.
    by_value: FxHashMap<u64, Asks>,
    /// Those that name none.
    otherwise: Asks,
}

/// What is asked of an event: columns as bits, and tests by their place in [`Demand::tests`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Columns told apart.
    values: u64,
    /// Columns of which distinct values are counted.
    counted: u64,
    /// Columns of which the commonest values are weighed.
    weighed: u64,
    tests: TestBits,
    /// All columns that are looked at.
    columns: u64,
}

impl Needs {
    /// Whether the values of `column` are told apart.
    pub fn value(self, column: Column) -> bool {
        self.values & (1 << column.0) != 0
    }

    /// Whether the distinct values of `column` are counted.
    pub fn counted(self, column: Column) -> bool {
        self.counted & (1 << column.0) != 0
    }

    /// Whether the values of `column` are weighed.
    pub fn weighed(self, column: Column) -> bool {
        self.weighed & (1 << column.0) != 0
    }

    /// Whether the values of `column` are told apart, counted or weighed.
    pub fn is_taken(self, column: Column) -> bool {
        (self.values | self.counted | self.weighed) & (1 << column.0) != 0
    }

    /// The tests that are asked, as bits.
    pub fn tests(self) -> TestBits {
        self.tests
    }

    /// Whether `column` is looked at for any of these.
    pub fn column(self, column: Column) -> bool {
        self.columns & (1 << column.0) != 0
    }

    /// What this or the other asks.
    #[must_use]
    pub fn or(self, other: Needs) -> Needs {
        Needs {
            values: self.values | other.values,
            counted: self.counted | other.counted,
            weighed: self.weighed | other.weighed,
            tests: self.tests | other.tests,
            columns: self.columns | other.columns,
        }
    }

    fn tell_apart(&mut self, column: Column) {
        self.values |= 1 << column.0;
        self.columns |= 1 << column.0;
    }

    fn count(&mut self, column: Column) {
        self.counted |= 1 << column.0;
        self.columns |= 1 << column.0;
    }

    fn weigh(&mut self, column: Column) {
        self.weighed |= 1 << column.0;
        self.columns |= 1 << column.0;
    }

    fn ask(&mut self, test: usize, column: Column) {
        self.tests |= 1 << test;
        self.columns |= 1 << column.0;
    }
}

/// Tests of one table by their places, as bits.
pub type TestBits = u128;

/// Tests of one table; what goes beyond is told apart by value.
const TESTS: usize = TestBits::BITS as usize;

/// Columns of one table whose distinct values are counted; what goes beyond is told apart by value.
pub const DISTINCT: usize = 12;

/// Columns of one table whose values are weighed; what goes beyond is told apart by value.
pub const WEIGHED: usize = 12;

impl Demand {
    /// That each event of `table` is kept as it is.
    pub fn everything(table: &'static Table) -> Demand {
        let always = Needs { values: u64::MAX, counted: 0, weighed: 0, tests: 0, columns: u64::MAX };
        let values = (0..table.fields.len()).map(Column).collect();
        Demand {
            table,
            everything: true,
            values,
            tests: Vec::new(),
            distinct: Vec::new(),
            weighed: Vec::new(),
            asks: Vec::new(),
            listed: Vec::new(),
            conditions: Vec::new(),
            always,
            wanted: u64::MAX,
        }
    }

    /// What the rules and the report ask of each of `tables`.
    pub fn of<const N: usize>(rules: &[Rule], tables: [&'static Table; N]) -> [Demand; N] {
        Asked::of(rules, tables).map(Asked::demand)
    }

    /// Whether anybody asks for `column`.
    pub fn wants(&self, column: Column) -> bool {
        self.wanted & (1 << column.0) != 0
    }

    /// The questions about an event of which `given` tells the values of the columns in `known`: those that are not known to be
    /// about others.
    pub fn about<'v>(&self, known: u64, given: impl Fn(Column) -> Given<'v>) -> Asks {
        let mut asks: Asks = vec![u64::MAX; self.asks.len().div_ceil(64)];
        for listed in self.listed.iter().filter(|listed| known & (1 << listed.column.0) != 0) {
            let about = match given(listed.column) {
                Given::Text(text) => listed.by_value.get(&key_of(text)),
                _ => None,
            };
            asks.iter_mut().zip(about.unwrap_or(&listed.otherwise)).for_each(|(asks, about)| *asks &= about);
        }
        let mut found = vec![None; self.conditions.len()];
        let mut holds = |at: usize| {
            *found[at].get_or_insert_with(|| {
                let Condition { column, matcher, .. } = &self.conditions[at];
                known & (1 << column.0) == 0 || matcher.holds(given(*column))
            })
        };
        for (at, ask) in self.asks.iter().enumerate() {
            if asks[at / 64] >> (at % 64) & 1 != 0 && !ask.about.iter().all(|at| holds(*at)) {
                asks[at / 64] &= !(1 << (at % 64));
            }
        }
        asks
    }

    /// What these questions ask of an event of which some tests are known to fail.
    pub fn needs(&self, asks: &[u64], failed: TestBits) -> Needs {
        let about = |at: usize| asks[at / 64] >> (at % 64) & 1 != 0;
        let asking = self.asks.iter().enumerate().filter(|(at, ask)| about(*at) && ask.tests & failed == 0);
        asking.fold(self.always, |needs, (_, ask)| needs.or(ask.needs))
    }
}

/// The hash of a value whatever its case.
fn key_of(text: &str) -> u64 {
    hash(case::folded_cow(text).as_bytes(), 0)
}

impl Listed {
    /// None if no question names a value of the column.
    fn of(column: Column, conditions: &[Condition], asks: &[Ask]) -> Option<Listed> {
        let none: Asks = vec![0; asks.len().div_ceil(64)];
        let mut any = false;
        let mut listed = Listed { column, by_value: FxHashMap::default(), otherwise: none.clone() };
        for (at, ask) in asks.iter().enumerate() {
            let own = ask.about.iter().map(|at| &conditions[*at]).filter(|condition| condition.column == column);
            let lists = own.filter_map(|condition| match &condition.matcher {
                Matcher::OneOf(list) => Some(list.iter().map(|value| key_of(value)).collect::<FxHashSet<u64>>()),
                _ => None,
            });
            let bit = |about: &mut Asks| about[at / 64] |= 1 << (at % 64);
            // Of several lists, a value has to stand in each.
            match lists.reduce(|one, other| one.intersection(&other).copied().collect()) {
                Some(values) => {
                    any = true;
                    values.iter().for_each(|value| bit(listed.by_value.entry(*value).or_insert_with(|| none.clone())));
                }
                None => bit(&mut listed.otherwise),
            }
        }
        for about in listed.by_value.values_mut() {
            about.iter_mut().zip(&listed.otherwise).for_each(|(about, otherwise)| *about |= otherwise);
        }
        any.then_some(listed)
    }
}

impl Condition {
    /// Whether it names the values of a column of texts.
    fn is_listed(&self, table: &Table) -> bool {
        matches!(self.matcher, Matcher::OneOf(_)) && table.fields[self.column.0].ty == Type::Text
    }
}

/// One question, before columns and tests have their places.
struct Question {
    conditions: Vec<Condition>,
    /// What follows from those that refer to something.
    implied: Vec<Condition>,
    values: BTreeSet<Column>,
    distinct: BTreeSet<Column>,
    weighed: BTreeSet<Column>,
}

impl Question {
    fn of(conditions: &[Condition], signals: &[(&str, &Signal)]) -> Question {
        let refer = conditions.iter().filter(|condition| condition.matcher.refers());
        Question {
            values: refer.clone().map(|condition| condition.column).collect(),
            conditions: conditions.to_vec(),
            implied: refer.flat_map(|condition| implied(condition.column, &condition.matcher, signals)).collect(),
            distinct: BTreeSet::new(),
            weighed: BTreeSet::new(),
        }
    }

    /// All that holds of the events that it is about, as far as their own values tell.
    fn told(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(|condition| !condition.matcher.refers()).chain(&self.implied)
    }
}

/// What holds of a column's value where a matcher does that refers to something: there is one, and if it is the `key` of a signal,
/// that signal's own conditions hold of it.
fn implied(column: Column, matcher: &Matcher, signals: &[(&str, &Signal)]) -> Vec<Condition> {
    let condition = |matcher| Condition { column, matcher, place: Place::default() };
    let mut found = match matcher {
        Matcher::All(all) => return all.iter().flat_map(|inner| implied(column, inner, signals)).collect(),
        Matcher::SameAs(_) | Matcher::DiffersFrom(_) | Matcher::ComparedTo(..) => vec![condition(Matcher::Missing(false))],
        Matcher::Not(_) if matcher.refers() => Vec::new(),
        plain => return vec![condition(plain.clone())],
    };
    if let Matcher::SameAs(Reference::Key(name) | Reference::Keys(name)) = matcher
        && let Some((_, signal)) = signals.iter().find(|(known, _)| known == name)
    {
        let own = signal.conditions.iter().filter(|own| Some(own.column) == signal.by && !own.matcher.refers());
        found.extend(own.map(|own| condition(own.matcher.clone())));
    }
    found
}

/// Conditions that are all different.
#[derive(Default)]
struct Known {
    list: Vec<Condition>,
    /// The places of those about each column.
    by_column: FxHashMap<Column, Vec<usize>>,
}

impl Known {
    fn place(&self, condition: &Condition) -> Option<usize> {
        self.by_column.get(&condition.column)?.iter().copied().find(|at| self.list[*at] == *condition)
    }

    fn place_or_add(&mut self, condition: &Condition) -> usize {
        self.place(condition).unwrap_or_else(|| {
            self.by_column.entry(condition.column).or_default().push(self.list.len());
            self.list.push(condition.clone());
            self.list.len() - 1
        })
    }
}

struct Asked {
    table: &'static Table,
    /// Columns told apart for every event.
    always: BTreeSet<Column>,
    samples: BTreeSet<Column>,
    questions: Vec<Question>,
}

impl Asked {
    /// What the report and the rules ask.
    fn of<const N: usize>(rules: &[Rule], tables: [&'static Table; N]) -> [Asked; N] {
        let mut asked = tables.map(Asked::of_report);
        for rule in rules {
            let signals: Vec<(&str, &Signal)> = rule.entries().flat_map(Entry::signals).collect();
            // Anywhere in the rule, `signal.first.relay` speaks of a signal.
            let says = signals.iter().map(|(_, signal)| signal.says.as_str());
            let paths: Vec<&str> = rule.templates().chain(says).flat_map(template::variables).collect();
            asked.iter_mut().for_each(|asked| asked.rule(rule, &signals, &paths));
        }
        asked
    }

    /// What the report asks itself.
    fn of_report(table: &'static Table) -> Asked {
        let (always, samples): (&[Column], &[Column]) = match table.name {
            "attempts" => (
                &[attempts::status, attempts::daemon, attempts::reason_class, attempts::relay_port, attempts::provider],
                &[attempts::reason, attempts::reply_text, attempts::reason_bucket, attempts::relay],
            ),
            "arrivals" => (&[arrivals::origin, arrivals::sasl_username], &[]),
            "rejects" => (
                &[rejects::reason_class, rejects::voice, rejects::action, rejects::daemon],
                &[rejects::text, rejects::reason_bucket, rejects::stage],
            ),
            "diagnostics" => (
                &[diagnostics::reason_class, diagnostics::daemon, diagnostics::level],
                &[diagnostics::text, diagnostics::reason_bucket],
            ),
            "failures" => (
                &[
                    failures::outcome,
                    failures::queue,
                    failures::reason_class,
                    failures::voice,
                    failures::provider,
                    failures::recipient_domain,
                    failures::permanent,
                ],
                &[
                    failures::queue_id,
                    failures::arrived,
                    failures::first_failed,
                    failures::sender,
                    failures::recipient,
                    failures::reason,
                    failures::reason_bucket,
                    failures::reply_text,
                ],
            ),
            _ => (&[], &[]),
        };
        let mut questions = Vec::new();
        if table.name == failures::TABLE.name {
            let condition = |column, matcher| Condition { column, matcher, place: Place::default() };
            // Words that no reason knows are told apart, those of messages not tried yet from all others, and notifications too.
            let mut unknown = Question::of(&[condition(failures::reason_class, Matcher::Missing(true))], &[]);
            unknown.values.insert(failures::reason);
            unknown.distinct.insert(failures::recipient_domain);
            questions.push(unknown);
            questions.push(Question::of(&[condition(failures::reason, Matcher::Missing(true))], &[]));
            questions.push(Question::of(&[condition(failures::sender, Matcher::OneOf(vec![String::new()]))], &[]));
            let mut all = Question::of(&[], &[]);
            all.distinct.insert(failures::recipient_domain);
            all.weighed.insert(failures::recipient_domain);
            questions.push(all);
        }
        if table.name == diagnostics::TABLE.name {
            // Starts and reloads, with their versions.
            let master = Matcher::OneOf(vec!["master".to_owned()]);
            let mut question =
                Question::of(&[Condition { column: diagnostics::daemon, matcher: master, place: Place::default() }], &[]);
            question.values.insert(diagnostics::text);
            questions.push(question);
        }
        Asked { table, always: always.iter().copied().collect(), samples: samples.iter().copied().collect(), questions }
    }

    fn rule(&mut self, rule: &Rule, signals: &[(&str, &Signal)], paths: &[&str]) {
        for (_, signal) in signals {
            for condition in signal.conditions.iter().chain(&signal.expect.share_of) {
                self.references(&condition.matcher, signals);
            }
        }
        for conditions in rule.accounts_for.iter().flatten() {
            conditions.iter().for_each(|condition| self.references(&condition.matcher, signals));
            if self.table.name == failures::TABLE.name {
                self.questions.push(Question::of(conditions, signals));
            }
        }
        for (name, signal) in signals.iter().filter(|(_, signal)| signal.table.name == self.table.name) {
            let mut question = Question::of(&signal.conditions, signals);
            question.values.extend(signal.by);
            question.distinct.extend(signal.expect.distinct.iter().map(|(column, _)| *column));
            let own = [Some(&signal.says), signal.unknown.as_ref()].into_iter().flatten();
            for path in own.flat_map(|text| template::variables(text)) {
                self.path(path, &mut question);
            }
            for path in paths {
                if let Some((known, rest)) = path.split_once('.')
                    && known == *name
                {
                    self.path(rest, &mut question);
                }
            }
            self.questions.push(question);
            if !signal.expect.share_of.is_empty() {
                self.questions.push(Question::of(&signal.expect.share_of, signals));
            }
        }
    }

    /// `top.FIELD` and `list.FIELD` weigh the values, `first.FIELD` shows one, `distinct.FIELD` counts them.
    fn path(&mut self, path: &str, question: &mut Question) {
        let Some((what, field)) = path.split_once('.') else { return };
        let Some(column) = self.table.column(field) else { return };
        match what {
            "top" => question.weighed.insert(column),
            // How many there are besides those that are listed is told, too.
            "list" => question.weighed.insert(column) | question.distinct.insert(column),
            "first" | "last" => self.samples.insert(column),
            "distinct" => question.distinct.insert(column),
            _ => false,
        };
    }

    /// A signal about another table may be compared with a column of this one.
    fn references(&mut self, matcher: &Matcher, signals: &[(&str, &Signal)]) {
        match matcher {
            Matcher::Not(inner) => self.references(inner, signals),
            Matcher::All(all) => all.iter().for_each(|inner| self.references(inner, signals)),
            Matcher::SameAs(reference) | Matcher::DiffersFrom(reference) | Matcher::ComparedTo(_, reference) => match reference {
                Reference::Table(name, column) if *name == self.table.name => {
                    self.always.insert(*column);
                }
                Reference::First(name, _, column)
                    if signals.iter().any(|(known, signal)| known == name && signal.table.name == self.table.name) =>
                {
                    self.samples.insert(*column);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Gives every column and test its place.
    fn demand(self) -> Demand {
        let Asked { table, always, mut samples, questions } = self;
        let mut values: BTreeSet<Column> = always.clone();
        let mut distinct: Vec<Column> = Vec::new();
        for question in &questions {
            values.extend(&question.values);
            for column in &question.distinct {
                if !distinct.contains(column) {
                    if distinct.len() < DISTINCT {
                        distinct.push(*column);
                    } else {
                        values.insert(*column);
                    }
                }
            }
        }
        // Tests that several questions ask are one.
        let mut tests = Known::default();
        let mut conditions = Known::default();
        let mut asks = Vec::new();
        let asked: BTreeSet<Column> = questions.iter().flat_map(|question| question.weighed.iter().copied()).collect();
        let weighed: Vec<Column> = asked.iter().copied().take(WEIGHED).collect();
        values.extend(asked.iter().skip(WEIGHED));
        for question in &questions {
            for condition in question.conditions.iter().filter(|condition| !condition.matcher.refers()) {
                if always.contains(&condition.column) || tests.place(condition).is_some() {
                    continue;
                }
                if tests.list.len() < TESTS {
                    tests.place_or_add(condition);
                } else {
                    values.insert(condition.column);
                }
            }
        }
        for question in &questions {
            let mut needs = Needs::default();
            question.values.iter().for_each(|column| needs.tell_apart(*column));
            question.distinct.iter().for_each(|column| needs.count(*column));
            question.weighed.iter().for_each(|column| needs.weigh(*column));
            let beyond = question.weighed.iter().filter(|column| !weighed.contains(column));
            beyond.for_each(|column| needs.tell_apart(*column));
            // What is not counted is told apart.
            let uncounted = question.distinct.iter().filter(|column| !distinct.contains(column));
            uncounted.for_each(|column| needs.tell_apart(*column));
            let mut own_tests = 0;
            for condition in question.conditions.iter().filter(|condition| !condition.matcher.refers()) {
                if tests.place(condition).is_none() {
                    needs.tell_apart(condition.column);
                }
            }
            for condition in question.told() {
                if let Some(at) = tests.place(condition) {
                    needs.ask(at, condition.column);
                    own_tests |= 1 << at;
                }
            }
            samples.extend(question.conditions.iter().map(|condition| condition.column));
            samples.extend(&question.distinct);
            samples.extend(&question.weighed);
            // What is cheap to try may save the rest.
            let mut told: Vec<&Condition> = question.told().collect();
            told.sort_by_key(|condition| condition.matcher.cost());
            let about = told.into_iter().map(|condition| conditions.place_or_add(condition)).collect();
            asks.push(Ask { about, tests: own_tests, needs });
        }
        let (tests, conditions) = (tests.list, conditions.list);
        let mut everywhere = Needs::default();
        always.iter().for_each(|column| everywhere.tell_apart(*column));
        let wanted = values.iter().chain(&samples).fold(0, |wanted, column| wanted | (1 << column.0));
        let values = values.into_iter().collect();
        // Nearly all questions are about certain values: which ones are about an event is told by a look at each of its columns.
        let listed = table.fields.iter().enumerate().filter(|(_, field)| field.ty == Type::Text);
        let listed = listed.filter_map(|(at, _)| Listed::of(Column(at), &conditions, &asks)).collect();
        for ask in &mut asks {
            ask.about.retain(|at| !conditions[*at].is_listed(table));
        }
        let always = everywhere;
        Demand { table, everything: false, values, tests, distinct, weighed, asks, listed, conditions, always, wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::RuleSet;
    use crate::rules::dice::Dice;

    #[test]
    fn what_is_asked_of_an_event_is_what_each_question_asks() {
        let rules = RuleSet::built_in();
        let tables = [&attempts::TABLE, &arrivals::TABLE, &rejects::TABLE, &diagnostics::TABLE, &failures::TABLE];
        let mut dice = Dice(7);
        for asked in Asked::of(&rules.rules, tables) {
            let table = asked.table;
            let questions: Vec<Vec<Condition>> =
                asked.questions.iter().map(|question| question.told().cloned().collect()).collect();
            let demand = asked.demand();
            // Values that the questions name, in another case, and others.
            let mut values: Vec<(Column, String)> = Vec::new();
            for condition in questions.iter().flatten() {
                if let Matcher::OneOf(list) = &condition.matcher {
                    values.extend(list.iter().map(|value| (condition.column, value.clone())));
                    values.extend(list.iter().map(|value| (condition.column, value.to_ascii_uppercase())));
                }
                values.push((condition.column, "192.0.2.1".to_owned()));
            }
            for _ in 0..2_000 {
                let mut cells = vec![Given::Missing; table.fields.len()];
                for _ in 0..dice.roll(9) {
                    let (column, value) = &values[dice.roll(values.len())];
                    cells[column.0] = match (table.fields[column.0].ty, value.parse()) {
                        (Type::Int, Ok(number)) => Given::Int(number),
                        (Type::Bool, _) => Given::Bool(value == "true"),
                        _ => Given::Text(value),
                    };
                }
                let known = (0..table.fields.len()).filter(|_| dice.roll(4) > 0).fold(0u64, |known, at| known | 1 << at);
                let holds = |condition: &Condition| {
                    known & (1 << condition.column.0) == 0 || condition.matcher.holds(cells[condition.column.0])
                };
                let about = questions.iter().map(|conditions| conditions.iter().all(holds));
                let wanted = demand.asks.iter().zip(about).filter(|(_, about)| *about);
                let wanted = wanted.fold(demand.always, |needs, (ask, _)| needs.or(ask.needs));
                let about = demand.about(known, |column| cells[column.0]);
                assert_eq!(demand.needs(&about, 0), wanted, "{}: {cells:?}", table.name);
                // Tests that fail leave the questions that all the values together are about.
                let asked = demand.needs(&about, 0).tests();
                let tests = demand.tests.iter().enumerate().filter(|(at, _)| asked >> at & 1 != 0);
                let failed = tests.filter(|(_, test)| !test.matcher.holds(cells[test.column.0]));
                let failed = failed.fold(0, |failed, (at, _)| failed | 1 << at);
                let left = demand.needs(&about, failed);
                let all = demand.about(u64::MAX, |column| cells[column.0]);
                let of_all = demand.needs(&all, 0);
                let is_taken = |needs: Needs| (0..table.fields.len()).filter(move |at| needs.is_taken(Column(*at)));
                assert!(is_taken(of_all).all(|at| left.is_taken(Column(at))), "{}: {cells:?}", table.name);
                assert_eq!(left.or(of_all), left, "{}: {cells:?}", table.name);
            }
        }
    }
}
