//! Log files as pieces of text, read one after the other in the order of their first stamps, scanned side by side on all
//! cores and folded in their order again, so that the result is the same for any number of threads.

use super::envelope::{Clock, Line};
use super::fold::Fold;
use super::lanes::Lanes;
use super::scan::{Reads, Scanned, scan, scan_line};
use super::traffic::Traffic;
use super::wrap::Wrapping;
use crate::evidence::text::strip_escapes;
use crate::parallel::locked;
use crate::rules::companion::Companion;
use crate::tables::Citation;
use crate::time::Time;
use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes of a piece, about.
const PIECE: usize = 1 << 18;
/// Bytes of the first piece; each is twice as long as the one before until they have their size, so that a small log is work for
/// all threads, too.
const FIRST: usize = 1 << 15;
/// Bytes that must be free to read on.
const READ: usize = 1 << 14;

/// Seconds by which a log goes back from one line to the next when it is out of order.
pub(super) const DISORDER: f64 = 2.0 * 3600.0;

/// Opens a log.
pub type Open<'b> = Box<dyn Fn() -> io::Result<Box<dyn Read + Send + 'b>> + Send + Sync + 'b>;

/// One log to be read.
pub struct Stream<'b> {
    /// Number of the file in the bundle's list of sources.
    pub file: u32,
    /// How its lines are wrapped.
    pub wrapping: Wrapping,
    /// How its stamps are read.
    pub clock: Clock,
    /// Time of its first line.
    pub first: Option<Time>,
    /// Its first line.
    pub begins: String,
    /// The host whose lines count, where several log here.
    pub host: Option<String>,
    /// Whether its lines stand in it twice, and what is said again is blank.
    pub doubled: bool,
    /// Whether its bytes are those of the file, and not a part of it or what was pasted.
    pub whole: bool,
    /// Whether the lines that records may be cited with are kept, since reading the file again costs much.
    pub keep_lines: bool,
    /// Opens it.
    pub open: Open<'b>,
}

impl Stream<'_> {
    /// The host that it tells of: whose lines count, or that its first line names.
    pub fn logged_by(&self) -> Option<String> {
        if self.host.is_some() {
            return self.host.clone();
        }
        let host = Line::parse(&self.begins, &self.clock)?.host;
        (!host.is_empty()).then(|| host.to_owned())
    }
}

impl std::fmt::Debug for Stream<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Stream({})", self.file)
    }
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
    /// Lines that stand in another file, too, and are counted there.
    pub duplicates: u64,
    /// Lines that are longer than is looked at.
    pub cut: u64,
    /// Messages that the log says were lost before they were written.
    pub lost: u64,
    /// Why reading ended before the end of the file.
    pub broken: Option<String>,
    /// Where lines begin, one in each piece: the line's number, and its place in the file's bytes.
    pub marks: Vec<(u32, u64)>,
}

/// How to read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'p> {
    /// Threads.
    pub jobs: usize,
    /// Longest line that is looked at.
    pub longest: usize,
    /// Bytes of log read are added here.
    pub progress: &'p AtomicU64,
    /// The programs beside Postfix whose words matter.
    pub companions: &'p [&'p Companion],
}

/// What the logs held, or that their lines lie across one another in time and have to be merged.
#[derive(Debug)]
pub enum Outcome {
    /// Every file, in the order of the streams.
    Read(Vec<LogFile>),
    /// The logs overlap, or one is out of order: what was folded is no use.
    Overlap,
}

/// Reads the streams, which are in the order of their first times.
pub fn read(streams: &[Stream<'_>], reading: Reading<'_>, lanes: &mut Lanes<'_>) -> Outcome {
    let feed = Mutex::new(Feed::new(streams, reading));
    let forms = lanes.forms();
    let files = vec![LogFile::default(); streams.len()];
    let order = Turns::new(Order { traffic: &mut lanes.traffic, files, last_line: String::new(), overlap: false });
    let folds: Vec<Turns<&mut Fold<'_>>> = lanes.folds.iter_mut().map(Turns::new).collect();
    let stop = AtomicBool::new(false);
    let work = || {
        let mut bytes = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let Some(piece) = locked(&feed).next(&mut bytes) else { break };
            let stream = &streams[piece.stream];
            let text = decode(&bytes, piece.first);
            // A text that was changed before it was scanned does not show the lines as they stand.
            let keep = stream.keep_lines && stream.wrapping == Wrapping::Plain && matches!(text, Cow::Borrowed(_));
            let text = stream.wrapping.unwrap(&text);
            let reads = Reads {
                clock: &stream.clock,
                companions: reading.companions,
                host: stream.host.as_deref(),
                forms,
                longest: reading.longest,
            };
            let scanned = scan(&text, reads);
            // Lines later than the beginning of the next file: the files overlap.
            let next = streams.get(piece.stream + 1).and_then(|next| next.first);
            // Within the second of the cut, they do only if the first line of the next stands here.
            let repeats = || streams.get(piece.stream + 1).is_some_and(|next| text.contains(&next.begins));
            let overlaps =
                scanned.covers.zip(next).is_some_and(|((_, last), next)| last.since(next) > 1.0 || last >= next && repeats());
            let place = order.take(piece.number, |order| {
                let before = order.files[piece.stream].covers;
                let back = before.zip(scanned.covers).is_some_and(|((_, last), (first, _))| last.since(first) > DISORDER);
                order.overlap |= overlaps || back || scanned.back > DISORDER;
                (!order.overlap).then(|| order.account(&piece, &scanned))
            });
            let Some((base, repeated)) = place else {
                stop.store(true, Ordering::Relaxed);
                folds.iter().for_each(|fold| fold.take(piece.number, |_| ()));
                continue;
            };
            let repeated = repeated.as_ref().map(|(line, times)| (scan_line(line, reads), *times));
            for (lane, fold) in folds.iter().enumerate() {
                fold.take(piece.number, |fold| {
                    if let Some((scanned, times)) = &repeated {
                        let place = Citation { file: stream.file, line: base.saturating_add(1) };
                        for item in &scanned.lanes[lane] {
                            fold.take(&super::scan::Item { times: *times, ..item.clone() }, place, false);
                        }
                    }
                    for item in &scanned.lanes[lane] {
                        fold.take(item, Citation { file: stream.file, line: base.saturating_add(item.line + 1) }, keep);
                    }
                });
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..reading.jobs.max(1) {
            scope.spawn(work);
        }
        work();
    });
    let order = order.into_inner();
    if order.overlap { Outcome::Overlap } else { Outcome::Read(order.files) }
}

/// Something that the pieces come to in their order.
struct Turns<T> {
    /// The piece whose turn it is.
    number: AtomicU64,
    state: Mutex<T>,
    turned: Condvar,
}

impl<T> Turns<T> {
    /// Looks at the number before sleeping, some 50 microseconds: most turns come sooner than a thread is woken.
    const LOOKS: usize = 1_000;

    fn new(state: T) -> Turns<T> {
        Turns { number: AtomicU64::new(0), state: Mutex::new(state), turned: Condvar::new() }
    }

    /// Waits until it is the turn of the piece with this number, and works on the state.
    fn take<R>(&self, number: u64, work: impl FnOnce(&mut T) -> R) -> R {
        let is_next = || self.number.load(Ordering::Acquire) == number;
        for _ in 0..Self::LOOKS {
            if is_next() {
                break;
            }
            std::hint::spin_loop();
        }
        let mut state = locked(&self.state);
        while !is_next() {
            state = self.turned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let result = work(&mut state);
        self.number.store(number + 1, Ordering::Release);
        self.turned.notify_all();
        result
    }

    fn into_inner(self) -> T {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is accounted for piece by piece.
struct Order<'f> {
    traffic: &'f mut Traffic,
    files: Vec<LogFile>,
    last_line: String,
    overlap: bool,
}

impl Order<'_> {
    /// Accounts for a piece: how many lines of its file were before it, and the line before it, if its first one says how often
    /// that was repeated.
    fn account(&mut self, piece: &Piece, scanned: &Scanned<'_>) -> (u32, Option<(String, u64)>) {
        let seen = &mut self.files[piece.stream];
        let base = u32::try_from(seen.lines).unwrap_or(u32::MAX);
        seen.marks.push((base.saturating_add(1), piece.offset));
        // "last message repeated": the message is the last one of the piece before.
        let repeated = scanned.repeats_before > 0 && !self.last_line.is_empty();
        let repeated = repeated.then(|| (self.last_line.clone(), scanned.repeats_before));
        seen.add(scanned);
        if let Some(broken) = &piece.broken {
            seen.broken = Some(broken.clone());
        }
        self.traffic.add_lines(scanned);
        if let Some(line) = scanned.last_line {
            self.last_line.clear();
            self.last_line.push_str(line);
        }
        (base, repeated)
    }
}

impl LogFile {
    fn add(&mut self, scanned: &Scanned<'_>) {
        let base = u32::try_from(self.lines).unwrap_or(u32::MAX);
        let first = scanned.first_unparsed.map(|at| base.saturating_add(at + 1));
        self.first_unparsed = self.first_unparsed.or(first);
        self.lines += u64::from(scanned.lines);
        self.unparsed += scanned.unparsed;
        self.lost += scanned.lost;
        self.cut += scanned.cut;
        self.covers = match (self.covers, scanned.covers) {
            (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
            (known, new) => known.or(new),
        };
    }
}

/// One piece of a log: whole lines.
struct Piece {
    /// Its place in the order of all pieces.
    number: u64,
    stream: usize,
    /// Whether it is the first of its file.
    first: bool,
    /// Where it begins in the file's bytes.
    offset: u64,
    /// Why the file ends with it, if that is not its end.
    broken: Option<String>,
}

/// The streams, cut into pieces.
struct Feed<'s, 'b> {
    streams: &'s [Stream<'b>],
    reading: Reading<'s>,
    at: usize,
    number: u64,
    reader: Option<Box<dyn Read + Send + 's>>,
    /// The beginning of a line that the last piece did not hold the end of.
    rest: Vec<u8>,
    first: bool,
    /// Bytes of the file that were given out.
    offset: u64,
}

impl<'s> Feed<'s, '_> {
    fn new<'b>(streams: &'s [Stream<'b>], reading: Reading<'s>) -> Feed<'s, 'b> {
        Feed { streams, reading, at: 0, number: 0, reader: None, rest: Vec::new(), first: true, offset: 0 }
    }

    /// Fills `bytes` with the next piece.
    fn next(&mut self, bytes: &mut Vec<u8>) -> Option<Piece> {
        loop {
            let stream = self.streams.get(self.at)?;
            let mut broken = None;
            if self.reader.is_none() {
                match (stream.open)() {
                    Ok(reader) => self.reader = Some(stream.wrapping.flatten(reader)),
                    Err(error) => broken = Some(error.to_string()),
                }
                self.first = true;
                self.offset = 0;
            }
            let piece = PIECE.min(FIRST << self.number.min(16));
            let mut filled = self.rest.len();
            bytes.resize(piece.max(filled + READ), 0);
            bytes[..filled].copy_from_slice(&self.rest);
            self.rest.clear();
            // Bytes of a line without end that were read over.
            let mut over = 0;
            let mut ended = broken.is_some();
            let mut searched = 0;
            while !ended {
                if bytes.len() - filled < READ {
                    if let Some(end) = memchr::memrchr(b'\n', &bytes[searched..filled]) {
                        let end = stream.wrapping.last_whole(&bytes[..searched + end + 1]);
                        self.rest.extend_from_slice(&bytes[end..filled]);
                        filled = end;
                        break;
                    }
                    searched = filled;
                    // A line without end is cut: what follows in it is read over.
                    if filled > self.reading.longest.max(PIECE) {
                        over += (filled - self.reading.longest) as u64;
                        filled = self.reading.longest;
                        searched = filled;
                    }
                    bytes.resize(filled + PIECE, 0);
                }
                let reader = self.reader.as_mut()?;
                match reader.read(&mut bytes[filled..]) {
                    Ok(0) => ended = true,
                    Ok(read) => {
                        self.reading.progress.fetch_add(read as u64, Ordering::Relaxed);
                        filled += read;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        broken = Some(error.to_string());
                        ended = true;
                    }
                }
            }
            bytes.truncate(filled);
            let piece = Piece { number: self.number, stream: self.at, first: self.first, offset: self.offset, broken };
            self.offset += filled as u64 + over;
            self.first = false;
            if ended {
                self.reader = None;
                self.at += 1;
                self.rest.clear();
            }
            if !bytes.is_empty() || piece.broken.is_some() {
                self.number += 1;
                return Some(piece);
            }
        }
    }
}

/// The bytes of a piece as text, without what terminals and crashed disks leave in it.
fn decode(bytes: &[u8], first: bool) -> Cow<'_, str> {
    let start = if first && bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let clean = memchr::memchr2(0, 0x1b, bytes).is_none();
    let text = match simdutf8::basic::from_utf8(&bytes[start..]) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(&bytes[start..]),
    };
    if clean {
        return text;
    }
    Cow::Owned(strip_escapes(&text).into_owned())
}

/// The time of the first line that has one.
pub fn first_time(head: &str, wrapping: Wrapping, clock: &Clock) -> Option<Time> {
    let mut flat = String::new();
    // A head that is cut in the middle of an entry still has its first lines.
    let _ = wrapping.flatten(Box::new(head.as_bytes())).read_to_string(&mut flat);
    let flat = wrapping.unwrap(&flat);
    flat.lines().take(500).find_map(|text| Line::parse(text, clock)?.time)
}

/// The first line that has a time, without what it is wrapped in.
pub fn first_line(head: &str, wrapping: Wrapping, clock: &Clock) -> Option<String> {
    let mut flat = String::new();
    let _ = wrapping.flatten(Box::new(head.as_bytes())).read_to_string(&mut flat);
    let flat = wrapping.unwrap(&flat);
    let line = flat.lines().take(500).find(|text| Line::parse(text, clock).is_some_and(|line| line.time.is_some()))?;
    Some(line.to_owned())
}
