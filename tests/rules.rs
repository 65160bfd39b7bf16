//! The built-in rules: they load, and every test inside them holds.

use postdoc::diagnose::explain::explain;
use postdoc::rule_tests;
use postdoc::rules::{RuleSet, schema};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[test]
fn every_test_inside_the_rules_holds() {
    let rules = RuleSet::check(&[]).unwrap_or_else(|problems| panic!("{problems}"));
    let (count, failures) = rule_tests::run(&rules, |_| true);
    assert!(count >= rules.rules.len(), "only {count} tests for {} rules", rules.rules.len());
    let list: Vec<String> = failures
        .iter()
        .map(|failure| format!("{}: {}: {}: {}", failure.place, failure.rule, failure.test, failure.why))
        .collect();
    assert!(list.is_empty(), "{} of {count} failed:\n{}", list.len(), list.join("\n"));
}

/// Each rule of `tests/operators` uses one operator of the language; its tests show it met, unmet and, where evidence can be
/// missing, unknown.
#[test]
fn every_operator_does_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operators");
    let rules = RuleSet::load(&[folder]).unwrap_or_else(|problems| panic!("{problems}"));
    let (count, failures) = rule_tests::run(&rules, |rule| rule.id.starts_with("operator-"));
    assert!(count >= 100, "only {count} tests");
    let list: Vec<String> =
        failures.iter().map(|failure| format!("{}: {}: {}", failure.rule, failure.test, failure.why)).collect();
    assert!(list.is_empty(), "{} of {count} failed:\n{}", list.len(), list.join("\n"));
}

/// What an editor says of a file by its schema: the shipped ones are right, and mistakes that need no other file are seen.
#[test]
fn editors_take_what_is_right_and_mark_what_is_wrong() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let validators: BTreeMap<&str, jsonschema::Validator> = schema::KINDS
        .into_iter()
        .map(|kind| (kind, jsonschema::validator_for(&schema::of(kind).expect("a schema")).expect("valid")))
        .collect();
    let valid = |path: &Path| {
        let text = std::fs::read_to_string(path).expect("a text");
        let value: serde_json::Value = serde_saphyr::from_str(&text).expect("YAML");
        let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
        let stem = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let kind = [folder, stem].into_iter().find(|name| schema::KINDS.contains(name)).unwrap_or("rule");
        let errors: Vec<String> = validators[kind].iter_errors(&value).map(|error| error.to_string()).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors.join("; ")) }
    };
    for folder in ["rules", "tests/operators"] {
        let files = walkdir::WalkDir::new(root.join(folder)).into_iter().filter_map(Result::ok).map(walkdir::DirEntry::into_path);
        for path in files.filter(|path| path.extension().is_some_and(|kind| kind == "yaml")) {
            assert_eq!(valid(&path), Ok(()), "{}", path.display());
        }
    }
    for wrong in [
        "bad-amount",
        "bad-phase",
        "bad-risk",
        "count-with-unit",
        "group-as-list",
        "group-without-signals",
        "id-with-spaces",
        "matcher-of-another-language",
        "matcher-says-nothing",
        "misspelt-unit",
        "moment-without-end",
        "neither-yes-nor-no",
        "no-requires",
        "share-of-alone",
        "signals-as-list",
        "text-for-number",
        "unknown-column",
        "unknown-field",
        "value-never-there",
    ] {
        let path = root.join("tests/broken-rules/network-path").join(wrong).with_extension("yaml");
        assert!(valid(&path).is_err(), "{wrong}: an editor sees nothing wrong");
    }
}

#[test]
fn every_rule_has_a_test_that_fires_and_one_that_does_not() {
    let rules = RuleSet::check(&[]).expect("valid rules");
    let lacking: Vec<&str> = rules
        .rules
        .iter()
        .filter(|rule| {
            let fires = rule.tests.iter().any(|test| matches!(test.expect.as_str(), "confirmed" | "likely" | "possible"));
            let not = rule.tests.iter().any(|test| matches!(test.expect.as_str(), "no" | "unknown"));
            !(fires && not)
        })
        .map(|rule| rule.id.as_str())
        .collect();
    assert!(lacking.is_empty(), "without a positive and a negative test: {}", lacking.join(", "));
}

#[test]
fn every_example_of_a_reason_is_taken_by_its_class() {
    let rules = RuleSet::built_in();
    let wrong: Vec<String> = rules
        .reasons
        .misplaced_examples()
        .into_iter()
        .map(|(entry, text, place, taken)| {
            let taken = taken.map_or("nothing", |taken| &taken.class);
            format!("{}:{}: {taken} takes the example of {}: {text}", entry.file, place.line, entry.class)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_overlay_changes_a_threshold_or_a_class_without_copying() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write("network-path/stricter.yaml", "id: outbound-port-25-blocked\nparams: {min_providers: 17}\n");
    write(
        "reasons/own.yaml",
        "- {class: greylisted, enabled: false}\n- {class: greylisted, bucket: remote-policy, any: ['come back after tea'], examples: ['450 Come back after tea']}\n",
    );
    let (rules, problems) = RuleSet::lint(&[folder.path().to_owned()]);
    let rules = rules.unwrap_or_else(|| panic!("{problems}"));
    let (own, built_in) = (rules.rule("outbound-port-25-blocked"), RuleSet::built_in());
    let (own, built_in) = (own.expect("in force"), built_in.rule("outbound-port-25-blocked").expect("built in"));
    assert_eq!(own.params["min_providers"], "17");
    assert_eq!(own.params["min_recipients"], built_in.params["min_recipients"], "what it does not name stays");
    assert_eq!(own.remedy.len(), built_in.remedy.len());
    let greylisted = rules.reasons.entries.iter().filter(|entry| entry.class == "greylisted");
    assert_eq!(
        greylisted.flat_map(|entry| &entry.any).map(|phrase| phrase.as_str()).collect::<Vec<_>>(),
        ["come back after tea"]
    );
}

/// A text that an entry names as another's falls to the entry when the other is switched off: nobody has made a mistake.
#[test]
fn a_class_may_be_switched_off_whose_texts_others_say_are_not_theirs() {
    let built_in = RuleSet::built_in();
    let theirs = built_in.reasons.entries.iter().flat_map(|entry| &entry.not);
    let takers: BTreeSet<String> = theirs.filter_map(|(text, _)| explain(text, &built_in).reason_class).collect();
    assert!(takers.len() >= 5, "{takers:?}");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("reasons")).expect("made");
    let off: String = takers.iter().map(|class| format!("- {{class: {class}, enabled: no}}\n")).collect();
    std::fs::write(folder.path().join("reasons/off.yaml"), off).expect("written");
    let (rules, problems) = RuleSet::lint(&[folder.path().to_owned()]);
    assert!(rules.is_some(), "{problems}");
    // But who takes such a text with an entry of their own is told so.
    let own = "- {class: sender-rejected, bucket: remote-policy, voice: remote, any: ['.'], examples: []}\n";
    std::fs::write(folder.path().join("reasons/off.yaml"), own).expect("written");
    let (_, problems) = RuleSet::lint(&[folder.path().to_owned()]);
    assert!(problems.to_string().contains("`sender-rejected` takes this text, which `not` says it must not"), "{problems}");
}

#[test]
fn a_single_file_is_checked_where_it_lies() {
    let folder = tempfile::tempdir().expect("a folder");
    let bucket = folder.path().join("abuse");
    std::fs::create_dir(&bucket).expect("made");
    let file = bucket.join("mine.yaml");
    std::fs::write(&file, "id: mine\ntitle: t\nsummary: s\nrequires: {a: {in: failuers, says: x}}\n").expect("written");
    let (_, problems) = RuleSet::lint(std::slice::from_ref(&file));
    assert!(problems.to_string().contains("unknown table `failuers`"), "{problems}");
    assert!(!problems.to_string().contains("unknown bucket"), "{problems}");
    // A file that no person wrote is not read at all.
    std::fs::write(&file, "#".repeat(5 << 20)).expect("written");
    let (_, problems) = RuleSet::lint(&[file]);
    assert!(problems.to_string().contains("a rule file has at most 4 MB"), "{problems}");
}

/// How a cause that postmasters know shows here: a row of `tests/causes`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    rule: Option<String>,
    class: Option<String>,
    case: Option<String>,
    test: Option<String>,
    seen_as: Option<String>,
    left_out: Option<String>,
}

/// What a case expects, as far as a row asks for it.
#[derive(serde::Deserialize)]
struct Shown {
    cause: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
}

#[test]
fn every_cause_that_postmasters_know_is_shown_or_left_out_for_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = RuleSet::check(&[]).unwrap_or_else(|problems| panic!("{problems}"));
    let left_out = std::fs::read_to_string(root.join("rules/README.md")).expect("a text");
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in std::fs::read_dir(root.join("tests/causes")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|kind| kind != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        let rows: BTreeMap<String, Known> =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        count += rows.len();
        for (name, row) in rows {
            wrong.extend(not_shown(&row, &rules, root, &left_out).map(|why| format!("{}: {name}: {why}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} rows are not so:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 300, "only {count} rows");
}

/// Why a row does not hold.
fn not_shown(row: &Known, rules: &RuleSet, root: &Path, left_out: &str) -> Option<String> {
    if let Some(cell) = &row.left_out {
        return (!left_out.contains(&format!("| {cell} |"))).then(|| format!("rules/README.md has no row {cell:?}"));
    }
    let of_class = |class: &String| rules.reasons.entries.iter().any(|entry| &entry.class == class && !entry.examples.is_empty());
    if let Some(class) = row.class.as_ref().filter(|class| !of_class(class)) {
        return Some(format!("no reason {class} has an example"));
    }
    let rule = match &row.rule {
        Some(id) => match rules.rules.iter().find(|rule| &rule.id == id) {
            None => return Some(format!("there is no rule {id}")),
            found => found,
        },
        None => None,
    };
    if let Some(case) = &row.case {
        let Ok(text) = std::fs::read_to_string(root.join("tests/cases").join(case).join("expected.yaml")) else {
            return Some(format!("there is no case {case}"));
        };
        let shown: Shown = serde_saphyr::from_str(&text).expect("an expectation");
        if let Some(rule) = rule.filter(|rule| shown.cause.as_ref() != Some(&rule.id) && !shown.also.contains(&rule.id)) {
            return Some(format!("{case} does not expect {}", rule.id));
        }
        return match &row.seen_as {
            Some(words) if !shown.says.contains(words) => Some(format!("{case} does not ask for {words:?}")),
            None if rule.is_none() => Some("neither a rule nor words that are seen".to_owned()),
            _ => None,
        };
    }
    match (rule, &row.test) {
        (Some(rule), Some(name)) => {
            let shown = rule.tests.iter().any(|test| &test.name == name && test.fires());
            (!shown).then(|| format!("{} has no test {name:?} that expects it", rule.id))
        }
        (None, None) if row.class.is_some() => None,
        _ => Some("neither a case nor a test of a rule shows it".to_owned()),
    }
}
