//! Fills the templates of rules: values from measures, facts and parameters, escaped for where the text will stand.

use super::measure::{Asker, Measure, as_text};
use super::verdict::Judged;
pub use crate::ink::visible;
use crate::names::Names;
use crate::rules::model::Entry;
use crate::rules::template::{self, Simple};
use crate::tables::{Column, Field, Table, Tables, Unit, Value, host};
use crate::time::{Time, duration};
use handlebars::Handlebars;
use serde_json::{Map, Value as Json};

/// Where a text will stand, which decides how values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Markdown: a text from the evidence becomes a code span.
    Markdown,
    /// A shell command: a text from the evidence is quoted.
    Shell,
    /// Plain text, such as a headline.
    Plain,
    /// Plain text that somebody else reads, some day: a time has its year, and what is not known is left to be filled in.
    Letter,
}

/// Marks a value that comes from the evidence until it is escaped.
const EVIDENCE: char = '\u{f8ff}';

/// Marks a value inside of such a text that is the rules' own: the name of a provider or of a reason.
const KNOWN: char = '\u{f8fc}';

/// Stands between the values of a list, and before the words for those left out.
const NEXT: &str = "\u{f8fe}";
const MORE: &str = "\u{f8fd}";

/// Escapes a value if it comes from the evidence; each part of a list by itself.
fn escape(text: &str, one: fn(&str) -> String, between: &str, longest: usize) -> String {
    let Some(inner) = text.strip_prefix(EVIDENCE) else { return text.to_owned() };
    let (list, more) = inner.split_once(MORE).map_or((inner, None), |(list, more)| (list, Some(more)));
    let part = |part: &str| match part.strip_prefix(KNOWN) {
        Some(name) => name.to_owned(),
        None => one(&within_length(part, longest)),
    };
    let parts: Vec<String> = list.split(NEXT).map(part).collect();
    match more.filter(|_| between == ", ") {
        Some(more) => format!("{} {}", parts.join(between), visible(more)),
        None => parts.join(between),
    }
}

/// Values that templates of one cause may name.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// The tables.
    pub asker: &'a Asker<'a>,
    /// The rule's answers; none for texts outside of a rule.
    pub judged: Option<&'a Judged<'a>>,
    /// The signal whose measure plain names such as `count` belong to.
    pub signal: Option<&'a str>,
    /// What the cause explains: waiting, bounced, share.
    pub accounts: (u64, u64, f64),
    /// Recipients at risk, for the plan's own steps.
    pub hurts: u64,
    /// Number of the step that resumes delivery, for the one that pauses it.
    pub resume: Option<usize>,
}

impl<'a> Words<'a> {
    /// The facts alone, outside of a rule.
    pub fn of(asker: &'a Asker<'a>) -> Words<'a> {
        Words { asker, judged: None, signal: None, accounts: (0, 0, 0.0), hurts: 0, resume: None }
    }

    /// Fills `template` for `place`.
    pub fn fill(&self, template: &str, place: Place) -> String {
        if !template.contains('{') {
            return template.to_owned();
        }
        let (plain, tested) = named(template);
        let mut values = Vec::new();
        for path in plain.iter().chain(&tested) {
            // What there is none of is not there, for `#if`.
            let value = self.value(path, place).filter(|value| value != "0" || !tested.contains(path));
            let value = match (value, place) {
                (Some(value), _) => Some(value),
                (None, _) if tested.contains(path) => None,
                (None, Place::Shell) => Some(path.rsplit('.').next().unwrap_or(path).to_ascii_uppercase()),
                (None, Place::Letter) => Some("[to be filled in]".to_owned()),
                (None, _) => Some("(not collected)".to_owned()),
            };
            values.extend(value.map(|value| (*path, value)));
        }
        let is_one = |path: &str, value: &str| value == "1" && path.split('.').any(|part| part == "count" || part == "distinct");
        let ones = values.iter().filter(|(path, value)| is_one(path, value));
        let template = ones.fold(template.to_owned(), |template, (path, _)| in_singular(&template, path));
        let escape: fn(&str) -> String = match place {
            Place::Markdown => |text| escape(text, code_span, ", ", LONGEST),
            // A command needs its values whole; a sentence that goes on for a page does not help.
            Place::Shell => |text| escape(text, shell_quote, " ", usize::MAX),
            Place::Plain => |text| escape(text, visible, ", ", LONGEST),
            Place::Letter => |text| escape(text, visible, ", ", LONGEST_QUOTE),
        };
        // A block that stands in a line of its own takes its line away.
        if let Some(simple) = Simple::of(&template).filter(|_| !template.contains('\n') || tested.is_empty()) {
            let value = |path: &str| values.iter().find(|(known, _)| *known == path).map(|(_, value)| value.as_str());
            let mut filled = String::new();
            simple.fill(&value, escape, &mut filled);
            return filled;
        }
        let mut context = Map::new();
        values.into_iter().for_each(|(path, value)| insert(&mut context, path, value));
        let mut engine = Handlebars::new();
        engine.register_escape_fn(escape);
        engine.render_template(&template, &Json::Object(context)).unwrap_or(template)
    }

    /// The value that a path names, marked if it comes from the evidence; a command gets the id of a provider, people its name.
    fn value(&self, path: &str, place: Place) -> Option<String> {
        let mut parts = path.split('.');
        let head = parts.next()?;
        let rest: Vec<&str> = parts.collect();
        let tables = self.asker.tables;
        match head {
            "host" => {
                let column = host::TABLE.column(rest.first()?)?;
                shown(
                    tables.host()?.get(column),
                    Some(&host::TABLE.fields[column.0]).filter(|_| place != Place::Shell),
                    &tables.names,
                )
            }
            "settings" => tables.setting(rest.first()?).filter(|value| !value.is_empty()).map(marked),
            "params" => self.judged?.rule.params.get(*rest.first()?).cloned(),
            "accounts" => match *rest.first()? {
                "waiting" => Some(thousands(self.accounts.0)),
                "bounced" => Some(thousands(self.accounts.1)),
                "all" => Some(thousands(self.accounts.0 + self.accounts.1)),
                "share" => Some(percent(self.accounts.2)),
                "fate" => Some(fate(self.accounts.0, self.accounts.1).to_owned()),
                _ => None,
            },
            "hurts" => Some(thousands(self.hurts)),
            "resume" => self.resume.map(|number| number.to_string()),
            "show_log" => Some(tables.show_log.clone()),
            _ => {
                let judged = self.judged?;
                let (name, path) = match judged.answers.contains_key(head) {
                    true => (head, rest),
                    false => (self.signal?, path.split('.').collect()),
                };
                let measure = judged.answers.get(name)?;
                match path.first() {
                    Some(&"key") => self.key_of(measure, name, place),
                    _ => self.of_measure(measure, &path, place),
                }
            }
        }
    }

    /// The value that a signal was met for, as people call it.
    fn key_of(&self, measure: &Measure, signal: &str, place: Place) -> Option<String> {
        let key = measure.key.as_deref()?;
        if place == Place::Shell {
            return (key != "none").then(|| marked(key));
        }
        let name = || {
            let signals = self.judged?.rule.entries().flat_map(Entry::signals);
            let by = signals.filter(|(name, _)| *name == signal).find_map(|(_, signal)| signal.by)?;
            called(self.asker.tables, &measure.table?.fields[by.0], key)
        };
        Some(name().map_or_else(|| marked(key), |name| format!("{EVIDENCE}{KNOWN}{name}")))
    }

    fn of_measure(&self, measure: &Measure, path: &[&str], place: Place) -> Option<String> {
        let tables = self.asker.tables;
        let table = measure.table?;
        let column = || table.column(path.get(1)?);
        let field = column().map(|column| &table.fields[column.0]).filter(|_| place != Place::Shell);
        let named = |value: String| match field.and_then(|field| called(tables, field, &value)) {
            Some(name) => format!("{KNOWN}{name}"),
            None => value,
        };
        let shown = |value: Value| match (value, field) {
            (Value::Text(name), Some(_)) => Some(format!("{EVIDENCE}{}", named(unmarked(tables.names.get(name).to_owned())))),
            (value, field) => shown(value, field, &tables.names),
        };
        // `relay=none` is no host that a command could ask.
        let leads_there = |text: &String| place != Place::Shell || text.strip_prefix(EVIDENCE) != Some("none");
        let row = |at: Option<&u32>| at.map(|at| &tables.rows(table)[*at as usize]);
        match *path.first()? {
            "count" => Some(thousands(measure.count)),
            "total" => Some(thousands(measure.total)),
            "share" => measure.share.map(percent),
            "keys" => Some(thousands(measure.keys.len() as u64)),
            "since" => measure.first.map(|time| moment_in(time, place)),
            "until" => measure.last.map(|time| moment_in(time, place)),
            "lasting" => measure.first.zip(measure.last).map(|(first, last)| duration(last.since(first))),
            "rate" => {
                let (first, last) = measure.first.zip(measure.last)?;
                Some(thousands((measure.count as f64 / (last.since(first).max(60.0) / 3600.0)).round() as u64))
            }
            "distinct" => {
                let column = column()?;
                let known = measure.distinct.iter().find(|(known, _)| *known == column).map(|(_, count)| *count);
                Some(thousands(known.unwrap_or_else(|| self.asker.distinct(table, &measure.rows, column))))
            }
            "first" => shown(row(measure.rows.first())?.get(column()?)).filter(leads_there),
            "last" => shown(row(measure.rows.last())?.get(column()?)).filter(leads_there),
            "top" => self
                .commonest(table, measure, column()?)
                .into_iter()
                .next()
                .map(|(value, _)| format!("{EVIDENCE}{}", named(unmarked(value)))),
            "list" => {
                let column = column()?;
                let all = self.commonest(table, measure, column);
                let more = (self.asker.distinct(table, &measure.rows, column) as usize).max(all.len()).saturating_sub(5);
                let shown: Vec<String> = all.into_iter().take(5).map(|(value, _)| named(unmarked(value))).collect();
                let and_more = || self.asker.tables.and_more.replace("{n}", &thousands(more as u64));
                let more = if more > 0 { format!("{MORE}{}", and_more()) } else { String::new() };
                (!shown.is_empty()).then(|| format!("{EVIDENCE}{}{more}", shown.join(NEXT)))
            }
            _ => None,
        }
    }

    fn commonest(&self, table: &Table, measure: &Measure, column: Column) -> Vec<(String, u64)> {
        let mut counts: Vec<(String, u64)> = self.asker.counts(table, &measure.rows, column).into_iter().collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts
    }
}

/// What people call a value that is an id or one of a few words: a provider's name, a reason's title, `timed out`.
pub fn called(tables: &Tables, field: &Field, value: &str) -> Option<String> {
    match tables.titles.get(field.name).and_then(|titles| titles.get(value)) {
        Some(title) if field.name == "reason_class" => Some(within(title)),
        Some(name) => Some(name.clone()),
        None => field.words.contains(&value).then(|| value.replace('-', " ")),
    }
}

/// A span of time that may be shorter than a second, or negative.
fn span_of(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    match seconds.abs() {
        short if short < 10.0 && short.fract() != 0.0 => format!("{sign}{short:.2} s"),
        long => format!("{sign}{}", duration(long)),
    }
}

/// An amount of bytes, as df(1) and free(1) count them.
pub(crate) fn size_of(bytes: i64) -> String {
    match bytes as f64 {
        few if few.abs() < 1024.0 => format!("{bytes} bytes"),
        some if some.abs() < 1024.0 * 1024.0 => format!("{:.1} KiB", some / 1024.0),
        many if many.abs() < 1024.0 * 1024.0 * 1024.0 => format!("{:.1} MiB", many / 1024.0 / 1024.0),
        most => format!("{:.1} GiB", most / 1024.0 / 1024.0 / 1024.0),
    }
}

/// A title as it stands inside of a sentence: with a small letter, unless it begins with a name or with capitals.
fn within(title: &str) -> String {
    let mut chars = title.chars();
    let is_word = title.split(' ').next().is_some_and(|word| !word.chars().skip(1).any(char::is_uppercase));
    match chars.next().filter(|first| first.is_ascii() && is_word) {
        Some(first) => format!("{}{}", first.to_ascii_lowercase(), chars.as_str()),
        None => title.to_owned(),
    }
}

/// Paths that a template shows, and paths that it tests with `#if`.
fn named(template: &str) -> (Vec<&str>, Vec<&str>) {
    let all = template::variables(template);
    let tested: Vec<&str> = template
        .match_indices("{{#")
        .filter_map(|(at, _)| template[at + 3..].split_once("}}"))
        .filter_map(|(inside, _)| inside.split_whitespace().nth(1))
        .collect();
    (all.into_iter().filter(|path| !tested.contains(path)).collect(), tested)
}

/// How long the words are that say where: ` at {{distinct.provider}} providers`.
fn place(text: &str) -> usize {
    let named = text.strip_prefix(" at {{").and_then(|text| text.split_once("}} "));
    named.map_or(0, |(_, noun)| text.len() - noun.len() + first_word(noun).len())
}

fn first_word(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len())]
}

/// What things that are counted do, in the words of rules; words like "name" could be nouns and stay.
const VERBS: [&str; 10] = ["wait", "fail", "say", "come", "tell", "stay", "hold", "lie", "run", "lose"];

/// The template with what `path` counts in the singular: `{{count}} recipients were told` counts one.
fn in_singular(template: &str, path: &str) -> String {
    let placeholder = format!("{{{{{path}}}}} ");
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find(&placeholder) {
        let (before, after) = rest.split_at(at + placeholder.len());
        out.push_str(before);
        let (word, mut after) = after.split_at(first_word(after).len());
        let singular = match word {
            word if word.ends_with("sses") || word.ends_with("xes") => &word[..word.len() - 2],
            word if word.ends_with('s') && !word.ends_with("ss") && word.len() > 3 => &word[..word.len() - 1],
            word => word,
        };
        match singular.strip_suffix("ie") {
            Some(stem) if singular != word => out.extend([stem, "y"]),
            _ => out.push_str(singular),
        }
        for (many, one) in [(" were ", " was "), (" are ", " is "), (" have ", " has ")] {
            if singular != word
                && let Some(more) = after.strip_prefix(many)
            {
                out.push_str(one);
                after = more;
            }
        }
        let (place, does) = after.split_at(place(after));
        for still in [" ", " still "] {
            let verb = does.strip_prefix(still).map(first_word).unwrap_or_default();
            if singular != word && VERBS.contains(&verb) {
                out.extend([place, still, verb, "s"]);
                after = &does[still.len() + verb.len()..];
                break;
            }
        }
        rest = after;
    }
    out + rest
}

fn insert(context: &mut Map<String, Json>, path: &str, value: String) {
    match path.split_once('.') {
        None => {
            context.insert(path.to_owned(), Json::String(value));
        }
        Some((head, rest)) => {
            let inner = context.entry(head.to_owned()).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn marked(text: &str) -> String {
    format!("{EVIDENCE}{}", unmarked(text.to_owned()))
}

/// A text of the evidence, in which nothing passes for the rules' own words.
fn unmarked(text: String) -> String {
    if text.contains(KNOWN) { text.replace(KNOWN, "\u{fffd}") } else { text }
}

/// A value as people read it; where it stands in a command, there is no field.
fn shown(value: Value, field: Option<&Field>, names: &Names) -> Option<String> {
    match (value, field.map(|field| field.unit)) {
        (Value::Number(seconds), Some(Unit::Seconds)) => Some(span_of(seconds)),
        (Value::Number(part), Some(Unit::Part)) => Some(percent(part)),
        (Value::Int(bytes), Some(Unit::Bytes)) => Some(size_of(bytes)),
        _ => evidence(value, names),
    }
}

fn evidence(value: Value, names: &Names) -> Option<String> {
    match value {
        Value::Missing => None,
        Value::Text(name) => Some(marked(names.get(name))),
        Value::Time(time) => Some(moment(time)),
        Value::Int(number) => Some(number.to_string()),
        Value::Number(number) if number.fract() == 0.0 => Some(format!("{number:.0}")),
        Value::Number(number) => Some(format!("{number:.2}")),
        Value::Bool(_) => as_text(value, names),
    }
}

/// A code span that no text can end: a fence longer than any run of backticks in it, without control characters.
pub fn code_span(text: &str) -> String {
    let text = visible(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Quotes a value for a POSIX shell, unless it is plainly harmless.
pub fn shell_quote(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let harmless = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-[]".contains(c);
    // No quoting keeps a command from taking it for an option, so that it would do something else than it says.
    if text.starts_with('-') {
        return "VALUE_THAT_STARTS_WITH_A_DASH".to_owned();
    }
    if !text.is_empty() && text.chars().all(|c| harmless(c) && !matches!(c, '[' | ']')) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Characters of a value from the evidence in a sentence or a table.
const LONGEST: usize = 300;

/// The same in a letter, which quotes whole replies.
const LONGEST_QUOTE: usize = 1000;

/// Cuts a value that would fill a page.
pub fn shortened(text: &str) -> String {
    within_length(text, LONGEST)
}

fn within_length(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// What became of mail of which so many recipients wait and so many were returned.
fn fate(waiting: u64, bounced: u64) -> &'static str {
    match (waiting, bounced) {
        (1.., 0) => "waited",
        (0, 1..) => "bounced",
        _ => "waited or bounced",
    }
}

/// A number with thousands separators.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A limit in the unit of its field, as a rule writes it.
pub fn in_unit(number: f64, unit: Unit) -> String {
    let sized = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match unit {
        Unit::Seconds if number >= 60.0 => duration(number),
        Unit::Seconds => format!("{number} s"),
        Unit::Milliseconds => format!("{number} ms"),
        Unit::Part => percent(number),
        Unit::Percent => format!("{number} %"),
        Unit::Bytes => match sized.iter().find(|(size, _)| number >= *size && number % size == 0.0) {
            Some((size, name)) => format!("{} {name}", number / size),
            None => format!("{number} bytes"),
        },
        Unit::None | Unit::Any => number.to_string(),
    }
}

/// A part of 1 as percent with one decimal.
pub fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.001 {
        return "< 0.1 %".to_owned();
    }
    let text = format!("{:.1}", share * 100.0);
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// A time as reports write it: `12 Nov 06:14 UTC`.
pub fn moment(time: Time) -> String {
    let civil = time.civil();
    let month = crate::time::MONTHS[(civil.month as usize).clamp(1, 12) - 1];
    format!("{} {month} {:02}:{:02} UTC", civil.day, civil.hour, civil.minute)
}

fn moment_in(time: Time, place: Place) -> String {
    let exact = || Time::from_seconds(time.seconds()).to_string().replace('T', " ").replace('Z', " UTC");
    if place == Place::Letter { exact() } else { moment(time) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_counted_in_the_singular() {
        let one = |template| super::in_singular(template, "count");
        assert_eq!(one("{{count}} recipients at {{x}} domains"), "{{count}} recipient at {{x}} domains");
        assert_eq!(one("{{count}} addresses have replies"), "{{count}} address has replies");
        assert_eq!(one("{{count}} replies are odd, {{count}} times"), "{{count}} reply is odd, {{count}} time");
        assert_eq!(one("{{count}} recipients wait for"), "{{count}} recipient waits for");
        assert_eq!(one("{{count}} recipients at {{x}} domains wait"), "{{count}} recipient at {{x}} domains waits");
        assert_eq!(one("{{count}} recipients still wait: x"), "{{count}} recipient still waits: x");
        assert_eq!(one("{{count}} of them"), "{{count}} of them");
    }

    use super::*;

    #[test]
    fn a_title_goes_on_with_a_sentence() {
        for (title, inside) in [
            ("Refused as spam", "refused as spam"),
            ("DNS fails", "DNS fails"),
            ("AppArmor forbids it", "AppArmor forbids it"),
            ("Änderung", "Änderung"),
        ] {
            assert_eq!(within(title), inside);
        }
    }

    #[test]
    fn hostile_values_stay_data() {
        assert_eq!(code_span("a`b``c"), "```a`b``c```");
        assert_eq!(code_span("`x"), "`` `x ``");
        assert_eq!(code_span("a\u{1b}[2J\u{202e}b"), "`a\\u{1b}[2J\\u{202e}b`");
        assert_eq!(shell_quote("mx1.example.com"), "mx1.example.com");
        assert_eq!(shell_quote("a; rm -rf /"), "'a; rm -rf /'");
        assert_eq!(shell_quote("it's"), "'it'\\''s'");
        assert_eq!(shell_quote("[smtp.relay.example]:587"), "'[smtp.relay.example]:587'");
        assert_eq!(shell_quote("$(id)\n"), "'$(id)'");
    }

    #[test]
    fn a_value_from_the_evidence_never_passes_for_the_rules_own_words() {
        let forged = marked(&format!("{KNOWN}[x](https://a.example/)"));
        assert_eq!(escape(&forged, code_span, ", ", LONGEST), "`\u{fffd}[x](https://a.example/)`");
        assert_eq!(escape(&format!("{EVIDENCE}{KNOWN}Google{NEXT}a.example"), code_span, ", ", LONGEST), "Google, `a.example`");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(percent(0.969), "96.9 %");
        assert_eq!(percent(0.0004), "< 0.1 %");
        assert_eq!(duration(19_560.0), "5 h 26 min");
        assert_eq!(span_of(977_401.0), "11 d 7 h");
        assert_eq!(span_of(-0.25), "-0.25 s");
    }
}
