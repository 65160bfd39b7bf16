//! Redaction of the tables: what the values of a field are is told by the field's name.

use super::Redactor;
use super::scan::Part;
use crate::evidence::Evidence;
use crate::tables::{Column, Field, TABLES, Table, Value, settings};
use rustc_hash::FxHashSet;

/// What the values of a field are, by its name, which is the same in every table.
fn part_of(table: &Table, field: &Field) -> Option<Part> {
    Some(match (table.name, field.name) {
        ("accounts", "name") => Part::Name,
        (_, "sasl_username" | "user" | "sender" | "recipient" | "orig_to" | "orig_address" | "to") => Part::Name,
        (_, "client" | "relay" | "fqdn" | "hostname" | "mailname" | "helo" | "sender_domain" | "recipient_domain") => Part::Host,
        ("probes" | "route", "host") | ("route", "target") | ("logins", "from") | ("lookups" | "hosts", "name") => Part::Host,
        (_, "client_ip" | "relay_ip" | "ip" | "public_ip" | "nameserver" | "chroot_nameserver") => Part::Ip,
        _ => return None,
    })
}

impl Redactor<'_> {
    /// Learns every name in the tables.
    pub fn learn_evidence(&mut self, evidence: &Evidence) {
        let tables = &evidence.tables;
        let mut seen = FxHashSet::default();
        for table in TABLES {
            for (number, field) in table.fields.iter().enumerate() {
                let part = part_of(table, field);
                for row in tables.rows(table) {
                    let Value::Text(name) = row.get(Column(number)) else { continue };
                    if !seen.insert((part.map(|part| part as u8), name)) {
                        continue;
                    }
                    let text = tables.names.get(name);
                    match part {
                        Some(part) => self.learn_part(part, text),
                        None => self.learn(None, text),
                    }
                }
            }
        }
        for row in tables.rows(&settings::TABLE) {
            if let (Some(name), Some(value)) = (row.text(settings::name, &tables.names), row.text(settings::value, &tables.names))
            {
                self.learn(None, &format!("{name} = {value}"));
            }
        }
    }

    /// The value of a field of a table with pseudonyms.
    pub fn value(&self, table: &Table, column: Column, text: &str) -> String {
        match table.fields.get(column.0).and_then(|field| part_of(table, field)) {
            Some(part) => self.part(part, text, "").unwrap_or_else(|| text.to_owned()),
            None => self.text(None, text).into_owned(),
        }
    }
}
