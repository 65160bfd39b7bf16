//! TCP connection tests: OpenBSD nc, ncat, traditional and BusyBox nc, telnet, bash, posttls-finger, swaks, and what the
//! server said in them.
//!
//! ```text
//! nc: connect to gmail-smtp-in.l.google.com (198.18.1.26) port 25 (tcp) timed out: Operation now in progress
//! Connection to smtp.example.com (192.0.2.5) 587 port [tcp/submission] succeeded!
//! nc: getaddrinfo for host "mx.example.com" port 25: Temporary failure in name resolution
//! ```

use super::document::{Document, Sink};
use crate::tables::{Citation, Record, Value, probes};

struct Probe<'a> {
    tool: &'static str,
    host: Option<&'a str>,
    ip: Option<&'a str>,
    port: Option<i64>,
    outcome: &'static str,
}

/// Reads connection tests, one a line, and what was said over the connections.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut trying: Option<&str> = None;
    let (named_host, named_port) = target(doc);
    let first = sink.tables.rows(&probes::TABLE).len();
    for (number, line) in doc.lines() {
        let text = line.trim();
        let made = sink.tables.rows(&probes::TABLE).len() > first;
        if text.is_empty() || says_nothing(text) {
            continue;
        }
        if let Some(address) = text.strip_prefix("Trying ").or_else(|| text.strip_prefix("=== Trying ")) {
            trying = Some(address.trim_end_matches('.'));
            continue;
        }
        if let Some(reply) = reply(text)
            && (made || opened(doc.at(number), named_host.zip(named_port), sink))
        {
            answered(reply, sink);
            continue;
        }
        if let (true, Some((protocol, cipher, verify))) = (made, secured(text)) {
            let (protocol, cipher) = (sink.name(protocol), cipher.map(|cipher| sink.name(cipher)));
            let verify = verify.map(|verify| sink.name(verify));
            let row = last(sink);
            row.set(probes::protocol, protocol);
            row.set(probes::cipher, cipher);
            row.set(probes::verify, verify);
            continue;
        }
        if made && (text.contains("TLS not available") || text.contains("TLS is required, but was not offered")) {
            let outcome = sink.name("tls-failed");
            last(sink).set(probes::outcome, outcome);
            continue;
        }
        // "*** IO::Socket::INET6: connect: timeout" says why swaks could not connect.
        if let (true, Some(why)) = (made, text.strip_prefix("*** ").filter(|why| why.contains("IO::Socket"))) {
            let outcome = sink.name(outcome(why));
            last(sink).set(probes::outcome, outcome);
            continue;
        }
        // The last of several addresses, said once more.
        if made && text.starts_with("telnet: Unable to connect to remote host") && trying.is_some_and(|ip| is_last(ip, sink)) {
            continue;
        }
        let Some(probe) = openbsd(text)
            .or_else(|| ncat(text))
            .or_else(|| traditional(text))
            .or_else(|| telnet(text, trying))
            .or_else(|| dev_tcp(text))
            .or_else(|| finger(text))
            .or_else(|| swaks(text, trying))
        else {
            // In a conversation, what the server did not say was typed.
            let typed = made
                && !text.contains(": ")
                && sink
                    .tables
                    .rows(&probes::TABLE)
                    .last()
                    .is_some_and(|row| row.text(probes::outcome, &sink.tables.names) == Some("connected"));
            let command = ["MAIL FROM", "RCPT TO", "EHLO", "HELO", "DATA", "QUIT", "STARTTLS", "AUTH", "RSET", "."];
            if !typed && !command.iter().any(|verb| text.to_ascii_uppercase().starts_with(verb)) {
                sink.unparsed(number);
            }
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

/// Lines of the tools that tell nothing of a connection.
fn says_nothing(text: &str) -> bool {
    [
        "Ncat: Version",
        "Ncat: 0 bytes",
        "Escape character",
        "-> ",
        "~> ",
        "posttls-finger: > ",
        "=== TLS peer",
        "=== Connection closed",
    ]
    .iter()
    .any(|start| text.starts_with(start))
        || text.starts_with("Connection closed by foreign host")
        || text.starts_with("*** No authentication type succeeded")
        || text.starts_with("posttls-finger: ") && text.contains("subject_CN=")
        || text.starts_with("*** Remote host closed connection")
}

/// What a server answered: `220 text`, `550-text`, as swaks (`<~* 535 text`) and posttls-finger (`< 220 text`) show it, too.
fn reply(text: &str) -> Option<&str> {
    let text = text.strip_prefix("posttls-finger: < ").unwrap_or(text);
    let text = if text.starts_with('<') { text.trim_start_matches(['<', '-', '~', '*', ' ']) } else { text };
    let bytes = text.as_bytes();
    let code = bytes.len() >= 3 && matches!(bytes[0], b'2'..=b'5') && bytes[1].is_ascii_digit() && bytes[2].is_ascii_digit();
    (code && matches!(bytes.get(3), None | Some(b' ' | b'-'))).then_some(text)
}

/// Notes the connection of a command that says nothing of it: `nc HOST PORT` shows only what the server says.
fn opened(source: Citation, target: Option<(&str, i64)>, sink: &mut Sink<'_>) -> bool {
    if let Some(target) = target {
        note(source, "nc", target, "connected", sink);
    }
    target.is_some()
}

/// Notes what became of a connection to a host and a port.
fn note(source: Citation, tool: &str, (host, port): (&str, i64), outcome: &str, sink: &mut Sink<'_>) {
    let record = Record::new(&probes::TABLE, source)
        .with(probes::tool, sink.name(tool))
        .with(probes::host, sink.domain(host))
        .with(probes::port, port)
        .with(probes::outcome, sink.name(outcome));
    sink.push(&probes::TABLE, record);
}

/// Notes what the server of the last connection answered: its banner, and the first thing that it refused.
fn answered(reply: &str, sink: &mut Sink<'_>) {
    let column = match reply.as_bytes()[0] {
        b'4' | b'5' => probes::refusal,
        _ if reply.starts_with("220") => probes::banner,
        _ => return,
    };
    let name = sink.name(reply);
    let row = last(sink);
    if row.get(column) == Value::Missing {
        row.set(column, name);
    }
}

/// Protocol, cipher and verification of a TLS session: `=== TLS started with cipher TLSv1.3:AES:256`,
/// `posttls-finger: Verified TLS connection established to mx[192.0.2.1]:25: TLSv1.3 with cipher AES (256/256 bits)`.
fn secured(text: &str) -> Option<(&str, Option<&str>, Option<&'static str>)> {
    if let Some(cipher) = text.strip_prefix("=== TLS started with cipher ") {
        let mut parts = cipher.split(':');
        return Some((parts.next()?, parts.next(), None));
    }
    let (how, rest) = text.strip_prefix("posttls-finger: ")?.split_once(" TLS connection established to ")?;
    let (_, rest) = rest.rsplit_once(": ")?;
    let (protocol, cipher) = rest.split_once(" with cipher ")?;
    let verify = match how {
        "Verified" => Some("ok"),
        "Trusted" => Some("ok, the name does not match"),
        "Untrusted" => Some("not trusted"),
        _ => None,
    };
    Some((protocol, cipher.split(' ').next(), verify))
}

/// The record of the last connection.
fn last<'t>(sink: &'t mut Sink<'_>) -> &'t mut Record {
    sink.tables.rows_mut(&probes::TABLE).last_mut().expect("there is one")
}

/// Whether the last connection was tried to this address.
fn is_last(ip: &str, sink: &Sink<'_>) -> bool {
    sink.tables.rows(&probes::TABLE).last().is_some_and(|row| row.text(probes::ip, &sink.tables.names) == Some(ip))
}

/// Reads what bash said of `/dev/tcp/HOST/PORT` in the command: an error, or the exit status that was asked for.
pub(super) fn dev_tcp_status(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let peer = doc.command.and_then(|command| command.split_once("/dev/tcp/")).and_then(|(_, rest)| {
        let (host, rest) = rest.split_once('/')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((host, rest[..end].parse::<i64>().ok()?))
    });
    let Some((host, port)) = peer else { return parse(doc, sink) };
    let mut found: Option<(u32, &'static str)> = None;
    for (number, line) in doc.lines() {
        let text = line.trim();
        let said = match text.parse::<u8>() {
            _ if text.is_empty() => continue,
            Ok(0) => Some("connected"),
            // timeout(1) ends with 124, a killed program with 128 and the signal.
            Ok(124 | 137 | 143) => Some("timed-out"),
            Ok(_) => Some("failed"),
            Err(_) => match outcome(text) {
                "failed" => None,
                known => Some(known),
            },
        };
        match (said, found) {
            (Some(_), Some((_, known))) if known != "failed" => {}
            (Some(outcome), _) => found = Some((number, outcome)),
            (None, _) => sink.unparsed(number),
        }
    }
    if let Some((number, outcome)) = found {
        note(doc.at(number), "bash", (host, port), outcome, sink);
    }
}

/// Host and port from the command, or the port from the file's name.
fn target<'a>(doc: &Document<'a>) -> (Option<&'a str>, Option<i64>) {
    if let Some(command) = doc.command {
        let words: Vec<&str> = command.split_whitespace().filter(|word| !word.starts_with(['-', '<', '>'])).collect();
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

/// `=== Trying mx:25...` then `=== Connected to mx.`, or `*** Error connecting to mx:25:`
fn swaks<'a>(text: &'a str, trying: Option<&'a str>) -> Option<Probe<'a>> {
    let (peer, outcome) = if let Some(peer) = text.strip_prefix("=== Connected to ") {
        (trying.unwrap_or(peer.trim_end_matches('.')), "connected")
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
    let rest = text.strip_prefix("telnet: ")?;
    // "could not resolve mx.example.net/25: Temporary failure in name resolution"
    if let Some((peer, _)) = rest.strip_prefix("could not resolve ").and_then(|rest| rest.split_once(": ")) {
        let (host, port) = peer.split_once('/').unwrap_or((peer, ""));
        return Some(Probe { tool: "telnet", host: Some(host), ip: None, port: port.parse().ok(), outcome: "name-not-resolved" });
    }
    let ip = rest.strip_prefix("connect to address ").and_then(|rest| rest.split_once(": ")).map(|(ip, _)| ip);
    Some(Probe { tool: "telnet", host: None, ip: ip.or(trying), port: None, outcome: outcome(text) })
}
