//! `postdoc analyze BUNDLE`: the main job.

use super::{Failure, RuleFolders};
use crate::analysis::{Analysis, Options};
use crate::report::render::{Format, Look, Templates, render};
use crate::report::view::Verdict;
use clap::{Args, ValueEnum};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Analyse an evidence bundle and write the report
#[derive(Args)]
pub(super) struct Analyze {
    /// A directory, a .tar or .tar.gz archive, or a single log file
    bundle: PathBuf,
    /// Write the report to FILE; its extension (.html, .md, .txt, .json) decides the format (repeatable)
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Format of standard output, and of files whose extension does not tell
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    #[command(flatten)]
    rules: RuleFolders,
    /// Take templates from DIR where it has them
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    /// Judge this much of the end of the evidence, such as 24h or 7d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time_span)]
    window: f64,
    /// Exit with status 1 when the verdict is this bad or worse, with 3 when it is inconclusive
    #[arg(long, value_enum, value_name = "VERDICT")]
    fail_on: Option<FailOn>,
    /// Use only ASCII characters in text output
    #[arg(long)]
    ascii: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    Text,
    Md,
    Html,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Degraded,
    Incident,
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

pub(super) fn time_span(text: &str) -> Result<f64, String> {
    crate::rules::amount::quantity(text)
        .filter(|seconds| *seconds > 0.0)
        .ok_or_else(|| "a number with a unit, such as 30m, 24h or 7d".to_owned())
}

impl Analyze {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        // Everything that can be wrong with the call is found before the work begins.
        let outputs: Vec<(&Path, Format)> =
            self.output.iter().map(|path| Ok((path.as_path(), self.format_of(path)?))).collect::<Result<_, Failure>>()?;
        let rules = self.rules.load()?;
        let templates = match &self.templates {
            Some(folder) => Templates::with_overrides(folder)?,
            None => Templates::built_in(),
        };
        let progress = Progress::start();
        let options = Options { window: self.window, ..Options::default() };
        let analysis = Analysis::run(&self.bundle, &rules, &options, &progress.bytes);
        progress.stop();
        let report = analysis?.report;
        for (path, format) in &outputs {
            let text = render(&report, *format, &templates, &Look::default())?;
            write_beside(path, &text)?;
        }
        if outputs.is_empty() {
            let format = self.format.map_or(Format::Text, Format::from);
            let text = render(&report, format, &templates, &self.look())?;
            print(&text)?;
        } else if std::io::stdout().is_terminal() {
            let names: Vec<String> = outputs.iter().map(|(path, _)| path.display().to_string()).collect();
            println!("{}\nReport: {}", report.headline, names.join(", "));
        }
        Ok(self.status(report.verdict))
    }

    fn format_of(&self, path: &Path) -> Result<Format, Failure> {
        let extension = path.extension().map(|kind| kind.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        Ok(match extension.as_str() {
            "html" | "htm" => Format::Html,
            "md" | "markdown" => Format::Markdown,
            "json" => Format::Json,
            "txt" | "text" => Format::Text,
            _ => match self.format {
                Some(format) => format.into(),
                None => {
                    let path = path.display();
                    return Err(
                        format!("{path}: the extension tells no format; use .html, .md, .txt or .json, or add --format").into()
                    );
                }
            },
        })
    }

    fn look(&self) -> Look {
        let terminal = std::io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(80);
        Look { color: terminal && !no_color && !dumb, ascii: self.ascii || (terminal && !utf8), width }
    }

    fn status(&self, verdict: Verdict) -> ExitCode {
        let worst = match self.fail_on {
            None => return ExitCode::SUCCESS,
            Some(FailOn::Degraded) => Verdict::Degraded,
            Some(FailOn::Incident) => Verdict::Incident,
        };
        match verdict {
            Verdict::Inconclusive => ExitCode::from(3),
            verdict if verdict >= worst => ExitCode::from(1),
            _ => ExitCode::SUCCESS,
        }
    }
}

/// Prints to standard output; a reader that went away (`| head`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Writes a file so that a crash leaves either the old one or the new one: beside it, then renamed.
fn write_beside(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(format!("{}: cannot be written: there is no folder {}", path.display(), folder.display()).into());
    }
    // The error of a temporary file ends in its name, which would only confuse.
    let failed = |error: std::io::Error| {
        let why = error.to_string();
        format!("{}: cannot be written: {}", path.display(), why.split(" at path ").next().unwrap_or_default())
    };
    // A device such as /dev/stdout cannot be renamed over.
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Ok(std::fs::write(path, text).map_err(failed)?);
    }
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.prefix(".postdoc-").tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Shows on a terminal how much was read, once the work takes more than a second.
struct Progress {
    bytes: Arc<AtomicU64>,
    done: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Progress {
    fn start() -> Progress {
        let bytes = Arc::new(AtomicU64::new(0));
        let done = Arc::new(AtomicBool::new(false));
        let thread = std::io::stderr().is_terminal().then(|| {
            let (bytes, done) = (Arc::clone(&bytes), Arc::clone(&done));
            std::thread::spawn(move || {
                let start = Instant::now();
                let mut shown = false;
                while !done.load(Ordering::Relaxed) {
                    std::thread::park_timeout(Duration::from_millis(200));
                    if start.elapsed() > Duration::from_secs(1) && !done.load(Ordering::Relaxed) {
                        let megabytes = bytes.load(Ordering::Relaxed) / 1_000_000;
                        let rate = megabytes as f64 / start.elapsed().as_secs_f64();
                        eprint!("\r\x1b[Kreading: {megabytes} MB of log, {rate:.0} MB/s");
                        shown = true;
                    }
                }
                if shown {
                    eprint!("\r\x1b[K");
                }
            })
        });
        Progress { bytes, done, thread }
    }

    fn stop(self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}
