//! Logs whose lines are made to hurt.

use super::*;

#[test]
fn a_line_of_many_megabytes_is_cut_and_its_neighbours_are_read() {
    let folder = Folder::new();
    let mut log = ordinary().into_bytes();
    log.extend_from_slice(
        b"Nov 12 10:01:00 mail postfix/smtp[7]: 4F2C41A2C1: to=<a@b.example>, relay=none, delay=1, status=deferred (",
    );
    log.resize(log.len() + (100 << 20), b'x');
    log.extend_from_slice(b")\n");
    log.extend_from_slice(ordinary().as_bytes());
    folder.add("mail.log.gz", gzip(&log));
    let outcome = Call::new(&["analyze", &folder.path("mail.log.gz"), "--format", "json"]).run();
    let report: serde_json::Value = serde_json::from_str(outcome.reported()).expect("JSON");
    assert_eq!((&report["traffic"]["lines"], &report["traffic"]["sent"]), (&41.into(), &40.into()));
    // The same where nobody knows the file.
    folder.add("notes/notes.txt", vec![b'x'; 100 << 20]);
    folder.add("notes/mail.log", ordinary());
    Call::new(&["analyze", &folder.path("notes")]).run().reported();
}

#[test]
fn nothing_repeats_and_memory_stays_bounded() {
    let outcome = Call::new(&["analyze", "-", "--format", "json"]).run_with(|input| {
        let mut block = String::new();
        for at in 0..20_000_u64 {
            let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let (id, time) = (format!("{:010X}", mixed >> 24), at / 50);
            let _ = writeln!(
                block,
                "Nov 12 {:02}:{:02}:{:02} mail postfix/smtp[{}]: {id}: to=<u{at}@d{mixed:x}.example>, relay=mx{at}.d{mixed:x}.example[10.{}.{}.{}]:25, \
                 delay={at}, delays=0/0/1/0, dsn=4.{}.{}, status=deferred (host mx{at} said: 4{:02} reason {} of {mixed:x} word{mixed:x})",
                time / 3600,
                time / 60 % 60,
                time % 60,
                at % 30_000,
                at >> 16 & 255,
                at >> 8 & 255,
                at & 255,
                at % 8,
                at % 100,
                at % 100,
                letters(mixed),
            );
            if block.len() > 1 << 16 {
                input.write_all(block.as_bytes()).expect("it reads");
                block.clear();
            }
        }
        input.write_all(block.as_bytes()).expect("it reads");
    });
    let report: serde_json::Value = serde_json::from_str(outcome.reported()).expect("JSON");
    assert_eq!(report["traffic"]["deferred_attempts"], 20_000);
}

/// A number as a word, which no mask takes for a number.
fn letters(number: u64) -> String {
    (0..12).map(|at| char::from(b'a' + (number >> (5 * at) & 15) as u8)).collect()
}

#[test]
fn clocks_that_jump_by_centuries_make_no_endless_timeline() {
    let mut log = String::new();
    for (at, year) in
        ["0001", "1970", "2026", "9999", "2026", "1900", "2999", "0000", "2026"].iter().cycle().take(900).enumerate()
    {
        let _ = writeln!(
            log,
            "{year}-11-12T10:{:02}:{:02}.000001+01:00 mail postfix/smtp[7]: 4F2C41A2B{at}: to=<a@b.example>, relay=none, delay=99999999999, \
             delays=1e300/-5/NaN/9, dsn=4.4.1, status=deferred (connect to mx.b.example[192.0.2.1]:25: Connection timed out)",
            at / 60 % 60,
            at % 60
        );
    }
    let folder = Folder::with("mail.log", &log);
    for format in ["json", "html"] {
        let outcome = Call::new(&["analyze", &folder.path("mail.log"), "--format", format]).run();
        assert!(outcome.reported().len() < 1 << 20, "{format}: {} bytes", outcome.out.len());
    }
    let traditional = "Feb 29 23:59:60 mail postfix/qmgr[1]: 4F2C41A2B1: removed\nJan  1 00:00:00 mail postfix/qmgr[1]: 4F2C41A2B2: removed\n\
                       Dec 31 24:61:61 mail postfix/qmgr[1]: 4F2C41A2B3: removed\nNov 99 10:00:00 mail postfix/qmgr[1]: 4F2C41A2B4: removed\n";
    folder.add("mail.log", traditional.repeat(200));
    Call::new(&["analyze", &folder.path("mail.log")]).run().reported();
}

#[test]
fn bytes_that_are_no_text_are_read_and_never_shown_raw() {
    let mut log = ordinary().into_bytes();
    for odd in [
        &b"\0\0\0\0"[..],
        b"\xff\xfe\x80",
        b"\x1b]0;owned\x07\x1b[2J",
        b"\xe2\x80\xae",
        b"\xc2\x9b31m",
        b"\r\r",
        b"\x00<script>alert(1)</script>",
    ] {
        for _ in 0..5 {
            log.extend_from_slice(b"Nov 12 10:02:00 mail postfix/smtp[7]: 4F2C41A2D1: to=<a");
            log.extend_from_slice(odd);
            log.extend_from_slice(b"@b.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to ");
            log.extend_from_slice(odd);
            log.extend_from_slice(b"[192.0.2.1]:25: Connection timed out)\n");
            log.extend_from_slice(odd);
            log.push(b'\n');
        }
    }
    let folder = Folder::with("mail.log", &log);
    folder.add("\u{202e}gpj.\u{1b}[2Jtxt", "x\n");
    for format in ["text", "md", "html"] {
        let outcome = Call::new(&["analyze", &folder.path(""), "--format", format]).run();
        let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        let line = outcome.reported().lines().find(|line| line.contains(raw));
        assert_eq!(line, None, "{format}");
        // In Markdown it stands in code spans.
        assert!(format != "html" || !outcome.out.contains("<script>alert"), "{}", outcome.out);
    }
    let outcome = Call::new(&["sources", &folder.path("")]).run();
    assert!(!outcome.reported().contains('\u{1b}'));
}

#[test]
fn a_line_of_beginnings_of_addresses_is_redacted_in_time() {
    // Each word may begin an address that reaches to the end of the line, and none does.
    let start = "Nov 12 10:00:00 mail postfix/smtp[7]: 4F2C41A2B3: to=<maria@krautwurst.example>, relay=none, delay=1, \
                 delays=0/0/1/0, dsn=4.4.1, status=deferred (";
    let folder = Folder::with("mail.log", format!("{start}{})\n", "=?utf-8?q?".repeat(100_000)));
    let new = folder.path("new.tar.gz");
    Call::new(&["redact", &folder.path("mail.log"), "-o", &new]).run().reported();
    let out = Call::new(&["analyze", &new, "--format", "json"]).run();
    assert!(!out.reported().contains("krautwurst"));
}

#[test]
fn a_message_to_a_hundred_thousand_recipients_is_one_line_and_read_whole() {
    let recipients: Vec<String> = (0..100_000)
        .map(|at| format!("{{\"address\": \"a{at}@b.example\", \"delay_reason\": \"connection timed out\"}}"))
        .collect();
    let message = |id: &str, recipients: &[String]| {
        let rest = "\"arrival_time\": 1794474544, \"message_size\": 667, \"sender\": \"c@d.example\"";
        format!("{{\"queue_name\": \"deferred\", \"queue_id\": \"{id}\", {rest}, \"recipients\": [{}]}}\n", recipients.join(", "))
    };
    let text = message("4F2C41A2B3", &recipients) + &message("4F2C41A2B4", &recipients[..1]);
    let folder = Folder::with("bundle/postqueue-j.json", text + &"{\"queue_id\": [".repeat(100_000));
    let outcome = Call::new(&["analyze", &folder.path("bundle"), "--format", "json"]).run();
    let report: serde_json::Value = serde_json::from_str(outcome.reported()).expect("JSON");
    assert_eq!((&report["queue"]["listed"], &report["queue"]["waiting_recipients"]), (&2.into(), &100_001.into()));
}

#[test]
fn no_command_writes_what_a_terminal_obeys() {
    let odd = "\u{9b}31m\u{202e}\u{2066}\u{1b}[2J";
    let folder = Folder::with("mail.log", ordinary().replace("<a@b", &format!("<a{odd}@b")));
    let log = folder.path("mail.log");
    for command in [
        vec!["records", &log, "--table", "attempts"],
        vec!["sources", &log, "--format", "json"],
        vec!["trace", &log, "4F2C41A2B00", "--format", "ndjson"],
        vec!["explain", odd, "--format", "json"],
    ] {
        let outcome = Call::new(&command).run();
        let raw = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2066}');
        assert!(!outcome.reported().contains(raw), "{command:?}: {:?}", outcome.out);
    }
}
