//! The story of a message, or of all messages that name an address, as the logs tell it.
//!
//! A message goes by several queue ids on its way: a filter hands it back (`queued as ID`, the same message id), a bounce
//! or delay notice is a message of its own (`sender non-delivery notification: ID`). The logs are read as often as new ids
//! come up, and never kept: what is held is the ids, and the lines to be shown up to [`SORTED`].

use crate::evidence::maillog::again::{described, each_line};
use crate::evidence::maillog::envelope::Line;
use crate::evidence::maillog::line::{self, without_brackets};
use crate::evidence::maillog::queue_id::{self, is_queue_id};
use crate::evidence::maillog::reader::Stream;
use crate::said::daemons::postfix_daemon;
use crate::said::{is_own, split_peer};
use crate::tables::Citation;
use crate::time::Time;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Map, Value};

/// Lines that are put in the order of their times together; where a story is longer, logs that overlap stay one behind the other.
pub const SORTED: usize = 50_000;
/// Readings of the logs, each of which follows the links that the one before found; a chain is seldom longer than three.
const READINGS: usize = 8;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A queue id.
    Id(String),
    /// An address or a message id, in lower case and without brackets.
    Name(String),
}

impl Target {
    /// What a word from the command line means; none if it is empty.
    pub fn of(word: &str) -> Option<Target> {
        match without_brackets(word) {
            "" => None,
            id if is_queue_id(id) => Some(Target::Id(id.to_owned())),
            name => Some(Target::Name(name.to_ascii_lowercase())),
        }
    }

    /// Whether a line names it: as a whole, not as a part of a longer address.
    fn is_in(&self, row: &str) -> bool {
        let (text, fold) = match self {
            Target::Id(id) => (id.as_str(), false),
            Target::Name(name) => (name.as_str(), true),
        };
        let (row, text) = (row.as_bytes(), text.as_bytes());
        let part =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'@' | b'%' | b'=' | b'/');
        let ends = |at: usize| {
            let before = at.checked_sub(1).map(|at| row[at]);
            let after = row.get(at + text.len()).copied();
            // `to=joe` and `sasl_username=joe` name joe; a dot may end a sentence.
            let open = before.is_none_or(|byte| !part(byte) || byte == b'=');
            open && after.is_none_or(|byte| {
                !part(byte) || (byte == b'.' && row.get(at + text.len() + 1).is_none_or(u8::is_ascii_whitespace))
            })
        };
        let first = text[0];
        let other = if fold { first.to_ascii_uppercase() } else { first };
        let last = (row.len() + 1).saturating_sub(text.len());
        memchr::memchr2_iter(first, other, &row[..last]).any(|at| {
            let found = &row[at..at + text.len()];
            (if fold { found.eq_ignore_ascii_case(text) } else { found == text }) && ends(at)
        })
    }
}

/// One line of a story.
#[derive(Debug, Clone)]
pub struct Step {
    /// When, if the line says so.
    pub time: Option<Time>,
    /// Where it stands.
    pub source: Citation,
    /// The message's queue id; none for a line that only names the target, such as a refusal.
    pub queue_id: Option<String>,
    /// The program: a daemon of Postfix, or the name under which another one logged.
    pub program: String,
    /// What kind of line it is, as the table `events` has it.
    pub kind: Option<&'static str>,
    /// Its fields by name.
    pub fields: Map<String, Value>,
    /// The message.
    pub text: String,
}

/// What was found beside the steps.
#[derive(Debug, Default)]
pub struct Found {
    /// Steps.
    pub steps: u64,
    /// First and last time of the logs.
    pub covers: Option<(Time, Time)>,
    /// Logs that could not be read to their end, and why.
    pub broken: Vec<(u32, String)>,
}

/// A queue id and how many messages had it before: short ids come again.
type Generation = (String, u32);

/// What is known of one queue id while the logs are read.
#[derive(Default)]
struct Life {
    generation: u32,
    /// Whether a line of this generation was seen.
    begun: bool,
}

#[derive(Default)]
struct Links {
    /// Queue ids that may belong to the story.
    candidates: FxHashSet<String>,
    /// Messages that do.
    members: FxHashSet<Generation>,
    message_ids: FxHashSet<String>,
    lives: FxHashMap<String, Life>,
    changed: bool,
}

impl Links {
    /// The generation that a line about `id` belongs to; the one before if that is over and no other has begun.
    fn generation(&self, id: &str) -> u32 {
        match self.lives.get(id) {
            Some(life) if life.begun => life.generation,
            Some(life) => life.generation.saturating_sub(1),
            None => 0,
        }
    }

    /// Adds a message to the story. An id that is new has not been watched from the beginning: the next reading does it.
    fn add(&mut self, id: &str) {
        if self.candidates.insert(id.to_owned()) {
            self.changed = true;
        } else if self.lives.contains_key(id) {
            let generation = self.generation(id);
            self.changed |= self.members.insert((id.to_owned(), generation));
        } else {
            // Named before its first line.
            self.changed |= self.members.insert((id.to_owned(), 0));
        }
    }

    fn is_member(&self, id: &str) -> bool {
        self.candidates.contains(id) && self.members.contains(&(id.to_owned(), self.generation(id)))
    }
}

/// Tells the story of `target`, step by step. The streams are in the order of their first times.
pub fn trace(streams: &[Stream<'_>], longest: usize, target: &Target, mut each: impl FnMut(Step)) -> Found {
    let mut links = Links::default();
    if let Target::Id(id) = target {
        links.candidates.insert(id.clone());
    }
    for _ in 0..READINGS {
        links.changed = false;
        read(streams, longest, target, &mut links, |_| {});
        if !links.changed {
            break;
        }
    }
    let mut held: Vec<Step> = Vec::new();
    let mut steps = 0;
    let mut found = read(streams, longest, target, &mut links, |step| {
        steps += 1;
        if held.len() == SORTED {
            in_order(&mut held).for_each(&mut each);
        }
        held.push(step);
    });
    in_order(&mut held).for_each(&mut each);
    found.steps = steps;
    found
}

fn in_order(held: &mut Vec<Step>) -> impl Iterator<Item = Step> {
    // A line without a time stays behind the one before it.
    let mut last = None;
    let timed = std::mem::take(held).into_iter().map(|step| {
        last = step.time.or(last);
        (last, step)
    });
    let mut timed: Vec<(Option<Time>, Step)> = timed.collect();
    timed.sort_by_key(|(time, _)| *time);
    timed.into_iter().map(|(_, step)| step)
}

/// The queue id that a message begins with, also behind a level, and what follows it.
fn leading_id(message: &str) -> Option<(&str, &str)> {
    queue_id::leading_id(line::level(message).map_or(message, |(_, text)| text))
}

/// Whether a line may matter, before it is taken apart.
fn may_matter(row: &str, target: &Target, links: &Links) -> bool {
    let bytes = row.as_bytes();
    let Some(at) = memchr::memchr_iter(b']', bytes).find(|at| bytes[*at..].starts_with(b"]: ")) else { return true };
    // Other programs name ids anywhere in their words.
    if !row[..at].contains("postfix") {
        return true;
    }
    let Some((id, rest)) = leading_id(&row[at + 3..]) else { return target.is_in(row) };
    let known = |id: Option<&str>| id.is_some_and(|id| links.candidates.contains(id));
    let linked = match rest.as_bytes().first() {
        Some(b't') => known(queued_as(rest)),
        Some(b's') => known(rest.rsplit_once("otification: ").map(|(_, id)| id)),
        Some(b'm' | b'r') => {
            rest.split_once("message-id=").is_some_and(|(_, id)| links.message_ids.contains(without_brackets(id)))
        }
        _ => false,
    };
    linked || links.candidates.contains(id) || target.is_in(row)
}

/// Reads the logs once: follows the links, and gives the lines that belong to what is known.
fn read(streams: &[Stream<'_>], longest: usize, target: &Target, links: &mut Links, mut each: impl FnMut(Step)) -> Found {
    let mut found = Found::default();
    links.lives.clear();
    let watched = links.candidates.clone();
    for stream in streams {
        let mut last = String::new();
        let mut first = None;
        let read = each_line(stream, longest, |number, row| {
            last.clear();
            last.push_str(row);
            if first.is_some() && !may_matter(row, target, links) {
                return;
            }
            let Some(line) = Line::parse(row, &stream.clock).or_else(|| Line::bare(row)) else { return };
            first = first.or(line.time);
            let source = Citation { file: stream.file, line: number };
            if let Some(step) = step(&line, target, links, &watched) {
                each(Step { source, ..step });
            }
        });
        if let Err(error) = read {
            found.broken.push((stream.file, error.to_string()));
        }
        let until = Line::parse(&last, &stream.clock).and_then(|line| line.time).or(first);
        found.covers = match (found.covers, first.zip(until)) {
            (Some((from, to)), Some((first, until))) => Some((from.min(first), to.max(until))),
            (known, new) => known.or(new),
        };
    }
    found
}

/// What a line adds to the story, if it belongs to it.
fn step(line: &Line<'_>, target: &Target, links: &mut Links, watched: &FxHashSet<String>) -> Option<Step> {
    let daemon = postfix_daemon(line.tag).map(|(_, daemon)| daemon);
    let message = line.message;
    let made = |queue_id: Option<&str>, kind, fields| Step {
        time: line.time,
        source: Citation { file: 0, line: 0 },
        queue_id: queue_id.map(str::to_owned),
        program: daemon.unwrap_or(line.tag).to_owned(),
        kind,
        fields,
        text: message.to_owned(),
    };
    let Some(daemon) = daemon else {
        // Filters and mailbox servers name the queue id or the message id somewhere in their own words.
        let words = || message.split(|c: char| !c.is_ascii_alphanumeric());
        let id = words().find(|word| is_queue_id(word) && links.is_member(word)).map(str::to_owned);
        let named =
            || message.split('<').skip(1).filter_map(|rest| rest.split_once('>')).any(|(id, _)| links.message_ids.contains(id));
        return (id.is_some() || named() || target.is_in(message)).then(|| made(id.as_deref(), None, Map::new()));
    };
    let (kind, queue_id, fields) = described(daemon, message);
    let id = queue_id.filter(|id| *id != "NOQUEUE" && !id.is_empty()).or_else(|| leading_id(message).map(|(id, _)| id));
    let Some(id) = id else { return target.is_in(message).then(|| made(None, kind, fields)) };
    if watched.contains(id) {
        links.lives.entry(id.to_owned()).or_default().begun = true;
    }
    let field = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let next = match kind {
        Some("delivery") if field("status") == "sent" && of_own(field("relay")) => queued_as(field("reason")),
        Some("notification") => Some(field("notification")),
        _ => None,
    };
    let by_message_id = kind == Some("message-id") && links.message_ids.contains(field("message-id"));
    let from_next = next.is_some_and(|next| links.is_member(next));
    // Another server's queue id may be the same word.
    let named = match target {
        Target::Id(own) => own == id,
        Target::Name(_) => target.is_in(message),
    };
    if by_message_id || from_next || named {
        links.add(id);
    }
    let member = links.is_member(id);
    if member {
        if let Some(next) = next {
            links.add(next);
        }
        // The notice has a message id of its own, and so has what a filter makes anew.
        if kind == Some("message-id")
            && !field("message-id").is_empty()
            && links.message_ids.insert(field("message-id").to_owned())
        {
            links.changed = true;
        }
    }
    if kind == Some("removed")
        && let Some(life) = links.lives.get_mut(id)
    {
        (life.generation, life.begun) = (life.generation + 1, false);
    }
    member.then(|| made(Some(id), kind, fields))
}

/// Whether a relay is this server: only then is the queue id that it names one of ours.
fn of_own(relay: &str) -> bool {
    let (name, ip, _) = split_peer(relay);
    ip.is_some_and(is_own) || name.is_some_and(|name| name.eq_ignore_ascii_case("localhost"))
}

/// The id in `250 2.0.0 Ok: queued as ID`, also inside what a filter passes on of it.
fn queued_as(reason: &str) -> Option<&str> {
    let (_, rest) = reason.rsplit_once("queued as ")?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
    is_queue_id(&rest[..end]).then_some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_not_a_part_of_a_longer_one() {
        let target = |word: &str| Target::of(word).expect("a word");
        for (word, line, named) in [
            ("bob@example.org", "to=<BOB@Example.ORG>, relay=", true),
            ("bob@example.org", "to=<jim-bob@example.org>, relay=", false),
            ("bob@example.org", "to=<bob@example.org.uk>, relay=", false),
            ("bob@example.org", "unknown user: \"bob@example.org\"", true),
            ("<bob@example.org>", "sasl_username=bob@example.org", true),
            ("root", "orig_to=<root>, relay=local", true),
            ("root", "uid=0 from=<rooty>", false),
            ("4F2C41A2B3", "250 Ok: queued as 4F2C41A2B3)", true),
            ("4F2C41A2B3", "4F2C41A2B34: removed", false),
        ] {
            assert_eq!(target(word).is_in(line), named, "{word} in {line}");
        }
        assert_eq!(Target::of(" <> "), None);
    }

    #[test]
    fn a_relay_of_ones_own_says_under_which_id_it_goes_on() {
        assert_eq!(
            queued_as("250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 9A8B7C6D5E"),
            Some("9A8B7C6D5E")
        );
        assert_eq!(queued_as("250 OK queued as 1x"), None);
        assert!(of_own("127.0.0.1[127.0.0.1]:10024") && !of_own("mx.example.net[192.0.2.1]:25"));
    }
}
