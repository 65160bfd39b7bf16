//! Measures the parsers over a folder of other people's log lines and their expectations.
//!
//! ```text
//! cargo run --example measure_corpora -- FOLDER
//! ```
//!
//! The folder holds, as far as they are there: `*.log` (whole log lines; in `*-other.log` none is Postfix's), and
//! `grok.jsonl`, `msimerson.jsonl`, `fail2ban.expect.jsonl`, `crowdsec.expect.jsonl` (a line and the fields that another
//! parser finds in it). Printed are: Postfix lines that become a typed event, events made of lines of other programs, and
//! how many of the expected fields are found, with every difference.

use postdoc::evidence::maillog::envelope::{Clock, Line};
use postdoc::evidence::maillog::line::{Event, postfix_daemon};
use postdoc::evidence::maillog::notice::Notice;
use postdoc::evidence::maillog::said::{Said, split_peer, strip_codes};
use postdoc::time::Time;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: measure_corpora FOLDER");
        return ExitCode::from(2);
    };
    let folder = Path::new(&folder);
    log_lines(folder);
    expected_fields(folder);
    queue_listings(folder);
    ExitCode::SUCCESS
}

/// `mailq*.jsonl`: one entry of a queue listing a record, as printed.
fn queue_listings(folder: &Path) {
    let rules = postdoc::rules::RuleSet::built_in();
    let names = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let is_listing = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("mailq") && name.ends_with(".jsonl")
    };
    for path in names.filter(is_listing) {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let (mut entries, mut read) = (0, 0);
        for record in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let Some(entry) = record["entry"].as_str() else { continue };
            entries += 1;
            let files = [("mailq".to_owned(), format!("{entry}\n").into_bytes())];
            let bundle = postdoc::bundle::Bundle::of_texts(files, clock().reference);
            let evidence = postdoc::evidence::collect(&bundle, &rules, &std::sync::atomic::AtomicU64::new(0));
            if !evidence.tables.rows(&postdoc::tables::queue::TABLE).is_empty() && evidence.sources[0].unparsed == 0 {
                read += 1;
            } else {
                println!("not read as a queue entry: {entry}");
            }
        }
        println!("{}: {read} of {entries} queue entries", path.display());
    }
}

fn clock() -> Clock {
    Clock { zone_offset: 0, reference: Time::from_seconds(1_800_000_000) }
}

/// Whether the message of a Postfix daemon is known.
fn is_typed(daemon: &str, message: &str) -> bool {
    !matches!(Event::parse(daemon, message), Event::Other) || Notice::parse(message).is_some()
}

fn log_lines(folder: &Path) {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
        .unwrap_or_default();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    files.sort();
    let (mut postfix, mut typed, mut foreign) = (0, 0, 0);
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let other = name.ends_with("-other.log");
        for line in text.lines() {
            let parsed = Line::parse(line, &clock());
            let Some((_, daemon)) = parsed.and_then(|line| postfix_daemon(line.tag)) else {
                if !other && line.contains("postfix") {
                    println!("{name}: no Postfix line: {line}");
                }
                continue;
            };
            if other {
                foreign += 1;
                println!("{name}: taken for a Postfix line: {line}");
                continue;
            }
            postfix += 1;
            if is_typed(daemon, parsed.map_or("", |line| line.message)) {
                typed += 1;
            } else {
                println!("{name}: not typed: {line}");
            }
        }
    }
    println!("Postfix lines: {postfix}, typed: {typed} ({:.2} %)", 100.0 * f64::from(typed) / f64::from(postfix.max(1)));
    println!("events made of lines of other programs: {foreign}");
}

/// Every value that we find in a message.
fn values(daemon: &str, message: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |value: &str| {
        found.insert(value.to_owned());
    };
    let mut peers = Vec::new();
    let mut reasons = Vec::new();
    match Event::parse(daemon, message) {
        Event::Client { queue_id, client, client_ip, sasl_method, sasl_username } => {
            for value in [Some(queue_id), Some(client), Some(client_ip), sasl_method, sasl_username].into_iter().flatten() {
                add(value);
            }
            add(&format!("{client}[{client_ip}]"));
        }
        Event::Pickup { queue_id, uid, sender } => {
            add(queue_id);
            add(&uid.to_string());
            add(sender);
        }
        Event::MessageId { queue_id, id } => {
            add(queue_id);
            add(id);
        }
        Event::Active { queue_id, sender, size, nrcpt } => {
            add(queue_id);
            add(sender);
            add(&size.unwrap_or_default().to_string());
            add(&nrcpt.unwrap_or_default().to_string());
        }
        Event::Removed { queue_id } => {
            add(queue_id);
            add("removed");
        }
        Event::Expired { queue_id, sender } => {
            add(queue_id);
            add(sender);
            add("expired");
            add("expired, returned to sender");
        }
        Event::Delivery(line) => {
            for value in [line.queue_id, line.to, line.relay, line.delay, line.delays, line.status, line.reason] {
                add(value);
            }
            for value in [line.orig_to, line.conn_use, line.tls, line.dsn].into_iter().flatten() {
                add(value);
            }
            add(&format!("{} ({})", line.status, line.reason));
            if let Some(id) = line.reason.strip_prefix("forwarded as ") {
                add(id);
                add("forwarded");
            }
            peers.push(line.relay);
            reasons.push(line.reason);
        }
        Event::Notification { notification } => {
            add(notification);
            add(message.split(": ").next().unwrap_or_default());
        }
        Event::Reject(line) => {
            for value in [line.action, line.stage, line.client, line.client_ip, line.reply] {
                add(value);
            }
            for value in [line.queue_id, line.sender, line.recipient, line.helo, line.sasl_username].into_iter().flatten() {
                add(value);
            }
            add("NOQUEUE");
            add(&line.client_port.unwrap_or_default().to_string());
            reasons.push(line.reply);
        }
        Event::Diagnostic { queue_id, level, text } => {
            add(level);
            add(text);
            add(message);
            add(queue_id.unwrap_or_default());
            reasons.push(text);
            if let Some((peer, rest)) = text.split_once(": ") {
                peers.push(peer);
                add(rest);
            }
            peers.extend(text.split(' ').filter(|word| word.contains('[')).map(|word| word.trim_end_matches([':', ','])));
        }
        Event::Other => {}
    }
    if let Some(notice) = Notice::parse(message) {
        add(notice.kind);
        add(notice.queue_id.unwrap_or_default());
        for (name, value) in &notice.fields {
            add(value);
            if matches!(*name, "client" | "relay") {
                peers.push(value);
            }
            if matches!(*name, "reply" | "error") {
                reasons.push(value);
            }
            if *name == "rate" {
                value.split('/').for_each(&mut add);
            }
            if *name == "service"
                && let Some((service, address)) = value.split_once(':')
            {
                add(service);
                add(address);
                // "127.0.0.1:2525:127.0.0.1": the service is an address and port itself.
                if let Some((service, address)) = value.rsplit_once(':') {
                    add(service);
                    add(address);
                }
            }
        }
        for parameter in ["key-exchange", "server-signature", "server-digest"] {
            if let Some((word, inside)) = notice.parameter(parameter) {
                add(word);
                add(inside.unwrap_or_default());
                add(inside.unwrap_or_default().split(' ').next().unwrap_or_default());
            }
        }
        // The words that do not vary tell what it is.
        for words in
            ["lost connection", "timeout", "SSL_accept error", "PIX workarounds", "Deleted", "Requeued", "Released from hold"]
                .into_iter()
                .chain([
                    "placed on hold",
                    "released from hold",
                    "requeued",
                    "DNSBL",
                    "PREGREET",
                    "HANGUP",
                    "ALLOWLIST VETO",
                    "BLACKLISTED",
                ])
                .chain(["accept", "reject", "BARE NEWLINE", "NON-SMTP COMMAND", "sender", "non-delivery", "delay", "postmaster"])
        {
            if message.contains(words) {
                add(words);
            }
        }
        if let Some(limit) = notice.get("limit") {
            add(&format!("COMMAND {limit}"));
        }
    }
    for peer in peers {
        add(peer);
        let (host, address, port) = split_peer(peer);
        add(host.unwrap_or_default());
        add(address.unwrap_or_default());
        add(&port.unwrap_or_default().to_string());
    }
    for reason in reasons {
        let said = Said::parse(reason);
        let (code, enhanced, words) = strip_codes(reason);
        add(reason);
        add(&words);
        add(&said.words);
        add(said.stage.unwrap_or_default());
        add(said.host.unwrap_or_default());
        add(said.ip.unwrap_or_default());
        add(&said.port.unwrap_or_default().to_string());
        for code in [code, said.code].into_iter().flatten() {
            add(&code.to_string());
        }
        for code in [enhanced, said.enhanced].into_iter().flatten() {
            add(code);
        }
        // Without the stage, and the address that the reply begins with.
        let reply = reason.split(" said: ").nth(1).unwrap_or(reason);
        add(reply);
        add(reply.split(" (in reply to ").next().unwrap_or(reply));
        if let Some((address, rest)) = words.strip_prefix('<').and_then(|inner| inner.split_once(">: ")) {
            add(address);
            add(rest);
        }
    }
    found
}

/// Agreement with the fields of one corpus.
#[derive(Default)]
struct Agreement {
    fields: u32,
    found: u32,
}

impl Agreement {
    fn check(&mut self, name: &str, value: &str, found: &BTreeSet<String>, message: &str) {
        self.fields += 1;
        if found.contains(value) {
            self.found += 1;
        } else {
            println!("  {name}={value:?} not found in: {message}");
        }
    }

    fn print(&self, corpus: &str) {
        let share = 100.0 * f64::from(self.found) / f64::from(self.fields.max(1));
        println!("{corpus}: {} of {} expected fields ({share:.2} %)", self.found, self.fields);
    }
}

fn json_lines(folder: &Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn expected_fields(folder: &Path) {
    let mut agreement = Agreement::default();
    for record in json_lines(folder, "grok.jsonl") {
        let (Some(message), Some(program)) = (record["message"].as_str(), record["program_guess"].as_str()) else { continue };
        // Fragments (delays, relay, command counters, TLS features) are no messages.
        let Some((_, daemon)) = postfix_daemon(program) else { continue };
        let found = values(daemon, message);
        for (name, value) in record["expected"].as_object().into_iter().flatten() {
            // What is a list of the fields that are compared themselves.
            if name.ends_with("keyvalue_data") || name.ends_with("command_counter_data") {
                continue;
            }
            agreement.check(name, value.as_str().unwrap_or_default(), &found, message);
        }
    }
    agreement.print("grok");
    let mut agreement = Agreement::default();
    for record in json_lines(folder, "msimerson.jsonl") {
        let Some(line) = record["line"].as_str() else { continue };
        let parsed = Line::parse(line, &clock());
        let (daemon, message) = match parsed {
            Some(line) => (postfix_daemon(line.tag).map(|(_, daemon)| daemon), line.message),
            None => (record["type"].as_str().and_then(|tag| postfix_daemon(tag)).map(|(_, daemon)| daemon), line),
        };
        let mut found = daemon.map(|daemon| values(daemon, message)).unwrap_or_default();
        if let Some(line) = parsed {
            found.extend([line.host, line.tag, line.pid, line.message].map(str::to_owned));
            found.insert(line_stamp(record["line"].as_str().unwrap_or_default()));
        }
        found.extend(["defer", "delivery"].map(str::to_owned));
        for (name, value) in record["expected"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            // Its "while PHASE" and "domain lookup ..." are words around the field, its postscreen line the line.
            if name == "postscreen" || name == "statistics" {
                continue;
            }
            let value = value.strip_prefix("while ").unwrap_or(value);
            agreement.check(name, value, &found, line);
        }
    }
    agreement.print("msimerson");
    let mut agreement = Agreement::default();
    for record in json_lines(folder, "fail2ban.expect.jsonl") {
        let (Some(line), Some(host)) = (record["line"].as_str(), record["expect"]["host"].as_str()) else { continue };
        let parsed = Line::parse(line, &clock());
        let found =
            parsed.and_then(|line| postfix_daemon(line.tag).map(|(_, daemon)| values(daemon, line.message))).unwrap_or_default();
        agreement.check("host", host, &found, line);
        // Its years are made up; the rest of the time is the line's.
        if let (Some(time), Some(Some(ours))) = (record["expect"]["time"].as_str(), parsed.map(|line| line.time)) {
            let ours = ours.to_string();
            let of_day: BTreeSet<String> = [ours[10..19].to_owned()].into();
            agreement.check("time", &time[time.len() - 9..], &of_day, line);
        }
    }
    agreement.print("fail2ban");
    let mut agreement = Agreement::default();
    for record in json_lines(folder, "crowdsec.expect.jsonl") {
        let Some(line) = record["line"].as_str() else { continue };
        let Some(parsed) = Line::parse(line, &clock()) else { continue };
        let Some((_, daemon)) = postfix_daemon(parsed.tag) else { continue };
        let mut found = values(daemon, parsed.message);
        found.extend([parsed.host, parsed.tag, parsed.pid, parsed.message].map(str::to_owned));
        for (name, value) in record["parsed"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().trim();
            // Its own names for things, lists of other fields, and its `helo`, which is the address in the reply.
            if matches!(name.as_str(), "logsource" | "kvItems" | "timestamp" | "timestamp8601" | "helo" | "message_failure") {
                continue;
            }
            agreement.check(name, value, &found, line);
        }
    }
    agreement.print("crowdsec");
}

/// The stamp of a traditional line as it stands there.
fn line_stamp(line: &str) -> String {
    let mut ends = line.match_indices(':').map(|(at, _)| at);
    let second = ends.nth(1).unwrap_or_default();
    line.get(..second + 3).unwrap_or_default().to_owned()
}
