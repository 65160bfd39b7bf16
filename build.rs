//! Embeds `rules/` and `report-templates/` in the program, so that one binary is all a user needs; of each YAML file
//! its parsed tree, too, so that no start parses YAML, and the digest of all rules, so that none reads their texts.

#[allow(dead_code, unreachable_pub)]
#[path = "src/rules/node.rs"]
mod node;

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    println!("cargo::rerun-if-changed=src/rules/node.rs");
    let mut out = String::new();
    let mut rules = Sha256::new();
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
            let tree = target.join(format!("{folder}-{}.tree", name.replace('/', "-")));
            fs::write(&tree, tree_of(&file)).expect("the build directory can be written");
            let tree = tree.display().to_string();
            writeln!(out, "    ({name:?}, include_str!({shown:?}), include_bytes!({tree:?})),").expect("string");
        }
        out.push_str("];\n");
    }
    let digest = <[u8; 32]>::from(rules.finalize());
    writeln!(out, "/// SHA-256 of the paths and texts of `rules/`.").expect("string");
    writeln!(out, "pub(crate) static RULES_SHA256: [u8; 32] = {digest:?};").expect("string");
    fs::write(target.join("embedded.rs"), out).expect("the build directory can be written");
}

/// The tree of a YAML file. Without one the program parses the text, and says what is wrong with it.
fn tree_of(file: &Path) -> Vec<u8> {
    let mut tree = Vec::new();
    if file.extension().is_some_and(|kind| kind == "yaml")
        && let Ok(text) = fs::read_to_string(file)
        && let Ok(node) = node::Node::parse(&text)
    {
        node.encode(&mut tree);
    }
    tree
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
