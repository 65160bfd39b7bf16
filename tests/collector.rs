//! The collector script as a user gets it. What it does on real machines is tested by `tests/collector/run.sh`.

use std::process::{Command, Output};

fn postdoc(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_postdoc")).args(arguments).output().expect("postdoc runs")
}

fn script(arguments: &[&str]) -> String {
    let output = postdoc(&[&["collect"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_script_takes_what_the_evidence_files_name() {
    let script = script(&[]);
    for step in ["take postqueue-j.json 'postqueue -j'", "take postconf-n.txt 'postconf -n'", "\nlogs\n", "probe nc-25.txt "] {
        assert!(script.contains(step), "{step} is missing in:\n{script}");
    }
    assert!(!script.contains("#@"), "a placeholder was left");
}

#[test]
fn options_become_the_defaults_of_the_script() {
    let script = script(&["--no-network", "--log-hours", "6", "--max-mb", "5"]);
    for line in ["network=no\n", "log_hours=6\n", "max_mb=5\n"] {
        assert!(script.contains(line), "{line}");
    }
}

#[test]
fn a_report_asks_only_for_what_it_missed() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let text = r#"{"schema": "postdoc.report/1", "not_checked": [
        {"rule": "x", "needs": "TCP", "command": "nc -vz -w 5 smtp.gmail.com 587 > nc-587.txt"},
        {"rule": "y", "needs": "something nobody collects", "command": null}]}"#;
    std::fs::write(&report, text).expect("written");
    let script = script(&["--for", report.to_str().expect("UTF-8")]);
    let steps = script.split("# --- Evidence").nth(1).expect("the steps");
    assert!(steps.contains("probe nc-587.txt") && steps.contains("take date.txt"), "{steps}");
    assert!(!steps.contains("postqueue") && !steps.contains("nc-25.txt"), "{steps}");

    std::fs::write(&report, "{}").expect("written");
    let output = postdoc(&["collect", "--for", report.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no report of postdoc"));
}
