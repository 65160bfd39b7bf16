//! Every folder of `tests/cases` holds a bundle and the diagnosis that is expected of it; see its README.

use postdoc::analysis::{Analysis, Options};
use postdoc::report::render::{Format, Look, Templates, render};
use postdoc::report::view::{Citation, Report};
use postdoc::rules::RuleSet;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{LazyLock, Mutex, OnceLock};

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    verdict: String,
    cause: Option<String>,
    bucket: Option<String>,
    confidence: Option<String>,
    since: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    must_not: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    unsaid: Vec<String>,
}

#[test]
fn every_case_is_diagnosed_as_expected() {
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        wrong.extend(problems(case).into_iter().map(|problem| format!("{name}: {problem}")));
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

/// The folders of the cases.
fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(CASES)
        .expect("the cases")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    cases
}

fn problems(case: &Path) -> Vec<String> {
    let text = fs::read_to_string(case.join("expected.yaml")).expect("expected.yaml");
    let expected: Expected = match serde_saphyr::from_str(&text) {
        Ok(expected) => expected,
        Err(error) => return vec![format!("expected.yaml: {error}")],
    };
    let Some(bundle) = bundle(case) else { return vec!["no bundle".to_owned()] };
    let report = whole(case);
    let mut wrong = differences(report, &expected);
    for cause in &report.causes {
        let cited: Vec<&Citation> = cause.evidence.iter().flat_map(|item| &item.citations).collect();
        if cited.is_empty() {
            wrong.push(format!("{} cites no line", cause.rule));
        }
        wrong.extend(cited.into_iter().filter_map(|citation| misplaced(&bundle, citation)));
    }
    // A sentence does without what was not collected.
    let steps = report.plan.iter().flat_map(|step| {
        let more = [&step.details, &step.why, &step.good, &step.undo];
        more.into_iter().flatten().chain([&step.action])
    });
    let causes = report.causes.iter().flat_map(|cause| {
        let shown = cause.evidence.iter().filter(|item| !matches!(&*item.kind, "not-known" | "would-contradict"));
        shown.map(|item| &item.says).chain([&cause.summary])
    });
    wrong.extend(steps.chain(causes).filter(|text| text.contains("(not collected)")).map(|text| format!("says {text:?}")));
    wrong
}

fn bundle(case: &Path) -> Option<PathBuf> {
    ["bundle", "bundle.tar.gz", "mail.log"].map(|name| case.join(name)).into_iter().find(|path| path.exists())
}

/// The report on the whole of a case: the tests share it.
fn whole(case: &Path) -> &'static Report {
    static REPORTS: Mutex<BTreeMap<PathBuf, &'static OnceLock<Report>>> = Mutex::new(BTreeMap::new());
    let report = *REPORTS.lock().expect("no panic").entry(case.to_owned()).or_insert_with(|| Box::leak(Box::default()));
    report.get_or_init(|| diagnosed(&bundle(case).unwrap_or_else(|| panic!("{} has no bundle", case.display()))))
}

fn differences(report: &Report, expected: &Expected) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut differ = |what: &str, wanted: Option<&str>, got: Option<&str>| {
        if wanted.is_some() && wanted != got {
            wrong.push(format!("{what}: expected {}, got {}", wanted.unwrap_or("none"), got.unwrap_or("none")));
        }
    };
    let verdict = serde_json::to_value(report.verdict).expect("a verdict");
    differ("verdict", Some(&expected.verdict), verdict.as_str());
    let first = report.causes.iter().find(|cause| cause.role == "root-cause");
    differ("cause", Some(expected.cause.as_deref().unwrap_or("none")), Some(first.map_or("none", |cause| &cause.rule)));
    differ("bucket", expected.bucket.as_deref(), first.map(|cause| cause.bucket.as_str()));
    differ("confidence", expected.confidence.as_deref(), first.map(|cause| &*cause.confidence));
    let since = first.and_then(|cause| Some(cause.since?.to_string()));
    differ("since", expected.since.as_deref(), since.as_deref());
    if first.is_some_and(|first| report.causes[0].rule != first.rule) {
        wrong.push("the root cause is not the first one".to_owned());
    }
    for rule in expected.also.iter().filter(|rule| !report.causes.iter().any(|cause| &cause.rule == *rule)) {
        wrong.push(format!("{rule} is not reported"));
    }
    for cause in report.causes.iter().filter(|cause| cause.confidence != "possible" && cause.role != "note") {
        if expected.must_not.contains(&cause.bucket) {
            wrong.push(format!("{} ({}, {}) must not be reported", cause.rule, cause.bucket, cause.confidence));
        }
    }
    let said = match expected.says.is_empty() && expected.unsaid.is_empty() {
        true => String::new(),
        false => {
            let page = render(report, Format::Markdown, &Templates::built_in(), &Look::default()).expect("a page");
            serde_json::to_string(report).expect("JSON") + &page
        }
    };
    wrong.extend(expected.says.iter().filter(|text| !said.contains(*text)).map(|text| format!("does not say {text:?}")));
    wrong.extend(expected.unsaid.iter().filter(|text| said.contains(*text)).map(|text| format!("says {text:?}")));
    if expected.must_not.iter().any(|bucket| bucket == "healthy") && verdict == "healthy" {
        wrong.push("must not be healthy".to_owned());
    }
    wrong
}

/// Whether a cited line is not at its place; only folders can be looked into.
fn misplaced(bundle: &Path, citation: &Citation) -> Option<String> {
    let place = format!("{}:{}", citation.file, citation.line);
    if citation.text.is_empty() && !citation.file.is_empty() {
        return Some(format!("{place} is cited without its text"));
    }
    let path = bundle.join(&citation.file);
    if !bundle.is_dir() || path.extension().is_some_and(|kind| kind == "gz") {
        return None;
    }
    let bytes = fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().nth(citation.line as usize - 1).unwrap_or_default();
    let shown = citation.text.trim_matches('…');
    (!line.contains(shown)).then(|| format!("{place} is cited as {shown:?}, but is {line:?}"))
}

/// The incidents of a real Postfix, from which each file that a cause cites is taken away in turn.
const REAL: [&str; 20] = [
    "clock-skew",
    "clock-skew-2",
    "compromised-sasl-account",
    "compromised-sasl-account-2",
    "content-filter-down",
    "disk-full",
    "disk-full-2",
    "helo-not-fqdn",
    "helo-not-fqdn-2",
    "milter-down",
    "outbound-port-25-blocked",
    "outbound-port-25-blocked-2",
    "ptr-missing",
    "ptr-missing-2",
    "relay-auth-failed",
    "relay-auth-failed-2",
    "resolver-down",
    "resolver-down-2",
    "user-unknown",
    "user-unknown-2",
];

#[test]
fn a_missing_file_weakens_a_diagnosis_and_never_misleads_it() {
    let mut wrong = Vec::new();
    let mut taken_away = 0;
    for name in REAL {
        let case = Path::new(CASES).join(name);
        let (whole, folder) = (whole(&case), unpacked(&case));
        let buckets: BTreeSet<&str> = whole.causes.iter().map(|cause| cause.bucket.as_str()).collect();
        let cited = whole.causes.iter().flat_map(|cause| &cause.evidence).flat_map(|item| &item.citations);
        let telling: BTreeSet<&str> = cited.map(|citation| citation.file.as_str()).collect();
        for file in telling {
            let path = folder.path().join(file);
            let Ok(bytes) = fs::read(&path) else { continue };
            fs::remove_file(&path).expect("to take the file away");
            let report = diagnosed(folder.path());
            fs::write(&path, bytes).expect("to put the file back");
            taken_away += 1;
            let acting = report.causes.iter().filter(|cause| matches!(&*cause.role, "root-cause" | "contributing"));
            for cause in acting.clone().filter(|cause| !buckets.contains(cause.bucket.as_str())) {
                wrong.push(format!("{name} without {file}: {} ({}) is no cause of it", cause.rule, cause.bucket));
            }
            // What the rest does not tell must be asked for.
            if acting.clone().count() == 0 && report.not_checked.iter().all(|question| question.command.is_none()) {
                wrong.push(format!("{name} without {file}: no cause, and nothing to collect"));
            }
            let Some(first) = whole.causes.first() else { continue };
            let left = acting.clone().find(|cause| cause.rule == first.rule);
            let (before, after) = (rung(&first.confidence), left.map_or(0, |cause| rung(&cause.confidence)));
            if after > before {
                wrong.push(format!("{name} without {file}: {} is more certain than before", first.rule));
            }
            // Less certain, or gone: then the report asks for evidence of the kind that was taken away, unless another file holds it, too.
            let kind = whole.sources.iter().find(|source| source.file == file);
            let kind = kind.and_then(|source| RULES.kinds.iter().find(|kind| kind.kind == source.kind));
            let Some(kind) = kind.filter(|kind| !kind.collect.is_empty()) else { continue };
            let another = report.sources.iter().any(|source| source.kind == kind.kind);
            if after < before && !another && report.not_checked.iter().all(|question| question.needs != kind.title) {
                wrong.push(format!("{name} without {file}: {} falls, and nobody asks for \"{}\"", first.rule, kind.title));
            }
        }
    }
    assert!(taken_away >= 50, "only {taken_away} files were taken away");
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

/// In every incident the file that its root cause cites most is taken away: no other root cause may then be more than possible, unless it
/// was seen as a symptom or beside it before. The only mail log is taken away, too: what the queue alone tells is little, but not wrong.
#[test]
fn without_its_most_telling_file_no_incident_gets_another_root_cause() {
    let cases: Vec<PathBuf> = cases().into_iter().filter(|case| !case.join("mail.log").exists()).collect();
    let misled = Mutex::new((0, Vec::new()));
    std::thread::scope(|scope| {
        for half in cases.chunks(cases.len().div_ceil(2)) {
            let misled = &misled;
            scope.spawn(move || {
                for (file, wrong) in half.iter().filter_map(|case| without_the_most_telling(case)) {
                    let mut misled = misled.lock().expect("no thread panicked");
                    misled.0 += 1;
                    misled.1.extend(wrong.into_iter().map(|cause| format!("{file}: {cause}")));
                }
            });
        }
    });
    let (taken_away, wrong) = misled.into_inner().expect("no thread panicked");
    assert!(taken_away >= 80, "only {taken_away} files were taken away");
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

/// The case and the file that was taken away, and the causes that come up for want of it.
fn without_the_most_telling(case: &Path) -> Option<(String, Vec<String>)> {
    let (whole, folder) = (whole(case), unpacked(case));
    let root = whole.causes.iter().find(|cause| cause.role == "root-cause")?;
    let mut cited: BTreeMap<&str, usize> = BTreeMap::new();
    for citation in root.evidence.iter().filter(|item| item.met == Some(true)).flat_map(|item| &item.citations) {
        *cited.entry(&citation.file).or_default() += 1;
    }
    let (file, _) = cited.into_iter().filter(|(file, _)| folder.path().join(file).is_file()).max_by_key(|(_, times)| *times)?;
    fs::remove_file(folder.path().join(file)).expect("to take the file away");
    // A bundle of which nothing is left is refused.
    let report = Analysis::run(folder.path(), &RULES, &Options::default(), &AtomicU64::new(0)).ok()?.report;
    let known: BTreeSet<&str> = whole.causes.iter().map(|cause| cause.rule.as_str()).collect();
    let acting = report.causes.iter().filter(|cause| matches!(&*cause.role, "root-cause" | "contributing"));
    let other = acting.filter(|cause| cause.confidence != "possible" && !known.contains(cause.rule.as_str()));
    let mut wrong: Vec<String> = other.map(|cause| format!("{} is {}", cause.rule, cause.confidence)).collect();
    if !report.causes.iter().any(|cause| cause.rule == root.rule)
        && report.not_checked.iter().all(|question| question.command.is_none())
    {
        wrong.push(format!("{} is gone, and nothing to collect", root.rule));
    }
    Some((format!("{} without {file}", case.file_name()?.display()), wrong))
}

/// Steps of the ladder of confidence.
fn rung(confidence: &str) -> usize {
    ["", "possible", "likely", "confirmed"].iter().position(|step| *step == confidence).expect("a step of the ladder")
}

fn diagnosed(bundle: &Path) -> Report {
    let analysis = Analysis::run(bundle, &RULES, &Options::default(), &AtomicU64::new(0));
    analysis.unwrap_or_else(|error| panic!("{}: {error}", bundle.display())).report
}

/// A copy of a case's bundle as a folder.
fn unpacked(case: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    if let Ok(archive) = fs::File::open(case.join("bundle.tar.gz")) {
        tar::Archive::new(flate2::read::GzDecoder::new(archive)).unpack(folder.path()).expect("an archive");
        return folder;
    }
    let bundle = case.join("bundle");
    for entry in walkdir::WalkDir::new(&bundle).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        let to = folder.path().join(entry.path().strip_prefix(&bundle).expect("a path in the bundle"));
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(entry.path(), to).expect("a copy");
    }
    folder
}
