//! Embeds `rules/` and `report-templates/` in the program, so that one binary is all a user needs; of each YAML file
//! its parsed tree, too, so that no start parses YAML, the digest of all rules, so that none reads their texts, and what the
//! phrases of the reasons need, so that none takes them apart.

#[allow(dead_code, unreachable_pub)]
#[path = "src/rules/literals.rs"]
mod literals;
#[allow(dead_code, unreachable_pub)]
#[path = "src/rules/node.rs"]
mod node;
#[allow(dead_code, unreachable_pub)]
#[path = "src/rules/syntax.rs"]
mod syntax;

use node::{Kind, Node};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    for own in ["literals", "node", "syntax"] {
        println!("cargo::rerun-if-changed=src/rules/{own}.rs");
    }
    let mut out = String::new();
    let mut rules = Sha256::new();
    let mut phrases = BTreeMap::new();
    for (constant, folder) in [("RULES", "rules"), ("TEMPLATES", "report-templates")] {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files);
        // The notes on templates go out with them; those on rules are for the repository.
        files.retain(|file| constant == "TEMPLATES" || file.extension().is_some_and(|kind| kind != "md"));
        files.sort();
        writeln!(out, "/// `{folder}/`: path below it, text, and tree (empty for what is no YAML).").expect("string");
        writeln!(out, "pub(crate) static {constant}: &[(&str, &str, &[u8])] = &[").expect("string");
        for file in files {
            let name = file.strip_prefix(root.join(folder)).expect("below the folder");
            let name = name.to_str().expect("UTF-8 file name").replace('\\', "/");
            let shown = file.display().to_string();
            if constant == "RULES" {
                rules.update(name.as_bytes());
                rules.update([0]);
                rules.update(fs::read(&file).expect("an embedded file can be read"));
            }
            let parsed = parse(&file);
            if let Some(reasons) = parsed.as_ref().filter(|_| name.starts_with("reasons/")) {
                collect_phrases(reasons, &mut phrases);
            }
            let mut bytes = Vec::new();
            parsed.iter().for_each(|node| node.encode(&mut bytes));
            let tree = target.join(format!("{folder}-{}.tree", name.replace('/', "-")));
            fs::write(&tree, bytes).expect("the build directory can be written");
            let tree = tree.display().to_string();
            writeln!(out, "    ({name:?}, include_str!({shown:?}), include_bytes!({tree:?})),").expect("string");
        }
        out.push_str("];\n");
    }
    let digest = <[u8; 32]>::from(rules.finalize());
    writeln!(out, "/// SHA-256 of the paths and texts of `rules/`.").expect("string");
    writeln!(out, "pub(crate) static RULES_SHA256: [u8; 32] = {digest:?};").expect("string");
    writeln!(
        out,
        "/// The phrases of `rules/reasons/`, sorted: the literals of which a match holds one, and whether in any case."
    )
    .expect("string");
    writeln!(out, "pub(crate) static LITERALS: &[(&str, &[&str], bool)] = &[").expect("string");
    for (phrase, (literals, folded)) in phrases {
        writeln!(out, "    ({phrase:?}, &{literals:?}, {folded}),").expect("string");
    }
    out.push_str("];\n");
    fs::write(target.join("embedded.rs"), out).expect("the build directory can be written");
}

/// The tree of a YAML file. Without one the program parses the text, and says what is wrong with it.
fn parse(file: &Path) -> Option<Node> {
    file.extension().filter(|kind| *kind == "yaml")?;
    Node::parse(&fs::read_to_string(file).ok()?).ok()
}

/// Adds the phrases of a file of reasons, and what they need.
fn collect_phrases(reasons: &Node, phrases: &mut BTreeMap<String, (Vec<String>, bool)>) {
    let Kind::List(entries) = &reasons.kind else { return };
    let fields = entries.iter().flat_map(|entry| match &entry.kind {
        Kind::Map(fields) => fields.as_slice(),
        _ => &[],
    });
    for (key, value) in fields {
        if let ("any" | "hints", Kind::List(patterns)) = (&*key.name, &value.kind) {
            let texts = patterns.iter().filter_map(Node::scalar);
            phrases.extend(texts.map(|text| (text.clone(), literals::of(&text, true, literals::Worth::SAID))));
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if path.is_dir() && !hidden {
            collect(&path, files);
        } else if !hidden && path.extension().is_some() {
            files.push(path);
        }
    }
}
