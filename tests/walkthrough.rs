//! The README's walk from an unexplained reason to a new cause, as somebody who knows no Rust does it.

use std::path::Path;
use std::process::Command;

/// Runs postdoc in `folder`; gives what it printed and whether it succeeded.
fn postdoc(folder: &Path, arguments: &[&str]) -> (String, bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_postdoc")).args(arguments).current_dir(folder).output().expect("postdoc runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (said, output.status.success())
}

#[test]
fn from_an_unexplained_reason_to_a_new_cause() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path();
    let mut log = String::new();
    for number in 0..12 {
        let id = format!("4F2C4{number:05X}");
        log += &format!(
            "Nov 12 09:{number:02}:40 mail postfix/qmgr[9]: {id}: from=<office@kontor.example>, size=900, nrcpt=1 (queue active)\n"
        );
        log += &format!(
            "Nov 12 09:{number:02}:44 mail postfix/smtp[467]: {id}: to=<person{number}@guild.example>, relay=mx.guild.example[198.18.7.7]:25, \
             delay=4, delays=0/0/3/1, dsn=4.0.0, status=deferred (host mx.guild.example[198.18.7.7] said: 450 Quorum of the guild's \
             wardens not reached for ticket QX-{number:06} (in reply to RCPT TO command))\n"
        );
    }
    std::fs::write(folder.join("mail.log"), log).expect("written");

    let (report, _) = postdoc(folder, &["analyze", "mail.log", "--format", "md"]);
    assert!(report.contains("wardens not reached") && !report.contains("quorum-guild"), "{report}");

    let (said, ok) = postdoc(folder, &["rules", "new", "--from", "mail.log", "-o", "my-rules"]);
    assert!(ok, "{said}");
    assert!(said.contains("12 recipients are unexplained") && said.contains("2 of 2 tests pass"), "{said}");

    let (said, ok) = postdoc(folder, &["rules", "check", "my-rules"]);
    assert!(ok, "{said}");
    let (said, ok) = postdoc(folder, &["rules", "test", "my-rules", "--rule", "quorum-guild-wardens-not-reached-ticket"]);
    assert!(ok && said.contains("2 of 2 tests passed"), "{said}");

    // Who names a folder is told of what stands in it, and not of the built-in rules.
    let (said, ok) = postdoc(folder, &["rules", "test", "my-rules"]);
    assert!(ok && said.contains("2 of 2 tests passed, 1 example of reasons") && said.contains("--all"), "{said}");

    let (report, ok) = postdoc(folder, &["analyze", "mail.log", "--format", "json", "--rules", "my-rules"]);
    assert!(ok, "{report}");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["causes"][0]["rule"], "quorum-guild-wardens-not-reached-ticket", "{report:#}");
    assert_eq!(report["causes"][0]["accounts_for"]["waiting"], 12);
    assert_eq!(report["unexplained"].as_array().map(Vec::len), Some(0));

    // What is there is never overwritten, and a bundle without residue says so.
    let (said, ok) = postdoc(folder, &["rules", "new", "--from", "mail.log", "-o", "my-rules"]);
    assert!(!ok && said.contains("exists; nothing was written over it"), "{said}");
    let (said, ok) = postdoc(folder, &["rules", "new", "--from", "mail.log", "--rules", "my-rules", "-o", "more"]);
    assert!(!ok && said.contains("every failure in it is explained by a rule"), "{said}");
}

#[test]
fn a_rule_can_begin_without_a_bundle_in_every_bucket() {
    let temporary = tempfile::tempdir().expect("a folder");
    for bucket in ["remote-policy", "network-path", "local-service", "recipient"] {
        let (said, ok) =
            postdoc(temporary.path(), &["rules", "new", "--bucket", bucket, "--id", &format!("new-{bucket}"), "-o", bucket]);
        assert!(ok && said.contains("2 of 2 tests pass"), "{bucket}: {said}");
    }
    let (said, ok) = postdoc(temporary.path(), &["rules", "new", "--bucket", "remote"]);
    assert!(!ok && said.contains("unknown bucket `remote`; there are: "), "{said}");
}

#[test]
fn a_rule_can_begin_with_a_text_or_with_its_id() {
    let temporary = tempfile::tempdir().expect("a folder");
    for (folder, about, table) in [
        ("reply", "450 Come back after tea, says the porter", "in: failures"),
        ("warning", "postfix/smtp[200]: warning: hsm_sign: token slot 3 did not answer", "in: diagnostics"),
        (
            "refusal",
            "NOQUEUE: reject: RCPT from a.example[192.0.2.9]: 450 4.7.25 Client host rejected: quarter moon",
            "in: rejects",
        ),
        (
            "milter",
            "postfix/cleanup[7]: 4F2C41A2B3: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: 4.7.1 GuildMilter: store offline; \
             from=<a@kontor.example> to=<b@example.net> proto=ESMTP helo=<mail>",
            "in: rejects",
        ),
        // A program that nothing reads yet: the kind of evidence that does is written, too.
        ("program", "Nov 12 09:35:44 mail guildfilter[12]: cannot open the ledger: Permission denied", "daemon: guildfilter"),
        // Lines of a file of its own are a kind of evidence of their own.
        (
            "own-log",
            "2026-11-12 09:35:44 #12(normal) <2f3a1b>; lua; cannot connect to redis 127.0.0.1: Connection refused",
            "in: readings",
        ),
        ("json", r#"{"time": "2026-11-12T09:35:44Z", "level": "error", "msg": "token slot 3 offline"}"#, "in: readings"),
        // What a listing or the journal holds is what was said.
        (
            "listing",
            r#"{"queue_id": "4F2C41A2B3", "recipients": [{"address": "a@b.example", "delay_reason": "450 4.7.1 Wardens asleep"}]}"#,
            "in: failures",
        ),
    ] {
        let (said, ok) = postdoc(temporary.path(), &["rules", "new", about, "--id", folder, "-o", folder]);
        assert!(ok && said.contains("2 of 2 tests pass"), "{about}: {said}");
        let rule = said
            .split_whitespace()
            .find(|word| word.ends_with(".yaml") && !word.contains("reasons") && !word.contains("evidence"))
            .expect("a rule");
        let rule = std::fs::read_to_string(temporary.path().join(rule)).expect("the rule");
        assert!(rule.contains(table), "{about}: {rule}");
        let (said, ok) = postdoc(temporary.path(), &["rules", "check", folder]);
        assert!(ok, "{about}: {said}");
    }
    let (said, ok) = postdoc(temporary.path(), &["rules", "new", "moon-phase", "-o", "moon"]);
    assert!(ok && said.contains("remote-policy/moon-phase.yaml"), "{said}");
}

/// A text that the rules know needs no new entry: whoever wants a rule all the same gets one on the class that it has.
#[test]
fn of_a_text_that_is_known_it_is_said_by_what_and_a_rule_of_ones_own_passes() {
    let temporary = tempfile::tempdir().expect("a folder");
    let about = "550-5.7.25 The IP address sending this message does not have a PTR record setup";
    let (said, ok) = postdoc(temporary.path(), &["rules", "new", about]);
    assert!(!ok && said.contains("`ptr-missing` (rules/reasons/"), "{said}");
    assert!(said.contains("postdoc rules show ptr-missing --yaml") && !temporary.path().join("my-rules").exists(), "{said}");
    let (said, ok) = postdoc(temporary.path(), &["rules", "new", about, "--id", "our-ptr"]);
    assert!(ok && said.contains("2 of 2 tests pass") && !said.contains("my-rules/reasons"), "{said}");
    let (said, ok) = postdoc(temporary.path(), &["rules", "check", "my-rules"]);
    assert!(ok, "{said}");
}

#[test]
fn a_changed_threshold_is_tested_in_the_folder_that_changes_it() {
    let temporary = tempfile::tempdir().expect("a folder");
    let file = temporary.path().join("own.yaml");
    let change = "id: outbound-port-25-blocked\nparams: {min_providers: 17}\n";
    std::fs::write(&file, change).expect("written");
    let (said, ok) = postdoc(temporary.path(), &["rules", "test", "."]);
    assert!(!ok && said.contains("own.yaml changes the rule") && said.contains("expected likely"), "{said}");
    let own = "tests:\n  - {name: nothing, given: {hostname: mx.example.com}, expect: unknown}\n";
    std::fs::write(&file, change.to_owned() + own).expect("written");
    let (said, ok) = postdoc(temporary.path(), &["rules", "test", "."]);
    assert!(ok && said.contains("1 of 1 tests passed"), "{said}");
    let (said, ok) = postdoc(temporary.path(), &["rules", "test", "--rule", "outbound-port-25-blokced"]);
    assert!(!ok && said.contains("did you mean `outbound-port-25-blocked`?"), "{said}");
}
