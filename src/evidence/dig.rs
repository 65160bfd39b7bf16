//! `dig`, in full or `+short`, and `drill`:
//!
//! ```text
//! ; <<>> DiG 9.18.49 <<>> mx gmail.com
//! ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 3173
//! ;; QUESTION SECTION:
//! ;gmail.com.                     IN      MX
//! ;; ANSWER SECTION:
//! gmail.com.              0       IN      MX      10 gmail-smtp-in.l.google.com.
//! ;; Query time: 0 msec
//! ;; SERVER: 192.0.2.53#53(192.0.2.53) (UDP)
//! ```
//!
//! One record an answer; one without an answer when there is none. Several questions may follow one another.

use super::document::{Document, Sink};
use crate::tables::{Record, lookups};

#[derive(Default)]
struct Question {
    line: u32,
    name: String,
    kind: String,
    status: Option<&'static str>,
    server: String,
    /// The one after the `@`.
    named: String,
    time_ms: Option<i64>,
    answers: Vec<(u32, String, String)>,
    asked: bool,
    truncated: bool,
    drill: bool,
}

const TYPES: &[&str] =
    &["A", "AAAA", "MX", "TXT", "PTR", "NS", "SOA", "CNAME", "SRV", "SPF", "CAA", "TLSA", "ANY", "DNSKEY", "DS"];

/// Name, type and data of a line `name TTL class type data`.
fn answer(text: &str) -> Option<(&str, &str, String)> {
    let mut words = text.split_whitespace();
    let (name, ttl, _class, kind) = (words.next()?, words.next()?, words.next()?, words.next()?);
    ttl.parse::<u32>().ok()?;
    let data =
        text.split_once(&format!("\t{kind}\t")).map_or_else(|| words.collect::<Vec<_>>().join(" "), |(_, data)| data.to_owned());
    Some((name, kind, join_strings(kind, &data)))
}

/// Reads what dig printed.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut question = Question { line: doc.first_line, ..Question::default() };
    from_words(doc.command.unwrap_or_default(), &mut question);
    if question.name.is_empty() {
        from_file_name(doc.path, &mut question);
    }
    let mut section = "";
    let mut short: Vec<(u32, String)> = Vec::new();
    let mut full = false;
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        if let Some(banner) = text.strip_prefix("; <<>> DiG ") {
            if full && (question.asked || question.status.is_some()) {
                finish(&question, doc, sink);
                question = Question::default();
            }
            // What stood before the banner (";; communications error") belongs to this question.
            let (status, truncated) = (question.status, question.truncated);
            question = Question { line: number, status, truncated, ..Question::default() };
            from_words(banner.split_once("<<>>").map_or("", |(_, words)| words), &mut question);
            full = true;
            section = "";
            continue;
        }
        if text.starts_with(";; Truncated") {
            question.truncated = true;
            question.line = number;
            continue;
        }
        if let Some(trouble) = trouble(text) {
            question.status = question.status.or(Some(trouble));
            question.line = number;
            continue;
        }
        if let Some(header) = text.strip_prefix(";; ->>HEADER<<-") {
            // Without banners, a header begins the next answer.
            if question.asked {
                finish(&question, doc, sink);
                question = Question::default();
                section = "";
            }
            full = true;
            let status = header
                .split_once("status: ")
                .or_else(|| header.split_once("rcode: "))
                .map_or("", |(_, rest)| rest.split([',', ';']).next().unwrap_or(""));
            question.status = known_status(status);
            question.drill = header.contains("rcode: ");
            question.line = number;
        } else if let Some(name) = text.strip_prefix(";; ").and_then(|text| text.strip_suffix(" SECTION:")) {
            section = match name {
                "QUESTION" => "question",
                "ANSWER" => "answer",
                _ => "other",
            };
        } else if let Some(time) = text.strip_prefix(";; Query time: ") {
            question.time_ms = time.split(' ').next().and_then(|digits| digits.parse().ok());
        } else if let Some(server) = text.strip_prefix(";; SERVER: ") {
            question.server = server.split('#').next().unwrap_or(server).to_owned();
        } else if let Some((server, rest)) = text.strip_prefix(";; From ").and_then(|from| from.split_once('@')) {
            // kdig: ";; From 192.0.2.53@53(UDP) in 3.2 ms"
            question.server = server.to_owned();
            let time = rest.split_once(" in ").and_then(|(_, time)| time.split(' ').next());
            question.time_ms = time.and_then(|digits| digits.split('.').next()?.parse().ok());
        } else if section == "question" && text.starts_with(';') {
            // drill writes ";; name. IN MX".
            let words: Vec<&str> = text.trim_start_matches(';').split_whitespace().collect();
            if let [name, _class, kind] = words.as_slice() {
                question.name = (*name).to_owned();
                question.kind = (*kind).to_owned();
                question.asked = true;
            }
        } else if text.starts_with(';') {
            // Other comments: flags, OPT, WHEN, MSG SIZE.
        } else if section == "answer" {
            let Some((_, kind, data)) = answer(text) else {
                sink.unparsed(number);
                continue;
            };
            question.answers.push((number, kind.to_owned(), data));
        } else if let Some((name, kind, data)) = answer(text).filter(|(_, kind, _)| !full && TYPES.contains(kind)) {
            // `+noall +answer`: the answers alone. What an alias leads to belongs to its question.
            let alias = question.answers.last().is_some_and(|(_, kind, _)| kind == "CNAME");
            if question.asked && !alias && (question.name != name || question.kind != kind) {
                finish(&question, doc, sink);
                question = Question { line: number, ..Question::default() };
            }
            if !question.asked {
                (question.name, question.asked) = (name.to_owned(), true);
                question.status = Some("NOERROR");
            }
            kind.clone_into(&mut question.kind);
            question.answers.push((number, kind.to_owned(), data));
        } else if section.is_empty() && !full {
            short.push((number, text.to_owned()));
        }
    }
    if full || question.status.is_some() {
        finish(&question, doc, sink);
    } else if !short.is_empty() {
        for (number, text) in short {
            let kind = if text.starts_with('"') { "TXT".to_owned() } else { question.kind.clone() };
            let data = join_strings(&kind, &text);
            question.answers.push((number, kind, data));
        }
        question.status = Some("NOERROR");
        finish(&question, doc, sink);
    }
}

/// What dig says when nobody answered.
pub(super) fn trouble(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches([';', ' ']);
    if text.trim_start_matches("dig: ").starts_with("couldn't get address for") {
        return Some("server-not-found");
    }
    const NO_ANSWER: [&str; 5] = [
        "connection timed out",
        "no servers could be reached",
        // Those of Windows' nslookup, and of kdig.
        "DNS request timed out",
        "WARNING: response timeout for",
        "WARNING: failed to query server",
    ];
    if NO_ANSWER.iter().any(|mark| text.starts_with(mark)) {
        return Some("timeout");
    }
    if text.starts_with("communications error to") || text.starts_with("UDP setup with") {
        return Some(if text.contains("refused") {
            "connection-refused"
        } else if text.contains("unreachable") {
            "unreachable"
        } else {
            "timeout"
        });
    }
    None
}

pub(super) fn known_status(status: &str) -> Option<&'static str> {
    ["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "NODATA"].into_iter().find(|known| *known == status)
}

/// Name and type from dig's arguments, in any order: `+time=2 mx gmail.com`, `-x 192.0.2.1`, `@8.8.8.8 -t txt example.com`.
fn from_words(words: &str, question: &mut Question) {
    let mut words = words.split_whitespace();
    let mut name = None;
    while let Some(word) = words.next() {
        if word == "-x" {
            if let Some(address) = words.next() {
                name = Some(reverse_name(address));
                question.kind = "PTR".to_owned();
            }
        } else if let Some(server) = word.strip_prefix('@') {
            server.clone_into(&mut question.named);
        } else if word.starts_with('+') || word == "dig" || word == "IN" || word == "in" {
            continue;
        } else if matches!(word, "-t" | "-q" | "-p" | "-b" | "-k" | "-f" | "-y" | "-c") {
            let value = words.next();
            match (word, value) {
                ("-t", Some(kind)) => question.kind = kind.to_ascii_uppercase(),
                ("-q", Some(asked)) => name = Some(asked.to_owned()),
                _ => {}
            }
        } else if word.starts_with('-') {
            continue;
        } else if TYPES.contains(&word.to_ascii_uppercase().as_str()) {
            question.kind = word.to_ascii_uppercase();
        } else {
            name = Some(word.to_owned());
        }
    }
    if let Some(name) = name {
        question.name = name;
        if question.kind.is_empty() {
            question.kind = "A".to_owned();
        }
    }
}

/// `dig-txt-_dmarc.example.com.txt`, `dig mx gmail.com output.txt`.
fn from_file_name(path: &str, question: &mut Question) {
    let file = path.rsplit('/').next().unwrap_or(path);
    let file = file.strip_suffix(".txt").or_else(|| file.strip_suffix(".out")).unwrap_or(file);
    let words: Vec<&str> = file.split(['-', ' ']).filter(|word| !matches!(*word, "dig" | "output" | "out")).collect();
    for word in words {
        let upper = word.to_ascii_uppercase();
        if TYPES.contains(&upper.as_str()) {
            question.kind = upper;
        } else if word.contains('.') {
            question.name = word.to_owned();
        } else if word == "dkim" {
            question.kind = "TXT".to_owned();
            question.name = "_domainkey".to_owned();
        }
    }
}

/// `25.113.0.203.in-addr.arpa` of 203.0.113.25; nibbles for IPv6.
fn reverse_name(address: &str) -> String {
    match address.parse() {
        Ok(std::net::IpAddr::V4(v4)) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        Ok(std::net::IpAddr::V6(v6)) => {
            let mut name = String::new();
            for byte in v6.octets().iter().rev() {
                name.push_str(&format!("{:x}.{:x}.", byte & 15, byte >> 4));
            }
            name + "ip6.arpa"
        }
        Err(_) => address.to_owned(),
    }
}

/// TXT data is one or more strings, which count as one without blanks between them (RFC 7208 section 3.3).
pub(super) fn join_strings(kind: &str, data: &str) -> String {
    if !matches!(kind, "TXT" | "SPF") {
        return data.trim().trim_end_matches('.').to_owned();
    }
    let mut joined = String::new();
    let mut inside = false;
    let mut chars = data.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => inside = !inside,
            '\\' if inside => joined.extend(chars.next()),
            c if inside => joined.push(c),
            _ => {}
        }
    }
    if joined.is_empty() { data.trim().to_owned() } else { joined }
}

/// The host that an answer names: of an MX record without its preference.
pub(super) fn host_named<'a>(kind: &str, answer: &'a str) -> Option<&'a str> {
    match kind {
        "MX" => answer.split_whitespace().nth(1),
        "NS" | "CNAME" | "PTR" => Some(answer),
        _ => None,
    }
}

/// What the name was asked for.
pub(super) fn purpose(name: &str, kind: &str, answer: Option<&str>) -> &'static str {
    let name = name.to_ascii_lowercase();
    let blocklist =
        ["spamhaus", "barracudacentral", "spamcop", "dnsbl", "rbl", "sorbs", "uceprotect", "surbl", "uribl", "abuseat"];
    if name.contains("_domainkey") {
        "dkim"
    } else if name.starts_with("_dmarc.") {
        "dmarc"
    } else if blocklist.iter().any(|list| name.contains(list)) {
        "dnsbl"
    } else if kind == "PTR" || name.ends_with(".arpa") {
        "ptr"
    } else if kind == "MX" {
        "mx"
    } else if matches!(kind, "TXT" | "SPF") {
        match answer {
            Some(answer) if answer.starts_with("v=DKIM1") => "dkim",
            Some(answer) if answer.starts_with("v=DMARC1") => "dmarc",
            _ => "spf",
        }
    } else {
        "address"
    }
}

fn finish(question: &Question, doc: &Document<'_>, sink: &mut Sink<'_>) {
    let wanted: Vec<&(u32, String, String)> = question
        .answers
        .iter()
        .filter(|(_, kind, _)| question.kind.is_empty() || *kind == question.kind || question.kind == "ANY")
        .collect();
    let status = match question.status {
        Some("NOERROR") | None if wanted.is_empty() => "NODATA",
        Some(status) => status,
        None => "NOERROR",
    };
    let count = wanted.len() as i64;
    let rows: Vec<(u32, Option<&str>)> = match wanted.is_empty() {
        true => vec![(question.line, None)],
        false => wanted.iter().map(|(line, _, data)| (*line, Some(data.as_str()))).collect(),
    };
    for (line, answer) in rows {
        let mut record = Record::new(&lookups::TABLE, doc.at(line))
            .with(
                lookups::tool,
                sink.name(if doc.command.is_some_and(|command| command.contains("drill")) || question.drill {
                    "drill"
                } else {
                    "dig"
                }),
            )
            .with(lookups::status, sink.name(status))
            .with(lookups::purpose, sink.name(purpose(&question.name, &question.kind, answer)))
            .with(lookups::answers, count)
            .with(lookups::truncated, question.truncated)
            .with(lookups::time_ms, question.time_ms)
            .with(lookups::answer, answer.map(|answer| sink.name(answer)));
        if !question.name.is_empty() {
            record.set(lookups::name, sink.domain(&question.name));
        }
        if !question.kind.is_empty() {
            record.set(lookups::r#type, sink.name(&question.kind));
        }
        if let Some(host) = answer.and_then(|answer| host_named(&question.kind, answer)) {
            record.set(lookups::answer_host, sink.domain(host));
        }
        if !question.server.is_empty() {
            record.set(lookups::server, sink.name(&question.server));
        }
        if !question.named.is_empty() {
            record.set(lookups::named_server, sink.name(&question.named));
        }
        sink.push(&lookups::TABLE, record);
    }
}
