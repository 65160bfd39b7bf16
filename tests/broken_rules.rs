//! Every broken file of `tests/broken-rules` beside the exact text that `postdoc rules check` shows for it. The folder is
//! laid out as `rules/`. Add `NAME.yaml`, run the test with UPDATE_EXPECTED=1, and read what it wrote to `NAME.expected`.

use postdoc::rules::RuleSet;
use std::fs;
use std::path::Path;

#[test]
fn every_broken_file_is_explained_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken-rules");
    let mut files: Vec<(String, String)> = Vec::new();
    for entry in walkdir::WalkDir::new(&folder) {
        let entry = entry.expect("an entry");
        if entry.path().extension().is_some_and(|kind| kind == "yaml") {
            let name = entry.path().strip_prefix(&folder).expect("below").to_str().expect("UTF-8").replace('\\', "/");
            files.push((name, fs::read_to_string(entry.path()).expect("a text")));
        }
    }
    files.sort();
    assert!(files.len() >= 100, "only {} broken files", files.len());
    let texts: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    // All at once, as a folder of rules is checked.
    let (_, problems) = RuleSet::lint_texts(&texts);
    let mut wrong = Vec::new();
    for (name, _) in &files {
        let own = problems.0.iter().filter(|problem| problem.file == *name);
        let got = own.map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let expected = folder.join(name).with_extension("expected");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&expected, &got).expect("written");
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        if got != wanted || !expected.exists() {
            wrong.push(format!("{name}: expected\n{wanted}\ngot\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), files.len(), wrong.join("\n"));
}
