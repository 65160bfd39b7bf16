//! The limits within which a bundle is read; the same options for every command that takes one.

use crate::bundle::Limits;
use crate::rules::amount::quantity;
use clap::Args;

/// Options of a command that reads a bundle.
#[derive(Args)]
#[command(next_help_heading = "Limits of what a bundle may hold")]
pub(super) struct BundleLimits {
    /// Unpack at most this much of archives and compressed files together, such as 16GB
    #[arg(long, value_name = "SIZE", default_value = "16GiB", value_parser = size)]
    max_unpacked: u64,
    /// Read at most this many files
    #[arg(long, value_name = "N", default_value_t = Limits::default().files)]
    max_files: usize,
    /// Give up an archive that unpacks to more than N times its size
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio)]
    max_ratio: u64,
    /// Open archives inside archives up to this depth; 0 opens none
    #[arg(long, value_name = "N", default_value_t = Limits::default().depth)]
    max_depth: usize,
    /// Look at this much of a line at most
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = size)]
    max_line: u64,
}

impl BundleLimits {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            files: self.max_files,
            bytes: self.max_unpacked,
            ratio: self.max_ratio,
            depth: self.max_depth,
            line: usize::try_from(self.max_line).unwrap_or(usize::MAX),
        }
    }
}

fn size(text: &str) -> Result<u64, String> {
    // Minutes and percents are quantities, too.
    let is_size = text.trim_end().ends_with(|c: char| c.is_ascii_digit() || "bBkKMG".contains(c));
    quantity(text)
        .filter(|_| is_size)
        .filter(|bytes| *bytes >= 1.0 && *bytes < 1e18)
        .map(|bytes| bytes as u64)
        .ok_or_else(|| "a number of bytes with a unit, such as 500MB, 16GiB or 64KiB".to_owned())
}
