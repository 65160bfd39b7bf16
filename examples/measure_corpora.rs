//! Measures the parsers over a folder of other people's log lines and their expectations.
//!
//! ```text
//! cargo run --example measure_corpora -- FOLDER
//! ```
//!
//! The folder holds, as far as they are there: `*.log` (whole log lines; in `*-other.log` none is Postfix's), and
//! `grok.jsonl`, `msimerson.jsonl`, `fail2ban.expect.jsonl`, `crowdsec.expect.jsonl` (a line and the fields that another
//! parser finds in it). Printed are: Postfix lines that become a typed event, events made of lines of other programs, and
//! how many of the expected fields are found under the same name (by [`NAMES`]), with every difference. Names of other parsers
//! for what a line is (msimerson's `action`, crowdsec's `logsource`), lists of other fields, and fragments of lines are not
//! compared; some parsers keep the stage in a reply, which we take off.

use postdoc::evidence::maillog::again::{described, is_understood};
use postdoc::evidence::maillog::envelope::{Clock, Line};
use postdoc::evidence::maillog::notice::Notice;
use postdoc::said::daemons::postfix_daemon;
use postdoc::said::{Said, split_peer, strip_codes};
use postdoc::time::Time;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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
            if is_understood(daemon, parsed.map_or("", |line| line.message)) {
                typed += 1;
            } else {
                println!("{name}: not typed: {line}");
            }
        }
    }
    println!("Postfix lines: {postfix}, typed: {typed} ({:.2} %)", 100.0 * f64::from(typed) / f64::from(postfix.max(1)));
    println!("events made of lines of other programs: {foreign}");
}

/// What is found in a message, by name: the fields of the event, and what peers, replies and parameters are taken apart to.
type Found = BTreeMap<String, BTreeSet<String>>;

fn found(daemon: &str, message: &str) -> Found {
    let mut found = Found::new();
    let (kind, queue_id, fields) = described(daemon, message);
    let mut add = |name: &str, value: &str| {
        found.entry(name.to_owned()).or_default().insert(value.to_owned());
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    add("kind", kind.unwrap_or_default());
    add("queue_id", queue_id.unwrap_or_default());
    for (name, value) in &fields {
        add(name, value.as_str().unwrap_or_default());
    }
    add("text", message);
    add("text", message.split_once(": ").filter(|_| queue_id.is_some()).map_or(message, |(_, text)| text));
    let action = text("action").unwrap_or_default();
    add("action", action.strip_prefix("proxy-").unwrap_or(action));
    for (name, peer) in [("client", text("client")), ("relay", text("relay")), ("server", text("server"))] {
        let (host, ip, port) = peer.map(split_peer).unwrap_or_default();
        add(&format!("{name}_host"), host.unwrap_or_default());
        add(&format!("{name}_ip"), ip.unwrap_or_default());
        add(&format!("{name}_port"), &port.map(|port| port.to_string()).unwrap_or_default());
    }
    for (name, delay) in ["delay_a", "delay_b", "delay_c", "delay_d"].iter().zip(text("delays").unwrap_or_default().split('/')) {
        add(name, delay);
    }
    for (name, value) in text("commands").unwrap_or_default().split(' ').filter_map(|word| word.split_once('=')) {
        let (accepted, all) = value.split_once('/').unwrap_or(("", value));
        add(&format!("{name}_accepted"), accepted);
        add(&format!("{name}_count"), all);
    }
    if let (Some(status), Some(reason)) = (text("status"), text("reason")) {
        add("status_and_reason", &format!("{status} ({reason})"));
    }
    for reason in ["reason", "reply", "message", "error"].iter().filter_map(|name| text(name)) {
        let said = Said::parse(reason);
        let (code, enhanced, words) = strip_codes(reason);
        let code = code.or(said.code).map(|code| code.to_string()).unwrap_or_default();
        let enhanced = enhanced.or(said.enhanced).unwrap_or_default();
        add("code", &code);
        add("enhanced", enhanced);
        add("codes", format!("{code} {enhanced}").trim());
        add("words", &words);
        add("words", &said.words);
        add("stage", said.stage.unwrap_or_default());
        let (host, ip) = (said.host.unwrap_or_default(), said.ip.unwrap_or_default());
        add("relay_host", host);
        add("relay_ip", ip);
        add("relay_port", &said.port.map(|port| port.to_string()).unwrap_or_default());
        // The client that a refusal names, and the address before its words.
        if let Some((address, rest)) = words.strip_prefix('<').and_then(|inner| inner.split_once(">: ")) {
            add("refused", address);
            add("words", rest);
        }
        if let Some((address, rest)) = words.strip_prefix("Service unavailable; client [").and_then(|rest| rest.split_once("] "))
        {
            add("refused", address);
            add("words", rest);
        }
        // "connect to H[A]:P: Connection timed out": what the system says.
        add("words", reason.rsplit_once(": ").map_or(reason, |(_, words)| words));
        // "H[A]: SASL LOGIN authentication failed"
        let (host, ip, _) = reason.split_once(": ").map(|(peer, _)| split_peer(peer)).unwrap_or_default();
        add("client_host", host.unwrap_or_default());
        add("client_ip", ip.unwrap_or_default());
    }
    for name in ["key-exchange", "server-signature", "server-digest"] {
        let notice = Notice::parse(message);
        let (word, inside) = notice.as_ref().and_then(|notice| notice.parameter(name)).unwrap_or_default();
        add(name, word);
        add(&format!("{name} size"), inside.unwrap_or_default().split(' ').next().unwrap_or_default());
    }
    if let Some((first, second)) = text("rate").and_then(|rate| rate.split_once('/')) {
        add("rate_count", first);
        add("rate_period", second);
    }
    // The service may be an address and port itself: "127.0.0.1:2525:127.0.0.1".
    for (service, client) in
        text("service").into_iter().flat_map(|service| [service.split_once(':'), service.rsplit_once(':')]).flatten()
    {
        add("anvil_service", service);
        add("client_ip", client);
    }
    found
}

/// Names of other parsers, and what we call the same.
const NAMES: &[(&str, &[&str])] = &[
    ("queueid", &["queue_id"]),
    ("qid", &["queue_id"]),
    ("client_hostname", &["client_host"]),
    ("remote_host", &["client_host"]),
    ("host", &["client_ip"]),
    ("client_ip", &["client_ip", "address"]),
    ("remote_addr", &["client_ip"]),
    ("client_ip_unknown", &["client_ip"]),
    ("client_port", &["client_port"]),
    ("relay_hostname", &["relay_host"]),
    ("relay_ip", &["relay_ip"]),
    ("relay_service", &["relay_ip"]),
    ("relay_port", &["relay_port"]),
    ("mx", &["relay"]),
    ("action", &["action", "kind"]),
    ("command", &["stage"]),
    ("smtp_stage", &["stage"]),
    ("proxy_smtp_stage", &["stage"]),
    ("status", &["status", "status_and_reason", "kind"]),
    ("status_code", &["code"]),
    ("proxy_status_code", &["code"]),
    ("smtp_basic_status_code", &["code"]),
    ("status_code_enhanced", &["enhanced"]),
    ("proxy_status_code_enhanced", &["enhanced"]),
    ("smtp_enhanced_status_code", &["enhanced"]),
    ("smtp_return_codes", &["codes"]),
    ("status_message", &["words"]),
    ("status_data", &["refused"]),
    ("helo", &["helo", "refused"]),
    ("reason", &["words"]),
    ("smtp_response", &["reason", "reply"]),
    ("error_response", &["reason"]),
    ("local_response", &["reason"]),
    ("pipe_response", &["reason"]),
    ("proxy_message", &["reply", "words"]),
    ("message", &["message", "text", "error", "content"]),
    ("msg", &["text", "reply", "stage", "what", "error"]),
    ("bounce_recipient", &["recipient"]),
    ("bounce_reason", &["what"]),
    ("postscreen_access", &["what"]),
    ("postscreen_toobusy_data", &["reply"]),
    ("postsuper_action", &["what"]),
    ("postsuper_summary_action", &["what"]),
    ("proxy_result", &["what", "action"]),
    ("forwardedAs", &["forwarded_as"]),
    ("message-id", &["message-id", "message_id"]),
    ("resent-message-id", &["message_id"]),
    ("message_level", &["kind", "action"]),
    ("delay_before_qmgr", &["delay_a"]),
    ("delay_in_qmgr", &["delay_b"]),
    ("delay_conn_setup", &["delay_c"]),
    ("delay_transmission", &["delay_d"]),
    ("anvil_conn_count", &["count"]),
    ("anvil_conn_rate", &["rate_count"]),
    ("anvil_conn_period", &["rate_period"]),
    ("anvil_timestamp", &["time"]),
    ("service", &["anvil_service"]),
    ("bounce_queueid", &["notification", "queue_id"]),
    ("dsnQid", &["notification", "queue_id"]),
    ("tls_version", &["protocol"]),
    ("tls_cipher", &["cipher"]),
    ("tls_cipher_size", &["bits"]),
    ("tls_trustlevel", &["trust"]),
    ("tls_key_exchange", &["key-exchange"]),
    ("tls_server_signature", &["server-signature"]),
    ("tls_server_signature_curve", &["server-signature size"]),
    ("tls_server_signature_size", &["server-signature size"]),
    ("tls_server_digest", &["server-digest"]),
    ("tls_error", &["error"]),
    ("postsuper_summary_count", &["messages"]),
    ("dnsbl_domain", &["domain"]),
    ("dnsbl_result", &["result"]),
    ("postscreen_cache_dropped", &["dropped"]),
    ("postscreen_cache_retained", &["retained"]),
    ("postscreen_dnsbl_rank", &["rank"]),
    ("postscreen_violation_time", &["seconds"]),
    ("postscreen_violation", &["what"]),
    ("smtpd_lostconn_data", &["kind", "what"]),
    ("smtp_lostconn_data", &["words", "error", "kind"]),
    ("smtp_lostconn_reason", &["stage"]),
    ("scache_hits", &["hits"]),
    ("scache_miss", &["miss"]),
    ("scache_success", &["success"]),
    ("scache_addresses", &["addresses"]),
    ("scache_connection", &["connection"]),
    ("scache_domains", &["domains"]),
    ("version", &["version"]),
    ("config_path", &["configuration"]),
    ("discarded_ehlo_keywords", &["keywords"]),
    ("pix_workaround", &["workarounds"]),
    ("err", &["error", "words"]),
];

/// Agreement with the fields of one corpus: found under the same name, under another one, not at all.
#[derive(Default)]
struct Agreement {
    fields: u32,
    same: u32,
    elsewhere: u32,
}

impl Agreement {
    fn check(&mut self, name: &str, value: &str, found: &Found, message: &str) {
        self.fields += 1;
        let bare = name.strip_prefix("postfix_").unwrap_or(name);
        let ours = NAMES.iter().find(|(theirs, _)| *theirs == bare).map_or_else(|| vec![bare], |(_, ours)| ours.to_vec());
        let command = bare.strip_prefix("cmd_").map(|command| match command.strip_suffix("_accepted") {
            Some("count") => "commands_accepted".to_owned(),
            Some(command) => format!("{command}_accepted"),
            None if command == "count" => "commands_count".to_owned(),
            None => format!("{command}_count"),
        });
        let ours = ours.iter().copied().chain(command.as_deref());
        let mut values = ours.filter_map(|name| found.get(name));
        if values.any(|values| values.contains(value)) {
            self.same += 1;
        } else if found.values().any(|values| values.iter().any(|known| known.contains(value))) {
            self.elsewhere += 1;
            println!("  {name}={value:?} only within another field: {message}");
        } else {
            println!("  {name}={value:?} not found in: {message}");
        }
    }

    fn print(&self, corpus: &str) {
        let share = |part: u32| 100.0 * f64::from(part) / f64::from(self.fields.max(1));
        println!(
            "{corpus}: of {} expected fields {} under the same name ({:.2} %), {} more within another",
            self.fields,
            self.same,
            share(self.same),
            self.elsewhere
        );
    }
}

fn json_lines(folder: &Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The envelope's parts under the names that others give them.
fn envelope(line: &Line<'_>, text: &str, found: &mut Found) {
    let parts = [("host", line.host), ("logsource", line.host), ("prog", line.tag), ("program", line.tag), ("pid", line.pid)];
    for (name, value) in parts.into_iter().chain([("msg", line.message), ("text", line.message), ("date", &line_stamp(text))]) {
        found.entry(name.to_owned()).or_default().insert(value.to_owned());
    }
}

fn expected_fields(folder: &Path) {
    let mut agreement = Agreement::default();
    for record in json_lines(folder, "grok.jsonl") {
        let (Some(message), Some(program)) = (record["message"].as_str(), record["program_guess"].as_str()) else { continue };
        // Fragments (delays, relay, command counters, TLS features) are no messages.
        let Some((_, daemon)) = postfix_daemon(program) else { continue };
        let found = found(daemon, message);
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
        let mut found = daemon.map(|daemon| found(daemon, message)).unwrap_or_default();
        if let Some(parsed) = parsed {
            // Whole lines are tests of its syslog parser: there `host` is the machine.
            found.remove("client_ip");
            envelope(&parsed, line, &mut found);
            let host = found.get("host").cloned().unwrap_or_default();
            found.insert("client_ip".to_owned(), host);
        } else {
            // In messages, `host` is the other side.
            let relay = found.get("relay").cloned().unwrap_or_default();
            found.insert("client_ip".to_owned(), relay);
        }
        for (name, value) in record["expected"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            // Its postscreen and statistics lines are the lines, its action a name of its own.
            if matches!(name.as_str(), "postscreen" | "statistics" | "action") {
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
        let mut found =
            parsed.and_then(|line| postfix_daemon(line.tag).map(|(_, daemon)| found(daemon, line.message))).unwrap_or_default();
        agreement.check("host", host, &found, line);
        // Its years are made up; the rest of the time is the line's.
        if let (Some(time), Some(Some(ours))) = (record["expect"]["time"].as_str(), parsed.map(|line| line.time)) {
            found.insert("time".to_owned(), [ours.to_string()[10..19].to_owned()].into());
            agreement.check("time", &time[time.len() - 9..], &found, line);
        }
    }
    agreement.print("fail2ban");
    let mut agreement = Agreement::default();
    for record in json_lines(folder, "crowdsec.expect.jsonl") {
        let Some(line) = record["line"].as_str() else { continue };
        let Some(parsed) = Line::parse(line, &clock()) else { continue };
        let Some((_, daemon)) = postfix_daemon(parsed.tag) else { continue };
        let mut found = found(daemon, parsed.message);
        envelope(&parsed, line, &mut found);
        for (name, value) in record["parsed"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default().trim();
            // Its own names for things, and lists of other fields.
            if matches!(name.as_str(), "kvItems" | "timestamp" | "timestamp8601" | "message_failure" | "logsource") {
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
