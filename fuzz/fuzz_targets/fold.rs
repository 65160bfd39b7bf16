//! A whole log: lines, fold, joined with what a listing would say, then diagnosed and reported.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::analysis::{Options, report_on};
use postdoc::bundle::Bundle;
use postdoc::diagnose::diagnosis;
use postdoc::evidence;
use postdoc::rules::RuleSet;
use postdoc::time::Time;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

fuzz_target!(|bytes: &[u8]| {
    let files = [("mail.log".to_owned(), bytes.to_vec())];
    let bundle = Bundle::of_texts(files, Time::from_seconds(1_794_483_600));
    let mut evidence = evidence::collect(&bundle, &RULES, &AtomicU64::new(0));
    diagnosis::prepare(&mut evidence, &RULES);
    let _ = report_on(&bundle, &evidence, &RULES, &Options::default());
});
