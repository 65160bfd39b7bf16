//! Undoes what mail programs, ticket systems and editors do to text that passes through them, where the text itself shows it
//! beyond doubt: quoted with `> `, indented, escaped for HTML, in a code block, log lines wrapped at the window's edge.
//!
//! ```text
//! > Nov 12 09:35:44 mail postfix/smtp[467]: 4F2C41A2B3: to=&lt;a@example.net&gt;,
//! > relay=none, delay=31, ...
//! ```
//!
//! Lines stay where they are, so that a citation finds them: a line that was wrapped becomes whole at its beginning, and its
//! further parts become empty.

use super::maillog::envelope::{Clock, Line};
use super::maillog::wrap::Wrapping;
use super::text::strip_escapes;
use crate::refill::{Refill, Refilled};
use crate::time::Time;
use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

/// What was done to a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Paste {
    /// Whether it is quoted, each line after `>`.
    quoted: bool,
    /// White space before every line.
    indent: String,
    /// Whether it is escaped for HTML.
    escaped: bool,
    /// Whether log lines stand in marks of code, each in its own: `` `Nov 12 09:35:44 ...` ``.
    ticked: bool,
    /// What stands in place of the marks of code blocks, if it holds any.
    fence: Option<&'static str>,
    /// Log lines that were wrapped: how.
    wrapped: Option<Wrap>,
}

/// The line that stands for the mark of one of several code blocks, whatever it is written with.
pub(super) const FENCE: &str = "```";

/// How log lines were wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrap {
    /// At a blank, which is gone.
    Words,
    /// Anywhere: a terminal cut them at this width, in characters.
    Hard(usize),
    /// By hand, where somebody liked: what one left open the next ones go on with.
    Open,
}

/// Lines that are looked at.
const LINES: usize = 400;
/// Longest line, in characters, of text that was wrapped: terminals are up to 250 wide, mail programs wrap at 70 to 80.
const WIDEST: usize = 250;

impl Paste {
    /// What was done to a text that begins so.
    pub(super) fn of(head: &str) -> Paste {
        let mut paste = Paste::default();
        // The lengths in it may look like marks.
        if Wrapping::of(head) == Wrapping::Export {
            return paste;
        }
        let mut lines: Vec<Cow<'_, str>> = head.lines().take(LINES).map(Cow::Borrowed).collect();
        let filled = |lines: &[Cow<'_, str>]| lines.iter().filter(|line| !line.trim().is_empty()).count();
        let quoted = lines.iter().filter(|line| line.trim_start().starts_with('>')).count();
        // One command of a shell's continuation may begin with it, too.
        paste.quoted = quoted >= 2 && quoted * 10 >= filled(&lines) * 8 || quoted == 1 && filled(&lines) == 1;
        // Some quote only what the log says.
        paste.quoted |= lines.iter().any(|line| unquoted(line).len() < line.len() && is_of_a_log(unquoted(line)));
        if paste.quoted {
            lines = lines.iter().map(|line| Cow::Owned(unquoted(line).to_owned())).collect();
        }
        let indents =
            lines.iter().filter(|line| !line.trim().is_empty()).map(|line| &line[..line.len() - line.trim_start().len()]);
        let indent = indents.reduce(|one, other| common(one, other)).unwrap_or_default().to_owned();
        if !indent.is_empty() {
            lines = lines.iter().map(|line| Cow::Owned(line.strip_prefix(&indent).unwrap_or(line).to_owned())).collect();
        }
        paste.indent = indent;
        let text = lines.join("\n");
        paste.escaped = text.contains("&lt;") && text.contains("&gt;") && !text.contains('<');
        paste.fence = match lines.iter().filter(|line| is_fence(line)).count() {
            0 => None,
            // Around the whole of what was copied.
            1 | 2 => Some(""),
            _ => Some(FENCE),
        };
        paste.ticked = lines.iter().any(|line| line.strip_prefix(TICK).is_some_and(is_of_a_log));
        let lines: Vec<Cow<'_, str>> = lines.iter().map(|line| paste.inner(line)).collect();
        paste.wrapped = wrapped(&lines);
        paste
    }

    /// Whether nothing was done to it.
    pub(super) fn is_none(&self) -> bool {
        *self == Paste::default()
    }

    /// The text as it was.
    pub(super) fn undo(&self, text: String) -> String {
        if self.is_none() {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        let mut joiner = Joiner::new(self);
        for line in text.lines() {
            joiner.take(line, &mut out);
        }
        joiner.end(&mut out);
        out
    }

    /// The stream as it was.
    pub(super) fn reader<'r>(&self, reader: Box<dyn Read + Send + 'r>) -> Box<dyn Read + Send + 'r> {
        if self.is_none() {
            return reader;
        }
        let reader = BufReader::with_capacity(1 << 16, reader);
        Box::new(Refilled::new(Undoing { reader, joiner: Joiner::new(self) }))
    }

    /// One line without what was put around it.
    fn line<'t>(&self, line: &'t str) -> Cow<'t, str> {
        let line = if self.quoted { unquoted(line) } else { line };
        self.inner(line.strip_prefix(&self.indent).unwrap_or(line))
    }

    fn inner<'t>(&self, line: &'t str) -> Cow<'t, str> {
        let line = if self.ticked { unticked(line) } else { line };
        if let Some(fence) = self.fence.filter(|_| is_fence(line)) {
            Cow::Borrowed(fence)
        } else if self.escaped && line.contains('&') {
            Cow::Owned(unescaped(line))
        } else {
            Cow::Borrowed(line)
        }
    }
}

/// A line after its marks of quotation.
fn unquoted(line: &str) -> &str {
    let mut rest = line.trim_start();
    if !rest.starts_with('>') {
        return line;
    }
    while let Some(after) = rest.strip_prefix('>') {
        rest = after.strip_prefix(' ').filter(|after| after.starts_with('>')).unwrap_or(after);
    }
    rest.strip_prefix(' ').unwrap_or(rest)
}

/// What marks code within a line of Markdown.
const TICK: char = '`';

/// A line without a mark of code before it and behind it.
fn unticked(line: &str) -> &str {
    match line.strip_prefix(TICK).filter(|rest| !rest.starts_with(TICK)) {
        Some(rest) => rest.strip_suffix(TICK).unwrap_or(rest),
        None => line,
    }
}

fn common<'t>(one: &'t str, other: &str) -> &'t str {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    // White space may be of several bytes.
    one.get(..same).unwrap_or_default()
}

/// The mark of a code block in Markdown (```` ``` ````, `~~~`), Jira (`{code}`, `{noformat}`) or a forum (`[code]`).
fn is_fence(line: &str) -> bool {
    let line = line.trim();
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+:=|.".contains(&byte));
    if let Some(rest) = line.strip_prefix("```").or_else(|| line.strip_prefix("~~~")) {
        return word(rest);
    }
    let inside = line.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let inside = inside.or_else(|| line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')));
    inside.is_some_and(|inside| {
        ["code", "/code", "noformat", "quote", "pre", "/pre"].contains(&inside.split(':').next().unwrap_or_default())
    })
}

/// Text without HTML's escapes.
fn unescaped(text: &str) -> String {
    const NAMED: [(&str, &str); 7] =
        [("lt;", "<"), ("gt;", ">"), ("amp;", "&"), ("quot;", "\""), ("apos;", "'"), ("#39;", "'"), ("nbsp;", " ")];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match NAMED.iter().find_map(|(name, c)| Some((c, after.strip_prefix(name)?))) {
            Some((c, after)) => {
                out.push_str(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out + rest
}

/// Whether a line begins as a log line does.
fn is_stamped(line: &str) -> bool {
    let clock = Clock { zone_offset: 0, reference: Time(i64::MAX / 4) };
    Line::parse(line, &clock).is_some_and(|line| !line.tag.is_empty())
}

/// Whether a line is one of a log, with or without what stands before the message.
fn is_of_a_log(line: &str) -> bool {
    is_stamped(line) || Line::bare(line).is_some()
}

/// How the lines of a log were wrapped, if they were: the first is a log line, a good part of the others is none, none is
/// longer than a window, and what is none never begins the text.
fn wrapped(lines: &[Cow<'_, str>]) -> Option<Wrap> {
    let lines: Vec<&str> = lines.iter().map(|line| &**line).filter(|line| !line.trim().is_empty()).collect();
    let width = |line: &str| line.chars().count();
    let widest = lines.iter().map(|line| width(line)).max()?;
    let stamped: Vec<bool> = lines.iter().map(|line| is_stamped(line)).collect();
    let parts = stamped.iter().filter(|stamped| !**stamped).count();
    let postfix = lines.iter().zip(&stamped).any(|(line, stamped)| *stamped && line.contains("postfix"));
    // A few lines that a person has broken.
    let open = |at: usize| stamped[at] && is_open(lines[at]) && stamped.get(at + 1) == Some(&false);
    if lines.len() < 2 || !postfix || widest > 4 * WIDEST {
        return None;
    }
    let by_hand = (0..lines.len()).any(open).then_some(Wrap::Open);
    if !stamped[0] || parts * 4 < lines.len() || parts * 5 > lines.len() * 4 || widest > WIDEST {
        return by_hand;
    }
    // The lines that go on on the next one: all as wide as the window, or each so wide that the next word did not fit.
    let broken: Vec<usize> = (1..lines.len()).filter(|at| !stamped[*at]).collect();
    if broken.len() < 2 || widest < 40 {
        return by_hand;
    }
    // A terminal cuts within words; a mark after which a blank belongs shows that there was one.
    let at_blanks = broken.iter().all(|at| lines[at - 1].ends_with([',', ';', ':', ')']));
    if !at_blanks && broken.iter().all(|at| width(lines[at - 1]) == widest) {
        return Some(Wrap::Hard(widest));
    }
    let fits = |at: &usize| width(lines[at - 1]) + 1 + width(lines[*at].split(' ').next().unwrap_or_default()) > widest;
    broken.iter().all(fits).then_some(Wrap::Words).or(by_hand)
}

/// Whether a log line of Postfix goes on: it has not begun to say anything, a parenthesis is open, or a reply has no end yet.
fn is_open(line: &str) -> bool {
    let Some((_, said)) = line.split_once("postfix").and_then(|(_, rest)| rest.split_once("]:")) else { return false };
    let status = said.split_once(" status=").map(|(_, status)| status);
    let count = |mark: char| said.matches(mark).count();
    let reply = said.contains(": host ") && said.contains(" said: ") && !said.contains("(in reply to");
    said.trim().is_empty()
        || status.is_some_and(|status| !status.contains('(') || count('(') > count(')'))
        || status.is_none() && reply
}

/// Puts lines together again that were wrapped.
#[derive(Debug)]
struct Joiner {
    paste: Paste,
    held: String,
    /// Lines that `held` is made of.
    lines: usize,
    last_width: usize,
}

impl Joiner {
    fn new(paste: &Paste) -> Joiner {
        Joiner { paste: paste.clone(), held: String::new(), lines: 0, last_width: 0 }
    }

    fn take(&mut self, line: &str, out: &mut String) {
        let line = self.paste.line(line);
        let Some(wrap) = self.paste.wrapped else {
            out.push_str(&line);
            out.push('\n');
            return;
        };
        let width = line.chars().count();
        let goes_on = self.lines > 0 && width > 0 && !is_stamped(&line) && self.held.len() < (1 << 16);
        match wrap {
            Wrap::Words | Wrap::Open if goes_on && (wrap == Wrap::Words || is_open(&self.held)) => {
                self.held.push(' ');
                self.held.push_str(line.trim());
            }
            Wrap::Hard(widest) if goes_on && self.last_width == widest => self.held.push_str(&line),
            _ => {
                self.end(out);
                self.held.push_str(&line);
            }
        }
        self.lines += 1;
        self.last_width = width;
    }

    fn end(&mut self, out: &mut String) {
        out.push_str(&self.held);
        out.extend(std::iter::repeat_n('\n', self.lines));
        self.held.clear();
        self.lines = 0;
    }
}

/// A stream in which each line is undone.
struct Undoing<'r> {
    reader: BufReader<Box<dyn Read + Send + 'r>>,
    joiner: Joiner,
}

/// Bytes of a line that are held; the rest of a longer one is read as a line of its own.
const LONGEST: u64 = 1 << 20;

impl Refill for Undoing<'_> {
    fn refill(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let mut undone = String::new();
        let mut line = Vec::new();
        let more = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut line)? > 0;
        if more {
            let text = String::from_utf8_lossy(&line);
            let text = strip_escapes(text.trim_start_matches('\u{feff}').trim_end_matches(['\n', '\r']));
            self.joiner.take(&text, &mut undone);
        } else {
            self.joiner.end(&mut undone);
        }
        *out = undone.into_bytes();
        Ok(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as it was, by both ways.
    fn undone(text: &str) -> String {
        let paste = Paste::of(text);
        let whole = paste.undo(text.to_owned());
        let mut streamed = String::new();
        paste.reader(Box::new(text.as_bytes())).read_to_string(&mut streamed).unwrap();
        if !paste.is_none() {
            assert_eq!(whole, streamed);
            assert_eq!(whole.lines().count(), text.lines().count(), "line numbers are kept: {text}");
        }
        whole
    }

    const LINE: &str = "Nov 12 09:35:44 mail postfix/smtp[467]: 4F2C41A2B3: to=<a@example.net>, relay=none, delay=31, delays=0.1/0/30/0, dsn=4.4.1, status=deferred (connect to mx.example.net[192.0.2.7]:25: Connection timed out)";

    #[test]
    fn quoted_indented_and_escaped_lines_are_as_they_were() {
        for text in [
            format!("> {LINE}\n> {LINE}\n"),
            format!(">> {LINE}\n>> {LINE}\n"),
            format!("> > {LINE}\n> > {LINE}\n"),
            format!("    {LINE}\n    {LINE}\n"),
            format!(">     {LINE}\n>     {LINE}\n"),
            format!("{LINE}\n{LINE}\n").replace('<', "&lt;").replace('>', "&gt;"),
        ] {
            assert_eq!(undone(&text), format!("{LINE}\n{LINE}\n"), "{text}");
        }
    }

    #[test]
    fn wrapped_log_lines_are_whole_again() {
        for width in [72, 80, 132] {
            let hard: Vec<String> = LINE.chars().collect::<Vec<_>>().chunks(width).map(|part| part.iter().collect()).collect();
            let text = format!("{0}\n{0}\n", hard.join("\n"));
            assert_eq!(undone(&text).lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(), [LINE, LINE], "{text}");
            let mut soft = String::new();
            let mut column = 0;
            for word in LINE.split(' ') {
                if column > 0 && column + 1 + word.len() > width {
                    soft.push('\n');
                    column = 0;
                } else if column > 0 {
                    soft.push(' ');
                    column += 1;
                }
                soft.push_str(word);
                column += word.len();
            }
            let text = format!("{soft}\n{soft}\n");
            assert_eq!(undone(&text).lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(), [LINE, LINE], "{text}");
        }
    }

    #[test]
    fn log_lines_in_marks_of_code_and_broken_by_hand_are_whole() {
        let bare = LINE.split_once("]: ").unwrap().1;
        let text = format!("It says\n`{bare}`\n\n> {bare}\n>{bare}\nand more\n");
        assert_eq!(undone(&text), format!("It says\n{bare}\n\n{bare}\n{bare}\nand more\n"));
        let text = format!("It says\n`{LINE}`\n`{LINE}\n");
        assert_eq!(undone(&text), format!("It says\n{LINE}\n{LINE}\n"));
        let said = "host mx.example.net[192.0.2.7] said: 421-4.7.28 an unusual rate 421 4.7.28 of mail (in reply to end of DATA command)";
        let whole = format!("Feb 18 14:55:52 mail postfix/smtp[31892]: 463F01A2EB: {said}");
        let text = format!(
            "What is it?\n{}\n\nAny idea?\n",
            whole.replace("]: 463", "]:\n463").replace(" 421 4", "\n421 4").replace(" (in", "\n  (in")
        );
        let lines = undone(&text);
        assert_eq!(
            lines.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(),
            ["What is it?", &whole, "Any idea?"],
            "{text}"
        );
        let broken = LINE.replace(" (connect to", "\n(connect\nto");
        let lines = undone(&format!("{broken}\nand more\n{LINE}\nthe end\n"));
        let lines: Vec<&str> = lines.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, [LINE, "and more", LINE, "the end"]);
    }

    #[test]
    fn what_nobody_changed_stays() {
        for text in [
            format!("{LINE}\n"),
            format!("{LINE}\nsomething else\n{LINE}\n"),
            "a &lt; b\n<x>\n".to_owned(),
            "# a comment\nrelayhost =\n  x\n".to_owned(),
            "$ cat <<EOF\n> one\n> EOF\n".to_owned(),
            "__CURSOR=s\nMESSAGE\n>\0\0\0\0\0\0\x004F2C41A2B3: removed\n`\0\0\0\0\0\0\x004F2C41A2B3: removed\n".to_owned(),
            String::new(),
        ] {
            assert!(Paste::of(&text).is_none(), "{text}");
        }
    }
}
