//! Accounts, sockets and state of the system: `passwd`, `ss`, `uname -a`.
//!
//! ```text
//! LISTEN 0      100          0.0.0.0:25        0.0.0.0:*    users:(("master",pid=451,fd=12))
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, accounts, connections, host, listeners};

/// Reads lines of passwd.
pub(super) fn passwd(doc: &Document<'_>, sink: &mut Sink<'_>) {
    for (number, line) in doc.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields.as_slice() else {
            sink.unparsed(number);
            continue;
        };
        let record = Record::new(&accounts::TABLE, doc.at(number))
            .with(accounts::name, sink.name(name))
            .with(accounts::uid, uid.parse::<i64>().ok())
            .with(accounts::gid, gid.parse::<i64>().ok())
            .with(accounts::home, sink.name(home))
            .with(accounts::shell, sink.name(shell));
        sink.push(&accounts::TABLE, record);
    }
}

/// Reads `ss -ltnp` and `netstat -ltnp`.
pub(super) fn listening(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut header = false;
    for (number, line) in doc.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if line.contains("Local Address") || words[0] == "Active" || words[0] == "Netid" {
            header = true;
            continue;
        }
        let local = if words.contains(&"LISTEN") || words.contains(&"UNCONN") {
            words
                .iter()
                .copied()
                .find(|word| word.contains(':') && word.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()))
        } else {
            None
        };
        let program = match line.split_once("((\"") {
            Some((_, rest)) => rest.split('"').next(),
            None => words.last().and_then(|word| word.split_once('/')).map(|(_, program)| program.trim_end_matches(':')),
        };
        let Some((address, port)) = local.and_then(|local| local.rsplit_once(':')) else {
            if !connection(&words, program, number, doc, sink) {
                sink.unparsed(number);
            }
            continue;
        };
        let record = Record::new(&listeners::TABLE, doc.at(number))
            .with(listeners::address, sink.name(address.trim_matches(['[', ']'])))
            .with(listeners::port, port.parse::<i64>().ok())
            .with(listeners::program, program.map(|program| sink.name(program)));
        sink.push(&listeners::TABLE, record);
    }
    if header {
        sink.tables.mark_collected(&listeners::TABLE);
    }
}

/// A line of `ss -tn` or `netstat -tn` about a connection: its state, if shown, then the queues, both addresses.
fn connection(words: &[&str], program: Option<&str>, number: u32, doc: &Document<'_>, sink: &mut Sink<'_>) -> bool {
    let mut ends = words.iter().filter_map(|word| {
        let (address, port) = word.rsplit_once(':')?;
        let plain = !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:[]%*".contains(&byte));
        (plain || address.contains('%')).then_some((address.trim_matches(['[', ']']), port.parse::<i64>().ok()?))
    });
    let (Some((local, _)), Some((peer, peer_port))) = (ends.next(), ends.next()) else { return false };
    let is_state = |word: &&&str| {
        word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase() || b"-_12".contains(&byte)) && !word.starts_with('-')
    };
    // "ss state syn-sent" leaves the column out.
    let asked = doc.command.and_then(|command| command.split_once("state ")).and_then(|(_, rest)| rest.split(' ').next());
    let state = words.iter().find(is_state).copied().or(asked).unwrap_or_default().to_ascii_uppercase().replace('_', "-");
    let record = Record::new(&connections::TABLE, doc.at(number))
        .with(connections::state, Some(state.as_str()).filter(|state| !state.is_empty()).map(|state| sink.name(state)))
        .with(connections::local, sink.name(local))
        .with(connections::peer, sink.name(peer))
        .with(connections::peer_port, peer_port)
        .with(connections::program, program.map(|program| sink.name(program)));
    sink.push(&connections::TABLE, record);
    true
}

/// Reads `uname -a`.
pub(super) fn uname(doc: &Document<'_>, sink: &mut Sink<'_>) {
    if let Some((number, line)) = doc.lines().find(|(_, line)| !line.trim().is_empty()) {
        let os = sink.name(line.trim());
        sink.host(host::os, os, doc.at(number));
        if let Some(name) = line.split_whitespace().nth(1) {
            let name = sink.domain(name);
            sink.host(host::hostname, name, doc.at(number));
        }
    }
}
