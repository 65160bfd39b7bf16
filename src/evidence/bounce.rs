//! Bounce messages that somebody forwarded, of this server or of another: what the refusing server said, once a recipient. A message
//! shows that mail fails and why; how much of it, only a log or a queue listing shows.

use super::document::{Document, Sink};
use super::notice::{stands_alone, statements};
use crate::said::{Said, domain_of};
use crate::tables::{Citation, Record, failures};

/// Reads the bounce messages of a file.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let recipients: Vec<&str> = fields(doc, "final-recipient:").collect();
    let servers: Vec<&str> = fields(doc, "remote-mta:").collect();
    let waits =
        fields(doc, "action:").all(|action| action.eq_ignore_ascii_case("delayed")) && fields(doc, "action:").next().is_some();
    let quoted: Vec<String> = statements(doc.text).into_iter().filter(|text| says_something(text)).collect();
    for (at, statement) in quoted.iter().enumerate() {
        let said = Said::parse(statement);
        let of = |values: &[&'_ str]| (values.len() == quoted.len()).then(|| values[at].to_owned());
        let recipient = of(&recipients).or_else(|| Some((*recipients.first()?).to_owned()));
        let relay = said.host.map(str::to_owned).or_else(|| of(&servers));
        let line = doc.lines().find(|(_, line)| shows(line, &said)).or_else(|| doc.lines().next()).map_or(1, |(line, _)| line);
        let domain = recipient.as_deref().map(domain_of).filter(|domain| !domain.is_empty()).map(|domain| sink.domain(&domain));
        let record = failure(sink, doc.at(line), if waits { "waiting" } else { "bounced" }, &said)
            .with(failures::recipient, recipient.map(|recipient| sink.name(&recipient)))
            .with(failures::recipient_domain, domain)
            .with(failures::relay, relay.map(|relay| sink.domain(&relay)));
        // Not as collected: that others do not fail is not known.
        sink.tables.rows_mut(&failures::TABLE).push(record);
    }
}

/// What was said of one delivery, where neither log nor listing tells of it.
pub(super) fn failure(sink: &mut Sink<'_>, source: Citation, outcome: &str, said: &Said<'_>) -> Record {
    Record::new(&failures::TABLE, source)
        .with(failures::outcome, sink.name(outcome))
        .with(failures::relay, said.host.map(|host| sink.domain(host)))
        .with(failures::relay_ip, said.ip.map(|ip| sink.name(ip)))
        .with(failures::relay_port, said.port.map(i64::from))
        .with(failures::reason, sink.name(said.reason))
        .with(failures::reply_code, said.code.map(i64::from))
        .with(failures::reply_enhanced, said.enhanced.map(|code| sink.name(code)))
        .with(failures::reply_text, said.code.map(|_| sink.name(&said.words)))
        .with(failures::stage, said.stage.map(|stage| sink.name(stage)))
        .with(failures::looked_up, said.looked_up.map(|name| sink.domain(name)))
        .with(failures::permanent, said.code.map(|_| said.permanent()))
}

/// The values of a field of the report, `Final-Recipient: rfc822; ann@example.net`, without their type.
fn fields<'d>(doc: &Document<'d>, name: &'d str) -> impl Iterator<Item = &'d str> + use<'d> {
    doc.lines().filter_map(move |(_, line)| {
        let value =
            line.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).and_then(|_| line.get(name.len()..))?;
        Some(value.rsplit(';').next().unwrap_or(value).trim().trim_matches(['<', '>'])).filter(|value| !value.is_empty())
    })
}

/// Whether a statement is a server's reply, or Postfix's own words.
fn says_something(text: &str) -> bool {
    Said::parse(text).code.is_some_and(|code| code >= 400) || stands_alone(text)
}

/// Whether the statement begins in this line.
fn shows(line: &str, said: &Said<'_>) -> bool {
    let code = said.code.map(|code| code.to_string());
    let begins = said.words.split_whitespace().next().unwrap_or_default();
    line.contains(begins) && code.is_none_or(|code| line.contains(&code))
}
