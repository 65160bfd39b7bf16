//! Whether every count of `traffic` and `queue` is exact, and the report the same for any number of threads.
//!
//! `cargo bench --bench truth -- GENERATOR [MIB [SEED ...]]`: GENERATOR is a Python program that writes a log and the truth
//! about it (`--mb`, `--seed`, `--scenario`, `--format`, `--gzip`, `--out`, `--truth`). Every scenario that it lists is
//! written in both time formats, plain and compressed, cut into two files as a rotation would, and read with one, two and
//! three threads. Prints what differs; exit status 1 if anything does.

use postdoc::analysis::{Analysis, Options};
use postdoc::evidence::How;
use postdoc::report::render::{Format, Look, Templates, render};
use postdoc::rules::RuleSet;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::AtomicU64;

const SCENARIOS: [&str; 6] = ["mixed", "healthy", "blocked25", "compromised", "greylist", "dns"];
const JOBS: [usize; 3] = [1, 2, 3];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [generator, rest @ ..] = arguments.as_slice() else {
        println!("truth: name the program that writes logs and the truth about them; see benches/README.md");
        return ExitCode::SUCCESS;
    };
    let megabytes = rest.first().map_or("4", String::as_str);
    let seeds: Vec<&str> = rest.iter().skip(1).map(String::as_str).collect();
    let seeds = if seeds.is_empty() { vec!["1", "2", "3"] } else { seeds };
    let rules = RuleSet::built_in();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (mut logs, mut wrong) = (0, 0);
    for scenario in SCENARIOS {
        for format in ["rfc3339", "traditional"] {
            for seed in &seeds {
                for packed in [false, true] {
                    let (log, truth) = write(folder.path(), generator, megabytes, seed, scenario, format, packed);
                    let truth: Value = serde_json::from_slice(&std::fs::read(truth).expect("the truth")).expect("JSON");
                    let mut bundles = vec![log.clone()];
                    if !packed {
                        bundles.push(rotated(folder.path(), &log));
                    }
                    for bundle in bundles {
                        let name = bundle.file_name().unwrap_or_default().to_string_lossy();
                        let what = format!("{scenario} {format} seed {seed} {name}");
                        let problems = check(&bundle, &truth, &rules);
                        logs += 1;
                        wrong += usize::from(!problems.is_empty());
                        problems.iter().for_each(|problem| println!("{what}: {problem}"));
                    }
                }
            }
        }
        println!("{scenario}: done");
    }
    println!("{logs} logs, {wrong} of them with a difference");
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Has a log written; gives its path and that of the truth about it.
fn write(
    folder: &Path,
    generator: &str,
    megabytes: &str,
    seed: &str,
    scenario: &str,
    format: &str,
    packed: bool,
) -> (PathBuf, PathBuf) {
    let log = folder.join(if packed { "mail.log.gz" } else { "mail.log" });
    let truth = folder.join("truth.json");
    let mut command = Command::new("python3");
    command.args([generator, "--mb", megabytes, "--seed", seed, "--scenario", scenario, "--format", format]);
    command.arg("--out").arg(&log).arg("--truth").arg(&truth);
    if packed {
        command.arg("--gzip");
    }
    let output = command.output().expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // A stamp without a year is dated by the file's time.
    let told: Value = serde_json::from_slice(&std::fs::read(&truth).expect("the truth")).expect("JSON");
    let last = std::time::Duration::from_secs_f64(told["last"].as_f64().unwrap_or_default() + 60.0);
    let file = std::fs::File::options().append(true).open(&log).expect("the log");
    file.set_modified(std::time::UNIX_EPOCH + last).expect("the time of the log is set");
    (log, truth)
}

/// The log cut in the middle, as two files of a folder.
fn rotated(folder: &Path, log: &Path) -> PathBuf {
    let both = folder.join("rotated");
    std::fs::create_dir_all(&both).expect("a folder");
    let bytes = std::fs::read(log).expect("the log");
    let middle = bytes.len() / 2;
    let cut = middle + bytes[middle..].iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    let modified = std::fs::metadata(log).and_then(|data| data.modified()).expect("the time of the log");
    for (name, part) in [("mail.log.1", &bytes[..cut]), ("mail.log", &bytes[cut..])] {
        let path = both.join(name);
        std::fs::write(&path, part).expect("written");
        std::fs::File::options().append(true).open(path).expect("a part").set_modified(modified).expect("the time is set");
    }
    both
}

/// What differs from the truth, or from one number of threads to another.
fn check(bundle: &Path, truth: &Value, rules: &RuleSet) -> Vec<String> {
    let mut problems = Vec::new();
    let mut first: Option<String> = None;
    for jobs in JOBS {
        let options = Options { how: How { jobs, ..How::default() }, ..Options::default() };
        let analysis = match Analysis::run(bundle, rules, &options, &AtomicU64::new(0)) {
            Ok(analysis) => analysis,
            Err(error) => return vec![error.to_string()],
        };
        let text = render(&analysis.report, Format::Json, &Templates::built_in(), &Look::default()).expect("a report");
        match &first {
            Some(first) if *first != text => problems.push(format!("the report of {jobs} threads differs from that of one")),
            Some(_) => {}
            None => {
                let report: Value = serde_json::from_str(&text).expect("JSON");
                problems.extend(compare(&report, truth));
                first = Some(text);
            }
        }
    }
    problems
}

/// Every count that both the report and the truth hold.
fn compare(report: &Value, truth: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let (traffic, queue) = (&report["traffic"], &report["queue"]);
    let mut same = |what: &str, found: &Value, told: &Value| {
        if found != told {
            problems.push(format!("{what}: {found}, and in truth {told}"));
        }
    };
    for name in ["lines", "messages", "sent", "deferred_attempts", "bounced", "rejected"] {
        same(name, &traffic[name], &truth[name]);
    }
    same("expired", &traffic["expired"], &truth["expired_messages"]);
    for name in ["waiting_messages", "waiting_recipients"] {
        same(name, &queue[name], &truth[name]);
    }
    let dsn: serde_json::Map<String, Value> =
        pairs(&traffic["by_dsn"]).into_iter().map(|(name, count)| (name, count.into())).collect();
    let told = truth["dsn"].as_object().cloned().unwrap_or_default();
    let sorted = |map: serde_json::Map<String, Value>| map.into_iter().collect::<std::collections::BTreeMap<_, _>>();
    same("by_dsn", &serde_json::to_value(sorted(dsn)).expect("JSON"), &serde_json::to_value(sorted(told)).expect("JSON"));
    for name in ["top_deferred_domains", "top_bounced_domains", "top_senders", "top_sasl_users"] {
        let found = pairs(&traffic[name]);
        let told: Vec<(String, u64)> = serde_json::from_value(truth[name].clone()).unwrap_or_default();
        let many = found.len().min(told.len());
        let complete = found.len() == told.len() || many > 0;
        if !complete || found[..many] != told[..many] {
            problems.push(format!("{name}: {:?}, and in truth {:?}", &found[..many], &told[..many]));
        }
    }
    problems
}

fn pairs(counts: &Value) -> Vec<(String, u64)> {
    let list = counts.as_array().map_or(&[][..], Vec::as_slice);
    list.iter()
        .map(|count| (count["name"].as_str().unwrap_or_default().to_owned(), count["count"].as_u64().unwrap_or_default()))
        .collect()
}
