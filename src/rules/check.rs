//! What can only be checked when every file is known: names across files are errors, what is hardly meant so is a warning.

use super::amount::quantity;
use super::kinds::Kind;
use super::load::Loader;
use super::model::{Condition, Matcher, PHASES, Rule, Signal};
use super::problem::{Level, Place, did_you_mean, find_at};
use super::reasons::Reason;
use super::template::is_evidence;
use crate::parallel;
use crate::said::Voice;
use crate::said::daemons::is_of_postfix;
use crate::tables::{Column, Table, Type, diagnostics, failures, host, truth};
use memchr::memmem;
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

    /// Notes what is hardly meant so, in the files of the last folder.
    pub(super) fn warn(&mut self) {
        let classes: BTreeSet<&str> = self.set.reasons.entries.iter().map(|entry| entry.class.as_str()).collect();
        // Where there is an error, a warning may only follow from it.
        let broken: BTreeSet<&str> = self.problems.iter().map(|problem| problem.file.as_str()).collect();
        let sound = |file: &str| self.latest.contains(file) && !broken.contains(file);
        let text = |file: &str| self.texts.get(file).map_or("", |text| text);
        let rules: Vec<&Rule> = self.set.rules.iter().filter(|rule| sound(&rule.file)).collect();
        let of_rules = parallel::each(parallel::cores(), &rules, |rule| {
            warnings_in(&rule.file, |warning| {
                let text = text(&rule.file);
                warn_of_conditions(rule, &classes, &self.set.kinds, text, warning);
                warn_of_rule(rule, warning);
                warn_of_steps(rule, warning);
                warn_of_words(rule, text, warning);
            })
        });
        let files: Vec<&String> = self.latest.iter().filter(|file| sound(file)).collect();
        let of_texts =
            parallel::each(parallel::cores(), &files, |file| warnings_in(file, |warning| warn_of_text(text(file), warning)));
        let mut found: Vec<Found> = of_rules.into_iter().chain(of_texts).flatten().collect();
        let nameless = |kind: &&Kind| kind.names.is_empty() && kind.content.is_empty() && !kind.parser.is_empty();
        for kind in self.set.kinds.iter().filter(|kind| sound(&kind.file)).filter(nameless) {
            let message = format!("nothing recognises a file of the kind `{}`", kind.kind);
            let help = "add `names:` with file names, or `content:` with what stands in it";
            found.extend(warnings_in(&kind.file, |warning| warning(kind.place, message, Some(help))));
        }
        for entry in self.set.reasons.entries.iter().filter(|entry| sound(&entry.file)) {
            found.extend(warnings_in(&entry.file, |warning| warn_of_reason(entry, text(&entry.file), warning)));
        }
        for (file, place, word) in self.set.secrets.without_example().filter(|(file, ..)| sound(file)) {
            let help = "write one under `examples:`, with the token between « and »";
            let message = format!("no example shows the token `{word}`");
            found.extend(warnings_in(file, |warning| warning(place, message, Some(help))));
        }
        for (level, file, place, message, help) in found {
            self.note(level, &file, place, message, help);
        }
    }
}

/// Takes a warning: where, what, and what to do about it.
type Warning<'w> = &'w mut dyn FnMut(Place, String, Option<&str>);

/// What `look` warns of in a file.
fn warnings_in(file: &str, look: impl FnOnce(Warning<'_>)) -> Vec<Found> {
    let mut found = Vec::new();
    look(&mut |place, message, help| found.push((Level::Warning, file.to_owned(), place, message, help.map(str::to_owned))));
    found
}

/// Signals that are never met or hardly ever, and words that no record holds.
fn warn_of_conditions(rule: &Rule, classes: &BTreeSet<&str>, kinds: &[Kind], text: &str, warning: Warning<'_>) {
    for (name, signal) in rule.entries().flat_map(|entry| entry.signals()) {
        for (place, why, help) in never(signal, text) {
            warning(place, format!("the signal `{name}` can never be met: {why}"), help.as_deref());
        }
        let conditions = signal.conditions.iter().chain(&signal.expect.share_of);
        for (place, what, help) in conditions.flat_map(|condition| odd_words(signal.table, condition, text)) {
            warning(place, format!("the signal `{name}` {what}"), help.as_deref());
        }
        for condition in &signal.conditions {
            for (place, what, help) in like_references(rule, condition, text) {
                warning(place, format!("the signal `{name}` {what}"), help.as_deref());
            }
        }
        for (place, what, help) in hardly(signal, text) {
            warning(place, format!("the signal `{name}` {what}"), Some(&help));
        }
        for (place, why, help) in unread(signal, kinds, text) {
            warning(place, format!("the signal `{name}` can never be met: {why}"), Some(&help));
        }
        for (place, class, meant) in unknown_classes(signal, classes, text) {
            let message = format!("the signal `{name}` asks for the reason class `{class}`, which no reason gives");
            warning(place, message, meant.as_deref());
        }
    }
    for condition in rule.accounts_for.iter().flatten().flatten() {
        for (place, what, help) in odd_words(&failures::TABLE, condition, text) {
            warning(place, format!("`accounts_for` {what}"), help.as_deref());
        }
    }
}

/// What a rule lacks, and what its names and references should be.
fn warn_of_rule(rule: &Rule, warning: Warning<'_>) {
    let stem = rule.file.rsplit(['/', '\\']).next().and_then(|name| name.rsplit_once('.')).map_or("", |(stem, _)| stem);
    if stem != rule.id {
        let message = format!("the rule `{}` stands in a file of another name", rule.id);
        warning(rule.place, message, Some(&format!("call the file {}.yaml: so others find it", rule.id)));
    }
    let is_address = |text: &str| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
    };
    for (text, place) in rule.references.iter().zip(&rule.references_at).filter(|(text, _)| !is_address(text)) {
        let message = format!("the reference `{text}` is no address that a browser opens");
        warning(*place, message, Some("begin it with `https://`; other words stand in `summary`"));
    }
    let mut names = BTreeSet::new();
    for test in rule.tests.iter().filter(|test| !names.insert(&test.name)) {
        let message = format!("another test of the rule is called `{}`, too", test.name);
        warning(test.place, message, Some("a failure is told by the test's name: give each its own"));
    }
    if rule.remedy.is_empty() && !rule.note {
        warning(rule.place, "the rule has no `remedy`: its reader learns what is wrong, but not what to do".to_owned(), None);
    }
    for (fires, what) in [(true, "that it fires"), (false, "that it does not fire")] {
        if !rule.tests.iter().any(|test| test.fires() == fires) {
            let help = if fires { "expect: likely" } else { "expect: 'no'" };
            let message = format!("no test of the rule shows {what}");
            warning(rule.place, message, Some(&format!("add evidence under `tests` with `{help}`")));
        }
    }
}

/// Steps that nothing locks, and steps of which their reader learns too little.
fn warn_of_steps(rule: &Rule, warning: Warning<'_>) {
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
        if let Some(command) = DESTRUCTIVE.iter().find(|command| deletes(step.run.as_deref().unwrap_or_default(), command)) {
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
}

/// Parameters that nothing uses, and texts of the evidence that are shown as code.
fn warn_of_words(rule: &Rule, text: &str, warning: Warning<'_>) {
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
    let says = rule.entries().flat_map(|entry| entry.signals()).map(|(_, signal)| (signal.place, signal.says.as_str()));
    let texts = says.chain([(rule.place, rule.summary.as_str()), (rule.place, rule.title.as_str())]);
    for (place, words) in texts {
        for name in words
            .split('$')
            .skip(1)
            .map(|rest| rest.trim_start_matches('{').split(|c: char| !is_of_name(c)).next().unwrap_or_default())
        {
            let signal = name.split_once('.').map(|(head, _)| head);
            let own = |head: &str| matches!(head, "first" | "last" | "top" | "list" | "distinct");
            let of_signal = |head: &str| rule.entries().flat_map(|entry| entry.signals()).any(|(name, _)| name == head);
            let variable = match name {
                "count" | "share" | "since" | "until" | "key" => name.to_owned(),
                _ if signal.is_some_and(|head| own(head) || of_signal(head)) => name.to_owned(),
                _ if rule.params.contains_key(name) => format!("params.{name}"),
                _ => continue,
            };
            let braced = format!("${{{name}}}");
            let written = if words.contains(&braced) { braced } else { format!("${name}") };
            let message = format!("`{written}` is shown as it stands there");
            warning(word_at(text, place, &written), message, Some(&format!("in a text write `{{{{{variable}}}}}`")));
        }
    }
    let mut places = Places::of(text);
    for at in memmem::find_iter(text.as_bytes(), "`{{") {
        let rest = &text[at + 3..];
        let name = rest.split(['\n', '}']).next().unwrap_or_default();
        if is_evidence(name.trim_matches([' ', '~'])) && rest[name.len()..].starts_with("}}`") {
            let message = "a text of the evidence is shown as code by itself".to_owned();
            let place = places.at(at, name.chars().count() as u32 + 6);
            warning(place, message, Some("leave out the backticks around it"));
        }
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// What is still to be done in a file, and quotes that are none.
fn warn_of_text(text: &str, warning: Warning<'_>) {
    let mut places = Places::of(text);
    for at in memmem::find_iter(text.as_bytes(), "TODO") {
        let what = text[at + 4..].lines().next().unwrap_or_default();
        let message = match what.trim_start_matches([':', ' ']).trim_end_matches(['\'', '"', ' ']) {
            "" => "something is still to be done here".to_owned(),
            what => format!("still to be done: {what}"),
        };
        warning(places.at(at, 4), message, None);
    }
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_ascii()) {
        if let Some(at) = typographic_quote(line) {
            let column = line[..at].chars().count() as u32 + 1;
            let place = Place { line: number, column, length: 1 };
            let help = "straight quotes are quotes here: ' or \"";
            warning(place, "this quote is part of the text".to_owned(), Some(help));
        }
    }
}

/// Phrases that say more or less than they should, and entries without an example.
fn warn_of_reason(entry: &Reason, text: &str, warning: Warning<'_>) {
    if let Some(pattern) = phrase_with_code(entry) {
        let message = format!("the phrase `{pattern}` has a code, or words that stand around a reply");
        warning(entry.place, message, Some(WITHOUT_CODE));
    }
    for (pattern, inside) in
        entry.any.iter().chain(&entry.hints).filter_map(|regex| Some((regex.as_str(), word_in_brackets(regex.as_str())?)))
    {
        let message = format!("`[{inside}]` in the phrase `{pattern}` is one of these letters");
        let help = format!("brackets that stand for themselves are written `\\[{inside}\\]`");
        let place = word_at(text, entry.place, &format!("[{inside}]"));
        warning(place, message, Some(&help));
    }
    if entry.examples.is_empty() && !entry.any.is_empty() {
        let message = format!("this entry of `{}` has no example", entry.class);
        warning(entry.place, message, Some("add a real text under `examples`: each is a test"));
    }
}

fn meant(word: &str, known: &[&str]) -> Option<String> {
    did_you_mean(word, known.iter().copied()).map(|meant| format!("did you mean `{meant}`?"))
}

/// Where a value begins with a quote that is none in YAML, if one does in this line.
fn typographic_quote(line: &str) -> Option<usize> {
    let quote = |c: char| matches!(c, '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2018}' | '\u{2019}' | '\u{201a}');
    let begins = |before: &str| before.trim_start() == "- " || [": ", "[", ", ", "{"].iter().any(|end| before.ends_with(end));
    // Within straight quotes, and in prose, it may stand.
    let bare = |before: &str| !before.contains(['\'', '"']) && before.contains([':', '-', '[']);
    line.char_indices().find(|(at, c)| quote(*c) && begins(&line[..*at]) && bare(&line[..*at])).map(|(at, _)| at)
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

/// Letters in brackets that are a word or an address and no choice of letters.
fn word_in_brackets(pattern: &str) -> Option<&str> {
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, more) = after.split_once(']')?;
        let repeated = inside.char_indices().any(|(at, c)| inside[at + c.len_utf8()..].contains(c));
        let plain = inside.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ':'));
        if !before.ends_with('\\')
            && plain
            && inside.len() > 2
            && (repeated || inside.len() > 4 && inside.bytes().all(|b| b.is_ascii_lowercase()))
        {
            return Some(inside);
        }
        rest = more;
    }
    None
}

/// Commands after which mail or files are gone.
const DESTRUCTIVE: [&str; 6] = ["postsuper -d", "rm -r", "rm -rf", "rm -fr", "mkfs", "wipefs"];

/// Whether one of the commands of `run` begins with `command`.
fn deletes(run: &str, command: &str) -> bool {
    // Nearly no step does.
    if !run.contains(command) {
        return false;
    }
    let starts =
        run.split(['\n', ';', '|', '&']).map(|part| part.trim().trim_start_matches("sudo ").trim_start_matches("xargs "));
    starts.filter_map(|part| part.strip_prefix(command)).any(|rest| rest.is_empty() || rest.starts_with(' '))
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

/// A matcher and all that it is made of.
fn parts(matcher: &Matcher) -> Vec<&Matcher> {
    let inner = match matcher {
        Matcher::Not(inner) => parts(inner),
        Matcher::All(all) => all.iter().flat_map(parts).collect(),
        _ => Vec::new(),
    };
    [vec![matcher], inner].concat()
}

/// Places in a text, asked for in their order: what lies before one is passed only once.
struct Places<'t> {
    rest: &'t str,
    passed: usize,
    line: u32,
    column: u32,
}

impl<'t> Places<'t> {
    fn of(text: &'t str) -> Places<'t> {
        Places { rest: text, passed: 0, line: 1, column: 1 }
    }

    /// The place of `length` characters that begin at this byte.
    fn at(&mut self, at: usize, length: u32) -> Place {
        let (before, rest) = self.rest.split_at(at - self.passed);
        (self.rest, self.passed) = (rest, at);
        let last = before.rsplit('\n').next().unwrap_or_default();
        if last.len() < before.len() {
            self.line += before.matches('\n').count() as u32;
            self.column = 1;
        }
        self.column += last.chars().count() as u32;
        Place { line: self.line, column: self.column, length }
    }
}

/// Where `word` stands at or below `place`, as a word of its own; the place itself if it does not.
fn word_at(text: &str, place: Place, word: &str) -> Place {
    find_at(text, place, word, |_| true)
}

/// Where, what, and what to write.
type Odd = (Place, String, Option<String>);

/// What a signal asks that is hardly meant so, and what to write.
fn hardly(signal: &Signal, text: &str) -> Vec<(Place, String, String)> {
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
fn never(signal: &Signal, text: &str) -> Vec<Odd> {
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
fn odd_words(table: &Table, condition: &Condition, text: &str) -> Vec<Odd> {
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
fn like_references(rule: &Rule, condition: &Condition, text: &str) -> Vec<Odd> {
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

/// Odd values of one list that are told one by one: who has more of them reads no further.
const TOLD: usize = 10;

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
        Type::Int | Type::Number if !is_number() && super::advice::comparison(word).is_some() => super::advice::comparison(word)
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
fn unread(signal: &Signal, kinds: &[Kind], text: &str) -> Vec<(Place, String, String)> {
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
fn unknown_classes(signal: &Signal, classes: &BTreeSet<&str>, text: &str) -> Vec<Odd> {
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
