//! Colour on a terminal: one palette for everything that is written there.

use std::fmt::Display;

/// What a coloured word means. Each also says it in words, for whom sees no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// An error, a failure, an incident.
    Bad,
    /// A warning, something unknown or degraded.
    Warn,
    /// What is as it should be.
    Good,
    /// What to read first.
    Strong,
    /// What frames the rest: margins, places, counts of no weight.
    Faint,
    /// Help, and what may be typed.
    Hint,
}

impl Ink {
    /// `words` in this colour, or as they are where there is none.
    pub fn on(self, colored: bool, words: impl Display) -> String {
        let code = match self {
            _ if !colored => return words.to_string(),
            Ink::Bad => "1;31",
            Ink::Warn => "1;33",
            Ink::Good => "1;32",
            Ink::Strong => "1",
            Ink::Faint => "2",
            Ink::Hint => "1;36",
        };
        format!("\x1b[{code}m{words}\x1b[0m")
    }
}

/// Whether a character does something to a terminal, or to the order of others, instead of standing there.
pub fn is_obeyed(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Shows control and direction-changing characters instead of obeying them.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            out.push_str(&format!("\\u{{{:x}}}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}
