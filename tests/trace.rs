//! `postdoc trace`: the story of a message, through its queue ids.

use std::path::Path;
use std::process::Command;

/// A message goes through a content filter, which hands it back; its recipient refuses it, so a bounce goes to the sender.
/// Beside it: another message, and a later one under the first id again.
const LOG: &str = "\
Nov 23 10:00:00 mx postfix/smtpd[10]: 4AAAA11111: client=desk.example.org[192.0.2.7], sasl_method=PLAIN, sasl_username=ann@example.org
Nov 23 10:00:00 mx postfix/cleanup[11]: 4AAAA11111: message-id=<m1@desk.example.org>
Nov 23 10:00:00 mx postfix/qmgr[12]: 4AAAA11111: from=<ann@example.org>, size=900, nrcpt=1 (queue active)
Nov 23 10:00:01 mx postfix/smtpd[13]: 5BBBB22222: client=localhost[127.0.0.1]
Nov 23 10:00:01 mx postfix/cleanup[11]: 5BBBB22222: message-id=<m1@desk.example.org>
Nov 23 10:00:01 mx amavis[99]: (00099-01) Passed CLEAN {RelayedOutbound}, <ann@example.org> -> <Bob@Example.net>, Queue-ID: 4AAAA11111, Message-ID: <m1@desk.example.org>, queued_as: 5BBBB22222
Nov 23 10:00:01 mx postfix/smtp[14]: 4AAAA11111: to=<bob@example.net>, orig_to=<bobby@example.org>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 5BBBB22222)
Nov 23 10:00:01 mx postfix/qmgr[12]: 4AAAA11111: removed
Nov 23 10:00:02 mx postfix/qmgr[12]: 5BBBB22222: from=<ann@example.org>, size=950, nrcpt=1 (queue active)
Nov 23 10:00:03 mx postfix/smtp[15]: 6CCCC33333: to=<carol@example.com>, relay=mx.example.com[198.51.100.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5BBBB22222)
Nov 23 10:00:04 mx postfix/smtp[15]: 5BBBB22222: to=<bob@example.net>, relay=mx.example.net[198.51.100.7]:25, delay=2, delays=0/0/1/1, dsn=5.1.1, status=bounced (host mx.example.net[198.51.100.7] said: 550 5.1.1 no such \u{1b}[31muser (in reply to RCPT TO command))
Nov 23 10:00:04 mx postfix/cleanup[11]: 7DDDD44444: message-id=<20261123100004.7DDDD44444@mx.example.org>
Nov 23 10:00:04 mx postfix/bounce[16]: 5BBBB22222: sender non-delivery notification: 7DDDD44444
Nov 23 10:00:04 mx postfix/qmgr[12]: 7DDDD44444: from=<>, size=2900, nrcpt=1 (queue active)
Nov 23 10:00:04 mx postfix/qmgr[12]: 5BBBB22222: removed
Nov 23 10:00:05 mx postfix/local[17]: 7DDDD44444: to=<ann@example.org>, relay=local, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to mailbox)
Nov 23 10:00:05 mx postfix/qmgr[12]: 7DDDD44444: removed
Nov 23 11:00:00 mx postfix/cleanup[11]: 4AAAA11111: message-id=<m2@elsewhere.example>
Nov 23 11:00:00 mx postfix/qmgr[12]: 4AAAA11111: from=<dave@example.org>, size=700, nrcpt=1 (queue active)
Nov 23 11:00:01 mx postfix/smtp[15]: 4AAAA11111: to=<erin@example.com>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to mx.example.com[198.51.100.9]:25: Connection timed out)
Nov 23 11:05:00 mx postfix/smtpd[10]: NOQUEUE: reject: RCPT from x.example[203.0.113.5]: 554 5.7.1 <Bob@example.net>: Relay access denied; from=<spam@x.example> to=<Bob@example.net> proto=ESMTP helo=<x>
";

fn run(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_postdoc")).args(arguments).output().expect("postdoc runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.code())
}

/// The numbers of the lines that the story shows, in its order.
fn lines(bundle: &Path, what: &str) -> Vec<u64> {
    let (out, err, code) = run(&["trace", bundle.to_str().expect("UTF-8"), what, "--format", "ndjson"]);
    assert_eq!(code, Some(0), "{what}: {err}");
    let objects = out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    objects.map(|object| object["line"].as_u64().expect("a line number")).collect()
}

const STORY: [u64; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17];

#[test]
fn a_message_is_followed_from_any_of_its_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("mail.log");
    std::fs::write(&log, LOG).expect("written");
    // From the second id back to the first and on to the notice; the other server's id of the same form is nobody's.
    assert_eq!(lines(&log, "5BBBB22222"), STORY);
    assert_eq!(lines(&log, "7DDDD44444"), STORY);
    assert_eq!(lines(&log, "<m1@desk.example.org>"), STORY);
    // An id that came again is shown in both of its lives.
    assert_eq!(lines(&log, "4AAAA11111"), [&STORY[..], &[18, 19, 20]].concat());
    // By address, in any case and before aliases; a refusal names it, too.
    assert_eq!(lines(&log, "BOB@example.net"), [&STORY[..], &[21]].concat());
    assert_eq!(lines(&log, "bobby@example.org"), STORY);
    assert_eq!(lines(&log, "dave@example.org"), [18, 19, 20]);
}

#[test]
fn the_text_is_for_people_and_no_terminal_obeys_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("mail.log");
    std::fs::write(&log, LOG.replace("no such \u{1b}[31muser", "no such \u{9b}31muser")).expect("written");
    let (out, err, code) = run(&["trace", log.to_str().expect("UTF-8"), "5BBBB22222"]);
    assert_eq!(code, Some(0), "{err}");
    for part in [
        ":00:01Z  5BBBB22222  cleanup  message-id=<m1@desk.example.org>  (mail.log:5)\n",
        "no such \\u{9b}31muser",
        "\n4AAAA11111: from ann@example.org; done after 1 s\n    to bob@example.net: sent\n",
        "\n5BBBB22222: from ann@example.org; done after 3 s\n    to bob@example.net: bounced\n",
        "\n7DDDD44444: a notice of this server; done after 1 s\n    to ann@example.org: sent\n",
    ] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
    assert!(!out.contains('\u{9b}'));
}

#[test]
fn rotated_logs_are_one_story_in_the_order_of_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let all: Vec<&str> = LOG.split_inclusive('\n').collect();
    std::fs::write(folder.path().join("mail.log"), all[8..].concat()).expect("written");
    std::fs::write(folder.path().join("mail.log.1"), all[..8].concat()).expect("written");
    let (out, err, code) = run(&["trace", folder.path().to_str().expect("UTF-8"), "7DDDD44444", "--format", "ndjson"]);
    assert_eq!(code, Some(0), "{err}");
    let objects: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(objects.len(), STORY.len());
    assert_eq!((&objects[0]["file"], &objects[0]["line"]), (&"mail.log.1".into(), &1.into()));
    assert!(objects.is_sorted_by_key(|object| object["time"].as_str().expect("a time").to_owned()));
    assert_eq!(objects[6]["fields"]["status"], "sent");
    assert_eq!(objects[6]["kind"], "delivery");
}

#[test]
fn nothing_found_says_what_the_logs_cover() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("mail.log");
    std::fs::write(&log, LOG).expect("written");
    let (out, err, code) = run(&["trace", log.to_str().expect("UTF-8"), "nobody@example.org"]);
    assert_eq!((out.as_str(), code), ("", Some(1)));
    assert!(err.starts_with("postdoc: no line names nobody@example.org; the logs cover 2"), "{err}");
    assert!(err.contains("-11-23T10:00:00Z to 2") && err.trim_end().ends_with("-11-23T11:05:00Z"), "{err}");
    std::fs::write(&log, "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/sda1 10 5 5 50% /\n").expect("written");
    let (_, err, code) = run(&["trace", log.to_str().expect("UTF-8"), "nobody@example.org"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("there is no mail log in it"), "{err}");
}
