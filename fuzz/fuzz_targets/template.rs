//! A template of somebody else's: read, and filled with the report on a small incident.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::analysis::{Options, report_on};
use postdoc::bundle::Bundle;
use postdoc::evidence;
use postdoc::report::render::{Format, Look, Templates, render};
use postdoc::report::view::Report;
use postdoc::rules::RuleSet;
use postdoc::time::Time;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

/// In memory where there is such a place, since nothing here is about disks.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = place.join(format!("postdoc-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
});

static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let rules = RuleSet::built_in();
    let line = |at: u32| {
        format!(
            "Nov 12 10:00:{at:02} mail postfix/smtp[1]: AB12CD{at:02}: to=<a@b{at}.example>, relay=none, delay=30, \
             delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to mx.b{at}.example[192.0.2.{at}]:25: Connection timed out)\n"
        )
    };
    let log: String = (10..40).map(line).collect();
    let bundle = Bundle::of_texts([("mail.log".to_owned(), log.into_bytes())], Time::from_seconds(1_794_483_600));
    let mut found = evidence::collect(&bundle, &rules, &AtomicU64::new(0));
    postdoc::diagnose::diagnosis::prepare(&mut found, &rules);
    report_on(&bundle, &found, &rules, &Options::default())
});

/// Which template it replaces, by the first byte.
const NAMES: [(&str, Format); 3] =
    [("report.txt.hbs", Format::Text), ("report.md.hbs", Format::Markdown), ("report.html.hbs", Format::Html)];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (name, format) = NAMES[usize::from(*first) % NAMES.len()];
    for (other, _) in NAMES {
        let _ = std::fs::remove_file(FOLDER.join(other));
    }
    std::fs::write(FOLDER.join(name), rest).expect("a file to read");
    if let Ok(templates) = Templates::with_overrides(&FOLDER) {
        let _ = render(&REPORT, format, &templates, &Look::default());
    }
});
