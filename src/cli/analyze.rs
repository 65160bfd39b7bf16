//! `postdoc analyze BUNDLE`.
use super::Failure;
use clap::Args;
use std::process::ExitCode;
/// Analyse a bundle
#[derive(Args)]
pub(super) struct Analyze {}
impl Analyze {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        Ok(ExitCode::SUCCESS)
    }
}
