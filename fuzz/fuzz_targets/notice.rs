//! A text that somebody pasted whole, perhaps a bounce message: taken apart, and each statement explained.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::diagnose::explain::explain;
use postdoc::evidence::notice::statements;
use postdoc::rules::RuleSet;
use std::sync::LazyLock;

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let found = statements(&text);
    assert!(!found.is_empty(), "nothing was said");
    for statement in found {
        let _ = explain(&statement, &RULES);
    }
});
