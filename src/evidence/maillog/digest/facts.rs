//! The tests of a column, tried on a value all at once.

use crate::rules::demand::{Demand, TestBits};
use crate::rules::lazy::LazyRegex;
use crate::rules::model::{Matcher, Network, address};
use crate::rules::together::Together;
use crate::tables::{Column, Given};
use std::cell::RefCell;

/// Facts about a text, as bits: which expressions match, then in which sets of networks it is.
type Facts = u128;

/// The tests of one column. Each comes to facts that must hold and others that must not, which many tests have in common.
#[derive(Debug)]
pub(super) struct Tests {
    /// All of them, by their places in [`Demand::tests`].
    pub(super) all: TestBits,
    /// Which hold of an event without a value.
    missing: TestBits,
    /// Which hold of any text, if that is all there is to say.
    text: Option<TestBits>,
    expressions: Together,
    /// The networks of all sets.
    networks: Vec<Network>,
    /// Which of them are in a set, as bits.
    sets: Vec<u64>,
    /// Of texts of late, by their hashes: each has one place, which the next one takes. Made for the first.
    known: RefCell<Vec<(u64, TestBits)>>,
    /// Tests that come to facts.
    factual: Vec<Factual>,
    /// Those that do not.
    others: TestBits,
}

#[derive(Debug, Clone, Copy)]
struct Factual {
    test: usize,
    needed: Facts,
    denied: Facts,
}

/// A fact.
#[derive(Debug, PartialEq)]
enum Fact<'m> {
    Matches(LazyRegex),
    InNetwork(&'m [Network]),
    /// One that holds of no text.
    Never,
}

/// The facts that must hold of a text for a matcher, or, where each is denied, must not; false if it comes to others, too.
fn facts<'m>(matcher: &'m Matcher, found: &mut Vec<(Fact<'m>, bool)>) -> bool {
    match matcher {
        Matcher::All(all) => all.iter().all(|inner| facts(inner, found)),
        Matcher::Missing(missing) => {
            if *missing {
                found.push((Fact::Never, false));
            }
            true
        }
        Matcher::InNetwork(networks) => {
            found.push((Fact::InNetwork(networks), false));
            true
        }
        Matcher::Not(inner) => {
            let at = found.len();
            let known = facts(inner, found) && found.len() == at + 1;
            found[at..].iter_mut().for_each(|(_, denied)| *denied = !*denied);
            known
        }
        _ => expression(matcher, found),
    }
}

fn expression(matcher: &Matcher, found: &mut Vec<(Fact<'_>, bool)>) -> bool {
    let expression = matcher.expression();
    let known = expression.is_some();
    found.extend(expression.map(|(regex, denied)| (Fact::Matches(regex), denied)));
    known
}

impl Tests {
    pub(super) fn of(demand: &Demand, column: Column) -> Tests {
        let own = demand.tests.iter().enumerate().filter(|(_, test)| test.column == column);
        let own: Vec<(usize, &Matcher)> = own.map(|(at, test)| (at, &test.matcher)).collect();
        let all = own.iter().fold(0, |tests: TestBits, (at, _)| tests | (1 << at));
        let mut others = 0;
        let mut expressions: Vec<LazyRegex> = Vec::new();
        let mut sets: Vec<&[Network]> = Vec::new();
        let mut factual = Vec::new();
        for (test, matcher) in own {
            let mut found = Vec::new();
            if !facts(matcher, &mut found) {
                others |= 1 << test;
                continue;
            }
            // Expressions have the first half of the bits, sets of networks the other.
            let (mut needed, mut denied, mut never) = (0, 0, false);
            for (fact, is_denied) in found {
                let place = match fact {
                    Fact::Never => {
                        never |= !is_denied;
                        continue;
                    }
                    Fact::Matches(regex) => place_in(&mut expressions, regex),
                    Fact::InNetwork(networks) => place_in(&mut sets, networks).map(|at| at + HALF),
                };
                match place {
                    Some(place) if is_denied => denied |= 1 << place,
                    Some(place) => needed |= 1 << place,
                    None => others |= 1 << test,
                }
            }
            if others >> test & 1 == 0 && !never {
                factual.push(Factual { test, needed, denied });
            }
        }
        let mut networks: Vec<Network> = Vec::new();
        let sets = sets.iter().map(|set| {
            let places = set.iter().map(|network| place_in(&mut networks, *network));
            places.collect::<Option<Vec<usize>>>().map(|places| places.iter().fold(0, |set, at| set | 1u64 << at))
        });
        let Some(sets) = sets.collect::<Option<Vec<u64>>>() else {
            return Tests::one_by_one(demand, all);
        };
        let missing = one_by_one(demand, all, Given::Missing);
        let known = RefCell::default();
        let plain = expressions.is_empty() && sets.is_empty() && others == 0;
        let text = plain.then(|| one_by_one(demand, all, Given::Text("x")));
        Tests { all, missing, text, expressions: Together::new(expressions), networks, sets, known, factual, others }
    }

    /// Tests of which so much is told apart that they are tried one by one.
    fn one_by_one(demand: &Demand, all: TestBits) -> Tests {
        let (networks, sets, factual) = Default::default();
        let missing = one_by_one(demand, all, Given::Missing);
        let expressions = Together::new(Vec::new());
        let known = RefCell::default();
        Tests { all, missing, text: None, expressions, networks, sets, known, factual, others: all }
    }

    /// Texts that are remembered: of many columns there are few.
    const KNOWN: usize = 512;

    /// Which of them hold of a value; `hash` gives its hash, if it has one.
    #[inline]
    pub(super) fn held(&self, demand: &Demand, given: Given<'_>, hash: impl FnOnce() -> Option<u64>) -> TestBits {
        match (given, self.text) {
            (Given::Missing, _) => self.missing,
            (Given::Text(_), Some(held)) => held,
            (Given::Text(_), None) => {
                let Some(hash) = hash() else { return self.tried(demand, given) };
                let mut known = self.known.borrow_mut();
                if known.is_empty() {
                    known.resize(Self::KNOWN, (0, 0));
                }
                let known = &mut known[hash as usize % Self::KNOWN];
                if known.0 != hash {
                    *known = (hash, self.tried(demand, given));
                }
                known.1
            }
            _ => self.tried(demand, given),
        }
    }

    fn tried(&self, demand: &Demand, given: Given<'_>) -> TestBits {
        match given {
            Given::Text(text) => {
                let Some(facts) = self.facts(text) else { return one_by_one(demand, self.all, given) };
                let holds = |test: &Factual| facts & test.needed == test.needed && facts & test.denied == 0;
                let held = self.factual.iter().fold(0, |held, test| held | TestBits::from(holds(test)) << test.test);
                held | one_by_one(demand, self.others, given)
            }
            _ => one_by_one(demand, self.all, given),
        }
    }

    /// None where each test has to be tried by itself.
    fn facts(&self, text: &str) -> Option<Facts> {
        let mut facts = self.expressions.which(text)?;
        if let false = self.sets.is_empty()
            && let Some(address) = address(text)
        {
            let inside = |(at, network): (usize, &Network)| u64::from(network.holds(address)) << at;
            let inside = self.networks.iter().enumerate().map(inside).fold(0, |all, one| all | one);
            let within = |(at, set): (usize, &u64)| Facts::from(inside & set != 0) << (HALF + at);
            facts |= self.sets.iter().enumerate().map(within).fold(0, |all, one| all | one);
        }
        Some(facts)
    }
}

/// Half as many facts, and as many networks.
const HALF: usize = 64;

/// The place of something in a list, to which it is added if it is new and there is room.
fn place_in<T: PartialEq>(list: &mut Vec<T>, new: T) -> Option<usize> {
    let known = list.iter().position(|known| *known == new);
    if known.is_none() && list.len() < HALF {
        list.push(new);
        return Some(list.len() - 1);
    }
    known
}

/// Which of some tests hold of a value, tried one after the other.
fn one_by_one(demand: &Demand, tests: TestBits, given: Given<'_>) -> TestBits {
    let number = match given {
        Given::Int(_) | Given::Number(_) => given.number(),
        _ => None,
    };
    let mut rest = tests;
    let mut held = 0;
    while rest != 0 {
        let at = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        let holds = match (&demand.tests[at].matcher, number) {
            (Matcher::Compare(ordering, limit), Some(number)) => ordering.holds(number, *limit),
            (matcher, _) => matcher.holds(given),
        };
        held |= TestBits::from(holds) << at;
    }
    held
}

#[cfg(test)]
mod tests {
    use super::super::draft::hash_of;
    use super::*;
    use crate::rules::RuleSet;
    use crate::tables::{arrivals, attempts, failures};

    #[test]
    fn what_has_no_room_among_the_facts_is_tried_by_itself() {
        let mut list = Vec::new();
        let places: Vec<Option<usize>> = (0..100).map(|new| place_in(&mut list, new)).collect();
        assert_eq!((places[63], places[64], list.len(), place_in(&mut list, 5)), (Some(63), None, HALF, Some(5)));
    }

    #[test]
    fn tests_that_are_tried_at_once_hold_as_each_by_itself() {
        let rules = RuleSet::built_in();
        let texts = [
            "",
            "www-data@a.example",
            "news+x@b.example",
            "x=y@c.example",
            "bounces-1@d.example",
            "\u{fc}@e.example",
            "10.0.0.1",
            "192.168.7.254",
            "127.0.0.1",
            "203.0.113.7",
            "IPv6:2001:db8::7",
            "::1",
            "fd00::1",
            "1.2.3",
            "unknown",
        ];
        let values = texts.map(Given::Text).into_iter().chain([Given::Missing, Given::Int(33), Given::Bool(true)]);
        let values: Vec<Given<'_>> = values.collect();
        let mut factual = 0;
        for demand in Demand::of(&rules.rules, [&arrivals::TABLE, &attempts::TABLE, &failures::TABLE]) {
            for tests in (0..demand.table.fields.len()).map(|at| Tests::of(&demand, Column(at))) {
                factual += tests.factual.len();
                for value in &values {
                    let each = one_by_one(&demand, tests.all, *value);
                    assert_eq!(tests.held(&demand, *value, || None), each, "{value:?}");
                    assert_eq!(tests.held(&demand, *value, || hash_of(*value)), each, "{value:?}");
                }
            }
        }
        assert!(factual > 20, "{factual}");
    }
}
