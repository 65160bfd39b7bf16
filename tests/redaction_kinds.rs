//! Redaction of every kind of evidence: `tests/redaction/kinds.yaml` has a file of each with names wherever that kind may have
//! them. Each is redacted alone, so that nothing else gives a name away, and then all together.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postdoc::bundle::{Bundle, Limits};
use postdoc::evidence;
use postdoc::redact::{Key, Policy, Redactor, rewrite};
use postdoc::rules::RuleSet;
use postdoc::time::Time;
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

static RULES: LazyLock<RuleSet> = LazyLock::new(RuleSet::built_in);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Planted {
    /// The kind that it is recognised as; `none` for unrecognised text.
    kind: String,
    file: String,
    text: String,
}

/// What must not be in any output, in lower case.
const GONE: &[&str] = &[
    "krautw",
    "krautmx7",
    "ottilie",
    "sesam5tor",
    "88.198.77.66",
    "88-198-77-66",
    "66.77.198.88",
    "58c64d42",
    "2a01:4f8:c0c:1234",
    "10.77.66.55",
    "88[.]198",
    "1489390914",
    "7766554",
    "4c1f0e5bb1f64c80",
    "0c72ac70b745ac19",
    "52:54:00",
    "424dc658",
];

fn planted() -> Vec<Planted> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/redaction/kinds.yaml");
    serde_saphyr::from_str(&fs::read_to_string(path).expect("a file")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What of [`GONE`] is in a text, also in base64 and in codes.
fn survivors(text: &str) -> Vec<&'static str> {
    static CODES: LazyLock<Regex> = LazyLock::new(|| Regex::new("[%=+]([0-9A-Fa-f]{2})").expect("a pattern"));
    static BLOBS: LazyLock<Regex> = LazyLock::new(|| Regex::new("[A-Za-z0-9+/]{8,}={0,2}").expect("a pattern"));
    let decoded = CODES
        .replace_all(text, |found: &regex::Captures<'_>| u8::from_str_radix(&found[1], 16).map_or(' ', char::from).to_string());
    let blobs = BLOBS.find_iter(text).filter_map(|blob| String::from_utf8(STANDARD.decode(blob.as_str()).ok()?).ok());
    let all = [text.to_owned(), decoded.into_owned()].into_iter().chain(blobs).collect::<Vec<_>>().join("\n").to_lowercase();
    GONE.iter().copied().filter(|gone| all.contains(gone)).collect()
}

/// The files of a bundle, redacted: path and text.
fn redacted(bundle: &Bundle) -> Result<Vec<(String, String)>, String> {
    let mut redactor = Redactor::new(Key::from_bytes(b"the key of the tests"), Policy::default(), &RULES);
    let folder = tempfile::tempdir().expect("a folder");
    let new = folder.path().join("new.tar.gz");
    rewrite(bundle, &RULES, &mut redactor, fs::File::create(&new).expect("a file")).map_err(|error| error.to_string())?;
    let new = Bundle::open(&new, &Limits::default()).expect("the new bundle");
    Ok(new.files.iter().map(|file| (file.path.clone(), text_of(file))).collect())
}

fn text_of(file: &postdoc::bundle::BundleFile) -> String {
    let mut text = String::new();
    file.open().expect("a file").read_to_string(&mut text).expect("text");
    text
}

fn bundle_of(files: &[&Planted]) -> Bundle {
    let collected = Time::parse_rfc3339(b"2026-11-12T12:00:00Z", 0).expect("a time").0;
    Bundle::of_texts(files.iter().map(|file| (file.file.clone(), file.text.clone().into_bytes())), collected)
}

/// What is told of each file: the kind, and how much of it was understood.
fn told(bundle: &Bundle) -> Vec<(Option<String>, u64, u64)> {
    let found = evidence::collect(bundle, &RULES, &AtomicU64::new(0));
    found.sources.iter().map(|source| (source.kind.clone(), source.lines, source.unparsed)).collect()
}

#[test]
fn every_kind_has_its_plants() {
    let planted = planted();
    let known: BTreeSet<&str> = RULES.kinds.iter().map(|kind| kind.kind.as_str()).collect();
    let covered: BTreeSet<&str> = planted.iter().map(|file| file.kind.as_str()).collect();
    let missing: Vec<_> = known.difference(&covered).collect();
    assert!(missing.is_empty(), "kinds.yaml has no file of {missing:?}");
}

#[test]
fn nothing_planted_survives_in_a_file_by_itself_and_it_is_read_as_before() {
    let mut wrong = Vec::new();
    for file in planted() {
        let bundle = bundle_of(&[&file]);
        let before = told(&bundle);
        let kind = before[0].0.as_deref().unwrap_or("none");
        if kind != file.kind {
            wrong.push(format!("{}: it is taken for {kind}, not for {}", file.file, file.kind));
        }
        let new = match redacted(&bundle) {
            Ok(new) => new,
            Err(error) => {
                wrong.push(format!("{}: {error}", file.file));
                continue;
            }
        };
        let (path, text) = &new[0];
        for (new, old) in [path]
            .into_iter()
            .chain(text.lines().map(str::to_owned).collect::<Vec<_>>().iter())
            .zip([file.file.as_str()].into_iter().chain(file.text.lines()))
        {
            let left = survivors(new);
            if !left.is_empty() {
                wrong.push(format!("{}: {left:?}\n    {old}\n    {new}", file.file));
            }
        }
        let again = Planted { file: path.clone(), text: text.clone(), kind: file.kind.clone() };
        let after = told(&bundle_of(&[&again]));
        if before != after {
            wrong.push(format!("{}: {before:?} became {after:?}\n{text}", file.file));
        }
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

/// A text that is redacted by itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alone {
    file: String,
    text: String,
}

#[test]
fn a_name_that_stands_in_one_place_only_is_known_by_its_neighbours() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/redaction/alone.yaml");
    let texts: Vec<Alone> = serde_saphyr::from_str(&fs::read_to_string(path).expect("a file")).expect("texts");
    let mut wrong = Vec::new();
    for Alone { file, text } in texts {
        let file = Planted { kind: String::new(), file, text };
        let new = redacted(&bundle_of(&[&file])).unwrap_or_else(|error| panic!("{}: {error}", file.file));
        let (path, text) = &new[0];
        for (new, old) in
            [path.as_str()].into_iter().chain(text.lines()).zip([file.file.as_str()].into_iter().chain(file.text.lines()))
        {
            let left = survivors(new);
            if !left.is_empty() {
                wrong.push(format!("{}: {left:?}\n    {old}\n    {new}", file.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn nothing_planted_survives_in_a_bundle_of_all_kinds_whatever_command_shows_it() {
    let planted = planted();
    let folder = tempfile::tempdir().expect("a folder");
    for file in &planted {
        let path = folder.path().join("bundle").join(&file.file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, &file.text).expect("a file");
    }
    let bundle = folder.path().join("bundle");
    let mut wrong = Vec::new();
    for (path, text) in redacted(&Bundle::open(&bundle, &Limits::default()).expect("the bundle")).expect("a new bundle") {
        for line in [path.as_str()].into_iter().chain(text.lines()) {
            let left = survivors(line);
            if !left.is_empty() {
                wrong.push(format!("{path}: {left:?}\n    {line}"));
            }
        }
    }
    let bundle = bundle.display().to_string();
    let mut calls: Vec<Vec<String>> = ["json", "html", "md", "text"]
        .map(|format| vec!["analyze".to_owned(), bundle.clone(), "--format".to_owned(), format.to_owned()])
        .into();
    calls.push(vec!["sources".to_owned(), bundle.clone()]);
    calls.push(vec!["trace".to_owned(), bundle.clone(), "4F2C41A2B3".to_owned()]);
    for table in postdoc::tables::TABLES {
        calls.push(vec!["records".to_owned(), bundle.clone(), "--table".to_owned(), table.name.to_owned()]);
    }
    for call in calls {
        let output = Command::new(env!("CARGO_BIN_EXE_postdoc"))
            .args(&call)
            .arg("--redact")
            .env_remove("POSTDOC_RULES")
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            wrong.push(format!("{call:?}: {said}"));
        }
        for line in String::from_utf8_lossy(&output.stdout).lines().chain(said.lines()) {
            let left = survivors(line);
            if !left.is_empty() {
                wrong.push(format!("{}: {left:?}\n    {line:.600}", call.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_same_key_gives_the_same_bytes_and_two_bundles_the_same_pseudonyms() {
    let planted = planted();
    let all: Vec<&Planted> = planted.iter().collect();
    let write = |files: &[&Planted]| {
        let mut redactor = Redactor::new(Key::from_bytes(b"the key of the tests"), Policy::default(), &RULES);
        let mut bytes = Vec::new();
        rewrite(&bundle_of(files), &RULES, &mut redactor, &mut bytes).expect("a new bundle");
        (bytes, redactor.reverse_map())
    };
    let (bytes, map) = write(&all);
    assert!((bytes, map) == write(&all), "the second time is like the first");
    // Bundles that share names and nothing else: a person, a host and an address are called the same in both.
    let halves = all.split_at(all.len() / 2);
    let originals =
        |(_, map): (Vec<u8>, std::collections::BTreeMap<String, String>)| -> std::collections::BTreeMap<String, String> {
            map.into_iter().map(|(new, old)| (old, new)).collect()
        };
    let (one, other) = (originals(write(halves.0)), originals(write(halves.1)));
    let both: Vec<_> = one.iter().filter(|(old, _)| other.contains_key(*old)).collect();
    assert!(both.len() > 20, "{both:?}");
    for (old, new) in both {
        assert_eq!(Some(new), other.get(old), "{old}");
    }
}

/// The bytes of `bundle`, redacted with `key`.
fn rewritten(bundle: &Bundle, key: &[u8]) -> Vec<u8> {
    let mut redactor = Redactor::new(Key::from_bytes(key), Policy::default(), &RULES);
    let mut bytes = Vec::new();
    rewrite(bundle, &RULES, &mut redactor, &mut bytes).expect("a new bundle");
    bytes
}

#[test]
fn pseudonyms_of_the_same_key_stay_and_nobody_else_can_claim_one() {
    let planted = planted();
    let once = rewritten(&bundle_of(&planted.iter().collect::<Vec<_>>()), b"the key of the tests");
    let open = |bytes: &[u8]| Bundle::read(bytes, &Limits::default()).expect("a bundle");
    let texts = |bytes: &[u8]| -> Vec<(String, String)> {
        open(bytes).files.iter().map(|file| (file.path.clone(), text_of(file))).collect()
    };
    let again = rewritten(&open(&once), b"the key of the tests");
    let different: Vec<_> = texts(&once).into_iter().zip(texts(&again)).filter(|(once, again)| once != again).collect();
    assert!(different.is_empty(), "{different:#?}");
    assert_ne!(texts(&once), texts(&rewritten(&open(&once), b"another key")));
    // Who lists the real names as pseudonyms has no signature for it.
    let list = open(&once).pseudonyms.expect("a list");
    let forged = format!("{list}ottilie\nkrautwurst\n88.198.77.66\n");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("notes.txt"), "ottilie@krautwurst.de 88.198.77.66").expect("a file");
    fs::write(folder.path().join(".postdoc-pseudonyms"), forged).expect("a file");
    let bundle = Bundle::open(folder.path(), &Limits::default()).expect("a bundle");
    assert!(bundle.pseudonyms.is_some());
    let (_, text) = &texts(&rewritten(&bundle, b"the key of the tests"))[0];
    assert_eq!(survivors(text), [""; 0], "{text}");
}
