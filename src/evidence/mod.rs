//! From files to records: recognises each file of a bundle and parses it into the tables.
//!
//! Small evidence is read first, since it says in which zone and year the log's stamps are; then the logs, in the order
//! of their first lines; then the log and the queue listing are joined to the backlog.

mod bounce;
mod clock;
mod df;
mod dig;
pub mod document;
mod firewall;
pub mod headers;
mod host_lookup;
pub mod instances;
mod kernel;
mod load;
pub mod maillog;
mod names;
mod nc;
pub mod notice;
mod openssl;
mod overheard;
pub mod parsers;
mod paste;
mod pattern;
mod policies;
mod postcat;
mod ps;
mod queue_json;
mod queue_listing;
pub mod recognise;
mod sar;
pub mod secrets;
mod seen;
mod services;
mod settings;
mod small;
mod stamp;
mod state;
mod system;
pub mod text;
pub mod transcript;

use crate::bundle::{Bundle, BundleFile};
use crate::bytes::is_binary;
use crate::parallel;
use crate::rules::RuleSet;
use crate::rules::kinds::Kind;
use crate::tables::{Tables, Value, arrivals, attempts, collection, diagnostics, failures, host, lines};
use crate::time::{Time, duration};
use maillog::backlog::Waiting;
use maillog::doubled;
use maillog::envelope::{self, Clock};
use maillog::fold::{self, Asked};
use maillog::hosts;
use maillog::lanes::Lanes;
use maillog::reader::{self, Outcome, Reading, Stream, first_line, first_time};
use maillog::traffic::Traffic;
use maillog::wrap::Wrapping;
use paste::Paste;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Bytes of a file by which its kind is recognised.
const HEAD: u64 = 1 << 16;
/// Bytes up to which a file is looked through for the commands that it shows.
const TRANSCRIPT: u64 = 64 << 20;

/// Files whose beginnings are in memory at once.
const AT_ONCE: usize = 64;

/// Bytes of files that are read at once, unless one alone has more.
const MOST_AT_ONCE: u64 = 8 << 20;

/// That lines are cut.
const LONGER_LINES: &str = "lines of which only the beginning is looked at (see --max-line)";

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
    /// What waits at the end.
    pub waiting: Waiting,
    /// The host that the first log names in its first line.
    pub logged_by: Option<String>,
    /// Secrets that a file gives away, which are shown nowhere.
    pub secrets: secrets::SecretFinder,
    /// What a redaction before says that it put in; see [`Bundle::pseudonyms`].
    pub pseudonyms: Option<Arc<str>>,
    /// The end of the evidence: when it was collected, or else the last line.
    pub end: Option<Time>,
}

/// One file and what became of it.
#[derive(Debug, Clone, Default)]
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
    /// Lines of other programs in a log; only where every line was accounted for.
    pub others: u64,
    /// By what the kind was recognised; empty if it was not.
    pub why: &'static str,
    /// Secrets that stand in it, the first of each kind; they are shown nowhere.
    pub secrets: Vec<secrets::Found>,
    /// Where some of its lines begin: the line's number, and its place in the file's bytes; in order.
    pub marks: Vec<(u32, u64)>,
}

/// A log to be read: a file, or the log lines of a file that holds other things, too.
struct Log {
    number: usize,
    head: String,
    /// The file's text, with the lines that are no log emptied; none if all of the file is a log.
    text: Option<String>,
}

/// How the evidence is read.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Threads.
    pub jobs: usize,
    /// Whether each event of a log stays a record of its own, instead of being counted with those that are equal in all that
    /// the rules ask; the memory then grows with the log.
    pub every_record: bool,
    /// Whether every line of the logs is accounted for, which reads them once more.
    pub account: bool,
}

impl Default for How {
    fn default() -> How {
        How { jobs: parallel::cores(), every_record: false, account: false }
    }
}

/// Reads every file of the bundle into tables. Bytes of log read are added to `progress`.
pub fn collect(bundle: &Bundle, rules: &RuleSet, progress: &AtomicU64) -> Evidence {
    collect_as(bundle, rules, How::default(), progress)
}

/// A bundle of which everything but the logs was read.
struct Looked {
    tables: Tables,
    sources: Vec<Source>,
    logs: Vec<Log>,
    /// What was done to each file on its way.
    pastes: Vec<Paste>,
    /// When it was collected.
    collected_at: Option<Time>,
    /// Secrets that a file gives away.
    secrets: secrets::SecretFinder,
}

/// The beginning of a file.
struct Beginning<'b> {
    file: &'b BundleFile,
    text: String,
    paste: Paste,
    /// What is wrong if it cannot be read or is no text.
    trouble: Option<String>,
}

impl<'b> Beginning<'b> {
    fn of(file: &'b BundleFile) -> Beginning<'b> {
        let (text, trouble) = head_of(file);
        let paste = Paste::of(&text);
        Beginning { file, text: paste.undo(text), paste, trouble }
    }

    /// What the file is recognised to be, and whether it shows commands with what each printed.
    fn recognise<'r>(&self, rules: &'r RuleSet) -> (Option<recognise::Found<'r>>, bool) {
        let readable = self.trouble.is_none();
        let found = readable.then(|| recognise::recognise(&self.file.path, &self.text, &rules.kinds)).flatten();
        let quotes = found.as_ref().is_some_and(|found| found.kind.kind == transcript::OWN_REPORT);
        (found, !quotes && self.file.size <= TRANSCRIPT && transcript::sections(&self.text).is_some())
    }
}

fn look(bundle: &Bundle, rules: &RuleSet, jobs: usize) -> Looked {
    let mut tables = Tables::default();
    // Every file that nobody knows is searched: that none says something is known, even if there is none.
    tables.mark_collected(&lines::TABLE);
    let mut sources = Vec::new();
    let mut small = Vec::new();
    let mut logs = Vec::new();
    let mut pastes = Vec::new();
    for files in bundle.files.chunks(AT_ONCE) {
        let begun = parallel::each(jobs, files, |file| {
            let begun = Beginning::of(file);
            let recognised = begun.recognise(rules);
            (begun, recognised)
        });
        for (Beginning { file, text, paste, trouble }, (found, sections)) in begun {
            let at = sources.len();
            let kind = found.map(|found| found.kind);
            let mut source = Source::new(file, at, found.as_ref());
            if let Some(trouble) = trouble {
                source.title = trouble;
            } else if kind.is_some_and(is_log) && !sections && !small::all_failed(&text, rules) {
                logs.push(Log { number: at, head: text, text: None });
            } else {
                small.push((at, kind, sections));
            }
            sources.push(source);
            pastes.push(paste);
        }
    }
    // Files that hold one word each are told apart by what the others say.
    small.sort_by_key(|(_, kind, sections)| (small::order(*kind), *sections));
    let told_offset = told_offset(&logs);
    let mut known = secrets::KnownSecrets::new(rules);
    let mut rest = small.as_slice();
    while !rest.is_empty() {
        let (some, others) = rest.split_at(together(rest.iter().map(|(number, ..)| &bundle.files[*number])));
        rest = others;
        let longest = bundle.limits.line;
        let clean = parallel::each(jobs, some, |&(number, kind, _)| {
            small::Clean::of(&bundle.files[number], &pastes[number], kind, longest, rules)
        });
        for (clean, &(number, kind, sections)) in clean.into_iter().zip(some) {
            let mut reading = small::Reading {
                file: &bundle.files[number],
                number: number as u32,
                longest,
                rules,
                told_offset,
                tables: &mut tables,
                secrets: &mut known,
            };
            logs.extend(reading.run(clean, kind, sections, &mut sources[number]));
        }
    }
    let secrets = known.finder();
    for &(number, kind, _) in &small {
        let file = &bundle.files[number];
        small::tell_known(file, &pastes[number], kind, &secrets, &mut sources[number]);
    }
    let log = logs.iter().map(|log| bundle.files[log.number].path.as_str()).min_by_key(|path| path.len());
    tables.show_log = rules.plan.show_log(log).unwrap_or_default().to_owned();
    tables.and_more = rules.plan.and_more.clone().unwrap_or_else(|| "(+{n})".to_owned());
    tables.titles = [("provider", rules.providers.titles()), ("reason_class", rules.reasons.titles.clone())].into();
    let collected_at = tables.host().and_then(|host| host.time(host::collected_at));
    Looked { tables, sources, logs, pastes, collected_at, secrets }
}

/// How many of the next files are read side by side: one at least, and so many that their texts take little room. What is
/// unpacked on the way may be of any size.
fn together<'b>(files: impl Iterator<Item = &'b BundleFile>) -> usize {
    let mut room = MOST_AT_ONCE;
    let fits = |file: &&BundleFile| {
        room = if file.compression.is_some() { 0 } else { room.saturating_sub(file.size) };
        room > 0
    };
    files.take(AT_ONCE).take_while(fits).count().max(1)
}

/// Gives the logs of a bundle to `work`, in the order of their first lines, and the secrets that its other files give away.
pub fn with_logs<T>(bundle: &Bundle, rules: &RuleSet, work: impl FnOnce(&[Stream<'_>], &secrets::SecretFinder) -> T) -> T {
    let Looked { tables, logs, pastes, collected_at, secrets, .. } = look(bundle, rules, parallel::cores());
    work(&streams(bundle, &logs, &tables, collected_at, &pastes), &secrets)
}

/// What was given up of the logs to stay within memory.
fn limits(traffic: &Traffic) -> Vec<String> {
    let mut limits = Vec::new();
    if !traffic.coarse.is_empty() {
        let tables = traffic.coarse.join(", ");
        limits.push(format!("so many different values that rules count the rare ones of {tables} together"));
    }
    match traffic.let_go {
        0 if limits.is_empty() => {}
        0 => limits.push("the counts of traffic and queue are exact".to_owned()),
        many => limits.push(format!(
            "so many messages under way at once that the {many} oldest are no longer followed and count as waiting"
        )),
    }
    match traffic.forgotten {
        0 => {}
        1 => limits.push("so many different senders or domains that those that occur once are not counted by name".to_owned()),
        rare => limits.push(format!(
            "so many different senders or domains that those that occur up to {rare} times are not counted by name"
        )),
    }
    limits
}

/// What somebody left out of the logs before they came here.
fn excerpt(tables: &Tables) -> Option<&'static str> {
    let is_collected = [&attempts::TABLE, &arrivals::TABLE, &diagnostics::TABLE].map(|table| tables.is_collected(table));
    match is_collected {
        [true, false, false] => {
            Some("only deliveries are in it, as of an excerpt: who sent the mail and what Postfix warned of is not known")
        }
        [true, false, true] => Some("no line in it says where the mail came from, as of an excerpt"),
        _ => None,
    }
}

/// The same, read as `how` says.
pub fn collect_as(bundle: &Bundle, rules: &RuleSet, how: How, progress: &AtomicU64) -> Evidence {
    let asked = || {
        // The first file waits for it.
        rules.secrets.marks();
        Asked::of(rules, how.every_record)
    };
    let (looked, asked) = parallel::both(how.jobs, || look(bundle, rules, how.jobs), asked);
    let Looked { mut tables, mut sources, logs, pastes, collected_at, secrets } = looked;
    let settings = Settings { asked: &asked, how, progress };
    let streams = streams(bundle, &logs, &tables, collected_at, &pastes);
    // What a log or a listing tells of, it tells better than the bounce message of one of them.
    let bounced = std::mem::take(tables.rows_mut(&failures::TABLE));
    let fold = read_logs(bundle, &streams, &mut sources, &mut tables, settings);
    let end = match (collected_at, fold.as_ref().and_then(|fold| fold.traffic.last)) {
        // A log that goes on for hours after the listing was taken is the later evidence.
        (Some(collected), Some(last)) => Some(collected.max(last)),
        (collected, last) => collected.or(last),
    };
    let fold = fold.or_else(|| fold::has_listing(&tables).then(|| Lanes::new(&asked, &tables)));
    let (traffic, waiting) = fold.map(|fold| fold.finish(&mut tables, end)).unzip();
    // Also where no line has a time, as `journalctl -o cat` prints them.
    if let Some(traffic) = traffic.as_ref().filter(|traffic| traffic.last.is_some() || traffic.postfix_lines > 0) {
        let overheard = overheard::failures(&mut tables, traffic);
        fold::mark_collected(&mut tables, traffic, overheard.is_empty());
        tables.rows_mut(&failures::TABLE).extend(overheard);
        tables.log_begins = traffic.first;
        let failing = traffic.minutes.iter().filter(|(_, minute)| minute.failing > 0);
        tables.failing = failing.map(|(minute, counts)| (Time::from_seconds(minute * 60), counts.failing)).collect();
    }
    if !tables.is_collected(&failures::TABLE) {
        tables.rows_mut(&failures::TABLE).extend(bounced);
    }
    if how.every_record {
        maillog::again::fill(&streams, bundle.limits.line, &mut tables);
    }
    instances::settle(&mut tables);
    seen::address(&mut tables);
    policies::settle(&mut tables);
    for limit in traffic.iter().flat_map(limits).chain(excerpt(&tables).map(str::to_owned)) {
        for stream in &streams {
            let title = &mut sources[stream.file as usize].title;
            *title = format!("{title}; {limit}");
        }
    }
    for stream in streams.iter().filter(|stream| stream.doubled) {
        sources[stream.file as usize].title.push_str("; lines stand in it twice, and count once");
    }
    for (stream, host) in streams.iter().filter_map(|stream| Some((stream, stream.host.as_deref()?))) {
        let title = &mut sources[stream.file as usize].title;
        *title = format!("{title}; several hosts log into it: this report is about {host}, whose lines alone count");
    }
    for skipped in &bundle.skipped {
        sources.push(Source { path: skipped.path.clone(), title: skipped.why.clone(), ..Source::default() });
    }
    let mut evidence = Evidence {
        tables,
        sources,
        traffic: traffic.filter(|traffic| traffic.lines > 0),
        waiting: waiting.unwrap_or_default(),
        logged_by: streams.first().and_then(Stream::logged_by),
        secrets,
        pseudonyms: bundle.pseudonyms.clone(),
        end,
    };
    evidence.remark(&streams);
    evidence
}

/// Seconds between the end of the log and the rest from which on it tells little of the present.
const STALE: f64 = 12.0 * 3600.0;

/// What becomes of a delivery.
const STATUSES: [&str; 5] = ["sent", "deferred", "bounced", "expired", "undeliverable"];

impl Evidence {
    /// Says beside its name what a listing or the logs lack.
    fn remark(&mut self, streams: &[Stream<'_>]) {
        let cut = match self.cut_deliveries().0 {
            0 => None,
            many => Some((None, format!("lines of deliveries that end before they say what became of them: {many}"))),
        };
        let stale = self.stale_log().map(|(last, before)| {
            (Some(last), format!("it ends {} before the rest was collected: what happened since is not known", duration(before)))
        });
        let blackened = self.blackened().map(|word| {
            let what = "stands for all recipients: who gets mail, and at how many domains, cannot be counted";
            (None, format!("the word {word} {what}"))
        });
        let listings = self.tables.rows(&collection::TABLE).iter();
        for row in listings.filter(|row| row.text(collection::outcome, &self.tables.names) == Some("cut-off")) {
            self.sources[row.source.file as usize].title.push_str("; it is cut off, so more waits than it shows");
        }
        for (last, remark) in cut.into_iter().chain(stale).chain(blackened) {
            for stream in streams {
                let source = &mut self.sources[stream.file as usize];
                if last.is_none_or(|last| source.covers.is_some_and(|(_, to)| to == last)) {
                    source.title = format!("{}; {remark}", source.title);
                }
            }
        }
    }

    /// The end of a log that ended long before the rest was collected, and how long before.
    pub fn stale_log(&self) -> Option<(Time, f64)> {
        let last = self.traffic.as_ref()?.last?;
        let before = self.end?.since(last);
        (before >= STALE).then_some((last, before))
    }

    /// The word that somebody put in the place of every recipient.
    fn blackened(&self) -> Option<String> {
        let rows = self.tables.rows(&attempts::TABLE);
        let mut recipients = rows.iter().filter_map(|row| row.text(attempts::recipient, &self.tables.names));
        let word = recipients.next()?.to_owned();
        let domain = word.rsplit('@').next().unwrap_or_default();
        let placeholder = word.contains(['*', '#', '[', '<', '?'])
            || ["redact", "hidden", "removed", "xxx"].iter().any(|part| word.to_ascii_lowercase().contains(part))
            || ["example.com", "example.net", "example.org"].contains(&domain);
        let many = rows.iter().map(|row| row.count).sum::<u64>() >= 10;
        (placeholder && many && recipients.all(|other| other == word)).then_some(word)
    }

    /// Deliveries of which the line ends before it says what became of them, and whether they are many.
    pub fn cut_deliveries(&self) -> (u64, bool) {
        let (mut cut, mut all) = (0, 0);
        for row in self.tables.rows(&attempts::TABLE) {
            all += row.count;
            let status = row.text(attempts::status, &self.tables.names).unwrap_or_default();
            cut +=
                if STATUSES.iter().any(|known| known.len() > status.len() && known.starts_with(status)) { row.count } else { 0 };
        }
        (cut, 5 * cut > all)
    }
}

impl Source {
    fn new(file: &BundleFile, at: usize, found: Option<&recognise::Found<'_>>) -> Source {
        let kind = found.map(|found| found.kind);
        Source {
            path: file.path.clone(),
            bundle_file: Some(at),
            kind: kind.map(|kind| kind.kind.clone()),
            title: kind.map_or_else(|| "not recognised: searched as plain text".to_owned(), |kind| kind.title.clone()),
            why: found.map_or("", |found| found.why),
            ..Source::default()
        }
    }
}

fn is_log(kind: &Kind) -> bool {
    matches!(kind.parser.as_str(), "maillog" | "journal-json")
}

/// The beginning of a file as text, and what is wrong if it cannot be read or is no text.
fn head_of(file: &BundleFile) -> (String, Option<String>) {
    let mut head = Vec::new();
    let read = file.open().and_then(|reader| reader.take(HEAD).read_to_end(&mut head));
    match read {
        Err(error) if head.is_empty() => (String::new(), Some(format!("cannot be read: {error}"))),
        // The journal's export has NUL bytes in lengths.
        _ if !head.starts_with(b"__CURSOR=") && !head.starts_with(b"__REALTIME_TIMESTAMP=") && is_binary(&head) => {
            (String::new(), Some("binary data; not read".to_owned()))
        }
        _ => (text::clean(&head), None),
    }
}

/// What reading the logs needs besides them.
#[derive(Clone, Copy)]
struct Settings<'a, 'r> {
    asked: &'a Asked<'r>,
    how: How,
    progress: &'a AtomicU64,
}

/// What the evidence beside the logs calls this server.
fn own_names(tables: &Tables) -> Vec<&str> {
    let fqdn = tables.host().and_then(|host| host.text(host::fqdn, &tables.names));
    let settings = tables.rows(&crate::tables::settings::TABLE).iter();
    let named = settings.filter(|row| row.text(crate::tables::settings::name, &tables.names) == Some("myhostname"));
    fqdn.into_iter().chain(named.filter_map(|row| row.text(crate::tables::settings::value, &tables.names))).collect()
}

/// Stamps with a zone in a log tell the zone of those without in another, and in a queue listing.
fn told_offset(logs: &[Log]) -> Option<i32> {
    logs.iter().find_map(|log| log.head.lines().take(20).find_map(envelope::told_offset))
}

/// Bytes of each place at which a log is looked at beyond its beginning.
const LATER: u64 = HEAD / 2;

/// Whole lines from three places of a file behind its head, if it is long and can be opened there.
fn later(file: &BundleFile) -> String {
    let mut found = String::new();
    let last = file.size.saturating_sub(LATER);
    for offset in [last / 3, last / 3 * 2, last].into_iter().filter(|offset| *offset >= HEAD) {
        let mut bytes = Vec::new();
        let Ok(Some(reader)) = file.open_at(offset) else { break };
        if reader.take(LATER).read_to_end(&mut bytes).is_err() {
            break;
        }
        let text = text::clean(&bytes);
        let lines = text.split_once('\n').and_then(|(_, rest)| rest.rsplit_once('\n'));
        found.extend(lines.iter().flat_map(|(lines, _)| [*lines, "\n"]));
    }
    found
}

/// The logs, ready to be read, in the order of their first lines.
fn streams<'b>(
    bundle: &'b Bundle,
    logs: &'b [Log],
    tables: &Tables,
    collected_at: Option<Time>,
    pastes: &'b [Paste],
) -> Vec<Stream<'b>> {
    let known_offset = match tables.host().map(|host| host.get(host::zone_offset)) {
        Some(Value::Int(offset)) => i32::try_from(offset).ok(),
        _ => None,
    };
    let zone_offset = known_offset.or_else(|| told_offset(logs)).unwrap_or(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = Time::from_seconds(i64::try_from(now).unwrap_or(0));
    let own = own_names(tables);
    let mut streams = Vec::new();
    for Log { number, head, text } in logs {
        let whole = text.is_none() && pastes[*number].is_none();
        let file = &bundle.files[*number];
        let reference = collected_at.or(file.modified).unwrap_or(now);
        let clock = Clock { zone_offset, reference };
        let wrapping = Wrapping::of(head);
        let first = first_time(head, wrapping, &clock);
        let open: reader::Open<'_> = match text {
            Some(text) => Box::new(move || Ok(Box::new(text.as_bytes()) as Box<dyn Read + Send + '_>)),
            None => {
                let paste = &pastes[*number];
                Box::new(move || Ok(paste.reader(file.open()?)))
            }
        };
        let doubled = wrapping == Wrapping::Plain && doubled::is_doubled(head, &clock);
        let open: reader::Open<'_> = match doubled {
            true => Box::new(move || Ok(Box::new(doubled::Once::reader(open()?)))),
            false => open,
        };
        let begins = first_line(head, wrapping, &clock).unwrap_or_default();
        let keep_lines = file.compression.is_some() && whole;
        let mut stream =
            Stream { file: *number as u32, wrapping, clock, first, begins, host: None, doubled, whole, keep_lines, open };
        let later = if whole && wrapping == Wrapping::Plain { later(file) } else { String::new() };
        let hosts = hosts::several(&[head.as_str(), later.as_str()], &clock);
        if !hosts.is_empty() {
            stream.host = hosts::judged(&hosts, &own, &stream, bundle.limits.line);
        }
        streams.push(stream);
    }
    streams.sort_by_key(|stream| (stream.first, stream.file));
    streams
}

fn read_logs<'r>(
    bundle: &Bundle,
    streams: &[Stream<'_>],
    sources: &mut [Source],
    tables: &mut Tables,
    settings: Settings<'_, 'r>,
) -> Option<Lanes<'r>> {
    if streams.is_empty() {
        return None;
    }
    let reading = Reading {
        jobs: settings.how.jobs,
        longest: bundle.limits.line,
        progress: settings.progress,
        companions: &settings.asked.companions,
    };
    let mut fold = Lanes::new(settings.asked, tables);
    let files = match reader::read(streams, reading, &mut fold) {
        Outcome::Read(files) => files,
        Outcome::Overlap => {
            settings.progress.store(0, std::sync::atomic::Ordering::Relaxed);
            fold = Lanes::new(settings.asked, tables);
            maillog::merge::read(streams, reading, &mut fold)
        }
    };
    for (stream, seen) in streams.iter().zip(files) {
        let source = &mut sources[stream.file as usize];
        source.lines = seen.lines;
        source.unparsed += seen.unparsed;
        source.first_unparsed = source.first_unparsed.or(seen.first_unparsed);
        source.not_understood.extend(seen.first_unparsed);
        source.covers = seen.covers.or(source.covers);
        if settings.how.account
            && let Ok(account) = maillog::again::account(stream, bundle.limits.line, EXAMPLES)
        {
            // Other parts of a pasted terminal were accounted for where they were read.
            source.others = account.others;
            source.unparsed = source.unparsed - seen.unparsed + account.not_understood;
            source.not_understood.retain(|line| Some(*line) != seen.first_unparsed);
            source.not_understood.extend(account.examples);
            source.not_understood.sort_unstable();
            source.not_understood.truncate(EXAMPLES);
            source.first_unparsed = source.not_understood.first().copied();
        }
        // The bytes of a flattened log, or of one taken out of a file, are not those of the file.
        if stream.whole && matches!(stream.wrapping, Wrapping::Plain | Wrapping::Line) {
            source.marks = seen.marks;
        }
        for (many, what) in [
            (seen.duplicates, "lines that also stand in another log, counted once"),
            (seen.cut, LONGER_LINES),
            (seen.lost, "messages lost before they were written (counts are lower bounds), at least"),
        ] {
            if many > 0 {
                source.title = format!("{}; {what}: {many}", source.title);
            }
        }
        if let Some(broken) = seen.broken {
            source.title = format!("{}; reading ended early: {broken}", source.title);
        }
    }
    Some(fold)
}
