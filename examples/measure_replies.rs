//! How many replies of real servers are put in the right bucket and cause:
//! `measure_replies FILE [--reasons DIR] [--half 0|1] [--quiet]`.
//!
//! FILE is a table with a header and the columns `smtp_code`, `enhanced_code`, `reply_text`, `source`, `source_label`,
//! `bucket`, `cause`, or a `.jsonl` of other collections: `text` with `expect.reason` (sisimai's words) or `category`
//! (ZoneMTA's). Each reply is asked of `postdoc::diagnose::explain`. `--half` measures one half only (rows are split by a
//! hash), so that phrases can be written looking at the other one; `--quiet` lists no differences.

mod measuring;

use measuring::Call;
use postdoc::diagnose::explain::explain;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// A reply and what it is.
struct Labelled {
    text: String,
    /// Buckets that are right, the label's own first.
    buckets: Vec<String>,
    cause: String,
}

/// Finer classes of ours, by the label that covers them.
const WITHIN: &[(&str, &[&str])] = &[
    ("helo-rejected", &["helo-not-fqdn"]),
    ("unspecific", &["remote-fault", "policy-other"]),
    ("policy-other", &["message-malformed"]),
    ("content-spam", &["virus-or-attachment"]),
    ("relay-denied", &["relay-client-not-listed"]),
    ("rate-limited", &["relay-quota-exceeded", "recipient-rate"]),
    ("ptr-missing", &["ipv6-ptr-missing"]),
    (
        "sasl-failed",
        &["relay-basic-auth-disabled", "relay-app-password-required", "relay-too-many-logins", "relay-account-suspended"],
    ),
    ("mailbox-disabled", &["recipient-moved"]),
];

/// Classes that a fair reader could also give: the remedy is the same or the text says both.
const NEIGHBOURS: &[(&str, &[&str])] = &[
    ("policy-other", &["content-spam", "recipient-restricted"]),
    ("content-spam", &["policy-other", "domain-reputation", "message-malformed"]),
    ("ip-blocklisted", &["domain-reputation"]),
    ("domain-reputation", &["ip-blocklisted", "content-spam"]),
    ("auth-required", &["spf-fail", "dkim-fail", "dmarc-fail"]),
    ("dmarc-fail", &["auth-required"]),
    ("spf-fail", &["auth-required"]),
    ("user-unknown", &["mailbox-disabled", "bad-address", "domain-not-found", "recipient-moved"]),
    ("mailbox-disabled", &["user-unknown", "recipient-restricted"]),
    ("recipient-restricted", &["mailbox-disabled", "policy-other"]),
    ("bad-address", &["user-unknown", "domain-not-found"]),
    ("domain-not-found", &["user-unknown"]),
    ("relay-denied", &["auth-missing"]),
    ("auth-missing", &["relay-denied", "sasl-failed"]),
    ("sasl-failed", &["auth-missing"]),
];

fn main() -> ExitCode {
    let call = match Call::read("measure_replies TSV|JSONL [--reasons DIR] [--half 0|1] [--quiet]") {
        Ok(call) => call,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let mut replies: Vec<Labelled> = if call.table.starts_with('{') {
        call.table.lines().filter_map(collection).collect()
    } else {
        call.table.lines().skip(1).filter_map(row).collect()
    };
    if let Some(half) = call.value("--half") {
        replies.retain(|reply| half_of(&reply.text).to_string() == half);
    }
    let mut measured = Measured::default();
    for reply in &replies {
        let explained = explain(&reply.text, &call.rules);
        let bucket = explained.bucket.as_deref().unwrap_or("-");
        let class = explained.reason_class.as_deref().unwrap_or("-");
        let verdict = measured.add(reply, bucket, class);
        if verdict != "ok" && !call.has("--quiet") {
            println!(
                "{verdict:9} {}/{} but {bucket}/{class} ({})",
                reply.buckets[0],
                reply.cause,
                explained.decided_by.as_deref().unwrap_or("-")
            );
            println!("          {}", reply.text);
        }
    }
    measured.print();
    ExitCode::SUCCESS
}

#[derive(Default)]
struct Measured {
    counted: usize,
    bucket: usize,
    cause: usize,
    neighbour: usize,
    other: usize,
    other_right: usize,
    other_alarms: usize,
    per_cause: BTreeMap<String, (usize, usize)>,
}

impl Measured {
    /// Counts one answer and says how it differs.
    fn add(&mut self, reply: &Labelled, bucket: &str, class: &str) -> &'static str {
        let among =
            |table: &[(&str, &[&str])]| table.iter().any(|(cause, classes)| *cause == reply.cause && classes.contains(&class));
        if reply.buckets[0] == "other" {
            self.other += 1;
            if bucket == "other" || bucket == "-" {
                self.other_right += 1;
                return "ok";
            }
            if bucket == "remote-policy" && reply.cause != "protocol" {
                return "other";
            }
            self.other_alarms += 1;
            return "OTHER";
        }
        self.counted += 1;
        let entry = self.per_cause.entry(reply.cause.clone()).or_default();
        entry.1 += 1;
        if !reply.buckets.iter().any(|right| right == bucket) {
            return "BUCKET";
        }
        self.bucket += 1;
        if class == reply.cause || among(WITHIN) || reply.cause.is_empty() {
            self.cause += 1;
            entry.0 += 1;
            "ok"
        } else if among(NEIGHBOURS) {
            self.neighbour += 1;
            "neighbour"
        } else {
            "cause"
        }
    }

    fn print(&self) {
        for (cause, (right, all)) in &self.per_cause {
            println!("{cause:22} {right:4} of {all:4}");
        }
        let share = |part: usize| 100.0 * part as f64 / self.counted.max(1) as f64;
        println!("bucket right: {} of {} ({:.1} %)", self.bucket, self.counted, share(self.bucket));
        println!(
            "cause right: {} ({:.1} %), with neighbours {} ({:.1} %)",
            self.cause,
            share(self.cause),
            self.cause + self.neighbour,
            share(self.cause + self.neighbour)
        );
        println!(
            "labelled other: {} of {} other, {} neither other nor remote-policy",
            self.other_right, self.other, self.other_alarms
        );
    }
}

fn row(line: &str) -> Option<Labelled> {
    let fields: Vec<&str> = line.split('\t').collect();
    let &[_, _, text, _, _, bucket, cause] = fields.as_slice() else { return None };
    Some(Labelled { text: text.to_owned(), buckets: vec![bucket.to_owned()], cause: cause.to_owned() })
}

/// A record of another collection, its word mapped to the buckets that it can mean.
fn collection(line: &str) -> Option<Labelled> {
    let record: serde_json::Value = serde_json::from_str(line).ok()?;
    let text = record["text"].as_str()?;
    let word = record["expect"]["reason"].as_str().or_else(|| record["category"].as_str())?;
    let buckets: &[&str] = match word {
        "authfailure" | "badreputation" | "blocked" | "requireptr" | "speeding" | "toomanyconn" | "ratelimit"
        | "spamdetected" | "policyviolation" | "rejected" | "notcompliantrfc" | "virusdetected" | "contenterror"
        | "blacklist" | "block" | "spam" | "policy" | "capacity" | "virus" | "failedstarttls" => &["remote-policy"],
        "securityerror" => &["remote-policy", "auth-relay"],
        "userunknown" | "mailboxfull" | "hasmoved" | "suspend" | "mesgtoobig" | "exceedlimit" | "filtered" | "recipient"
        | "spamtrap" => &["recipient"],
        "hostunknown" | "dns" => &["recipient", "dns-resolver"],
        "norelaying" => &["auth-relay"],
        "mailererror" | "onhold" | "notaccept" | "systemerror" | "systemfull" | "networkerror" | "expired" | "syntaxerror"
        | "defer" | "other" | "undefined" | "protocol" | "network" => {
            &["other", "local-service", "local-resource", "network-path", "dns-resolver"]
        }
        _ => return None,
    };
    let text = text.strip_prefix("smtp; ").or_else(|| text.strip_prefix("SMTP; ")).unwrap_or(text);
    Some(Labelled {
        text: text.to_owned(),
        buckets: buckets.iter().map(|&bucket| bucket.to_owned()).collect(),
        cause: String::new(),
    })
}

/// 0 or 1, by FNV-1a over the text.
fn half_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)) >> 40 & 1
}
