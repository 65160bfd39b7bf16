//! `postdoc check`, as monitoring calls it.

use std::io::Write;
use std::process::{Command, Stdio};

/// Standard output and exit status of `postdoc check --queue - ARGUMENTS` with this listing.
fn check(listing: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_postdoc"))
        .args(["check", "--queue", "-"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("postdoc runs");
    child.stdin.take().expect("piped").write_all(listing.as_bytes()).expect("read");
    let output = child.wait_with_output().expect("ends");
    (String::from_utf8(output.stdout).expect("UTF-8"), output.status.code())
}

const AT: &str = "2026-11-12T11:40:00+01:00";

fn message(id: &str, queue: &str, arrived: i64) -> String {
    format!(
        "{{\"queue_name\": \"{queue}\", \"queue_id\": \"{id}\", \"arrival_time\": {arrived}, \"message_size\": 1000, \
         \"sender\": \"a@example.com\", \"recipients\": [{{\"address\": \"b@example.net\"}}, {{\"address\": \"c@example.net\"}}]}}\n"
    )
}

#[test]
fn limits_decide_the_exit_status() {
    // 11:40 +0100 is 1794480000.
    let listing: String = (0..10).map(|at| message(&format!("4F2C41A2B{at}"), "deferred", 1_794_480_000 - 600)).collect();
    for (limits, level, status) in [
        (&["--warn", "11"][..], "OK", 0),
        (&["--warn", "10"], "WARNING", 1),
        (&["--crit", "10"], "CRITICAL", 2),
        (&["--max-age", "10m"], "WARNING", 1),
        (&["--max-age", "11m"], "OK", 0),
        (&["--max-age", "5m", "--crit-age", "10m"], "CRITICAL", 2),
    ] {
        let (line, code) = check(&listing, &[&["--at", AT], limits].concat());
        assert!(line.starts_with(&format!("POSTFIX QUEUE {level} - 10 messages waiting")), "{limits:?}: {line}");
        assert_eq!(code, Some(status), "{limits:?}");
    }
}

#[test]
fn the_line_carries_performance_data() {
    let listing = message("4F2C41A2B3", "deferred", 1_794_480_000 - 90) + &message("4F2C41A2B4", "hold", 1_794_480_000 - 90_000);
    let (line, _) = check(&listing, &["--at", AT, "--max-age", "1h"]);
    assert_eq!(
        line,
        "POSTFIX QUEUE OK - 2 messages waiting (0 active, 1 deferred, 1 on hold), oldest 1 min | messages=2;500;5000;0 active=0;;;0 \
         deferred=1;;;0 hold=1;;;0 incoming=0;;;0 maildrop=0;;;0 oldest=90s;3600;;0\n"
    );
}

#[test]
fn a_listing_for_people_is_read_in_the_servers_zone() {
    let listing = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n\
                   4F2C41A2B3*    1389 Thu Nov 12 11:30:00  MAILER-DAEMON\n                                         user@example.net\n\n\
                   -- 2 Kbytes in 1 Request.\n";
    let (line, code) = check(listing, &["--at", AT]);
    assert!(
        line.starts_with("POSTFIX QUEUE OK - 1 message waiting (1 active, 0 deferred, 0 on hold), oldest 10 min |"),
        "{line}"
    );
    assert_eq!(code, Some(0));
    assert_eq!(check("Mail queue is empty\n", &[]).1, Some(0));
}

#[test]
fn what_is_no_listing_is_unknown_and_never_ok() {
    for listing in ["", "postqueue: fatal: Queue report unavailable - mail system is down\n", "hello | world\n"] {
        let (line, code) = check(listing, &[]);
        assert!(line.starts_with("POSTFIX QUEUE UNKNOWN - "), "{listing:?}: {line}");
        assert!(!line.contains('|'), "{line}");
        assert_eq!(code, Some(3), "{listing:?}");
    }
}

#[test]
fn prometheus_gets_every_queue_and_whether_the_check_worked() {
    let (text, code) = check(&message("4F2C41A2B3", "deferred", 1_794_480_000 - 90), &["--at", AT, "--format", "prometheus"]);
    for line in [
        "postfix_queue_messages{queue=\"deferred\"} 1\n",
        "postfix_queue_messages{queue=\"hold\"} 0\n",
        "postfix_queue_bytes{queue=\"deferred\"} 1000\n",
        "postfix_queue_oldest_seconds{queue=\"deferred\"} 90\n",
        "postfix_queue_check_success 1\n",
        "postfix_queue_check_timestamp_seconds 1794480000\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert_eq!(code, Some(0));
    let (text, code) = check("no listing", &["--format", "prometheus"]);
    assert!(text.contains("postfix_queue_check_success 0\n"), "{text}");
    assert_eq!(code, Some(3));
}
