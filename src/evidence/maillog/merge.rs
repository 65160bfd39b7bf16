//! Logs that overlap in time, line by line in time order. A line that stands in several files (copies, rotations that
//! overlap, `mail.log` beside `mail.info`, the journal beside the file) is taken once.

use super::envelope::Line;
use super::lanes::Lanes;
use super::lines::Lines;
use super::reader::{DISORDER, LogFile, Reading, Stream};
use super::scan::{Reads, scan};
use crate::distinct::{hash, mix};
use crate::rules::companion::Companion;
use crate::tables::Citation;
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::sync::atomic::Ordering;

/// Bytes of lines that are scanned at once.
const BATCH: usize = 1 << 18;

/// Runs of a file that are told apart: one of more pieces is in no order at all.
const RUNS: usize = 256;
/// Bytes that may be read again for the runs of one file.
const AGAIN: u64 = 16 << 30;

/// One file under way.
struct Cursor<'s> {
    /// Its stream, and the line at which another cursor goes on.
    stream: usize,
    until: u32,
    lines: Lines<'s>,
    /// The next line, its number and its time; that of the line before where it has none.
    line: String,
    number: u32,
    time: Option<Time>,
    ended: bool,
}

/// Reads the streams in time order.
pub fn read(streams: &[Stream<'_>], reading: Reading<'_>, fold: &mut Lanes<'_>) -> Vec<LogFile> {
    let mut files = vec![LogFile::default(); streams.len()];
    let mut cursors = Vec::new();
    for (at, (stream, file)) in streams.iter().zip(&mut files).enumerate() {
        let runs = runs(stream, reading);
        for (number, &from) in runs.iter().enumerate() {
            let lines = match Lines::open(stream, from, reading.longest) {
                Ok(lines) => lines,
                Err(error) => {
                    file.broken = Some(error.to_string());
                    continue;
                }
            };
            let until = runs.get(number + 1).copied().unwrap_or(u32::MAX);
            let time = if number == 0 { stream.first } else { None };
            let mut cursor = Cursor { stream: at, until, lines, line: String::new(), number: from - 1, time, ended: false };
            cursor.advance(streams, reading, file);
            cursors.push(cursor);
        }
    }
    let mut batch = Batch { companions: reading.companions, ..Batch::default() };
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
                cursor.advance(streams, reading, &mut files[at]);
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
    let mut bytes = 0;
    // What is wrong with the stream is said where its lines are taken.
    let Ok(mut lines) = Lines::open(stream, 1, reading.longest) else { return runs };
    while let Ok(Some((number, text))) = lines.next_line() {
        bytes += text.len() as u64;
        let Some(time) = Line::parse(text, &stream.clock).and_then(|line| line.time) else { continue };
        if last.is_some_and(|last| last.since(time) > DISORDER) && runs.len() < RUNS {
            runs.push(number);
        }
        last = Some(time);
    }
    // Each run is gone to through all lines before it.
    runs.truncate((AGAIN / bytes.max(1)).clamp(8, RUNS as u64) as usize);
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
    fn advance(&mut self, streams: &[Stream<'_>], reading: Reading<'_>, file: &mut LogFile) {
        self.ended = true;
        if self.number + 1 >= self.until {
            return;
        }
        match self.lines.next_line() {
            Ok(Some((number, line))) => {
                reading.progress.fetch_add(line.len() as u64 + 1, Ordering::Relaxed);
                self.number = number;
                self.line.clear();
                self.line.push_str(line);
                self.ended = false;
            }
            Ok(None) => return,
            Err(error) => {
                file.broken = Some(error.to_string());
                return;
            }
        }
        file.cut += u64::from(self.lines.was_cut());
        let time = Line::parse(&self.line, &streams[self.stream].clock).and_then(|line| line.time);
        self.time = time.or(self.time);
    }
}

/// Lines that are scanned together, each with the file it comes from.
#[derive(Default)]
struct Batch<'p> {
    companions: &'p [&'p Companion],
    text: String,
    places: Vec<(usize, u32)>,
}

impl Batch<'_> {
    fn push(&mut self, line: &str, stream: usize, number: u32) {
        self.text.push_str(line);
        self.text.push('\n');
        self.places.push((stream, number));
    }

    /// Scans the lines file by file, since their clocks may differ, and folds them in the order in which they stand here.
    fn fold(&mut self, streams: &[Stream<'_>], fold: &mut Lanes<'_>, files: &mut [LogFile]) {
        let mut start = 0;
        let mut text = self.text.as_str();
        while start < self.places.len() {
            let stream = self.places[start].0;
            let run = self.places[start..].iter().take_while(|(at, _)| *at == stream).count();
            let end = memchr::memchr_iter(b'\n', text.as_bytes()).nth(run - 1).map_or(text.len(), |at| at + 1);
            let from = &streams[stream];
            let reads = Reads {
                clock: &from.clock,
                companions: self.companions,
                host: from.host.as_deref(),
                forms: fold.forms(),
                longest: usize::MAX,
            };
            let scanned = scan(&text[..end], reads);
            for (fold, items) in fold.folds.iter_mut().zip(&scanned.lanes) {
                for item in items {
                    let line = self.places[start + item.line as usize].1;
                    fold.take(item, Citation { file: streams[stream].file, line }, false);
                }
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
            fold.traffic.add_lines(&scanned);
            text = &text[end..];
            start += run;
        }
        self.text.clear();
        self.places.clear();
    }
}
