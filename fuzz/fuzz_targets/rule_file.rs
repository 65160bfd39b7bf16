//! One YAML file of each kind: a rule, reasons, a kind of evidence, providers, buckets, the plan.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::rules::RuleSet;

/// What a file is taken for, by the first byte.
const PATHS: [&str; 8] = [
    "network-path/x.yaml",
    "reasons/x.yaml",
    "evidence/x.yaml",
    "providers.yaml",
    "buckets.yaml",
    "plan.yaml",
    "collection.yaml",
    "secrets.yaml",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    for problem in RuleSet::problems_of(PATHS[usize::from(*first) % PATHS.len()], text) {
        let _ = problem.to_string();
    }
});
