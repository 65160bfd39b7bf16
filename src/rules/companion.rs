//! Programs beside Postfix whose own words matter to mail, from `companions:` of `rules/evidence/*.yaml`.

use super::yaml::{Node, Reader};
use aho_corasick::packed::Searcher;
use std::sync::OnceLock;

/// Programs that say in the same words that something is wrong.
#[derive(Debug)]
pub struct Companion {
    /// The names under which they log.
    pub names: Vec<String>,
    /// Level of the records that their words become.
    pub level: &'static str,
    /// How such a line begins; empty: anyhow.
    begins: Vec<String>,
    /// Texts of which one stands in it.
    says: Vec<String>,
    /// The same, looked for all at once in vectors; an automaton takes twice as long as one search after the other.
    searcher: OnceLock<Option<Searcher>>,
}

impl Companion {
    /// Whether it logs under this name.
    pub fn is_called(&self, program: &str) -> bool {
        self.names.iter().any(|name| name == program)
    }

    /// Whether it speaks of trouble.
    pub fn is_trouble(&self, text: &str) -> bool {
        (self.begins.is_empty() || self.begins.iter().any(|start| text.starts_with(start)))
            && match self.searcher.get_or_init(|| Searcher::new(&self.says)) {
                Some(searcher) => searcher.find(text).is_some(),
                None => self.says.iter().any(|mark| text.contains(mark)),
            }
    }
}

/// Reads the list.
pub(super) fn read(reader: &mut Reader<'_>, node: Node) -> Vec<Companion> {
    let mut companions = Vec::new();
    for item in reader.list(node) {
        let mut fields = reader.fields(item, "a companion");
        let [names, says] = ["names", "says"].map(|name| fields.need(reader, name));
        let begins = fields.take("begins");
        let level = fields
            .take("level")
            .and_then(|node| reader.one_of(&node, "level", &[("warning", "warning"), ("error", "error"), ("fatal", "fatal")]));
        fields.finish(reader);
        let [names, begins, says] = [names, begins, says].map(|node| {
            let texts = node.map(|node| reader.texts(node, "a text")).unwrap_or_default();
            // A text that stands in every line tells nothing.
            texts.into_iter().map(|(text, _)| text).filter(|text| !text.is_empty()).collect()
        });
        companions.push(Companion { names, level: level.unwrap_or("warning"), begins, says, searcher: OnceLock::new() });
    }
    companions
}
