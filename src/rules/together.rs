//! Expressions that are tried on many short texts at once: a single walk over a text tells which of them match.

use super::lazy::{LazyRegex, forwards};
use regex_automata::hybrid::{LazyStateID, dfa};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::Hir;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;

/// Expressions of one dialect, at most 128.
#[derive(Debug)]
pub(crate) struct Together {
    expressions: Vec<LazyRegex>,
    /// Texts on which they were tried one by one; see [`Together::ONE_BY_ONE`].
    texts: Cell<usize>,
    walk: OnceCell<Option<RefCell<Walk>>>,
}

impl Together {
    /// Texts after which the engine for all of them is worth what it costs to build.
    const ONE_BY_ONE: usize = 300;
    /// States that are kept. An expression that comes to more is none that is walked through quickly.
    const MOST: usize = 1 << 11;

    pub(crate) fn new(expressions: Vec<LazyRegex>) -> Together {
        Together { expressions, texts: Cell::new(0), walk: OnceCell::new() }
    }

    /// Which of them match in `text`, as bits. None where each has to be tried by itself.
    pub(crate) fn which(&self, text: &str) -> Option<u128> {
        let Some(first) = self.expressions.first() else { return Some(0) };
        if !text.is_ascii() && !first.is_bytes() {
            return None;
        }
        if self.texts.get() < Self::ONE_BY_ONE {
            self.texts.set(self.texts.get() + 1);
            let each = self.expressions.iter().enumerate().filter(|(_, expression)| expression.is_match(text));
            return Some(each.fold(0, |found, (at, _)| found | 1 << at));
        }
        let built = || {
            let patterns: Vec<Cow<'_, str>> = self.expressions.iter().map(LazyRegex::translated).collect();
            forwards(first.syntax(true), MatchKind::All, &patterns).map(|dfa| RefCell::new(Walk::new(dfa, Self::MOST)))
        };
        self.walk.get_or_init(built).as_ref()?.borrow_mut().which(text)
    }
}

/// The automaton of all of them, whose steps are noted as they are first made: one that is known is two look-ups.
pub(crate) struct Walk {
    dfa: dfa::DFA,
    /// States that are kept.
    most: usize,
    cache: dfa::Cache,
    /// Of each byte its class.
    classes: [u8; 256],
    /// Room for the steps of a state: classes, and the end of the text, in a power of two.
    width: usize,
    /// Of each state and class the place of the state that follows, with [`Walk::LOOK`] where there is more to say of it.
    steps: Vec<u32>,
    states: Vec<State>,
    places: FxHashMap<LazyStateID, u32>,
}

#[derive(Clone, Copy)]
struct State {
    id: LazyStateID,
    /// Which expressions match by the byte before the one that led to it; none where nothing more can be found.
    found: Option<u128>,
}

impl Walk {
    /// In a step: that it is not known, or that its state tells something.
    const LOOK: u32 = 1 << 31;
    const UNKNOWN: u32 = u32::MAX;

    /// One over ASCII texts, for expressions that were taken apart; none for more than 128.
    pub(crate) fn of(trees: &[Hir], most: usize) -> Option<Walk> {
        if trees.len() > u128::BITS as usize {
            return None;
        }
        /// Bytes of a state in the library's memory, more than any has, so that not it decides when there are too many.
        const STATE: usize = 4 << 10;
        let nfa = thompson::Config::new().which_captures(WhichCaptures::None).utf8(false);
        let nfa = thompson::Compiler::new().configure(nfa).build_many_from_hir(trees).ok()?;
        let all = dfa::Config::new().skip_cache_capacity_check(true).cache_capacity(most * STATE).match_kind(MatchKind::All);
        Some(Walk::new(dfa::Builder::new().configure(all).build_from_nfa(nfa).ok()?, most))
    }

    fn new(dfa: dfa::DFA, most: usize) -> Walk {
        let mut classes = [0; 256];
        (0..=u8::MAX).for_each(|byte| classes[usize::from(byte)] = dfa.byte_classes().get(byte));
        let width = dfa.byte_classes().alphabet_len().next_power_of_two();
        let cache = dfa.create_cache();
        Walk { dfa, most, cache, classes, width, steps: Vec::new(), states: Vec::new(), places: FxHashMap::default() }
    }

    /// Which of them match in `text`, as bits. None where that would take too many states.
    pub(crate) fn which(&mut self, text: &str) -> Option<u128> {
        if self.states.is_empty() {
            let start = self.dfa.start_state_forward(&mut self.cache, &Input::new("")).ok()?;
            self.place(start);
        }
        let (mut at, mut found) = (0, 0);
        for byte in text.bytes() {
            let mut step = self.steps[at as usize | usize::from(self.classes[usize::from(byte)])];
            if step & Walk::LOOK != 0 {
                if step == Walk::UNKNOWN {
                    step = self.learn(at, Some(byte))?;
                }
                step &= !Walk::LOOK;
                match self.states[step as usize / self.width].found {
                    Some(more) => found |= more,
                    None => return Some(found),
                }
            }
            at = step;
        }
        let end = self.dfa.byte_classes().alphabet_len() - 1;
        let step = match self.steps[at as usize | end] {
            Walk::UNKNOWN => self.learn(at, None)?,
            known => known,
        };
        Some(found | self.states[(step & !Walk::LOOK) as usize / self.width].found.unwrap_or(0))
    }

    /// Makes a step for the first time. None, and everything forgotten, when there are too many states.
    fn learn(&mut self, at: u32, byte: Option<u8>) -> Option<u32> {
        let (before, from) = (self.cache.clear_count(), self.states[at as usize / self.width].id);
        let (class, next) = match byte {
            Some(byte) => (self.dfa.byte_classes().get(byte).into(), self.dfa.next_state(&mut self.cache, from, byte)),
            None => (self.dfa.byte_classes().alphabet_len() - 1, self.dfa.next_eoi_state(&mut self.cache, from)),
        };
        let full = self.cache.clear_count() != before || self.states.len() >= self.most;
        let Some(next) = next.ok().filter(|next| !next.is_quit() && !full) else {
            self.cache.reset(&self.dfa);
            self.steps.clear();
            self.states.clear();
            self.places.clear();
            return None;
        };
        let step = self.place(next) | if next.is_match() || next.is_dead() { Walk::LOOK } else { 0 };
        self.steps[at as usize | class] = step;
        Some(step)
    }

    /// Where the steps of a state begin.
    fn place(&mut self, id: LazyStateID) -> u32 {
        if let Some(place) = self.places.get(&id) {
            return *place;
        }
        let place = self.steps.len() as u32;
        let matched = if id.is_match() { self.dfa.match_len(&self.cache, id) } else { 0 };
        let matched = (0..matched).map(|at| self.dfa.match_pattern(&self.cache, id, at).as_usize());
        let found = matched.fold(0, |found, pattern| found | 1 << pattern);
        self.states.push(State { id, found: (!id.is_dead()).then_some(found) });
        self.steps.resize(self.steps.len() + self.width, Walk::UNKNOWN);
        self.places.insert(id, place);
        place
    }
}

impl fmt::Debug for Walk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Walk({})", self.states.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::dice::Dice;
    use super::super::lazy::Dialect;
    use super::*;

    #[test]
    fn together_they_match_as_each_by_itself() {
        let patterns = ["[+=].*@", "^[^@]*=|^(bounces?|news(letter)?)[._+@-]", "^(www-data|web\\d*)(@|$)", "a{2,3}", ""];
        let each = patterns.map(|pattern| LazyRegex::valid(pattern, Dialect::Value));
        let together = Together::new(each.to_vec());
        for text in ["", "NEWS@x", "news+a=b@x", "web12", "xweb12@", "caab@x", "www-DATA@x", "aaa", "b=c=d@e@f", "@+"] {
            let bits = (0..each.len()).filter(|at| each[*at].is_match(text)).fold(0, |bits, at| bits | 1 << at);
            assert_eq!(together.which(text), Some(bits), "{text}");
        }
        assert_eq!(together.which("ſ"), None);
        // One by one, and by the engine for all.
        for _ in 0..Together::ONE_BY_ONE {
            assert_eq!(together.which("caab@x"), Some(0b1000 | 0b10000));
        }
        for text in ["", "NEWS@x", "www-DATA@x", "aaa", "b=c=d@e@f"] {
            let bits = (0..each.len()).filter(|at| each[*at].is_match(text)).fold(0, |bits, at| bits | 1 << at);
            assert_eq!(together.which(text), Some(bits), "{text}");
        }
        let many = Together::new((0..128).map(|at| LazyRegex::valid(format!("^{at}$"), Dialect::Value)).collect());
        assert_eq!((many.which("5"), many.which("127")), (Some(1 << 5), Some(1 << 127)));
    }

    #[test]
    fn expressions_of_too_many_states_are_tried_one_by_one() {
        let each = [LazyRegex::valid("x.{12}y", Dialect::Value), LazyRegex::valid("^[^@]*=", Dialect::Value)];
        let together = Together::new(each.to_vec());
        let (mut dice, mut gave_up) = (Dice(1), 0);
        for _ in 0..20_000 {
            let text: String = (0..40).map(|_| char::from(b"xyz="[dice.roll(4)])).collect();
            let bits = (0..each.len()).filter(|at| each[*at].is_match(&text)).fold(0, |bits, at| bits | 1 << at);
            let found = together.which(&text);
            assert!(found.is_none_or(|found| found == bits), "{text}");
            gave_up += usize::from(found.is_none());
        }
        assert!((1..1_000).contains(&gave_up), "{gave_up}");
    }
}
