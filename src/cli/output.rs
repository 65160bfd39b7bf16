//! Where a document goes and in which format; the same options for every command that writes one.

use super::Failure;
use super::interrupt::Interruptible;
use super::terminal::{self, colored};
use crate::report::render::{Format, Look, TemplateError, Templates};
use clap::{Args, ValueEnum};
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Options of a command that writes a document.
#[derive(Args)]
pub(super) struct Output {
    /// Write to FILE; its extension (.html, .md, .txt, .json) decides the format, and .zip packs HTML, Markdown and JSON
    /// (repeatable)
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Format of standard output, and of files whose extension does not tell
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// Take templates from DIR where it has them
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    /// Put the name, logo and contact of this YAML file on the report
    #[arg(long, value_name = "FILE")]
    brand: Option<PathBuf>,
    /// Shorten Markdown to so many bytes, the least important first (30000 suits Jira)
    #[arg(long, value_name = "BYTES", default_value_t = 60_000)]
    max_bytes: usize,
    /// Use only ASCII characters in text output
    #[arg(long)]
    ascii: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    #[value(alias = "txt")]
    Text,
    #[value(alias = "markdown")]
    Md,
    Html,
    Json,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Format {
        match name {
            FormatName::Text => Format::Text,
            FormatName::Md => Format::Markdown,
            FormatName::Html => Format::Html,
            FormatName::Json => Format::Json,
        }
    }
}

/// What a file holds.
#[derive(Clone, Copy)]
enum Kind {
    One(Format),
    /// Several formats, packed: mail gateways and trackers refuse a bare .html.
    Zip,
}

/// Formats inside a .zip, and their extensions.
const PACKED: [(Format, &str); 3] = [(Format::Html, "html"), (Format::Markdown, "md"), (Format::Json, "json")];

/// Output whose options were found to be right, before the work began.
pub(super) struct Ready<'o> {
    options: &'o Output,
    files: Vec<(&'o Path, Kind)>,
    templates: Templates,
}

impl Output {
    /// Checks everything that can be wrong with the options. `read` is what the document is made from, `others` what is
    /// written beside it.
    pub(super) fn ready(&self, read: &[PathBuf], others: &[&Path]) -> Result<Ready<'_>, Failure> {
        let written: Vec<&Path> = self.output.iter().map(PathBuf::as_path).chain(others.iter().copied()).collect();
        apart(read, &written)?;
        // Nobody waits for a report that has no place.
        self.output.iter().try_for_each(|path| folder_of(path).map(|_| ()))?;
        let files = self.output.iter().map(|path| Ok((path.as_path(), self.kind_of(path)?))).collect::<Result<_, Failure>>()?;
        let templates = match &self.templates {
            Some(folder) => Templates::with_overrides(folder)?,
            None => Templates::built_in(),
        };
        let templates = match &self.brand {
            Some(path) => templates.branded(path)?,
            None => templates,
        };
        Ok(Ready { options: self, files, templates })
    }

    fn kind_of(&self, path: &Path) -> Result<Kind, Failure> {
        let extension = path.extension().map(|kind| kind.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        Ok(Kind::One(match extension.as_str() {
            "zip" => return Ok(Kind::Zip),
            "html" | "htm" => Format::Html,
            "md" | "markdown" => Format::Markdown,
            "json" => Format::Json,
            "txt" | "text" => Format::Text,
            _ => match self.format {
                Some(format) => format.into(),
                None => {
                    let path = path.display();
                    return Err(format!(
                        "{path}: the extension tells no format; use .html, .md, .txt, .json or .zip, or add --format"
                    )
                    .into());
                }
            },
        }))
    }

    /// How a file looks: as nothing that a terminal limits.
    fn page(&self) -> Look {
        let full = self.output.iter().find(|path| path.extension().is_some_and(|kind| kind == "html" || kind == "zip"));
        let full_report = full.and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        Look { max_bytes: Some(self.max_bytes), full_report, ..Look::default() }
    }

    fn look(&self) -> Look {
        let terminal = std::io::stdout().is_terminal();
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Look {
            color: colored(&std::io::stdout()),
            ascii: self.ascii || (terminal && !utf8),
            width: terminal::width(),
            brief: terminal && self.format.is_none(),
            ..self.page()
        }
    }
}

impl Ready<'_> {
    /// Writes a document, which `render` renders, to every file, or to standard output if there is none; `headline` is
    /// for a terminal that would otherwise stay empty.
    pub(super) fn write(
        &self,
        headline: &str,
        render: impl Fn(Format, &Templates, &Look) -> Result<String, TemplateError>,
    ) -> Result<(), Failure> {
        let page = self.options.page();
        let render = |format: Format, look: &Look| render(format, &self.templates, look);
        for (path, kind) in &self.files {
            match kind {
                Kind::One(format) => write_beside(path, render(*format, &page)?.as_bytes())?,
                Kind::Zip => {
                    let stem = path.file_stem().map_or_else(|| "report".into(), |stem| stem.to_string_lossy().into_owned());
                    let mut parts = Vec::new();
                    for (format, extension) in PACKED {
                        parts.push((format!("{stem}.{extension}"), render(format, &page)?));
                    }
                    write_beside(path, packed(&parts)?.as_slice())?;
                }
            }
        }
        if self.files.is_empty() {
            let format = self.options.format.map_or(Format::Text, Format::from);
            print(&render(format, &self.options.look())?)?;
        } else if std::io::stdout().is_terminal() {
            let names: Vec<String> = self.files.iter().map(|(path, _)| path.display().to_string()).collect();
            say!("{headline}\nReport: {}", names.join(", "));
        }
        Ok(())
    }
}

/// A zip archive of text files.
fn packed(files: &[(String, String)]) -> Result<Vec<u8>, Failure> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(name, zip::write::SimpleFileOptions::default())?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Prints to standard output; a reader that went away (`| head`) is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// What went wrong. The error of a temporary file ends in its name, which would only confuse.
pub(super) fn why(error: &std::io::Error) -> String {
    let why = error.to_string();
    why.split(" at path ").next().unwrap_or_default().to_owned()
}

/// Writes a file so that a crash leaves either the old one or the new one: beside it, then renamed.
pub(super) fn write_beside(path: &Path, mut content: impl Read) -> Result<(), Failure> {
    let folder = folder_of(path)?;
    let failed = |error: std::io::Error| format!("{}: cannot be written: {}", path.display(), why(&error));
    // A device such as /dev/stdout cannot be renamed over.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        let mut device = std::fs::File::create(path).map_err(failed)?;
        std::io::copy(&mut content, &mut device).map_err(failed)?;
        return Ok(());
    }
    remove_stale(folder);
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    // Who had closed the file that was there has not opened the new one.
    let before = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file).map(|file| file.permissions());
    let mut file = builder.prefix(UNFINISHED).tempfile_in(folder).map_err(failed)?;
    let _interrupted = Interruptible::new(file.path());
    // Held as long as it is written; where a file system has no locks, nothing is removed either.
    let _ = file.as_file().lock();
    std::io::copy(&mut content, &mut file).map_err(failed)?;
    if let Some(permissions) = before {
        file.as_file().set_permissions(permissions).map_err(failed)?;
    }
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Sees to it that no two files are written under one name, and none over what is read. Devices take what comes.
pub(super) fn apart(read: &[PathBuf], written: &[&Path]) -> Result<(), Failure> {
    // A link is replaced and not followed, so the name counts, in whatever way its folder is written.
    let place = |path: &Path| {
        let is_other = path.metadata().is_ok_and(|metadata| !metadata.is_file());
        let folder = folder_of(path).ok().filter(|_| !is_other)?;
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    let inputs: Vec<PathBuf> = read.iter().filter_map(|path| place(path)).collect();
    let mut outputs = Vec::new();
    for path in written {
        let Some(place) = place(path) else { continue };
        if inputs.contains(&place) {
            return Err(
                format!("{}: what is read from it would be overwritten; name another file to write", path.display()).into()
            );
        }
        if outputs.contains(&place) {
            return Err(format!("{}: named twice; every file needs a name of its own", path.display()).into());
        }
        outputs.push(place);
    }
    Ok(())
}

/// The folder that a file is to be written into.
pub(super) fn folder_of(path: &Path) -> Result<&Path, Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(format!("{}: cannot be written: there is no folder {}", path.display(), folder.display()).into());
    }
    Ok(folder)
}

/// How the name of a file begins that is being written.
const UNFINISHED: &str = ".postdoc-";
/// Seconds after which a file that nobody holds was left behind, and not just made.
const STALE: u64 = 60;

/// Removes what a process that was killed left beside its output.
fn remove_stale(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        let Ok(metadata) = entry.metadata() else { continue };
        let age = metadata.modified().ok().and_then(|time| time.elapsed().ok()).map_or(0, |age| age.as_secs());
        if !is_ours || !metadata.is_file() || age < STALE {
            continue;
        }
        if let Ok(file) = std::fs::File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
