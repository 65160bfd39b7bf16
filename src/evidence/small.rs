//! Small evidence: one file with the output of one command or of several, read into the tables.

use super::document::{Document, Sink};
use super::maillog::wrap::Wrapping;
use super::paste::Paste;
use super::recognise::{by_name, recognise};
use super::secrets::{KnownSecrets, SecretFinder, SecretRemover};
use super::{EXAMPLES, LONGER_LINES, Log, Source, is_log, names, parsers, pattern, queue_json, secrets, text, transcript};
use crate::bundle::BundleFile;
use crate::rules::RuleSet;
use crate::rules::collection::Failed;
use crate::rules::kinds::Kind;
use crate::rules::lazy::Found;
use crate::tables::{Citation, Record, Tables, collection, host, lines};
use std::borrow::Cow;
use std::io::Read;
use transcript::Section;

/// Bytes of small evidence that are read; a queue listing of a million messages fits.
const SMALL: u64 = 512 << 20;
/// Bytes of unrecognised text that are looked at.
const LOOSE: u64 = 64 << 20;
/// Lines of unrecognised text that are kept to be searched.
const LOOSE_LINES: usize = 200_000;
/// Lines at the beginning and at the end of an output that are looked at for the words of a failure.
const ENDS: usize = 40;
/// Characters of a line that are kept.
const LONGEST: usize = 4_096;

/// In which order kinds are read: what tells the time first, since others and the log need it; then what others look up.
pub(super) fn order(kind: Option<&Kind>) -> u8 {
    match kind.map(|kind| kind.parser.as_str()) {
        Some("clock") => 0,
        Some("settings" | "uname" | "hostnamectl") => 1,
        // A file with nothing but a name is told by what the others say.
        Some("hostname") | None => 3,
        _ => 2,
    }
}

/// Whether all that a text says is that a command failed.
pub(super) fn all_failed(text: &str, rules: &RuleSet) -> bool {
    let mut said = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(ENDS + 1);
    let mut any = false;
    said.all(|line| {
        any = true;
        failed(line, rules).is_some()
    }) && any
}

fn failed<'r, 't>(line: &'t str, rules: &'r RuleSet) -> Option<(&'r Failed, Found<'r, 't>)> {
    rules.collection.iter().find_map(|way| way.any.iter().find_map(|regex| Some((way, regex.captures(line)?))))
}

/// One file that is being read.
pub(super) struct Reading<'r, 't> {
    pub(super) file: &'r BundleFile,
    pub(super) number: u32,
    /// Longest line that is looked at.
    pub(super) longest: usize,
    pub(super) rules: &'r RuleSet,
    /// The zone that a log's stamps tell, where nothing else does.
    pub(super) told_offset: Option<i32>,
    pub(super) tables: &'t mut Tables,
    /// Learns what the file gives away.
    pub(super) secrets: &'t mut KnownSecrets,
}

/// Bytes of a file of this kind that are looked at.
fn most(kind: Option<&Kind>) -> u64 {
    if kind.is_some() { SMALL } else { LOOSE }
}

/// Tells of the secrets in a file that others give away.
pub(super) fn tell_known(file: &BundleFile, paste: &Paste, kind: Option<&Kind>, known: &SecretFinder, source: &mut Source) {
    if known.is_empty() || source.bundle_file.is_none() {
        return;
    }
    let mut bytes = Vec::new();
    // What can be read of it was read before.
    let _ = file.open().and_then(|reader| reader.take(most(kind)).read_to_end(&mut bytes));
    let text = paste.undo(text::clean(&bytes));
    if known.hide(&text).is_some() {
        let remover = SecretRemover::for_file(&file.path, known);
        source.secrets = secrets::taken_out(remover, &text, &mut |_| {}).1;
    }
}

/// The text of a file as it may be shown, which files of a bundle are made to side by side.
pub(super) struct Clean {
    text: String,
    lines: u64,
    /// Lines that were too long.
    cut: usize,
    /// Its secrets: where each kind stands first, and themselves.
    found: Vec<secrets::Found>,
    told: Vec<String>,
    /// Why it was not read to its end.
    error: Option<std::io::Error>,
}

impl Clean {
    /// Reads a file of which lines up to `longest` bytes are looked at.
    pub(super) fn of(file: &BundleFile, paste: &Paste, kind: Option<&Kind>, longest: usize, rules: &RuleSet) -> Clean {
        let mut bytes = Vec::new();
        let read = file.open().and_then(|reader| reader.take(most(kind)).read_to_end(&mut bytes));
        let (text, cut) = within(paste.undo(text::clean(&bytes)), longest);
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64
            + u64::from(bytes.last().is_some_and(|last| *last != b'\n'));
        drop(bytes);
        // What nobody may see is in no record.
        let remover = SecretRemover::for_file(&file.path, &SecretFinder::of(rules));
        let mut told = Vec::new();
        let (clean, found) = secrets::taken_out(remover, &text, &mut |secret| told.push(secret.to_owned()));
        let clean = match clean {
            Cow::Owned(clean) => Some(clean),
            Cow::Borrowed(_) => None,
        };
        Clean { text: clean.unwrap_or(text), lines, cut, found, told, error: read.err() }
    }
}

impl<'r> Reading<'r, '_> {
    /// Reads the file; returns the log lines that it holds beside other things.
    pub(super) fn run(&mut self, clean: Clean, kind: Option<&Kind>, sections: bool, source: &mut Source) -> Option<Log> {
        let Clean { text, lines, cut, found, told, error } = clean;
        source.lines = lines;
        source.secrets = found;
        told.iter().for_each(|secret| self.secrets.remember(secret));
        let kind = self.name_of_host(&text, kind, source);
        let found = if sections { transcript::sections(&text) } else { None };
        let log = match found {
            Some(sections) => self.transcript(&text, &sections, kind, source),
            None => {
                self.section(&Section { command: None, text: &text, first_line: 1 }, kind, source);
                None
            }
        };
        if cut > 0 {
            source.title = format!("{}; {LONGER_LINES}: {cut}", source.title);
        }
        if let Some(error) = error {
            source.title = format!("{}; reading ended early: {error}", source.title);
        }
        log
    }

    /// The kind of a file that holds nothing but a name, and whose own name tells nothing: it is the host's if other evidence
    /// calls the host so. `/etc/mailname` and others look the same.
    fn name_of_host<'k>(&mut self, text: &str, kind: Option<&'k Kind>, source: &mut Source) -> Option<&'k Kind>
    where
        'r: 'k,
    {
        let guessed = kind.is_some_and(|kind| kind.parser == "hostname") && source.why == "content";
        if kind.is_some() && !guessed {
            return kind;
        }
        let word = text.trim();
        let is_name = !word.is_empty()
            && word.len() <= 253
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        match names::calls_host(word, self.tables) {
            _ if !is_name => kind,
            Some(true) => {
                let hostname = self.rules.kinds.iter().find(|kind| kind.parser == "hostname")?;
                source.kind = Some(hostname.kind.clone());
                source.title.clone_from(&hostname.title);
                source.why = "content";
                Some(hostname)
            }
            Some(false) if guessed => {
                source.kind = None;
                source.title = "one name, which is not the host's by other evidence".to_owned();
                source.why = "";
                None
            }
            Some(false) | None => kind,
        }
    }

    /// Reads each section as what its command shows.
    fn transcript(&mut self, text: &str, sections: &[Section<'_>], whole: Option<&Kind>, source: &mut Source) -> Option<Log> {
        let mut titles: Vec<&str> = Vec::new();
        let mut logs: Vec<(&Section<'_>, super::Wrapping)> = Vec::new();
        let mut kinds = Vec::new();
        // Beside it only what stood on the screen before.
        let one = sections.len() <= 2 && sections.iter().filter(|section| section.command.is_some()).count() == 1;
        for section in sections {
            let name = section.command.map(transcript::name_of).unwrap_or_default();
            let head: String = section.text.chars().take(super::HEAD as usize).collect();
            // Above the first prompt of a pasted terminal stands whatever was on the screen.
            let found = match recognise(&name, &head, &self.rules.kinds) {
                // What a command prints is of its kind, even where it looks like something else (`dig +short`).
                found if transcript::is_output(&name) && found.is_none_or(|found| found.why == "content") => {
                    by_name(&name, &self.rules.kinds).or(found.map(|found| found.kind))
                }
                found => found.map(|found| found.kind),
            };
            let kind = found.or(whole.filter(|_| one && section.command.is_some()));
            kinds.extend(kind);
            titles.extend(section.command);
            match kind.filter(|kind| is_log(kind)).map(|_| Wrapping::of(section.text)) {
                Some(wrapping) if !all_failed(section.text, self.rules) => logs.push((section, wrapping)),
                _ => {
                    let mut part = Source {
                        kind: None,
                        title: String::new(),
                        unparsed: 0,
                        failed: false,
                        first_unparsed: None,
                        not_understood: Vec::new(),
                        ..source.clone()
                    };
                    self.section(section, kind, &mut part);
                    source.unparsed += part.unparsed;
                    source.first_unparsed = source.first_unparsed.or(part.first_unparsed);
                    source.covers = source.covers.or(part.covers);
                    source.not_understood.extend(part.not_understood);
                    source.not_understood.truncate(EXAMPLES);
                    if one && section.command.is_some() {
                        source.failed = part.failed;
                        source.title = part.title;
                    }
                }
            }
        }
        match kinds.as_slice() {
            [] => source.kind = None,
            [kind] if one => source.kind = Some(kind.kind.clone()),
            _ => source.kind = Some(transcript::KIND.to_owned()),
        }
        if !one {
            let shown: Vec<&str> = titles.iter().take(6).copied().collect();
            let more = titles.len().saturating_sub(shown.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (source.title, source.why) = match titles.len() {
                0 => ("outputs in code blocks".to_owned(), "its code blocks"),
                1 => (format!("output of `{}`, and other text", titles[0]), "the commands that it shows"),
                many => (format!("output of {many} commands: {}{more}", shown.join(", ")), "the commands that it shows"),
            };
        } else if let (Some(kind), true) = (kinds.first(), source.title.is_empty()) {
            source.title.clone_from(&kind.title);
        }
        let &(_, wrapping) = logs.first()?;
        // One reader for all of them: their lines stay at their places, everything else is emptied.
        let mut masked = String::with_capacity(text.len());
        let mut head = String::new();
        let mut line = 1;
        for (section, _) in logs.iter().filter(|(_, other)| *other == wrapping) {
            while line < section.first_line {
                masked.push('\n');
                line += 1;
            }
            masked.push_str(section.text);
            line += section.text.matches('\n').count() as u32;
            if head.is_empty() {
                head = section.text.chars().take(super::HEAD as usize).collect();
            }
        }
        Some(Log { number: self.number as usize, head, text: Some(masked) })
    }

    /// Reads the output of one command.
    fn section(&mut self, section: &Section<'_>, kind: Option<&Kind>, source: &mut Source) {
        let failures = self.failures(section, kind);
        let said = section.text.lines().filter(|line| !line.trim().is_empty()).count();
        if said == 0 {
            source.title = match kind {
                None => "empty".to_owned(),
                Some(kind) if !kind.empty_is_collected => format!("{}: empty, so nothing is known from it", kind.title),
                Some(kind) => kind.title.clone(),
            };
            if !kind.is_some_and(|kind| kind.empty_is_collected) {
                return;
            }
        }
        let all_failed = said > 0 && failures.len() == said;
        if all_failed {
            let by_name = section.command.is_none().then(|| by_name(&self.file.path, &self.rules.kinds)).flatten();
            let what = kind.or(by_name).map_or("output", |kind| &kind.title);
            source.failed = true;
            if let (None, Some(kind)) = (kind, by_name) {
                source.kind = Some(kind.kind.clone());
                source.why = "name";
            }
            let says = failures.first().map_or("", |(_, says)| says);
            source.title = format!("{what}: the command failed: {says}");
        } else if let Some(kind) = kind
            && source.title.is_empty()
        {
            source.title.clone_from(&kind.title);
        }
        let Some(kind) = kind else {
            if !all_failed {
                self.loose_lines(section, source);
            }
            return;
        };
        let host = self.tables.host();
        let zone_offset = host.and_then(|host| host.int(host::zone_offset)).and_then(|offset| i32::try_from(offset).ok());
        let document = Document {
            file: self.number,
            path: &self.file.path,
            text: section.text,
            command: section.command,
            first_line: section.first_line,
            zone_offset: zone_offset.or(self.told_offset).unwrap_or(0),
            collected_at: host.and_then(|host| host.time(host::collected_at)).or(self.file.modified),
            companions: &kind.companions,
        };
        if !all_failed {
            let name = self.tables.name(&kind.kind);
            self.tables.mark_read(name);
        }
        let mut sink = Sink { tables: self.tables, unparsed: Vec::new(), covers: None };
        match (&kind.pattern, parsers::PARSERS.iter().find(|(name, _)| *name == kind.parser)) {
            (Some(found), _) => pattern::parse(&kind.kind, found, &document, &mut sink),
            (None, Some((_, parse))) => parse(&document, &mut sink),
            (None, None) => {
                self.loose_lines(section, source);
                return;
            }
        }
        // The words of a failure are understood.
        let unparsed = sink.unparsed.iter().filter(|line| !failures.iter().any(|(failed, _)| failed == *line));
        source.unparsed = unparsed.clone().count() as u64;
        let mut examples: Vec<u32> = unparsed.copied().collect();
        examples.sort_unstable();
        source.first_unparsed = examples.first().copied();
        examples.truncate(EXAMPLES);
        source.not_understood = examples;
        source.covers = sink.covers;
    }

    /// Records the lines by which commands say that they failed; returns their numbers and what that means.
    fn failures(&mut self, section: &Section<'_>, kind: Option<&Kind>) -> Vec<(u32, &'r str)> {
        let rules = self.rules;
        let count = section.text.lines().count();
        let mut failures = Vec::new();
        for (at, line) in section.text.lines().enumerate().filter(|(at, _)| *at < ENDS || at + ENDS >= count) {
            let Some((way, captures)) = failed(text::beginning(line, self.longest).trim(), rules) else { continue };
            let number = section.first_line + at as u32;
            let by_name = by_name(&section.command.map_or_else(|| self.file.path.clone(), transcript::name_of), &rules.kinds);
            let command = captures.name("command").or(section.command);
            let record = Record::new(&collection::TABLE, Citation { file: self.number, line: number })
                .with(collection::kind, kind.or(by_name).map(|kind| self.tables.name(&kind.kind)))
                .with(collection::command, command.map(|command| self.tables.name(command)))
                .with(collection::outcome, self.tables.name(&way.outcome))
                .with(collection::text, self.tables.name(&short(line.trim())));
            self.tables.push(&collection::TABLE, record);
            failures.push((number, way.says.as_str()));
        }
        failures
    }

    /// Keeps the lines of a text that nobody knows, so that rules can search them.
    fn loose_lines(&mut self, section: &Section<'_>, source: &mut Source) {
        let path = self.tables.name(&self.file.path);
        for (at, line) in section.text.lines().enumerate() {
            if self.tables.rows(&lines::TABLE).len() >= LOOSE_LINES {
                source.title = format!("not recognised: its first {at} lines are searched as plain text");
                return;
            }
            let record = Record::new(&lines::TABLE, Citation { file: self.number, line: section.first_line + at as u32 })
                .with(lines::file, path)
                .with(lines::text, self.tables.name(&short(line)));
            self.tables.push(&lines::TABLE, record);
        }
    }
}

/// The text with its lines cut to `longest` bytes, and how many were. A message with all its recipients is one line.
fn within(whole: String, longest: usize) -> (String, usize) {
    let is_cut = |line: &str| line.len() > longest && !queue_json::is_message(line);
    let cut = whole.lines().filter(|line| is_cut(line)).count();
    if cut == 0 {
        return (whole, 0);
    }
    let lines = whole.lines().map(|line| if is_cut(line) { text::beginning(line, longest) } else { line });
    (lines.flat_map(|line| [line, "\n"]).collect(), cut)
}

fn short(line: &str) -> String {
    line.chars().take(LONGEST).collect()
}
