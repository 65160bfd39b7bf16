//! What a start costs: loading the built-in rules, checking them with every example, and the whole program from its start to the
//! JSON report of a small bundle, beside reading the same files as YAML and nothing else, and beside starting a process that does
//! nothing: `cargo bench --bench load_rules`. The promises: loading under 30 ms, which every start pays; start to report of
//! a bundle of 1 MB under 30 ms.

use postdoc::rules::RuleSet;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The middle of an odd number of runs.
fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

/// The cases of tests/cases whose evidence is about 1 MB together, as one bundle.
fn small_bundle(into: &Path) -> u64 {
    let cases = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases"));
    let mut bytes = 0;
    for case in ["compromised-sasl-account-2", "compromised-sasl-account"] {
        for entry in walkdir::WalkDir::new(cases.join(case).join("bundle")).into_iter().flatten() {
            if entry.file_type().is_file() {
                let target = into.join(format!("{case}-{}", entry.file_name().to_string_lossy()));
                bytes += std::fs::copy(entry.path(), target).expect("copied");
            }
        }
    }
    bytes
}

fn run(command: &mut Command) {
    assert!(command.stdout(Stdio::null()).status().expect("the program starts").success());
}

fn main() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"));
    let files: Vec<String> = walkdir::WalkDir::new(&folder)
        .into_iter()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|kind| kind == "yaml"))
        .map(|entry| std::fs::read_to_string(entry.path()).expect("a text"))
        .collect();
    let yaml = median(|| {
        for text in &files {
            black_box(serde_saphyr::from_str::<serde_json::Value>(text).expect("YAML"));
        }
    });
    let load = median(|| drop(black_box(RuleSet::built_in())));
    let check = median(|| drop(black_box(RuleSet::lint(&[]))));
    let bundle = tempfile::tempdir().expect("a folder");
    let bytes = small_bundle(bundle.path());
    let postdoc = env!("CARGO_BIN_EXE_postdoc");
    let nothing = median(|| run(&mut Command::new("true")));
    let report =
        |format: &str| median(|| run(Command::new(postdoc).arg("analyze").arg(bundle.path()).args(["--format", format])));
    let (json, text, html) = (report("json"), report("text"), report("html"));
    let set = RuleSet::built_in();
    println!(
        "{} rules, {} reasons, {} files; a bundle of {bytes} bytes",
        set.rules.len(),
        set.reasons.entries.len(),
        files.len()
    );
    println!("{:34} {:>8}    {:>10} {:>10}", "", "ms", "x YAML", "x true");
    for (name, time) in [
        ("the rules' files as YAML alone", yaml),
        ("load the rules", load),
        ("check them, with every example", check),
        ("start a process: true", nothing),
        ("start to report, JSON", json),
        ("start to report, text", text),
        ("start to report, HTML", html),
    ] {
        let ratio = |base: Duration| time.as_secs_f64() / base.as_secs_f64();
        println!("{name:34} {:8.2}    {:10.2} {:10.1}", time.as_secs_f64() * 1e3, ratio(yaml), ratio(nothing));
    }
}
