//! Log lines inside other things: the journal's JSON and export formats, Docker's JSON files, those of log shippers,
//! Kubernetes', Compose's and grep's prefixes. Each entry becomes one plain line (`2026-11-23T18:02:11.000000Z host postfix/smtp[2211]: message`) at the place
//! of its first line, so that line numbers stay those of the file.

use super::envelope::is_stamped;
use crate::refill::{Refill, Refilled};
use crate::time::Time;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read};

/// How the lines of a log are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// Not at all.
    Plain,
    /// One line each: `journalctl -o json`, `json-seq`, `json-sse`, Docker's json-file, JSON of log shippers, Kubernetes (CRI),
    /// `docker compose logs`, `grep`.
    Line,
    /// `journalctl -o json-pretty`: an object over several lines.
    Pretty,
    /// `journalctl -o export`: `KEY=value` lines, an empty line between entries.
    Export,
}

impl Wrapping {
    /// The wrapping of a file that begins so.
    pub fn of(head: &str) -> Wrapping {
        let lines = || head.lines().map(str::trim_end).filter(|line| !line.is_empty()).take(50);
        let first = lines().next().unwrap_or_default();
        if lines().take(3).any(|line| line.starts_with("__CURSOR=") || line.starts_with("__REALTIME_TIMESTAMP=")) {
            return Wrapping::Export;
        }
        let object = |line: &str| line.trim_start_matches(['\u{1e}', '[', ' ']).starts_with('{');
        if object(first) && (first.trim_end_matches([' ', '[']).trim_end() == "{" || first.trim() == "[{") {
            return Wrapping::Pretty;
        }
        let is_wrapped = |line: &str| {
            matches!(unwrap_line(line).0, Cow::Owned(_))
                || after_cri(line).is_some()
                || after_prefix(line).is_some()
                || after_place(line).is_some()
        };
        if lines().any(is_wrapped) {
            return Wrapping::Line;
        }
        Wrapping::Plain
    }

    /// The plain lines of a piece of text that ends at the end of a line.
    pub fn unwrap(self, text: &str) -> Cow<'_, str> {
        if self != Wrapping::Line {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        // A long line comes in several parts, the last of which ends it; it stays where it began.
        let mut part = String::new();
        let mut held = 0;
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches(['\n', '\r']);
            let (inner, ends) = part_of(bare);
            if !ends || held > 0 {
                part.push_str(if held > 0 { message_of(&inner) } else { &inner });
                held += 1;
                if !ends {
                    continue;
                }
                out.push_str(&part);
                part.clear();
                (0..held).for_each(|_| out.push('\n'));
                held = 0;
                continue;
            }
            out.push_str(&inner);
            out.push_str(&line[bare.len()..]);
        }
        out.push_str(&part);
        (0..held).for_each(|_| out.push('\n'));
        Cow::Owned(out)
    }

    /// How far `lines` can be read by themselves: up to a line whose further parts are still to come.
    pub fn last_whole(self, lines: &[u8]) -> usize {
        let mut end = lines.len();
        while self == Wrapping::Line && end > 0 {
            let start = memchr::memrchr(b'\n', &lines[..end - 1]).map_or(0, |before| before + 1);
            let line = String::from_utf8_lossy(&lines[start..end]);
            if part_of(line.trim_end_matches(['\n', '\r'])).1 {
                return end;
            }
            end = start;
        }
        // Parts without end are read as far as they are there.
        if end == 0 { lines.len() } else { end }
    }

    /// The stream, its entries of several lines made one line each.
    pub fn flatten<'r>(self, reader: Box<dyn Read + Send + 'r>) -> Box<dyn Read + Send + 'r> {
        match self {
            Wrapping::Plain | Wrapping::Line => reader,
            Wrapping::Pretty | Wrapping::Export => {
                let reader = BufReader::with_capacity(1 << 16, reader);
                Box::new(Refilled::new(Flatten { wrapping: self, reader, done: false }))
            }
        }
    }
}

/// A line of a wrapped log, and whether it ends there.
fn part_of(line: &str) -> (Cow<'_, str>, bool) {
    if let Some((time, rest, ends)) = after_cri(line) {
        return (stamped(Some(time), rest), ends);
    }
    if let Some(rest) = after_prefix(line).or_else(|| after_place(line)) {
        return (Cow::Borrowed(rest), true);
    }
    unwrap_line(line)
}

/// What stands between Docker's time and a text that is no line of its own.
const CONTINUED: &str = "- : ";

/// The text of a further part of a line, without the envelope that was put before it.
fn message_of(part: &str) -> &str {
    part.split_once(CONTINUED).map_or(part, |(_, text)| text)
}

/// An object of the journal, of Docker or of a log shipper as a plain line, and whether the line ends there; other lines as they
/// are.
fn unwrap_line(line: &str) -> (Cow<'_, str>, bool) {
    let text = line.trim_start_matches('\u{1e}').trim_start_matches("data: ").trim().trim_end_matches(',');
    // Fluentd's files: the time, a tag and the object, with tabs between.
    let (time, text) = match text.split_once("\t{") {
        Some((before, _)) if is_time(before.split('\t').next().unwrap_or_default()) => {
            (before.split('\t').next(), &text[before.len() + 1..])
        }
        _ => (None, text),
    };
    if !text.starts_with('{') {
        return (Cow::Borrowed(line), true);
    }
    let Ok(object) = serde_json::from_str::<Map<String, Value>>(text) else { return (Cow::Borrowed(line), true) };
    if let Some(log) = object.get("log").and_then(Value::as_str) {
        // Docker's own files have nothing around the object, and a line that is too long in several of them.
        let is_whole = text.len() < line.trim_end().len();
        return (Cow::Owned(docker(&object, log)), is_whole || log.ends_with('\n'));
    }
    let entry = journal(|name| object.get(name).and_then(journal_text));
    (entry.or_else(|| shipped(&object, time)).map_or(Cow::Borrowed(line), Cow::Owned), true)
}

/// A text without its line ends.
fn one_line(text: &str) -> String {
    text.trim_end_matches(['\n', '\r']).replace(['\n', '\r'], " ")
}

fn is_time(word: &str) -> bool {
    Time::parse_rfc3339(word.as_bytes(), 0).is_some()
}

/// The line inside Docker's object: with its own envelope, or with the time that Docker noted.
fn docker(object: &Map<String, Value>, log: &str) -> String {
    let log = one_line(log);
    stamped(object.get("time").and_then(Value::as_str), &log).into_owned()
}

/// A line with its own envelope, or else with the time that was noted outside of it.
fn stamped<'l>(time: Option<&str>, line: &'l str) -> Cow<'l, str> {
    match time {
        Some(time) if !line.is_empty() && !is_stamped(line) => {
            // A program name stands there at least, or the line continues another one.
            let program = line.split_once(": ").is_some_and(|(tag, _)| tag.contains('/') && !tag.contains(' '));
            Cow::Owned(format!("{time} {}{line}", if program { "- " } else { CONTINUED }))
        }
        _ => Cow::Borrowed(line),
    }
}

/// An object of a log shipper (Filebeat, Fluent Bit, Vector, rsyslog, Graylog, each with names of its own) as a plain line: the
/// line that it holds, or what it was taken apart into.
fn shipped(object: &Map<String, Value>, time: Option<&str>) -> Option<String> {
    const TEXT: &[&str] = &["message", "msg", "event.original", "short_message", "line"];
    const TIME: &[&str] = &["@timestamp", "timestamp", "time", "ts", "date"];
    const HOST: &[&str] = &["host", "hostname", "host.name", "host.hostname", "log.syslog.hostname", "source", "logsource"];
    const PROGRAM: &[&str] = &[
        "program",
        "programname",
        "syslogtag",
        "tag",
        "ident",
        "appname",
        "app_name",
        "app",
        "application_name",
        "process.name",
        "log.syslog.appname",
        "syslog_identifier",
        "_process_name",
    ];
    const PID: &[&str] = &["pid", "procid", "process.pid", "log.syslog.procid", "_pid"];
    let field = |names: &[&str]| names.iter().find_map(|name| journal_text(inside(object, name)?));
    let text = one_line(&field(TEXT)?);
    if is_stamped(&text) {
        return Some(text);
    }
    let noted = field(TIME);
    let seconds = || Some(Time::default().plus(noted.as_ref()?.parse().ok()?).to_string());
    let noted = noted.clone().filter(|time| is_time(time)).or_else(seconds);
    let time = noted.or_else(|| time.map(str::to_owned)).unwrap_or_else(|| "[0.0]".to_owned());
    let program = field(PROGRAM)?;
    let program = program.trim_end_matches(':');
    let host = field(HOST).filter(|host| !host.contains([' ', '/'])).unwrap_or_else(|| "-".to_owned());
    // A syslogtag has the process in it already.
    let pid = field(PID).filter(|_| !program.contains('[')).map_or_else(String::new, |pid| format!("[{pid}]"));
    Some(format!("{time} {host} {program}{pid}: {}", text.trim_start()))
}

/// The value at a dotted name: a key of the object, or a way through objects inside it.
fn inside<'o>(object: &'o Map<String, Value>, name: &str) -> Option<&'o Value> {
    object.get(name).or_else(|| {
        let (outer, inner) = name.split_once('.')?;
        inside(object.get(outer)?.as_object()?, inner)
    })
}

/// A journal entry as a plain line, if it is one.
fn journal(field: impl Fn(&str) -> Option<String>) -> Option<String> {
    let tag = field("SYSLOG_IDENTIFIER").or_else(|| field("_COMM"))?;
    let message = field("MESSAGE")?;
    let micros = field("_SOURCE_REALTIME_TIMESTAMP").or_else(|| field("__REALTIME_TIMESTAMP"));
    let host = field("_HOSTNAME").filter(|host| !host.is_empty()).unwrap_or_else(|| "-".to_owned());
    let pid = field("SYSLOG_PID").or_else(|| field("_PID"));
    let mut line = String::new();
    if let Some(micros) = micros.and_then(|micros| micros.parse().ok()) {
        let _ = write!(line, "{} {host} {tag}", Time(micros));
    } else {
        let _ = write!(line, "[0.0] {host} {tag}");
    }
    if let Some(pid) = pid {
        let _ = write!(line, "[{pid}]");
    }
    let _ = write!(line, ": {}", one_line(message.trim_end()));
    Some(line)
}

/// A journal field: a string, a list of byte values (when it holds non-UTF-8), or a list of these when it repeats.
fn journal_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_number) => {
            let bytes: Vec<u8> = items.iter().filter_map(Value::as_u64).filter_map(|byte| u8::try_from(byte).ok()).collect();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        Value::Array(items) => items.first().and_then(journal_text),
        _ => None,
    }
}

/// `2026-11-23T18:02:11.1Z stdout F LINE` of Kubernetes (CRI): the time, the line and whether it ends; `P` marks a part that
/// goes on.
fn after_cri(line: &str) -> Option<(&str, &str, bool)> {
    let (time, rest) = line.split_once(' ').filter(|(time, _)| is_time(time))?;
    let rest = rest.strip_prefix("stdout ").or_else(|| rest.strip_prefix("stderr "))?;
    match rest.as_bytes() {
        [b'F', b' ', ..] => Some((time, &rest[2..], true)),
        [b'P', b' ', ..] => Some((time, &rest[2..], false)),
        _ => None,
    }
}

/// The line after `FILE:`, `LINE:` or both, as grep(1) puts them before it; before its neighbours (`-C`) with a dash.
fn after_place(line: &str) -> Option<&str> {
    let place = line.split(' ').next()?;
    let mut ends = place.bytes().enumerate().filter(|(at, byte)| *at > 0 && matches!(byte, b':' | b'-')).map(|(at, _)| at + 1);
    ends.find_map(|end| line.get(end..).filter(|rest| is_stamped(rest)))
}

/// `postfix-mailcow-1  | LINE` of `docker compose logs`.
fn after_prefix(line: &str) -> Option<&str> {
    let (name, rest) = line.split_once(" | ").or_else(|| line.split_once("| "))?;
    let name = name.trim_end();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!name.is_empty() && name.len() <= 64 && name.chars().all(plain)).then_some(rest)
}

/// A stream of journal entries over several lines, read as one line an entry.
struct Flatten<'r> {
    wrapping: Wrapping,
    reader: BufReader<Box<dyn Read + Send + 'r>>,
    done: bool,
}

/// Longest entry that is kept whole.
const LONGEST_ENTRY: usize = 1 << 20;

impl Refill for Flatten<'_> {
    /// The next entry.
    fn refill(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let mut lines = 0;
        let entry = match self.wrapping {
            Wrapping::Export => self.export(&mut lines)?,
            _ => self.pretty(&mut lines)?,
        };
        out.extend_from_slice(entry.unwrap_or_default().as_bytes());
        out.extend(std::iter::repeat_n(b'\n', lines));
        Ok(!self.done)
    }
}

impl Flatten<'_> {
    fn line(&mut self, lines: &mut usize) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        if self.reader.read_until(b'\n', &mut line)? == 0 {
            self.done = true;
            return Ok(None);
        }
        *lines += 1;
        line.truncate(line.trim_ascii_end().len());
        Ok(Some(line))
    }

    fn pretty(&mut self, lines: &mut usize) -> io::Result<Option<String>> {
        let mut text = String::new();
        while let Some(line) = self.line(lines)? {
            if text.len() < LONGEST_ENTRY {
                text.push_str(&String::from_utf8_lossy(&line));
                text.push('\n');
            }
            if matches!(line.as_slice(), b"}" | b"}," | b"},{" | b"}]") || line == b"]" {
                break;
            }
        }
        let body = text.trim().trim_start_matches(['[', ',', '{']).trim_end_matches(['{', ']', ',', '\n', ' ']);
        let body = format!("{{{body}");
        let object = serde_json::from_str::<Map<String, Value>>(&body).ok();
        Ok(object.and_then(|object| journal(|name| object.get(name).and_then(journal_text))))
    }

    fn export(&mut self, lines: &mut usize) -> io::Result<Option<String>> {
        let mut fields: Vec<(String, String)> = Vec::new();
        while let Some(line) = self.line(lines)? {
            if line.is_empty() {
                break;
            }
            let text = String::from_utf8_lossy(&line).into_owned();
            match text.split_once('=') {
                Some((name, value)) => fields.push((name.to_owned(), value.to_owned())),
                None => {
                    // A binary field: the length in eight bytes, little end first, and the value.
                    let mut length = [0; 8];
                    self.reader.read_exact(&mut length)?;
                    let length = u64::from_le_bytes(length);
                    let mut value = Vec::new();
                    self.reader.by_ref().take(length.min(LONGEST_ENTRY as u64)).read_to_end(&mut value)?;
                    io::copy(&mut self.reader.by_ref().take(length.saturating_sub(value.len() as u64)), &mut io::sink())?;
                    *lines += memchr::memchr_iter(b'\n', &value).count();
                    self.line(lines)?;
                    fields.push((text, String::from_utf8_lossy(&value).into_owned()));
                }
            }
        }
        Ok(journal(|name| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let wrapping = Wrapping::of(text);
        let mut flat = String::new();
        wrapping.flatten(Box::new(text.as_bytes())).read_to_string(&mut flat).unwrap();
        let flat = wrapping.unwrap(&flat).into_owned();
        assert_eq!(flat.lines().count(), text.lines().count(), "line numbers are kept: {text}");
        flat
    }

    #[test]
    fn every_wrapping_gives_the_same_line() {
        let json = r#"{"__REALTIME_TIMESTAMP":"1795456931000000","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"7","MESSAGE":"A: b"}"#;
        let bytes = json.replace("\"A: b\"", "[65,58,32,98]");
        let pretty = json.replace(',', ",\n\t").replace('{', "{\n\t").replace('}', "\n}");
        let two = format!("{pretty}\n{pretty}\n");
        let export = "__CURSOR=s\n__REALTIME_TIMESTAMP=1795456931000000\n_HOSTNAME=mx1\nSYSLOG_IDENTIFIER=postfix/smtp\n_PID=7\nMESSAGE=A: b\n\n";
        let binary = export.replace("MESSAGE=A: b\n", "MESSAGE\n\u{4}\0\0\0\0\0\0\0A: b\n");
        let line = "2026-11-23T18:02:11Z mx1 postfix/smtp[7]: A: b";
        for text in [json, &bytes, &format!("\u{1e}{json}"), &format!("data: {json}"), &pretty, &two, export, &binary] {
            assert_eq!(plain(text).lines().next(), Some(line), "{text}");
        }
        assert_eq!(plain(&two).matches(line).count(), 2);
        let docker = r#"{"log":"Nov 23 18:02:11 mx1 postfix/smtp[7]: A: b\n","stream":"stdout","time":"2026-11-23T18:02:11.1Z"}"#;
        let cri = "2026-11-23T18:02:11.1Z stdout F Nov 23 18:02:11 mx1 postfix/smtp[7]: A: b";
        let compose = "postfix-mailcow-1  | Nov 23 18:02:11 mx1 postfix/smtp[7]: A: b";
        for text in [docker, cri, compose] {
            assert_eq!(plain(text), "Nov 23 18:02:11 mx1 postfix/smtp[7]: A: b", "{text}");
        }
        let bare = r#"{"log":"postfix/smtp[7]: A: b\n","stream":"stdout","time":"2026-11-23T18:02:11.1Z"}"#;
        assert_eq!(plain(bare), "2026-11-23T18:02:11.1Z - postfix/smtp[7]: A: b");
    }

    #[test]
    fn a_line_in_parts_is_one_line() {
        let cri =
            "2026-11-23T18:02:11.1Z stdout P Nov 23 18:02:11 mx1 postfix/smtp[7]: A: \n2026-11-23T18:02:11.1Z stdout F b\nx\n";
        assert_eq!(plain(cri), "Nov 23 18:02:11 mx1 postfix/smtp[7]: A: b\n\nx\n");
        let docker = concat!(
            r#"{"log":"Nov 23 18:02:11 mx1 postfix/smtp[7]: A: ","time":"2026-11-23T18:02:11.1Z"}"#,
            "\n",
            r#"{"log":"b\n","time":"2026-11-23T18:02:11.1Z"}"#,
            "\n"
        );
        assert_eq!(plain(docker), "Nov 23 18:02:11 mx1 postfix/smtp[7]: A: b\n\n");
    }

    #[test]
    fn what_waits_for_its_further_parts_is_not_read_yet() {
        let whole = "2026-11-23T18:02:11.1Z stdout F a\n";
        let part = "2026-11-23T18:02:11.1Z stdout P b\n";
        let last_whole = |text: &str| Wrapping::Line.last_whole(text.as_bytes());
        assert_eq!(last_whole(whole), whole.len());
        assert_eq!(last_whole(&[whole, part, part].concat()), whole.len());
        assert_eq!(last_whole(&[part, part].concat()), 2 * part.len(), "parts without end");
    }

    #[test]
    fn whatever_is_cut_off_nothing_panics() {
        for line in [
            "2026-11-23T18:02:11Z\tsystem.mail\t{\"ident\":\"postfix/smtp[7]:\",\"message\":\" \u{e9}\",\"host\":{\"name\":\"m\"}}",
            "/var/log/mail.log-12-Nov 23 18:02:11 m\u{e9} postfix/smtp[7]: A: b",
            "2026-11-23T18:02:11.1Z stdout P \u{e9}",
            "compose-1  | Nov 23 18:02:11 m\u{e9} postfix/smtp[7]: A: b",
        ] {
            for (at, _) in line.char_indices() {
                for text in [&line[..at], &line[at..]] {
                    let _ = Wrapping::of(text);
                    let _ = Wrapping::Line.unwrap(text);
                }
            }
        }
    }

    #[test]
    fn plain_logs_are_left_alone() {
        assert_eq!(Wrapping::of("Nov 23 18:02:11 mx1 postfix/smtp[7]: A: b | c\n"), Wrapping::Plain);
        assert!(matches!(Wrapping::Plain.unwrap("x"), Cow::Borrowed("x")));
    }
}
