//! Reasons: the class of what was said, by provider and phrase, phrase, enhanced code, hint, code, daemon, in that order.

use super::lazy::{Dialect, LazyRegex};
use super::problem::Place;
use super::yaml::{Node, Reader};
use crate::parallel;
use crate::said::mask::without_names;
use crate::said::{Said, Voice};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One entry of `rules/reasons/*.yaml`.
#[derive(Debug)]
pub struct Reason {
    /// Reason class.
    pub class: String,
    /// Bucket id, or `other`.
    pub bucket: String,
    /// What reports call the class, where this entry says it.
    pub title: Option<(String, Place)>,
    /// Regexes of which one must match.
    pub any: Vec<LazyRegex>,
    /// Regexes of words that say little: they decide when neither a phrase nor an enhanced code does.
    pub hints: Vec<LazyRegex>,
    /// Regexes of which none may match.
    pub unless: Vec<LazyRegex>,
    /// Enhanced codes that decide alone.
    pub enhanced: Vec<String>,
    /// Codes that say little, basic or enhanced: they decide when nothing else does.
    pub code: Vec<String>,
    /// Whether the daemon that speaks decides alone: the entry names neither phrase nor code.
    by_daemon: bool,
    /// When the entry applies at all.
    pub only: Only,
    /// Texts that it takes.
    pub examples: Vec<(String, Place)>,
    /// Texts that it does not take.
    pub not: Vec<(String, Place)>,
    /// File below `rules/`, for people.
    pub file: String,
    /// Where in it.
    pub place: Place,
}

/// Conditions under which an entry applies; an empty list is no condition.
#[derive(Debug, Default)]
pub struct Only {
    /// Voices.
    pub voice: Vec<Voice>,
    /// Providers.
    pub provider: Vec<String>,
    /// Enhanced codes.
    pub enhanced: Vec<String>,
    /// Basic codes.
    pub code: Vec<u16>,
    /// Stages, as in the table `attempts`.
    pub stage: Vec<String>,
    /// Daemons.
    pub daemon: Vec<String>,
}

/// How a class was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DecidedBy {
    /// The daemon that logged it alone.
    Daemon,
    /// A basic code, or an enhanced code that says little.
    Code,
    /// Words that say little.
    Hint,
    /// Enhanced code alone.
    Enhanced,
    /// A phrase.
    Phrase,
    /// A phrase of an entry for the provider.
    ProviderPhrase,
}

impl DecidedBy {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            DecidedBy::Daemon => "daemon",
            DecidedBy::Code => "code",
            DecidedBy::Hint => "hint",
            DecidedBy::Enhanced => "enhanced code",
            DecidedBy::Phrase => "phrase",
            DecidedBy::ProviderPhrase => "provider and phrase",
        }
    }
}

/// What is known beside the words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Provider id of the speaker.
    pub provider: Option<&'a str>,
    /// Daemon that logged it.
    pub daemon: Option<&'a str>,
    /// Overrides the voice that the shape tells.
    pub voice: Option<Voice>,
}

/// Every reason entry, ready to classify.
#[derive(Debug, Default)]
pub struct Reasons {
    /// The entries, in file order.
    pub entries: Vec<Reason>,
    /// Title a class, for reports.
    pub titles: BTreeMap<String, String>,
    /// Made when the first text is classified.
    phrases: OnceLock<Phrases>,
}

/// The phrases of all entries. A text is scanned once for the literals of all of them, whatever their number; only those of
/// which a literal is in it are matched, and the first that matches decides.
#[derive(Debug)]
struct Phrases {
    /// In the order in which they decide: the most specific first, then in file order.
    all: Vec<Phrase>,
    literals: Literals,
    /// Phrases without a literal.
    always: Vec<u32>,
}

/// By the first three bytes of a literal (none is shorter): its rest, and the phrase that it belongs to.
type Literals = FxHashMap<[u8; 3], Vec<(Box<[u8]>, u32)>>;

/// One phrase: its entry, and its number among the entry's phrases, then its hints.
#[derive(Debug)]
struct Phrase {
    by: DecidedBy,
    entry: usize,
    number: usize,
}

impl Phrase {
    fn regex<'r>(&self, entry: &'r Reason) -> &'r LazyRegex {
        entry.any.get(self.number).unwrap_or_else(|| &entry.hints[self.number - entry.any.len()])
    }
}

impl Phrases {
    fn of(entries: &[Reason]) -> Phrases {
        let mut all = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let by = if entry.only.provider.is_empty() { DecidedBy::Phrase } else { DecidedBy::ProviderPhrase };
            let how = std::iter::repeat_n(by, entry.any.len()).chain(entry.hints.iter().map(|_| DecidedBy::Hint));
            all.extend(how.enumerate().map(|(number, by)| Phrase { by, entry: at, number }));
        }
        all.sort_by_key(|phrase| (std::cmp::Reverse(phrase.by), phrase.entry));
        let mut literals = Literals::default();
        let mut always = Vec::new();
        for (at, phrase) in (0..).zip(&all) {
            let needed = phrase.regex(&entries[phrase.entry]).literals();
            if needed.is_empty() {
                always.push(at);
            }
            for (beginning, rest) in needed.iter().filter_map(|literal| literal.as_bytes().split_first_chunk()) {
                literals.entry(*beginning).or_default().push((rest.into(), at));
            }
        }
        Phrases { all, literals, always }
    }

    /// The phrases that may match, in the order in which they decide.
    fn candidates(&self, words: &str) -> impl Iterator<Item = &Phrase> {
        let words = if words.is_ascii() { words.to_ascii_lowercase() } else { words.to_lowercase() };
        let mut rest = words.as_bytes();
        let mut numbers = self.always.clone();
        while let Some((beginning, after)) = rest.split_first_chunk() {
            if let Some(known) = self.literals.get(beginning) {
                numbers.extend(known.iter().filter(|(more, _)| after.starts_with(more)).map(|(_, number)| number));
            }
            rest = &rest[1..];
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| &self.all[number as usize])
    }
}

/// What one item of a file of reasons says.
pub(super) enum Item {
    /// An entry.
    Entry(Box<Reason>),
    /// The class whose entries of earlier folders are taken away.
    Off(String),
}

/// Reads the items of one file.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<Item> {
    let Some(root) = reader.parse() else { return Vec::new() };
    let items = reader.list(root).into_iter().filter_map(|item| match switched_off(reader, &item) {
        Some(class) => Some(Item::Off(class)),
        None => read_entry(reader, item).map(|reason| Item::Entry(Box::new(reason))),
    });
    items.collect()
}

impl Reasons {
    /// Reads the entries of one file.
    pub fn read(&mut self, reader: &mut Reader<'_>) {
        let items = read(reader);
        self.add(items, reader, |_| true);
    }

    /// Adds what a file says to what earlier files say, some of which lie `beside` it in its folder.
    pub(super) fn add(&mut self, items: Vec<Item>, reader: &mut Reader<'_>, beside: impl Fn(&str) -> bool) {
        let file = reader.file;
        for item in items {
            match item {
                // Entries of the same file define the class anew.
                Item::Off(class) => self.entries.retain(|entry| entry.class != class || entry.file == file),
                Item::Entry(reason) => {
                    if let Some((title, place)) = &reason.title {
                        let before = self.titles.insert(reason.class.clone(), title.clone());
                        let titled = |known: &&Reason| {
                            known.class == reason.class && known.title.is_some() && (known.file == file || beside(&known.file))
                        };
                        if let Some(before) = before.filter(|before| before != title)
                            && let Some(known) = self.entries.iter().rfind(titled)
                        {
                            let at = format!("{}:{}", known.file, known.place.line);
                            let message = format!("the class `{}` is called `{before}` in {at}", reason.class);
                            let help = "a class has one title: leave out one of them".to_owned();
                            reader.problem(*place, message, Some(help));
                        }
                    }
                    self.entries.push(*reason);
                }
            }
        }
    }

    /// The title of a class; the class itself if it has none.
    pub fn title<'s>(&'s self, class: &'s str) -> &'s str {
        self.titles.get(class).map_or(class, String::as_str)
    }

    /// Does what the first text would wait for.
    pub fn prepare(&self) {
        self.phrases();
    }

    fn phrases(&self) -> &Phrases {
        self.phrases.get_or_init(|| Phrases::of(&self.entries))
    }

    /// The entry that takes `said`, and how it was decided.
    pub fn classify(&self, said: &Said<'_>, context: Context<'_>) -> Option<(&Reason, DecidedBy)> {
        let voice = context.voice.or(said.voice);
        let words: &str = &said.words;
        // Only a phrase that speaks of names itself is asked of names.
        let without = without_names(words);
        let matches = |phrase: &LazyRegex| match &without {
            Cow::Owned(without) if !speaks_of_names(phrase.as_str()) => phrase.is_match(without),
            _ => phrase.is_match(words),
        };
        let applies = |entry: &Reason| entry.applies(voice, said, context);
        // Exceptions are asked last, and seldom.
        let excepted = |entry: &Reason| entry.unless.iter().any(matches);
        let phrases = self.phrases();
        let spoken = |phrase: &&Phrase| {
            let entry = &self.entries[phrase.entry];
            applies(entry) && matches(phrase.regex(entry)) && !excepted(entry)
        };
        let first = phrases.candidates(words).find(spoken);
        let mut best = first.map(|phrase| (phrase.by, phrase.entry));
        if best.is_none_or(|(by, _)| by < DecidedBy::Phrase) {
            let basic = said.code.map(|code| code.to_string());
            for (at, entry) in self.entries.iter().enumerate() {
                let by = if said.enhanced.is_some_and(|code| entry.enhanced.iter().any(|known| known == code)) {
                    DecidedBy::Enhanced
                } else if entry.has_code(basic.as_deref(), said.enhanced) {
                    DecidedBy::Code
                } else if entry.by_daemon && context.daemon.is_some() {
                    DecidedBy::Daemon
                } else {
                    continue;
                };
                if applies(entry) && !excepted(entry) {
                    best = better(best, by, at);
                }
            }
        }
        best.map(|(by, at)| (&self.entries[at], by))
    }

    /// Every example that another class takes, and every `not` text that the entry's own class takes:
    /// entry, text, place, and the entry that took it.
    pub fn misplaced_examples(&self) -> Vec<(&Reason, &str, Place, Option<&Reason>)> {
        parallel::each(parallel::cores(), &self.entries, |entry| self.misplaced_in(entry)).into_iter().flatten().collect()
    }

    fn misplaced_in<'s>(&'s self, entry: &'s Reason) -> Vec<(&'s Reason, &'s str, Place, Option<&'s Reason>)> {
        let context = Context {
            provider: entry.only.provider.first().map(String::as_str),
            daemon: entry.only.daemon.first().map(String::as_str),
            voice: entry.only.voice.first().copied(),
        };
        let texts = entry.examples.iter().map(|text| (text, true)).chain(entry.not.iter().map(|text| (text, false)));
        let wrong = texts.filter_map(|((text, place), wanted)| {
            let taken = self.classify(&Said::parse(text), context).map(|(taken, _)| taken);
            (taken.is_some_and(|taken| taken.class == entry.class) != wanted).then_some((entry, text.as_str(), *place, taken))
        });
        wrong.collect()
    }
}

impl Only {
    fn speaks(&self, voice: Option<Voice>) -> bool {
        self.voice.is_empty() || voice.is_some_and(|voice| self.voice.contains(&voice))
    }
}

impl Reason {
    /// Ids of the providers whose words it is about; none if it is about anybody's.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.only.provider.iter().map(String::as_str)
    }

    /// Whether one of the codes that say little was said.
    fn has_code(&self, basic: Option<&str>, enhanced: Option<&str>) -> bool {
        self.code.iter().any(|known| basic == Some(known) || enhanced == Some(known))
    }

    fn applies(&self, voice: Option<Voice>, said: &Said<'_>, context: Context<'_>) -> bool {
        let only = &self.only;
        let listed = |list: &[String], value: Option<&str>| {
            list.is_empty() || value.is_some_and(|value| list.iter().any(|known| known.eq_ignore_ascii_case(value)))
        };
        only.speaks(voice)
            && listed(&only.provider, context.provider)
            && listed(&only.enhanced, said.enhanced)
            && (only.code.is_empty() || said.code.is_some_and(|code| only.code.contains(&code)))
            && listed(&only.stage, said.stage)
            && (context.daemon.is_none() || listed(&only.daemon, context.daemon))
    }
}

/// Whether a phrase has an `@` or a dot before a letter, as addresses and host names do.
fn speaks_of_names(phrase: &str) -> bool {
    phrase.contains('@') || phrase.as_bytes().windows(3).any(|at| at.starts_with(br"\.") && at[2].is_ascii_lowercase())
}

/// The more specific of two decisions; among equals the first in file order.
fn better(best: Option<(DecidedBy, usize)>, by: DecidedBy, at: usize) -> Option<(DecidedBy, usize)> {
    match best {
        Some((best_by, best_at)) if best_by > by || (best_by == by && best_at < at) => best,
        _ => Some((by, at)),
    }
}

/// The class of an entry `{class: NAME, enabled: false}`, which takes away the entries of earlier folders.
fn switched_off(reader: &mut Reader<'_>, item: &Node) -> Option<String> {
    let mut fields = reader.fields(item.clone(), "a reason");
    let node = fields.take("enabled")?;
    let class = fields.need(reader, "class").map(|node| reader.text(&node, "class"))?;
    (!reader.bool(&node, "enabled")).then_some(class)
}

fn read_entry(reader: &mut Reader<'_>, item: Node) -> Option<Reason> {
    let mut fields = reader.fields(item, "a reason");
    let place = fields.place;
    // That it is none is told already, and nothing more.
    if !fields.is_map {
        return None;
    }
    if fields.has("requires") && !fields.has("class") {
        let help = "a rule stands in the folder of its bucket".to_owned();
        reader.problem(place, "this is a rule, and files of this folder list reasons", Some(help));
        return None;
    }
    let class = fields.need(reader, "class").map(|node| reader.id(&node, "class"));
    let bucket = fields.need(reader, "bucket").map(|node| reader.text(&node, "bucket")).unwrap_or_default();
    let title = fields.take("title").map(|node| (reader.text(&node, "title"), node.place));
    let _ = fields.take("enabled");
    let mut only = fields.take("only").map(|node| read_only(reader, node)).unwrap_or_default();
    only.voice.extend(fields.take("voice").map(|node| read_voices(reader, node)).unwrap_or_default());
    only.provider.extend(strings(reader, fields.take("provider"), "provider"));
    // A phrase that is not valid is an error of its own, not a missing one.
    let phrased = ["any", "hints", "enhanced", "code"].iter().any(|name| fields.has(name));
    let any = regexes(reader, fields.take("any"), "any");
    let unless = regexes(reader, fields.take("unless"), "unless");
    let enhanced = enhanced_codes(reader, fields.take("enhanced"));
    let hints = regexes(reader, fields.take("hints"), "hints");
    let code = weak_codes(reader, fields.take("code"));
    let examples = fields.take("examples").map(|node| reader.texts(node, "an example")).unwrap_or_default();
    let not = fields.take("not").map(|node| reader.texts(node, "a counter-example")).unwrap_or_default();
    // What stands under a misspelt name is told as that alone.
    let odd = fields.has_unknown();
    fields.finish(reader);
    let by_daemon = !phrased && !only.daemon.is_empty();
    if !phrased && !by_daemon && !odd {
        let message =
            "this reason has neither `any` nor `hints` nor `enhanced` nor `code` nor `only: {daemon: ...}`: it can never be said";
        reader.problem(place, message, None);
    }
    let file = reader.file.to_owned();
    Some(Reason { class: class?, bucket, title, any, hints, unless, enhanced, code, by_daemon, only, examples, not, file, place })
}

fn read_only(reader: &mut Reader<'_>, node: Node) -> Only {
    let mut fields = reader.fields(node, "only");
    let only = Only {
        voice: fields.take("voice").map(|node| read_voices(reader, node)).unwrap_or_default(),
        provider: strings(reader, fields.take("provider"), "provider"),
        enhanced: enhanced_codes(reader, fields.take("enhanced")),
        code: codes(reader, fields.take("code")),
        stage: strings(reader, fields.take("stage"), "stage"),
        daemon: strings(reader, fields.take("daemon"), "daemon"),
    };
    fields.finish(reader);
    only
}

fn read_voices(reader: &mut Reader<'_>, node: Node) -> Vec<Voice> {
    reader.list(node).iter().filter_map(|item| reader.one_of(item, "voice", &Voice::ALL)).collect()
}

fn strings(reader: &mut Reader<'_>, node: Option<Node>, what: &str) -> Vec<String> {
    node.map(|node| reader.texts(node, what)).unwrap_or_default().into_iter().map(|(text, _)| text).collect()
}

/// Whether a text is an enhanced status code.
fn is_enhanced(text: &str) -> bool {
    text.split('.').count() == 3 && text.split('.').all(|part| part.parse::<u16>().is_ok())
}

fn enhanced_codes(reader: &mut Reader<'_>, node: Option<Node>) -> Vec<String> {
    let mut codes = Vec::new();
    for (text, place) in node.map(|node| reader.texts(node, "enhanced")).unwrap_or_default() {
        if is_enhanced(&text) {
            codes.push(text);
        } else {
            let help = "a reply code of three digits stands under `code`";
            reader.problem(place, format!("`{text}` is no enhanced status code, such as 5.7.1"), Some(help.to_owned()));
        }
    }
    codes
}

/// Basic codes, or enhanced ones that say little.
fn weak_codes(reader: &mut Reader<'_>, node: Option<Node>) -> Vec<String> {
    let texts = node.map(|node| reader.texts(node, "code")).unwrap_or_default();
    let mut codes = Vec::new();
    for (text, place) in texts {
        match text.parse::<u16>() {
            Ok(code) if (200..600).contains(&code) => codes.push(text),
            _ if is_enhanced(&text) => codes.push(text),
            _ => reader.problem(place, format!("`{text}` is no SMTP reply code (three digits, such as 550)"), None),
        }
    }
    codes
}

fn codes(reader: &mut Reader<'_>, node: Option<Node>) -> Vec<u16> {
    let texts = node.map(|node| reader.texts(node, "code")).unwrap_or_default();
    let mut codes = Vec::new();
    for (text, place) in texts {
        match text.parse() {
            Ok(code) if (200..600).contains(&code) => codes.push(code),
            _ => reader.problem(place, format!("`{text}` is no SMTP reply code (three digits, such as 550)"), None),
        }
    }
    codes
}

fn regexes(reader: &mut Reader<'_>, node: Option<Node>, what: &str) -> Vec<LazyRegex> {
    let texts = node.map(|node| reader.texts(node, what)).unwrap_or_default();
    texts.into_iter().filter_map(|(pattern, place)| LazyRegex::read(reader, pattern, place, Dialect::Said)).collect()
}
