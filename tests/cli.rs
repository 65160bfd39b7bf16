//! The command as a user calls it: what it prints, where, and with which exit status.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SAMPLE: &str = "samples/port-25-blocked";
const HEALTHY: &str = "tests/cases/healthy-busy-newsletter/bundle";

/// Runs postdoc in the project's folder, without what the caller's environment would change.
fn postdoc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_postdoc"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("POSTDOC_RULES")
        .env_remove("COLUMNS")
        .args(arguments)
        .output()
        .expect("postdoc runs")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Exit status 2, nothing on standard output, and what standard error says.
fn refused(arguments: &[&str]) -> String {
    let output = postdoc(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert_eq!(out(&output), "", "{arguments:?}");
    said
}

/// A folder of its own with these files, and the path of a name in it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a temporary folder"));
        for (name, text) in files {
            fs::create_dir_all(Path::new(&folder.path(name)).parent().expect("a folder")).expect("a folder");
            fs::write(folder.path(name), text).expect("a file");
        }
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }
}

#[test]
fn text_goes_to_standard_output_without_colour_when_it_is_no_terminal() {
    let output = postdoc(&["analyze", SAMPLE]);
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).starts_with("INCIDENT"), "{}", out(&output));
    assert!(!out(&output).contains('\x1b'));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_extension_decides_the_format_and_several_files_come_from_one_run() {
    let folder = Folder::with(&[]);
    let names = ["r.html", "r.md", "r.txt", "r.json", "r.out"].map(|name| folder.path(name));
    let mut arguments = vec!["analyze", SAMPLE, "--format", "json"];
    for name in &names {
        arguments.extend(["-o", name]);
    }
    let output = postdoc(&arguments);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(out(&output), "", "with files, a script reads the files");
    let [html, markdown, text, json, other] = names.map(|name| fs::read_to_string(name).expect("written"));
    assert!(html.starts_with("<!doctype html>"));
    assert!(markdown.starts_with("# "));
    assert!(text.starts_with("INCIDENT"));
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["schema"], "postdoc.report/1");
    assert_eq!(report["causes"][0]["rule"], "outbound-port-25-blocked");
    assert_eq!(json, other, "--format is for a file whose extension tells nothing");
}

#[test]
fn several_files_folders_and_archives_are_one_bundle() {
    let line = |minute: u32, id: u32| {
        format!(
            "Nov 12 09:{minute:02}:00 mail postfix/smtp[1]: 4F2C41A2B{id}: to=<amy@example.net>, relay=mx.example.net[192.0.2.1]:25, \
             delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n"
        )
    };
    let folder = Folder::with(&[
        ("mail.log", &line(30, 3)),
        ("mail.log.1", &line(20, 2)),
        ("other/mail.log", &line(10, 1)),
        ("postqueue-p.txt", "Mail queue is empty\n"),
    ]);
    let paths = ["mail.log", "mail.log.1", "other", "postqueue-p.txt"].map(|name| folder.path(name));
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let report = out(&postdoc(&[&["analyze", "--format", "json"][..], &paths].concat()));
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["traffic"]["sent"], 3);
    assert_eq!(report["queue"]["listed"], 0);
    let sources = out(&postdoc(&[&["sources"][..], &paths].concat()));
    assert!(sources.contains("mail.log\n") && sources.contains("other/mail.log\n"), "{sources}");
    let missing = folder.path("mail.log.2");
    assert_eq!(refused(&["analyze", paths[0], &missing]), format!("postdoc: {missing}: there is no such file or directory\n"));
}

#[test]
fn the_same_bundle_gives_the_same_bytes() {
    for format in ["text", "md", "html", "json"] {
        let [first, second] = [(); 2].map(|()| out(&postdoc(&["analyze", "samples/stolen-login", "--format", format])));
        assert_eq!(first, second, "{format}");
    }
}

#[test]
fn fail_on_sets_the_exit_status() {
    let status = |arguments: &[&str]| postdoc(arguments).status.code();
    assert_eq!(status(&["analyze", SAMPLE]), Some(0));
    assert_eq!(status(&["analyze", SAMPLE, "--fail-on", "incident"]), Some(1));
    assert_eq!(status(&["analyze", SAMPLE, "--fail-on", "degraded"]), Some(1));
    assert_eq!(status(&["analyze", HEALTHY, "--fail-on", "degraded"]), Some(0));
    let empty = Folder::with(&[("mail.log", "")]);
    assert_eq!(status(&["analyze", &empty.path("mail.log"), "--fail-on", "degraded"]), Some(3), "nothing is known");
    assert_eq!(status(&["analyze", &empty.path("mail.log")]), Some(0));
}

#[test]
fn a_path_that_is_no_bundle_is_refused_in_one_sentence() {
    assert_eq!(refused(&["analyze", "no-such-folder"]), "postdoc: no-such-folder: there is no such file or directory\n");

    let empty = Folder::with(&[]);
    assert!(refused(&["analyze", &empty.path("")]).contains("there is no file in it"));

    let stray = Folder::with(&[("shopping.txt", "milk\nbread\n"), ("notes/poem.txt", "roses are red\n")]);
    let said = refused(&["analyze", &stray.path("")]);
    for word in ["shopping.txt", "notes/poem.txt", "expected", "postqueue -p", "mail.log"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_truncated_archive_is_refused_and_named_as_such() {
    let whole = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/no-reverse-dns.tar.gz")).expect("the sample");
    let folder = Folder::with(&[]);
    for part in [whole.len() / 10, whole.len() / 2, whole.len() - 20] {
        fs::write(folder.path("b.tar.gz"), &whole[..part]).expect("a file");
        let said = refused(&["analyze", &folder.path("b.tar.gz")]);
        assert!(said.contains("damaged or cut off"), "{part}: {said}");
    }
}

#[test]
#[cfg(unix)]
fn an_unreadable_bundle_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with(&[("mail.log", "x")]);
    fs::set_permissions(folder.path("mail.log"), fs::Permissions::from_mode(0o000)).expect("permissions");
    if fs::read(folder.path("mail.log")).is_ok() {
        return; // root reads everything
    }
    assert!(refused(&["analyze", &folder.path("mail.log")]).contains("Permission denied"));
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_work() {
    let said = refused(&["analyze", SAMPLE, "-o", "report.pdf"]);
    assert!(said.contains("report.pdf") && said.contains(".html, .md, .txt, .json or .zip"), "{said}");
    let said = refused(&["analyze", SAMPLE, "-o", "/no/such/folder/r.html"]);
    assert!(said.contains("there is no folder /no/such/folder"), "{said}");
}

#[test]
fn an_invalid_rule_is_shown_with_its_place_and_line() {
    let rules = Folder::with(&[("network-path/mine.yaml", "id: mine\ntitle: Mine\nsummry: a slip\nrequires: {}\n")]);
    let said = refused(&["analyze", SAMPLE, "--rules", &rules.path("")]);
    let place = format!("{}:3:1: ", rules.path("network-path/mine.yaml"));
    for word in [place.as_str(), "3 | summry: a slip", "did you mean `summary`?", "requires nothing"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(refused(&["analyze", SAMPLE, "--rules", "no-such-folder"]).contains("no such folder of rules"));
}

#[test]
fn a_rule_of_ones_own_is_used_and_can_switch_off_a_built_in_one() {
    let mine = "id: sales-waits
title: Mail of the sales team waits
summary: Mail of the sales team waits.
requires:
  waits:
    in: failures
    where: {outcome: waiting}
    says: '{{count}} messages wait'
remedy:
  - do: Tell the sales team.
    phase: contain
    risk: safe
";
    let rules = Folder::with(&[
        ("network-path/mine.yaml", mine),
        ("network-path/off.yaml", "id: outbound-port-25-blocked\nenabled: false\n"),
    ]);
    let output = postdoc(&["analyze", SAMPLE, "--format", "json", "--rules", &rules.path("")]);
    let report: serde_json::Value =
        serde_json::from_str(&out(&output)).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let causes: Vec<&str> =
        report["causes"].as_array().expect("causes").iter().map(|cause| cause["rule"].as_str().expect("an id")).collect();
    assert!(causes.contains(&"sales-waits"), "{causes:?}");
    assert!(!causes.contains(&"outbound-port-25-blocked"), "{causes:?}");
    let said = refused(&["rules", "show", "outbound-port-25-blocked", "--rules", &rules.path("")]);
    assert!(said.contains("is switched off by") && said.contains("off.yaml"), "{said}");
}

#[test]
fn a_template_of_ones_own_replaces_one_and_its_errors_have_a_place() {
    let own = Folder::with(&[("report.md.hbs", "# {{host}} is {{verdict}}\n")]);
    let output = postdoc(&["analyze", SAMPLE, "--format", "md", "--templates", &own.path("")]);
    assert_eq!(out(&output), "# mail.brightcart.example is incident\n");

    let place = |name: &str| PathBuf::from(name).display().to_string();
    let bad = Folder::with(&[("report.md.hbs", "# Report\n\n{{headlin}}\n")]);
    let said = refused(&["analyze", SAMPLE, "--format", "md", "--templates", &bad.path("")]);
    assert!(said.contains(&format!("{}:3:", place(&bad.path("report.md.hbs")))) && said.contains("headlin"), "{said}");

    let stray = Folder::with(&[("reprot.md.hbs", "")]);
    let said = refused(&["analyze", SAMPLE, "--templates", &stray.path("")]);
    assert!(said.contains("reprot.md.hbs") && said.contains("report.md.hbs"), "{said}");
}

#[test]
fn explain_answers_each_line() {
    let output =
        postdoc(&["explain", "550 5.1.1 <x@example.com>: Recipient address rejected: User unknown in local recipient table"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).contains("user-unknown"), "{}", out(&output));
    // The plain cause is told before those of which one reply is seldom a sign.
    assert!(out(&output).contains("causes   user-unknown, "), "{}", out(&output));
    assert!(out(&output).contains("to do    user-unknown: Take the bounced addresses off the list."), "{}", out(&output));
    // What a server is called is not what it says.
    let output = postdoc(&["explain", "550 mx1.spam-blacklist.example: no such user here"]);
    assert!(out(&output).contains("class    user-unknown"), "{}", out(&output));
    // What the mailbox server says is no other server's word.
    let output = postdoc(&["explain", "host mx.example[private/dovecot-lmtp] said: 550 5.1.1 <a@mx.example> User doesn't exist"]);
    assert!(out(&output).contains("own-delivery"), "{}", out(&output));
    // Words that nobody knows still have a code, and a line of Postfix its daemon without the time.
    let output = postdoc(&["explain", "450 Xyzzy"]);
    assert!(out(&output).contains("4xx: temporary") && out(&output).contains("no reason takes this text"), "{}", out(&output));
    let output = postdoc(&["explain", "5.1.1"]);
    assert!(out(&output).starts_with("5.1.1\n") && out(&output).contains("class    user-unknown"), "{}", out(&output));
    let output = postdoc(&["explain", "postfix/smtpd[77]: fatal: no SASL authentication mechanisms"]);
    assert!(out(&output).contains("voice    own-daemon"), "{}", out(&output));
}

#[test]
fn explain_takes_no_line_of_progress_for_a_failure() {
    let lines = [
        "Nov 12 09:35:44 mail postfix/anvil[12]: statistics: max connection rate 61/60s for (smtp:203.0.113.5) at Nov 12 09:32:24",
        "statistics: max connection rate 61/60s for (smtp:203.0.113.5) at Nov 12 09:32:24",
        "Nov 12 09:35:44 mail postfix/smtp[12]: 4F2C41A2B3: to=<a@example.com>, relay=mx.example.com[203.0.113.9]:25, delay=3, \
            delays=0/0/3/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: rate limit unlimited)",
        "Nov 12 09:35:44 mail postfix/qmgr[12]: 4F2C41A2B3: removed",
        "Nov 12 09:35:44 mail postfix/smtpd[12]: lost connection after AUTH from unknown[203.0.113.4]",
        "Nov 12 09:35:44 mail opendkim[12]: 4F2C41A2B3: DKIM-Signature field added (s=mail, d=example.com)",
        "Nov 12 09:35:44 mail spamd[12]: spamd: clean message (1.2/5.0) for a:1 in 0.3 seconds",
    ];
    for line in lines {
        let said = out(&postdoc(&["explain", line]));
        assert!(said.ends_with("this line of the log tells of no trouble\n"), "{said}");
    }
    // A line of another program's own log is no server's reply; what a listing or the journal holds is.
    let said =
        out(&postdoc(&["explain", "2026-11-12 09:35:44 #12(normal) <2f3a>; lua; cannot connect to redis: Connection refused"]));
    assert!(said.contains("a line of another program's own log"), "{said}");
    let listed = r#"{"queue_id": "4F2C41A2B3", "recipients": [{"address": "a@b.example", "delay_reason": "host mx.b.example[192.0.2.1] said: 550 5.7.25 no PTR record"}]}"#;
    assert!(out(&postdoc(&["explain", listed])).contains("class    ptr-missing"));
    // The same programs, and trouble.
    for (line, class) in [
        ("postfix/master[12]: daemon started -- version 3.7.6, configuration /etc/postfix", "postfix-started"),
        ("postfix/anvil[12]: fatal: watchdog timeout", "watchdog-timeout"),
        ("spamd[12]: spamd: error: cannot open socket", "companion-failed"),
        ("postqueue: fatal: Queue report unavailable - mail system is down", "postfix-not-running"),
        ("554 mail.example.com ESMTP not accepting messages", "remote-fault"),
        ("554 5.2.1 <a@b.example> is not accepting messages", "mailbox-disabled"),
    ] {
        let said = out(&postdoc(&["explain", line]));
        assert!(said.contains(&format!("class    {class}")), "{said}");
    }
}

#[test]
fn explain_finds_what_a_bounce_quotes() {
    let bounce = "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n\
        <ann@example.net>: host mx.example.net[192.0.2.7] said: 550-5.7.25 The\n    sending address has no PTR\n    \
        550 5.7.25 record (in reply to end of DATA command)\n";
    let output = postdoc(&["explain", bounce]);
    assert!(out(&output).starts_with("host mx.example.net[192.0.2.7] said: 550-5.7.25"), "{}", out(&output));
    assert!(out(&output).contains("class    ptr-missing") && out(&output).matches("class ").count() == 1, "{}", out(&output));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let status = Command::new("sh")
        .args(["-c", &format!("{} analyze {SAMPLE} --format html | head -c 10; exit 0", env!("CARGO_BIN_EXE_postdoc"))])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("sh");
    assert_eq!(String::from_utf8_lossy(&status.stderr), "");
}
