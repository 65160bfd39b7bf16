//! A stream that is made of another one piece by piece: decoded, unwrapped, or put together again.

use std::io::{self, Read};

/// What makes the pieces.
pub(crate) trait Refill {
    /// Puts the next bytes into `out`, which is empty. False when there are none after these.
    ///
    /// # Errors
    /// What reading the other stream gives.
    fn refill(&mut self, out: &mut Vec<u8>) -> io::Result<bool>;
}

/// Reads the pieces one after the other.
pub(crate) struct Refilled<S> {
    source: S,
    out: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<S: Refill> Refilled<S> {
    pub(crate) fn new(source: S) -> Refilled<S> {
        Refilled { source, out: Vec::new(), at: 0, ended: false }
    }
}

impl<S: Refill> Read for Refilled<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() && !self.ended {
            self.out.clear();
            self.at = 0;
            self.ended = !self.source.refill(&mut self.out)?;
        }
        let length = buffer.len().min(self.out.len() - self.at);
        buffer[..length].copy_from_slice(&self.out[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}
