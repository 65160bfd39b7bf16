//! Whether what is printed may have colour.

use crate::ink::Ink;
use clap::ValueEnum;
use std::fmt::Display;
use std::io::IsTerminal;
use std::sync::OnceLock;

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal that is not dumb, unless NO_COLOR is set
    #[default]
    Auto,
    /// Also into a file or a pipe, such as one to `less -R`
    Always,
    /// Nowhere
    Never,
}

/// What `--color` asked for.
static ASKED: OnceLock<Color> = OnceLock::new();

/// Keeps what the command line asked for.
pub(super) fn ask(color: Color) {
    let _ = ASKED.set(color);
}

/// Whether a stream takes colour.
pub(super) fn colored(stream: &impl IsTerminal) -> bool {
    match ASKED.get().copied().unwrap_or_default() {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            stream.is_terminal() && !no_color && !dumb
        }
    }
}

/// Characters in a line of the terminal: as `COLUMNS` says, or as it is; 80 where there is none.
pub(super) fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let real = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    asked.or_else(real).unwrap_or(80)
}

/// Names beside one another, in lines no longer than the terminal's, each indented.
pub(super) fn in_lines(names: &[&str], indent: usize) -> String {
    let room = width().clamp(40, 120);
    let mut out = String::new();
    let mut at = 0;
    for (number, name) in names.iter().enumerate() {
        let comma = if number + 1 < names.len() { "," } else { "" };
        if at == 0 || at + 1 + name.len() + comma.len() > room {
            let start = format!("{}{:indent$}", if at == 0 { "" } else { "\n" }, "");
            out.push_str(&start);
            at = indent;
        } else {
            out.push(' ');
            at += 1;
        }
        out.extend([name, comma]);
        at += name.len() + comma.len();
    }
    out
}

/// Colours what a command prints to standard output, if it may.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    pub(super) fn new() -> Paint {
        Paint(colored(&std::io::stdout()))
    }

    pub(super) fn ink(self, ink: Ink, words: impl Display) -> String {
        ink.on(self.0, words)
    }

    /// A value that can show itself in colour, which its alternate form is.
    pub(super) fn show(self, value: &impl Display) -> String {
        if self.0 { format!("{value:#}") } else { value.to_string() }
    }

    /// How a signal was answered, padded to the longest of these words.
    pub(super) fn answer(self, met: Option<bool>) -> String {
        match met {
            Some(true) => self.ink(Ink::Good, "met    "),
            Some(false) => self.ink(Ink::Bad, "unmet  "),
            None => self.ink(Ink::Warn, "unknown"),
        }
    }
}
