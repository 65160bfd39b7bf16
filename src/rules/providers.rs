//! Providers: which company runs a mail exchanger or a recipient domain.

use super::yaml::Reader;
use std::collections::{BTreeMap, HashMap};

/// One provider.
#[derive(Debug)]
pub struct Provider {
    /// Id that rules use.
    pub id: String,
    /// Name for people.
    pub title: String,
}

/// The providers by host suffix and by domain.
#[derive(Debug, Default)]
pub struct Providers {
    list: Vec<Provider>,
    mx: HashMap<String, usize>,
    domains: HashMap<String, usize>,
}

impl Providers {
    /// Reads `providers.yaml`.
    pub fn read(&mut self, reader: &mut Reader<'_>) {
        let Some(root) = reader.parse() else { return };
        for item in reader.list(root) {
            let mut fields = reader.fields(item, "a provider");
            let id = fields.need(reader, "id").map(|node| reader.id(&node, "id")).unwrap_or_default();
            let title = fields.take("title").map_or_else(|| id.clone(), |node| reader.text(&node, "title"));
            let at = self.list.iter().position(|known| known.id == id).unwrap_or(self.list.len());
            if at == self.list.len() {
                self.list.push(Provider { id, title });
            }
            for name in ["mx", "domains"] {
                for (host, place) in fields.take(name).map(|node| reader.texts(node, name)).unwrap_or_default() {
                    let bare = host.trim_start_matches(['*', '.']);
                    let bare = bare.rsplit('@').next().unwrap_or(bare).to_ascii_lowercase();
                    if bare != host.to_ascii_lowercase() {
                        let help = match name {
                            "mx" => format!("how the names of its mail exchangers end: `{bare}`"),
                            _ => format!("a domain by itself: `{bare}`"),
                        };
                        reader.problem(place, format!("`{host}` is no name of a host"), Some(help));
                    }
                    if name == "mx" { &mut self.mx } else { &mut self.domains }.insert(bare, at);
                }
            }
            fields.finish(reader);
        }
    }

    /// Provider of a mail exchanger: the longest suffix, label by label, that is known.
    pub fn of_host(&self, host: &str) -> Option<&Provider> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = host.as_str();
        loop {
            if let Some(&at) = self.mx.get(rest) {
                return self.list.get(at);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// Provider of a recipient domain.
    pub fn of_domain(&self, domain: &str) -> Option<&Provider> {
        self.domains.get(domain).and_then(|&at| self.list.get(at))
    }

    /// Names for people, by id.
    pub fn titles(&self) -> BTreeMap<String, String> {
        self.list.iter().map(|known| (known.id.clone(), known.title.clone())).collect()
    }

    /// Name for people of a provider id; the id itself if it is a domain.
    pub fn title<'s>(&'s self, id: &'s str) -> &'s str {
        self.list.iter().find(|known| known.id == id).map_or(id, |known| &known.title)
    }

    /// Whether `id` is a provider and not a domain standing in for one.
    pub fn is_known(&self, id: &str) -> bool {
        self.list.iter().any(|known| known.id == id)
    }
}
