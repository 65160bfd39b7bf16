//! `ps aux`, `ps -ef`, `ps -eo ...`: the header says what the columns are.
//!
//! ```text
//! USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
//! root         451  0.1  0.0  42680  4536 ?        Ss   09:00   0:00 /usr/lib/postfix/sbin/master -w
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, host, processes};

/// Reads a list of processes.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut header: Vec<String> = Vec::new();
    let mut whole = false;
    let mut master = None;
    for (number, line) in doc.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if words.contains(&"PID") {
            header = words.iter().map(|word| word.to_ascii_uppercase()).collect();
            continue;
        }
        if header.is_empty() || words.len() < header.len() {
            sink.unparsed(number);
            continue;
        }
        let value = |names: &[&str]| header.iter().position(|known| names.contains(&known.as_str())).map(|at| words[at]);
        let command = words[header.len() - 1..].join(" ");
        // A process name may stand in brackets (kernel threads) or before a colon (nginx: worker).
        let first = words[header.len() - 1].trim_matches(['[', ']']).trim_end_matches(':');
        let program = first.rsplit('/').next().unwrap_or(first);
        let pid = value(&["PID"]).and_then(|pid| pid.parse::<i64>().ok());
        whole |= pid == Some(1);
        if program == "master" && (command.contains("postfix") || command.ends_with("master -w") || command.ends_with("master")) {
            master = Some(number);
        }
        let number_of = |names: &[&str]| value(names).and_then(|text| text.replace(',', ".").parse::<f64>().ok());
        let record = Record::new(&processes::TABLE, doc.at(number))
            .with(processes::user, value(&["USER", "UID"]).map(|user| sink.name(user)))
            .with(processes::pid, pid)
            .with(processes::cpu, number_of(&["%CPU", "PCPU"]))
            .with(processes::mem, number_of(&["%MEM", "PMEM"]))
            .with(processes::state, value(&["STAT", "S"]).map(|state| sink.name(state)))
            .with(processes::command, sink.name(&command))
            .with(processes::program, sink.name(program));
        sink.push(&processes::TABLE, record);
    }
    match master {
        Some(line) => sink.host(host::postfix_running, true, doc.at(line)),
        // Only a list of all processes shows that one is not there.
        None if whole => sink.host(host::postfix_running, false, doc.at(doc.first_line)),
        None => {}
    }
}
