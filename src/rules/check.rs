//! What can only be checked when every file is known: names across files are errors, what is hardly meant so is a warning.

use super::amount::quantity;
use super::load::Loader;
use super::model::{Condition, Matcher, PHASES, Rule, Signal};
use super::problem::{Level, Place, did_you_mean};
use super::reasons::Reason;
use super::template::is_evidence;
use crate::tables::{Type, truth};
use std::collections::BTreeSet;

/// Level, file, place, message, help.
type Found = (Level, String, Place, String, Option<String>);

impl Loader {
    /// Notes every error that spans files. With `examples` each example of a reason must be taken by its class.
    pub(super) fn check(&mut self, examples: bool) {
        self.share_steps();
        let mut found: Vec<Found> = Vec::new();
        let ids: Vec<&str> = self.set.rules.iter().map(|rule| rule.id.as_str()).collect();
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
                error(rule.place, message, meant(&rule.bucket, &buckets));
            }
            for (id, place) in rule.explains.iter().zip(&rule.explains_at) {
                // A rule that is switched off may still be named.
                if !self.layer_of.contains_key(id.as_str()) {
                    error(*place, format!("`explains` names the unknown rule `{id}`"), meant(id, &ids));
                }
            }
            if let Some((next, path)) = self.cycle_from(rule) {
                let at = rule.explains.iter().position(|id| *id == next);
                let place = at.map_or(rule.place, |at| rule.explains_at[at]);
                error(place, format!("`explains` goes in a circle: {path}"), Some("leave out the weakest of these".to_owned()));
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
                    error(
                        test.place,
                        format!("the test `{}` gives the unknown kind of evidence `{kind}`", test.name),
                        meant(kind, &kinds),
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
                found.push((Level::Error, entry.file.clone(), entry.place, message, meant(&entry.bucket, &buckets)));
            }
        }
        if examples {
            for (entry, text, place, taken) in self.set.reasons.misplaced_examples() {
                // An entry that lost its phrase to an error takes nothing, which follows from that.
                let within = entry.place.line..=place.line;
                if self.problems.iter().any(|problem| problem.file == entry.file && within.contains(&problem.place.line)) {
                    continue;
                }
                let is_example = entry.examples.iter().any(|(_, known)| *known == place);
                let message = match taken {
                    Some(class) if is_example => format!("the reason `{class}` takes this example of `{}`", entry.class),
                    None if is_example => format!("no reason takes this example of `{}`", entry.class),
                    _ => format!("`{}` takes this text, which `not` says it must not", entry.class),
                };
                let help = match phrase_with_code(entry) {
                    Some(_) => WITHOUT_CODE.to_owned(),
                    None => format!("`postdoc explain {}` shows which entry decides", quoted(text)),
                };
                let help = Some(help);
                found.push((Level::Error, entry.file.clone(), place, message, help));
            }
        }
        for (level, file, place, message, help) in found {
            self.note(level, &file, place, message, help);
        }
    }

    /// The way from a rule through `explains` back to itself, and its first step.
    fn cycle_from(&self, start: &Rule) -> Option<(String, String)> {
        let mut stack = vec![vec![start.id.as_str()]];
        let mut seen = BTreeSet::new();
        while let Some(path) = stack.pop() {
            let last = *path.last()?;
            let Some(rule) = self.set.rules.iter().find(|rule| rule.id == last) else { continue };
            for next in &rule.explains {
                if *next == start.id {
                    let first = path.get(1).map_or(next.as_str(), |first| first);
                    return Some((first.to_owned(), path.join(" -> ") + " -> " + next));
                }
                if seen.insert(next.as_str()) {
                    let mut longer = path.clone();
                    longer.push(next);
                    stack.push(longer);
                }
            }
        }
        None
    }

    /// Notes what is hardly meant so, in the files of the last folder.
    pub(super) fn warn(&mut self) {
        let mut found: Vec<Found> = Vec::new();
        let classes: BTreeSet<&str> = self.set.reasons.entries.iter().map(|entry| entry.class.as_str()).collect();
        // Where there is an error, a warning may only follow from it.
        let broken: BTreeSet<String> = self.problems.iter().map(|problem| problem.file.clone()).collect();
        let sound = |file: &String| self.latest.contains(file) && !broken.contains(file);
        for rule in self.set.rules.iter().filter(|rule| sound(&rule.file)) {
            let text = self.texts.get(&rule.file).map_or("", |text| text);
            let mut warning = |place: Place, message: String, help: Option<&str>| {
                found.push((Level::Warning, rule.file.clone(), place, message, help.map(str::to_owned)));
            };
            for (name, signal) in rule.entries().flat_map(|entry| entry.signals()) {
                for why in never(signal) {
                    warning(signal.place, format!("the signal `{name}` can never be met: {why}"), None);
                }
                for (what, help) in hardly(signal) {
                    warning(signal.place, format!("the signal `{name}` {what}"), Some(&help));
                }
                for (class, meant) in unknown_classes(signal, &classes) {
                    let message = format!("the signal `{name}` asks for the reason class `{class}`, which no reason gives");
                    warning(signal.place, message, meant.as_deref());
                }
            }
            if rule.remedy.is_empty() && !rule.note {
                warning(
                    rule.place,
                    "the rule has no `remedy`: its reader learns what is wrong, but not what to do".to_owned(),
                    None,
                );
            }
            for (fires, what) in [(true, "that it fires"), (false, "that it does not fire")] {
                if !rule.tests.iter().any(|test| test.fires() == fires) {
                    let help = if fires { "expect: likely" } else { "expect: 'no'" };
                    let message = format!("no test of the rule shows {what}");
                    warning(rule.place, message, Some(&format!("add evidence under `tests` with `{help}`")));
                }
            }
            let checked = rule.remedy.iter().any(|step| matches!(PHASES[step.phase], "fix" | "verify"));
            for step in rule.remedy.iter().filter(|step| step.risk == "destructive") {
                // Only steps of the phase drain are locked, behind the steps that fix and verify.
                if PHASES[step.phase] != "drain" || !checked {
                    let message = "nothing locks this destructive step".to_owned();
                    let help = "put it in the phase `drain`, which opens after the rule's steps `fix` and `verify`";
                    warning(step.place, message, Some(help));
                }
            }
            if let Some(step) = rule.remedy.iter().find(|step| PHASES[step.phase] == "drain" && !checked) {
                let message = "nothing locks this step: the rule has no step `fix` or `verify` that comes before it".to_owned();
                warning(step.place, message, Some("say what has to be repaired or checked before mail moves"));
            }
            for step in rule.remedy.iter().filter(|step| step.risk != "destructive") {
                if let Some(command) =
                    DESTRUCTIVE.iter().find(|command| deletes(step.run.as_deref().unwrap_or_default(), command))
                {
                    let message = format!("the step runs `{command}`, which nothing brings back, and is of risk `{}`", step.risk);
                    warning(step.place, message, Some("its risk is `destructive`, and its phase `drain`"));
                }
            }
            for step in rule.remedy.iter().filter(|step| step.shared.is_none()) {
                let acts = step.run.is_some() || PHASES[step.phase] != "prevent";
                if acts && step.good.is_none() {
                    let message = "the step does not say what a good result looks like".to_owned();
                    warning(step.place, message, Some("add `good:` with what its reader will see when it worked"));
                }
                if matches!(step.risk, "caution" | "destructive") && step.undo.is_none() {
                    let message = format!("the step is of risk `{}` and does not say how to go back", step.risk);
                    warning(step.place, message, Some("add `undo:`; if nothing brings it back, say that"));
                }
            }
            for name in rule.params.keys() {
                let used = [format!("${name}"), format!("params.{name}")].iter().any(|use_| holds_word(text, use_));
                if !used {
                    warning(
                        rule.place,
                        format!("nothing in the rule uses the parameter `{name}`"),
                        Some(&format!("write `${name}` where it counts")),
                    );
                }
            }
            for (number, line) in (1..).zip(text.lines()) {
                let column = |at: usize| line[..at].chars().count() as u32 + 1;
                for (at, _) in line.match_indices("`{{") {
                    let name = line[at + 3..].split("}}").next().unwrap_or_default();
                    if is_evidence(name.trim_matches([' ', '~'])) && line[at + 3 + name.len()..].starts_with("}}`") {
                        let place = Place { line: number, column: column(at), length: name.chars().count() as u32 + 6 };
                        let message = "a text of the evidence is shown as code by itself".to_owned();
                        warning(place, message, Some("leave out the backticks around it"));
                    }
                }
                let Some(at) = line.find("TODO") else { continue };
                let place = Place { line: number, column: column(at), length: 4 };
                warning(place, "something is still to be done here".to_owned(), None);
            }
        }
        for kind in self.set.kinds.iter().filter(|kind| sound(&kind.file) && kind.names.is_empty() && kind.content.is_empty()) {
            let message = format!("nothing recognises a file of the kind `{}`", kind.kind);
            let help = "add `names:` with file names, or `content:` with what stands in it".to_owned();
            found.push((Level::Warning, kind.file.clone(), kind.place, message, Some(help)));
        }
        for entry in self.set.reasons.entries.iter().filter(|entry| sound(&entry.file)) {
            if let Some(pattern) = phrase_with_code(entry) {
                let message = format!("the phrase `{pattern}` begins with a reply code");
                let help = WITHOUT_CODE.to_owned();
                found.push((Level::Warning, entry.file.clone(), entry.place, message, Some(help)));
            }
            if entry.examples.is_empty() && !entry.any.is_empty() {
                let message = format!("this entry of `{}` has no example", entry.class);
                let help = "add a real text under `examples`: each is a test".to_owned();
                found.push((Level::Warning, entry.file.clone(), entry.place, message, Some(help)));
            }
        }
        for (level, file, place, message, help) in found {
            self.note(level, &file, place, message, help);
        }
    }
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

/// Whether `word` occurs in `text` and does not go on.
fn holds_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let next = text[at + word.len()..].chars().next();
        next.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'))
    })
}

/// What to do with the code in a phrase.
const WITHOUT_CODE: &str = "phrases are matched without codes: leave it out, or say `only: {code: [...]}` beside the phrase";

/// A phrase that begins with a reply code, which the text that it is matched against has not.
fn phrase_with_code(entry: &Reason) -> Option<&str> {
    let begins_with_code = |pattern: &&str| {
        let words = pattern.trim_start_matches(['^', '(']).as_bytes();
        matches!(words, [b'2' | b'4' | b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..])
    };
    entry.any.iter().chain(&entry.hints).map(|regex| regex.as_str()).find(begins_with_code)
}

/// Commands after which mail or files are gone.
const DESTRUCTIVE: [&str; 6] = ["postsuper -d", "rm -r", "rm -rf", "rm -fr", "mkfs", "wipefs"];

/// Whether one of the commands of `run` begins with `command`.
fn deletes(run: &str, command: &str) -> bool {
    let starts =
        run.split(['\n', ';', '|', '&']).map(|part| part.trim().trim_start_matches("sudo ").trim_start_matches("xargs "));
    starts.filter_map(|part| part.strip_prefix(command)).any(|rest| rest.is_empty() || rest.starts_with(' '))
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

/// A matcher and all that it is made of.
fn parts(matcher: &Matcher) -> Vec<&Matcher> {
    let inner = match matcher {
        Matcher::Not(inner) => parts(inner),
        Matcher::All(all) => all.iter().flat_map(parts).collect(),
        _ => Vec::new(),
    };
    [vec![matcher], inner].concat()
}

/// What a signal asks that is hardly meant so, and what to write.
fn hardly(signal: &Signal) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for matcher in signal.conditions.iter().flat_map(|condition| parts(&condition.matcher)) {
        match matcher {
            Matcher::Matches(regex) => {
                let pattern = regex.as_str();
                if let Some(bare) = pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
                    let what = format!("looks for `{pattern}` with its slashes");
                    found.push((what, format!("write `matches: '{bare}'`; case does not matter")));
                }
            }
            Matcher::Contains(texts) | Matcher::StartsWith(texts) | Matcher::EndsWith(texts) => {
                let is_regex = |text: &&String| [".*", ".+", r"\d", r"\s", r"\w", r"\b"].iter().any(|part| text.contains(part));
                if let Some(text) = texts.iter().find(is_regex) {
                    found.push((
                        format!("looks for `{text}` as it stands there"),
                        "a regular expression is `matches: ...`".to_owned(),
                    ));
                }
            }
            _ => {}
        }
    }
    let expect = &signal.expect;
    if !expect.share_of.is_empty() && expect.share.is_none() {
        found.push(("has `share_of` without `share`, which counts nothing".to_owned(), "add `share: 50%+`".to_owned()));
    }
    let lasting = expect.lasting.map(|amount| amount.min.max(0.0)).filter(|seconds| seconds.is_finite());
    for (name, seconds) in [("lasting", lasting), ("within", expect.within)] {
        if let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0 && *seconds < 60.0) {
            let help = format!("if hours are meant, write `{seconds}h`");
            found.push((format!("asks for {seconds} seconds with `{name}`"), help));
        }
    }
    found
}

/// Why a signal can never be met, if that is plain from its text.
fn never(signal: &Signal) -> Vec<String> {
    let mut why = Vec::new();
    let expect = &signal.expect;
    let amounts = [("count", &expect.count), ("share", &expect.share), ("rate", &expect.rate), ("lasting", &expect.lasting)];
    let amounts = amounts.into_iter().filter_map(|(name, amount)| Some((name.to_owned(), amount.as_ref()?)));
    let distinct =
        expect.distinct.iter().map(|(column, amount)| (format!("distinct {}", signal.table.fields[column.0].name), amount));
    for (name, amount) in amounts.chain(distinct) {
        if amount.min > amount.max || (amount.min == amount.max && (amount.above || amount.below)) || amount.max < 0.0 {
            why.push(format!("no number satisfies its `{name}`"));
        } else if name == "share" && amount.min > 1.0 {
            why.push("no share is more than 100%; a part is written as `50%` or `0.5`".to_owned());
        }
    }
    let none = expect.count.is_some_and(|amount| amount.max == 0.0);
    if none && expect.distinct.iter().any(|(_, amount)| !amount.is_absence()) {
        why.push("it expects no record and different values of them".to_owned());
    }
    for Condition { column, matcher } in &signal.conditions {
        let field = &signal.table.fields[column.0];
        let Matcher::OneOf(words) = matcher else { continue };
        if words.is_empty() {
            why.push(format!("no value is allowed for `{}`", field.name));
        }
        for word in words {
            if (field.name == "ip" || field.name.ends_with("_ip"))
                && word.split_once('/').is_some_and(|(ip, _)| ip.parse::<std::net::IpAddr>().is_ok())
            {
                why.push(format!("`{}` is one address; a network is `in_network: [{word}]`", field.name));
            }
            let holds = |known: &&&str| known.eq_ignore_ascii_case(word);
            let is_number = || word.parse::<f64>().is_ok();
            let holds = match field.ty {
                Type::Bool if truth(word).is_none() => "yes or no".to_owned(),
                Type::Int | Type::Number if !is_number() && quantity(word).is_some() => {
                    "numbers, which have no unit here: compare with `gte` or `lt`".to_owned()
                }
                Type::Int | Type::Number if !is_number() => "numbers".to_owned(),
                Type::Text if !field.words.is_empty() && field.words.iter().find(holds).is_none() => {
                    let meant = did_you_mean(word, field.words.iter().copied());
                    let known = format!("`{}`", field.words.join("`, `"));
                    meant.map_or(known, |meant| format!("`{meant}`, which is probably meant"))
                }
                _ => continue,
            };
            why.push(format!("`{}` never is `{word}`: it holds {holds}", field.name));
        }
    }
    why
}

/// Reason classes that a signal asks for and no reason gives, with what was probably meant.
fn unknown_classes(signal: &Signal, classes: &BTreeSet<&str>) -> Vec<(String, Option<String>)> {
    let asked = signal.conditions.iter().filter(|condition| signal.table.fields[condition.column.0].name == "reason_class");
    let words = asked.filter_map(|condition| match &condition.matcher {
        Matcher::OneOf(words) => Some(words),
        _ => None,
    });
    words
        .flatten()
        .filter(|word| !classes.contains(word.as_str()))
        .map(|word| (word.clone(), did_you_mean(word, classes.iter().copied()).map(|meant| format!("did you mean `{meant}`?"))))
        .collect()
}
