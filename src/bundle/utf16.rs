//! Text in UTF-16, as PowerShell's `>` and the editors of Windows save it, read as UTF-8.

use crate::refill::{Refill, Refilled};
use std::io::{self, Read};

/// Order of the bytes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Utf16 {
    Little,
    Big,
}

impl Utf16 {
    /// By the mark at the beginning of a file.
    pub(super) fn of(block: &[u8]) -> Option<Utf16> {
        match block {
            // FF FE 00 00 is UTF-32, which nobody writes.
            [0xff, 0xfe, 0, 0, ..] => None,
            [0xff, 0xfe, ..] => Some(Utf16::Little),
            [0xfe, 0xff, ..] => Some(Utf16::Big),
            _ => None,
        }
    }

    fn unit(self, bytes: [u8; 2]) -> u16 {
        match self {
            Utf16::Little => u16::from_le_bytes(bytes),
            Utf16::Big => u16::from_be_bytes(bytes),
        }
    }
}

/// `inner` in UTF-16, read as UTF-8; what is no character becomes U+FFFD.
pub(super) fn decoding<R: Read>(inner: R, order: Utf16) -> impl Read {
    Refilled::new(Decoding { inner, order, rest: Vec::new() })
}

struct Decoding<R> {
    inner: R,
    order: Utf16,
    /// Bytes of units whose rest is not read yet: half a unit, or the first of a pair.
    rest: Vec<u8>,
}

impl<R: Read> Refill for Decoding<R> {
    fn refill(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let mut bytes = std::mem::take(&mut self.rest);
        let before = bytes.len();
        bytes.resize(before + (1 << 15), 0);
        let read = self.inner.read(&mut bytes[before..])?;
        bytes.truncate(before + read);
        let ended = read == 0;
        let mut whole = bytes.len() / 2 * 2;
        let unit = |at: usize| self.order.unit([bytes[at], bytes[at + 1]]);
        // The first half of a pair waits for the second.
        if whole >= 2 && (0xd800..0xdc00).contains(&unit(whole - 2)) && !ended {
            whole -= 2;
        }
        let units = (0..whole).step_by(2).map(unit);
        let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        self.rest = bytes.split_off(whole);
        *out = text.into_bytes();
        Ok(!ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Slow<'b>(&'b [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(self.0.len()).min(1);
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    #[test]
    fn both_orders_are_read_in_any_pieces() {
        let text = "\u{feff}Größe 😀\r\n";
        for (order, bytes) in [
            (Utf16::Little, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            (Utf16::Big, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            assert_eq!(Utf16::of(&bytes), Some(order));
            let mut whole = String::new();
            decoding(bytes.as_slice(), order).read_to_string(&mut whole).unwrap();
            let mut slow = String::new();
            decoding(Slow(&bytes), order).read_to_string(&mut slow).unwrap();
            assert_eq!((whole.as_str(), slow.as_str()), (text, text));
        }
        let mut lone = String::new();
        decoding(&[0x00, 0xd8, 0x41][..], Utf16::Little).read_to_string(&mut lone).unwrap();
        assert_eq!(lone, "\u{fffd}");
    }
}
