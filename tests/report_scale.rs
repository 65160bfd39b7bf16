//! A large bundle still makes a report that a mail gateway takes and a person reads.

use postdoc::analysis::{Analysis, Options};
use postdoc::report::render::{Format, Look, Templates, render};
use postdoc::rules::RuleSet;
use std::fmt::Write;
use std::sync::atomic::AtomicU64;

/// A queue listing of `messages` messages to `domains` domains, with as many different reasons.
fn listing(messages: usize, domains: usize) -> String {
    let mut out = String::new();
    for at in 0..messages {
        let domain = at % domains;
        let _ = writeln!(
            out,
            "{{\"queue_name\": \"deferred\", \"queue_id\": \"4b{at:07X}zAB\", \"arrival_time\": {}, \"message_size\": 2048, \"sender\": \
             \"s{}@sender.example\", \"recipients\": [{{\"address\": \"u{at}@d{domain}.example\", \"delay_reason\": \"host \
             mx.d{domain}.example[198.51.100.{}] said: 450 4.7.1 policy word{domain}x says wait (in reply to RCPT TO command)\"}}]}}",
            1_794_450_000 + at % 30_000,
            at % 500,
            at % 250,
        );
    }
    out
}

#[test]
fn ten_thousand_domains_make_a_small_report() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("postqueue-j.json"), listing(11_000, 10_000)).expect("written");
    std::fs::write(folder.path().join("date.txt"), "Thu Nov 12 11:40:00 UTC 2026\n").expect("written");
    let rules = RuleSet::built_in();
    let report = Analysis::run(folder.path(), &rules, &Options::default(), &AtomicU64::new(0)).expect("a report").report;
    assert_eq!(report.queue.waiting_messages, 11_000);
    let table = report.destinations.as_ref().expect("a table");
    assert!(table.rows.len() <= 9 && table.columns.len() <= 6);
    for format in [Format::Html, Format::Markdown, Format::Json] {
        let text = render(&report, format, &Templates::built_in(), &Look::default()).expect("rendered");
        assert!(text.len() < 1_000_000, "{format:?}: {} bytes", text.len());
    }
}
