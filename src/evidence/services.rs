//! `postconf -M` and raw master.cf:
//!
//! ```text
//! smtp       inet  n       -       y       -       -       smtpd
//! submission inet  n       -       y       -       -       smtpd
//!   -o syslog_name=postfix/submission
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, services};

/// Reads services.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut logical: Vec<(u32, String)> = Vec::new();
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match logical.last_mut() {
            Some((_, whole)) if line.starts_with([' ', '\t']) => {
                whole.push(' ');
                whole.push_str(text);
            }
            _ => logical.push((number, text.to_owned())),
        }
    }
    for (number, text) in logical {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [name, kind, private, _unpriv, chroot, _wakeup, maxproc, command, options @ ..] = words.as_slice() else {
            sink.unparsed(number);
            continue;
        };
        if !matches!(*kind, "inet" | "unix" | "fifo" | "pass" | "unix-dgram") {
            sink.unparsed(number);
            continue;
        }
        let record = Record::new(&services::TABLE, doc.at(number))
            .with(services::name, sink.name(name))
            .with(services::r#type, sink.name(kind))
            .with(services::private, sink.name(private))
            .with(services::chroot, sink.name(chroot))
            .with(services::maxproc, sink.name(maxproc))
            .with(services::command, sink.name(command))
            .with(services::options, sink.name(&options.join(" ")));
        sink.push(&services::TABLE, record);
    }
}
