//! A whole bundle, rewritten: every text file line by line, so that each line keeps its number.

use super::contexts::{HEADING, Heading, kind_of};
use super::letter::Letter;
use super::{Check, Leak, Redactor, json, path};
use crate::bundle::{Bundle, BundleError, BundleFile, PSEUDONYMS};
use crate::bytes::is_binary;
use crate::evidence::recognise::recognise;
use crate::evidence::secrets::{HIDDEN, KnownSecrets, SecretFinder, SecretKind, SecretRemover, Shape, Shapes};
use crate::evidence::text::{clean, strip_escapes};
use crate::parallel::cores;
use crate::rules::RuleSet;
use crate::time::Time;
use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::sync::mpsc;

/// Longest line that is rewritten; the rest of a longer one is left out, since a name may be cut in it.
const LONGEST_LINE: usize = 4 << 20;
/// The same for a line that is JSON, which says nothing when it is cut: a message of a queue to 300,000 recipients fits.
const LONGEST_JSON: usize = 32 << 20;
/// Bytes by which a file's kind is recognised.
const HEAD: u64 = 1 << 16;

/// What became of a bundle.
#[derive(Debug, Default)]
pub struct Rewritten {
    /// Files in the new one.
    pub files: usize,
    /// Files that were left out, and why.
    pub left_out: Vec<(String, String)>,
    /// Secrets that were taken out: path in the new bundle, line, and kind; the first of each kind and file.
    pub secrets: Vec<(String, usize, SecretKind)>,
    /// Whether the check afterwards looked for everything that was replaced.
    pub checked_all: bool,
}

/// Why there is no new bundle.
#[derive(Debug)]
pub enum RewriteError {
    /// A file of the bundle cannot be read: its path.
    Unreadable(String, io::Error),
    /// A temporary file cannot be written.
    Spool(io::Error),
    /// The new bundle cannot be written.
    Output(io::Error),
    /// The check found what is personal in what was to be written: path in the new bundle, and where.
    Leaked(Vec<(String, Leak)>),
}

impl fmt::Display for RewriteError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RewriteError::Unreadable(path, error) => write!(out, "{path}: cannot be read: {error}"),
            RewriteError::Spool(error) => write!(out, "{}", BundleError::Spool(io::Error::new(error.kind(), error.to_string()))),
            RewriteError::Output(error) => write!(out, "the new bundle cannot be written: {error}"),
            RewriteError::Leaked(leaks) => {
                write!(out, "the check found personal data that redaction missed, so nothing was written:")?;
                for (path, leak) in leaks {
                    write!(out, "\n  {path}:{}: {}", leak.line, leak.hint)?;
                }
                write!(out, "\nreplace it with --redact-also, or leave the file out of the bundle")
            }
        }
    }
}

impl std::error::Error for RewriteError {}

/// A text file of a bundle and its kind of evidence.
type Text<'b> = (&'b BundleFile, Option<&'b str>);

/// Writes `bundle` without what is personal or secret to `out`, as a gzipped tar archive.
///
/// # Errors
/// If a file cannot be read or written, or the check finds something that should be gone.
pub fn rewrite(
    bundle: &Bundle,
    rules: &RuleSet,
    redactor: &mut Redactor<'_>,
    out: impl Write,
) -> Result<Rewritten, RewriteError> {
    let mut done = Rewritten::default();
    if let Some(list) = &bundle.pseudonyms {
        redactor.trust(list);
    }
    for skipped in &bundle.skipped {
        done.left_out.push((skipped.path.clone(), skipped.why.clone()));
    }
    let files = texts(bundle, rules, &mut done);
    let (secrets, mut workers) = learn(&files, rules, redactor)?;
    let mut spools = Vec::new();
    for file in &files {
        spools.push(redacted(file, &secrets, &mut workers, &mut done)?);
    }
    workers.into_iter().for_each(|worker| redactor.join(worker.redactor));
    // Only now everything is known that must not be there.
    let check = redactor.check();
    done.checked_all = check.complete;
    let mut leaks = Vec::new();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(BufWriter::new(out), flate2::Compression::default()));
    for ((file, _), (spool, secrets)) in files.iter().zip(spools) {
        let path = path::redacted(redactor, &check, unpacked(&file.path));
        done.secrets.extend(secrets.into_iter().map(|(line, kind)| (path.clone(), line, kind)));
        let (whole, left) = checked(spool, &check)?;
        leaks.extend(left.into_iter().map(|leak| (path.clone(), leak)));
        leaks.truncate(20);
        if leaks.is_empty() {
            append(&mut archive, &path, file.modified, whole).map_err(RewriteError::Output)?;
            done.files += 1;
        }
    }
    if !leaks.is_empty() {
        return Err(RewriteError::Leaked(leaks));
    }
    if redactor.key.lasts() {
        append(&mut archive, PSEUDONYMS, None, io::Cursor::new(redactor.made.borrow().list(&redactor.key)))
            .map_err(RewriteError::Output)?;
    }
    let finish = || archive.into_inner()?.finish()?.flush();
    finish().map_err(RewriteError::Output)?;
    Ok(done)
}

/// The files of `bundle` that are text; the others are left out.
fn texts<'b>(bundle: &'b Bundle, rules: &'b RuleSet, done: &mut Rewritten) -> Vec<Text<'b>> {
    let mut files = Vec::new();
    for file in &bundle.files {
        let mut head = Vec::new();
        match file.open().and_then(|reader| reader.take(HEAD).read_to_end(&mut head)) {
            Err(error) if head.is_empty() => done.left_out.push((file.path.clone(), format!("cannot be read: {error}"))),
            _ if is_binary(&head) => done.left_out.push((file.path.clone(), "binary data".to_owned())),
            _ => {
                let kind = recognise(&file.path, &clean(&head), &rules.kinds).map(|found| found.kind.kind.as_str());
                files.push((file, kind_of(kind, &file.path)));
            }
        }
    }
    files
}

/// What one thread works with.
struct Worker<'r> {
    redactor: Redactor<'r>,
    shapes: Shapes,
}

fn workers_of<'r>(redactor: &Redactor<'r>) -> Vec<Worker<'r>> {
    (0..cores()).map(|_| Worker { redactor: redactor.another(), shapes: Shapes::default() }).collect()
}

/// The lines, and what secrets the shape of each gives away.
fn shaped(workers: &mut [Worker<'_>], lines: &mut Vec<String>, known: &SecretFinder) -> Vec<(String, Shape)> {
    let mut shaped: Vec<(String, Shape)> = lines.drain(..).map(|line| (line, Shape::default())).collect();
    side_by_side(workers, &mut shaped, &|worker, (line, shape)| *shape = worker.shapes.of(line, known));
    shaped
}

/// Lets the redactor learn every name in the files. What is secret in them comes back, and who is to go on with what was learnt.
fn learn<'r>(
    files: &[Text<'_>],
    rules: &RuleSet,
    redactor: &mut Redactor<'r>,
) -> Result<(SecretFinder, Vec<Worker<'r>>), RewriteError> {
    let mut workers = workers_of(redactor);
    let none_known = SecretFinder::of(rules);
    let mut secrets = KnownSecrets::new(rules);
    for (file, kind) in files {
        path::learn(redactor, &file.path);
        // A password is no name. Logs are the largest by far, and say of theirs what they are.
        let mut remover = (*kind != Some("maillog")).then(|| SecretRemover::for_file(&file.path, &none_known));
        // The first lines of a text of no kind may say what stands in its columns.
        let mut heading: Option<Option<Heading>> = None;
        let mut letter = Letter::default();
        batches(file, &mut |lines: &mut Vec<String>| {
            if let Some(remover) = &mut remover {
                let shaped = shaped(&mut workers, lines, &none_known).into_iter();
                let clean = |(line, shape)| remover.line_shaped(line, shape, &mut |secret| secrets.remember(secret)).0;
                lines.extend(shaped.map(clean));
            }
            let first = || lines.iter().take(HEADING).filter(|_| kind.is_none()).find_map(|line| Heading::of(line));
            let heading = &*heading.get_or_insert_with(first);
            if kind.is_none() {
                lines.iter().for_each(|line| redactor.learn_signature(&mut letter, line));
            }
            side_by_side(&mut workers, lines, &|worker, line| {
                worker.redactor.learn(*kind, line);
                heading.iter().for_each(|heading| worker.redactor.learn_row(heading, line));
            });
            Ok(())
        })?;
    }
    // Now each is told what the others learnt. Its walks over lines it has made already.
    let mut walks = Vec::new();
    for Worker { redactor: mut other, shapes } in workers {
        walks.push((std::mem::take(&mut other.sieve), shapes));
        redactor.join(other);
    }
    let worker = |(sieve, shapes)| Worker { redactor: Redactor { sieve, ..redactor.another() }, shapes };
    Ok((secrets.finder(), walks.into_iter().map(worker).collect()))
}

/// Where secrets stood in a file, and their kinds.
type Secrets = Vec<(usize, SecretKind)>;

/// The lines of a file with pseudonyms and without secrets, in a temporary file; where the secrets stood, and their kinds.
fn redacted(
    (file, kind): &Text<'_>,
    secrets: &SecretFinder,
    workers: &mut [Worker<'_>],
    done: &mut Rewritten,
) -> Result<(File, Secrets), RewriteError> {
    let mut spool = BufWriter::new(tempfile::tempfile().map_err(RewriteError::Spool)?);
    let mut reader = LineReader::new(file, *kind, secrets);
    let damage = batches(file, &mut |lines| {
        let shaped = shaped(workers, lines, secrets);
        let mut parts: Vec<Rewriting> = shaped.into_iter().map(|(line, shape)| reader.line(line, shape)).collect();
        side_by_side(workers, &mut parts, &|worker, part| part.redact(&worker.redactor, *kind));
        parts.iter().try_for_each(|part| writeln!(spool, "{}", part.text)).map_err(RewriteError::Spool)
    })?;
    if let Some(error) = damage {
        done.left_out.push((file.path.clone(), format!("reading ended early: {error}")));
    }
    Ok((spool.into_inner().map_err(|error| RewriteError::Spool(error.into_error()))?, reader.secrets))
}

/// The lines once more: what stands where no shape and no neighbour gave it away is known by now, and replaced as well. What is
/// personal all the same comes back.
fn checked(mut spool: File, check: &Check) -> Result<(File, Vec<Leak>), RewriteError> {
    spool.rewind().map_err(RewriteError::Spool)?;
    let mut whole = BufWriter::new(tempfile::tempfile().map_err(RewriteError::Spool)?);
    let mut leaks = Vec::new();
    let mut number = 0;
    let mut checks: Vec<&Check> = vec![check; cores()];
    let damage = batches_of(&mut BufReader::with_capacity(1 << 16, &spool), &mut |lines| {
        let mut found = vec![None; lines.len()];
        let mut pairs: Vec<(&mut String, &mut Option<Leak>)> = lines.iter_mut().zip(&mut found).collect();
        side_by_side(&mut checks, &mut pairs, &|check, (line, leak)| {
            if !check.is_clean(line) {
                **line = check.replaced(line);
                **leak = check.leaks(line).into_iter().next();
            }
        });
        for (line, leak) in lines.iter().zip(found) {
            number += 1;
            leaks.extend(leak.map(|leak| Leak { line: number, ..leak }));
            writeln!(whole, "{line}").map_err(RewriteError::Spool)?;
        }
        leaks.truncate(20);
        Ok(())
    })?;
    match damage {
        Some(error) => Err(RewriteError::Spool(error)),
        None => Ok((whole.into_inner().map_err(|error| RewriteError::Spool(error.into_error()))?, leaks)),
    }
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    path: &str,
    modified: Option<Time>,
    mut content: impl Read + Seek,
) -> io::Result<()> {
    let size = content.seek(io::SeekFrom::End(0))?;
    content.rewind()?;
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    // The year of syslog's stamps is judged by it.
    header.set_mtime(modified.map_or(0, |time| u64::try_from(time.seconds()).unwrap_or(0)));
    archive.append_data(&mut header, path, BufReader::new(content))
}

/// Files are written unpacked.
fn unpacked(path: &str) -> &str {
    [".gz", ".xz", ".zst", ".bz2"].iter().find_map(|suffix| path.strip_suffix(suffix)).unwrap_or(path)
}

/// Bytes of lines that are in work at a time, for each processor.
const BATCH: usize = 1 << 20;

/// Does something with each item, on as many threads as there are workers.
fn side_by_side<W: Send, T: Send>(workers: &mut [W], items: &mut [T], work: &(impl Fn(&mut W, &mut T) + Sync)) {
    let share = items.len().div_ceil(workers.len()).max(1);
    std::thread::scope(|scope| {
        for (worker, items) in workers.iter_mut().zip(items.chunks_mut(share)) {
            scope.spawn(move || items.iter_mut().for_each(|item| work(worker, item)));
        }
    });
}

type Batch<'b> = &'b mut dyn FnMut(&mut Vec<String>) -> Result<(), RewriteError>;

/// Calls `visit` with the lines of a file as text without terminal escapes, many at a time. Where a file is damaged, it
/// ends; the error comes back.
fn batches(file: &BundleFile, visit: Batch<'_>) -> Result<Option<io::Error>, RewriteError> {
    let reader = file.open().map_err(|error| RewriteError::Unreadable(file.path.clone(), error))?;
    batches_of(&mut BufReader::with_capacity(1 << 16, reader), visit)
}

/// The next lines are read while `visit` is at work.
fn batches_of(reader: &mut (impl BufRead + Send), visit: Batch<'_>) -> Result<Option<io::Error>, RewriteError> {
    std::thread::scope(|scope| {
        let (sender, lines) = mpsc::sync_channel(1);
        let ended = scope.spawn(move || read_batches(reader, &|lines| sender.send(lines).is_ok()));
        for mut lines in lines {
            visit(&mut lines)?;
        }
        Ok(ended.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Sends the lines, many at a time, as long as they are taken. Where the file is damaged, it ends; the error comes back.
fn read_batches(reader: &mut impl BufRead, send: &dyn Fn(Vec<String>) -> bool) -> Option<io::Error> {
    let most = BATCH * cores();
    let mut bytes = Vec::new();
    let mut lines = Vec::new();
    let mut size = 0;
    loop {
        bytes.clear();
        let is_json = reader.fill_buf().is_ok_and(|start| start.first() == Some(&b'{'));
        let longest = if is_json { LONGEST_JSON } else { LONGEST_LINE };
        let read = match reader.by_ref().take(longest as u64).read_until(b'\n', &mut bytes) {
            Ok(0) => {
                send(lines);
                return None;
            }
            // What stands before the damage in its line may be the half of a name.
            Err(error) => {
                send(lines);
                return Some(error);
            }
            Ok(read) => read,
        };
        let cut = read == longest && bytes.last() != Some(&b'\n');
        if cut {
            let mut dropped = 0;
            while let Ok(more) = reader.fill_buf() {
                let end = memchr::memchr(b'\n', more).map(|at| at + 1);
                let taken = end.unwrap_or(more.len());
                dropped += taken;
                reader.consume(taken);
                if end.is_some() || taken == 0 {
                    break;
                }
            }
            let whole = memchr::memrchr(b' ', &bytes).unwrap_or(0);
            bytes.truncate(whole);
            bytes.extend_from_slice(format!(" (and {dropped} bytes more)").as_bytes());
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = strip_escapes(text.trim_start_matches('\u{feff}'));
        let line = text.trim_end_matches(['\n', '\r']);
        // Nothing is found in numbers, no name and no secret.
        let line = json::with_texts(line).unwrap_or_else(|| line.to_owned());
        size += line.len() + size_of::<String>();
        lines.push(line);
        if size > most {
            if !send(std::mem::take(&mut lines)) {
                return None;
            }
            size = 0;
        }
    }
}

/// Reads the lines of one file in order: what stands on several lines is told here.
struct LineReader<'k> {
    kind: Option<&'k str>,
    remover: SecretRemover,
    number: usize,
    secrets: Secrets,
    message: Message,
    in_certificate: bool,
}

/// A line on its way into the new bundle.
struct Rewriting {
    text: String,
    how: How,
}

/// What is done with a line.
enum How {
    Stay,
    Redact,
    /// It goes on with this field of a message's header.
    Folded(String),
}

impl Rewriting {
    fn redact(&mut self, redactor: &Redactor<'_>, kind: Option<&str>) {
        match &self.how {
            How::Stay => {}
            How::Redact => {
                if let Cow::Owned(new) = redactor.text(kind, &self.text) {
                    self.text = new;
                }
            }
            How::Folded(field) => {
                // It is read as if it stood behind its field's name.
                let whole = format!("{field}: {}", self.text.trim_start());
                let new = redactor.text(kind, &whole);
                self.text = format!(" {}", new.strip_prefix(&format!("{field}: ")).unwrap_or(&new));
            }
        }
    }
}

/// Whether what follows in a bounce message is the message that it returns.
fn brings_back(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let parts = ["content-type: message/rfc822", "content-type: text/rfc822-headers", "content-type: message/global"];
    let words = [
        "a copy of the message",
        "original message headers",
        "----- original message",
        "returned message follows",
        "message header follows",
    ];
    parts.iter().any(|part| line.starts_with(part)) || line.len() < 120 && words.iter().any(|word| line.contains(word))
}

/// Where in a mail message a line is.
#[derive(Debug, PartialEq, Eq)]
enum Message {
    /// In none.
    Outside,
    /// In its header; the field that a folded line continues.
    Header(String),
    /// In its text.
    Body,
}

impl<'k> LineReader<'k> {
    fn new(file: &BundleFile, kind: Option<&'k str>, known: &SecretFinder) -> LineReader<'k> {
        LineReader {
            kind,
            remover: SecretRemover::for_file(&file.path, known),
            number: 0,
            secrets: Vec::new(),
            message: Message::Outside,
            in_certificate: false,
        }
    }

    fn line(&mut self, line: String, shape: Shape) -> Rewriting {
        self.number += 1;
        let (clean, secret) = self.remover.line_shaped(line, shape, &mut |_| {});
        if let Some(kind) = secret
            && self.secrets.iter().all(|(_, known)| *known != kind)
        {
            self.secrets.push((self.number, kind));
        }
        self.follow(&clean);
        match &self.message {
            Message::Body if !clean.is_empty() => Rewriting { text: "(message text)".to_owned(), how: How::Stay },
            Message::Header(field) if clean.starts_with([' ', '\t']) => {
                Rewriting { how: How::Folded(field.clone()), text: clean }
            }
            _ if self.in_certificate && !clean.starts_with("-----") => Rewriting { text: HIDDEN.to_owned(), how: How::Stay },
            _ => Rewriting { text: clean, how: How::Redact },
        }
    }

    /// Follows where in a message, as `postcat -q` shows it or as it is stored, a line is.
    fn follow(&mut self, line: &str) {
        if line.starts_with("-----BEGIN CERTIFICATE") {
            self.in_certificate = true;
        } else if line.starts_with("-----END CERTIFICATE") {
            self.in_certificate = false;
        }
        let starts = ["Received: ", "Return-Path: ", "Delivered-To: ", "DKIM-Signature: ", "X-Original-To: "];
        if line.starts_with("*** MESSAGE CONTENTS") {
            self.message = Message::Header(String::new());
        } else if line.starts_with("*** ") {
            self.message = Message::Outside;
        } else if self.message == Message::Outside && self.kind == Some("bounce") {
            if brings_back(line) {
                self.message = Message::Body;
            }
        } else if self.message == Message::Outside {
            let is_message = self.kind == Some("test-message") && !line.starts_with([' ', '\t']) && line.contains(':');
            if is_message || self.kind.is_none() && starts.iter().any(|start| line.starts_with(start)) {
                self.message = Message::Header(line.split(':').next().unwrap_or_default().to_owned());
            }
        } else if let Message::Header(field) = &mut self.message {
            if line.is_empty() {
                self.message = Message::Body;
            } else if !line.starts_with([' ', '\t']) {
                let name = line.split(':').next().unwrap_or_default();
                *field = name.chars().take(60).collect();
            }
        }
    }
}
