//! `host`, `nslookup` and `getent hosts`:
//!
//! ```text
//! gmail.com mail is handled by 5 gmail-smtp-in.l.google.com.
//! Host 25.113.0.203.in-addr.arpa. not found: 3(NXDOMAIN)
//! ```
//!
//! ```text
//! Server:         127.0.0.53
//! Address:        127.0.0.53#53
//!
//! Non-authoritative answer:
//! gmail.com       mail exchanger = 5 gmail-smtp-in.l.google.com.
//! ** server can't find nope.example: NXDOMAIN
//! ```

use super::dig::{host_named, join_strings, known_status, purpose, trouble};
use super::document::{Document, Sink};
use crate::tables::{Record, lookups};

/// One answer, or the word that there is none.
struct Said<'a> {
    line: u32,
    name: &'a str,
    kind: &'static str,
    status: &'static str,
    answer: Option<String>,
}

/// Reads `host`.
pub(super) fn host(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let asked = asked_type(doc);
    let mut server = None;
    let mut in_head = false;
    let mut said = Vec::new();
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if text.starts_with("Using domain server") {
            in_head = true;
        } else if let Some(address) = text.strip_prefix("Address: ").filter(|_| in_head) {
            server = address.split('#').next();
        } else if in_head && (text.starts_with("Name: ") || text.starts_with("Aliases:")) || text.contains(" is an alias for ") {
            // Where the answer comes from, and on the way to it.
        } else if let Some(status) = trouble(text) {
            let name = named(doc);
            said.push(Said { line: number, name: name.unwrap_or_default(), kind: asked.unwrap_or("A"), status, answer: None });
        } else if let Some(found) = host_answer(number, text, asked) {
            said.push(found);
        } else if !text.starts_with(";;") {
            sink.unparsed(number);
        }
    }
    push("host", server, &said, doc, sink);
}

fn host_answer<'a>(line: u32, text: &'a str, asked: Option<&'static str>) -> Option<Said<'a>> {
    for (mark, kind) in [
        (" has address ", "A"),
        (" has IPv6 address ", "AAAA"),
        (" mail is handled by ", "MX"),
        (" domain name pointer ", "PTR"),
        (" descriptive text ", "TXT"),
        (" name server ", "NS"),
    ] {
        if let Some((name, data)) = text.split_once(mark) {
            return Some(Said { line, name, kind, status: "NOERROR", answer: Some(join_strings(kind, data)) });
        }
    }
    if let Some((name, rest)) = text.split_once(" has no ") {
        let kind = KINDS.iter().find(|kind| rest.split(' ').next() == Some(**kind)).copied().or(asked)?;
        return Some(Said { line, name, kind, status: "NODATA", answer: None });
    }
    let (name, rest) = text.strip_prefix("Host ")?.split_once(" not found: ")?;
    let status = rest.split_once('(').map_or(rest, |(_, status)| status.trim_end_matches(')'));
    let kind = if name.contains(".arpa") { "PTR" } else { asked.unwrap_or("A") };
    Some(Said { line, name, kind, status: known_status(status)?, answer: None })
}

/// Reads `nslookup`.
pub(super) fn nslookup(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let asked = asked_type(doc);
    let mut server = None;
    let mut name = "";
    let mut said = Vec::new();
    for (number, line) in doc.lines() {
        let text = line.trim();
        let value = |key: &str| text.strip_prefix(key).map(str::trim);
        let aside = ["Non-authoritative answer:", "Authoritative answers", "timeout was ", "*** Request to "];
        if text.is_empty() || aside.iter().any(|start| text.starts_with(start)) {
            continue;
        }
        if let Some(found) = value("Server:") {
            server = Some(found);
            name = "";
        } else if let Some(found) = value("Name:") {
            name = found;
        } else if let Some(address) = value("Address:").or_else(|| value("Addresses:")) {
            // Above the first name it is the server's own.
            if !name.is_empty() {
                let kind = if address.contains(':') { "AAAA" } else { "A" };
                said.push(Said { line: number, name, kind, status: "NOERROR", answer: Some(address.to_owned()) });
            }
        } else if let Some(status) = trouble(text) {
            let name = named(doc).unwrap_or_default();
            said.push(Said { line: number, name, kind: asked.unwrap_or("A"), status, answer: None });
        } else if let Some((name, why)) = text
            .strip_prefix("** server can't find ")
            .or_else(|| text.strip_prefix("*** Can't find "))
            .or_else(|| text.strip_prefix("*** ")?.split_once(" can't find ").map(|(_, rest)| rest))
            .and_then(|rest| rest.rsplit_once(": "))
        {
            let status = match why {
                "No answer" => Some("NODATA"),
                "Non-existent domain" => Some("NXDOMAIN"),
                "Server failed" => Some("SERVFAIL"),
                "Query refused" => Some("REFUSED"),
                why => known_status(why),
            };
            let kind = if name.contains(".arpa") { "PTR" } else { asked.unwrap_or("A") };
            match status {
                Some(status) => said.push(Said { line: number, name, kind, status, answer: None }),
                None => sink.unparsed(number),
            }
        } else if let Some((name, rest)) = text.split_once(char::is_whitespace)
            && let Some((kind, data)) =
                [("mail exchanger = ", "MX"), ("text = ", "TXT"), ("name = ", "PTR"), ("nameserver = ", "NS")]
                    .iter()
                    .find_map(|(mark, kind)| Some((*kind, rest.trim().strip_prefix(mark)?)))
        {
            said.push(Said { line: number, name, kind, status: "NOERROR", answer: Some(join_strings(kind, data)) });
        } else if let Some((name, rest)) = text.split_once(char::is_whitespace)
            && let Some((preference, host)) =
                rest.trim().strip_prefix("MX preference = ").and_then(|rest| rest.split_once(", mail exchanger = "))
        {
            // So Windows says it.
            let answer = Some(format!("{preference} {host}"));
            said.push(Said { line: number, name, kind: "MX", status: "NOERROR", answer });
        } else if !text.starts_with(";;") && !text.contains("canonical name = ") && !text.contains("internet address = ") {
            sink.unparsed(number);
        }
    }
    push("nslookup", server, &said, doc, sink);
}

/// Reads `getent hosts NAME` and `getent ahosts NAME`.
pub(super) fn getent(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut said = Vec::new();
    let asked = named(doc);
    for (number, line) in doc.lines().filter(|(_, line)| !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let (Some(ip), mut second) = (words.next(), words.next()) else { continue };
        // ahosts shows each address for every type of socket.
        match second {
            Some("DGRAM" | "RAW") => continue,
            Some("STREAM") => second = words.next(),
            _ => {}
        }
        let Some(name) = second.or(asked).filter(|_| ip.parse::<std::net::IpAddr>().is_ok()) else {
            if second.is_some() || ip.parse::<std::net::IpAddr>().is_err() {
                sink.unparsed(number);
            }
            continue;
        };
        let kind = if ip.contains(':') { "AAAA" } else { "A" };
        said.push(Said { line: number, name, kind, status: "NOERROR", answer: Some(ip.to_owned()) });
    }
    push("getent", None, &said, doc, sink);
}

const KINDS: &[&str] = &["A", "AAAA", "MX", "TXT", "PTR", "NS", "SOA", "SRV"];

/// The type in `-t MX`, `-type=mx`, `-q=txt`.
fn asked_type(doc: &Document<'_>) -> Option<&'static str> {
    let words = doc.command?.split([' ', '=']).map(str::to_ascii_uppercase);
    words.skip(1).find_map(|word| KINDS.iter().find(|kind| **kind == word).copied())
}

/// The name in the command, or in the name of a file that is called as the command: its first word with a dot.
fn named<'a>(doc: &Document<'a>) -> Option<&'a str> {
    let Some(command) = doc.command else {
        let file = doc.path.rsplit('/').next()?;
        let file = file.strip_suffix(".txt").or_else(|| file.strip_suffix(".out")).unwrap_or(file);
        return file.split(['_', ' ']).skip(1).find(|word| word.contains('.'));
    };
    command.split_whitespace().skip(1).find(|word| word.contains('.') && !word.starts_with(['-', '@']))
}

/// The name server in the command, `host gmail.com 9.9.9.9`: its second word with a dot or colon.
fn named_server<'a>(doc: &Document<'a>) -> Option<&'a str> {
    let words = doc.command?.split_whitespace().skip(1);
    words.filter(|word| word.contains(['.', ':']) && !word.starts_with('-')).nth(1)
}

fn push(tool: &str, server: Option<&str>, said: &[Said<'_>], doc: &Document<'_>, sink: &mut Sink<'_>) {
    for one in said {
        let same = |other: &&Said<'_>| other.answer.is_some() && other.kind == one.kind && other.name == one.name;
        let mut record = Record::new(&lookups::TABLE, doc.at(one.line))
            .with(lookups::tool, sink.name(tool))
            .with(lookups::r#type, sink.name(one.kind))
            .with(lookups::status, sink.name(one.status))
            .with(lookups::purpose, sink.name(purpose(one.name, one.kind, one.answer.as_deref())))
            .with(lookups::answers, said.iter().filter(same).count() as i64)
            .with(lookups::server, server.map(|server| sink.name(server)))
            .with(lookups::named_server, named_server(doc).filter(|_| tool != "getent").map(|server| sink.name(server)))
            .with(lookups::answer, one.answer.as_ref().map(|answer| sink.name(answer)));
        if !one.name.is_empty() {
            record.set(lookups::name, sink.domain(one.name));
        }
        if let Some(host) = one.answer.as_deref().and_then(|answer| host_named(one.kind, answer)) {
            record.set(lookups::answer_host, sink.domain(host));
        }
        sink.push(&lookups::TABLE, record);
    }
}
