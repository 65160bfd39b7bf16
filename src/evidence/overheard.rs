//! Replies that Postfix logs on its way to the next mail server (`ID: host H said: 450 ...`), in a log without a single delivery, such as
//! people copy out of one: what a server said is known, for whom it was and what became of the message is not.

use super::bounce::failure;
use super::document::Sink;
use super::maillog::traffic::Traffic;
use crate::said::{Said, Voice};
use crate::tables::{Record, Tables, diagnostics, failures};

/// The failures that nothing but such replies tells of.
pub(super) fn failures(tables: &mut Tables, traffic: &Traffic) -> Vec<Record> {
    if traffic.deliveries() > 0 || !tables.rows(&failures::TABLE).is_empty() {
        return Vec::new();
    }
    let mut sink = Sink { tables, unparsed: Vec::new(), covers: None };
    let mut overheard = Vec::new();
    for at in 0..sink.tables.rows(&diagnostics::TABLE).len() {
        let row = &sink.tables.rows(&diagnostics::TABLE)[at];
        let text = |column| row.text(column, &sink.tables.names);
        let own_client = text(diagnostics::daemon).is_some_and(|daemon| ["smtp", "lmtp", "relay"].contains(&daemon));
        let Some(line) = text(diagnostics::text).filter(|_| own_client).map(str::to_owned) else { continue };
        let said = Said::parse(&line);
        if said.voice == Some(Voice::Remote) && said.code.is_some_and(|code| code >= 400) {
            let (source, count, time) = (row.source, row.count, row.time(diagnostics::time));
            let mut record = failure(&mut sink, source, "waiting", &said).with(failures::time, time);
            record.count = count;
            overheard.push(record);
        }
    }
    overheard
}
