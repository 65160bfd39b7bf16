//! What anybody will ask of a table of the log. Events that are equal in all of it need not be told apart, which bounds the
//! memory of an analysis by what is asked and not by the log.

use super::RuleSet;
use super::model::{Condition, Entry, Matcher, Reference, Rule, Signal};
use super::template;
use crate::tables::{Column, Table, arrivals, attempts, diagnostics, rejects};
use std::collections::BTreeSet;

/// What is asked of one table.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The table.
    pub table: &'static Table,
    /// Whether everything is asked: then every event stays a record of its own.
    pub everything: bool,
    /// Columns whose values are told apart.
    pub values: Vec<Column>,
    /// Columns of which only matters whether the matcher holds.
    pub tests: Vec<Condition>,
    /// Columns of which only the number of distinct values is asked.
    pub distinct: Vec<Column>,
    /// Columns that one event of several may stand for.
    pub samples: Vec<Column>,
    wanted: u64,
}

/// Tests of one table; what goes beyond is told apart by value.
const TESTS: usize = 48;

impl Demand {
    /// That each event of `table` is kept as it is.
    pub fn everything(table: &'static Table) -> Demand {
        let values: Vec<Column> = (0..table.fields.len()).map(Column).collect();
        Demand { table, everything: true, values, tests: Vec::new(), distinct: Vec::new(), samples: Vec::new(), wanted: u64::MAX }
    }

    /// What the rules and the report ask of `table`.
    pub fn of(rules: &RuleSet, table: &'static Table) -> Demand {
        let (values, samples) = of_report(table);
        let mut asked = Asked {
            table,
            values: values.iter().copied().collect(),
            samples: samples.iter().copied().collect(),
            ..Asked::default()
        };
        for rule in &rules.rules {
            asked.rule(rule);
        }
        let Asked { values, mut tests, distinct, samples, .. } = asked;
        let mut values: Vec<Column> = values.into_iter().collect();
        tests.retain(|test| !values.contains(&test.column));
        for test in tests.drain(tests.len().min(TESTS)..) {
            if !values.contains(&test.column) {
                values.push(test.column);
            }
        }
        let distinct: Vec<Column> = distinct.into_iter().filter(|column| !values.contains(column)).collect();
        let tested: Vec<Column> = tests.iter().map(|test| test.column).collect();
        let samples: Vec<Column> = samples.into_iter().chain(tested).chain(distinct.iter().copied()).collect();
        let wanted = values.iter().chain(&samples).fold(0, |wanted, column| wanted | (1 << column.0));
        Demand { table, everything: false, values, tests, distinct, samples, wanted }
    }

    /// Whether anybody asks for `column`.
    pub fn wants(&self, column: Column) -> bool {
        self.wanted & (1 << column.0) != 0
    }
}

/// What the report asks itself: columns told apart, and columns of which one event's value will do.
fn of_report(table: &Table) -> (&'static [Column], &'static [Column]) {
    match table.name {
        "attempts" => (
            &[attempts::status, attempts::daemon, attempts::reason_class, attempts::relay_port, attempts::provider],
            &[attempts::reason, attempts::reply_text, attempts::reason_bucket, attempts::relay],
        ),
        "arrivals" => (&[arrivals::origin], &[]),
        "rejects" => (
            &[rejects::reason_class, rejects::voice, rejects::action, rejects::daemon],
            &[rejects::text, rejects::reason_bucket, rejects::stage],
        ),
        "diagnostics" => (
            &[diagnostics::reason_class, diagnostics::daemon, diagnostics::level],
            &[diagnostics::text, diagnostics::reason_bucket],
        ),
        _ => (&[], &[]),
    }
}

struct Asked {
    table: &'static Table,
    values: BTreeSet<Column>,
    tests: Vec<Condition>,
    distinct: BTreeSet<Column>,
    samples: BTreeSet<Column>,
}

impl Default for Asked {
    fn default() -> Asked {
        Asked {
            table: &attempts::TABLE,
            values: BTreeSet::new(),
            tests: Vec::new(),
            distinct: BTreeSet::new(),
            samples: BTreeSet::new(),
        }
    }
}

impl Asked {
    fn rule(&mut self, rule: &Rule) {
        let signals: Vec<(&str, &Signal)> = rule.entries().flat_map(Entry::signals).collect();
        for (_, signal) in &signals {
            let conditions = signal.conditions.iter().chain(&signal.expect.share_of);
            for condition in conditions.clone() {
                self.references(&condition.matcher, &signals);
            }
            if signal.table.name != self.table.name {
                continue;
            }
            conditions.for_each(|condition| self.condition(condition));
            self.values.extend(signal.by);
            self.distinct.extend(signal.expect.distinct.iter().map(|(column, _)| *column));
            for path in
                [Some(&signal.says), signal.unknown.as_ref()].into_iter().flatten().flat_map(|text| template::variables(text))
            {
                self.path(&path);
            }
        }
        for condition in rule.accounts_for.iter().flatten() {
            self.references(&condition.matcher, &signals);
        }
        // Anywhere in the rule, `signal.first.relay` speaks of a signal.
        let says = signals.iter().map(|(_, signal)| signal.says.as_str());
        for path in rule.templates().chain(says).flat_map(template::variables) {
            if let Some((name, rest)) = path.split_once('.')
                && signals.iter().any(|(known, signal)| *known == name && signal.table.name == self.table.name)
            {
                self.path(rest);
            }
        }
    }

    /// `top.FIELD` and `list.FIELD` weigh the values, `first.FIELD` shows one, `distinct.FIELD` counts them.
    fn path(&mut self, path: &str) {
        let Some((what, field)) = path.split_once('.') else { return };
        let Some(column) = self.table.column(field) else { return };
        match what {
            "top" | "list" => self.values.insert(column),
            "first" | "last" => self.samples.insert(column),
            "distinct" => self.distinct.insert(column),
            _ => false,
        };
    }

    fn condition(&mut self, condition: &Condition) {
        if condition.matcher.refers() {
            self.values.insert(condition.column);
        } else {
            self.tests.push(condition.clone());
        }
    }

    /// A signal about another table may be compared with a column of this one.
    fn references(&mut self, matcher: &Matcher, signals: &[(&str, &Signal)]) {
        match matcher {
            Matcher::Not(inner) => self.references(inner, signals),
            Matcher::All(all) => all.iter().for_each(|inner| self.references(inner, signals)),
            Matcher::SameAs(reference) | Matcher::DiffersFrom(reference) => match reference {
                Reference::Table(name, column) if *name == self.table.name => {
                    self.values.insert(*column);
                }
                Reference::First(name, column)
                    if signals.iter().any(|(known, signal)| known == name && signal.table.name == self.table.name) =>
                {
                    self.samples.insert(*column);
                }
                _ => {}
            },
            _ => {}
        }
    }
}
