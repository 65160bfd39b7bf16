//! Evaluates rules: every signal three-valued, the confidence ladder, and what each cause accounts for.

use super::measure::{Answered, Asker, Measure, Tests};
use crate::parallel;
use crate::rules::RuleSet;
use crate::rules::model::{Ask, Entry, Rule, Severity, Signal};
use crate::tables::{Table, failures};
use crate::time::Time;
use std::collections::{BTreeSet, HashMap};

/// How sure a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// All required signals met but contradicted, or a required one unknown while another holds and nothing speaks against it.
    Possible,
    /// All required signals met.
    Likely,
    /// And a supporting one from another table.
    Confirmed,
}

impl Confidence {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Confirmed => "confirmed",
        }
    }
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is a cause.
    Fires(Confidence),
    /// A required signal is not met.
    No,
    /// What it requires was not collected, or a part of it, and something speaks against the rest.
    NotChecked,
}

impl Outcome {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Fires(confidence) => confidence.name(),
            Outcome::No => "no",
            Outcome::NotChecked => "not-checked",
        }
    }
}

/// A rule with the answers to its signals.
#[derive(Debug)]
pub struct Judged<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether nothing that it requires is wholly unknown.
    pub shown: bool,
    /// The answers, by signal.
    pub answers: Answered,
    /// Positions in `failures` that it accounts for, if it fires.
    pub accounts_for: BTreeSet<u32>,
    /// Required signals met, and how many are required.
    pub required: (usize, usize),
    /// Supporting signals met.
    pub supporting: usize,
    /// Contradicting signals met.
    pub contradicting: usize,
}

/// The contradicting entry by which a rule says that its trouble is past.
const OVER: &str = "over";

impl Judged<'_> {
    /// When the trouble ended, where the rule looked for that (`contradicts.over`) and found it.
    pub fn over(&self) -> Option<Time> {
        let entry = self.rule.contradicts.iter().find(|entry| entry.name == OVER)?;
        // Part of a group is not the end.
        if state(entry, &self.answers) != Some(true) {
            return None;
        }
        let (needed, _) = met_by(entry, &self.answers);
        needed.iter().filter_map(|(name, _)| self.answers.get(*name)?.first).min()
    }

    /// How bad it is: what is past does no more harm, and what waits for it leaves by itself.
    pub fn severity(&self) -> Severity {
        match self.over() {
            Some(_) => self.rule.severity.min(Severity::Medium),
            None => self.rule.severity,
        }
    }
}

/// Evaluates every rule, on at most so many threads.
pub fn judge<'r>(asker: &Asker<'_>, rules: &'r RuleSet, threads: usize) -> Vec<Judged<'r>> {
    parallel::each(threads, &rules.rules, |rule| judge_rule(asker, rule))
}

/// Evaluates one rule.
pub fn judge_rule<'r>(asker: &Asker<'_>, rule: &'r Rule) -> Judged<'r> {
    let answers = answer_all(asker, rule);
    let met = |entries: &[Entry]| entries.iter().filter(|entry| state(entry, &answers) == Some(true)).count();
    let required: Vec<Option<bool>> = rule.requires.iter().map(|entry| state(entry, &answers)).collect();
    // Of a group of which one is enough, the first that is met is what is required; the others support it.
    let (needed, extra): (Vec<_>, Vec<_>) = rule
        .requires
        .iter()
        .filter(|entry| state(entry, &answers) == Some(true))
        .map(|entry| met_tables(entry, &answers))
        .unzip();
    let beside = extra.iter().map(Vec::len).sum::<usize>();
    let needed: BTreeSet<&str> = needed.into_iter().flatten().collect();
    let supporting = rule.supports.iter().filter(|entry| state(entry, &answers) == Some(true));
    let independent = supporting
        .flat_map(|entry| {
            let (first, others) = met_tables(entry, &answers);
            [first, others].concat()
        })
        .chain(extra.into_iter().flatten())
        .any(|table| !needed.contains(table));
    let contradicting = met(&rule.contradicts);
    let shown = rule.requires.iter().all(|entry| is_shown(entry, &answers));
    let outcome = if required.contains(&Some(false)) {
        Outcome::No
    } else if required.iter().all(|state| *state == Some(true)) {
        Outcome::Fires(match (contradicting > 0, independent) {
            (true, _) => Confidence::Possible,
            (false, true) => Confidence::Confirmed,
            (false, false) => Confidence::Likely,
        })
    } else if contradicting == 0 && (shown || rule.requires.iter().any(|entry| holds(entry, &answers))) {
        Outcome::Fires(Confidence::Possible)
    } else {
        Outcome::NotChecked
    };
    let accounts_for = match outcome {
        Outcome::Fires(_) => accounts_for(asker, rule, &answers),
        Outcome::No | Outcome::NotChecked => BTreeSet::new(),
    };
    Judged {
        rule,
        outcome,
        shown,
        required: (required.iter().filter(|state| **state == Some(true)).count(), required.len()),
        supporting: met(&rule.supports) + beside,
        contradicting,
        answers,
        accounts_for,
    }
}

/// Answers every signal of a rule, those first that others refer to.
fn answer_all(asker: &Asker<'_>, rule: &Rule) -> Answered {
    let signals: Vec<(&str, &Signal)> = rule.entries().flat_map(Entry::signals).collect();
    let mut answers = HashMap::new();
    let mut open: Vec<(&str, &Signal)> = signals;
    while !open.is_empty() {
        let names: BTreeSet<&str> = open.iter().map(|(name, _)| *name).collect();
        let (ready, blocked): (Vec<_>, Vec<_>) = open
            .iter()
            .copied()
            .partition(|(name, signal)| signal.needs().iter().all(|needed| needed == name || !names.contains(needed)));
        // Signals that wait for one another in a circle, which no checked rule has, are asked with what is known.
        let (ready, blocked) = if ready.is_empty() { (blocked, Vec::new()) } else { (ready, blocked) };
        for (name, signal) in ready {
            let measure = asker.ask(signal, &answers);
            answers.insert(name.to_owned(), measure);
        }
        open = blocked;
    }
    answers
}

/// Whether an entry is met; a group by its members.
pub fn state(entry: &Entry, answers: &Answered) -> Option<bool> {
    match &entry.ask {
        Ask::Signal(_) => answers.get(&entry.name).and_then(|measure| measure.met),
        Ask::Any(entries) => {
            let states: Vec<Option<bool>> = entries.iter().map(|entry| state(entry, answers)).collect();
            if states.contains(&Some(true)) {
                Some(true)
            } else if states.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
        Ask::All(entries) => {
            let states: Vec<Option<bool>> = entries.iter().map(|entry| state(entry, answers)).collect();
            if states.contains(&Some(false)) {
                Some(false)
            } else if states.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
    }
}

/// Whether something of an entry is met, and nothing says that the entry is not.
fn holds(entry: &Entry, answers: &Answered) -> bool {
    state(entry, answers) != Some(false)
        && match &entry.ask {
            // That nothing was collected shows nothing.
            Ask::Signal(signal) => state(entry, answers) == Some(true) && signal.alone && signal.expect.collected.is_none(),
            Ask::Any(entries) | Ask::All(entries) => entries.iter().any(|entry| holds(entry, answers)),
        }
}

/// Whether an entry is met, or would be for all that evidence of single cases shows.
fn is_shown(entry: &Entry, answers: &Answered) -> bool {
    match &entry.ask {
        Ask::Signal(_) => answers.get(&entry.name).is_some_and(Measure::is_shown),
        Ask::Any(entries) => entries.iter().any(|entry| is_shown(entry, answers)),
        Ask::All(entries) => entries.iter().all(|entry| is_shown(entry, answers)),
    }
}

/// Signals by their names.
type Named<'e> = Vec<(&'e str, &'e Signal)>;

/// The met signals in an entry: those without which it would not be met, and those beside them.
pub fn met_by<'e>(entry: &'e Entry, answers: &Answered) -> (Named<'e>, Named<'e>) {
    let (mut needed, mut extra) = (Named::new(), Named::new());
    match &entry.ask {
        Ask::Signal(signal) if answers.get(&entry.name).is_some_and(Measure::is_shown) => {
            needed.push((entry.name.as_str(), signal));
        }
        Ask::Signal(_) => {}
        Ask::All(entries) => {
            for (first, others) in entries.iter().map(|entry| met_by(entry, answers)) {
                needed.extend(first);
                extra.extend(others);
            }
        }
        Ask::Any(entries) => {
            // Of branches of which none is met, those that may be.
            let best = entries.iter().map(|entry| state(entry, answers)).find(|state| *state == Some(true)).flatten();
            let met = entries.iter().filter(|entry| state(entry, answers) == best);
            for (at, (first, others)) in met.map(|entry| met_by(entry, answers)).enumerate() {
                if at == 0 { &mut needed } else { &mut extra }.extend(first);
                extra.extend(others);
            }
        }
    }
    (needed, extra)
}

/// The signals of an entry without the branches that are not met where another one is, or may be.
pub fn not_ruled_out<'e>(entry: &'e Entry, answers: &Answered) -> Vec<&'e str> {
    match &entry.ask {
        Ask::Signal(_) => vec![entry.name.as_str()],
        Ask::All(entries) => entries.iter().flat_map(|entry| not_ruled_out(entry, answers)).collect(),
        Ask::Any(entries) => {
            let open = entries.iter().filter(|branch| state(branch, answers) != Some(false));
            open.flat_map(|branch| not_ruled_out(branch, answers)).collect()
        }
    }
}

/// Their tables.
fn met_tables(entry: &Entry, answers: &Answered) -> (Vec<&'static str>, Vec<&'static str>) {
    let (needed, extra) = met_by(entry, answers);
    let tables = |met: Named<'_>| met.into_iter().map(|(_, signal)| independent_name(signal.table)).collect();
    (tables(needed), tables(extra))
}

/// `failures`, `attempts` and `queue` tell of the same events, so one cannot support the other.
fn independent_name(table: &'static Table) -> &'static str {
    match table.name {
        "attempts" | "queue" => failures::TABLE.name,
        name => name,
    }
}

fn accounts_for(asker: &Asker<'_>, rule: &Rule, answers: &Answered) -> BTreeSet<u32> {
    let rows = asker.tables.rows(&failures::TABLE);
    if let Some(choices) = &rule.accounts_for {
        let table = &failures::TABLE;
        let mut tests: Vec<Tests<'_, '_>> =
            choices.iter().map(|conditions| Tests::new(asker, table, conditions, answers)).collect();
        let mut hold = |at: u32| tests.iter_mut().any(|tests| tests.hold(&rows[at as usize]) == Some(true));
        return asker.judged(table).iter().copied().filter(|at| hold(*at)).collect();
    }
    required_by(rule, answers)
        .filter(|(signal, _)| signal.table.name == failures::TABLE.name)
        .flat_map(|(_, measure)| measure.rows.iter().copied())
        .collect()
}

/// The met signals without which a rule would not fire, with their measures.
pub fn needed_by<'a>(rule: &'a Rule, answers: &'a Answered) -> impl Iterator<Item = (&'a Signal, &'a Measure)> {
    let met = rule.requires.iter().flat_map(|entry| met_by(entry, answers).0);
    met.filter_map(|(name, signal)| Some((signal, answers.get(name)?)))
}

/// The met signals that a rule rests on, with their measures: none of a branch that is not met.
fn required_by<'a>(rule: &'a Rule, answers: &'a Answered) -> impl Iterator<Item = (&'a Signal, &'a Measure)> {
    let met = rule.requires.iter().flat_map(|entry| {
        let (needed, extra) = met_by(entry, answers);
        [needed, extra].concat()
    });
    met.filter_map(|(name, signal)| Some((signal, answers.get(name)?)))
}
