//! Secrets in every kind of evidence and every spelling: `tests/secrets/bundle` is full of them, and none is ever shown, whether
//! or not anything is redacted. Each holds one of the words of [`PLANTED`], plain or in base64.

use std::path::Path;
use std::process::Command;

/// `Sek1`, its base64 (in AUTH PLAIN, behind `joe`, and alone), and tokens of fixed shapes.
const PLANTED: [&str; 5] = ["sek1", "u2vrm", "agpvzqbtzwsx", "fodnn7sek1aki", "5ec1e5ec1e"];

fn postdoc(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_postdoc")).args(arguments).env_remove("POSTDOC_RULES").output().expect("it runs");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat()
}

fn shown(text: &str) -> Vec<String> {
    let is_secret = |line: &&str| PLANTED.iter().any(|word| line.to_lowercase().contains(word));
    text.lines().filter(is_secret).map(str::to_owned).collect()
}

/// A folder with these files in the bundle that lies in it.
fn bundle_of(files: &[(&str, &str)]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = folder.path().join("bundle");
    std::fs::create_dir(&bundle).expect("a folder");
    for (name, text) in files {
        std::fs::write(bundle.join(name), text).expect("a file");
    }
    (folder, bundle)
}

#[test]
fn no_secret_is_ever_shown() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/secrets/bundle");
    let mut planted = 0;
    let mut files = vec![Path::new(folder).to_owned()];
    while let Some(path) = files.pop() {
        match std::fs::read_dir(&path) {
            Ok(entries) => files.extend(entries.map(|entry| entry.expect("an entry").path())),
            Err(_) => planted += shown(&std::fs::read_to_string(&path).expect("a text")).len(),
        }
    }
    assert!(planted > 90, "{planted} lines with secrets");
    let temporary = tempfile::tempdir().expect("a folder");
    let new = temporary.path().join("new.tar.gz").display().to_string();
    let mut wrong = Vec::new();
    let mut wrong_in_pack = Vec::new();
    let mut look = |arguments: &[&str]| {
        let text = postdoc(arguments);
        wrong.extend(shown(&text).into_iter().map(|line| format!("{}: {line}", arguments.join(" "))));
        text
    };
    for format in ["json", "html", "md", "text"] {
        look(&["analyze", folder, "--format", format]);
    }
    for table in ["lines", "settings", "events", "diagnostics", "accounts", "processes", "services", "rejects"] {
        look(&["records", folder, "--table", table]);
    }
    look(&["trace", folder, "joe@x.example", "--format", "ndjson"]);
    look(&["compare", folder, folder]);
    let sources = look(&["sources", folder]);
    for kind in ["private key", "password in a URL", "token", "password in a lookup table", "password on a command line"] {
        assert!(sources.contains(kind), "{kind} is told:\n{sources}");
    }
    // What fired, and what a rule is made from, cite lines, too.
    let report: serde_json::Value = serde_json::from_str(&postdoc(&["analyze", folder, "--format", "json"])).expect("JSON");
    let fired = report["rules"].as_array().expect("a list").iter().filter(|rule| rule["result"] != "no");
    for id in fired.filter_map(|rule| rule["id"].as_str()).take(12) {
        look(&["rules", "explain", id, "--bundle", folder]);
    }
    let (pack, log) = (temporary.path().join("pack"), temporary.path().join("mail.log"));
    let line = "Nov 12 10:00:00 mx postfix/smtp[1]: 4F2C41A2B3: to=<joe@krautwurst.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.0.0, status=deferred (frobnicating for joe@krautwurst.example with password=Sek1ret failed)\n";
    std::fs::write(&log, line).expect("a file");
    look(&["rules", "new", "--from", &log.display().to_string(), "-o", &pack.display().to_string()]);
    assert!(pack.is_dir(), "a pack is written");
    for entry in walkdir::WalkDir::new(&pack).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        let text = std::fs::read_to_string(entry.path()).expect("a text");
        assert!(text.contains("frobnicating for") && !text.contains("krautwurst") && !text.contains("joe@"), "{text}");
        wrong_in_pack.extend(shown(&text));
    }
    look(&["redact", folder, "-o", &new]);
    let bundle = postdoc::bundle::Bundle::open(Path::new(&new), &postdoc::bundle::Limits::default()).expect("a bundle");
    for file in &bundle.files {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file.open().expect("a file"), &mut text).expect("text");
        wrong.extend(shown(&text).into_iter().map(|line| format!("{}: {line}", file.path)));
    }
    wrong.extend(wrong_in_pack);
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_one_file_gives_away_is_shown_of_no_other() {
    let (_folder, bundle) = bundle_of(&[
        (
            "ps.txt",
            "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND\nroot 7 0.0 0.0 1 1 ? S 10:00 0:00 /opt/send Sek1!Known\n",
        ),
        ("sasl_passwd", "[relay.example]:587 joe:Sek1!Known\n"),
        ("postconf-n.txt", "myhostname = mx.example\nrelayhost = [relay.example]:587\nsmtp_banner = Sek1!Known\n"),
        ("send.sh", "#!/bin/sh\nsend --as joe Sek1!Known\n"),
        (
            "mail.log",
            "Nov 12 10:00:00 mx postfix/smtp[1]: 4F2C41A2B3: to=<joe@x.example>, relay=none, delay=1, delays=0/0/0/1, dsn=4.0.0, \
             status=deferred (frobnicating Sek1!Known failed)\nNov 12 10:00:01 mx postfix/smtp[1]: warning: odd Sek1!Known\n\
             Nov 12 10:00:02 mx postfix/pickup[1]: 4F2C41A2B4: uid=0 from=<Sek1!Known@x.example>\n",
        ),
    ]);
    let folder = bundle.display().to_string();
    let mut wrong = Vec::new();
    let mut look = |arguments: &[&str]| {
        let text = postdoc(arguments);
        wrong.extend(shown(&text).into_iter().map(|line| format!("{}: {line}", arguments.join(" "))));
        text
    };
    for format in ["json", "html", "md", "text"] {
        look(&["analyze", &folder, "--format", format]);
        look(&["analyze", &folder, "--format", format, "--redact"]);
    }
    for table in postdoc::tables::TABLES {
        look(&["records", &folder, "--table", table.name]);
    }
    look(&["records", &folder, "--table", "failures", "--format", "csv"]);
    look(&["trace", &folder, "joe@x.example"]);
    look(&["trace", &folder, "joe@x.example", "--format", "ndjson"]);
    look(&["compare", &folder, &folder]);
    look(&["rules", "explain", "relay-auth-failed", "--bundle", &folder]);
    look(&["rules", "new", "--from", &folder, "-o", &bundle.with_file_name("pack").display().to_string()]);
    let sources = look(&["sources", &folder]);
    assert_eq!(sources.matches(": known secret; ").count(), 3, "ps, postconf and the script have it, too:\n{sources}");
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_secret_that_another_file_gives_away_is_taken_out_beside_one_that_gives_itself_away() {
    let note = "swaks -s relay.example -ap 0therPass!Word # before it was Sup3rS3cret!x\n";
    let (folder, bundle) = bundle_of(&[("sasl_passwd", "[relay.example]:587 joe:Sup3rS3cret!x\n"), ("notes.txt", note)]);
    let new = folder.path().join("new.tar.gz");
    postdoc(&["redact", &bundle.display().to_string(), "-o", &new.display().to_string()]);
    let lines = postdoc(&["records", &new.display().to_string(), "--table", "lines"]);
    assert!(lines.contains("before it was (hidden)") && !lines.contains("0therPass"), "{lines}");
}

#[test]
fn a_folder_of_ones_own_adds_what_is_hidden_and_takes_nothing_away() {
    let (folder, bundle) = bundle_of(&[("notes.txt", "acme_0123456789abcdef here\npassword = Sek1Sek1\n"), ("mail.log", LOG)]);
    let rules = folder.path().join("rules");
    std::fs::create_dir_all(rules.join("evidence")).expect("a folder");
    std::fs::create_dir(rules.join("reasons")).expect("a folder");
    std::fs::write(rules.join("secrets.yaml"), "- kind: key of Acme\n  words: ['acme_[0-9a-f]{16}']\n").expect("a file");
    let (bundle, rules) = (bundle.display().to_string(), rules.display().to_string());
    let told = |rules: &str| postdoc(&["records", &bundle, "--table", "lines", "--rules", rules]);
    let text = told(&rules);
    assert!(text.contains("(hidden) here") && !text.to_lowercase().contains("sek1"), "{text}");
    let text = postdoc(&["sources", &bundle, "--rules", &rules]);
    assert!(text.contains("key of Acme"), "{text}");
    // Also where the folder stands in for all built-in rules.
    for path in ["buckets.yaml", "evidence/maillog.yaml"] {
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(path);
        std::fs::copy(built_in, Path::new(&rules).join(path)).expect("a copy");
    }
    let text = told(&rules);
    assert!(text.contains("(hidden) here") && !text.to_lowercase().contains("sek1"), "{text}");
}

/// A line of an ordinary log.
const LOG: &str = "Nov 12 10:00:00 mail postfix/qmgr[7]: 4F2C41A2B1: from=<a@b.example>, size=1, nrcpt=1 (queue active)\n";
