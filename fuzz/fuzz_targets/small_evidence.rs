//! Every parser of small evidence: the first byte chooses it, the rest is its file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::evidence::document::{Document, Sink};
use postdoc::evidence::{parsers::PARSERS, text};
use postdoc::tables::Tables;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (name, parse) = PARSERS[usize::from(*first) % PARSERS.len()];
    let text = text::clean(rest);
    let (command, start) = text::prompt(&text).map_or((None, 0), |(command, start)| (Some(command), start));
    let mut tables = Tables::default();
    let mut sink = Sink { tables: &mut tables, unparsed: Vec::new(), covers: None };
    let document = Document {
        file: 0,
        path: name,
        text: &text[start..],
        command,
        first_line: 1 + u32::from(start > 0),
        zone_offset: 0,
        collected_at: None,
    };
    parse(&document, &mut sink);
});
