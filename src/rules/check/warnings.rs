//! What is allowed and hardly meant so: rules without remedy or test, steps that nothing locks, words that are shown as they stand.

use super::signals::{hardly, like_references, never, odd_words, unknown_classes, unread};
use super::{Found, WITHOUT_CODE, phrase_with_code, word_at};
use crate::parallel;
use crate::rules::kinds::Kind;
use crate::rules::load::Loader;
use crate::rules::model::{PHASES, Rule};
use crate::rules::problem::{Level, Place};
use crate::rules::reasons::Reason;
use crate::rules::template::is_evidence;
use crate::tables::failures;
use memchr::memmem;
use std::collections::BTreeSet;

/// Takes a warning: where, what, and what to do about it.
type Warning<'w> = &'w mut dyn FnMut(Place, String, Option<&str>);

impl Loader {
    /// Notes what is hardly meant so, in the files of the last folder.
    pub(in crate::rules) fn warn(&mut self) {
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

/// Where a value begins with a quote that is none in YAML, if one does in this line.
fn typographic_quote(line: &str) -> Option<usize> {
    let quote = |c: char| matches!(c, '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{2018}' | '\u{2019}' | '\u{201a}');
    let begins = |before: &str| before.trim_start() == "- " || [": ", "[", ", ", "{"].iter().any(|end| before.ends_with(end));
    // Within straight quotes, and in prose, it may stand.
    let bare = |before: &str| !before.contains(['\'', '"']) && before.contains([':', '-', '[']);
    line.char_indices().find(|(at, c)| quote(*c) && begins(&line[..*at]) && bare(&line[..*at])).map(|(at, _)| at)
}

/// Whether `word` occurs in `text` and does not go on.
fn holds_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let next = text[at + word.len()..].chars().next();
        next.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-'))
    })
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
