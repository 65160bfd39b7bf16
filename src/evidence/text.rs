//! Raw bytes of evidence as text: lossy UTF-8 without what terminals and copying leave behind.

use std::borrow::Cow;

/// Decodes bytes lossily and takes out a BOM, NUL bytes and ANSI escape sequences.
pub fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    strip_escapes(text).into_owned()
}

/// The beginning of a line, at most `longest` bytes of it.
pub fn beginning(line: &str, longest: usize) -> &str {
    let mut end = longest.min(line.len());
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

/// Takes out NUL bytes, carriage returns before line ends, and ANSI escape sequences (ECMA-48: CSI and OSC).
pub fn strip_escapes(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, 0 | 0x1b | b'\r')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\0' => {}
            '\r' if matches!(chars.peek(), Some('\n') | None) => {}
            '\u{1b}' => match chars.peek() {
                Some('[') => {
                    chars.next();
                    // Parameters and intermediates, then one final byte.
                    while chars.peek().is_some_and(|c| matches!(c, ' '..='?')) {
                        chars.next();
                    }
                    chars.next_if(|c| matches!(c, '@'..='~'));
                }
                Some(']') => {
                    while chars.peek().is_some_and(|c| !matches!(c, '\u{7}' | '\n' | '\u{1b}')) {
                        chars.next();
                    }
                    chars.next_if(|c| *c == '\u{7}');
                }
                _ => {}
            },
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_terminals_leave_behind_is_taken_out() {
        assert_eq!(clean(b"\xef\xbb\xbfa\x1b[1;31mred\x1b[0m\x00\r\nb\xff"), "ared\nb\u{fffd}");
        assert_eq!(clean(b"\x1b]0;title\x07x\x1b"), "x");
    }
}
