//! How much of a bundle is read: the limits, and the meter that every unpacked byte passes.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of a bundle is read at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files.
    pub files: usize,
    /// Bytes of everything that is unpacked: members of archives and compressed files together.
    pub bytes: u64,
    /// Unpacked bytes for each packed one. Logs pack 10 to 50 times; gzip cannot pack more than 1032 times.
    pub ratio: u64,
    /// Archives inside one another: 1 is an archive in a directory, or one that is the bundle itself.
    pub depth: usize,
    /// Bytes of a line; the rest of a longer one is not looked at.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { files: 20_000, bytes: 16 << 30, ratio: 1_000, depth: 4, line: 64 << 10 }
    }
}

/// Unpacked bytes below which the ratio is not looked at: a page of zeros in a sparse file is no bomb.
const FREE: u64 = 64 << 20;
/// The same for all that a bundle holds.
const FREE_IN_ALL: u64 = 1 << 30;
/// Bytes that the headers before one member of a tar archive may take; a path of 4096 bytes fits many times.
const HEADERS: u64 = 1 << 20;

/// A limit that was reached; the payload of the [`io::Error`] that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LimitReached(pub(super) String);

impl fmt::Display for LimitReached {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for LimitReached {}

impl From<LimitReached> for io::Error {
    fn from(limit: LimitReached) -> io::Error {
        io::Error::other(limit)
    }
}

/// A number of bytes as the command line takes it.
pub(super) fn shown(bytes: u64) -> String {
    match bytes {
        0..=0xf_ffff => format!("{bytes} bytes"),
        0x10_0000..=0x3fff_ffff => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}

/// What may still be unpacked of one bundle.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicU64,
    /// Bytes of the bundle as it is stored.
    stored: AtomicU64,
    limits: Limits,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Arc<Budget> {
        Arc::new(Budget { left: AtomicU64::new(limits.bytes), stored: AtomicU64::new(0), limits: *limits })
    }

    /// So many bytes more of the bundle are stored.
    pub(super) fn stored(&self, bytes: u64) {
        self.stored.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A bomb of many small charges: each unpacks to little, all of them to far more than any bundle of this size.
    fn is_bomb(&self, left: u64) -> bool {
        let spent = self.limits.bytes - left;
        spent > FREE_IN_ALL && spent / self.stored.load(Ordering::Relaxed).max(1) > self.limits.ratio
    }

    fn spend(&self, bytes: u64) -> Result<(), LimitReached> {
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        match spent {
            Ok(left) if self.is_bomb(left.saturating_sub(bytes)) => {
                let ratio = self.limits.ratio;
                Err(LimitReached(format!("the bundle unpacks to more than {ratio} times its size (see --max-ratio)")))
            }
            Ok(_) => Ok(()),
            Err(_) => {
                let limit = shown(self.limits.bytes);
                Err(LimitReached(format!("the bundle holds more than {limit} unpacked (see --max-unpacked)")))
            }
        }
    }
}

/// Counts the packed bytes that a decoder reads.
#[derive(Debug)]
pub(super) struct Packed<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R> Packed<R> {
    pub(super) fn new(inner: R) -> (Packed<R>, Arc<AtomicU64>) {
        let count = Arc::new(AtomicU64::new(0));
        (Packed { inner, count: Arc::clone(&count) }, count)
    }
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// What stands between two members of a tar archive, as far as its reader may go on for it.
#[derive(Debug, Default)]
pub(super) struct Allowance(AtomicU64);

impl Allowance {
    /// Only headers are due.
    pub(super) fn headers(&self) {
        self.0.store(HEADERS, Ordering::Relaxed);
    }

    /// A member's bytes are due.
    pub(super) fn member(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }
}

/// A stream of unpacked bytes, which ends in an error where a limit is reached.
pub(super) struct Metered<R> {
    inner: R,
    budget: Arc<Budget>,
    /// Packed bytes read so far; none for what is not packed.
    packed: Option<Arc<AtomicU64>>,
    /// Bytes of this stream that were paid for already, when it was read before.
    paid: Arc<AtomicU64>,
    read: u64,
    allowance: Option<Arc<Allowance>>,
    reached: Option<LimitReached>,
}

impl<R> Metered<R> {
    pub(super) fn new(inner: R, budget: &Arc<Budget>, packed: Option<Arc<AtomicU64>>, paid: &Arc<AtomicU64>) -> Metered<R> {
        let (budget, paid) = (Arc::clone(budget), Arc::clone(paid));
        Metered { inner, budget, packed, paid, read: 0, allowance: None, reached: None }
    }

    pub(super) fn within(mut self, allowance: &Arc<Allowance>) -> Metered<R> {
        self.allowance = Some(Arc::clone(allowance));
        self
    }

    /// The limit at which the stream ended, if one was.
    pub(super) fn reached(&self) -> Option<&LimitReached> {
        self.reached.as_ref()
    }

    fn count(&mut self, bytes: u64) -> Result<(), LimitReached> {
        self.read += bytes;
        let paid = self.paid.fetch_max(self.read, Ordering::Relaxed);
        self.budget.spend(self.read.saturating_sub(paid.max(self.read - bytes)))?;
        if let Some(packed) = &self.packed
            && self.read > FREE
        {
            let (packed, ratio) = (packed.load(Ordering::Relaxed), self.budget.limits.ratio);
            if self.read / packed.max(1) > ratio {
                return Err(LimitReached(format!("it unpacks to more than {ratio} times its size (see --max-ratio)")));
            }
        }
        if let Some(allowance) = &self.allowance {
            let left = &allowance.0;
            if left.load(Ordering::Relaxed) != u64::MAX
                && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_err()
            {
                return Err(LimitReached("the header of a member is longer than any path can be".to_owned()));
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(reached) = &self.reached {
            return Err(reached.clone().into());
        }
        let count = self.inner.read(buffer)?;
        match self.count(count as u64) {
            Ok(()) => Ok(count),
            Err(reached) => {
                self.reached = Some(reached.clone());
                Err(reached.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_twice_is_paid_once() {
        let budget = Budget::new(&Limits { bytes: 10, ..Limits::default() });
        let paid = Arc::default();
        for _ in 0..3 {
            let mut out = Vec::new();
            Metered::new(&b"12345678"[..], &budget, None, &paid).read_to_end(&mut out).unwrap();
            assert_eq!(out, b"12345678");
        }
        let error = Metered::new(&b"12345678"[..], &budget, None, &Arc::default()).read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("more than 10 bytes unpacked"), "{error}");
    }

    #[test]
    fn a_bomb_is_told_by_its_ratio_and_a_long_header_by_its_length() {
        let budget = Budget::new(&Limits::default());
        let packed = Some(Arc::new(AtomicU64::new(65_536)));
        let error = io::copy(&mut Metered::new(io::repeat(0), &budget, packed, &Arc::default()), &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("more than 1000 times its size (see --max-ratio)"), "{error}");

        let allowance = Arc::new(Allowance::default());
        let mut stream = Metered::new(io::repeat(0), &budget, None, &Arc::default()).within(&allowance);
        allowance.member();
        io::copy(&mut stream.by_ref().take(5 << 20), &mut io::sink()).unwrap();
        allowance.headers();
        assert!(io::copy(&mut stream.by_ref().take(2 << 20), &mut io::sink()).is_err());
    }
}
