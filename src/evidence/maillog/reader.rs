//! Log files as lines: one after the other, in the order of their first stamps.

use super::envelope::{Clock, Line};
use super::fold::Fold;
use crate::evidence::text::strip_escapes;
use crate::tables::{Citation, Tables};
use crate::time::Time;
use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the lines of a log are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// Plain syslog lines.
    Syslog,
    /// `journalctl -o json`: one object a line.
    JournalJson,
}

/// What one log file held.
#[derive(Debug, Default, Clone)]
pub struct LogFile {
    /// Lines.
    pub lines: u64,
    /// Lines that are no log line.
    pub unparsed: u64,
    /// Number of the first of them.
    pub first_unparsed: Option<u32>,
    /// First and last time.
    pub covers: Option<(Time, Time)>,
    /// Why reading ended before the end of the file.
    pub broken: Option<String>,
}

/// How the lines of a stream are to be read.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'c> {
    /// How they are wrapped.
    pub wrapping: Wrapping,
    /// What stamps without year and zone mean.
    pub clock: &'c Clock,
    /// Bytes of a line that are looked at.
    pub longest: usize,
}

/// Reads the lines of a stream; the number of bytes read is added to `progress`.
pub fn read_log(
    reader: impl Read,
    file: u32,
    lines: Lines<'_>,
    fold: &mut Fold,
    tables: &mut Tables,
    progress: &AtomicU64,
) -> LogFile {
    let Lines { wrapping, clock, longest } = lines;
    let mut seen = LogFile::default();
    let result = for_each_line(reader, longest, |number, bytes| {
        progress.fetch_add(bytes.len() as u64 + 1, Ordering::Relaxed);
        let text = String::from_utf8_lossy(bytes);
        let text = strip_escapes(text.trim_start_matches('\u{feff}'));
        seen.lines += 1;
        if text.trim().is_empty() || text.starts_with("-- ") {
            return;
        }
        let journal;
        let line = match wrapping {
            Wrapping::Syslog => Line::parse(&text, clock),
            Wrapping::JournalJson => {
                journal = Entry::parse(&text);
                journal.as_ref().map(|entry| Line {
                    time: entry.time,
                    tag: &entry.tag,
                    message: &entry.message,
                    ..Line::default()
                })
            }
        };
        match line {
            Some(line) => {
                if let Some(time) = line.time {
                    let (first, last) = seen.covers.unwrap_or((time, time));
                    seen.covers = Some((first.min(time), last.max(time)));
                }
                fold.line(&line, Citation { file, line: number }, tables);
            }
            None => {
                seen.unparsed += 1;
                seen.first_unparsed = seen.first_unparsed.or(Some(number));
            }
        }
    });
    seen.broken = result.err().map(|error| error.to_string());
    seen
}

/// The time of the first line that has one.
pub fn first_time(head: &str, wrapping: Wrapping, clock: &Clock) -> Option<Time> {
    head.lines().take(200).find_map(|text| match wrapping {
        Wrapping::Syslog => Line::parse(text, clock)?.time,
        Wrapping::JournalJson => Entry::parse(text)?.time,
    })
}

/// Calls `each` with the number (from 1) and the bytes of every line, without its end; of a line longer than `longest` bytes
/// with its beginning.
///
/// # Errors
/// What reading the stream gives; lines before the error have been seen.
pub fn for_each_line(reader: impl Read, longest: usize, mut each: impl FnMut(u32, &[u8])) -> io::Result<()> {
    let mut reader = io::BufReader::with_capacity(1 << 18, reader);
    let mut line = Vec::new();
    let mut number = 0u32;
    loop {
        line.clear();
        let mut any = false;
        loop {
            let buffer = match reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    if any {
                        each(number.saturating_add(1), &line);
                    }
                    return Err(error);
                }
            };
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', buffer);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = longest.saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(());
        }
        number = number.saturating_add(1);
        each(number, line.strip_suffix(b"\r").unwrap_or(&line));
    }
}

/// One journal entry as `journalctl -o json` prints it.
struct Entry {
    time: Option<Time>,
    tag: String,
    message: String,
}

impl Entry {
    fn parse(text: &str) -> Option<Entry> {
        let text = text.trim_start_matches('\u{1e}').trim_start_matches("data: ").trim().trim_end_matches(',');
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
        let field = |name: &str| object.get(name).and_then(journal_text);
        let time = field("__REALTIME_TIMESTAMP").or_else(|| field("_SOURCE_REALTIME_TIMESTAMP"));
        let tag = field("SYSLOG_IDENTIFIER").or_else(|| field("_COMM"))?;
        let message = field("MESSAGE").unwrap_or_default();
        Some(Entry { time: time.and_then(|micros| micros.parse().ok()).map(Time), tag, message })
    }
}

/// A journal field: a string, a list of byte values (when it holds non-UTF-8), or a list of these when it repeats.
fn journal_text(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) if items.iter().all(Value::is_number) => {
            let bytes: Vec<u8> = items.iter().filter_map(Value::as_u64).filter_map(|byte| u8::try_from(byte).ok()).collect();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        Value::Array(items) => items.first().and_then(journal_text),
        _ => None,
    }
}
