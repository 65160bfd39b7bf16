//! What a document looks like, and how large it may be.

use serde::{Deserialize, Serialize};
use std::io;

/// Bytes that a rendered document may have.
pub(super) const LARGEST: usize = 32 << 20;

/// A format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For the terminal.
    Text,
    /// For tickets.
    Markdown,
    /// For people.
    Html,
    /// For programs: the view model itself.
    Json,
}

impl Format {
    /// The template of a document (`report`, `compare`) in this format.
    pub(super) fn template(self, document: &str) -> String {
        let extension = match self {
            Format::Text | Format::Json => "txt",
            Format::Markdown => "md",
            Format::Html => "html",
        };
        format!("{document}.{extension}.hbs")
    }
}

/// How text output looks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Look {
    /// Whether to colour it.
    pub color: bool,
    /// Whether to use only ASCII.
    pub ascii: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether text is one screen: without the steps of the plan.
    pub brief: bool,
    /// Bytes that a Markdown report may have; what matters least is left out first.
    pub max_bytes: Option<usize>,
    /// File of the full report, for a shortened one to name.
    pub full_report: Option<String>,
}

impl Default for Look {
    fn default() -> Look {
        Look { color: false, ascii: false, width: 80, brief: false, max_bytes: None, full_report: None }
    }
}

/// Breaks a line at blanks where it is longer than `width` characters; what begins a line stands before it.
pub(super) fn fold(line: &str, width: usize, first: &str, next: &str) -> String {
    let mut out = first.to_owned();
    let mut length = 0;
    for (at, word) in line.split(' ').enumerate() {
        let more = word.chars().count();
        if at > 0 && length + 1 + more > width && more > 0 {
            out.push('\n');
            out.push_str(next);
            length = 0;
        } else if at > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += more;
    }
    out
}

/// Whether a document may have so many bytes.
pub(super) fn within_largest(bytes: usize) -> io::Result<()> {
    if bytes > LARGEST { Err(io::Error::other(format!("the document grows beyond {} MB", LARGEST >> 20))) } else { Ok(()) }
}
