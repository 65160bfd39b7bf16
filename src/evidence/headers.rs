//! Headers of a received test message, as the receiver's "show original" gives them (RFC 5322, 8601):
//!
//! ```text
//! Authentication-Results: mx.google.com;
//!        dkim=pass header.i=@example.com header.s=mail;
//!        spf=pass (google.com: domain of a@example.com designates 192.0.2.7 as permitted sender) smtp.mailfrom=a@example.com;
//!        dmarc=pass (p=REJECT) header.from=example.com
//! Received: from mail.example.com (mail.example.com. [192.0.2.7])
//!         by mx.google.com with ESMTPS id x for <b@gmail.com>; Mon, 23 Nov 2026 10:00:02 -0800 (PST)
//! From: A <a@example.com>
//! ```
//!
//! Only the topmost results and the topmost hop into the receiver are trusted: whatever stands below was there when the
//! message arrived, and a sender can write it.

use super::document::{Document, Sink};
use crate::said::domain_of;
use crate::tables::{Record, hops, test_messages};
use crate::time::Time;
use mail_parser::{Address, Greeting, HeaderName, HeaderValue, Host, MessageParser, Protocol, Received};
use serde::Serialize;

/// What the headers of one received message say.
#[derive(Debug, Clone, Default, Serialize, PartialEq)]
pub struct TestMessage {
    /// Domain of the From header, lower case.
    pub from_domain: Option<String>,
    /// Domain of the envelope sender (Return-Path), lower case; empty for a notification.
    pub return_path_domain: Option<String>,
    /// The server that checked the authentication.
    pub authserv_id: Option<String>,
    /// SPF result: pass, fail, softfail, neutral, none, temperror, permerror.
    pub spf: Option<String>,
    /// Domain that SPF was checked for.
    pub spf_domain: Option<String>,
    /// DKIM result: that of an aligned signature if there is one, else the best.
    pub dkim: Option<String>,
    /// Domain of that signature.
    pub dkim_domain: Option<String>,
    /// Selector of that signature.
    pub dkim_selector: Option<String>,
    /// DMARC result.
    pub dmarc: Option<String>,
    /// Policy that the receiver found, lower case: none, quarantine, reject.
    pub dmarc_policy: Option<String>,
    /// Whether the domain that SPF was checked for is aligned with From (relaxed, RFC 7489 section 3.1).
    pub spf_aligned: Option<bool>,
    /// Whether the domain of the signature is aligned with From.
    pub dkim_aligned: Option<bool>,
    /// Name that our server gave in HELO or EHLO.
    pub helo: Option<String>,
    /// Address from which the receiver saw us.
    pub client_ip: Option<String>,
    /// Name that the receiver found for that address; none if it found none.
    pub client_name: Option<String>,
    /// Whether our server used TLS towards the receiver.
    pub tls: Option<bool>,
    /// The path, from the first hop to the last; of a longer one its end, which the receiver wrote.
    pub hops: Vec<Hop>,
    /// Hops before these that are left out.
    pub hops_left_out: usize,
    /// Seconds from the first hop to the last.
    pub delay: Option<f64>,
}

/// One thing that the headers show, and whether it is as it should be.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct Finding {
    /// SPF, DKIM, DMARC, HELO, address, TLS, delay.
    pub what: &'static str,
    /// Whether it is as it should be; none if the headers do not tell.
    pub good: Option<bool>,
    /// In one sentence, plain text from the evidence.
    pub says: String,
}

/// Seconds on the way from which it is worth telling.
const SLOW: f64 = 300.0;

/// One hop of a message.
#[derive(Debug, Clone, Default, Serialize, PartialEq)]
pub struct Hop {
    /// Host that handed the message over.
    pub from: Option<String>,
    /// Its address.
    pub ip: Option<String>,
    /// Host that took it.
    pub by: Option<String>,
    /// Protocol, such as ESMTPS.
    pub with: Option<String>,
    /// When it was taken.
    pub time: Option<Time>,
    /// Seconds since the hop before; none if either time is not known. Negative where clocks disagree.
    pub delay: Option<f64>,
}

impl TestMessage {
    /// Reads headers, with or without the message below them. None if there are no headers of a received message in it.
    pub fn read(text: &str) -> Option<TestMessage> {
        let message = MessageParser::new().parse_headers(text.trim_start())?;
        let results: Vec<&str> = message
            .headers_raw()
            .filter(|(name, _)| name.eq_ignore_ascii_case("Authentication-Results"))
            .map(|(_, value)| value)
            .collect();
        let received: Vec<&Received<'_>> = message
            .headers()
            .iter()
            .filter_map(|header| match &header.value {
                HeaderValue::Received(received) => Some(received.as_ref()),
                _ => None,
            })
            .collect();
        if results.is_empty() && received.is_empty() {
            return None;
        }
        let mut out = TestMessage {
            from_domain: message.from().and_then(first_address).map(|address| domain_of(&address)),
            ..TestMessage::default()
        };
        if let Some(value) = message.header(HeaderName::ReturnPath) {
            let address = match value {
                HeaderValue::Text(text) => text.to_string(),
                HeaderValue::TextList(list) => list.first().map(ToString::to_string).unwrap_or_default(),
                HeaderValue::Address(address) => first_address(address).unwrap_or_default(),
                _ => String::new(),
            };
            out.return_path_domain = Some(domain_of(address.trim_matches(['<', '>'])));
        }
        out.results(&results);
        out.path(&received);
        if out.spf.is_none()
            && let Some((_, value)) = message.headers_raw().find(|(name, _)| name.eq_ignore_ascii_case("Received-SPF"))
        {
            out.spf = value.split_whitespace().next().map(str::to_ascii_lowercase);
        }
        out.spf_domain = out.spf_domain.take().or_else(|| out.return_path_domain.clone()).filter(|domain| !domain.is_empty());
        let aligned = |domain: &Option<String>| Some(is_aligned(domain.as_deref()?, out.from_domain.as_deref()?));
        (out.spf_aligned, out.dkim_aligned) = (aligned(&out.spf_domain), aligned(&out.dkim_domain));
        Some(out)
    }

    /// What that shows.
    pub fn findings(&self) -> Vec<Finding> {
        let or = |text: &Option<String>, otherwise: &str| text.clone().unwrap_or_else(|| otherwise.to_owned());
        let from = or(&self.from_domain, "no From domain");
        let mut list = Vec::new();
        let mut add = |what, good, says| list.push(Finding { what, good, says });
        let pass = |result: &Option<String>| result.as_ref().map(|result| result == "pass");
        let apart = |aligned: Option<bool>| {
            if aligned == Some(false) { format!(", not aligned with From ({from})") } else { String::new() }
        };
        let domain = or(&self.spf_domain, "a domain that is not given");
        match &self.spf {
            Some(result) => add(
                "SPF",
                Some(result == "pass" && self.spf_aligned != Some(false)),
                format!("{result} for {domain}{}", apart(self.spf_aligned)),
            ),
            None => add("SPF", None, "the receiver shows no result".to_owned()),
        }
        let signer = or(&self.dkim_domain, "a domain that is not given");
        let selector = self.dkim_selector.as_ref().map_or_else(String::new, |selector| format!(", selector {selector}"));
        match &self.dkim {
            Some(result) if result == "none" => add("DKIM", Some(false), "none: the message is not signed".to_owned()),
            Some(result) => add(
                "DKIM",
                Some(result == "pass" && self.dkim_aligned != Some(false)),
                format!("{result} for {signer}{selector}{}", apart(self.dkim_aligned)),
            ),
            None => add("DKIM", None, "the receiver shows no result: probably the message is not signed".to_owned()),
        }
        let policy = self.dmarc_policy.as_ref().map_or_else(String::new, |policy| format!(", policy {policy}"));
        // Either of the two suffices, if it is aligned (RFC 7489 section 4.2).
        let would = (pass(&self.spf), self.spf_aligned) == (Some(true), Some(true))
            || (pass(&self.dkim), self.dkim_aligned) == (Some(true), Some(true));
        match &self.dmarc {
            Some(result) if result == "none" => add("DMARC", Some(would), format!("none: {from} publishes no policy")),
            Some(result) => add("DMARC", Some(result == "pass"), format!("{result} for {from}{policy}")),
            None if would => add("DMARC", None, "the receiver shows no result; an aligned pass would satisfy it".to_owned()),
            None => add("DMARC", None, "the receiver shows no result; nothing aligned passed".to_owned()),
        }
        if let Some(helo) = &self.helo {
            let qualified =
                helo.contains('.') && !helo.ends_with(".local") && !helo.ends_with(".localdomain") && !helo.starts_with('[');
            let why = if qualified { "" } else { ", which is not a name that DNS knows" };
            add("HELO", Some(qualified), format!("{helo}{why}"));
        }
        if let Some(ip) = &self.client_ip {
            match &self.client_name {
                Some(name) => {
                    let same = self.helo.as_ref().is_none_or(|helo| helo == name);
                    let apart = if same { String::new() } else { format!("; HELO says {}", or(&self.helo, "nothing")) };
                    add("address", Some(true), format!("{ip} is {name} in reverse DNS{apart}"));
                }
                None => add("address", Some(false), format!("{ip} has no reverse DNS that the receiver accepts")),
            }
        }
        if let Some(tls) = self.tls {
            add(
                "TLS",
                Some(tls),
                if tls { "encrypted on the way to the receiver" } else { "not encrypted on the way to the receiver" }.to_owned(),
            );
        }
        if let Some(delay) = self.delay {
            let slowest = self.hops.iter().filter_map(|hop| Some((hop.delay?, hop))).max_by(|a, b| a.0.total_cmp(&b.0));
            let at = slowest
                .filter(|(delay, _)| *delay >= SLOW)
                .map(|(_, hop)| format!(", most of it before {}", or(&hop.by, "an unnamed host")));
            let words = crate::time::duration(delay.max(0.0));
            add(
                "delay",
                Some(delay < SLOW && at.is_none()),
                format!("{words} over {} hops{}", self.hops_left_out + self.hops.len(), at.unwrap_or_default()),
            );
        }
        list
    }

    /// The results of the topmost server that checked; several headers of the same server belong together.
    fn results(&mut self, headers: &[&str]) {
        let mut signatures: Vec<Vec<(String, String)>> = Vec::new();
        for header in headers {
            let header = without_comments(header);
            let mut parts = header.split(';').map(str::trim);
            let Some(server) = parts.next().and_then(|part| part.split_whitespace().next()).filter(|part| !part.contains('='))
            else {
                continue;
            };
            match &self.authserv_id {
                Some(known) if !known.eq_ignore_ascii_case(server) => break,
                _ => self.authserv_id = Some(server.to_ascii_lowercase()),
            }
            for part in parts {
                let fields: Vec<(String, String)> = part
                    .split_whitespace()
                    .filter_map(|word| word.split_once('='))
                    .map(|(key, value)| (key.to_ascii_lowercase(), value.trim_matches(['"', ',']).to_owned()))
                    .collect();
                let Some((method, result)) = fields.first() else { continue };
                let result = result.to_ascii_lowercase();
                let property =
                    |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_ascii_lowercase());
                match method.as_str() {
                    "spf" if self.spf.is_none() => {
                        self.spf = Some(result);
                        self.spf_domain = property("smtp.mailfrom").map(domain_or_all).or_else(|| property("smtp.helo"));
                    }
                    "dmarc" if self.dmarc.is_none() => {
                        self.dmarc = Some(result);
                        self.dmarc_policy = property("p").or_else(|| property("policy.published-domain-policy"));
                        self.from_domain = self.from_domain.take().or_else(|| property("header.from"));
                    }
                    "dkim" => signatures.push(fields),
                    _ => {}
                }
            }
        }
        // A comment holds the policy at most receivers: dmarc=pass (p=REJECT sp=NONE).
        if self.dmarc_policy.is_none() {
            let all = headers.join(" ").to_ascii_lowercase();
            let after =
                all.split("dmarc=").nth(1).and_then(|rest| rest.split(';').next()).and_then(|rest| rest.split("p=").nth(1));
            let word = after.map(|rest| rest.chars().take_while(char::is_ascii_alphabetic).collect::<String>());
            self.dmarc_policy = word.filter(|word| matches!(word.as_str(), "none" | "quarantine" | "reject"));
        }
        let domain = |fields: &[(String, String)]| {
            let property = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_ascii_lowercase());
            property("header.d").or_else(|| property("header.i").map(domain_or_all))
        };
        let from = self.from_domain.clone().unwrap_or_default();
        let best = signatures.iter().max_by_key(|fields| {
            let passed = fields.first().is_some_and(|(_, result)| result.eq_ignore_ascii_case("pass"));
            (domain(fields).is_some_and(|domain| is_aligned(&domain, &from)), passed)
        });
        if let Some(fields) = best {
            self.dkim = fields.first().map(|(_, result)| result.to_ascii_lowercase());
            self.dkim_domain = domain(fields);
            self.dkim_selector = fields.iter().find(|(key, _)| key == "header.s").map(|(_, value)| value.clone());
        }
    }

    /// The path; headers stand from the last hop to the first.
    fn path(&mut self, received: &[&Received<'_>]) {
        // Servers take a message for one in a circle from 50 or 100 on.
        const MOST: usize = 200;
        self.hops_left_out = received.len().saturating_sub(MOST);
        let mut earlier: Option<Time> = None;
        for hop in received.iter().take(MOST).rev() {
            let time = hop.date.as_ref().map(|date| Time::from_seconds(date.to_timestamp()));
            self.hops.push(Hop {
                // "(Postfix, from userid 0)": a program of that machine.
                from: hop.from.as_ref().map(host).filter(|from| from != "userid"),
                ip: hop.from_ip.map(|ip| ip.to_string()),
                by: hop.by.as_ref().map(host),
                with: hop.with.as_ref().map(|with| format!("{with:?}")),
                time,
                delay: time.zip(earlier).map(|(time, earlier)| time.since(earlier)),
            });
            earlier = time.or(earlier);
        }
        let times: Vec<Time> = self.hops.iter().filter_map(|hop| hop.time).collect();
        self.delay = times.first().zip(times.last()).map(|(first, last)| last.since(*first)).filter(|_| times.len() > 1);
        // The topmost hop between different hosts whose client has a public address is where the receiver saw us.
        let entrance = received.iter().find(|hop| hop.from_ip.is_some_and(|ip| !crate::said::is_own(&ip.to_string())));
        let Some(entrance) = entrance else { return };
        self.client_ip = entrance.from_ip.map(|ip| ip.to_string());
        let greeted = matches!(entrance.helo_cmd, Some(Greeting::Helo | Greeting::Ehlo));
        self.helo = entrance.helo.as_ref().filter(|_| greeted).or(entrance.from.as_ref()).map(host);
        let found = entrance.from_iprev.as_deref().map(|name| name.trim_end_matches('.').to_ascii_lowercase());
        self.client_name = found.filter(|name| !name.is_empty() && name != "unknown");
        self.tls = entrance.with.map(|with| {
            use Protocol::{ESMTPS, ESMTPSA, HTTPS, LMTPS, LMTPSA, UTF8SMTPS, UTF8SMTPSA};
            entrance.tls_version.is_some() || matches!(with, ESMTPS | ESMTPSA | LMTPS | LMTPSA | UTF8SMTPS | UTF8SMTPSA | HTTPS)
        });
    }
}

fn host(host: &Host<'_>) -> String {
    match host {
        Host::Name(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        Host::IpAddr(ip) => ip.to_string(),
    }
}

fn first_address(address: &Address<'_>) -> Option<String> {
    address.first()?.address.as_ref().map(ToString::to_string)
}

/// The domain of an address, or the whole where there is no `@`.
fn domain_or_all(address: String) -> String {
    match address.rsplit_once('@') {
        Some((_, domain)) => domain.to_owned(),
        None => address,
    }
}

/// A header value without its comments in (nested) parentheses, on one line.
fn without_comments(value: &str) -> String {
    let mut depth = 0u32;
    let mut quoted = false;
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '"' if depth == 0 => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            '\r' | '\n' if depth == 0 => out.push(' '),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// Relaxed alignment: both belong to the same organisational domain. Without the Public Suffix List that is the last two
/// labels, or three where the last two are a country's second level such as `co.uk`.
fn is_aligned(domain: &str, from: &str) -> bool {
    let organisation = |name: &str| {
        let labels: Vec<&str> = name.trim_end_matches('.').rsplit('.').collect();
        let second_level = labels.len() > 2
            && labels[0].len() == 2
            && matches!(
                labels[1],
                "co" | "com" | "net" | "org" | "ac" | "gov" | "edu" | "or" | "ne" | "go" | "gv" | "asso" | "nom"
            );
        labels.into_iter().take(if second_level { 3 } else { 2 }).map(str::to_ascii_lowercase).collect::<Vec<_>>()
    };
    !domain.is_empty() && organisation(domain) == organisation(from)
}

/// Reads the headers of one message.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let Some(message) = TestMessage::read(doc.text) else {
        for (number, line) in doc.lines() {
            if !line.is_empty() {
                sink.unparsed(number);
            }
        }
        return;
    };
    // Cited is the line that carries the verdict.
    let starts = |name: &str| {
        let begins = |line: &str| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        doc.lines().find(|(_, line)| begins(line)).map(|(number, _)| number)
    };
    let line = starts("Authentication-Results:").or_else(|| starts("Received:")).unwrap_or(doc.first_line);
    let mut record = Record::new(&test_messages::TABLE, doc.at(line));
    for (column, value) in [
        (test_messages::from_domain, &message.from_domain),
        (test_messages::return_path_domain, &message.return_path_domain),
        (test_messages::authserv_id, &message.authserv_id),
        (test_messages::spf, &message.spf),
        (test_messages::spf_domain, &message.spf_domain),
        (test_messages::dkim, &message.dkim),
        (test_messages::dkim_domain, &message.dkim_domain),
        (test_messages::dkim_selector, &message.dkim_selector),
        (test_messages::dmarc, &message.dmarc),
        (test_messages::dmarc_policy, &message.dmarc_policy),
        (test_messages::helo, &message.helo),
        (test_messages::client_ip, &message.client_ip),
        (test_messages::client_name, &message.client_name),
    ] {
        if let Some(value) = value {
            let name = sink.name(value);
            record.set(column, name);
        }
    }
    record.set(test_messages::spf_aligned, message.spf_aligned);
    record.set(test_messages::dkim_aligned, message.dkim_aligned);
    record.set(test_messages::tls, message.tls);
    record.set(test_messages::hops, (message.hops_left_out + message.hops.len()) as i64);
    record.set(test_messages::delay, message.delay);
    sink.push(&test_messages::TABLE, record);
    let mut lines: Vec<u32> = doc
        .lines()
        .filter(|(_, line)| line.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("Received:")))
        .map(|(number, _)| number)
        .collect();
    lines.truncate(message.hops.len());
    lines.reverse();
    for (at, hop) in message.hops.iter().enumerate() {
        let mut record = Record::new(&hops::TABLE, doc.at(lines.get(at).copied().unwrap_or(line)))
            .with(hops::number, (message.hops_left_out + at) as i64 + 1);
        for (column, value) in [(hops::from, &hop.from), (hops::ip, &hop.ip), (hops::by, &hop.by), (hops::with, &hop.with)] {
            if let Some(value) = value {
                let name = sink.name(value);
                record.set(column, name);
            }
        }
        record.set(hops::time, hop.time);
        record.set(hops::delay, hop.delay);
        sink.push(&hops::TABLE, record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GMAIL: &str = "Delivered-To: b@gmail.com\r\n\
Received: by 2002:a05:6402:1234:b0:5c9:1:2 with SMTP id x1csp123456edb;\r\n        Mon, 23 Nov 2026 10:00:04 -0800 (PST)\r\n\
Authentication-Results: mx.google.com;\r\n       dkim=pass header.i=@mailer.example header.s=m1 header.b=AbC;\r\n       \
dkim=fail (body hash did not verify) header.i=@kontor.example header.s=mail header.b=XyZ;\r\n       \
spf=pass (google.com: domain of office@kontor.example designates 203.0.113.25 as permitted sender; p=none) smtp.mailfrom=office@kontor.example;\r\n       \
dmarc=pass (p=QUARANTINE sp=NONE dis=NONE) header.from=kontor.example\r\n\
Return-Path: <office@kontor.example>\r\n\
Received: from mail.kontor.example (mail.kontor.example. [203.0.113.25])\r\n        by mx.google.com with ESMTPS id a1 for <b@gmail.com>\r\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n        Mon, 23 Nov 2026 10:00:02 -0800 (PST)\r\n\
Received: from desk7 (unknown [192.168.1.7])\r\n\tby mail.kontor.example (Postfix) with ESMTPSA id 4F2C41A2B3\r\n\tfor <b@gmail.com>; Mon, 23 Nov 2026 17:58:02 +0000 (UTC)\r\n\
Authentication-Results: evil.example; spf=fail smtp.mailfrom=x@evil.example\r\n\
From: Office <office@kontor.example>\r\nSubject: test\r\n\r\nbody\r\n";

    #[test]
    fn of_a_path_without_end_its_end_is_told() {
        let hop =
            |at: usize| format!("Received: from a{at}.example by b{at}.example with SMTP; Mon, 23 Nov 2026 10:00:02 +0000\n");
        let text: String = (0..100_000).map(hop).collect();
        let message = TestMessage::read(&text).unwrap();
        assert_eq!((message.hops.len(), message.hops_left_out), (200, 99_800));
        assert_eq!(message.hops[199].by.as_deref(), Some("b0.example"));
    }

    #[test]
    fn the_receivers_results_are_read_and_nobody_elses() {
        let message = TestMessage::read(GMAIL).expect("headers");
        assert_eq!(message.authserv_id.as_deref(), Some("mx.google.com"));
        assert_eq!((message.spf.as_deref(), message.spf_aligned), (Some("pass"), Some(true)));
        // The aligned signature counts, though a foreign one passed.
        assert_eq!((message.dkim.as_deref(), message.dkim_domain.as_deref()), (Some("fail"), Some("kontor.example")));
        assert_eq!((message.dmarc.as_deref(), message.dmarc_policy.as_deref()), (Some("pass"), Some("quarantine")));
        assert_eq!(message.helo.as_deref(), Some("mail.kontor.example"));
        assert_eq!(message.client_ip.as_deref(), Some("203.0.113.25"));
        assert_eq!(message.client_name.as_deref(), Some("mail.kontor.example"));
        assert_eq!(message.tls, Some(true));
        assert_eq!(message.hops.len(), 3);
        assert_eq!(message.delay, Some(122.0));
        assert_eq!(message.hops[1].delay, Some(120.0));
    }

    #[test]
    fn alignment_is_by_organisational_domain() {
        for (domain, from, aligned) in [
            ("kontor.example", "kontor.example", true),
            ("bounce.kontor.example", "news.kontor.example", true),
            ("a.co.uk", "b.co.uk", false),
            ("x.a.co.uk", "a.co.uk", true),
            ("sendgrid.net", "kontor.example", false),
            ("", "kontor.example", false),
        ] {
            assert_eq!(is_aligned(domain, from), aligned, "{domain} {from}");
        }
    }

    #[test]
    fn what_is_no_header_is_none_and_no_cut_panics() {
        assert_eq!(TestMessage::read("hello\nworld\n"), None);
        assert_eq!(TestMessage::read(""), None);
        for (at, _) in GMAIL.char_indices() {
            let _ = TestMessage::read(&GMAIL[..at]);
            let _ = TestMessage::read(&GMAIL[at..]);
        }
    }
}
