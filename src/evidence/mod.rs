//! From files to records: recognises each file of a bundle and parses it into the tables.
//!
//! Small evidence is read first, since it says in which zone and year the log's stamps are; then the logs, in the order
//! of their first lines; then the log and the queue listing are joined to the backlog.

mod clock;
mod df;
mod dig;
pub mod document;
mod firewall;
pub mod headers;
mod host_lookup;
mod load;
pub mod maillog;
mod names;
mod nc;
mod openssl;
pub mod parsers;
mod pattern;
mod policies;
mod ps;
mod queue_json;
mod queue_listing;
pub mod recognise;
mod services;
mod settings;
mod small;
mod stamp;
mod state;
mod system;
pub mod text;
pub mod transcript;

use crate::bundle::{Bundle, BundleFile};
use crate::rules::RuleSet;
use crate::rules::kinds::Kind;
use crate::tables::{Tables, Value, host, lines};
use crate::time::Time;
use maillog::envelope::Clock;
use maillog::fold::{self, Fold};
use maillog::reader::{self, Wrapping, first_time, read_log};
use maillog::traffic::Traffic;
use std::io::Read;
use std::sync::atomic::AtomicU64;

/// Bytes of a file by which its kind is recognised.
const HEAD: u64 = 1 << 16;
/// Bytes up to which a file is looked through for the commands that it shows.
const TRANSCRIPT: u64 = 64 << 20;

/// Lines of a file that are kept as examples of what was not understood.
pub const EXAMPLES: usize = 3;

/// Everything that a bundle says.
#[derive(Debug)]
pub struct Evidence {
    /// The records.
    pub tables: Tables,
    /// The files, in the order of [`Citation::file`].
    pub sources: Vec<Source>,
    /// What the log counted; none if there is no log.
    pub traffic: Option<Traffic>,
    /// The end of the evidence: when it was collected, or else the last line.
    pub end: Option<Time>,
}

/// One file and what became of it.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path in the bundle.
    pub path: String,
    /// Position in [`Bundle::files`]; none for what was skipped.
    pub bundle_file: Option<usize>,
    /// Kind of evidence; none if it was not recognised.
    pub kind: Option<String>,
    /// The kind in words, or what is to be said of the file.
    pub title: String,
    /// Lines.
    pub lines: u64,
    /// Lines that were not understood.
    pub unparsed: u64,
    /// The first of them.
    pub first_unparsed: Option<u32>,
    /// First and last time in it.
    pub covers: Option<(Time, Time)>,
    /// Whether all that it says is that a command failed.
    pub failed: bool,
    /// The first lines that were not understood, up to [`EXAMPLES`].
    pub not_understood: Vec<u32>,
    /// By what the kind was recognised; empty if it was not.
    pub why: &'static str,
}

/// A log to be read: a file, or the log lines of a file that holds other things, too.
struct Log {
    number: usize,
    wrapping: Wrapping,
    head: String,
    /// The file's text, with the lines that are no log emptied; none if all of the file is a log.
    text: Option<String>,
}

/// Reads every file of the bundle into tables. Bytes of log read are added to `progress`.
pub fn collect(bundle: &Bundle, rules: &RuleSet, progress: &AtomicU64) -> Evidence {
    let mut tables = Tables::default();
    // Every file that nobody knows is searched: that none says something is known, even if there is none.
    tables.mark_collected(&lines::TABLE);
    let mut sources = Vec::new();
    let mut small = Vec::new();
    let mut logs = Vec::new();
    for (at, file) in bundle.files.iter().enumerate() {
        let (head, trouble) = head_of(file);
        let found = if trouble.is_some() { None } else { recognise::recognise(&file.path, &head, &rules.kinds) };
        let mut source = Source::new(file, at, found.as_ref());
        let kind = found.map(|found| found.kind);
        let sections = file.size <= TRANSCRIPT && transcript::sections(&head).is_some();
        if let Some(trouble) = trouble {
            source.title = trouble;
        } else if let Some(wrapping) = kind.and_then(wrapping).filter(|_| !sections && !small::all_failed(&head, rules)) {
            logs.push(Log { number: at, wrapping, head, text: None });
        } else {
            small.push((at, kind, sections));
        }
        sources.push(source);
    }
    // Files that hold one word each are told apart by what the others say.
    small.sort_by_key(|(_, kind, sections)| (small::order(*kind), *sections));
    for (number, kind, sections) in small {
        let mut reading = small::Reading { file: &bundle.files[number], number: number as u32, rules, tables: &mut tables };
        logs.extend(reading.run(kind, sections, &mut sources[number]));
    }
    if let Some(Log { number, .. }) = logs.iter().min_by_key(|log| bundle.files[log.number].path.len()) {
        tables.show_log = show_log(&bundle.files[*number].path);
    }
    policies::settle(&mut tables);
    let collected_at = tables.host().and_then(|host| host.time(host::collected_at));
    let fold = read_logs(bundle, logs, &mut sources, &mut tables, collected_at, progress);
    let end = match (collected_at, fold.as_ref().and_then(|fold| fold.traffic.last)) {
        // A log that goes on for hours after the listing was taken is the later evidence.
        (Some(collected), Some(last)) => Some(collected.max(last)),
        (collected, last) => collected.or(last),
    };
    let traffic = match fold {
        Some(fold) => Some(fold.finish(&mut tables, end)),
        None => {
            if fold::has_listing(&tables) {
                Fold::default().finish(&mut tables, end);
            }
            None
        }
    };
    for skipped in &bundle.skipped {
        sources.push(Source {
            path: skipped.path.clone(),
            bundle_file: None,
            kind: None,
            title: skipped.why.clone(),
            lines: 0,
            unparsed: 0,
            first_unparsed: None,
            covers: None,
            failed: false,
            not_understood: Vec::new(),
            why: "",
        });
    }
    Evidence { tables, sources, traffic: traffic.filter(|traffic| traffic.lines > 0), end }
}

impl Source {
    fn new(file: &BundleFile, at: usize, found: Option<&recognise::Found<'_>>) -> Source {
        let kind = found.map(|found| found.kind);
        Source {
            path: file.path.clone(),
            bundle_file: Some(at),
            kind: kind.map(|kind| kind.kind.clone()),
            title: kind.map_or_else(|| "not recognised: searched as plain text".to_owned(), |kind| kind.title.clone()),
            lines: 0,
            unparsed: 0,
            first_unparsed: None,
            covers: None,
            failed: false,
            not_understood: Vec::new(),
            why: found.map_or("", |found| found.why),
        }
    }
}

fn wrapping(kind: &Kind) -> Option<Wrapping> {
    match kind.parser.as_str() {
        "maillog" => Some(Wrapping::Syslog),
        "journal-json" => Some(Wrapping::JournalJson),
        _ => None,
    }
}

/// The command that shows the log that was collected as `path`: where distributions keep it differs.
fn show_log(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if name.contains("journal") {
        "journalctl -u 'postfix*' --no-pager"
    } else if name.starts_with("maillog") {
        "cat /var/log/maillog"
    } else if name == "mail" || name.starts_with("mail-") {
        "cat /var/log/mail"
    } else if name.starts_with("syslog") {
        "cat /var/log/syslog"
    } else {
        "cat /var/log/mail.log"
    }
}

/// The beginning of a file as text, and what is wrong if it cannot be read or is no text.
fn head_of(file: &BundleFile) -> (String, Option<String>) {
    let mut head = Vec::new();
    let read = file.open().and_then(|reader| reader.take(HEAD).read_to_end(&mut head));
    match read {
        Err(error) if head.is_empty() => (String::new(), Some(format!("cannot be read: {error}"))),
        // NUL bytes in the middle of text come from crashed disks; a file full of them is no text.
        _ if head.iter().take(4096).filter(|byte| **byte == 0).count() > 64 => {
            (String::new(), Some("binary data; not read".to_owned()))
        }
        _ => (text::clean(&head), None),
    }
}

fn read_logs(
    bundle: &Bundle,
    logs: Vec<Log>,
    sources: &mut [Source],
    tables: &mut Tables,
    collected_at: Option<Time>,
    progress: &AtomicU64,
) -> Option<Fold> {
    if logs.is_empty() {
        return None;
    }
    let zone_offset = match tables.host().map(|host| host.get(host::zone_offset)) {
        Some(Value::Int(offset)) => i32::try_from(offset).unwrap_or(0),
        _ => 0,
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = Time::from_seconds(i64::try_from(now).unwrap_or(0));
    let mut ordered = Vec::new();
    let mut texts = Vec::new();
    for Log { number, wrapping, head, text } in logs {
        let reference = collected_at.or(bundle.files[number].modified).unwrap_or(now);
        let clock = Clock { zone_offset, reference };
        ordered.push((first_time(&head, wrapping, &clock), number, wrapping, clock, texts.len()));
        texts.push(text);
    }
    ordered.sort_by_key(|(first, number, ..)| (*first, *number));
    let mut fold = Fold::default();
    for (_, number, wrapping, clock, text) in ordered {
        let source = &mut sources[number];
        let opened = match &texts[text] {
            Some(text) => Ok(Box::new(text.as_bytes()) as Box<dyn Read + Send + '_>),
            None => bundle.files[number].open(),
        };
        let seen = match opened {
            Ok(reader) => {
                let lines = reader::Lines { wrapping, clock: &clock, longest: bundle.limits.line };
                read_log(reader, number as u32, lines, &mut fold, tables, progress)
            }
            Err(error) => {
                source.title = format!("{}; cannot be read: {error}", source.title);
                continue;
            }
        };
        source.lines = seen.lines;
        source.unparsed += seen.unparsed;
        source.first_unparsed = source.first_unparsed.or(seen.first_unparsed);
        source.not_understood.extend(seen.first_unparsed);
        source.covers = seen.covers.or(source.covers);
        if let Some(broken) = seen.broken {
            source.title = format!("{}; reading ended early: {broken}", source.title);
        }
    }
    if fold.traffic.last.is_some() {
        fold::mark_collected(tables);
    }
    Some(fold)
}
