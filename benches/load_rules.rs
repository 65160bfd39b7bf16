//! What loading and checking all built-in rules costs, beside reading the same files as YAML and nothing else:
//! `cargo bench --bench load_rules`. The promise is under 30 ms for loading, which every start pays.

use postdoc::rules::RuleSet;
use std::hint::black_box;
use std::path::PathBuf;
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
    let set = RuleSet::built_in();
    println!("{} rules, {} reasons, {} files", set.rules.len(), set.reasons.entries.len(), files.len());
    for (name, time) in [("YAML alone", yaml), ("load", load), ("check, with every example", check)] {
        println!("{name:26} {:8.2} ms  {:5.2} x YAML", time.as_secs_f64() * 1e3, time.as_secs_f64() / yaml.as_secs_f64());
    }
}
