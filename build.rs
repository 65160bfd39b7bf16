//! Embeds `rules/` and `report-templates/` in the program, so that one binary is all a user needs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let mut out = String::new();
    for (constant, folder, doc) in [
        ("RULES", "rules", "The built-in rules: path below `rules/` and text."),
        ("TEMPLATES", "report-templates", "The built-in templates: path below `report-templates/` and text."),
    ] {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        collect(&root.join(folder), &mut files);
        // The notes on templates go out with them; those on rules are for the repository.
        files.retain(|file| constant == "TEMPLATES" || file.extension().is_some_and(|kind| kind != "md"));
        files.sort();
        writeln!(out, "/// {doc}\npub(crate) static {constant}: &[(&str, &str)] = &[").expect("string");
        for file in files {
            let name = file.strip_prefix(root.join(folder)).expect("below the folder");
            let name = name.to_str().expect("UTF-8 file name").replace('\\', "/");
            writeln!(out, "    ({name:?}, include_str!({:?})),", file.display().to_string()).expect("string");
        }
        out.push_str("];\n");
    }
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("embedded.rs");
    fs::write(target, out).expect("the build directory can be written");
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
