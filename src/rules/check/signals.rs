//! Signals that are never met or hardly ever: amounts that no number satisfies, values that a column never has, words of programs
//! that nothing reads.

use super::{meant, word_at};
use crate::rules::advice;
use crate::rules::amount::quantity;
use crate::rules::kinds::Kind;
use crate::rules::model::{Condition, Matcher, Rule, Signal};
use crate::rules::problem::{Place, did_you_mean};
use crate::said::daemons::is_of_postfix;
use crate::tables::{Column, Table, Type, diagnostics, host, truth};
use std::collections::BTreeSet;

/// Where, what, and what to write.
pub(super) type Odd = (Place, String, Option<String>);

/// Odd values of one list that are told one by one: who has more of them reads no further.
const TOLD: usize = 10;

/// What a signal asks that is hardly meant so, and what to write.
pub(super) fn hardly(signal: &Signal, text: &str) -> Vec<(Place, String, String)> {
    let mut found = Vec::new();
    for condition in &signal.conditions {
        for matcher in parts(&condition.matcher) {
            match matcher {
                Matcher::Matches(regex) => {
                    let pattern = regex.as_str();
                    let flags = |c: char| matches!(c, 'i' | 'm' | 's' | 'g' | 'x' | 'u');
                    let bare = pattern.trim_end_matches(flags).strip_suffix('/').and_then(|rest| rest.strip_prefix('/'));
                    if let Some(bare) = bare {
                        let what = format!("looks for `{pattern}` with its slashes");
                        let place = word_at(text, condition.place, pattern);
                        found.push((place, what, format!("write `matches: '{bare}'`; case does not matter")));
                    }
                    if let Some((name, class)) = bare_class(pattern) {
                        let place = word_at(text, condition.place, class);
                        found.push((place, format!("takes `{class}` for these letters"), format!("a class is `[[:{name}:]]`")));
                    }
                }
                Matcher::OneOf(words) if words.iter().any(|word| matches!(word.as_str(), "missing" | "null" | "nil")) => {
                    let word =
                        words.iter().find(|word| matches!(word.as_str(), "missing" | "null" | "nil")).map_or("", |word| word);
                    let help = "that a field was not given is `{missing: true}`".to_owned();
                    found.push((word_at(text, condition.place, word), format!("looks for the word `{word}`"), help));
                }
                Matcher::OneOf(words) => {
                    let stars = |word: &&String| word.len() > 1 && (word.starts_with('*') || word.ends_with('*'));
                    if let Some(word) = words.iter().find(stars) {
                        let help = match word.strip_prefix('*') {
                            Some(end) => format!("the end of a value is `ends_with: '{}'`", end.trim_end_matches('*')),
                            None => format!("the beginning of a value is `starts_with: '{}'`", word.trim_end_matches('*')),
                        };
                        found.push((word_at(text, condition.place, word), format!("looks for `{word}` with its asterisk"), help));
                    }
                }
                Matcher::Contains(texts) | Matcher::StartsWith(texts) | Matcher::EndsWith(texts) => {
                    let is_regex =
                        |text: &&String| [".*", ".+", r"\d", r"\s", r"\w", r"\b"].iter().any(|part| text.contains(part));
                    if let Some(part) = texts.iter().find(is_regex) {
                        found.push((
                            word_at(text, condition.place, part),
                            format!("looks for `{part}` as it stands there"),
                            "a regular expression is `matches: ...`".to_owned(),
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    let expect = &signal.expect;
    if !expect.share_of.is_empty() && expect.share.is_none() {
        found.push((
            word_at(text, signal.place, "share_of"),
            "has `share_of` without `share`, which counts nothing".to_owned(),
            "add `share: 50%+`".to_owned(),
        ));
    }
    let lasting = expect.lasting.map(|amount| amount.min.max(0.0)).filter(|seconds| seconds.is_finite());
    for (name, seconds) in [("lasting", lasting), ("within", expect.within)] {
        if let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0 && *seconds < 60.0) {
            let help = format!("if hours are meant, write `{seconds}h`");
            found.push((word_at(text, signal.place, name), format!("asks for {seconds} seconds with `{name}`"), help));
        }
    }
    found
}

/// A class of letters with one pair of brackets, `[:alpha:]`: its name, and all of it.
fn bare_class(pattern: &str) -> Option<(&str, &str)> {
    pattern.match_indices("[:").find_map(|(at, _)| {
        let (name, _) = pattern[at + 2..].split_once(":]")?;
        let alone = !pattern[..at].ends_with(['[', '\\']) && name.bytes().all(|b| b.is_ascii_lowercase());
        alone.then(|| (name, &pattern[at..at + name.len() + 4]))
    })
}

/// Why a signal can never be met, if that is plain from its text.
pub(super) fn never(signal: &Signal, text: &str) -> Vec<Odd> {
    let mut why: Vec<Odd> = Vec::new();
    let expect = &signal.expect;
    let amounts = [("count", &expect.count), ("share", &expect.share), ("rate", &expect.rate), ("lasting", &expect.lasting)];
    let amounts = amounts.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), amount.as_ref()?)));
    let distinct =
        expect.distinct.iter().map(|(column, amount)| (format!("distinct {}", signal.table.fields[column.0].name), amount));
    for (name, amount) in amounts.chain(distinct) {
        let place = || word_at(text, word_at(text, signal.place, "expect"), name.split(' ').next().unwrap_or_default());
        if amount.min > amount.max || (amount.min == amount.max && (amount.above || amount.below)) || amount.max < 0.0 {
            why.push((place(), format!("no number satisfies its `{name}`"), None));
        } else if name == "share" && amount.min > 1.0 {
            let help = "a part is written as `50%` or `0.5`".to_owned();
            why.push((place(), "no share is more than 100%".to_owned(), Some(help)));
        }
    }
    let none = expect.count.is_some_and(|amount| amount.max == 0.0);
    if none && expect.distinct.iter().any(|(_, amount)| !amount.is_absence()) {
        let place = word_at(text, signal.place, "distinct");
        why.push((place, "it expects no record and different values of them".to_owned(), None));
    }
    for condition in &signal.conditions {
        let Matcher::OneOf(words) = &condition.matcher else { continue };
        let name = signal.table.fields[condition.column.0].name;
        if words.is_empty() {
            let help = "that a field was not given is `{missing: true}`, that it is empty `''`".to_owned();
            why.push((condition.place, format!("no value is allowed for `{name}`"), Some(help)));
        } else if words.iter().all(|word| odd_word(signal.table, condition, word).is_some()) {
            why.extend(told(signal.table, condition, words, text));
        }
    }
    why
}

/// What a column never is, where other values are asked for, too, or it is excluded.
pub(super) fn odd_words(table: &Table, condition: &Condition, text: &str) -> Vec<Odd> {
    let mut found = Vec::new();
    let in_vain = |(place, what, help): Odd| (place, format!("asks in vain: {what}"), help);
    for matcher in parts(&condition.matcher) {
        let Matcher::OneOf(words) = matcher else { continue };
        // Where nothing else is asked for, the signal can never be met, which is told as that.
        let sound = || words.iter().any(|word| odd_word(table, condition, word).is_none());
        if !std::ptr::eq(matcher, &condition.matcher) || sound() {
            found.extend(told(table, condition, words, text).map(in_vain));
        }
    }
    found
}

/// Values that read like references, `host.fqdn`, and are compared as the texts that they are.
pub(super) fn like_references(rule: &Rule, condition: &Condition, text: &str) -> Vec<Odd> {
    let refers = |word: &str| {
        let Some((head, rest)) = word.split_once('.') else { return false };
        let field = rest.rsplit('.').next().unwrap_or_default();
        match head {
            "settings" => {
                !rest.contains('.') && rest.contains('_') || matches!(rest, "mydomain" | "myhostname" | "myorigin" | "relayhost")
            }
            "host" => host::TABLE.column(field).is_some(),
            _ => {
                let is_signal = rule.entries().flat_map(|entry| entry.signals()).any(|(name, _)| name == head);
                is_signal && (matches!(rest, "key" | "keys") || rest.starts_with("first."))
            }
        }
    };
    let mut found = Vec::new();
    for matcher in parts(&condition.matcher) {
        let (Matcher::OneOf(words) | Matcher::Contains(words) | Matcher::StartsWith(words) | Matcher::EndsWith(words)) = matcher
        else {
            continue;
        };
        found.extend(words.iter().filter(|word| refers(word)).take(TOLD).map(|word| {
            let help = format!("to compare with that value write `{{same_as: {word}}}`, or `{{differs_from: {word}}}`");
            (word_at(text, condition.place, word), format!("compares with the text `{word}` itself"), Some(help))
        }));
    }
    found
}

/// The odd ones of some values, and where they stand.
fn told<'w>(table: &'w Table, condition: &'w Condition, words: &'w [String], text: &'w str) -> impl Iterator<Item = Odd> + 'w {
    let name = table.fields[condition.column.0].name;
    let odd = words.iter().filter_map(move |word| Some((word, odd_word(table, condition, word)?)));
    odd.take(TOLD)
        .map(move |(word, help)| (word_at(text, condition.place, word), format!("`{name}` never is `{word}`"), Some(help())))
}

/// What to write in place of `word`, if a column never is that.
fn odd_word<'w>(table: &'w Table, condition: &Condition, word: &'w str) -> Option<Box<dyn Fn() -> String + 'w>> {
    let field = &table.fields[condition.column.0];
    let help = |text: &'static str| -> Option<Box<dyn Fn() -> String + 'w>> { Some(Box::new(move || text.to_owned())) };
    let is_network = || word.split_once('/').is_some_and(|(ip, _)| ip.parse::<std::net::IpAddr>().is_ok());
    if (field.name == "ip" || field.name.ends_with("_ip")) && is_network() {
        return Some(Box::new(move || format!("it holds one address; a network is `in_network: [{word}]`")));
    }
    let is_number = || word.parse::<f64>().is_ok();
    match field.ty {
        Type::Bool if truth(word).is_none() => help("it holds yes or no"),
        Type::Int | Type::Number if !is_number() && quantity(word).is_some() => {
            help("it holds numbers, which have no unit here: compare with `gte` or `lt`")
        }
        Type::Int | Type::Number if !is_number() && advice::comparison(word).is_some() => advice::comparison(word)
            .map(|meant| -> Box<dyn Fn() -> String + 'w> { Box::new(move || format!("write `{}: {meant}`", field.name)) }),
        Type::Int | Type::Number if !is_number() => help("it holds numbers: compare with `gte`, `lte`, `gt` or `lt`"),
        Type::Text if !field.words.is_empty() && !field.words.iter().any(|known| known.eq_ignore_ascii_case(word)) => {
            Some(Box::new(move || {
                let all = field.words.join(", ");
                if word.contains(", ") {
                    return format!("one of several is a list: `[{word}]`");
                }
                let known = || field.words.iter().copied();
                match did_you_mean(word, known()).or_else(|| did_you_mean(&word.to_ascii_uppercase(), known())) {
                    Some(meant) => format!("did you mean `{meant}`? It holds {all}"),
                    None => format!("it holds {all}"),
                }
            }))
        }
        _ => None,
    }
}

/// What a signal asks of evidence that nothing reads: readings of a kind that there is not, words of a program that no kind
/// names.
pub(super) fn unread(signal: &Signal, kinds: &[Kind], text: &str) -> Vec<(Place, String, String)> {
    let known: Vec<&str> = kinds.iter().filter(|kind| kind.gives_readings()).map(|kind| kind.kind.as_str()).collect();
    let column = |condition: &Condition| (signal.table.name, signal.table.fields[condition.column.0].name);
    let mut found = Vec::new();
    for condition in &signal.conditions {
        let Matcher::OneOf(words) = &condition.matcher else { continue };
        let place = || word_at(text, condition.place, words.first().map_or("", String::as_str));
        let told = words.join("` or `");
        match column(condition) {
            ("readings", "kind") if !known.iter().any(|kind| words.iter().any(|word| word.eq_ignore_ascii_case(kind))) => {
                let help = meant(&words[0], &known)
                    .unwrap_or_else(|| "a file of `evidence/` says how it is read: `kind`, `table: readings`".to_owned());
                found.push((place(), format!("no kind of evidence `{told}` gives readings"), help));
            }
            ("diagnostics", "daemon") if !words.iter().any(|word| speaks(kinds, condition.column, word)) => {
                let help =
                    format!("name it under `companions:` of a file of `evidence/`: `- {{names: [{}], says: [error]}}`", words[0]);
                found.push((place(), format!("nothing reads what `{told}` logs"), help));
            }
            _ => {}
        }
    }
    found
}

/// Whether records of diagnostics can be of this daemon: one of Postfix, a companion, or what a kind's pattern reads.
fn speaks(kinds: &[Kind], column: Column, daemon: &str) -> bool {
    let named = |kind: &Kind| {
        let mut names = kind.companions.iter().flat_map(|companion| &companion.names);
        names.any(|name| name.eq_ignore_ascii_case(daemon)) || kind.may_give(&diagnostics::TABLE, column, daemon)
    };
    is_of_postfix(&daemon.to_ascii_lowercase()) || kinds.iter().any(named)
}

/// Reason classes that a signal asks for and no reason gives: where, which, and what was probably meant.
pub(super) fn unknown_classes(signal: &Signal, classes: &BTreeSet<&str>, text: &str) -> Vec<Odd> {
    let asked = signal.conditions.iter().filter(|condition| signal.table.fields[condition.column.0].name == "reason_class");
    let words = asked.flat_map(|condition| match &condition.matcher {
        Matcher::OneOf(words) => words.iter().map(|word| (word, condition.place)).collect(),
        _ => Vec::new(),
    });
    words
        .filter(|(word, _)| !classes.contains(word.as_str()))
        .take(TOLD)
        .map(|(word, place)| {
            let help = did_you_mean(word, classes.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            (word_at(text, place, word), word.clone(), help)
        })
        .collect()
}

/// A matcher and all that it is made of.
fn parts(matcher: &Matcher) -> Vec<&Matcher> {
    let inner = match matcher {
        Matcher::Not(inner) => parts(inner),
        Matcher::All(all) => all.iter().flat_map(parts).collect(),
        _ => Vec::new(),
    };
    [vec![matcher], inner].concat()
}
