//! Redaction over every case: nothing personal or secret survives, and the diagnosis stays the same.

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postdoc::analysis::{Analysis, Options};
use postdoc::bundle::{Bundle, Limits};
use postdoc::diagnose::explain::explain;
use postdoc::redact::{Key, Policy, Redactor, learn_report, redact_report, rewrite};
use postdoc::report::render::{Format, Look, Templates, render};
use postdoc::report::view::Report;
use postdoc::rules::RuleSet;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::check(&[]).expect("valid rules"));
static TEMPLATES: LazyLock<Templates> = LazyLock::new(Templates::built_in);

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
    let kept = Regex::new(r"(?i)^(?:root|postmaster|www-data|mailer-daemon|double-bounce|noreply|postfix|info)@|^tosa@rx\.t-online\.de$|^support@mailgun\.com$|@.*\.service$|^\d+@|^mail\.example$|^203\.0\.113\.0$|^198\.51\.100\.0$|^192\.0\.2\.0$").expect("a pattern");
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

/// What is wrong with a redaction of the case; the report, in every format, is looked at only where that is wanted.
fn problems(case: &Path, with_report: bool) -> Vec<String> {
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
            let kinds: BTreeSet<&str> = done.secrets.iter().map(|(_, _, kind)| kind.as_ref()).collect();
            if kinds.len() < 3 {
                wrong.push(format!("secrets that were taken out: {kinds:?}"));
            }
        }
    }
    let after = report_on(&new).report;
    // In a network that is used up, an address becomes another's original.
    let pseudonyms: BTreeSet<String> = redactor.reverse_map().into_keys().collect();
    let gone = Gone::with(personal.difference(&pseudonyms).cloned().collect());
    wrong.extend(differences(&diagnosis(&before.report), &diagnosis(&after)));
    let rewritten = Bundle::open(&new, &Limits::default()).expect("the new bundle");
    for file in &rewritten.files {
        let mut text = String::new();
        file.open().expect("a file").read_to_string(&mut text).expect("text");
        wrong.extend(gone.survivors(&text).into_iter().map(|what| format!("{what} is in {}", file.path)));
        wrong.extend(gone.survivors(&file.path).into_iter().map(|what| format!("{what} in the name of {}", file.path)));
    }

    if !with_report {
        return wrong;
    }
    // The report, in every format.
    let Analysis { mut report, evidence } = before;
    let mut redactor = Redactor::new(key, Policy::default(), &RULES);
    redactor.learn_evidence(&evidence);
    learn_report(&mut redactor, &mut report);
    let check = redact_report(&redactor, &mut report);
    for format in [Format::Json, Format::Text, Format::Markdown, Format::Html] {
        let text = render(&report, format, &TEMPLATES, &Look::default()).expect("a report");
        wrong.extend(gone.survivors(&text).into_iter().map(|what| format!("{what} is in the report as {format:?}")));
        wrong.extend(check.leaks(&text).into_iter().map(|leak| format!("the check finds {} as {format:?}", leak.hint)));
    }
    wrong
}

/// What must not be in an output: what is planted, and what is personal in a case.
struct Gone {
    finder: AhoCorasick,
    personal: Vec<String>,
}

impl Gone {
    fn with(personal: BTreeSet<String>) -> Gone {
        let personal: Vec<String> = personal.into_iter().collect();
        let all = GONE.iter().copied().chain(personal.iter().map(String::as_str));
        Gone { finder: AhoCorasick::new(all).expect("few names"), personal }
    }

    /// What of it is left in a text, each once.
    fn survivors(&self, text: &str) -> Vec<&str> {
        let text = text.to_lowercase();
        let left = self.finder.find_overlapping_iter(&text).filter_map(|found| {
            let Some(at) = found.pattern().as_usize().checked_sub(GONE.len()) else { return Some(GONE[found.pattern()]) };
            let before = text[..found.start()].chars().next_back();
            let (after, next) = (text[found.end()..].chars().next(), text[found.end()..].chars().nth(1));
            // A domain below another one, and a number that goes on, is something else.
            let goes_on = after == Some('.') && next.is_some_and(char::is_alphanumeric);
            let is_bounded = !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric) && !goes_on;
            is_bounded.then_some(self.personal[at].as_str())
        });
        left.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

#[test]
fn nothing_personal_survives_and_no_diagnosis_changes() {
    let mut cases = cases();
    assert!(cases.len() >= 24, "only {} cases", cases.len());
    if let Ok(part) = std::env::var("POSTDOC_CASES") {
        cases.retain(|path| part.split(',').any(|part| path.to_string_lossy().contains(part)));
    }
    // A report takes as long as the bundle: of every eighth case here, of all of them on demand.
    let every = if cases.len() < 24 || std::env::var_os("POSTDOC_ALL_CASES").is_some() { 1 } else { 8 };
    let cases: Vec<(usize, PathBuf)> = cases.into_iter().enumerate().collect();
    let (one, other) = cases.split_at(cases.len() / 2);
    let run = |cases: &[(usize, PathBuf)]| -> Vec<String> {
        let name = |case: &Path| case.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let all = cases.iter().flat_map(|(at, case)| {
            problems(case, at % every == 0).into_iter().map(move |problem| format!("{}: {problem}", name(case)))
        });
        all.collect()
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let first = scope.spawn(|| run(one));
        let mut wrong = run(other);
        wrong.extend(first.join().expect("no panic"));
        wrong
    });
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

/// One person, her firm and its server in every spelling that gives itself away.
fn spellings() -> Vec<String> {
    let (local, domain) = ("ottilie.krautwurst", "krautwurst-werke.de");
    let address = format!("{local}@{domain}");
    let base64 = |text: &str| STANDARD.encode(text);
    let hex = |text: &str, sign: &str| text.bytes().map(|byte| format!("{sign}{byte:02X}")).collect::<String>();
    let mut list = vec![
        address.clone(),
        address.to_uppercase(),
        format!("{local}+Rechnung@{domain}"),
        format!("\"{local}\"@{domain}"),
        format!("\"Ottilie Krautwurst\"@{domain}"),
        format!("\\\"Ottilie Krautwurst\\\"@{domain}"),
        format!("\"ottilie\\\"krautwurst\"@{domain}"),
        format!("{local}@[88.198.77.66]"),
        format!("{local}@[IPv6:2a01:4f8:c0c:1234::17]"),
        format!("{local}@{domain}."),
        // Packed into another address: VERP, BATV, SRS, percent hack, UUCP.
        format!("bounce+{local}={domain}@lists.example.net"),
        format!("bounces-77-{local}=3D{domain}@lists.example.net"),
        format!("prvs=0123456789={address}"),
        format!("msprvs1=17539abcdef=bounces-1-{address}"),
        format!("SRS0=Ab1c=XY={domain}={local}@forward.example.net"),
        format!("srs0+ab1c=xy={domain}={local}@forward.example.net"),
        format!("SRS1=Ab1c=other.example.net==Zz9=XY={domain}={local}@forward.example.net"),
        format!("{local}%{domain}@relay.example.net"),
        // Encoded: URLs, xtext (RFC 3461), quoted-printable, entities, escapes.
        format!("{local}%40{domain}"),
        hex(&address, "%"),
        format!("rfc822;{address}"),
        format!("rfc822;{local}+40{domain}"),
        format!("rfc822;ottilie+2Ekrautwurst+40{domain}"),
        format!("{local}=40{domain}"),
        hex(&address, "="),
        base64(&address),
        base64(&format!("to: {address}, thanks")),
        format!("=?UTF-8?B?{}?=", base64("Ottilie Krautwurst")),
        "=?utf-8?q?Ottilie_Krautwurst?=".to_owned(),
        format!("=?utf-8?Q?{}?=", hex("Ottilie Krautwurst", "=")),
        format!("=?iso-8859-1?Q?Ottilie?= =?iso-8859-1?q?_Krautwurst?= <{address}>"),
        // Hosts and domains.
        format!("mail.{domain}"),
        format!("MAIL.{}.", domain.to_uppercase()),
        format!("smtp://mail.{domain}:25/"),
        format!("https://www.{domain}/konto?user={local}"),
        format!("s1._domainkey.{domain}"),
        format!("_dmarc.{domain}"),
        "krautwurst-werke-de.mail.protection.outlook.com".to_owned(),
        "66.77.198.88.zen.spamhaus.org".to_owned(),
        format!("{domain}.dbl.spamhaus.org"),
        "66.77.198.88.in-addr.arpa".to_owned(),
        "7.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.3.2.1.c.0.c.0.8.f.4.0.1.0.a.2.ip6.arpa".to_owned(),
        format!("static.88-198-77-66.clients.{domain}"),
        format!("88.198.77.66.dyn.{domain}"),
        "xn--krutwurst-02a.de".to_owned(),
        "XN--KRUTWURST-02A.DE".to_owned(),
        "kräutwurst.de".to_owned(),
        format!("mail.{domain}[88.198.77.66]:25"),
        format!("/O=Krautwurst Werke GmbH/CN=mail.{domain}"),
        format!("<20261112101500.4F2C41A2B3@mail.{domain}>"),
        format!("<{local}.1762942500@mail.{domain}>"),
        // Addresses of machines.
        "88.198.77.66".to_owned(),
        "[88.198.77.66]".to_owned(),
        "88.198.77.66/32".to_owned(),
        "::ffff:88.198.77.66".to_owned(),
        "::FFFF:58C6:4D42".to_owned(),
        "2a01:4f8:c0c:1234::17".to_owned(),
        "2A01:04F8:0C0C:1234:0000:0000:0000:0017".to_owned(),
        "2a01:4f8:c0c:1234:0:0:0:17".to_owned(),
        "2a01:4f8:c0c:1234::17%eth0".to_owned(),
        "[2a01:4f8:c0c:1234::17]:25".to_owned(),
        "IPv6:2a01:4f8:c0c:1234::17".to_owned(),
        "10.77.66.55".to_owned(),
        // Folders.
        format!("/home/{local}/Maildir"),
        format!("/var/vmail/{domain}/{local}/cur"),
        format!("/var/www/vhosts/{domain}/httpdocs/mail.php"),
    ];
    list.extend(list.clone().iter().filter(|text| text.is_ascii() && text.contains('@')).map(|text| text.to_uppercase()));
    list
}

/// Spellings of the same that look like nothing, and are known by what stands elsewhere.
fn hidden() -> Vec<String> {
    let (local, domain) = ("ottilie.krautwurst", "krautwurst-werke.de");
    vec![
        format!("{domain}!{local}"),
        format!("{local}%2540{domain}"),
        format!("{local}&#64;{domain}"),
        format!("{local}\\u0040{domain}"),
        format!("{local} at {domain}"),
        format!("{local}(at){domain}"),
        STANDARD.encode("Ottilie Krautwurst"),
        format!("filename*=UTF-8''Ottilie%20Krautwurst.pdf"),
        "Ottilie=20Krautwurst".to_owned(),
        "frau%20krautwurst".to_owned(),
        "Ottilie Krautwurst".to_owned(),
        "Krautwurst, Ottilie".to_owned(),
        "Ottilie's".to_owned(),
        "KRAUTWURST\\ottilie.krautwurst".to_owned(),
        "krautwurst-mx1".to_owned(),
    ]
}

/// Lines of logs and other evidence in which such a spelling may stand.
const AROUND: &[(&str, &str)] = &[
    (
        "mail.log",
        "Nov 12 10:00:00 krautwurst-mx1 postfix/smtp[7]: 4F2C41A2B3: to=<{}>, orig_to=<{}>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (host mx.example.net[192.0.2.7] said: 450 4.2.1 {} is not known ({}))",
    ),
    (
        "mail.log",
        "Nov 12 10:00:01 krautwurst-mx1 postfix/smtpd[8]: NOQUEUE: reject: RCPT from unknown[88.198.77.66]: 550 5.1.1 <{}>: Recipient address rejected: {}; from=<{}> to=<{}> proto=ESMTP helo=<{}>",
    ),
    (
        "mail.log",
        "Nov 12 10:00:02 krautwurst-mx1 postfix/cleanup[9]: 4F2C41A2B3: warning: header Subject: {} from local; from=<{}>",
    ),
    (
        "mail.log",
        "Nov 12 10:00:03 krautwurst-mx1 postfix/smtpd[8]: warning: {}: SASL LOGIN authentication failed, sasl_username={}",
    ),
    ("notes.txt", "{}"),
    ("notes.txt", "asked '{}' ({}), see <{}>; [{}] \"{}\""),
    ("notes.txt", "X-Whatever: {}"),
    ("notes.txt", "url=http://example.net/?q={}&x=1"),
    ("notes.txt", "a={};b={},c=\t{}"),
];

/// A bundle in which every spelling stands in every line, at `bundle`; its texts by file.
fn with_all_spellings(bundle: &Path) -> BTreeMap<&'static str, String> {
    fs::create_dir(bundle).expect("a folder");
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    files
        .insert("passwd", "ottilie.krautwurst:x:1000:1000:Ottilie Krautwurst,,,:/home/ottilie.krautwurst:/bin/bash\n".to_owned());
    files.insert("hosts", "88.198.77.66 mail.krautwurst-werke.de krautwurst-mx1\n".to_owned());
    for spelling in spellings().into_iter().chain(hidden()) {
        for (file, line) in AROUND {
            let text = files.entry(file).or_default();
            text.push_str(&line.replace("{}", &spelling));
            text.push('\n');
        }
    }
    for (name, text) in &files {
        fs::write(bundle.join(name), text).expect("a file");
    }
    files
}

/// What postdoc answers.
fn postdoc(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_postdoc")).args(arguments).env_remove("POSTDOC_RULES").output().expect("it runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn no_command_shows_a_name_in_any_spelling_and_all_call_a_person_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    with_all_spellings(&folder.path().join("bundle"));
    let (bundle, key) = (path("bundle"), path("key"));
    let message = "Return-Path: <ottilie.krautwurst@krautwurst-werke.de>\n\
        Authentication-Results: mx.krautwurst-werke.de; spf=pass smtp.mailfrom=ottilie.krautwurst@krautwurst-werke.de smtp.helo=mail.krautwurst-werke.de;\n\
        \tdkim=pass header.d=krautwurst-werke.de header.s=krautwurst2026; dmarc=fail (p=REJECT) header.from=krautwurst-werke.de\n\
        Received: from mail.krautwurst-werke.de (static.88-198-77-66.clients.krautwurst-werke.de [88.198.77.66])\n\
        \tby mx.example.net (Postfix) with ESMTPS id 4F2C41A2B3; Thu, 12 Nov 2026 10:00:00 +0000\n\
        From: =?UTF-8?B?T3R0aWxpZSBLcmF1dHd1cnN0?= <ottilie.krautwurst@krautwurst-werke.de>\n\
        Message-ID: <20261112101500.4F2C41A2B3@mail.krautwurst-werke.de>\nSubject: hello\n\nhello\n";
    fs::write(path("message.eml"), message).expect("a file");
    let message = path("message.eml");
    let mut calls: Vec<Vec<&str>> = vec![
        vec!["trace", &bundle, "4F2C41A2B3"],
        vec!["trace", &bundle, "ottilie.krautwurst@krautwurst-werke.de", "--format", "ndjson"],
        vec!["headers", &message],
        vec!["headers", &message, "--format", "json"],
        vec!["sources", &bundle],
        vec!["sources", &bundle, "--format", "json"],
        vec!["compare", &bundle, &bundle, "--format", "json"],
    ];
    calls.extend(["json", "html", "md", "text"].map(|format| vec!["analyze", &bundle, "--format", format]));
    calls.extend(
        ["attempts", "rejects", "diagnostics", "accounts", "events"].map(|table| vec!["records", &bundle, "--table", table]),
    );
    let gone = Gone::with(BTreeSet::new());
    let mut wrong = Vec::new();
    let mut answers = Vec::new();
    for call in &calls {
        let answer = postdoc(&[call.as_slice(), &["--redact", "--redact-key", &key]].concat());
        assert!(!answer.trim().is_empty(), "{call:?}");
        for line in answer.lines() {
            let left = gone.survivors(&plain(line));
            if !left.is_empty() {
                wrong.push(format!("{}: {left:?}\n    {line:.400}", call.join(" ")));
            }
        }
        answers.push(answer);
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
    // The domain that the headers are from is called the same wherever it stands.
    let headers: Value = serde_json::from_str(&answers[3]).expect("JSON");
    let domain = headers["message"]["from_domain"].as_str().expect("a domain");
    assert!(domain.ends_with(".de") && !domain.contains("krautwurst"), "{domain}");
    for (call, answer) in calls.iter().zip(&answers).filter(|(call, _)| matches!(call[0], "trace" | "records")) {
        assert!(
            answer.to_lowercase().contains(domain) || call.iter().any(|word| matches!(*word, "diagnostics" | "accounts")),
            "{call:?}: {domain}"
        );
    }
}

#[test]
fn no_spelling_of_a_name_survives() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = folder.path().join("bundle");
    let files = with_all_spellings(&bundle);
    let opened = Bundle::open(&bundle, &Limits::default()).expect("the bundle");
    let mut redactor = Redactor::new(Key::from_bytes(b"the key of the tests"), Policy::default(), &RULES);
    let new = folder.path().join("new.tar.gz");
    rewrite(&opened, &RULES, &mut redactor, fs::File::create(&new).expect("a file")).expect("a new bundle");
    let gone = Gone::with(BTreeSet::new());
    let mut wrong = Vec::new();
    for file in &Bundle::open(&new, &Limits::default()).expect("the new bundle").files {
        let mut text = String::new();
        file.open().expect("a file").read_to_string(&mut text).expect("text");
        for (line, old) in text.lines().zip(files[file.path.as_str()].lines()) {
            let left = gone.survivors(&plain(line));
            if !left.is_empty() {
                wrong.push(format!("{left:?}\n    {old}\n    {line}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_spelling_that_gives_itself_away_needs_no_other() {
    let gone = Gone::with(BTreeSet::new());
    let mut wrong = Vec::new();
    for spelling in spellings() {
        for (_, around) in AROUND {
            let line = around.replace("{}", &spelling).replace("krautwurst-mx1", "mx1");
            let mut redactor = Redactor::new(Key::from_bytes(b"the key of the tests"), Policy::default(), &RULES);
            redactor.learn(None, &line);
            let new = redactor.text(None, &line);
            let new = redactor.check().replaced(&new);
            let left = gone.survivors(&plain(&new));
            if !left.is_empty() {
                wrong.push(format!("{left:?}\n    {line}\n    {new}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

/// A line with what it says in codes beside it, so that a name in a code is seen.
fn plain(line: &str) -> String {
    let decoded = |pattern: &str, digits: usize| {
        let regex = Regex::new(pattern).expect("a pattern");
        regex
            .replace_all(line, |found: &regex::Captures<'_>| {
                let code = u32::from_str_radix(&found[1][..digits.min(found[1].len())], 16).unwrap_or(0);
                char::from_u32(code).unwrap_or(' ').to_string()
            })
            .into_owned()
    };
    let mut all =
        vec![line.to_owned(), decoded("%([0-9A-Fa-f]{2})", 2), decoded("=([0-9A-F]{2})", 2), decoded("\\+([0-9A-F]{2})", 2)];
    let base64 = Regex::new("[A-Za-z0-9+/]{8,}={0,2}").expect("a pattern");
    all.extend(base64.find_iter(line).filter_map(|blob| String::from_utf8(STANDARD.decode(blob.as_str()).ok()?).ok()));
    all.join(" ")
}

/// What a reply says must not depend on who is named in it, nor on whose names the words of other replies are.
#[test]
fn every_example_of_a_reason_is_told_the_same() {
    let examples = || RULES.reasons.entries.iter().flat_map(|entry| &entry.examples).map(|(text, _)| text.as_str());
    let mut redactor = Redactor::new(Key::from_bytes(b"the key of the tests"), Policy::default(), &RULES);
    examples().flat_map(str::lines).for_each(|line| redactor.learn(None, line));
    let class = |text: &str| explain(text, &RULES).reason_class;
    let wrong: Vec<String> = examples()
        .map(|text| (text, redactor.text(None, text)))
        .filter(|(text, new)| class(text) != class(new))
        .map(|(text, new)| format!("{:?} became {:?}\n    {text}\n    {new}", class(text), class(&new)))
        .collect();
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
}

#[cfg(unix)]
#[test]
fn the_map_is_its_owners_alone_and_without_it_there_is_no_bundle() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("notes.txt"), "asked maria@acme.example from 88.198.3.4\n").expect("a file");
    fs::write(path("others.txt"), "mine\n").expect("a file");
    symlink(path("others.txt"), path("link")).expect("a link");
    let run = |map: &str, new: &str| {
        Command::new(env!("CARGO_BIN_EXE_postdoc"))
            .current_dir(folder.path())
            .args(["redact", "notes.txt", "-o", new, "--redact-map", map])
            .env_remove("POSTDOC_RULES")
            .output()
            .expect("it runs")
    };
    // What others could read before is readable by its owner only.
    fs::write(path("map.json"), "").expect("a file");
    fs::set_permissions(path("map.json"), fs::Permissions::from_mode(0o644)).expect("a mode");
    assert!(run("map.json", "new.tar.gz").status.success());
    assert_eq!(fs::metadata(path("map.json")).expect("a map").permissions().mode() & 0o777, 0o600);
    let map: BTreeMap<String, String> =
        serde_json::from_str(&fs::read_to_string(path("map.json")).expect("a map")).expect("JSON");
    assert!(map.values().any(|original| original == "maria@acme.example"), "{map:?}");
    for (map, says) in [
        ("link", "it is a link"),
        (".", "it is no file"),
        ("/dev/null", "it is no file"),
        ("nowhere/map.json", "there is no folder nowhere"),
        ("other.tar.gz", "needs a name of its own"),
    ] {
        let output = run(map, "other.tar.gz");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(map) && said.contains(says), "{map}: {said}");
        assert!(!path("other.tar.gz").exists(), "{map}");
    }
    assert_eq!(fs::read_to_string(path("others.txt")).expect("a file"), "mine\n");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
}

#[test]
fn what_is_to_be_kept_or_replaced_besides_is_checked_and_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let text = "KD-123456 of Kranich, projekt roter   hahn: joe@partner.example ann@sub.partner.example 10.1.2.3 10.2.2.3\n";
    fs::write(path("notes.txt"), text).expect("a file");
    let notes = path("notes.txt");
    fs::write(
        path("own.yaml"),
        "keep: [partner.example, 10.1.0.0/16]\nalso: [Kranich, Roter Hahn]\npatterns:\n  - { matches: 'KD-(\\d+)', with: '0' }\n",
    )
    .expect("a file");
    let yaml = path("own.yaml");
    for options in [
        vec!["--redact-patterns", yaml.as_str()],
        vec!["--redact-keep", "partner.example,10.1.0.0/16", "--redact-also", "Kranich,Roter Hahn"],
    ] {
        let out = postdoc(&[["records", &notes, "--table", "lines"].as_slice(), &options].concat());
        assert!(out.contains("@partner.example ") && out.contains("@sub.partner.example 10.1.2.3 10."), "{out}");
        for gone in ["joe", "ann", "10.2.2.3", "Kranich", "roter", "hahn"] {
            assert!(!out.contains(gone), "{gone}: {out}");
        }
        assert_eq!(out.contains("KD-0 of"), options.len() == 2, "{out}");
    }
    fs::write(path("bad.yaml"), "keep:\n  - 10.0.0.0/33\nalso: ['-']\n").expect("a file");
    let bad = path("bad.yaml");
    for (options, says) in [
        (["--redact-keep", "10.0.0.0/33"], "--redact-keep: `10.0.0.0/33` is no domain, address, network or account".to_owned()),
        (["--redact-patterns", &bad], format!("{bad}:2:5: error: `10.0.0.0/33` is no domain")),
        (["--redact-patterns", &bad], format!("{bad}:3:8: error: `-` has no letter")),
    ] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_postdoc")).args(["analyze", "nowhere"]).args(options).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && output.stdout.is_empty() && said.contains(&says), "{options:?}: {said}");
    }
}
