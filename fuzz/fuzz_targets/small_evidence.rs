//! Every parser of small evidence: the first byte chooses it, the rest is its file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::evidence::document::{Document, Sink};
use postdoc::evidence::{parsers::PARSERS, text, transcript};
use postdoc::tables::Tables;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (name, parse) = PARSERS[usize::from(*first) % PARSERS.len()];
    let text = text::clean(rest);
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let command = transcript::prompt(first);
    let mut tables = Tables::default();
    let mut sink = Sink { tables: &mut tables, unparsed: Vec::new(), covers: None };
    let document = Document {
        file: 0,
        path: name,
        text: if command.is_some() { rest } else { &text },
        command,
        first_line: 1 + u32::from(command.is_some()),
        zone_offset: 0,
        collected_at: None,
        companions: &[],
    };
    parse(&document, &mut sink);
});
