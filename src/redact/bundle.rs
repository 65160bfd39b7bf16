//! A whole bundle, rewritten: every text file line by line, so that each line keeps its number.

use super::secrets::{HIDDEN, SecretRemover};
use super::{Leak, Redactor, path};
use crate::bundle::{Bundle, BundleFile};
use crate::evidence::recognise::recognise;
use crate::evidence::text::{clean, strip_escapes};
use crate::rules::RuleSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};

/// Longest line that is rewritten; the rest of a longer one is left out, since a name may be cut in it.
const LONGEST_LINE: usize = 4 << 20;
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
    pub secrets: Vec<(String, usize, &'static str)>,
    /// Whether the check afterwards looked for everything that was replaced.
    pub checked_all: bool,
}

/// Why there is no new bundle.
#[derive(Debug)]
pub enum RewriteError {
    /// A file cannot be read or written.
    Io(String, io::Error),
    /// The check found what is personal in what was to be written: path in the new bundle, and where.
    Leaked(Vec<(String, Leak)>),
}

impl fmt::Display for RewriteError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RewriteError::Io(path, error) => write!(out, "{path}: {error}"),
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
    let mut files = Vec::new();
    for skipped in &bundle.skipped {
        done.left_out.push((skipped.path.clone(), skipped.why.clone()));
    }
    for file in &bundle.files {
        let mut head = Vec::new();
        match file.open().and_then(|reader| reader.take(HEAD).read_to_end(&mut head)) {
            Err(error) if head.is_empty() => done.left_out.push((file.path.clone(), format!("cannot be read: {error}"))),
            _ if is_binary(&head) => done.left_out.push((file.path.clone(), "binary data".to_owned())),
            _ => files.push((file, recognise(&file.path, &clean(&head), &rules.kinds).map(|found| found.kind.kind.as_str()))),
        }
    }
    for (file, kind) in &files {
        path::learn(redactor, &file.path);
        lines(file, &mut |line| {
            redactor.learn(*kind, line);
            Ok(())
        })?;
    }
    let mut spools = Vec::new();
    for (file, kind) in &files {
        let failed = |error| RewriteError::Io(file.path.clone(), error);
        let mut spool = BufWriter::new(tempfile::tempfile().map_err(failed)?);
        let mut writer = LineWriter::new(redactor, file, *kind);
        lines(file, &mut |line| writer.line(line, &mut spool))?;
        let secrets = writer.secrets;
        spools.push((spool.into_inner().map_err(|error| failed(error.into_error()))?, secrets));
    }
    // Only now everything is known that must not be there.
    let check = redactor.check();
    done.checked_all = check.complete;
    let mut leaks = Vec::new();
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(BufWriter::new(out), flate2::Compression::default()));
    for ((file, _), (mut spool, secrets)) in files.iter().zip(spools) {
        let path = path::redacted(redactor, &check, unpacked(&file.path));
        let failed = |error| RewriteError::Io(file.path.clone(), error);
        done.secrets.extend(secrets.into_iter().map(|(line, kind)| (path.clone(), line, kind)));
        spool.rewind().map_err(failed)?;
        // What stands where no shape and no neighbour gave it away is known by now, and replaced as well.
        let mut whole = BufWriter::new(tempfile::tempfile().map_err(failed)?);
        for (at, line) in BufReader::new(&spool).lines().enumerate() {
            let mut line = line.map_err(failed)?;
            if !check.leaks(&line).is_empty() {
                line = check.replaced(&line);
                let found = check.leaks(&line).into_iter().map(|leak| (path.clone(), Leak { line: at + 1, ..leak }));
                leaks.extend(found.take(20usize.saturating_sub(leaks.len())));
            }
            writeln!(whole, "{line}").map_err(failed)?;
        }
        if leaks.is_empty() {
            let whole = whole.into_inner().map_err(|error| failed(error.into_error()))?;
            append(&mut archive, &path, file, whole).map_err(failed)?;
            done.files += 1;
        }
    }
    if !leaks.is_empty() {
        return Err(RewriteError::Leaked(leaks));
    }
    let finish = || archive.into_inner()?.finish()?.flush();
    finish().map_err(|error| RewriteError::Io("the new bundle".to_owned(), error))?;
    Ok(done)
}

fn append<W: Write>(archive: &mut tar::Builder<W>, path: &str, file: &BundleFile, mut spool: File) -> io::Result<()> {
    let size = spool.seek(io::SeekFrom::End(0))?;
    spool.rewind()?;
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    // The year of syslog's stamps is judged by it.
    header.set_mtime(file.modified.map_or(0, |time| u64::try_from(time.seconds()).unwrap_or(0)));
    archive.append_data(&mut header, path, BufReader::new(spool))
}

/// Files are written unpacked.
fn unpacked(path: &str) -> &str {
    [".gz", ".xz", ".zst", ".bz2"].iter().find_map(|suffix| path.strip_suffix(suffix)).unwrap_or(path)
}

/// NUL bytes in the middle of text come from crashed disks; a file full of them is no text.
fn is_binary(head: &[u8]) -> bool {
    head.iter().take(4096).filter(|byte| **byte == 0).count() > 64
}

/// Calls `visit` with every line of a file as text without terminal escapes.
fn lines(file: &BundleFile, visit: &mut dyn FnMut(&str) -> io::Result<()>) -> Result<(), RewriteError> {
    let failed = |error| RewriteError::Io(file.path.clone(), error);
    let mut reader = BufReader::with_capacity(1 << 16, file.open().map_err(failed)?);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        // A damaged end of a compressed file is an end.
        let read = reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut bytes).unwrap_or(0);
        if read == 0 {
            return Ok(());
        }
        let cut = read == LONGEST_LINE && bytes.last() != Some(&b'\n');
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
        visit(text.trim_end_matches(['\n', '\r'])).map_err(failed)?;
    }
}

/// Rewrites the lines of one file.
struct LineWriter<'r> {
    redactor: &'r Redactor<'r>,
    kind: Option<&'r str>,
    remover: SecretRemover,
    number: usize,
    secrets: Vec<(usize, &'static str)>,
    message: Message,
    in_certificate: bool,
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

impl<'r> LineWriter<'r> {
    fn new(redactor: &'r Redactor<'r>, file: &BundleFile, kind: Option<&'r str>) -> LineWriter<'r> {
        LineWriter {
            redactor,
            kind,
            remover: SecretRemover::for_file(&file.path),
            number: 0,
            secrets: Vec::new(),
            message: Message::Outside,
            in_certificate: false,
        }
    }

    fn line(&mut self, line: &str, out: &mut impl Write) -> io::Result<()> {
        self.number += 1;
        let (clean, secret) = self.remover.line(line);
        if let Some(kind) = secret
            && self.secrets.iter().all(|(_, known)| *known != kind)
        {
            self.secrets.push((self.number, kind));
        }
        self.follow(&clean);
        let new = match &self.message {
            Message::Body if !clean.is_empty() => "(message text)".into(),
            Message::Header(field) if clean.starts_with([' ', '\t']) => {
                // A folded line is read as if it stood behind its field's name.
                let whole = format!("{field}: {}", clean.trim_start());
                let new = self.redactor.text(self.kind, &whole).into_owned();
                format!(" {}", new.strip_prefix(&format!("{field}: ")).unwrap_or(&new)).into()
            }
            _ if self.in_certificate && !clean.starts_with("-----") => HIDDEN.into(),
            _ => self.redactor.text(self.kind, &clean),
        };
        writeln!(out, "{new}")
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
        } else if self.message == Message::Outside {
            if self.kind.is_none() && starts.iter().any(|start| line.starts_with(start)) {
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
