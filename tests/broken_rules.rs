//! Broken rule files beside the exact messages they get. Adding a pair is adding files: `tests/broken-rules/NAME.yaml`, and
//! `NAME.expected`, which `UPDATE_EXPECTED=1 cargo test --test broken_rules` writes. A first line `# path: FOLDER/FILE.yaml` says
//! where in a folder of rules the file stands; without it, it is a rule of `network-path`.

use postdoc::rules::RuleSet;
use postdoc::rules::problem::Problems;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The messages of the files in a folder of rules, by path below it.
fn messages(folder: &Path) -> BTreeMap<String, String> {
    let Err(problems) = RuleSet::check(&[folder.to_owned()]) else { return BTreeMap::new() };
    let mut by_file: BTreeMap<String, Problems> = BTreeMap::new();
    for mut problem in problems.0 {
        problem.file = problem.file.replace(&format!("{}/", folder.display()), "");
        by_file.entry(problem.file.clone()).or_default().0.push(problem);
    }
    by_file.into_iter().map(|(file, problems)| (file, format!("{problems}\n"))).collect()
}

#[test]
fn every_broken_file_gets_its_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken-rules");
    let update = std::env::var_os("UPDATE_EXPECTED").is_some();
    let mut files: Vec<(PathBuf, String, String)> = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder of broken rules") {
        let file = entry.expect("an entry").path();
        if file.extension().is_some_and(|kind| kind == "yaml") {
            let text = std::fs::read_to_string(&file).expect("readable");
            let name = file.file_stem().and_then(|name| name.to_str()).expect("a name");
            let path = text.lines().next().and_then(|line| line.strip_prefix("# path: "));
            let path = path.map_or_else(|| format!("network-path/{name}.yaml"), str::to_owned);
            files.push((file, path, text));
        }
    }
    assert!(files.len() >= 40, "only {} broken files were found", files.len());
    let write = |folder: &Path, path: &str, text: &str| {
        let place = folder.join(path);
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        std::fs::write(&place, text).expect("written");
    };
    // All at once, as a user with a bad day has them: one loading of the built-in rules instead of fifty.
    let together = tempfile::tempdir().expect("a folder");
    for (_, path, text) in &files {
        write(together.path(), path, text);
    }
    let all = messages(together.path());
    let mut wrong = String::new();
    for (file, path, text) in &files {
        let got = all.get(path).cloned().unwrap_or_else(|| {
            // Some errors are only looked for where there are no plainer ones.
            let alone = tempfile::tempdir().expect("a folder");
            write(alone.path(), path, text);
            messages(alone.path()).remove(path).unwrap_or_else(|| "no error\n".to_owned())
        });
        let expected = file.with_extension("expected");
        if update {
            std::fs::write(&expected, &got).expect("written");
        } else if std::fs::read_to_string(&expected).unwrap_or_default() != got {
            let _ = writeln!(wrong, "--- {}: got\n{got}", file.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
