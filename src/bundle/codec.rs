//! What bytes are by their first few: compressed, an archive, or content; and how to decompress them.

use bzip2::bufread::BzDecoder;
use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::io::{self, BufRead, BufReader, Read};

/// Memory that an xz or zstd stream may ask for; `xz -9` and `zstd --long` need 64 and 128 MiB.
const WINDOW: u64 = 192 << 20;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip (RFC 1952)
    Gzip,
    /// xz
    Xz,
    /// Zstandard (RFC 8878)
    Zstd,
    /// bzip2
    Bzip2,
}

/// What a file is, by its first block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Content,
    Compressed(Compression),
    Tar,
    Zip,
    /// Something that is not unpacked, by name.
    Foreign(&'static str),
}

/// Bytes of a file by which its form is told: a block of tar.
pub(super) const BLOCK: usize = 512;

impl Form {
    pub(super) fn of(block: &[u8]) -> Form {
        const MAGIC: &[(&[u8], Form)] = &[
            (b"\x1f\x8b", Form::Compressed(Compression::Gzip)),
            (b"\xfd7zXZ\0", Form::Compressed(Compression::Xz)),
            (b"\x28\xb5\x2f\xfd", Form::Compressed(Compression::Zstd)),
            (b"BZh", Form::Compressed(Compression::Bzip2)),
            (b"PK\x03\x04", Form::Zip),
            (b"PK\x05\x06", Form::Zip),
            (b"7z\xbc\xaf\x27\x1c", Form::Foreign("7z")),
            (b"Rar!\x1a\x07", Form::Foreign("rar")),
            (b"\x1f\x9d", Form::Foreign("compress (.Z)")),
            (b"\x04\x22\x4d\x18", Form::Foreign("lz4")),
            (b"LZIP", Form::Foreign("lzip")),
            (b"\x5d\0\0", Form::Foreign("lzma")),
            (b"\x89LZO\0\r\n\x1a\n", Form::Foreign("lzop")),
        ];
        if let Some((_, form)) = MAGIC.iter().find(|(magic, _)| block.starts_with(magic)) {
            // A text may begin with "BZh": bzip2 goes on with the level and the mark of a block or of the end.
            let bzip2 = block.get(3).is_some_and(|level| (b'1'..=b'9').contains(level))
                && block.get(4..10).is_some_and(|mark| mark == b"1AY&SY" || mark == b"\x17\x72\x45\x38\x50\x90");
            return if *form == Form::Compressed(Compression::Bzip2) && !bzip2 { Form::Content } else { *form };
        }
        // Skippable frames may stand before the first of zstd (pzstd writes them).
        if block.len() > 4 && block[0] & 0xf0 == 0x50 && block[1..4] == [0x2a, 0x4d, 0x18] {
            return Form::Compressed(Compression::Zstd);
        }
        if is_tar(block) { Form::Tar } else { Form::Content }
    }
}

/// Whether a block is the header of a tar archive: its checksum is right. (Archives older than POSIX say no `ustar`.)
fn is_tar(block: &[u8]) -> bool {
    let Some(block) = block.get(..BLOCK).filter(|block| block[0] != 0) else { return false };
    let header = tar::Header::from_byte_slice(block);
    let sum: u32 = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum();
    header.cksum().is_ok_and(|claimed| claimed == sum)
}

impl Compression {
    /// Suffixes of file names, lower case.
    pub fn suffixes(self) -> &'static [&'static str] {
        match self {
            Compression::Gzip => &[".gz"],
            Compression::Xz => &[".xz"],
            Compression::Zstd => &[".zst", ".zstd"],
            Compression::Bzip2 => &[".bz2"],
        }
    }

    /// Decompresses `reader`; streams that follow one another are one.
    pub(super) fn decoder<'r>(self, reader: impl Read + Send + 'r) -> Box<dyn Read + Send + 'r> {
        let reader = BufReader::with_capacity(1 << 16, reader);
        match self {
            Compression::Gzip => Box::new(MultiGzDecoder::new(reader)),
            Compression::Xz => Box::new(Xz(XzReader::new_mem_limit(reader, true, (WINDOW >> 10) as u32))),
            Compression::Zstd => Box::new(Frames::new(reader)),
            Compression::Bzip2 => Box::new(Bzip2Streams::new(reader)),
        }
    }
}

/// The name without the suffix of a compression, in its own case.
pub fn without_suffix(name: &str) -> &str {
    let kinds = [Compression::Gzip, Compression::Xz, Compression::Zstd, Compression::Bzip2];
    let suffix = kinds.iter().flat_map(|kind| kind.suffixes()).find(|suffix| {
        let at = name.len().checked_sub(suffix.len());
        at.and_then(|at| name.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    });
    suffix.map_or(name, |suffix| &name[..name.len() - suffix.len()])
}

/// The frames of a zstd file, one after the other: the decoder of the library reads one.
struct Frames<R> {
    reader: R,
    decoder: FrameDecoder,
    inside: bool,
}

impl<R: BufRead> Frames<R> {
    fn new(reader: R) -> Frames<R> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Frames { reader, decoder, inside: false }
    }

    /// Goes to the next frame with content; false at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.reader.fill_buf()?.is_empty() {
            match self.decoder.init(&mut self.reader) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.reader.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(FrameDecoderError::WindowSizeTooBig { requested, .. }) => {
                    return Err(greedy(Some(requested), "zstd -d --long=31"));
                }
                Err(error) => return Err(damaged(error)),
            }
        }
        Ok(false)
    }
}

/// The streams of a bzip2 file, one after the other. Each takes a memory of 4 MB and more to be made ready, so that a million of
/// them with nothing in them would take minutes.
struct Bzip2Streams<R> {
    /// None once all is read.
    stream: Option<BzDecoder<R>>,
    streams: u64,
    read: u64,
}

impl<R: BufRead> Bzip2Streams<R> {
    /// Streams that may hold next to nothing, and bytes that each further one holds at least; bzip2 makes them of 900,000.
    const SMALL: u64 = 10_000;
    const LEAST: u64 = 100;

    fn new(reader: R) -> Bzip2Streams<R> {
        Bzip2Streams { stream: Some(BzDecoder::new(reader)), streams: 1, read: 0 }
    }
}

impl<R: BufRead> Read for Bzip2Streams<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(stream) = &mut self.stream {
            let count = stream.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                self.read += count as u64;
                return Ok(count);
            }
            let Some(mut reader) = self.stream.take().map(BzDecoder::into_inner) else { break };
            if reader.fill_buf()?.is_empty() {
                break;
            }
            self.streams += 1;
            if self.streams > Self::SMALL + self.read / Self::LEAST {
                return Err(damaged("it is made of more than 10,000 streams with next to nothing in them"));
            }
            self.stream = Some(BzDecoder::new(reader));
        }
        Ok(0)
    }
}

/// The streams of an xz file.
struct Xz<R: Read>(XzReader<R>);

impl<R: Read> Read for Xz<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::OutOfMemory => greedy(None, "xz -d"),
            _ => error,
        })
    }
}

/// That a file asks for more memory than it gets: nothing is wrong with it. `how` unpacks it.
fn greedy(asked: Option<u64>, how: &str) -> io::Error {
    let limit = WINDOW >> 20;
    let asked = asked.map_or_else(|| format!("more than {limit}"), |bytes| (bytes >> 20).to_string());
    let what = format!(
        "it asks for {asked} MiB of memory to be unpacked, of which it gets at most {limit}; unpack it with `{how}` and give what comes out"
    );
    io::Error::new(io::ErrorKind::OutOfMemory, what)
}

fn damaged(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.inside {
                if !self.next_frame()? {
                    return Ok(0);
                }
                self.inside = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder.decode_blocks(&mut self.reader, BlockDecodingStrategy::UptoBlocks(1)).map_err(damaged)?;
            }
            let count = self.decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            if self.decoder.get_checksum_from_data().is_some_and(|sum| Some(sum) != self.decoder.get_calculated_checksum()) {
                return Err(damaged("the checksum is wrong"));
            }
            self.inside = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Compression::Bzip2.decoder(bytes).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn memory_that_a_file_asks_for_is_told() {
        // Frames whose windows are 2 GiB and 384 MiB.
        let zstd: &[u8] = b"\x28\xb5\x2f\xfd\0\xa8\x01\0\0";
        let xz: &[u8] = b"\xfd\x37\x7a\x58\x5a\0\0\x01\x69\x22\xde\x36\x02\0\x21\x01\x21\0\0\0\x6c\xef\x19\xce\x01\0\x06\x61";
        for (bytes, kind, told) in
            [(zstd, Compression::Zstd, "asks for 2048 MiB"), (xz, Compression::Xz, "asks for more than 192 MiB")]
        {
            let error = kind.decoder(bytes).read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn streams_of_bzip2_are_one_and_a_bounded_number_of_them_is_empty() {
        use bzip2::write::BzEncoder;
        use std::io::Write as _;
        let packed = |text: &[u8]| {
            let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let two = [packed(b"a line\n"), packed(b""), packed(b"another\n")].concat();
        assert_eq!(unpacked(&two).unwrap(), b"a line\nanother\n");
        assert!(unpacked(&two[..two.len() - 3]).is_err());
        assert!(unpacked(&[two.as_slice(), b"no stream"].concat()).is_err());
        let error = unpacked(&packed(b"").repeat(20_000)).unwrap_err();
        assert!(error.to_string().contains("10,000 streams"), "{error}");
    }
}
