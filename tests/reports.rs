//! What a reader of the report sees: snapshots of whole reports, and that evidence stays text in every format.

use postdoc::analysis::{Analysis, Options};
use postdoc::report::render::{Format, Look, Templates, render};
use postdoc::report::view::Report;
use postdoc::rules::RuleSet;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

/// The report on a bundle of this project, without what changes with every rule.
fn report(bundle: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(bundle);
    let mut report = Analysis::run(&path, &RULES, &Options::default(), &AtomicU64::new(0)).expect(bundle).report;
    report.made_by.rules_sha256 = "(digest)".to_owned();
    report.made_by.bundle = bundle.to_owned();
    report.headline = report.headline.replace(&format!("{} rules", report.made_by.rules), "100 rules");
    (report.made_by.rules, report.made_by.reasons) = (100, 1000);
    report.rules.retain(|rule| rule.result != "no");
    report
}

fn shown(bundle: &str, format: Format, look: &Look) -> String {
    render(&report(bundle), format, &Templates::built_in(), look).expect(bundle)
}

fn plain(bundle: &str, format: Format) -> String {
    shown(bundle, format, &Look::default())
}

#[test]
fn a_blocked_port() {
    for (name, format) in [("text", Format::Text), ("md", Format::Markdown)] {
        insta::assert_snapshot!(format!("port-25-blocked-{name}"), plain("samples/port-25-blocked", format));
    }
}

#[test]
fn a_stolen_login_with_its_symptoms() {
    let look = Look { color: true, ascii: false, width: 100, ..Look::default() };
    insta::assert_snapshot!("stolen-login-wide-colour", shown("samples/stolen-login", Format::Text, &look));
}

#[test]
fn a_server_without_reverse_dns_in_ascii() {
    let look = Look { color: false, ascii: true, width: 60, ..Look::default() };
    let text = shown("samples/no-reverse-dns.tar.gz", Format::Text, &look);
    assert!(text.is_ascii());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!("no-reverse-dns-ascii", text);
}

#[test]
fn a_healthy_server() {
    insta::assert_snapshot!("healthy-text", plain("tests/cases/healthy-busy-newsletter/bundle", Format::Text));
    insta::assert_snapshot!("healthy-md", plain("tests/cases/healthy-busy-newsletter/bundle", Format::Markdown));
}

#[test]
fn an_empty_log_says_that_nothing_is_known() {
    let text = plain("tests/cases/empty-log/mail.log", Format::Text);
    assert!(text.starts_with("INCONCLUSIVE"), "{text}");
    insta::assert_snapshot!("empty-log-text", text);
}

/// Texts of the hostile bundle that would act if a format let them.
const HOSTILE: &str = "tests/cases/hostile-evidence/bundle";

#[test]
fn hostile_evidence_is_text_in_html() {
    let html = plain(HOSTILE, Format::Html);
    let body = html.split_once("</style>").expect("a style").1.to_ascii_lowercase();
    for active in ["<script", "<img", "<b>mx1", "onload=alert(1)>", "href=\"javascript:", "<svg onload"] {
        assert!(!body.contains(active), "{active} is markup in the report");
    }
    assert!(body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "the text itself is shown");
    assert!(!html.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "a control character");
    assert!(!html.contains('\u{202e}'), "a direction mark");
    assert!(html.len() < 300_000, "a line of a megabyte made {} bytes", html.len());
    assert!(!html.contains("hunter2"), "a password");
}

#[test]
fn hostile_evidence_is_text_in_markdown() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let markdown = plain(HOSTILE, Format::Markdown);
    let mut in_code = false;
    for event in Parser::new_ext(&markdown, Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => panic!("HTML acts: {text}"),
            Event::Start(Tag::Link { dest_url, .. }) => assert!(dest_url.starts_with("https://"), "{dest_url} is a link"),
            Event::Start(Tag::Image { dest_url, .. }) => panic!("{dest_url} is an image"),
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code => {
                assert!(!text.contains("@root") && !text.contains("alert("), "evidence outside of code: {text}");
            }
            _ => {}
        }
    }
    assert!(!markdown.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
}

#[test]
fn hostile_evidence_is_text_on_a_terminal_and_in_json() {
    for format in [Format::Text, Format::Json] {
        let text = plain(HOSTILE, format);
        let acts = |c: char| (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!text.chars().any(acts), "a control character in {format:?}");
        assert!(!text.contains("hunter2"), "a password in {format:?}");
    }
    serde_json::from_str::<serde_json::Value>(&plain(HOSTILE, Format::Json)).expect("JSON");
}

#[test]
fn the_page_forbids_everything_but_its_own_style() {
    let html = plain("samples/port-25-blocked", Format::Html);
    let (style, rest) = html.split_once("<style>").expect("a style").1.split_once("</style>").expect("its end");
    use base64::Engine as _;
    use sha2::Digest as _;
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style.as_bytes()));
    assert!(html.contains(&format!("default-src &#39;none&#39;; style-src 'sha256-{hash}'").replace("&#39;", "'")), "{hash}");
    for outside in ["<script", "style=\"", " src=", "@import", "url("] {
        assert!(!rest.contains(outside) && !style.contains(outside), "{outside}");
    }
}

/// Samples of every verdict.
const SAMPLES: [&str; 6] = [
    "samples/port-25-blocked",
    "samples/stolen-login",
    "samples/no-reverse-dns.tar.gz",
    "tests/cases/healthy-busy-newsletter/bundle",
    "tests/cases/empty-log/mail.log",
    HOSTILE,
];

#[test]
fn json_reports_are_valid_by_their_schema() {
    let schema = postdoc::report::schema::report();
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    for bundle in SAMPLES {
        let json = serde_json::from_str(&plain(bundle, Format::Json)).expect("JSON");
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{bundle}: {errors:?}");
    }
    // The schema refuses what is no report.
    let mut other = serde_json::to_value(report(SAMPLES[0])).expect("JSON");
    other["causes"][0]["confidence"] = "sure".into();
    assert!(!validator.is_valid(&other));
}

#[test]
fn a_json_report_renders_to_the_same_as_the_bundle() {
    for bundle in SAMPLES {
        let direct = report(bundle);
        let json = render(&direct, Format::Json, &Templates::built_in(), &Look::default()).expect(bundle);
        let read = Report::from_json(&json).expect(bundle);
        for format in [Format::Json, Format::Html, Format::Markdown, Format::Text] {
            let again = render(&read, format, &Templates::built_in(), &Look::default()).expect(bundle);
            assert!(
                again == render(&direct, format, &Templates::built_in(), &Look::default()).expect(bundle),
                "{bundle} {format:?}"
            );
        }
    }
}

#[test]
fn every_format_carries_every_cause_and_step() {
    let report = report("samples/stolen-login");
    assert!(report.causes.len() > 1 && report.plan.len() > 3);
    for format in [Format::Markdown, Format::Html] {
        let text = render(&report, format, &Templates::built_in(), &Look::default()).expect("a report");
        for cause in &report.causes {
            assert!(text.contains(&cause.rule), "{} is missing in {format:?}", cause.rule);
        }
        for step in &report.plan {
            assert!(text.contains(&format!("{}. ", step.number)), "step {} is missing in {format:?}", step.number);
        }
    }
}
