//! TCP connection tests: OpenBSD nc, ncat, traditional and BusyBox nc, telnet.
//!
//! ```text
//! nc: connect to gmail-smtp-in.l.google.com (198.18.1.26) port 25 (tcp) timed out: Operation now in progress
//! Connection to smtp.example.com (192.0.2.5) 587 port [tcp/submission] succeeded!
//! nc: getaddrinfo for host "mx.example.com" port 25: Temporary failure in name resolution
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, probes};

struct Probe<'a> {
    tool: &'static str,
    host: Option<&'a str>,
    ip: Option<&'a str>,
    port: Option<i64>,
    outcome: &'static str,
}

/// Reads connection tests, one a line.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut trying: Option<&str> = None;
    let (named_host, named_port) = target(doc);
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty()
            || text.starts_with("Ncat: Version")
            || text.starts_with("Escape character")
            || text.starts_with("=== Trying")
            || text.starts_with(['<', '~'])
            || text.starts_with("-> ")
            || text.starts_with("Ncat: 0 bytes")
        {
            continue;
        }
        if let Some(address) = text.strip_prefix("Trying ") {
            trying = Some(address.trim_end_matches('.'));
            continue;
        }
        if text.starts_with("220 ") || text.starts_with("220-") {
            let banner = sink.name(text);
            if let Some(row) = sink.tables.rows_mut(&probes::TABLE).last_mut() {
                row.set(probes::banner, banner);
            }
            continue;
        }
        let Some(probe) = openbsd(text)
            .or_else(|| ncat(text))
            .or_else(|| traditional(text))
            .or_else(|| telnet(text, trying))
            .or_else(|| dev_tcp(text))
            .or_else(|| finger(text))
            .or_else(|| swaks(text))
        else {
            sink.unparsed(number);
            continue;
        };
        let mut record = Record::new(&probes::TABLE, doc.at(number))
            .with(probes::tool, sink.name(probe.tool))
            .with(probes::outcome, sink.name(probe.outcome))
            .with(probes::ip, probe.ip.map(|ip| sink.name(ip)))
            .with(probes::port, probe.port.or(named_port));
        if let Some(host) = probe.host.or(named_host).or(probe.ip) {
            record.set(probes::host, sink.domain(host));
        }
        sink.push(&probes::TABLE, record);
    }
}

/// Host and port from the command, or the port from the file's name.
fn target<'a>(doc: &Document<'a>) -> (Option<&'a str>, Option<i64>) {
    if let Some(command) = doc.command {
        let words: Vec<&str> = command.split_whitespace().filter(|word| !word.starts_with('-')).collect();
        if let [.., host, port] = words.as_slice()
            && let Ok(port) = port.parse()
        {
            return (Some(host), Some(port));
        }
    }
    let file = doc.path.rsplit('/').next().unwrap_or(doc.path);
    let port = file.split(|c: char| !c.is_ascii_digit()).find_map(|digits| match digits {
        "25" | "465" | "587" | "2525" | "24" | "10024" | "10025" | "443" | "53" => digits.parse().ok(),
        _ => None,
    });
    (None, port)
}

fn outcome(text: &str) -> &'static str {
    let text = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["succeeded", "connected to", " open"]) {
        "connected"
    } else if has(&["timed out", "timeout", "operation now in progress", "zeitüberschreitung", "délai d'attente", "expiré"]) {
        "timed-out"
    } else if has(&["refused", "abgelehnt", "verweigert", "refusée", "rechazada", "rifiutata"]) {
        "refused"
    } else if has(&["no route", "unreachable"]) {
        "unreachable"
    } else if has(&["resolv", "getaddrinfo", "name or service not known", "unknown host", "nodename nor servname"]) {
        "name-not-resolved"
    } else {
        "failed"
    }
}

/// `Connection to H (A) P port [tcp/smtp] succeeded!`, `nc: connect to H (A) port P (tcp) failed: ...`,
/// `nc: getaddrinfo for host "H" port P: ...`
fn openbsd(text: &str) -> Option<Probe<'_>> {
    if let Some(rest) = text.strip_prefix("Connection to ") {
        let mut words = rest.split_whitespace();
        let host = words.next()?;
        let mut next = words.next()?;
        let ip = next.strip_prefix('(').and_then(|ip| ip.strip_suffix(')'));
        if ip.is_some() {
            next = words.next()?;
        }
        return Some(Probe { tool: "nc", host: Some(host), ip, port: next.parse().ok(), outcome: outcome(text) });
    }
    if let Some(rest) = text.strip_prefix("nc: connect to ") {
        let host = rest.split(' ').next();
        let ip = rest.split_once('(').and_then(|(_, inside)| inside.split_once(')')).map(|(ip, _)| ip).filter(|ip| *ip != "tcp");
        let port = rest
            .split_once("port ")
            .and_then(|(_, after)| after.split(' ').next())
            .and_then(|port| port.trim_end_matches(':').parse().ok());
        return Some(Probe { tool: "nc", host, ip, port, outcome: outcome(text) });
    }
    let rest = text.strip_prefix("nc: getaddrinfo")?;
    let host = rest.split('"').nth(1);
    let port = rest.split_once("port ").and_then(|(_, after)| after.split([':', ' ']).next()).and_then(|port| port.parse().ok());
    Some(Probe { tool: "nc", host, ip: None, port, outcome: "name-not-resolved" })
}

/// `Ncat: Connected to A:P.`, `Ncat: Connection timed out.`, `Ncat: Could not resolve hostname "H": ...`
fn ncat(text: &str) -> Option<Probe<'_>> {
    let rest = text.strip_prefix("Ncat: ")?;
    let (host, port) = match rest.strip_prefix("Connected to ") {
        Some(peer) => {
            let (host, port) = peer.trim_end_matches('.').rsplit_once(':')?;
            (Some(host), port.parse().ok())
        }
        None => (rest.split('"').nth(1), None),
    };
    Some(Probe { tool: "ncat", host, ip: None, port, outcome: outcome(text) })
}

/// `mx [192.0.2.1] 25 (smtp) open`, `(UNKNOWN) [..] 25 (smtp) : Connection refused`, `mx (192.0.2.1:25) open`,
/// `nc: mx (192.0.2.1:25): Connection timed out`
fn traditional(text: &str) -> Option<Probe<'_>> {
    let rest = text.strip_prefix("nc: ").unwrap_or(text);
    let known = ["open", "refused", "timed out", "No route", "unreachable"].iter().any(|word| rest.contains(word));
    if !known {
        return None;
    }
    let host = rest.split(' ').next().filter(|host| *host != "(UNKNOWN)");
    if let Some((_, inside)) = rest.split_once('[') {
        let (ip, after) = inside.split_once(']')?;
        let port = after.split_whitespace().next()?.parse().ok()?;
        return Some(Probe { tool: "nc", host, ip: Some(ip), port: Some(port), outcome: outcome(after) });
    }
    let (_, inside) = rest.split_once('(')?;
    let (peer, after) = inside.split_once(')')?;
    let (ip, port) = peer.rsplit_once(':')?;
    Some(Probe { tool: "nc", host, ip: Some(ip), port: port.parse().ok(), outcome: outcome(after) })
}

/// `bash: connect: Connection refused`, `bash: line 1: /dev/tcp/mx/25: Connection timed out`
fn dev_tcp(text: &str) -> Option<Probe<'_>> {
    if let Some((_, rest)) = text.split_once("/dev/tcp/") {
        let (peer, why) = rest.split_once(": ")?;
        let (host, port) = peer.split_once('/')?;
        return Some(Probe { tool: "bash", host: Some(host), ip: None, port: port.parse().ok(), outcome: outcome(why) });
    }
    let why = text.strip_prefix("bash: connect: ")?;
    Some(Probe { tool: "bash", host: None, ip: None, port: None, outcome: outcome(why) })
}

/// `posttls-finger: Connected to mx[192.0.2.1]:25`, `posttls-finger: connect to mx[192.0.2.1]:25: Connection timed out`
fn finger(text: &str) -> Option<Probe<'_>> {
    let rest = text.strip_prefix("posttls-finger: ")?;
    let (peer, outcome) = match rest.strip_prefix("Connected to ") {
        Some(peer) => (peer, "connected"),
        None => (rest.strip_prefix("connect to ")?, outcome(rest)),
    };
    let (host, rest) = peer.split_once('[')?;
    let (ip, port) = rest.split_once("]:")?;
    let port = port.split(':').next()?.trim().parse().ok();
    Some(Probe { tool: "posttls-finger", host: Some(host), ip: Some(ip), port, outcome })
}

/// `=== Trying mx:25...` then `=== Connected to mx.`, `*** Error connecting to mx:25:`
fn swaks(text: &str) -> Option<Probe<'_>> {
    let (peer, outcome) = if let Some(peer) = text.strip_prefix("=== Connected to ") {
        (peer.trim_end_matches('.'), "connected")
    } else {
        (
            text.strip_prefix("*** Error connecting ")
                .and_then(|rest| rest.split_whitespace().find(|word| word.contains(':')))?,
            "failed",
        )
    };
    let (host, port) = match peer.trim_end_matches(':').rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (peer, None),
    };
    Some(Probe { tool: "swaks", host: Some(host), ip: None, port, outcome })
}

/// `Connected to mx.`, `telnet: Unable to connect to remote host: Connection timed out`
fn telnet<'a>(text: &'a str, trying: Option<&'a str>) -> Option<Probe<'a>> {
    if let Some(host) = text.strip_prefix("Connected to ") {
        return Some(Probe {
            tool: "telnet",
            host: Some(host.trim_end_matches('.')),
            ip: trying,
            port: None,
            outcome: "connected",
        });
    }
    text.starts_with("telnet: ").then(|| Probe { tool: "telnet", host: None, ip: trying, port: None, outcome: outcome(text) })
}
