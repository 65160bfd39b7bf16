//! Members of archives. Their paths and sizes are claims of a stranger: only regular files with harmless relative paths are
//! taken in, and never more than the limits allow.

use super::limits::{Allowance, LimitReached, Metered, Packed};
use super::store::{Content, KeepError, ReadSeek};
use super::{Compression, Intake, Trouble};
use crate::time::{Civil, Time};
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes of the path of a file: no system has longer ones.
pub(super) const LONGEST_PATH: usize = 4096;

/// Why the reading of an archive ends before its end.
enum End {
    Trouble(Trouble),
    Limit(LimitReached),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> End {
        End::Trouble(error.into())
    }
}

impl Intake {
    /// Takes in every regular file of the tar archive, which is compressed or not.
    pub(super) fn read_tar(
        &mut self,
        name: &str,
        content: &Content,
        compression: Option<Compression>,
        depth: usize,
    ) -> Result<(), Trouble> {
        let (packed, count) = Packed::new(content.reader().map_err(Trouble::Unreadable)?);
        let reader: Box<dyn Read + Send + '_> = match compression {
            Some(compression) => compression.decoder(packed),
            None => Box::new(io::BufReader::with_capacity(1 << 16, packed)),
        };
        let allowance = Arc::new(Allowance::default());
        let paid = Arc::default();
        let mut metered = Metered::new(reader, &self.budget, compression.map(|_| count), &paid).within(&allowance);
        let result = self.members_of_tar(name, &mut metered, &allowance, depth);
        let reached = metered.reached().cloned();
        self.end_of_archive(name, result, reached)
    }

    fn members_of_tar(&mut self, name: &str, metered: &mut dyn Read, allowance: &Allowance, depth: usize) -> Result<(), End> {
        let mut archive = tar::Archive::new(metered);
        let mut entries = archive.entries()?;
        loop {
            allowance.headers();
            let Some(entry) = entries.next() else { break };
            let mut entry = entry?;
            allowance.member();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
                // Nothing to take in.
            } else if !kind.is_file() && !kind.is_contiguous() {
                let what = match (kind.is_symlink(), kind.is_hard_link()) {
                    (true, _) => "a symbolic link",
                    (_, true) => "a hard link",
                    _ if kind.is_gnu_sparse() => "a sparse file, which no log is",
                    _ => "a device",
                };
                let to = entry.link_name_bytes().map(|to| format!(" to {}", String::from_utf8_lossy(&to))).unwrap_or_default();
                self.skip(inside(name, &path), format!("{what}{to}; not unpacked"));
            } else if let Some(path) = self.wanted(name, &path)? {
                let modified = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
                self.member(path, &mut entry, modified.map(Time::from_seconds), depth)?;
            }
            // Whatever was left of it; after that only headers may come.
            io::copy(&mut entry, &mut io::sink())?;
        }
        // What follows the last entry is padding, but the checksum of the compressed stream stands behind it.
        allowance.member();
        io::copy(&mut archive.into_inner(), &mut io::sink())?;
        Ok(())
    }

    /// Takes in every regular file of the zip archive.
    pub(super) fn read_zip(&mut self, name: &str, content: &Content, depth: usize) -> Result<(), Trouble> {
        let reader = content.reader().map_err(Trouble::Unreadable)?;
        let result = self.members_of_zip(name, reader, depth);
        self.end_of_archive(name, result, None)
    }

    fn members_of_zip(&mut self, name: &str, reader: Box<dyn ReadSeek + '_>, depth: usize) -> Result<(), End> {
        let damaged = |error: zip::result::ZipError| End::Trouble(Trouble::Damaged(error.to_string()));
        let mut archive = zip::ZipArchive::new(io::BufReader::with_capacity(1 << 16, reader)).map_err(damaged)?;
        for at in 0..archive.len() {
            let listed = archive.by_index_raw(at).map_err(damaged)?;
            let path = String::from_utf8_lossy(listed.name_raw()).into_owned();
            let (is_dir, is_link, locked) = (listed.is_dir(), listed.is_symlink(), listed.encrypted());
            // No offset stands there: it is local time.
            let modified = listed.last_modified().map(|stamp| {
                let (month, day, hour) = (stamp.month().into(), stamp.day().into(), stamp.hour().into());
                let (minute, second) = (stamp.minute().into(), stamp.second().into());
                Civil { year: stamp.year().into(), month, day, hour, minute, second, micros: 0 }.at_offset(0)
            });
            let size = listed.compressed_size();
            let special = listed.unix_mode().is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000 | 0o040_000));
            drop(listed);
            if is_dir {
                continue;
            }
            if is_link || special {
                self.skip(inside(name, &path), "a symbolic link or a device; not unpacked".to_owned());
                continue;
            }
            if locked {
                self.skip(inside(name, &path), "encrypted: unpack it with its password".to_owned());
                continue;
            }
            let Some(path) = self.wanted(name, &path)? else { continue };
            let member = match archive.by_index(at) {
                Ok(member) => member,
                Err(error) => {
                    self.skip(path, format!("cannot be unpacked: {error}"));
                    continue;
                }
            };
            let packed = Some(Arc::new(size.max(1).into()));
            let mut metered = Metered::new(member, &self.budget, packed, &Arc::default());
            let result = self.member(path.clone(), &mut metered, modified, depth);
            match (result, metered.reached()) {
                (Err(_), Some(reached)) => return Err(End::Limit(reached.clone())),
                // One damaged member of a zip does not touch the others.
                (Err(End::Trouble(Trouble::Damaged(why))), None) => self.skip(path, format!("damaged: {why}")),
                (result, None) => result?,
                (Ok(()), Some(_)) => {}
            }
        }
        Ok(())
    }

    /// The path in the bundle of a member that is to be taken in.
    fn wanted(&mut self, archive: &str, path: &str) -> Result<Option<String>, End> {
        let Some(path) = harmless(path) else {
            self.skip(inside(archive, path), "its path leads out of the archive; not unpacked".to_owned());
            return Ok(None);
        };
        let path = inside(archive, &path);
        if path.len() > LONGEST_PATH {
            self.skip(path, "its path is longer than that of any file; not unpacked".to_owned());
            return Ok(None);
        }
        if self.taken.contains(&path) {
            self.skip(path, "a second file of the same path; the first was taken".to_owned());
            return Ok(None);
        }
        self.room_for_a_file().map_err(End::Limit)?;
        Ok(Some(path))
    }

    fn member(&mut self, path: String, stream: &mut dyn Read, modified: Option<Time>, depth: usize) -> Result<(), End> {
        let content = match self.store.keep(stream) {
            Ok(content) => content,
            Err(KeepError::Stream(error)) => return Err(error.into()),
            Err(KeepError::Spool(error)) => return Err(End::Trouble(Trouble::Spool(error))),
        };
        match self.take_in(path.clone(), content, modified, depth + 1) {
            // What cannot be opened inside an archive is one file that is missing; without room nothing goes on.
            Err(trouble @ Trouble::Spool(_)) => Err(End::Trouble(trouble)),
            Err(trouble) => {
                self.skip(path, trouble.to_string());
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// A limit ends an archive early, but what was taken in until then stays.
    fn end_of_archive(&mut self, name: &str, result: Result<(), End>, reached: Option<LimitReached>) -> Result<(), Trouble> {
        let limit = match (result, reached) {
            (Ok(()), _) => return Ok(()),
            (Err(_), Some(limit)) | (Err(End::Limit(limit)), None) => limit,
            (Err(End::Trouble(trouble)), None) => return Err(trouble),
        };
        if self.bundle.files.is_empty() {
            return Err(Trouble::TooLarge(limit.0));
        }
        let name = if name.is_empty() { "(the rest of the archive)".to_owned() } else { format!("{name} (the rest)") };
        self.skip(name, format!("not unpacked: {limit}"));
        Ok(())
    }
}

/// The path of a member of an archive inside the bundle; the bundle's own archive has no name.
fn inside(archive: &str, path: &str) -> String {
    if archive.is_empty() { path.to_owned() } else { format!("{archive}/{path}") }
}

/// A relative path without `..`, `.` and empty parts; none if it is absolute, climbs, or is empty.
fn harmless(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') || path.contains('\0') {
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
        for bad in ["/etc/passwd", "../x", "a/../../x", "C:\\x", "..\\x", "", "./", "a\0b"] {
            assert_eq!(harmless(bad), None, "{bad}");
        }
    }
}
