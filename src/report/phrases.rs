//! The report's own words, from `words.yaml` beside the templates, so that a translation is one file.

use super::brand::misread;
use super::view::{AskedField, Cause, DestinationRow, Evidence, Ladder, Report, Span, Verdict};
use crate::diagnose::words::{code_span, thousands};
use crate::distinct;
use crate::rules::problem::{Level, Place, Problem, did_you_mean};
use crate::rules::yaml::{Kind, Node};
use crate::tables::TABLES;
use crate::time::{Time, duration};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

/// The file beside the templates.
pub(crate) const FILE: &str = "words.yaml";

/// Values of a field that a question names.
const VALUES: usize = 3;

/// Fields that tell one kind of evidence from another: which look-up, which probe.
const KINDS: [&str; 5] = ["type", "name", "port", "policy", "domain"];

/// `a, b or c`.
fn one_of(values: &[String], or: &str) -> String {
    match values {
        [all @ .., last] if !all.is_empty() => format!("{}{or}{last}", all.join(", ")),
        _ => values.concat(),
    }
}

/// Whether a reference such as `settings.myhostname` is to what was collected, not to another signal.
fn names_a_table(reference: &str) -> bool {
    let (table, field) = reference.split_once('.').unwrap_or((reference, ""));
    TABLES.iter().any(|known| known.name == table) && !matches!(field, "key" | "first" | "last" | "top")
}

/// Networks that are nobody's on the Internet.
const PRIVATE: [&str; 8] =
    ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fe80::/10", "fc00::/7"];

/// What is wrong: where, what, and what to do.
type Wrong = (Place, String, Option<String>);

/// Phrases by dotted name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Phrases {
    texts: BTreeMap<String, Phrase>,
    months: Vec<String>,
}

#[derive(Debug, Clone)]
enum Phrase {
    Plain(String),
    /// For one, and for any other number.
    Counted(String, String),
}

impl Phrase {
    /// The names in braces.
    fn places(&self) -> BTreeSet<&str> {
        let texts = match self {
            Phrase::Plain(text) => [text.as_str(), ""],
            Phrase::Counted(one, other) => [one.as_str(), other.as_str()],
        };
        let named = texts.into_iter().flat_map(|text| text.split('{').skip(1)).filter_map(|rest| rest.split_once('}'));
        let counted = matches!(self, Phrase::Counted(..)).then_some("n");
        named.map(|(name, _)| name).chain(counted).collect()
    }

    fn places_in_words(&self) -> String {
        let list: Vec<String> = self.places().into_iter().map(|place| format!("`{{{place}}}`")).collect();
        if list.is_empty() { "none".to_owned() } else { list.join(", ") }
    }
}

impl Phrases {
    /// Reads a file of phrases, which replace those of `known`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn read(text: &str, known: &Phrases, file: &str) -> Result<Phrases, Vec<Problem>> {
        let problem = |place, why, help| Problem::new(Level::Error, file, text, place, why, help);
        let tree = Node::parse(text).map_err(|error| {
            let (place, why) = misread(&error);
            vec![problem(place, why, None)]
        })?;
        let mut phrases = known.clone();
        let mut wrong = Vec::new();
        phrases.take(&tree, Some(known), &mut wrong);
        if wrong.is_empty() {
            Ok(phrases)
        } else {
            Err(wrong.into_iter().map(|(at, why, help)| problem(at, why, help)).collect())
        }
    }

    /// Takes in a tree of phrases; if some are `known`, then only those, with the places in braces that they have.
    fn take(&mut self, tree: &Node, known: Option<&Phrases>, wrong: &mut Vec<Wrong>) {
        let Kind::Map(entries) = &tree.kind else {
            return wrong.push((tree.place, "must map names to phrases".to_owned(), None));
        };
        for (key, node) in entries {
            if key.name != "months" {
                self.add(&key.name, key.place, node, known, wrong);
                continue;
            }
            let names = if let Kind::List(names) = &node.kind { &names[..] } else { &[] };
            self.months = names.iter().filter_map(Node::scalar).collect();
            if self.months.len() != 12 {
                wrong.push((node.place, "`months` must be a list of 12 names".to_owned(), None));
            }
        }
    }

    /// Adds the phrase `name`, or those of the group of this name.
    fn add(&mut self, name: &str, place: Place, node: &Node, known: Option<&Phrases>, wrong: &mut Vec<Wrong>) {
        let mut counted = None;
        if let Kind::Map(entries) = &node.kind {
            let of = |name| entries.iter().find(|(key, _)| key.name == name).and_then(|(_, node)| node.scalar());
            counted = of("one").zip(of("other")).map(|(one, other)| Phrase::Counted(one, other));
            if counted.is_none() {
                for (key, node) in entries {
                    self.add(&format!("{name}.{}", key.name), key.place, node, known, wrong);
                }
                return;
            }
        }
        let Some(phrase) = counted.or_else(|| node.scalar().map(Phrase::Plain)) else {
            return wrong.push((node.place, format!("`{name}` must be a phrase, not {}", node.kind.describe()), None));
        };
        if let Some(known) = known {
            let Some(english) = known.texts.get(name) else {
                // One that is said in two ways lacks one of them.
                let group = name.rsplit_once('.').map_or("", |(group, _)| group);
                let help = match known.texts.get(group) {
                    Some(Phrase::Counted(..)) => Some(format!("`{group}` has `one` and `other`, both")),
                    _ => known.meant(name),
                };
                return wrong.push((place, format!("the report has no phrase `{name}`"), help));
            };
            for unknown in phrase.places().into_iter().filter(|place| !english.places().contains(place)) {
                wrong.push((
                    place,
                    format!("`{name}` has no `{{{unknown}}}`"),
                    Some(format!("it has {}", english.places_in_words())),
                ));
            }
        }
        self.texts.insert(name.to_owned(), phrase);
    }

    /// The built-in, English ones.
    pub(crate) fn built_in() -> Phrases {
        let tree =
            crate::embedded::TEMPLATES.iter().find(|(name, ..)| *name == FILE).and_then(|(_, _, tree)| Node::decode(tree, true));
        let mut phrases = Phrases::default();
        let mut wrong = Vec::new();
        let taken = tree.map(|tree| phrases.take(&tree, None, &mut wrong));
        assert!(taken.is_some() && wrong.is_empty(), "the built-in {FILE} is valid, as a test shows");
        phrases
    }

    /// The same, read once.
    pub(crate) fn english() -> &'static Phrases {
        static ENGLISH: LazyLock<Phrases> = LazyLock::new(Phrases::built_in);
        &ENGLISH
    }

    /// Which phrase was probably meant, in words.
    fn meant(&self, name: &str) -> Option<String> {
        did_you_mean(name, self.texts.keys().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?"))
    }

    /// The phrase `name`, its `{places}` filled from `values`.
    ///
    /// # Errors
    /// If there is no such phrase, or it has a place without a value.
    pub(crate) fn get(&self, name: &str, values: &Map<String, Value>) -> Result<String, String> {
        let unknown = || {
            let meant = self.meant(name).map_or_else(String::new, |meant| format!("; {meant}"));
            format!("{FILE} has no phrase `{name}`{meant}")
        };
        let phrase = self.texts.get(name).ok_or_else(unknown)?;
        let template = match phrase {
            Phrase::Plain(text) => text,
            Phrase::Counted(one, other) => {
                let number =
                    values.get("n").and_then(Value::as_f64).ok_or_else(|| format!("phrase `{name}` needs a number `n`"))?;
                if number == 1.0 { one } else { other }
            }
        };
        let mut out = String::with_capacity(template.len() + 16);
        let mut rest = template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').ok_or_else(|| format!("{FILE}: phrase `{name}` has an open {{"))?;
            out.push_str(before);
            let value = values.get(place).ok_or_else(|| format!("phrase `{name}` needs `{place}`, which is not given here"))?;
            out.push_str(&shown(value));
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A phrase of the report's own code: its name is there, as a test shows.
    pub(crate) fn say(&self, name: &str, values: &[(&str, Value)]) -> String {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.get(name, &values).unwrap_or_else(|why| format!("({why})"))
    }

    /// The phrase for one of a list of known words, or else the word itself.
    pub(crate) fn word(&self, group: &str, word: &str) -> String {
        match self.texts.get(&format!("{group}.{word}")) {
            Some(Phrase::Plain(text)) => text.clone(),
            _ => word.to_owned(),
        }
    }

    /// The phrases of a group: what stands after its name, and the text.
    pub(crate) fn group<'p>(&'p self, group: &str) -> impl Iterator<Item = (&'p str, &'p str)> {
        let prefix = format!("{group}.");
        self.texts.iter().filter_map(move |(name, phrase)| match phrase {
            Phrase::Plain(text) => Some((name.strip_prefix(&prefix)?, text.as_str())),
            Phrase::Counted(..) => None,
        })
    }

    /// What the commands of a step do, and what they do not protect from (Markdown).
    pub(crate) fn effects(&self, run: &str) -> Vec<String> {
        self.group("effects").filter(|(command, _)| run.contains(command)).map(|(_, effect)| effect.to_owned()).collect()
    }

    /// Words a signal that has no words of its own: what was looked for and not found, or is not known.
    pub(crate) fn word_question(&self, item: &mut Evidence) {
        let Some(asked) = &item.asked else { return };
        let or = self.word("asked", "or");
        let mut what = self.word("tables", &asked.table);
        // A kind of record that has a name of its own is called by it: waiting recipients, deliveries.
        let kind = |one: &AskedField| match &one.values[..] {
            [value] if one.how == "is" => self.texts.get(&format!("tables.{}-{value}", asked.table)),
            _ => None,
        };
        // What was not collected is told by what kind of thing it is, not by what would have been looked for in it.
        let unknown = item.kind == "not-known";
        let in_part = unknown && asked.in_part;
        let conditions: Vec<String> = asked
            .conditions
            .iter()
            .filter(|one| !unknown || (one.how == "is" && KINDS.contains(&one.field.as_str())) || asked.table == "host")
            .filter(|_| !in_part)
            .filter(|one| match kind(one) {
                Some(Phrase::Plain(name)) => {
                    what.clone_from(name);
                    false
                }
                _ => true,
            })
            .map(|one| {
                let private = one.how.ends_with("in-network") && one.values.iter().all(|value| PRIVATE.contains(&value.as_str()));
                let mut values: Vec<String> = match private {
                    true => vec![self.word("asked", "private")],
                    false if one.names.is_empty() => one.values.iter().map(|value| code_span(value)).collect(),
                    // A reason's title is a part of a sentence only between quotes.
                    false if one.field == "reason_class" => one.names.iter().map(|name| format!("\"{name}\"")).collect(),
                    false => one.names.clone(),
                };
                if let more @ 1.. = values.len().saturating_sub(VALUES) {
                    values.truncate(VALUES);
                    values.push(self.say("asked.more", &[("n", more.into())]));
                }
                let field = self.word("asked.field", &one.field);
                if unknown && asked.table == "host" {
                    return field;
                }
                // A value that another signal found has no name that says anything here.
                let other = one.how.ends_with("same-as") && one.values.iter().any(|value| !names_a_table(value));
                let phrase = format!("asked.how.{}{}", one.how, if other { "-that" } else { "" });
                self.say(&phrase, &[("field", field.into()), ("values", one_of(&values, &or).into())])
            })
            .collect();
        if !conditions.is_empty() {
            what = self.say("asked.with", &[("what", what.into()), ("conditions", conditions.join(", ").into())]);
        }
        if asked.after && !unknown {
            what = self.say("asked.after", &[("what", what.into())]);
        }
        let mut letters = what.chars();
        let what: String = letters.next().iter().flat_map(|first| first.to_uppercase()).chain(letters).collect();
        let name = match (&*item.kind, &*asked.wanted) {
            ("not-known", _) if asked.in_part => "asked.in_part",
            ("not-known", _) => "asked.unknown",
            (_, "none") => "asked.present",
            (_, "enough") => "asked.few",
            _ => "asked.absent",
        };
        item.says = self.say(name, &[("what", what.into())]);
    }

    /// A span of time or a size: a number and its unit, or two of them.
    pub(crate) fn measured(&self, text: &str) -> String {
        text.split(' ').map(|word| self.word("units", word)).collect::<Vec<_>>().join(" ")
    }

    /// `5 h 26 min`.
    pub(crate) fn duration(&self, seconds: f64) -> String {
        self.measured(&duration(seconds))
    }

    /// `12 Nov`.
    pub(crate) fn day(&self, time: Time) -> String {
        let civil = time.civil();
        let month = self.months.get((civil.month as usize).clamp(1, 12) - 1).map_or("", String::as_str);
        format!("{} {month}", civil.day)
    }

    /// `12 Nov 06:14`.
    pub(crate) fn moment(&self, time: Time) -> String {
        format!("{} {}", self.day(time), time.clock())
    }

    /// `12 Nov 10:28 to 11:40`: a day that is the same stands once.
    pub(crate) fn span(&self, Span { from, to }: Span) -> String {
        let same = self.day(from) == self.day(to) && to.since(from) < 86_400.0;
        if same && from.clock() == to.clock() {
            return self.moment(from);
        }
        let to = if same { to.clock() } else { self.moment(to) };
        self.say("span", &[("from", self.moment(from).into()), ("to", to.into())])
    }

    /// The first sentence of a report.
    pub(crate) fn headline(&self, report: &Report) -> String {
        if let Some(cause) = report.causes.iter().find(|cause| cause.role == "root-cause") {
            let mut values = vec![("title", Value::from(cause.title.as_str()))];
            let mut name = match (cause.is_possible(), cause.over, &cause.consequence) {
                (true, Some(_), _) => "headline.possible_over",
                (true, None, _) => "headline.possible",
                (false, Some(_), _) => "headline.over",
                (false, None, Some(_)) => "headline.consequence",
                (false, None, None) => "headline.cause",
            }
            .to_owned();
            values.extend(cause.over.map(|over| ("over", self.moment(over).into())));
            values.extend(cause.consequence.as_ref().map(|consequence| ("consequence", consequence.as_str().into())));
            if let Some(since) = report.key.since {
                name.push_str("_since");
                match cause.over {
                    Some(over) => values.push(("span", self.span(Span { from: since, to: over }).into())),
                    None => values.push(("since", self.moment(since).into())),
                }
            }
            return self.say(&name, &values);
        }
        match report.verdict {
            Verdict::Inconclusive => self.say("headline.inconclusive", &[]),
            Verdict::Healthy => {
                let waiting = match report.queue.waiting_messages {
                    0 => self.say("headline.waiting_none", &[]),
                    many => self.say("headline.waiting", &[("n", many.into())]),
                };
                let mut values = vec![("rules", Value::from(report.made_by.rules)), ("waiting", waiting.into())];
                match report.window {
                    _ if report.traffic.lines == 0 => self.say("headline.healthy_no_log", &values),
                    None => self.say("headline.healthy_no_times", &values),
                    // Of a few lines nobody counts the seconds.
                    Some(window) if window.to.since(window.from) < 60.0 => {
                        values.push(("log", self.say("units.line", &[("n", report.traffic.lines.into())]).into()));
                        self.say("headline.healthy_short", &values)
                    }
                    Some(window) => {
                        values.push(("log", self.duration(window.to.since(window.from)).into()));
                        self.say("headline.healthy", &values)
                    }
                }
            }
            _ => {
                let residue: u64 = report.unexplained.iter().map(|row| row.count).sum();
                let class = report.unexplained.first().and_then(|row| row.class.as_deref());
                let phrase = match class {
                    None => "headline.unexplained",
                    Some(class) if report.unexplained.iter().all(|row| row.class.as_deref() == Some(class)) => "headline.known",
                    Some(_) => "headline.known_most",
                };
                self.say(phrase, &[("n", residue.into()), ("class", class.into())])
            }
        }
    }

    /// The ladder in figures: `2 of 2 required, 3 supporting, nothing against`.
    pub(crate) fn ladder(&self, ladder: &Ladder) -> String {
        let against = match ladder.contradicting {
            0 => self.say("ladder.against_none", &[]),
            many => self.say("ladder.against", &[("n", many.into())]),
        };
        let support = match ladder.supporting {
            0 => self.say("ladder.support_none", &[]),
            many => self.say("ladder.support", &[("n", many.into())]),
        };
        let values =
            [("met", ladder.met.into()), ("n", ladder.required.into()), ("support", support.into()), ("against", against.into())];
        self.say(if ladder.met == 0 { "ladder.short_in_part" } else { "ladder.short" }, &values)
    }

    /// The domains of a row of destinations.
    pub(crate) fn destination(&self, row: &DestinationRow) -> String {
        let named: Vec<&str> = row.domains.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
        match (named.as_slice(), row.more) {
            ([], 0) => self.say("shape.no_domain", &[]),
            ([], more) if distinct::is_estimate(more) => self.say("shape.other_domains_about", &[("n", more.into())]),
            ([], more) => self.say("shape.other_domains", &[("n", more.into())]),
            (named, 0) => named.join(", "),
            (named, more) => self.say("shape.more_domains", &[("domains", named.join(", ").into()), ("n", more.into())]),
        }
    }

    /// Why a cause has its confidence, and what would change it (Markdown).
    pub(crate) fn because(&self, cause: &Cause) -> String {
        let Ladder { met, required, supporting, contradicting } = cause.ladder;
        let figures = [("n", met.into()), ("required", required.into())];
        let met = match (met, required) {
            (1, 1) => self.say("ladder.met_one", &[]),
            (2, 2) => self.say("ladder.met_two", &[]),
            (0, _) => self.say("ladder.met_none", &[]),
            (met, required) if met == required => self.say("ladder.met_all", &figures),
            _ => self.say("ladder.met_some", &figures),
        };
        let support = match supporting {
            0 => self.say("ladder.unsupported", &[]),
            many => self.say("ladder.supported", &[("n", many.into())]),
        };
        let against = match contradicting {
            0 => self.say("ladder.uncontradicted", &[]),
            many => self.say("ladder.contradicted", &[("n", many.into())]),
        };
        let confidence = capital(&self.word("confidence", &cause.confidence));
        let because = self.say(
            "ladder.because",
            &[("confidence", confidence.into()), ("met", met.into()), ("support", support.into()), ("against", against.into())],
        );
        let would = match &*cause.confidence {
            "confirmed" => "ladder.would_confirmed",
            "likely" => "ladder.would_likely",
            _ if contradicting > 0 => "ladder.would_possible",
            _ => "ladder.would_unknown",
        };
        format!("{because} {}", self.say(would, &[]))
    }
}

/// A phrase and its values, not yet worded: JSON has it in English, a page in the words of its templates.
#[derive(Debug, Clone)]
pub struct Said {
    name: Cow<'static, str>,
    values: Vec<(&'static str, Part)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Value(Value),
    Said(Said),
}

impl Said {
    /// The phrase `name`.
    pub(crate) fn of(name: &'static str) -> Said {
        Said { name: name.into(), values: Vec::new() }
    }

    /// The word for one of a few known values.
    pub(crate) fn word(group: &str, word: &str) -> Said {
        Said { name: format!("{group}.{word}").into(), values: Vec::new() }
    }

    /// The same with a value for one of its places.
    pub(crate) fn with(mut self, place: &'static str, value: impl Into<Part>) -> Said {
        self.values.push((place, value.into()));
        self
    }

    /// In these words.
    pub(crate) fn in_words(&self, phrases: &Phrases) -> String {
        let value = |part: &Part| match part {
            Part::Value(value) => value.clone(),
            Part::Said(said) => said.in_words(phrases).into(),
        };
        let values: Vec<(&str, Value)> = self.values.iter().map(|(place, part)| (*place, value(part))).collect();
        phrases.say(&self.name, &values)
    }
}

impl From<Said> for Part {
    fn from(said: Said) -> Part {
        Part::Said(said)
    }
}

impl From<u64> for Part {
    fn from(number: u64) -> Part {
        Part::Value(number.into())
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Part {
        Part::Value(text.into())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Part {
        Part::Value(text.into())
    }
}

impl fmt::Display for Said {
    /// In English.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.in_words(Phrases::english()))
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The first letter in upper case.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => thousands(whole),
            None => number.to_string(),
        },
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_filled_and_counted() {
        let phrases = Phrases::built_in();
        assert_eq!(phrases.say("units.message", &[("n", 1.into())]), "1 message");
        assert_eq!(phrases.say("units.message", &[("n", 1284.into())]), "1,284 messages");
        assert!(phrases.get("units.message", &Map::new()).unwrap_err().contains("needs a number"));
        assert!(phrases.get("units.mesage", &Map::new()).unwrap_err().contains("no phrase `units.mesage`"));
    }

    #[test]
    fn a_translation_may_be_partial_but_not_wrong() {
        let english = Phrases::built_in();
        let german = Phrases::read("verdict: {incident: Störung}\n", &english, "w.yaml").unwrap();
        assert_eq!(german.word("verdict", "incident"), "Störung");
        assert_eq!(german.word("verdict", "healthy"), "Healthy");
        let wrong = |text| {
            let problems = Phrases::read(text, &english, "w.yaml").unwrap_err();
            let told = |problem: &Problem| {
                let Place { line, column, .. } = problem.place;
                format!("{}:{line}:{column}: {}; {}", problem.file, problem.message, problem.help.as_deref().unwrap_or_default())
            };
            problems.iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(
            wrong("verdict:\n  incidnet: Störung\nunits:\n  message: {one: x, othr: y}\n"),
            [
                "w.yaml:2:3: the report has no phrase `verdict.incidnet`; did you mean `verdict.incident`?",
                "w.yaml:4:13: the report has no phrase `units.message.one`; `units.message` has `one` and `other`, both",
                "w.yaml:4:21: the report has no phrase `units.message.othr`; `units.message` has `one` and `other`, both",
            ]
        );
        let place = wrong("headline:\n  cause_since: '{titel} seit {since}'\n");
        assert_eq!(place, ["w.yaml:2:3: `headline.cause_since` has no `{titel}`; it has `{since}`, `{title}`"]);
        assert!(wrong("verdict: {incident: 'x\n")[0].starts_with("w.yaml:1:"));
    }
}
