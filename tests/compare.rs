//! `postdoc compare` on pairs of bundles that differ as incidents do: repaired, worse, emptied by deletion, unchanged.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const DOMAINS: [(&str, &str, &str); 4] = [
    ("gmail.com", "gmail-smtp-in.l.google.com", "198.18.1.26"),
    ("gmx.net", "mx00.emig.gmx.net", "198.18.5.8"),
    ("yahoo.com", "mta5.am0.yahoodns.net", "198.18.3.73"),
    ("outlook.com", "outlook-com.olc.protection.outlook.com", "198.18.4.5"),
];

/// A server whose outbound port 25 is blocked at 09:00, told line by line.
struct Server {
    log: String,
    /// Queue ids that wait, with the minute of their arrival.
    waiting: Vec<(usize, u32)>,
    sent: usize,
}

fn stamp(minute: u32) -> String {
    format!("Nov 12 {:02}:{:02}:07 mail", 8 + minute / 60, minute % 60)
}

impl Server {
    fn new() -> Server {
        Server { log: String::new(), waiting: Vec::new(), sent: 0 }
    }

    /// A message arrives at `minute` (after 08:00) and waits.
    fn arrives(&mut self, minute: u32) {
        let number = self.waiting.len() + self.sent;
        let at = stamp(minute);
        let id = id(number);
        let _ = writeln!(self.log, "{at} postfix/pickup[10]: {id}: uid=1000 from=<office>");
        let _ = writeln!(self.log, "{at} postfix/cleanup[11]: {id}: message-id=<{number}@kontor.example>");
        let _ = writeln!(self.log, "{at} postfix/qmgr[12]: {id}: from=<office@kontor.example>, size=900, nrcpt=1 (queue active)");
        self.waiting.push((number, minute));
    }

    /// Every waiting message is tried at `minute` and times out.
    fn times_out(&mut self, minute: u32) {
        let at = stamp(minute);
        for (number, arrived) in &self.waiting {
            let (domain, host, ip) = DOMAINS[number % 4];
            let delay = (minute - arrived) * 60 + 30;
            let _ = writeln!(
                self.log,
                "{at} postfix/smtp[13]: {}: to=<person{number}@{domain}>, relay=none, delay={delay}, delays={}/0/30/0, dsn=4.4.1, \
                 status=deferred (connect to {host}[{ip}]:25: Connection timed out)",
                id(*number),
                delay - 30
            );
        }
    }

    /// The oldest `count` waiting messages are delivered at `minute`.
    fn delivers(&mut self, count: usize, minute: u32) {
        let at = stamp(minute);
        for (number, arrived) in self.waiting.drain(..count) {
            let (domain, host, ip) = DOMAINS[number % 4];
            let delay = (minute - arrived) * 60 + 2;
            let id = id(number);
            let _ = writeln!(
                self.log,
                "{at} postfix/smtp[13]: {id}: to=<person{number}@{domain}>, relay={host}[{ip}]:25, delay={delay}, delays={}/0/1/1, \
                 dsn=2.0.0, status=sent (250 2.0.0 OK)",
                delay - 2
            );
            let _ = writeln!(self.log, "{at} postfix/qmgr[12]: {id}: removed");
            self.sent += 1;
        }
    }

    /// Somebody deletes the whole queue at `minute`.
    fn is_emptied(&mut self, minute: u32) {
        let at = stamp(minute);
        for (number, _) in self.waiting.drain(..) {
            let _ = writeln!(self.log, "{at} postfix/postsuper[14]: {}: removed", id(number));
            self.sent += 1;
        }
        let _ = writeln!(self.log, "{at} postfix/postsuper[14]: Deleted: {} messages", self.sent);
    }

    /// Writes the bundle that is collected at `minute`.
    fn collect(&self, folder: &Path, name: &str, minute: u32, settings: &str) -> PathBuf {
        let bundle = folder.join(name);
        std::fs::create_dir(&bundle).expect("a folder");
        let write = |file: &str, text: &str| std::fs::write(bundle.join(file), text).expect("written");
        write("mail.log", &self.log);
        write("date.txt", &format!("Thu Nov 12 {:02}:{:02}:30 UTC 2026\n", 8 + minute / 60, minute % 60));
        write("hostname-f.txt", "mail.kontor.example\n");
        write("postconf-n.txt", &format!("myhostname = mail.kontor.example\nmydestination = $myhostname, localhost\n{settings}"));
        let mut listing = String::from("Mail queue is empty\n");
        if !self.waiting.is_empty() {
            listing = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n".to_owned();
        }
        for (number, arrived) in &self.waiting {
            let (domain, host, ip) = DOMAINS[number % 4];
            let _ = write!(
                listing,
                "{}      900 Thu Nov 12 {:02}:{:02}:07  office@kontor.example\n\
                 (connect to {host}[{ip}]:25: Connection timed out)\n                                         person{number}@{domain}\n\n",
                id(*number),
                8 + arrived / 60,
                arrived % 60
            );
        }
        if !self.waiting.is_empty() {
            let _ = writeln!(listing, "-- 10 Kbytes in {} Requests.", self.waiting.len());
        }
        write("postqueue-p.txt", &listing);
        bundle
    }
}

fn id(number: usize) -> String {
    format!("4F2C4{number:05X}")
}

/// A server after an hour of health and an hour of trouble: 40 messages wait.
fn blocked() -> Server {
    let mut server = Server::new();
    for minute in (0..60).step_by(5) {
        server.arrives(minute);
        server.delivers(1, minute);
    }
    for minute in 60..100 {
        server.arrives(minute);
        if minute % 10 == 9 {
            server.times_out(minute);
        }
    }
    server
}

fn compare(arguments: &[&Path]) -> (Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_postdoc"))
        .args(["compare", "--format", "json"])
        .args(arguments)
        .output()
        .expect("postdoc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let comparison: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let headline = comparison["headline"].as_str().expect("a headline").to_owned();
    (comparison, headline)
}

fn state<'c>(comparison: &'c Value, rule: &str) -> &'c str {
    let causes = comparison["causes"].as_array().expect("causes");
    causes.iter().find(|cause| cause["rule"] == rule).and_then(|cause| cause["state"].as_str()).unwrap_or("absent")
}

#[test]
fn a_repaired_server_has_recovered() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = blocked();
    let before = server.collect(folder.path(), "before", 100, "");
    for minute in 101..120 {
        server.arrives(minute);
        server.delivers(3.min(server.waiting.len()), minute);
    }
    server.delivers(server.waiting.len(), 121);
    let after = server.collect(folder.path(), "after", 130, "relayhost = [smtp.relay.example]:587\n");
    let (comparison, headline) = compare(&[&before, &after]);
    assert_eq!(comparison["outcome"], "recovered", "{comparison:#}");
    assert_eq!(headline, "Recovered: 40 messages waited, now 0, and the rest was delivered");
    assert_eq!(state(&comparison, "outbound-port-25-blocked"), "resolved");
    assert_eq!(comparison["flow"]["deleted"], 0);
    // 40 waited and 19 arrived; the timeline's columns of five minutes cannot tell the edges exactly.
    assert!(comparison["flow"]["left"].as_u64().is_some_and(|left| (57..=61).contains(&left)), "{comparison:#}");
    let change = &comparison["changes"][0];
    assert_eq!((&change["name"], &change["after"]), (&"relayhost".into(), &"[smtp.relay.example]:587".into()));
    for format in ["text", "md", "html"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postdoc"));
        let output = command.args(["compare", "--format", format]).arg(&before).arg(&after).output().expect("postdoc runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("[smtp.relay.example]:587"), "{format}: {said}{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_draining_queue_has_a_forecast() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = blocked();
    let before = server.collect(folder.path(), "before", 100, "");
    for minute in 101..110 {
        server.delivers(2, minute);
    }
    let after = server.collect(folder.path(), "after", 110, "");
    let (comparison, headline) = compare(&[&before, &after]);
    assert_eq!(comparison["outcome"], "improving", "{comparison:#}");
    assert!(headline.contains("40 messages waited, now 22"), "{headline}");
    let forecast = &comparison["forecast"];
    // 18 left in ten minutes: the other 22 take a little more than twelve.
    assert!(forecast["empty_at"].as_str().is_some_and(|at| at.starts_with("2026-11-12T10:02")), "{forecast:#}");
}

#[test]
fn an_emptied_queue_is_no_recovery() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = blocked();
    let before = server.collect(folder.path(), "before", 100, "");
    server.is_emptied(105);
    let after = server.collect(folder.path(), "after", 130, "");
    let (comparison, headline) = compare(&[&before, &after]);
    assert_eq!(comparison["outcome"], "emptied", "{comparison:#}");
    assert!(headline.starts_with("Emptied, not recovered: 40 messages waited, now 0, but 40 were deleted"), "{headline}");
    assert_eq!(state(&comparison, "outbound-port-25-blocked"), "not-proven");
    assert!(comparison["forecast"]["empty_at"].is_null());
}

#[test]
fn messages_that_vanish_without_a_line_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = blocked();
    let before = server.collect(folder.path(), "before", 100, "");
    // The files were removed below the queue directory.
    server.waiting.clear();
    server.arrives(120);
    server.delivers(1, 120);
    let after = server.collect(folder.path(), "after", 130, "");
    let (comparison, _) = compare(&[&before, &after]);
    assert_eq!((&comparison["outcome"], &comparison["flow"]["vanished"]), (&"emptied".into(), &40.into()), "{comparison:#}");
}

#[test]
fn two_servers_are_no_before_and_after_and_one_that_got_a_name_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = blocked();
    let before = server.collect(folder.path(), "before", 100, "");
    server.waiting.clear();
    let after = server.collect(folder.path(), "after", 130, "");
    let name = |bundle: &Path, host: &str| std::fs::write(bundle.join("hostname-f.txt"), format!("{host}\n")).expect("written");
    name(&before, "mail");
    name(&after, "mail.kontor.example");
    assert_eq!(compare(&[&before, &after]).0["outcome"], "emptied", "the same server, which got its whole name");
    name(&after, "relay.anderswo.example");
    let (comparison, headline) = compare(&[&before, &after]);
    assert_eq!(comparison["outcome"], "unclear", "{comparison:#}");
    let told = "These are two servers, so nothing can be said of a repair. Waiting: 40 messages and 0 messages";
    assert_eq!(headline, told);
    assert_eq!(state(&comparison, "outbound-port-25-blocked"), "not-proven");
    assert_eq!(comparison["cautions"].as_array().map(Vec::len), Some(1), "{comparison:#}");
}

#[test]
fn worse_and_unchanged_are_told_apart_by_the_queue() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = blocked();
    let before = server.collect(folder.path(), "before", 100, "");
    server.times_out(109);
    let same = server.collect(folder.path(), "same", 110, "");
    for minute in 110..140 {
        server.arrives(minute);
    }
    server.times_out(140);
    let worse = server.collect(folder.path(), "worse", 141, "");
    let (comparison, headline) = compare(&[&before, &same]);
    assert_eq!(comparison["outcome"], "unchanged", "{comparison:#}");
    assert_eq!(headline, "Not fixed: 40 messages waited, now 40: Outbound TCP port 25 is blocked");
    assert_eq!(state(&comparison, "outbound-port-25-blocked"), "unchanged");
    let (comparison, headline) = compare(&[&before, &same, &worse]);
    assert_eq!(comparison["outcome"], "worse", "{comparison:#}");
    assert_eq!(headline, "Worse: 40 messages waited, now 70: Outbound TCP port 25 is blocked");
    assert_eq!(state(&comparison, "outbound-port-25-blocked"), "worse");
    assert_eq!(comparison["snapshots"].as_array().map(Vec::len), Some(3));
}

#[test]
fn reports_stand_for_their_bundles_and_every_format_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = blocked();
    let before = server.collect(folder.path(), "before", 100, "");
    let report = folder.path().join("before.json");
    let status = Command::new(env!("CARGO_BIN_EXE_postdoc")).arg("analyze").arg(&before).arg("-o").arg(&report).status();
    assert!(status.is_ok_and(|status| status.success()));
    let (comparison, _) = compare(&[&report, &before]);
    assert_eq!(comparison["outcome"], "unchanged");
    let files = ["c.txt", "c.md", "c.html", "c.json"].map(|name| folder.path().join(name));
    let mut command = Command::new(env!("CARGO_BIN_EXE_postdoc"));
    command.arg("compare").arg(&report).arg(&before);
    for file in &files {
        command.arg("-o").arg(file);
    }
    assert!(command.status().is_ok_and(|status| status.success()));
    for file in &files {
        let text = std::fs::read_to_string(file).expect("written");
        assert!(text.contains("Not fixed: 40 messages waited, now 40"), "{}: {text}", file.display());
        assert!(text.contains("outbound-port-25-blocked"), "{}", file.display());
    }
}

#[test]
fn snapshots_in_the_wrong_order_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = blocked();
    let before = server.collect(folder.path(), "before", 100, "");
    server.times_out(109);
    let after = server.collect(folder.path(), "after", 110, "");
    let output = Command::new(env!("CARGO_BIN_EXE_postdoc")).arg("compare").args([&after, &before]).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("name the older one first"));
}
