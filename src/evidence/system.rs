//! Accounts, sockets and state of the system: `passwd`, `ss -ltnp`, `postfix status`, `uname -a`.
//!
//! ```text
//! LISTEN 0      100          0.0.0.0:25        0.0.0.0:*    users:(("master",pid=451,fd=12))
//! postfix/postfix-script: the Postfix mail system is running: PID: 451
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, accounts, host, listeners};

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
        let Some((address, port)) = local.and_then(|local| local.rsplit_once(':')) else {
            if !words.contains(&"ESTAB") {
                sink.unparsed(number);
            }
            continue;
        };
        let program = match line.split_once("((\"") {
            Some((_, rest)) => rest.split('"').next(),
            None => words.last().and_then(|word| word.split_once('/')).map(|(_, program)| program.trim_end_matches(':')),
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

/// Reads `postfix status`, `systemctl is-active postfix` and `systemctl status postfix`.
pub(super) fn postfix_status(doc: &Document<'_>, sink: &mut Sink<'_>) {
    for (number, line) in doc.lines() {
        let text = line.trim();
        let at = doc.at(number);
        if text.contains("the Postfix mail system is running") {
            sink.host(host::postfix_running, true, at);
        } else if text.contains("the Postfix mail system is not running")
            || text.starts_with("Active: failed")
            || matches!(text, "inactive" | "failed")
            || text.starts_with("Active: inactive")
        {
            sink.host(host::postfix_running, false, at);
        } else if text.starts_with("Active: active (running)") {
            sink.host(host::postfix_running, true, at);
        }
        // "active (exited)" is the normal state of Debian's wrapper unit and says nothing.
    }
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
