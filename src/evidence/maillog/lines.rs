//! A stream line by line, where its pieces are not read side by side: as its bytes stand there, or, of a log, out of what it is
//! wrapped in.

use super::reader::Stream;
use super::wrap::Wrapping;
use crate::evidence::text::strip_escapes;
use std::io::{self, BufRead, BufReader, Read};

/// Bytes of lines that are unwrapped at once. The parts of one line fit many times: Docker and Kubernetes cut at 16 KiB.
const BATCH: usize = 1 << 17;

/// The lines of a stream, as its bytes stand there.
pub struct RawLines<R> {
    reader: BufReader<R>,
    longest: usize,
    line: Vec<u8>,
    number: u32,
    /// What reading came to after the line before.
    failed: Option<io::Error>,
}

/// One line of a stream.
#[derive(Debug)]
pub struct RawLine<'l> {
    /// Its number.
    pub number: u32,
    /// Its bytes without its end; of one longer than is looked at, its beginning.
    pub bytes: &'l [u8],
    /// Whether it is longer.
    pub cut: bool,
}

impl<R: Read> RawLines<R> {
    /// The lines of a stream, the first of which has the number `first`; `longest` bytes of each are looked at.
    pub fn new(reader: R, first: u32, longest: usize) -> RawLines<R> {
        let reader = BufReader::with_capacity(1 << 16, reader);
        RawLines { reader, longest, line: Vec::new(), number: first.saturating_sub(1), failed: None }
    }

    /// The next line.
    ///
    /// # Errors
    /// What reading the stream gives, after what there is of the line in which it does.
    pub fn next_line(&mut self) -> io::Result<Option<RawLine<'_>>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.line.clear();
        let (mut any, mut cut) = (false, false);
        loop {
            let buffer = match self.reader.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if any => {
                    self.failed = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', buffer);
            let part = &buffer[..end.unwrap_or(buffer.len())];
            let room = self.longest.saturating_sub(self.line.len());
            cut |= part.len() > room;
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        let bytes = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        Ok(Some(RawLine { number: self.number, bytes, cut }))
    }
}

/// The lines of a log out of what it is wrapped in: a line in parts is whole at the place of its first part, and its other
/// places are empty.
pub struct Lines<'s> {
    raw: RawLines<Box<dyn Read + Send + 's>>,
    wrapping: Wrapping,
    /// Unwrapped lines, and where the next of them begins.
    text: String,
    at: usize,
    /// The number of the line before.
    number: u32,
    /// Lines as they stand there, whose further parts are still to come.
    waiting: String,
    ended: bool,
    failed: Option<io::Error>,
    /// Numbers of the lines, among those at hand, that are longer than is looked at.
    cut: Vec<u32>,
}

impl<'s> Lines<'s> {
    /// The lines of a log from the one with the number `from`, which is no further part of another; `longest` bytes of each are
    /// looked at.
    ///
    /// # Errors
    /// If it cannot be opened, or read as far as that line.
    pub fn open(stream: &'s Stream<'_>, from: u32, longest: usize) -> io::Result<Lines<'s>> {
        let mut raw = RawLines::new(stream.wrapping.flatten((stream.open)()?), 1, longest);
        while raw.number + 1 < from && raw.next_line()?.is_some() {}
        let number = raw.number;
        let (text, waiting) = (String::new(), String::new());
        Ok(Lines { raw, wrapping: stream.wrapping, text, at: 0, number, waiting, ended: false, failed: None, cut: Vec::new() })
    }

    /// The next line and its number.
    ///
    /// # Errors
    /// What reading the log gives, after all lines before it.
    pub fn next_line(&mut self) -> io::Result<Option<(u32, &str)>> {
        while self.at == self.text.len() {
            if self.ended {
                return self.failed.take().map_or(Ok(None), Err);
            }
            self.fill();
        }
        let rest = &self.text[self.at..];
        let end = memchr::memchr(b'\n', rest.as_bytes());
        self.at += end.map_or(rest.len(), |end| end + 1);
        self.number = self.number.saturating_add(1);
        Ok(Some((self.number, rest[..end.unwrap_or(rest.len())].trim_start_matches('\u{feff}'))))
    }

    /// Whether the line before is longer than is looked at.
    pub fn was_cut(&self) -> bool {
        self.cut.contains(&self.number)
    }

    /// Unwraps the next lines.
    fn fill(&mut self) {
        self.cut.retain(|number| *number > self.number);
        let mut batch = std::mem::take(&mut self.waiting);
        while batch.len() <= BATCH && !self.ended {
            match self.raw.next_line() {
                Ok(Some(line)) => {
                    self.cut.extend(line.cut.then_some(line.number));
                    batch.push_str(&strip_escapes(&String::from_utf8_lossy(line.bytes)));
                    batch.push('\n');
                }
                Ok(None) => self.ended = true,
                Err(error) => (self.failed, self.ended) = (Some(error), true),
            }
        }
        if !self.ended {
            self.waiting = batch.split_off(self.wrapping.last_whole(batch.as_bytes()));
        }
        self.at = 0;
        self.text = match self.wrapping {
            Wrapping::Line => self.wrapping.unwrap(&batch).into_owned(),
            _ => batch,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::again::tests::stream;
    use super::*;

    #[test]
    fn a_line_in_parts_is_whole_wherever_the_lines_are_read_from() {
        let pair =
            "2026-11-23T18:02:11.1Z stdout P Nov 23 18:02:11 mx1 postfix/smtp[7]: A: \n2026-11-23T18:02:11.1Z stdout F b\n";
        // What is unwrapped at once ends at every place of the pair in turn.
        for before in 0..pair.len() {
            let text = format!("2026-11-23T18:02:11.1Z stdout F {}\n{}", "x".repeat(before), pair.repeat(BATCH / pair.len() + 2));
            let stream = stream(&text);
            let mut lines = Lines::open(&stream, 1, 4096).expect("a log");
            let mut last = 1;
            let (first, other) = lines.next_line().expect("a line").expect("of another kind");
            assert!(first == 1 && other.ends_with(&"x".repeat(before)), "{other}");
            while let Some((number, line)) = lines.next_line().expect("a line") {
                assert_eq!(line, if number % 2 == 0 { "Nov 23 18:02:11 mx1 postfix/smtp[7]: A: b" } else { "" }, "{number}");
                assert_eq!(number, last + 1);
                last = number;
            }
            assert_eq!(last as usize, text.lines().count());
        }
    }

    #[test]
    fn a_long_line_is_cut_and_a_broken_stream_shows_what_there_is() {
        struct Broken(&'static [u8]);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.0.read(buffer)? {
                    0 => Err(io::Error::other("torn")),
                    read => Ok(read),
                }
            }
        }
        let mut lines = RawLines::new(Broken(b"abcdef\r\n\nxyz"), 7, 4);
        let mut seen = Vec::new();
        let error = loop {
            match lines.next_line() {
                Ok(Some(line)) => seen.push((line.number, String::from_utf8_lossy(line.bytes).into_owned(), line.cut)),
                Ok(None) => panic!("no end"),
                Err(error) => break error,
            }
        };
        assert_eq!(seen, [(7, "abcd".to_owned(), true), (8, String::new(), false), (9, "xyz".to_owned(), false)]);
        assert_eq!(error.to_string(), "torn");
    }
}
