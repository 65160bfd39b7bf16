//! The fuzz targets, compiled without libFuzzer, so that none of them stays behind when the program changes; those that write no
//! file run once.

extern crate self as libfuzzer_sys;

use std::collections::BTreeSet;
use std::path::Path;

/// In place of libFuzzer's, which needs its own build.
#[macro_export]
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $body:block) => {
        pub(crate) fn run($bytes: &[u8]) {
            $body
        }
    };
}

macro_rules! targets {
    ($($name:ident $path:literal,)*) => {
        $(
            #[path = $path]
            #[allow(unused_attributes, unused_imports)]
            mod $name;
        )*
        const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::run)),*];
    };
}

targets! {
    archive "../fuzz/fuzz_targets/archive.rs",
    expression "../fuzz/fuzz_targets/expression.rs",
    fold "../fuzz/fuzz_targets/fold.rs",
    log_line "../fuzz/fuzz_targets/log_line.rs",
    notice "../fuzz/fuzz_targets/notice.rs",
    redaction "../fuzz/fuzz_targets/redaction.rs",
    rule_file "../fuzz/fuzz_targets/rule_file.rs",
    small_evidence "../fuzz/fuzz_targets/small_evidence.rs",
    template "../fuzz/fuzz_targets/template.rs",
}

#[test]
fn every_target_compiles_and_takes_a_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let files = std::fs::read_dir(folder).expect("the targets").map(|file| file.expect("a file").path());
    let files: BTreeSet<String> = files.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    assert_eq!(files, TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect(), "one of them is not listed here");
    let cargo = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml")).expect("fuzz/Cargo.toml");
    for (name, run) in TARGETS {
        assert!(cargo.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is no binary of fuzz/Cargo.toml");
        if !matches!(*name, "archive" | "template") {
            run(b"\x01Nov 12 10:00:01 mail postfix/smtp[1]: AB12CD01: to=<a@b.example>, relay=none, delay=3, status=deferred (x)\n");
        }
    }
}
