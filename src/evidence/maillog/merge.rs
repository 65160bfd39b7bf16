//! Logs that overlap in time, line by line in time order. A line that stands in several files (copies, rotations that
//! overlap, `mail.log` beside `mail.info`, the journal beside the file) is taken once.

use super::envelope::Line;
use super::fold::Fold;
use super::reader::{DISORDER, LogFile, Reading, Stream, for_each_line};
use super::scan::scan;
use crate::distinct::{hash, mix};
use crate::evidence::text::strip_escapes;
use crate::tables::Citation;
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::atomic::Ordering;

/// Bytes of lines that are scanned at once.
const BATCH: usize = 1 << 18;

/// One file under way.
struct Cursor<'s> {
    /// Its stream, and the line at which another cursor goes on.
    stream: usize,
    until: u32,
    reader: BufReader<Box<dyn Read + Send + 's>>,
    /// The next line, its number and its time; that of the line before where it has none.
    line: String,
    number: u32,
    time: Option<Time>,
    ended: bool,
}

/// Reads the streams in time order.
pub fn read(streams: &[Stream<'_>], reading: Reading<'_>, fold: &mut Fold<'_>) -> Vec<LogFile> {
    let mut files = vec![LogFile::default(); streams.len()];
    let mut cursors = Vec::new();
    for (at, (stream, file)) in streams.iter().zip(&mut files).enumerate() {
        let runs = runs(stream, reading);
        for (number, &from) in runs.iter().enumerate() {
            let reader = match (stream.open)() {
                Ok(reader) => stream.wrapping.flatten(reader),
                Err(error) => {
                    file.broken = Some(error.to_string());
                    Box::new(std::io::empty())
                }
            };
            let reader = BufReader::with_capacity(1 << 16, reader);
            let until = runs.get(number + 1).copied().unwrap_or(u32::MAX);
            let time = if number == 0 { stream.first } else { None };
            let mut cursor = Cursor { stream: at, until, reader, line: String::new(), number: 0, time, ended: false };
            let mut before = LogFile::default();
            while cursor.number + 1 < from && !cursor.ended {
                cursor.advance(stream, reading, &mut before);
            }
            cursor.advance(stream, reading, file);
            cursors.push(cursor);
        }
    }
    let mut batch = Batch::default();
    // How often each text was taken in the second at hand, by any file and by the file at hand.
    let mut taken: FxHashMap<u64, u32> = FxHashMap::default();
    loop {
        let open = cursors.iter().filter(|cursor| !cursor.ended);
        let Some(second) = open.map(|cursor| cursor.time.map(Time::seconds)).min() else { break };
        taken.clear();
        for cursor in &mut cursors {
            let at = cursor.stream;
            let mut own: FxHashMap<u64, u32> = FxHashMap::default();
            while !cursor.ended && cursor.time.map(Time::seconds) <= second {
                let stream = &streams[at];
                let times = own.entry(what(&cursor.line, stream)).or_insert(0);
                *times += 1;
                let known = taken.entry(what(&cursor.line, stream)).or_insert(0);
                if *times > *known || cursor.line.trim().is_empty() {
                    *known = *times;
                    batch.push(&cursor.line, at, cursor.number);
                } else {
                    files[at].duplicates += 1;
                }
                files[at].lines += 1;
                cursor.advance(stream, reading, &mut files[at]);
            }
        }
        if batch.text.len() > BATCH {
            batch.fold(streams, fold, &mut files);
        }
    }
    batch.fold(streams, fold, &mut files);
    files
}

/// Lines at which a file goes back in time for good, as when it was put together from rotations in the wrong order: where its
/// runs begin. Clocks that are set, and the end of summer time, step back by less.
fn runs(stream: &Stream<'_>, reading: Reading<'_>) -> Vec<u32> {
    let mut runs = vec![1];
    let mut last: Option<Time> = None;
    let Ok(reader) = (stream.open)() else { return runs };
    let _ = for_each_line(stream.wrapping.flatten(reader), reading.longest, |number, bytes| {
        let text = String::from_utf8_lossy(bytes);
        let line = stream.wrapping.unwrap(&text);
        let Some(time) = Line::parse(line.trim_end_matches('\n'), &stream.clock).and_then(|line| line.time) else { return };
        // A file of a thousand pieces is in no order at all.
        if last.is_some_and(|last| last.since(time) > DISORDER) && runs.len() < 1000 {
            runs.push(number);
        }
        last = Some(time);
    });
    runs
}

/// What a line says, so that two files can be seen to say the same: program, process and message.
fn what(line: &str, stream: &Stream<'_>) -> u64 {
    match Line::parse(line, &stream.clock) {
        Some(line) => hash(line.message.as_bytes(), hash(line.pid.as_bytes(), hash(line.tag.as_bytes(), 1))),
        None => mix(2, hash(line.as_bytes(), 0)),
    }
}

impl Cursor<'_> {
    fn advance(&mut self, stream: &Stream<'_>, reading: Reading<'_>, file: &mut LogFile) {
        if self.number + 1 >= self.until {
            self.ended = true;
            return;
        }
        let mut bytes = Vec::new();
        let limit = reading.longest as u64;
        match self.reader.by_ref().take(limit).read_until(b'\n', &mut bytes) {
            Ok(0) => {
                self.ended = true;
                return;
            }
            Ok(_) => {}
            Err(error) => {
                file.broken = Some(error.to_string());
                self.ended = true;
                return;
            }
        }
        if bytes.len() as u64 == limit && bytes.last() != Some(&b'\n') {
            file.cut += 1;
            // The rest of a longer line is read over.
            while let Ok(buffer) = self.reader.fill_buf() {
                let end = memchr::memchr(b'\n', buffer);
                let used = end.map_or(buffer.len(), |end| end + 1);
                self.reader.consume(used);
                if end.is_some() || used == 0 {
                    break;
                }
            }
        }
        reading.progress.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.number = self.number.saturating_add(1);
        let text = String::from_utf8_lossy(&bytes);
        let text = strip_escapes(text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']));
        self.line = stream.wrapping.unwrap(&text).trim_end_matches('\n').replace('\n', " ");
        let time = Line::parse(&self.line, &stream.clock).and_then(|line| line.time);
        self.time = time.or(self.time);
    }
}

/// Lines that are scanned together, each with the file it comes from.
#[derive(Default)]
struct Batch {
    text: String,
    places: Vec<(usize, u32)>,
}

impl Batch {
    fn push(&mut self, line: &str, stream: usize, number: u32) {
        self.text.push_str(line);
        self.text.push('\n');
        self.places.push((stream, number));
    }

    /// Scans the lines file by file, since their clocks may differ, and folds them in the order in which they stand here.
    fn fold(&mut self, streams: &[Stream<'_>], fold: &mut Fold<'_>, files: &mut [LogFile]) {
        let mut start = 0;
        let mut text = self.text.as_str();
        while start < self.places.len() {
            let stream = self.places[start].0;
            let run = self.places[start..].iter().take_while(|(at, _)| *at == stream).count();
            let end = memchr::memchr_iter(b'\n', text.as_bytes()).nth(run - 1).map_or(text.len(), |at| at + 1);
            let scanned = scan(&text[..end], &streams[stream].clock, usize::MAX);
            for item in &scanned.items {
                let line = self.places[start + item.line as usize].1;
                fold.take(item, Citation { file: streams[stream].file, line }, false);
            }
            let file = &mut files[stream];
            let first = scanned.first_unparsed.map(|at| self.places[start + at as usize].1);
            file.first_unparsed = file.first_unparsed.or(first);
            file.unparsed += scanned.unparsed;
            file.lost += scanned.lost;
            file.covers = match (file.covers, scanned.covers) {
                (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
                (known, new) => known.or(new),
            };
            let traffic = &mut fold.traffic;
            traffic.lines += u64::from(scanned.lines);
            traffic.unparsed += scanned.unparsed;
            traffic.postfix_lines += scanned.postfix_lines;
            traffic.lost += scanned.lost;
            traffic.seen(scanned.covers, &scanned.minutes);
            text = &text[end..];
            start += run;
        }
        self.text.clear();
        self.places.clear();
    }
}
