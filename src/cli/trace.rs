//! `postdoc trace BUNDLE WHAT`: the story of a message.

use super::Failure;
use super::reading::Reading;
use crate::bundle::{Bundle, BundleError};
use crate::diagnose::words::{thousands, visible};
use crate::evidence;
use crate::evidence::secrets::SecretFinder;
use crate::redact::Redactor;
use crate::report::render::without_controls;
use crate::rules::RuleSet;
use crate::time::{Time, duration};
use crate::trace::{Found, Step, Target, trace};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;

/// Tell the story of a message, or of all messages of an address, line by line with file and line number
///
/// Follows a message through its queue ids: back from a content filter, and into bounces and delay notices. Exits with
/// status 1 when no line names it.
#[derive(Args)]
pub(super) struct TraceCommand {
    /// A directory, an archive (tar, zip, compressed or not), a single file, or - for standard input
    bundle: PathBuf,
    /// A queue id, a message id, or an address (sender, recipient, before aliases or after, or login)
    #[arg(value_name = "QUEUE_ID|MESSAGE_ID|ADDRESS")]
    what: String,
    /// Lines to read, or one JSON object a line
    #[arg(long, value_enum, default_value = "text")]
    format: TraceFormat,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TraceFormat {
    Text,
    Ndjson,
}

impl TraceCommand {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let target = Target::of(&self.what).ok_or("give a queue id, a message id or an address")?;
        let rules = self.reading.rules.load()?;
        let bundle = self.reading.open(std::slice::from_ref(&self.bundle))?;
        let redactor = self.redactor(rules, &bundle, &target)?;
        let words = redactor.as_ref().map(|redactor| (redactor.check(), redactor));
        let file = |number: u32| {
            let path = bundle.files.get(number as usize).map_or("", |file| file.path.as_str());
            words.as_ref().map_or_else(|| path.to_owned(), |(check, redactor)| redactor.path(check, path))
        };
        // What is redacted is looked through before anybody sees it.
        let mut spool = words.is_some().then(tempfile::tempfile).transpose().map_err(BundleError::Spool)?;
        let mut out: Box<dyn Write> = match &spool {
            None => Box::new(BufWriter::new(io::stdout().lock())),
            Some(spool) => Box::new(BufWriter::new(spool.try_clone()?)),
        };
        let mut failed = None;
        let mut ends = Ends::default();
        let found = evidence::with_logs(&bundle, rules, |logs, secrets| {
            if logs.is_empty() {
                return None;
            }
            Some(trace(logs, bundle.limits.line, &target, |step| {
                if failed.is_none() {
                    let step = without_secrets_in(step, secrets);
                    let step = match &words {
                        Some((check, redactor)) => redactor.step(check, step),
                        None => step,
                    };
                    ends.add(&step);
                    failed = self.write(&step, &file(step.source.file), &mut out).err();
                }
            }))
        });
        let Some(found) = found else {
            return Err(format!("{}: there is no mail log in it", self.bundle.display()).into());
        };
        if failed.is_none() && self.format == TraceFormat::Text && found.steps > 0 {
            failed = ends.write(&mut out).err();
        }
        failed = failed.or_else(|| out.flush().err());
        drop(out);
        if let (None, Some(spool), Some(redactor)) = (&failed, &mut spool, &redactor) {
            // It knows by now what stands for whole addresses and hosts, too.
            let check = redactor.check();
            spool.rewind()?;
            for line in BufReader::new(&*spool).lines() {
                self.reading.redaction.look_through(&check, &line?)?;
            }
            self.reading.redaction.write_map(redactor)?;
            spool.rewind()?;
            failed = io::copy(spool, &mut io::stdout().lock()).err();
        }
        match failed {
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            Some(error) => return Err(error.into()),
            None => {}
        }
        for (number, why) in &found.broken {
            eprintln!("postdoc: {}: reading ended early: {}", visible(&file(*number)), visible(why));
        }
        if found.steps > 0 {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("postdoc: {}", nothing(&self.what, &found));
        Ok(ExitCode::from(1))
    }

    /// What is to be redacted with, if it is asked for: it knows the names of the whole bundle.
    fn redactor<'r>(&self, rules: &'r RuleSet, bundle: &Bundle, target: &Target) -> Result<Option<Redactor<'r>>, Failure> {
        let Some(mut redactor) = self.reading.redaction.redactor(rules)? else { return Ok(None) };
        redactor.learn_evidence(&evidence::collect(bundle, rules, &AtomicU64::new(0)));
        evidence::with_logs(bundle, rules, |logs, _| trace(logs, bundle.limits.line, target, |step| redactor.learn_step(&step)));
        Ok(Some(redactor))
    }

    fn write(&self, step: &Step, file: &str, out: &mut impl Write) -> io::Result<()> {
        let line = step.source.line;
        let text = &step.text;
        if self.format == TraceFormat::Ndjson {
            let fields = &step.fields;
            let time = step.time.map(|time| time.to_string());
            let object = json!({
                "time": time, "file": file, "line": line, "queue_id": step.queue_id, "program": step.program,
                "kind": step.kind, "fields": fields, "text": text,
            });
            return writeln!(out, "{}", without_controls(&object.to_string()));
        }
        let time = step.time.map_or_else(|| "-".to_owned(), |time| time.to_string());
        let text = step
            .queue_id
            .as_ref()
            .and_then(|id| text.strip_prefix(id.as_str()))
            .and_then(|rest| rest.strip_prefix(": "))
            .unwrap_or(text);
        let id = step.queue_id.as_deref().unwrap_or("-");
        writeln!(out, "{time}  {id:<10}  {}  {}  ({}:{line})", visible(&step.program), visible(text), visible(file))
    }
}

/// The line without what nobody may see.
fn without_secrets_in(mut step: Step, secrets: &SecretFinder) -> Step {
    step.text = secrets.without_secrets(&step.text).0.into_owned();
    for value in step.fields.values_mut() {
        if let Value::String(text) = value {
            *text = secrets.without_secrets(text).0.into_owned();
        }
    }
    step
}

/// Messages of which the end is told.
const MOST: usize = 1000;

/// What became of each message and recipient, as far as the lines tell.
#[derive(Default)]
struct Ends {
    messages: BTreeMap<(Option<Time>, String), Message>,
    open: BTreeMap<String, (Option<Time>, String)>,
    more: u64,
}

#[derive(Default)]
struct Message {
    from: Option<String>,
    last: Option<Time>,
    removed: bool,
    /// The last status of each recipient, and the attempts so far.
    recipients: BTreeMap<String, (String, u64)>,
}

impl Ends {
    fn add(&mut self, step: &Step) {
        let Some(id) = &step.queue_id else { return };
        let key = match self.open.get(id) {
            Some(key) => key.clone(),
            None if self.messages.len() >= MOST => {
                self.more += u64::from(step.kind == Some("queued"));
                return;
            }
            None => {
                let key = (step.time, id.clone());
                self.open.insert(id.clone(), key.clone());
                key
            }
        };
        let message = self.messages.entry(key).or_default();
        message.last = step.time.or(message.last);
        let field = |name: &str| step.fields.get(name).and_then(Value::as_str);
        match step.kind {
            Some("pickup" | "queued" | "expired") => message.from = field("from").map(str::to_owned).or(message.from.take()),
            Some("delivery") => {
                let recipient = message.recipients.entry(field("to").unwrap_or_default().to_owned()).or_default();
                *recipient = (field("status").unwrap_or_default().to_owned(), recipient.1 + 1);
            }
            Some("removed") => {
                message.removed = true;
                self.open.remove(id);
            }
            _ => {}
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.messages.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        for ((first, id), message) in &self.messages {
            let from = match message.from.as_deref() {
                Some("") => "a notice of this server".to_owned(),
                Some(from) => format!("from {}", visible(from)),
                None => "its sender is not in the lines".to_owned(),
            };
            let span = first.zip(message.last).map(|(first, last)| last.since(first)).filter(|seconds| *seconds >= 1.0);
            let end = match (message.removed, message.recipients.is_empty()) {
                (true, _) => format!("done{}", span.map_or_else(String::new, |seconds| format!(" after {}", duration(seconds)))),
                (false, true) => "no delivery in these lines".to_owned(),
                (false, false) => "still in the queue at the end of these lines".to_owned(),
            };
            writeln!(out, "{id}: {from}; {end}")?;
            for (to, (status, attempts)) in &message.recipients {
                let tried = if *attempts > 1 { format!(" ({} attempts)", thousands(*attempts)) } else { String::new() };
                writeln!(out, "    to {}: {}{tried}", visible(to), visible(status))?;
            }
        }
        match self.more {
            0 => Ok(()),
            more => writeln!(out, "and {} more messages", thousands(more)),
        }
    }
}

/// That nothing was found, and where was looked.
fn nothing(what: &str, found: &Found) -> String {
    let covers = match found.covers {
        Some((first, last)) => format!("the logs cover {first} to {last}"),
        None => "no line of the logs has a time".to_owned(),
    };
    format!("no line names {}; {covers}", visible(what))
}
