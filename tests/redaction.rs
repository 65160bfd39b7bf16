//! Redaction over every case: nothing personal or secret survives, and the diagnosis stays the same.

use postdoc::analysis::{Analysis, Options};
use postdoc::bundle::{Bundle, Limits};
use postdoc::redact::{Key, Policy, Redactor, learn_report, redact_report, rewrite};
use postdoc::report::render::{Format, Look, Templates, render};
use postdoc::report::view::Report;
use postdoc::rules::RuleSet;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

/// Files laid into every case: names, addresses and secrets in the spellings that are easy to miss.
const PLANTED: &[(&str, &str)] = &[
    (
        "notes.txt",
        "asked ottilie.krautwurst@krautwurst-werke.de and \"Ottilie Krautwurst\"@KRAUTWURST-WERKE.DE and OTTILIE.KRAUTWURST+Rechnung@Krautwurst-Werke.de\n\
         bounce-77-ottilie.krautwurst=krautwurst-werke.de@lists.krautwurst-werke.de; ottilie.krautwurst=3Dkrautwurst-werke.de@x.krautwurst-werke.de\n\
         <a@xn--krutwurst-02a.de> is <a@kräutwurst.de>; ottilie.krautwurst%40krautwurst-werke.de\n\
         From: =?UTF-8?B?T3R0aWxpZSBLcmF1dHd1cnN0?= <ottilie.krautwurst@krautwurst-werke.de>\n\
         To: =?iso-8859-1?Q?Ottilie_Krautwurst?= <ottilie.krautwurst=40krautwurst-werke.de>\n\
         X-Blob: b3R0aWxpZS5rcmF1dHd1cnN0QGtyYXV0d3Vyc3Qtd2Vya2UuZGU=\n\
         Subject: Kündigung Ottilie Krautwurst\n\
         host[2A01:4F8:C0C:1234:0:0:0:17] 2a01:4f8:c0c:1234::17 [IPv6:2a01:04f8:0c0c:1234:0000:0000:0000:0017] ::ffff:88.198.77.66\n\
         static.88-198-77-66.clients.krautwurst-werke.de 66.77.198.88.in-addr.arpa at 10.77.66.55\n\
         mysql://mail:Sesam5tor@10.77.66.55/mail and token=Sesam5tor and password = Sesam5tor\n",
    ),
    ("etc/sasl_passwd", "[smtp.krautwurst-werke.de]:587 ottilie.krautwurst@krautwurst-werke.de:Sesam5tor\n"),
    ("dkim.private", "-----BEGIN RSA PRIVATE KEY-----\nU2VzYW01dG9y\nSesam5torSesam5tor\n-----END RSA PRIVATE KEY-----\n"),
];

/// What must not be in any output, in lower case.
const GONE: &[&str] = &[
    "krautwurst",
    "krutwurst",
    "kräutwurst",
    "ottilie",
    "kündigung",
    "2a01:4f8:c0c:1234::17",
    "2a01:4f8:c0c:1234:0",
    "2a01:04f8:0c0c",
    "88.198.77.66",
    "66.77.198.88",
    "88-198-77-66",
    "10.77.66.55",
    "sesam5tor",
    "u2vzyw01dg9y",
    "t3r0awxpzs",
    "b3r0awxpzs",
];

fn cases() -> Vec<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(root).expect("the cases").filter_map(|entry| Some(entry.ok()?.path())).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

/// The case's bundle, unpacked into `folder` and with the planted files in it; the texts of all files.
fn planted(case: &Path, folder: &Path) -> Vec<String> {
    let bundle = ["bundle", "bundle.tar.gz", "mail.log"].map(|name| case.join(name)).into_iter().find(|path| path.exists());
    let bundle = Bundle::open(&bundle.expect("a bundle"), &Limits::default()).expect("a bundle");
    let mut texts = Vec::new();
    for file in &bundle.files {
        let mut bytes = Vec::new();
        file.open().expect("a file").read_to_end(&mut bytes).expect("its bytes");
        let path = folder.join(file.path.trim_end_matches(".gz"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, &bytes).expect("a file");
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    for (name, text) in PLANTED {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    texts
}

/// Addresses, domains and IP addresses of the cases, found by other means than redaction uses: every case speaks of
/// names below `.example` and of documentation addresses.
fn personal(texts: &[String]) -> BTreeSet<String> {
    let pattern =
        r"(?i)[\w.+-]+@[\w-]+(?:\.[\w-]+)*|[\w-]+(?:-[\w-]+)*\.example\b|\b(?:203\.0\.113|198\.51\.100|192\.0\.2)\.\d+\b";
    let regex = Regex::new(pattern).expect("a pattern");
    let kept = Regex::new(r"(?i)^(?:root|postmaster|www-data|mailer-daemon|double-bounce|noreply|postfix|info)@|@.*\.service$|^\d+@|^mail\.example$|^203\.0\.113\.0$|^198\.51\.100\.0$|^192\.0\.2\.0$").expect("a pattern");
    texts
        .iter()
        .flat_map(|text| regex.find_iter(text))
        .map(|found| found.as_str().trim_matches(['.', '-', '_']).to_lowercase())
        .filter(|text| !kept.is_match(text) && text.len() > 3)
        .collect()
}

fn report_on(path: &Path) -> Analysis {
    Analysis::run(path, &RULES, &Options::default(), &AtomicU64::new(0)).expect("an analysis")
}

/// What must be the same before and after.
fn diagnosis(report: &Report) -> Value {
    let causes = report.causes.iter().map(|cause| {
        let evidence = cause.evidence.iter().map(|item| json!([item.signal, item.kind, item.met, item.citations_total]));
        json!([
            cause.rule,
            cause.confidence,
            cause.role,
            cause.symptom_of,
            cause.accounts_for,
            cause.since,
            cause.until,
            evidence.collect::<Vec<_>>()
        ])
    });
    let traffic = &report.traffic;
    json!({
        "verdict": report.verdict,
        "causes": causes.collect::<Vec<_>>(),
        "unexplained": report.unexplained.iter().map(|item| item.count).collect::<Vec<_>>(),
        "rules": report.rules.iter().map(|row| (&row.id, &row.result)).collect::<Vec<_>>(),
        "sources": report.sources.iter().map(|row| (&row.kind, row.lines, row.unparsed)).collect::<BTreeSet<_>>(),
        "plan": report.plan.iter().map(|step| (&step.phase, &step.causes, &step.locked_by)).collect::<Vec<_>>(),
        "queue": report.queue,
        "traffic": [traffic.lines, traffic.messages, traffic.sent, traffic.deferred_attempts, traffic.bounced, traffic.rejected],
        "by_reason": traffic.by_reason,
        "size": report.key.size,
    })
}

fn differences(before: &Value, after: &Value) -> Vec<String> {
    let keys = before.as_object().expect("an object").keys();
    keys.filter(|key| before[*key] != after[*key]).map(|key| format!("{key}:\n    {}\n    {}", before[key], after[key])).collect()
}

fn problems(case: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let original = folder.path().join("bundle");
    let texts = planted(case, &original);
    let personal = personal(&texts);
    let key = Key::from_bytes(b"the key of the tests");
    let before = report_on(&original);
    let mut wrong = Vec::new();

    // The bundle, rewritten.
    let new = folder.path().join("new.tar.gz");
    let bundle = Bundle::open(&original, &Limits::default()).expect("the bundle");
    let mut redactor = Redactor::new(key.clone(), Policy::default(), &RULES);
    let file = fs::File::create(&new).expect("a file");
    match rewrite(&bundle, &RULES, &mut redactor, file) {
        Err(error) => return vec![error.to_string()],
        Ok(done) => {
            let kinds: BTreeSet<&str> = done.secrets.iter().map(|(_, _, kind)| *kind).collect();
            if kinds.len() < 3 {
                wrong.push(format!("secrets that were taken out: {kinds:?}"));
            }
        }
    }
    let after = report_on(&new).report;
    wrong.extend(differences(&diagnosis(&before.report), &diagnosis(&after)));
    let rewritten = Bundle::open(&new, &Limits::default()).expect("the new bundle");
    for file in &rewritten.files {
        let mut text = String::new();
        file.open().expect("a file").read_to_string(&mut text).expect("text");
        wrong.extend(survivors(&text, &personal).into_iter().map(|what| format!("{what} is in {}", file.path)));
        wrong.extend(survivors(&file.path, &personal).into_iter().map(|what| format!("{what} in the name of {}", file.path)));
    }

    // The report, in every format.
    let Analysis { mut report, evidence } = before;
    let mut redactor = Redactor::new(key, Policy::default(), &RULES);
    redactor.learn_evidence(&evidence);
    learn_report(&mut redactor, &mut report);
    let check = redact_report(&redactor, &mut report);
    for format in [Format::Json, Format::Text, Format::Markdown, Format::Html] {
        let text = render(&report, format, &Templates::built_in(), &Look::default()).expect("a report");
        wrong.extend(survivors(&text, &personal).into_iter().map(|what| format!("{what} is in the report as {format:?}")));
        wrong.extend(check.leaks(&text).into_iter().map(|leak| format!("the check finds {} as {format:?}", leak.hint)));
    }
    wrong
}

fn survivors(text: &str, personal: &BTreeSet<String>) -> Vec<String> {
    let text = text.to_lowercase();
    let bounded = |what: &str| {
        text.match_indices(what).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + what.len()..].chars().next();
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    };
    let planted = GONE.iter().filter(|gone| text.contains(**gone)).map(|gone| (*gone).to_owned());
    planted.chain(personal.iter().filter(|what| bounded(what)).cloned()).collect()
}

#[test]
fn nothing_personal_survives_and_no_diagnosis_changes() {
    let mut cases = cases();
    assert!(cases.len() >= 24, "only {} cases", cases.len());
    // Each is analysed three times: every eighth here, all of them on demand.
    if std::env::var_os("POSTDOC_ALL_CASES").is_none() {
        cases = cases.into_iter().step_by(8).collect();
    }
    let (one, other) = cases.split_at(cases.len() / 2);
    let run = |cases: &[PathBuf]| -> Vec<String> {
        let name = |case: &Path| case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        cases
            .iter()
            .flat_map(|case| problems(case).into_iter().map(move |problem| format!("{}: {problem}", name(case))))
            .collect()
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let first = scope.spawn(|| run(one));
        let mut wrong = run(other);
        wrong.extend(first.join().expect("no panic"));
        wrong
    });
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}
