//! The commands, one file each. Only here does postdoc print or end the process.

/// As println!, but a reader that went away (`| head`) is no panic.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::output::print(&format!("{}\n", format_args!($($words)*)))? };
}

mod analyze;
mod check;
mod collect;
mod compare;
mod explain;
mod headers;
mod interrupt;
mod limits;
mod output;
mod progress;
mod reading;
mod records;
mod redact;
mod render;
mod rules;
mod schema;
mod sources;
mod templates;
mod terminal;
mod trace;

use crate::rules::RuleSet;
use crate::rules::problem::Problems;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// The Postfix doctor: reads an evidence bundle from a mail server, offline, and says what is wrong, how sure it is and
/// what to do first.
#[derive(Parser)]
#[command(name = "postdoc", version, max_term_width = 100)]
struct Cli {
    /// When to use colour
    #[arg(long, value_enum, global = true, value_name = "WHEN", default_value_t, hide_possible_values = false)]
    color: terminal::Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Analyze(analyze::Analyze),
    Check(check::Check),
    Collect(collect::CollectScript),
    Compare(compare::Compare),
    Explain(explain::Explain),
    Headers(headers::Headers),
    Records(records::Records),
    Render(render::Render),
    Schema(schema::Schema),
    Sources(sources::Sources),
    Templates(templates::TemplatesCommand),
    Trace(trace::TraceCommand),
    #[command(subcommand)]
    Rules(rules::Rules),
    Redact(redact::Redact),
}

/// Why a command could not do its work; shown on standard error, exit status 2.
type Failure = Box<dyn std::error::Error>;

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    terminal::ask(cli.color);
    interrupt::watch();
    let result = match cli.command {
        Command::Analyze(command) => command.run(),
        Command::Check(command) => command.run(),
        Command::Collect(command) => command.run(),
        Command::Compare(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Headers(command) => command.run(),
        Command::Records(command) => command.run(),
        Command::Render(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Sources(command) => command.run(),
        Command::Templates(command) => command.run(),
        Command::Trace(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Redact(command) => command.run(),
    };
    result.unwrap_or_else(|failure| {
        // What has a file says which; without one it is standard output.
        match failure.downcast_ref::<std::io::Error>() {
            // A reader that went away (`| head`) has seen what it wanted.
            Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
            Some(error) => {
                eprintln!("postdoc: standard output cannot be written: {error}");
                return ExitCode::from(2);
            }
            None => {}
        }
        match failure.downcast_ref::<Problems>() {
            Some(problems) if terminal::colored(&std::io::stderr()) => eprintln!("postdoc: {problems:#}"),
            _ => eprintln!("postdoc: {failure}"),
        }
        ExitCode::from(2)
    })
}

/// Where rules come from beside the built-in ones.
#[derive(clap::Args)]
struct RuleFolders {
    /// Add a folder of rules to the built-in ones (repeatable; also POSTDOC_RULES, separated as PATH is)
    #[arg(long = "rules", value_name = "DIR")]
    folders: Vec<PathBuf>,
}

impl RuleFolders {
    /// The rules, which live as long as the program: taking a hundred thousand small things apart at its end costs a
    /// millisecond that nobody gains by.
    fn load(&self) -> Result<&'static RuleSet, Failure> {
        Ok(Box::leak(Box::new(RuleSet::load(&rule_folders(&self.folders))?)))
    }
}

/// The folders of POSTDOC_RULES, then `named`.
fn rule_folders(named: &[PathBuf]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("POSTDOC_RULES")
        .map(|paths: OsString| std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    folders.extend(named.iter().cloned());
    folders
}
