//! What the measuring programs share: how they are called, and whose reasons they ask.

use postdoc::rules::{RuleSet, reasons::Reasons, yaml::Reader};
use std::path::Path;

/// How a measuring program was called: `PROGRAM TABLE [--FLAG [VALUE]]...`.
pub(crate) struct Call {
    /// The whole table.
    pub(crate) table: String,
    /// The built-in rules; with `--reasons DIR`, the reasons of that folder.
    pub(crate) rules: RuleSet,
    arguments: Vec<String>,
}

impl Call {
    /// Reads the arguments and the table.
    ///
    /// # Errors
    ///
    /// A sentence for the caller: `usage` without a table, else why it cannot be read.
    pub(crate) fn read(usage: &str) -> Result<Call, String> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let path = arguments.first().ok_or_else(|| format!("usage: {usage}"))?;
        let table = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let mut call = Call { table, rules: RuleSet::built_in(), arguments };
        if let Some(folder) = call.value("--reasons") {
            call.rules.reasons = reasons_of(Path::new(folder));
        }
        Ok(call)
    }

    /// Whether a flag was given.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.arguments.iter().any(|argument| argument == flag)
    }

    /// What follows a flag.
    pub(crate) fn value(&self, flag: &str) -> Option<&str> {
        let at = self.arguments.iter().position(|argument| argument == flag)?;
        self.arguments.get(at + 1).map(String::as_str)
    }
}

/// The reasons of a folder, which is quicker to change than what is built in; its mistakes go to standard error.
fn reasons_of(folder: &Path) -> Reasons {
    let mut reasons = Reasons::default();
    let mut files: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let shown = file.display().to_string();
        let mut reader = Reader::new(&shown, &text);
        reasons.read(&mut reader);
        for problem in &reader.problems {
            eprintln!("{problem}");
        }
    }
    reasons
}
