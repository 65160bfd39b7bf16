//! What can only be checked when every file is known: names across files, circles, examples that another entry takes. Each of
//! these is an error; what is hardly meant so is a warning (`warnings`).

mod signals;
mod warnings;

use super::kinds::Kind;
use super::load::Loader;
use super::model::{Rule, Signal};
use super::problem::{Level, Place, did_you_mean, find_at};
use super::reasons::Reason;
use crate::said::Voice;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Level, file, place, message, help.
type Found = (Level, String, Place, String, Option<String>);

impl Loader {
    /// Notes every error that spans files. With `examples` each example of a reason must be taken by its class.
    pub(super) fn check(&mut self, examples: bool) {
        self.share_steps();
        let mut found: Vec<Found> = Vec::new();
        let ids: Vec<&str> = self.set.rules.iter().map(|rule| rule.id.as_str()).collect();
        let by_id: BTreeMap<&str, &Rule> = self.set.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        let mut circles_told = 0;
        let buckets: Vec<&str> = self.set.buckets.iter().map(|bucket| bucket.id.as_str()).collect();
        for rule in &self.set.rules {
            let mut error = |place: Place, message: String, help: Option<String>| {
                found.push((Level::Error, rule.file.clone(), place, message, help));
            };
            if !buckets.contains(&rule.bucket.as_str()) {
                let message = format!(
                    "unknown bucket `{}`: a rule stands in the folder of its bucket, or names it with `bucket:`",
                    rule.bucket
                );
                let help = meant(&rule.bucket, &buckets).or_else(|| Some(format!("known: {}", buckets.join(", "))));
                // It stands in the rule where the folder does not tell it.
                let text = self.texts.get(&rule.file).filter(|text| text.contains("\nbucket:")).map_or("", |text| text);
                error(word_at(text, rule.place, &rule.bucket), message, help);
            }
            for (id, place) in rule.explains.iter().zip(&rule.explains_at) {
                // A rule that is switched off may still be named.
                if !self.layer_of.contains_key(id.as_str()) {
                    // A part of a long id is what people remember.
                    let part = || ids.iter().find(|known| id.len() > 4 && known.contains(id.as_str()));
                    let help = meant(id, &ids).or_else(|| part().map(|known| format!("did you mean `{known}`?")));
                    let several =
                        || Some(id.split([',', ' ']).filter(|id| !id.is_empty()).collect::<Vec<_>>()).filter(|ids| ids.len() > 1);
                    let help = help.or_else(|| several().map(|ids| format!("several stand in a list: `[{}]`", ids.join(", "))));
                    let help = help.unwrap_or_else(|| "`postdoc rules list` shows the rules".to_owned());
                    error(*place, format!("`explains` names the unknown rule `{id}`"), Some(help));
                }
            }
            if circles_told < MOST_CIRCLES
                && let Some(path) = circle_from(rule, &by_id)
            {
                circles_told += 1;
                let at = rule.explains.iter().position(|id| Some(id.as_str()) == path.get(1).copied());
                let place = at.map_or(rule.place, |at| rule.explains_at[at]);
                let (message, help) = match path.len() {
                    2 => ("the rule explains itself".to_owned(), "`explains` names the causes that follow from this one"),
                    _ => (format!("`explains` goes in a circle: {}", way_told(&path)), "leave out the weakest of these"),
                };
                error(place, message, Some(help.to_owned()));
            }
            let mut names = BTreeSet::new();
            for (name, signal) in rule.entries().flat_map(|entry| entry.signals()) {
                if !names.insert(name) {
                    let help = Some("each signal of a rule has a name of its own, in all its sections".to_owned());
                    error(signal.place, format!("the rule has two signals `{name}`"), help);
                }
            }
            for (name, place, path) in circles(rule) {
                let message = format!("the signal `{name}` waits for itself: {path}");
                error(place, message, Some("let it refer to a signal that is met without it".to_owned()));
            }
            for test in &rule.tests {
                for (kind, _) in test.given.iter().filter(|(kind, _)| self.set.kinds.iter().all(|known| known.kind != *kind)) {
                    let kinds: Vec<&str> = self.set.kinds.iter().map(|known| known.kind.as_str()).collect();
                    let text = self.texts.get(&rule.file).map_or("", |text| text);
                    // What people know is the file's name or the table.
                    let like = |known: &&Kind| known.names.iter().any(|glob| glob.matches(&kind.to_ascii_lowercase()));
                    let feeds = |known: &&Kind| known.table == *kind;
                    let close = self.set.kinds.iter().find(like).or_else(|| self.set.kinds.iter().find(feeds));
                    let help = meant(kind, &kinds).or_else(|| close.map(|known| format!("did you mean `{}`?", known.kind)));
                    let help = help.or_else(|| Some("`postdoc sources BUNDLE` names the kind of each file".to_owned()));
                    error(
                        word_at(text, test.place, kind),
                        format!("the test `{}` gives the unknown kind of evidence `{kind}`", test.name),
                        help,
                    );
                }
            }
        }
        for entry in &self.set.reasons.entries {
            for provider in entry.providers().filter(|id| !id.contains('.') && !self.set.providers.is_known(id)) {
                let known: Vec<String> = self.set.providers.titles().into_keys().collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let message = format!("unknown provider `{provider}` of the reason `{}`", entry.class);
                let help =
                    meant(provider, &known).or_else(|| Some("one of providers.yaml, or the domain of a company".to_owned()));
                found.push((Level::Error, entry.file.clone(), entry.place, message, help));
            }
            if entry.bucket != "other" && !entry.bucket.is_empty() && !buckets.contains(&entry.bucket.as_str()) {
                let message = format!("unknown bucket `{}` of the reason `{}`", entry.bucket, entry.class);
                let text = self.texts.get(&entry.file).map_or("", |text| text);
                let help = meant(&entry.bucket, &buckets).or_else(|| Some(format!("known: {}", buckets.join(", "))));
                found.push((Level::Error, entry.file.clone(), word_at(text, entry.place, &entry.bucket), message, help));
            }
        }
        self.check_classes(&mut found);
        if examples {
            self.check_examples(&mut found);
            let mistakes = self.set.secrets.mistakes().into_iter();
            found.extend(mistakes.map(|(file, place, message)| (Level::Error, file.to_owned(), place, message, None)));
        }
        for (level, file, place, message, help) in found {
            self.note(level, &file, place, message, help);
        }
    }
    /// Notes each entry of the last folder whose class another entry puts into another bucket, or calls otherwise.
    fn check_classes(&self, found: &mut Vec<Found>) {
        let mut first: BTreeMap<&str, &Reason> = BTreeMap::new();
        // What was there before one's own entries counts as first.
        let own = |entry: &&Reason| self.latest.contains(&entry.file);
        let (own, before): (Vec<&Reason>, Vec<&Reason>) = self.set.reasons.entries.iter().partition(own);
        for entry in before {
            first.entry(&entry.class).or_insert(entry);
        }
        for entry in own {
            let known = *first.entry(&entry.class).or_insert(entry);
            if known.bucket != entry.bucket && !known.bucket.is_empty() && !entry.bucket.is_empty() {
                let message = format!(
                    "the class `{}` is of the bucket `{}` in {}:{}",
                    entry.class, known.bucket, known.file, known.place.line
                );
                let help =
                    "a class is of one bucket, by which its failures are counted: give this entry a class of its own".to_owned();
                let text = self.texts.get(&entry.file).map_or("", |text| text);
                found.push((Level::Error, entry.file.clone(), word_at(text, entry.place, &entry.bucket), message, Some(help)));
            }
        }
    }
    /// Notes each example that its class does not take. What an entry of the last folder takes from the folders before it is told
    /// once, where that entry stands.
    fn check_examples(&self, found: &mut Vec<Found>) {
        let mut taken_away: Vec<(&Reason, Vec<(&Reason, &str)>)> = Vec::new();
        for (entry, text, place, taken) in self.set.reasons.misplaced_examples() {
            // An entry that lost its phrase to an error takes nothing, which follows from that.
            let within = entry.place.line..=place.line;
            if self.problems.iter().any(|problem| problem.file == entry.file && within.contains(&problem.place.line)) {
                continue;
            }
            let is_example = entry.examples.iter().any(|(_, known)| *known == place);
            let is_late = |file: &str| self.latest.contains(file);
            // Whoever switches a class off leaves its texts to the others.
            if !is_example && !is_late(&entry.file) && taken.is_some_and(|taken| !is_late(&taken.file)) {
                continue;
            }
            let message = match taken {
                Some(taken) if is_example && is_late(&taken.file) && !is_late(&entry.file) => {
                    match taken_away.iter_mut().find(|(known, _)| std::ptr::eq(*known, taken)) {
                        Some((_, texts)) => texts.push((entry, text)),
                        None => taken_away.push((taken, vec![(entry, text)])),
                    }
                    continue;
                }
                Some(taken) if is_example => format!("the reason `{}` takes this example of `{}`", taken.class, entry.class),
                None if is_example => format!("no reason takes this example of `{}`", entry.class),
                _ => format!("`{}` takes this text, which `not` says it must not", entry.class),
            };
            let help = match phrase_with_code(entry) {
                Some(_) => WITHOUT_CODE.to_owned(),
                None => format!("`postdoc explain {}` shows which entry decides", quoted(text)),
            };
            found.push((Level::Error, entry.file.clone(), place, message, Some(help)));
        }
        for (taken, texts) in taken_away {
            let (of, text) = texts[0];
            let others = match texts.len() - 1 {
                0 => String::new(),
                1 => ", and one more example".to_owned(),
                more => format!(", and {more} more examples"),
            };
            let message =
                format!("the reason `{}` takes {} from `{}`{others} of the rules before it", taken.class, quoted(text), of.class);
            let help = "make its phrase longer, or say `only:` when it applies; one's own reasons are asked first".to_owned();
            found.push((Level::Error, taken.file.clone(), taken.place, message, Some(help)));
        }
    }
}

/// Circles of `explains` that are told: who mends one sees the next.
const MOST_CIRCLES: usize = 20;

/// The shortest way from a rule through `explains` back to itself.
fn circle_from<'s>(start: &'s Rule, by_id: &BTreeMap<&str, &'s Rule>) -> Option<Vec<&'s str>> {
    // From where each was first come to.
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(rule) = next.pop_front() {
        for explained in &rule.explains {
            if *explained == start.id {
                let back = std::iter::successors(Some(rule.id.as_str()), |id| before.get(id).copied());
                let mut path: Vec<&str> = [start.id.as_str()].into_iter().chain(back).collect();
                path.reverse();
                return Some(path);
            }
            if let Some(explained) = by_id.get(explained.as_str())
                && !before.contains_key(explained.id.as_str())
            {
                before.insert(&explained.id, &rule.id);
                next.push_back(explained);
            }
        }
    }
    None
}

/// A way as a person can take it in.
fn way_told(path: &[&str]) -> String {
    const ENDS: usize = 4;
    match path.len() {
        ..=9 => path.join(" -> "),
        all => format!("{} -> (and {} more) -> {}", path[..ENDS].join(" -> "), all - 2 * ENDS, path[all - ENDS..].join(" -> ")),
    }
}

/// Signals that refer to themselves, directly or through others: name, place, the way.
fn circles(rule: &Rule) -> Vec<(&str, Place, String)> {
    let signals: Vec<(&str, &Signal)> = rule.entries().flat_map(|entry| entry.signals()).collect();
    let needs = |name: &str| signals.iter().find(|(known, _)| *known == name).map(|(_, signal)| signal.needs());
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for (start, signal) in &signals {
        let mut stack = vec![vec![*start]];
        let mut seen = BTreeSet::new();
        while let Some(path) = stack.pop() {
            for next in path.last().and_then(|last| needs(last)).unwrap_or_default() {
                if next == *start && told.is_disjoint(&path.iter().copied().collect()) {
                    told.extend(&path);
                    found.push((*start, signal.place, path.join(" -> ") + " -> " + start));
                } else if seen.insert(next) {
                    stack.push([&path[..], &[next]].concat());
                }
            }
        }
    }
    found
}

/// Where `word` stands at or below `place`, as a word of its own; the place itself if it does not.
fn word_at(text: &str, place: Place, word: &str) -> Place {
    find_at(text, place, word, |_| true)
}

fn meant(word: &str, known: &[&str]) -> Option<String> {
    did_you_mean(word, known.iter().copied()).map(|meant| format!("did you mean `{meant}`?"))
}

/// A text as one argument, cut to what fits in a line.
fn quoted(text: &str) -> String {
    let short: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    let more = if short.len() < text.len() { "..." } else { "" };
    format!("'{}{more}'", short.replace('\'', "'\\''"))
}

/// What to do with the code in a phrase.
const WITHOUT_CODE: &str = "phrases are matched without codes and without `host ... said:` and `(in reply to ...)`: leave them out, or name the code beside the phrase with `only: {code: [...]}`";

/// A phrase with a code or with words around a reply, which the text that it is matched against has not.
fn phrase_with_code(entry: &Reason) -> Option<&str> {
    let is_whole_line = |pattern: &&str| {
        let words = pattern.trim_start_matches(['^', '(']).replace('\\', "");
        let first = words.split([' ', '-']).next().unwrap_or_default();
        let mut parts = first.split('.');
        let digits = |part: Option<&str>| part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        let class = words.starts_with(['2', '4', '5']);
        let basic = class && first.len() == 3 && digits(Some(first)) && words.len() > 3;
        let enhanced = class && (0..3).all(|_| digits(parts.next())) && parts.next().is_none();
        basic || enhanced || words.contains(" said: ") || words.contains("in reply to")
    };
    // What is not a reply keeps the codes that stand in it.
    let of_replies = entry.only.voice.iter().all(|voice| *voice == Voice::Remote);
    entry.any.iter().chain(&entry.hints).map(|regex| regex.as_str()).find(|pattern| of_replies && is_whole_line(pattern))
}
