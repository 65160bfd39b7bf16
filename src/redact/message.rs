//! Redaction of what is told line by line: the story of a message, and the headers of a received one.

use super::part::Part;
use super::{Check, Redactor};
use crate::evidence::headers::TestMessage;
use crate::trace::Step;
use serde_json::Value;

/// What the value of a field of a log line is, by the field's name.
fn part_of(field: &str) -> Option<Part> {
    Some(match field {
        "from" | "to" | "orig_to" | "recipient" | "sasl_username" | "sasl_sender" | "user" => Part::Name,
        "helo" => Part::Host,
        _ => return None,
    })
}

impl Redactor<'_> {
    /// Learns the names in a line of a story.
    pub fn learn_step(&mut self, step: &Step) {
        self.learn(Some("maillog"), &step.text);
        for (name, value) in &step.fields {
            if let (Some(part), Some(text)) = (part_of(name), value.as_str()) {
                self.learn_part(part, text);
            }
        }
    }

    /// A line of a story with pseudonyms; its names were learnt.
    pub fn step(&self, check: &Check, mut step: Step) -> Step {
        step.text = check.replaced(&self.text(Some("maillog"), &step.text));
        for (name, value) in step.fields.iter_mut() {
            if let Value::String(text) = value {
                let new = match part_of(name) {
                    Some(part) if !text.is_empty() => self.part(part, text, "").unwrap_or_else(|| text.clone()),
                    _ => self.text(None, text).into_owned(),
                };
                *text = check.replaced(&new);
            }
        }
        step
    }

    /// Replaces what is personal in what the headers of a message say; `text` is the message.
    pub fn message(&mut self, text: &str, message: &mut TestMessage) -> Check {
        let mut field = String::new();
        for line in text.lines() {
            // A folded line goes on with its field.
            if line.starts_with([' ', '\t']) {
                self.learn(None, &format!("{field}: {}", line.trim_start()));
            } else {
                field = line.split(':').next().unwrap_or_default().to_owned();
                self.learn(None, line);
            }
        }
        let hosts = [
            &mut message.from_domain,
            &mut message.return_path_domain,
            &mut message.authserv_id,
            &mut message.spf_domain,
            &mut message.dkim_domain,
            // A label of the domain's.
            &mut message.dkim_selector,
            &mut message.helo,
            &mut message.client_name,
        ];
        let hops = message.hops.iter_mut().flat_map(|hop| [&mut hop.from, &mut hop.by]);
        for host in hosts.into_iter().chain(hops).flatten().filter(|host| !host.is_empty()) {
            *host = if host.contains(['[', '@', ' ']) { self.text(None, host).into_owned() } else { self.host(host) };
        }
        for ip in [&mut message.client_ip].into_iter().chain(message.hops.iter_mut().map(|hop| &mut hop.ip)).flatten() {
            *ip = self.text(None, ip).into_owned();
        }
        for with in message.hops.iter_mut().filter_map(|hop| hop.with.as_mut()) {
            *with = self.text(None, with).into_owned();
        }
        self.check()
    }
}
