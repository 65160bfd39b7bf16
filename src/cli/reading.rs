//! How a bundle is read: the same options for every command that shows what stands in one.

use super::limits::BundleLimits;
use super::redact::MaybeRedact;
use super::{Failure, RuleFolders};
use crate::bundle::Bundle;
use clap::Args;
use std::path::PathBuf;

/// By which rules, within which limits, and whether people, hosts and addresses are shown.
#[derive(Args)]
pub(super) struct Reading {
    #[command(flatten)]
    pub(super) rules: RuleFolders,
    #[command(flatten)]
    pub(super) limits: BundleLimits,
    #[command(flatten)]
    pub(super) redaction: MaybeRedact,
}

impl Reading {
    /// Opens what stands at `paths` as one bundle, within the limits.
    pub(super) fn open(&self, paths: &[PathBuf]) -> Result<Bundle, Failure> {
        Ok(Bundle::open_all(paths, &self.limits.limits())?)
    }
}
