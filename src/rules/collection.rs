//! What failed commands print, from `rules/collection.yaml`.

use super::kinds;
use super::lazy::LazyRegex;
use super::yaml::Reader;

/// One way in which a command fails.
#[derive(Debug)]
pub struct Failed {
    /// Outcome, as the table `collection` has it.
    pub outcome: String,
    /// The same in words.
    pub says: String,
    /// Lines that show it; the group `command` names the command.
    pub any: Vec<LazyRegex>,
}

/// Reads the list.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<Failed> {
    let Some(root) = reader.parse() else { return Vec::new() };
    let mut list = Vec::new();
    for item in reader.list(root) {
        let mut fields = reader.fields(item, "a way to fail");
        let [outcome, says] =
            ["outcome", "says"].map(|name| fields.need(reader, name).map(|node| reader.text(&node, name)).unwrap_or_default());
        let any = fields.need(reader, "any");
        let any = kinds::line_regexes(reader, any);
        fields.finish(reader);
        list.push(Failed { outcome, says, any });
    }
    list
}
