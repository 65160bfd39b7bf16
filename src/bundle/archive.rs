//! Members of a tar archive. Its paths and sizes are claims of a stranger: only regular files with harmless relative
//! paths are taken in, and never more than the limits allow.

use super::{Bundle, BundleError, BundleFile, Content, Limits};
use crate::time::Time;
use std::io::{self, Read};

/// Takes in every regular file of the tar archive.
pub(super) fn read_tar(reader: impl Read, bundle: &mut Bundle, limits: &Limits) -> Result<(), BundleError> {
    let name = bundle.path.clone();
    let damaged = |error: io::Error| BundleError::Damaged(name.clone(), error.to_string());
    let mut archive = tar::Archive::new(reader);
    let mut left = limits.bytes;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        if !kind.is_file() && !kind.is_contiguous() && !kind.is_gnu_sparse() {
            bundle.skip(path, "not a regular file (a link or a device); it was not unpacked".to_owned());
            continue;
        }
        let Some(path) = harmless(&path) else {
            bundle.skip(path, "its path leads out of the archive; it was not unpacked".to_owned());
            continue;
        };
        if bundle.files.len() >= limits.files {
            return Err(BundleError::TooLarge(name.clone(), format!("there are more than {} files in it", limits.files)));
        }
        if bundle.files.iter().any(|file| file.path == path) {
            bundle.skip(path, "a second file of the same path; the first was taken".to_owned());
            continue;
        }
        let modified = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok()).map(Time::from_seconds);
        let allowed = left.min(limits.in_memory);
        let mut bytes = Vec::new();
        entry.by_ref().take(allowed + 1).read_to_end(&mut bytes).map_err(damaged)?;
        let mut size = bytes.len() as u64;
        let content = if size <= allowed {
            Content::Memory(bytes)
        } else {
            let spool = |error: io::Error| BundleError::Unreadable("temporary file".to_owned(), error);
            let mut file = tempfile::tempfile().map_err(spool)?;
            io::Write::write_all(&mut file, &bytes).map_err(spool)?;
            size += io::copy(&mut entry.by_ref().take(left.saturating_sub(size) + 1), &mut file).map_err(damaged)?;
            Content::Spooled(file)
        };
        left = match left.checked_sub(size) {
            Some(left) => left,
            None => {
                let gigabytes = limits.bytes >> 30;
                return Err(BundleError::TooLarge(name.clone(), format!("there is more than {gigabytes} GiB in it, unpacked")));
            }
        };
        bundle.files.push(BundleFile { path, size, modified, content });
    }
    // What follows the last entry is padding, but the checksum of the compressed stream stands behind it.
    io::copy(&mut archive.into_inner().take(limits.bytes), &mut io::sink()).map_err(damaged)?;
    Ok(())
}

/// A relative path without `..`, `.` and empty parts; none if it is absolute, climbs, or is empty.
fn harmless(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn paths_that_lead_out_are_refused() {
        assert_eq!(harmless("./a//b.txt"), Some("a/b.txt".to_owned()));
        for bad in ["/etc/passwd", "../x", "a/../../x", "C:\\x", "..\\x", "", "./"] {
            assert_eq!(harmless(bad), None, "{bad}");
        }
    }
}
