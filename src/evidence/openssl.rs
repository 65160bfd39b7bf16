//! `openssl s_client -starttls smtp`, brief or in full:
//!
//! ```text
//! depth=0 CN = relay.example.com
//! verify error:num=10:certificate has expired
//! notAfter=Nov 20 00:00:00 2026 GMT
//! CONNECTION ESTABLISHED
//! Protocol version: TLSv1.3
//! Ciphersuite: TLS_AES_256_GCM_SHA384
//! Verification error: certificate has expired
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, Value, probes};
use crate::time::{self, Civil, Time};

/// Reads one TLS connection test.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut record = Record::new(&probes::TABLE, doc.at(doc.first_line)).with(probes::tool, sink.name("openssl"));
    let mut outcome = None;
    let mut in_block = false;
    let mut cited = false;
    let (host, port) = target(doc);
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.contains("-----BEGIN ") {
            in_block = true;
        }
        if in_block {
            in_block = !text.contains("-----END ");
            continue;
        }
        let mut cite = |record: &mut Record, strong: bool| {
            if strong && !cited {
                record.source = doc.at(number);
                cited = true;
            }
        };
        let after = |mark: &str| text.strip_prefix(mark).map(str::trim);
        if let Some(ip) = after("Connecting to ").filter(|ip| ip.parse::<std::net::IpAddr>().is_ok()) {
            record.set(probes::ip, sink.name(ip));
        } else if text == "CONNECTION ESTABLISHED" || text.starts_with("CONNECTED(") {
            outcome = outcome.or(Some("connected"));
        } else if let Some(version) = after("Protocol version:").or_else(|| after("Protocol  :")) {
            record.set(probes::protocol, sink.name(version));
        } else if let Some(cipher) = after("Ciphersuite:").or_else(|| after("Cipher    :")) {
            record.set(probes::cipher, sink.name(cipher));
        } else if let Some(rest) = text.strip_prefix("New, ") {
            if let Some((version, cipher)) = rest.split_once(", Cipher is ") {
                if cipher == "(NONE)" {
                    outcome = Some("tls-failed");
                } else {
                    record.set(probes::protocol, sink.name(version));
                    record.set(probes::cipher, sink.name(cipher));
                }
            }
        } else if let Some(error) = after("Verification error:") {
            record.set(probes::verify, sink.name(error));
            cite(&mut record, true);
        } else if after("Verification:") == Some("OK") {
            record.set(probes::verify, sink.name("ok"));
            cite(&mut record, true);
        } else if let Some(code) = after("Verify return code:") {
            let words = code.split_once('(').map_or(code, |(_, words)| words.trim_end_matches(')'));
            record.set(probes::verify, sink.name(words));
        } else if let Some((_, error)) = text.split_once("verify error:num=").and_then(|(_, rest)| rest.split_once(':')) {
            if record.get(probes::verify) == Value::Missing {
                record.set(probes::verify, sink.name(error));
                cite(&mut record, true);
            }
        } else if let Some(when) = after("notAfter=") {
            record.set(probes::not_after, certificate_time(when));
        } else if let Some(when) = after("notBefore=") {
            record.set(probes::not_before, certificate_time(when));
        } else if let Some(dates) = after("v:NotBefore: ") {
            let (from, to) = dates.split_once("; NotAfter: ").unwrap_or((dates, ""));
            if record.get(probes::not_before) == Value::Missing {
                record.set(probes::not_before, certificate_time(from));
            }
            if record.get(probes::not_after) == Value::Missing {
                record.set(probes::not_after, certificate_time(to));
            }
        } else if let Some(subject) = after("Peer certificate:").or_else(|| after("subject=")) {
            record.set(probes::subject, sink.name(subject));
        } else if text.starts_with("connect:errno")
            || text.contains("BIO_connect:")
            || text.contains("BIO_lookup")
            || text.contains("Connection timed out")
        {
            outcome = Some(if text.contains("timed out") || text.ends_with("errno=110") {
                "timed-out"
            } else if text.contains("refused") || text.ends_with("errno=111") {
                "refused"
            } else if text.contains("name resolution") || text.contains("Name or service") || text.contains("BIO_lookup") {
                "name-not-resolved"
            } else {
                outcome.unwrap_or("failed")
            });
            cite(&mut record, true);
        } else if text.contains("Didn't find STARTTLS")
            || text.contains("wrong version number")
            || text.contains("no peer certificate available")
            || text.contains("handshake failure")
        {
            outcome = Some("tls-failed");
            cite(&mut record, true);
        }
    }
    // Brief output shows no certificate dates but a subject: then a connection came about.
    let Some(outcome) = outcome.or_else(|| (record.get(probes::protocol) != Value::Missing).then_some("connected")) else {
        for (number, line) in doc.lines() {
            if !line.trim().is_empty() {
                sink.unparsed(number);
            }
        }
        return;
    };
    record.set(probes::outcome, sink.name(outcome));
    record.set(probes::port, port);
    record.set(probes::host, host.map(|host| sink.domain(host)));
    sink.push(&probes::TABLE, record);
}

/// Host and port from `-connect H:P` in the command, or from a line that names them.
fn target<'a>(doc: &Document<'a>) -> (Option<&'a str>, Option<i64>) {
    if let Some((_, rest)) = doc.command.and_then(|command| command.split_once("-connect ")) {
        let peer = rest.split_whitespace().next().unwrap_or_default();
        if let Some((host, port)) = peer.rsplit_once(':') {
            return (Some(host), port.parse().ok());
        }
        return (Some(peer), None);
    }
    let subject = doc
        .lines()
        .find_map(|(_, line)| line.trim().strip_prefix("Peer certificate: CN = ").or(line.trim().strip_prefix("depth=0 CN = ")));
    (subject, None)
}

/// `Nov 20 00:00:00 2026 GMT`
fn certificate_time(text: &str) -> Option<Time> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [month, day, clock, year, ..] = words.as_slice() else { return None };
    let mut parts = clock.split(':').map(|part| time::number(part.as_bytes()));
    let civil = Civil {
        year: year.parse().ok().filter(|year| (1950..10_000).contains(year))?,
        month: time::month(month.as_bytes())?,
        day: time::number(day.as_bytes())?,
        hour: parts.next()??,
        minute: parts.next()??,
        second: parts.next()??,
        micros: 0,
    };
    Some(civil.at_offset(0))
}
