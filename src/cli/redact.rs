//! `postdoc redact BUNDLE -o NEW.tar.gz`, and the options that say how to redact.

use super::output::{apart, folder_of, why, write_beside};
use super::{Failure, RuleFolders};
use crate::bundle::{Bundle, BundleError, Limits};
use crate::diagnose::words::visible;
use crate::redact::{Check, Key, OwnersFile, Policy, Redactor, rewrite};
use crate::rules::RuleSet;
use clap::Args;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Rewrite a bundle with pseudonyms in place of people, hosts and addresses, and without secrets
#[derive(Args)]
pub(super) struct Redact {
    /// A directory, an archive, or a single log file
    bundle: PathBuf,
    /// Where to write the new bundle: a .tar.gz file
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    how: Redaction,
    #[command(flatten)]
    rules: RuleFolders,
}

/// How to redact.
#[derive(Args)]
pub(super) struct Redaction {
    /// Make pseudonyms with the key in FILE, so that they are the same in every bundle; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    redact_key: Option<PathBuf>,
    /// Write what each pseudonym stands for to FILE, for its owner's eyes only
    #[arg(long, value_name = "FILE")]
    redact_map: Option<PathBuf>,
    /// Keep a domain (and what is below it), address, network or account (repeatable, or separated by commas)
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    redact_keep: Vec<String>,
    /// Replace a word or phrase, too (repeatable, or separated by commas)
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    redact_also: Vec<String>,
    /// Replace what the patterns in a YAML file match, too (repeatable)
    #[arg(long, value_name = "FILE")]
    redact_patterns: Vec<PathBuf>,
}

/// Whether and how to redact, for a command that can do without.
#[derive(Args)]
pub(super) struct MaybeRedact {
    /// Write pseudonyms in place of people, hosts and addresses
    #[arg(long)]
    redact: bool,
    #[command(flatten)]
    how: Redaction,
}

impl MaybeRedact {
    /// The redactor, if any of the options was given.
    pub(super) fn redactor<'r>(&self, rules: &'r RuleSet) -> Result<Option<Redactor<'r>>, Failure> {
        let how = &self.how;
        let lists = how.redact_keep.len() + how.redact_also.len() + how.redact_patterns.len();
        let wanted = self.redact || how.redact_key.is_some() || how.redact_map.is_some() || lists > 0;
        wanted.then(|| how.redactor(rules)).transpose()
    }

    /// The files that it writes.
    pub(super) fn files(&self) -> Vec<&Path> {
        self.how.files()
    }

    /// Writes the reverse map, if it is asked for.
    pub(super) fn write_map(&self, redactor: &Redactor<'_>) -> Result<(), Failure> {
        self.how.write_map(redactor)
    }

    /// Looks through what is to be written, and writes the reverse map if it is asked for.
    pub(super) fn finish(&self, redactor: &Redactor<'_>, check: &Check, text: &str) -> Result<(), Failure> {
        self.look_through(check, text)?;
        self.how.write_map(redactor)
    }

    /// Looks through what is to be written.
    pub(super) fn look_through(&self, check: &Check, text: &str) -> Result<(), Failure> {
        match check.leaks(text).first() {
            None => Ok(()),
            Some(leak) => Err(format!(
                "the check found personal data in the redacted output, so nothing was written: {}; replace it with --redact-also",
                leak.hint
            )
            .into()),
        }
    }
}

impl Redaction {
    /// The files that it writes.
    fn files(&self) -> Vec<&Path> {
        [&self.redact_map, &self.redact_key].into_iter().flatten().map(PathBuf::as_path).collect()
    }

    /// The redactor that the options ask for.
    fn redactor<'r>(&self, rules: &'r RuleSet) -> Result<Redactor<'r>, Failure> {
        let mut policy = Policy::default();
        for name in &self.redact_keep {
            policy.keep(name).map_err(|wrong| format!("--redact-keep: {wrong}"))?;
        }
        for words in &self.redact_also {
            policy.also(words).map_err(|wrong| format!("--redact-also: {wrong}"))?;
        }
        for path in &self.redact_patterns {
            policy.read(path)?;
        }
        apart(&[], &self.files())?;
        let key = match &self.redact_key {
            None => Key::random()?,
            Some(path) => {
                let is_new = !path.exists();
                let key = Key::load(path).map_err(|error| format!("{}: {error}", path.display()))?;
                if is_new {
                    eprintln!("postdoc: a new key was written to {}; whoever has it can try out names", path.display());
                }
                key
            }
        };
        Ok(Redactor::new(key, policy, rules))
    }

    /// Writes the reverse map, if it is asked for.
    fn write_map(&self, redactor: &Redactor<'_>) -> Result<(), Failure> {
        self.map(redactor)?.map_or(Ok(()), |map| self.keep_map(map))
    }

    /// The reverse map, if it is asked for, ready to be kept: nothing that can go wrong is left but its name.
    fn map(&self, redactor: &Redactor<'_>) -> Result<Option<OwnersFile>, Failure> {
        let Some(path) = &self.redact_map else { return Ok(None) };
        folder_of(path)?;
        let text = serde_json::to_string_pretty(&redactor.reverse_map())? + "\n";
        Ok(Some(OwnersFile::beside(path, &text).map_err(|error| self.no_map(&error))?))
    }

    fn keep_map(&self, map: OwnersFile) -> Result<(), Failure> {
        Ok(map.keep().map_err(|error| self.no_map(&error))?)
    }

    fn no_map(&self, error: &std::io::Error) -> String {
        let path = self.redact_map.as_deref().unwrap_or(Path::new("")).display();
        format!("{path}: the map cannot be written: {}", why(error))
    }
}

/// That the new bundle will not be a part of the old one, where the next reading would take everything for twice as much.
fn outside(bundle: &Path, output: &Path) -> Result<(), Failure> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(bundle), Ok(folder)) = (bundle.canonicalize(), folder.canonicalize()) else { return Ok(()) };
    if folder.starts_with(&bundle) {
        return Err(format!(
            "{}: the new bundle would lie in the old one and be read as a part of it; name a place outside of {}",
            visible(&output.display().to_string()),
            visible(&bundle.display().to_string())
        )
        .into());
    }
    Ok(())
}

impl Redact {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let name = self.output.to_string_lossy().to_ascii_lowercase();
        if ![".tar.gz", ".tgz"].iter().any(|suffix| name.ends_with(suffix)) {
            return Err(format!("{}: the new bundle is a .tar.gz archive; name it so", self.output.display()).into());
        }
        folder_of(&self.output)?;
        outside(&self.bundle, &self.output)?;
        apart(std::slice::from_ref(&self.bundle), &[self.how.files(), vec![&self.output]].concat())?;
        let rules = self.rules.load()?;
        let mut redactor = self.how.redactor(rules)?;
        let bundle = Bundle::open(&self.bundle, &Limits::default())?;
        // Into a file without a name, so that nothing half-checked is left behind; what was there before stays until then.
        let mut file = tempfile::tempfile().map_err(BundleError::Spool)?;
        let done = rewrite(&bundle, rules, &mut redactor, &mut file)?;
        file.rewind().map_err(BundleError::Spool)?;
        // Without its map nobody would know again who is who: both, or none.
        let map = self.how.map(&redactor)?;
        write_beside(&self.output, &mut file)?;
        map.map_or(Ok(()), |map| self.how.keep_map(map))?;
        say!("{}: {} file{}", visible(&self.output.display().to_string()), done.files, if done.files == 1 { "" } else { "s" });
        for (path, line, kind) in &done.secrets {
            say!("taken out: {kind} ({path}:{line})");
        }
        for (path, why) in &done.left_out {
            say!("left out: {} ({why})", visible(path));
        }
        if !done.checked_all {
            eprintln!(
                "postdoc: there are so many names that the check looked for a part of them only; look through the new bundle"
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
