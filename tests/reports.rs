//! What a reader of the report sees: snapshots of whole reports, and that evidence stays text in every format.

use postdoc::analysis::{Analysis, Options};
use postdoc::report::render::{Format, Look, Templates, render};
use postdoc::report::view::Report;
use postdoc::rules::RuleSet;
use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{LazyLock, Mutex};

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

/// The report on a bundle of this project, without what changes with every rule; each is made once.
fn report(bundle: &str) -> Report {
    static MADE: LazyLock<Mutex<HashMap<String, Report>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().expect("no panic in between");
    made.entry(bundle.to_owned()).or_insert_with(|| analysed(bundle)).clone()
}

fn complete(bundle: &str) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(bundle);
    Analysis::run(&path, &RULES, &Options::default(), &AtomicU64::new(0)).expect(bundle).report
}

fn analysed(bundle: &str) -> Report {
    let mut report = complete(bundle);
    report.made_by.rules_sha256 = "(digest)".to_owned();
    report.made_by.bundle = bundle.to_owned();
    report.headline = report.headline.replace(&format!("{} rules", report.made_by.rules), "100 rules");
    (report.made_by.rules, report.made_by.reasons) = (100, 1000);
    report.rules.retain(|rule| rule.result != "no" && rule.result != "not-checked");
    report.not_checked.retain(|item| item.changes_plan);
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
    // A command stays in one piece.
    let prose = text.lines().filter(|line| !line.starts_with("          "));
    assert!(prose.clone().all(|line| line.chars().count() <= 60), "{text}");
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

/// The letters and digits of a text, whatever the format's marks and escapes between them.
fn words_of(text: &str) -> String {
    let mut plain = text.replace("\\n", " ").replace("\\\\", "\\");
    for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")] {
        plain = plain.replace(entity, character);
    }
    for tag in ["<code>", "</code>", "<strong>", "</strong>", "<em>", "</em>", "<p>", "</p>"] {
        plain = plain.replace(tag, "");
    }
    plain.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[test]
fn every_format_carries_every_cause_and_step() {
    for bundle in SAMPLES {
        let report = report(bundle);
        for format in [Format::Json, Format::Markdown, Format::Html, Format::Text] {
            let text = render(&report, format, &Templates::built_in(), &Look::default()).expect(bundle);
            for cause in &report.causes {
                assert!(text.contains(&cause.rule), "{bundle}: {} is missing in {format:?}", cause.rule);
            }
            let words = words_of(&text);
            for step in &report.plan {
                let number =
                    if format == Format::Json { format!("\"number\": {}", step.number) } else { format!("{}. ", step.number) };
                assert!(text.contains(&number), "{bundle}: step {} is missing in {format:?}", step.number);
                let commands = step.run.iter().flat_map(|run| run.lines());
                let texts = [&step.details, &step.why, &step.good, &step.undo].into_iter().flatten().chain(&step.effects);
                for said in texts.map(String::as_str).chain([step.action.as_str()]).chain(commands) {
                    assert!(words.contains(&words_of(said)), "{bundle}, step {}: {said:?} is missing in {format:?}", step.number);
                }
            }
        }
    }
}

/// Markdown in `max` bytes.
fn ticket(report: &Report, max: usize) -> String {
    let look = Look { max_bytes: Some(max), ..Look::default() };
    render(report, Format::Markdown, &Templates::built_in(), &look).expect("a report")
}

#[test]
fn markdown_is_shortened_block_by_block_and_says_so() {
    let bundle = "samples/stolen-login";
    let report = report(bundle);
    let whole = plain(bundle, Format::Markdown);
    assert_eq!(ticket(&report, whole.len()), whole, "what fits is not touched");
    let mut length = whole.len();
    // Below that every cause and step no longer fits: then the answer alone stands there.
    let floor = 5_500;
    for max in (0..8).map(|part| floor + (whole.len() - 1 - floor) * (7 - part) / 7) {
        let text = ticket(&report, max);
        assert!(text.len() <= max && text.len() <= length, "{} bytes for {max}", text.len());
        length = text.len();
        assert!(text.trim_end().lines().last().expect("a line").starts_with("Shortened to "), "{text}");
        assert!(text.contains("left out"), "{text}");
        // Every fence that opens is closed.
        let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
        assert!(fences.is_multiple_of(2), "an open fence at {max} bytes");
        // What must stay: the headline, what to do and not to do first, every cause, every step with its lock.
        assert!(text.starts_with("# INCIDENT: "));
        for kept in ["**Do first**", "**Do not do yet**", "**Locked until"] {
            assert!(text.contains(kept), "{kept} is missing at {max} bytes");
        }
        for cause in &report.causes {
            assert!(text.contains(&cause.rule), "{} is missing at {max} bytes", cause.rule);
        }
        for step in &report.plan {
            assert!(text.contains(&format!("**{}. ", step.number)), "step {} is missing at {max} bytes", step.number);
        }
    }
}

#[test]
fn markdown_never_exceeds_its_limit() {
    for bundle in SAMPLES {
        let report = report(bundle);
        for max in [0, 120, 700, 3_000] {
            let text = ticket(&report, max);
            assert!(text.len() <= max, "{bundle}: {} bytes for {max}", text.len());
        }
        // The answer: what, how sure, since when, what to do and not to do first, what is left out.
        let text = ticket(&report, 2_000);
        let (_, headline) = report.headline.split_once(':').unwrap_or(("", &report.headline));
        let shortened = if plain(bundle, Format::Markdown).len() > 2_000 { "Shortened to 2,000 bytes" } else { "" };
        for kept in [headline, "**How sure:**", "**Since:**", shortened] {
            assert!(text.contains(kept), "{bundle}: {kept} is missing in {text}");
        }
        if let Some(first) = report.do_first.first() {
            assert!(words_of(&text).contains(&words_of(&first.text)), "{bundle}: {text}");
        }
        if let Some(warning) = report.do_not.first() {
            assert!(words_of(&text).contains(&words_of(&warning.why)), "{bundle}: {text}");
        }
    }
}

#[test]
fn what_changed_before_the_onset_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/port-25-blocked");
    for entry in std::fs::read_dir(sample).expect("a sample").flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
    }
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write(
        "ls-etc-postfix.txt",
        "-rw-r--r-- 1 root root 1382 2026-11-12 09:58:11 +0100 main.cf\n-rw-r--r-- 1 root root 6208 Jan  5  2023 master.cf\n",
    );
    let packages = (0..40).map(|at| format!("2026-11-12 08:50:{at:02} upgrade lib{at}:amd64 1-1 1-2\n"));
    write(
        "dpkg.log",
        &packages.chain(["2026-11-12 08:51:00 upgrade postfix:amd64 3.7.6-0 3.7.11-0\n".to_owned()]).collect::<String>(),
    );
    let report = Analysis::run(folder.path(), &RULES, &Options::default(), &AtomicU64::new(0)).expect("a report").report;
    let told: Vec<String> = report
        .changes
        .iter()
        .map(|change| format!("{} {} {}", change.time, change.kind, change.what.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(
        told,
        [
            "2026-11-12T08:51:00Z package upgrade postfix:amd64 3.7.6-0 3.7.11-0 (+ 40)",
            "2026-11-12T08:58:11Z config main.cf",
            "2026-11-12T08:59:04Z start -",
        ]
    );
}

#[test]
fn a_translation_is_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = "verdict: {incident: Störung}\nkeys: {since: Seit}\nmonths: [Jan, Feb, Mär, Apr, Mai, Jun, Jul, Aug, Sep, Okt, Nov., Dez]\n";
    std::fs::write(folder.path().join("words.yaml"), words).expect("written");
    let templates = Templates::with_overrides(folder.path()).expect("templates");
    let text = render(&report("samples/port-25-blocked"), Format::Markdown, &templates, &Look::default()).expect("a report");
    assert!(text.starts_with("# STÖRUNG: "), "{text}");
    assert!(text.contains("**Seit:** 12 Nov. 09:12") && text.contains("**How sure:**"), "{text}");
}

/// A phrase in letters that no language has, its `{places}` and `code` as they are.
fn foreign(phrase: &str) -> String {
    let mut kept = None;
    let mut turn = |c: char| match (kept, c) {
        (Some(end), _) => {
            kept = (c != end).then_some(end);
            c
        }
        (None, '{' | '`') => {
            kept = Some(if c == '{' { '}' } else { '`' });
            c
        }
        (None, c) if c.is_ascii_alphabetic() => {
            char::from_u32(c.to_ascii_lowercase() as u32 - 'a' as u32 + 'ⓐ' as u32).unwrap_or(c)
        }
        (None, c) => c,
    };
    phrase.chars().map(&mut turn).collect()
}

/// Puts every phrase into foreign letters, and keeps the English ones that are long enough to be known again.
fn translate(value: &mut serde_json::Value, english: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => {
            let parts =
                text.split(['{', '}', '`', '*']).step_by(2).map(|part| part.trim_matches([' ', ',', ';', ':', '.', '(', ')']));
            english.extend(parts.filter(|part| part.len() >= 12 && part.contains(' ')).map(str::to_owned));
            *text = foreign(text);
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|value| translate(value, english)),
        serde_json::Value::Object(map) => map.values_mut().for_each(|value| translate(value, english)),
        _ => {}
    }
}

#[test]
fn every_word_of_the_reports_own_comes_from_that_file() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/report-templates/words.yaml")).expect("words");
    let mut words: serde_json::Value = serde_saphyr::from_str(&source).expect("YAML");
    let mut english = Vec::new();
    translate(&mut words, &mut english);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("words.yaml"), words.to_string()).expect("written");
    let templates = Templates::with_overrides(folder.path()).expect("templates");
    // What rules say is theirs, whatever the language of the report.
    let rules: String = walkdir::WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))
        .into_iter()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|kind| kind == "yaml"))
        .map(|entry| std::fs::read_to_string(entry.path()).expect("a text"))
        .collect();
    english.retain(|phrase| !rules.contains(phrase.as_str()));
    assert!(english.len() > 200, "{} phrases", english.len());
    for bundle in ["samples/port-25-blocked", "samples/stolen-login", "tests/cases/healthy-busy-newsletter/bundle"] {
        for format in [Format::Text, Format::Markdown, Format::Html] {
            let shown = render(&report(bundle), format, &templates, &Look::default()).expect(bundle);
            let left: Vec<&String> = english.iter().filter(|phrase| shown.contains(phrase.as_str())).collect();
            assert!(left.is_empty(), "{bundle}: not translated: {left:#?}");
        }
    }
    // Phrases that are filled with numbers.
    for (bundle, phrase) in
        [("samples/port-25-and-spf.tar.gz", "other domains"), ("samples/no-reverse-dns.tar.gz", "none (NXDOMAIN)")]
    {
        let shown = |templates: &Templates| render(&report(bundle), Format::Html, templates, &Look::default()).expect(bundle);
        assert!(shown(&Templates::built_in()).contains(phrase), "{bundle} says {phrase}");
        assert!(!shown(&templates).contains(phrase), "{bundle}: not translated: {phrase}");
    }
}

#[test]
fn the_templates_have_no_words_of_their_own() {
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/report-templates")).into_iter().flatten() {
        if entry.path().extension().is_none_or(|kind| kind != "hbs") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("a text");
        let labels = ["aria-label=\"", "title=\"", "alt=\""];
        let labels =
            labels.iter().flat_map(|label| text.split(label).skip(1).map(|rest| rest.split('"').next().unwrap_or_default()));
        let body = without(&without(&without(&text, "{{!--", "--}}"), "{{", "}}"), "<", ">");
        for part in labels.map(|label| without(label, "{{", "}}")).chain([without(&body, "&", ";")]) {
            found.extend(
                part.split(|c: char| !c.is_alphabetic())
                    .filter(|word| word.len() > 1)
                    .map(|word| (entry.path().to_owned(), word.to_owned())),
            );
        }
    }
    assert!(found.is_empty(), "these words stand in templates and not in words.yaml: {found:#?}");
}

/// A text without what stands between two marks, and without these.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut parts = text.split(open);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + " " + part.split_once(close).map_or("", |(_, after)| after))
}

/// The message of a folder of templates with one file in it.
fn complaint(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(&path, text).expect("written");
    let report = report("samples/port-25-blocked");
    let error = match Templates::with_overrides(folder.path()) {
        Ok(templates) => render(&report, Format::Markdown, &templates, &Look::default()).expect_err("an error"),
        Err(error) => error,
    };
    error.to_string().replace(&folder.path().display().to_string(), "DIR")
}

#[test]
fn template_errors_say_where_and_what() {
    assert_eq!(
        complaint("report.md.hbs", "# {{headline}}\n\n{{key.confidnce}}\n"),
        "DIR/report.md.hbs:3:3: error: the report has no `key.confidnce` here\n  |\n3 | {{key.confidnce}}\n  |   ^^^^^^^^^^^^^\n  \
         help: did you mean `key.confidence`?\n\n1 error in the templates"
    );
    // All of them at once, also those that a condition, a list or a call would take for nothing.
    let many = complaint(
        "report.md.hbs",
        "{{#if hedline}}x{{/if}}\n{{#each cuases}}{{titel}}{{/each}}\n{{#each causes}}{{md sumary}}{{/each}}\n{{uppr host}}\n{{> md-frist}}",
    );
    let told: Vec<&str> = many.lines().filter(|line| line.contains(": error: ") || line.contains("help: ")).collect();
    assert_eq!(
        told,
        [
            "DIR/report.md.hbs:1:7: error: the report has no `hedline` here",
            "  help: did you mean `headline`?",
            "DIR/report.md.hbs:2:9: error: the report has no `cuases` here",
            "  help: did you mean `causes`?",
            "DIR/report.md.hbs:3:22: error: the report has no `sumary` here",
            "  help: did you mean `summary`?",
            "DIR/report.md.hbs:4:3: error: there is no helper `uppr`",
            "  help: did you mean `upper`?",
            "DIR/report.md.hbs:5:5: error: there is no partial `md-frist`: it would stand in partials/md-frist.hbs",
            "  help: did you mean `md-first`?",
        ]
    );
    let inner = complaint("partials/md-cause.hbs", "### {{title}}\n{{rulle}}\n");
    assert!(inner.starts_with("DIR/partials/md-cause.hbs:2:") && inner.contains("`rulle`"), "{inner}");
    let open = complaint("report.md.hbs", "{{#if headline}}\nx\n");
    assert!(open.starts_with("DIR/report.md.hbs:"), "{open}");
    let phrase = complaint("report.md.hbs", "\n{{t \"keys.sinse\"}}\n");
    assert!(phrase.starts_with("DIR/report.md.hbs:2:") && phrase.contains("no phrase `keys.sinse`"), "{phrase}");
    let words = complaint("words.yaml", "keys:\n  sinse: Seit\n");
    assert!(words.starts_with("DIR/words.yaml:2:3: error: the report has no phrase `keys.sinse`\n"), "{words}");
    assert!(words.contains("  help: did you mean `keys.since`?"), "{words}");
    assert!(complaint("reprot.md.hbs", "x").contains("no template has this name"));
}

#[test]
fn a_brand_stands_on_the_report_with_its_logo_inside() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("logo.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").expect("written");
    let brand = folder.path().join("brand.yaml");
    std::fs::write(&brand, "name: Mail & Co\nlogo: logo.svg\ncontact: help@mail.example\n").expect("written");
    let templates = Templates::built_in().branded(&brand).expect("a brand");
    let html = render(&report("samples/port-25-blocked"), Format::Html, &templates, &Look::default()).expect("a report");
    assert!(html.contains("src=\"data:image/svg+xml;base64,") && html.contains("alt=\"Mail &amp; Co\""));
    assert!(html.contains("Questions: help@mail.example"));
    let markdown = render(&report("samples/port-25-blocked"), Format::Markdown, &templates, &Look::default()).expect("a report");
    assert!(markdown.contains("`help@mail.example`"), "a tracker would make a link of it");
    std::fs::write(&brand, "name: Mail\ncolour: red\n").expect("written");
    let wrong = Templates::built_in().branded(&brand).expect_err("an error").to_string();
    assert!(wrong.contains("brand.yaml") && wrong.contains("colour"), "{wrong}");
}

#[test]
fn a_logo_that_is_none_or_acts_is_refused_and_said_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let brand = folder.path().join("brand.yaml");
    let said = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("written");
        std::fs::write(&brand, format!("name: Mail\nlogo: {name}\n")).expect("written");
        match Templates::built_in().branded(&brand) {
            Ok(_) => "taken".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    let svg = |inside: &str| format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inside}</svg>").into_bytes();
    for (name, bytes, wanted) in [
        ("logo.svg", svg("<rect width=\"4\" height=\"4\"/>"), "taken"),
        ("logo.png", b"\x89PNG\r\n\x1a\nrest".to_vec(), "taken"),
        ("broken.png", b"<html>".to_vec(), "is no .png image"),
        ("empty.jpg", Vec::new(), "is no .jpg image"),
        ("logo.bmp", b"BM".to_vec(), "a logo is a .png"),
        ("script.svg", svg("<script>alert(1)</script>"), "holds a script"),
        ("click.svg", svg("<rect onclick=\"x()\"/>"), "holds an event handler"),
        ("use.svg", svg("<use href=\"https://evil.example/x.svg#a\"/>"), "holds a reference to another place"),
        ("huge.svg", svg(&" ".repeat(300_000)), "a logo may have 200000"),
    ] {
        let said = said(name, &bytes);
        assert!(said.contains(wanted) && (said == "taken" || said.contains(name)), "{name}: {said}");
    }
    std::fs::write(&brand, "name: Mail\nlogo: nowhere.png\n").expect("written");
    assert!(Templates::built_in().branded(&brand).expect_err("an error").to_string().contains("nowhere.png: cannot be read"));
}

/// Dotted names of every field of a page's own part, without those of the view model.
fn names(value: &serde_json::Value, prefix: &str, out: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => map.keys().for_each(|key| {
            out.insert(format!("{prefix}.{key}"));
        }),
        serde_json::Value::Array(list) => list.iter().for_each(|item| names(item, prefix, out)),
        _ => {}
    }
}

#[test]
fn the_manual_of_the_templates_names_everything_that_they_can_use() {
    let manual =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("report-templates/README.md")).expect("a manual");
    let missing =
        |names: Vec<String>| -> Vec<String> { names.into_iter().filter(|name| !manual.contains(&format!("`{name}`"))).collect() };
    // Partials.
    let partials = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("report-templates/partials")).expect("partials");
    let partials = partials.flatten().map(|entry| entry.file_name().to_string_lossy().trim_end_matches(".hbs").to_owned());
    assert_eq!(missing(partials.filter(|name| !name.starts_with("icon-")).collect()), Vec::<String>::new());
    // The view model, by its schema: every field of every part.
    let schema = postdoc::report::schema::report();
    let mut fields: Vec<String> = schema["properties"].as_object().expect("fields").keys().cloned().collect();
    for (_, part) in schema["$defs"].as_object().expect("parts") {
        fields.extend(part["properties"].as_object().into_iter().flat_map(|all| all.keys().cloned()));
    }
    assert_eq!(missing(fields), Vec::<String>::new());
    // What a page has beside it, on reports of every verdict.
    let mut own = std::collections::BTreeSet::new();
    for bundle in SAMPLES {
        let page = postdoc::report::render::page_of(&report(bundle)).expect(bundle);
        names(&page, "page", &mut own);
        for list in ["causes", "shares", "phases", "collect", "rules", "timeline", "destinations"] {
            names(&page[list], &format!("page.{list}"), &mut own);
        }
        for lane in page["timeline"]["lanes"].as_array().into_iter().flatten() {
            names(lane, "page.timeline.lanes", &mut own);
        }
        for phase in page["phases"].as_array().into_iter().flatten() {
            names(&phase["steps"], "page.phases.steps", &mut own);
        }
    }
    let told = |name: &String| {
        let last = name.rsplit('.').next().unwrap_or_default();
        manual.contains(&format!("`{name}`")) || (name.matches('.').count() > 1 && manual.contains(&format!("`{last}`")))
    };
    let untold: Vec<String> = own.into_iter().filter(|name| !told(name)).collect();
    assert_eq!(untold, Vec::<String>::new());
    // Helpers.
    let helpers: Vec<String> = postdoc::report::render::helpers().into_iter().map(str::to_owned).collect();
    let untold: Vec<String> = helpers
        .into_iter()
        .filter(|name| !manual.contains(&format!("`{name}`")) && !manual.contains(&format!("`{name} ")))
        .collect();
    assert_eq!(untold, Vec::<String>::new());
}

#[test]
fn what_two_causes_explain_is_counted_once_and_the_report_says_so() {
    let report = complete("tests/cases/hacked-site-and-no-reverse-dns/bundle.tar.gz");
    let text = render(&report, Format::Markdown, &Templates::built_in(), &Look::default()).expect("a report");
    assert!(text.contains("29 of them are counted under an earlier cause"), "{text}");
}

#[test]
fn what_stays_when_its_cause_is_gone_has_its_steps_and_a_step_for_a_case_that_may_not_be_there_locks_nothing() {
    let report = complete("tests/cases/site-floods-then-limits-then-listing/bundle.tar.gz");
    let listed: Vec<_> = report.plan.iter().filter(|step| step.causes == ["ip-blocklisted"]).collect();
    assert!(listed.iter().any(|step| step.action.starts_with("Ask for removal")), "{:?}", report.plan);
    assert!(listed.iter().all(|step| ["fix", "verify"].contains(&&*step.phase)));
    let text = render(&report, Format::Markdown, &Templates::built_in(), &Look::default()).expect("a report");
    let lasting = text.find("and stays when it is gone; steps").expect("its own list");
    assert!(text[lasting..].trim_start().contains("ip-blocklisted"));
    let optional: Vec<usize> = report.plan.iter().filter(|step| step.optional).map(|step| step.number).collect();
    assert!(!optional.is_empty());
    assert!(report.plan.iter().all(|step| optional.iter().all(|number| !step.locked_by.contains(number))));
}

#[test]
fn what_is_over_is_told_with_when_it_began_and_ended() {
    let bundle = "tests/cases/drains-after-port-25-opened/bundle";
    for format in [Format::Markdown, Format::Text, Format::Html] {
        let said = plain(bundle, format);
        assert!(said.contains("10:19 to 10:53 UTC"), "{said}");
        assert!(said.contains("it is over"), "{said}");
    }
    let ticket = plain(bundle, Format::Markdown);
    assert!(ticket.contains("Root cause, over, ") && !ticket.contains("Root cause, critical"), "{ticket}");
}

#[test]
fn a_refusal_for_good_behind_a_blocked_port_pauses_delivery_however_little_it_has_refused() {
    let report = complete("tests/cases/blocked-after-no-reverse-dns/bundle.tar.gz");
    let behind = report.causes.iter().find(|cause| cause.rule == "ptr-missing").expect("the second cause");
    assert_eq!(behind.role, "contributing");
    assert_eq!(report.do_first.first().map(|first| first.step), Some(1));
    assert!(report.plan[0].run.as_ref().is_some_and(|run| run.contains("defer_transports")), "{:?}", report.plan[0]);
    assert!(report.do_not.iter().any(|warning| warning.hurts.is_some()));
}

#[test]
fn where_no_mail_waits_for_the_cause_how_big_it_is_does_not_count_the_mail_of_others() {
    let report = complete("tests/cases/flood-of-two-clients-and-the-disk-full/bundle.tar.gz");
    let disk = report.causes.iter().find(|cause| cause.rule == "disk-full").expect("the disk");
    assert_eq!(disk.impact.as_deref(), Some("50 clients turned away"));
}

#[test]
fn a_shortened_report_counts_what_the_whole_one_counts() {
    let report = complete("tests/cases/healthy-busy-newsletter/bundle");
    let whole = ticket(&report, 60_000);
    let short = ticket(&report, 4_000);
    assert!(short.len() < whole.len());
    let counted = |text: &str| -> Vec<String> {
        let told = text.lines().filter(|line| {
            line.starts_with("- **How sure") || line.contains("not checked for want") || line.contains("every line")
        });
        told.map(str::to_owned).collect()
    };
    assert_eq!(counted(&short), counted(&whole));
    assert_eq!(counted(&short).len(), 3, "{short}");
    // A section that is left out whole keeps its title above the sentence that says so.
    for (at, line) in short.lines().enumerate().filter(|(_, line)| line.contains("that cannot change the plan")) {
        let before: Vec<&str> = short.lines().take(at).collect();
        assert!(before.contains(&"## Not checked"), "{line}");
    }
}

#[test]
fn causes_in_one_line_are_counted_as_many_as_there_are() {
    let short = ticket(&report("samples/port-25-and-spf.tar.gz"), 6_000);
    let lines = short.lines().filter(|line| line.contains("recipients. Rule `")).count();
    assert!(lines > 2, "{short}");
    assert!(short.contains(&format!("{lines} causes are shown in one line each.")), "{short}");
}

#[test]
fn what_would_speak_against_a_cause_is_told_with_all_that_it_asks() {
    let against = |report: &Report| {
        let items = report.causes[0].evidence.iter().filter(|item| item.kind == "would-contradict");
        items.map(|item| item.says.clone()).collect::<Vec<_>>()
    };
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/port-25-and-spf.tar.gz");
    let own = against(&report("samples/port-25-and-spf.tar.gz"));
    assert!(own.iter().any(|says| says == "A probe of port 25 that was answered while collecting: none."), "{own:?}");
    // A rule that has no words for it: they are made from what it asks.
    let rule = include_str!("../rules/network-path/outbound-port-25-blocked.yaml");
    let silent: Vec<&str> = rule.lines().filter(|line| !line.trim_start().starts_with("absent:")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("network-path")).expect("a folder");
    std::fs::write(folder.path().join("network-path/outbound-port-25-blocked.yaml"), silent.join("\n")).expect("written");
    let rules = RuleSet::load(&[folder.path().to_owned()]).expect("rules");
    let says = against(&Analysis::run(&bundle, &rules, &Options::default(), &AtomicU64::new(0)).expect("a report").report);
    // There are waiting recipients at port 25: it must not read as if there were none.
    let refused = says.iter().find(|says| says.contains("operation not permitted")).unwrap();
    assert!(refused.ends_with(": none found, or too few."), "{refused}");
    // In words for people: no names of fields, of classes or of networks.
    let delivered = says.iter().find(|says| says.contains("Deliveries")).unwrap();
    assert!(delivered.contains("address outside of private networks"), "{delivered}");
    assert!(says.iter().any(|says| says.contains("Waiting recipients (reason \"connection timed out\"")), "{says:?}");
}

#[test]
fn a_listing_without_a_zone_is_read_in_that_of_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = "2026-05-19T18:10:00.000000+02:00 mx postfix/smtp[42]: 8CA06271: to=<a@b.example>, relay=none, delay=30, \
               delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to mx.b.example[198.18.1.1]:25: Connection timed out)\n";
    let listing = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n\
                   8CA06271        911 Tue May 19 18:04:38  c@d.example\n\
                   (connect to mx.b.example[198.18.1.1]:25: Connection timed out)\n\
                   \x20                                        a@b.example\n\n-- 0 Kbytes in 1 Request.\n";
    std::fs::write(folder.path().join("mail.log"), log).expect("written");
    std::fs::write(folder.path().join("mailq.txt"), listing).expect("written");
    let rules = RuleSet::load(&[]).expect("rules");
    let report = Analysis::run(folder.path(), &rules, &Options::default(), &AtomicU64::new(0)).expect("a report").report;
    assert!(report.queue.oldest.expect("a time").to_string().ends_with("-05-19T16:04:38Z"), "{:?}", report.queue.oldest);
}

#[test]
fn what_no_rule_explains_is_read_first() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("network-path")).expect("a folder");
    std::fs::write(folder.path().join("network-path/off.yaml"), "id: outbound-port-25-blocked\nenabled: false\n")
        .expect("written");
    let rules = RuleSet::load(&[folder.path().to_owned()]).expect("rules");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/port-25-blocked");
    let report = Analysis::run(&path, &rules, &Options::default(), &AtomicU64::new(0)).expect("a report").report;
    assert!(report.causes.is_empty() && report.do_first.is_empty());
    for format in [Format::Text, Format::Markdown, Format::Html] {
        let look = Look { max_bytes: Some(1_000), ..Look::default() };
        let shown = render(&report, format, &Templates::built_in(), &look).expect("a document");
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let first = shown.find("Connection timed out").expect("the reason stands there");
        let lower = shown.to_lowercase();
        assert!(lower.find("read first").is_some_and(|title| title < first), "{shown}");
        assert!(lower.contains("do not flush, requeue or delete"), "{shown}");
    }
}

#[test]
fn the_first_action_repairs_or_contains() {
    let report = report("samples/port-25-blocked");
    let first: Vec<&str> = report.do_first.iter().map(|step| step.text.as_str()).collect();
    assert!(first[0].contains("firewall"), "{first:?}");
    assert!(report.plan[0].action.starts_with("Tell the senders"), "it stands in the plan all the same");
}

#[test]
fn a_log_cut_down_to_its_deliveries_does_not_show_that_the_queue_stands_still() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut log, mut listing) = (String::new(), String::new());
    for at in 0..60 {
        let reason = format!("connect to mx.d{at}.example[198.51.100.{at}]:25: Connection timed out");
        log += &format!(
            "Nov 12 10:{at:02}:00 mx postfix/smtp[42]: 4B{at:08}: to=<a@d{at}.example>, relay=none, delay=30, delays=0/0/30/0, \
             dsn=4.4.1, status=deferred ({reason})\n"
        );
        listing += &format!(
            "{{\"queue_name\": \"deferred\", \"queue_id\": \"4B{at:08}\", \"arrival_time\": {}, \"message_size\": 2048, \"sender\": \
             \"s@a.example\", \"recipients\": [{{\"address\": \"a@d{at}.example\", \"delay_reason\": \"{reason}\"}}]}}\n",
            1_794_477_600 + at * 60 - 30
        );
    }
    std::fs::write(folder.path().join("mail.log"), log).expect("written");
    std::fs::write(folder.path().join("postqueue-j.json"), listing).expect("written");
    std::fs::write(folder.path().join("date.txt"), "Thu Nov 12 11:00:00 UTC 2026\n").expect("written");
    let report = Analysis::run(folder.path(), &RULES, &Options::default(), &AtomicU64::new(0)).expect("a report").report;
    assert!(report.forecast.is_none());
    assert!(report.key.trend.is_some_and(|trend| trend.per_hour > 50.0), "{:?}", report.key.trend);
}
