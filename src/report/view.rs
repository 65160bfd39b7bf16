//! The view model: everything a report says, in the order in which it says it. JSON output is this model itself
//! (`postdoc.report/1`); the templates for HTML, Markdown and text read the same fields.
//!
//! Texts named `says`, `text`, `why`, `do`, `good`, `summary` are Markdown in which values from the evidence already stand
//! as code spans. `citations[].text` is raw evidence: a template must escape it.

pub use crate::diagnose::diagnosis::Verdict;
use crate::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// One of a few known words; the schema lists them.
pub type Word = Cow<'static, str>;

/// A report, complete.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Always `postdoc.report/1`.
    #[schemars(extend("enum" = ["postdoc.report/1"]))]
    pub schema: Word,
    /// How bad it is.
    pub verdict: Verdict,
    /// One sentence, plain text: cause, consequence, since when.
    pub headline: String,
    /// A second paragraph under the headline (Markdown), when a second cause changes what to do.
    pub also: Option<String>,
    /// Host name of the server, if known.
    pub host: Option<String>,
    /// When the evidence was collected, by the server's clock.
    pub collected_at: Option<Time>,
    /// The interval that was judged.
    pub window: Option<Span>,
    /// The five key facts.
    pub key: Key,
    /// The first steps of the plan, at most three.
    pub do_first: Vec<DoFirst>,
    /// What not to do yet, at most four.
    pub do_not: Vec<DoNot>,
    /// What explains the failures: one part a cause, then the residue. Adds up to 1 unless there are none.
    pub shares: Vec<Share>,
    /// Causes, the primary one first.
    pub causes: Vec<Cause>,
    /// Failures that no cause explains, by reason.
    pub unexplained: Vec<Unexplained>,
    /// Questions that could not be decided, those that can change the plan first.
    pub not_checked: Vec<NotChecked>,
    /// The phases of the plan, in order.
    pub phases: Vec<Phase>,
    /// The steps, in order.
    pub plan: Vec<Step>,
    /// What waits.
    pub queue: Queue,
    /// What the log counted.
    pub traffic: Traffic,
    /// Traffic over time.
    pub timeline: Option<Timeline>,
    /// The queue's size over time and what comes next; none where the log does not tell.
    pub forecast: Option<Forecast>,
    /// What changed on the server before the onset, the latest first.
    pub changes: Vec<Change>,
    /// Waiting and bounced recipients by destination and reason.
    pub destinations: Option<Destinations>,
    /// Facts about the machine, in reading order.
    pub facts: Vec<Fact>,
    /// What was set and what DNS answered, to compare with another report.
    pub state: State,
    /// Every file of the bundle and what became of it.
    pub sources: Vec<SourceRow>,
    /// Passwords, keys and tokens in the bundle, which the report hides; the first of each kind in each file.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Every rule and its result.
    pub rules: Vec<RuleRow>,
    /// What made this report.
    pub made_by: MadeBy,
}

/// Name and version of the JSON report.
pub const SCHEMA: &str = "postdoc.report/1";

impl Report {
    /// Reads a JSON report.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_json(text: &str) -> Result<Report, String> {
        #[derive(Deserialize)]
        struct Name {
            schema: String,
        }
        let explain = |error: serde_json::Error| format!("is no postdoc report: {error}");
        let name: Name = serde_json::from_str(text).map_err(explain)?;
        if name.schema != SCHEMA {
            return Err(format!("is a {:?}; this version reads {SCHEMA}", name.schema));
        }
        serde_json::from_str(text).map_err(explain)
    }
}

/// From a time to a time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// Start.
    pub from: Time,
    /// End.
    pub to: Time,
}

/// The five key facts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Default)]
pub struct Key {
    /// Confidence in the primary cause: confirmed, likely, possible; none without a cause.
    #[schemars(extend("enum" = ["confirmed", "likely", "possible", null]))]
    pub confidence: Option<Word>,
    /// The ladder in words: "2 of 2 required signals, 3 supporting, nothing against".
    pub confidence_because: Option<String>,
    /// Onset of the primary cause.
    pub since: Option<Time>,
    /// When it ended, where the evidence shows that it is over.
    #[serde(default)]
    pub over: Option<Time>,
    /// The last successful delivery before the onset.
    pub last_good: Option<LastGood>,
    /// How many.
    pub size: Size,
    /// Growth of the queue.
    pub trend: Option<Trend>,
    /// When the oldest waiting mail returns to its sender.
    pub deadline: Option<Deadline>,
}

/// The last sign of health before the onset.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LastGood {
    /// When.
    pub time: Time,
    /// The line.
    pub citation: Citation,
    /// Whether no mail was delivered to another server since.
    #[serde(default)]
    pub over: bool,
}

/// Messages, recipients and domains that wait.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Default)]
pub struct Size {
    /// Waiting messages.
    pub messages: u64,
    /// Waiting recipients.
    pub recipients: u64,
    /// Their distinct domains.
    pub domains: u64,
    /// Recipients bounced or expired in the window.
    pub bounced: u64,
}

/// How the queue grows.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Trend {
    /// Messages an hour: positive grows.
    pub per_hour: f64,
    /// Seconds over which it was measured.
    pub over: f64,
}

/// When waiting mail returns to its senders.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Deadline {
    /// The time of the first message that the causes hold, or of the oldest that waits.
    pub time: Time,
    /// The limit that it reaches: `maximal_queue_lifetime` or `bounce_queue_lifetime`.
    #[schemars(extend("enum" = ["maximal_queue_lifetime", "bounce_queue_lifetime"]))]
    pub parameter: Word,
    /// Its value as written, or Postfix's default.
    pub value: String,
    /// The same in seconds.
    #[serde(default)]
    pub lifetime: f64,
    /// Where the value stands, if it was collected.
    pub citation: Option<Citation>,
}

/// A first step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DoFirst {
    /// Number of the plan's step.
    pub step: usize,
    /// What to do (Markdown).
    pub text: String,
    /// Why, or what else there is to know, in one sentence (Markdown).
    #[serde(default)]
    pub why: Option<String>,
}

/// A thing not to do yet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DoNot {
    /// The command people reach for, or several with commas between them.
    pub command: String,
    /// Why not (Markdown).
    pub why: String,
    /// Recipients whose mail it would hurt.
    pub hurts: Option<u64>,
}

/// A part of the failures.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// Rule id; none for the residue.
    pub rule: Option<String>,
    /// How many causes this part sums up, if it is not one of them.
    #[serde(default)]
    pub others: Option<usize>,
    /// What the part is called.
    pub title: String,
    /// Role of the cause, or `unexplained`.
    #[schemars(extend("enum" = ["root-cause", "contributing", "separate", "symptom", "note", "unexplained"]))]
    pub role: Word,
    /// Recipients.
    pub recipients: u64,
    /// Part of all, 0 to 1.
    pub share: f64,
}

/// One cause.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// Rule id.
    pub rule: String,
    /// Bucket id.
    pub bucket: String,
    /// Title, plain text.
    pub title: String,
    /// What follows from it, plain text without a full stop, for the headline.
    pub consequence: Option<String>,
    /// What people notice of it, in a few plain words: `15 clients turned away`.
    #[serde(default)]
    pub impact: Option<String>,
    /// Whether, as a symptom, it stays when its cause is gone: the plan has its repair, too.
    #[serde(default)]
    pub outlasts: bool,
    /// critical, high, medium, low.
    #[schemars(extend("enum" = ["critical", "high", "medium", "low"]))]
    pub severity: Word,
    /// confirmed, likely, possible.
    #[schemars(extend("enum" = ["confirmed", "likely", "possible"]))]
    pub confidence: Word,
    /// Why that confidence (Markdown).
    pub confidence_because: String,
    /// The same in figures.
    pub ladder: Ladder,
    /// root-cause, contributing, separate, symptom, note.
    #[schemars(extend("enum" = ["root-cause", "contributing", "separate", "symptom", "note"]))]
    pub role: Word,
    /// Rules of the causes that explain it.
    pub symptom_of: Vec<String>,
    /// One or two sentences (Markdown).
    pub summary: String,
    /// What it explains.
    pub accounts_for: AccountsFor,
    /// First sign.
    pub since: Option<Time>,
    /// Last sign.
    pub until: Option<Time>,
    /// When it ended, where the evidence shows that it is over.
    #[serde(default)]
    pub over: Option<Time>,
    /// The signals, required first.
    pub evidence: Vec<Evidence>,
    /// Where to read on.
    pub references: Vec<String>,
}

/// What a confidence rests on: signals.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Default)]
pub struct Ladder {
    /// Required ones that are met.
    pub met: u64,
    /// Required ones.
    pub required: u64,
    /// Supporting ones that are met.
    pub supporting: u64,
    /// Contradicting ones that are met.
    pub contradicting: u64,
}

/// What a cause explains.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema, Default)]
pub struct AccountsFor {
    /// Waiting recipients.
    pub waiting: u64,
    /// Bounced or expired recipients.
    pub bounced: u64,
    /// Part of all failures, 0 to 1.
    pub share: f64,
}

/// One signal of a cause.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Name in the rule.
    pub signal: String,
    /// Name of the group in the rule that it is a part of, or its own.
    #[serde(default)]
    pub part_of: String,
    /// required, supports, contradicts, would-contradict (looked for, not found), not-known.
    #[schemars(extend("enum" = ["required", "supports", "contradicts", "would-contradict", "not-known"]))]
    pub kind: Word,
    /// The statement (Markdown).
    pub says: String,
    /// What was asked, where the statement is made from it: would-contradict, and not-known without words of its own.
    #[serde(default)]
    pub asked: Option<Asked>,
    /// true, false, or null for unknown.
    pub met: Option<bool>,
    /// At most two lines that show it.
    pub citations: Vec<Citation>,
    /// How many lines there are.
    pub citations_total: u64,
}

/// A question about the evidence.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// Table.
    pub table: String,
    /// Fields and the values that would do.
    pub conditions: Vec<AskedField>,
    /// Whether only records after another signal count.
    pub after: bool,
    /// How many it takes: some, enough (more than one, or a part of the records), none.
    #[schemars(extend("enum" = ["some", "enough", "none"]))]
    #[serde(default = "some")]
    pub wanted: Word,
    /// Whether a few records of the table were collected, as of an excerpt of a log.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
}

fn some() -> Word {
    "some".into()
}

/// A field and the values that would do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AskedField {
    /// Field of the table.
    pub field: String,
    /// How the field is compared, with `not-` before it where that must not hold: is, contains, starts-with, ends-with,
    /// matches, at-least, at-most, above, below, in-network, missing, same-as, differs-from, otherwise; yes for a field that
    /// is yes or no.
    #[serde(default = "is")]
    pub how: Word,
    /// With one of these.
    pub values: Vec<String>,
    /// The values as people call them, where that is something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl Cause {
    /// Whether it is no more than possible.
    pub fn is_possible(&self) -> bool {
        self.confidence == crate::diagnose::verdict::Confidence::Possible.name()
    }
}

impl AskedField {
    /// A field, how it is compared (or, with `not`, must not be) and with what.
    pub fn new(field: &str, how: &str, not: bool, values: Vec<String>) -> AskedField {
        let how = if not { format!("not-{how}").into() } else { how.to_owned().into() };
        AskedField { field: field.to_owned(), how, values, names: Vec::new() }
    }
}

fn is() -> Word {
    "is".into()
}

/// A line of the bundle.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Citation {
    /// Path in the bundle.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// The line itself, at most 400 characters, cut with an ellipsis.
    pub text: String,
    /// Character range of the part that matters, in `text`.
    #[serde(rename = "match")]
    pub matched: Option<(usize, usize)>,
}

/// Failures that nothing explains.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Unexplained {
    /// The reason with its variable parts masked.
    pub reason: String,
    /// What kind of reason it is, where that is known.
    #[serde(default)]
    pub class: Option<String>,
    /// Recipients.
    pub count: u64,
    /// Part of all failures, 0 to 1.
    pub share: f64,
    /// An example.
    pub citation: Option<Citation>,
}

/// A question that could not be decided.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NotChecked {
    /// Rule id.
    pub rule: String,
    /// Title of the rule.
    pub title: String,
    /// Signal of that rule.
    pub signal: String,
    /// What evidence it needs, in words.
    pub needs: String,
    /// The command that collects it.
    pub command: Option<String>,
    /// Whether the answer can change the plan.
    pub changes_plan: bool,
    /// What the answer does: it decides the cause, or supports or contradicts one that is there.
    #[schemars(extend("enum" = ["decides", "supports", "contradicts"]))]
    #[serde(default = "decides")]
    pub effect: Word,
}

fn decides() -> Word {
    "decides".into()
}

/// A phase of the plan.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// contain, fix, verify, drain, prevent.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// What it is for.
    pub says: String,
}

/// One step of the plan.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Number, from 1, through all phases.
    pub number: usize,
    /// contain, fix, verify, drain, prevent.
    #[schemars(extend("enum" = ["contain", "fix", "verify", "drain", "prevent"]))]
    pub phase: Word,
    /// Rule ids of the causes that it serves.
    pub causes: Vec<String>,
    /// First sentence: the title (Markdown).
    #[serde(rename = "do")]
    pub action: String,
    /// What else `do` says after its first sentence (Markdown).
    pub details: Option<String>,
    /// Why (Markdown).
    pub why: Option<String>,
    /// Commands, values already quoted for the shell.
    pub run: Option<String>,
    /// A text to send as it is, to a provider's support or to the senders (plain text).
    #[serde(default)]
    pub letter: Option<String>,
    /// read-only, safe, caution, destructive.
    #[schemars(extend("enum" = ["read-only", "safe", "caution", "destructive"]))]
    pub risk: Word,
    /// What its commands do, and what they do not protect from (Markdown).
    #[serde(default)]
    pub effects: Vec<String>,
    /// What a good result looks like (Markdown).
    pub good: Option<String>,
    /// How to go back (Markdown or a command).
    pub undo: Option<String>,
    /// Whether it is for a case that may not be there, which its text names: no step waits for it.
    #[serde(default)]
    pub optional: bool,
    /// Numbers of the steps that must be done first; empty if not locked.
    pub locked_by: Vec<usize>,
}

/// What waits.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Default)]
pub struct Queue {
    /// Messages in a queue listing; none if none was collected.
    pub listed: Option<u64>,
    /// Waiting messages.
    pub waiting_messages: u64,
    /// Waiting recipients.
    pub waiting_recipients: u64,
    /// Bytes in the queue, where the listing gives them.
    pub bytes: Option<u64>,
    /// Arrival of the oldest waiting message.
    pub oldest: Option<Time>,
    /// Waiting messages by age, in qshape's buckets.
    pub ages: Vec<AgeBucket>,
    /// Messages by queue name (deferred, active, hold, ...).
    pub by_queue: Vec<Count>,
}

/// Messages of an age.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct AgeBucket {
    /// Minutes, inclusive.
    pub from_minutes: u32,
    /// Minutes, exclusive; none for the last.
    pub to_minutes: Option<u32>,
    /// Messages.
    pub messages: u64,
}

/// A name and how often.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
pub struct Count {
    /// What was counted.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// What the log counted: exact, over the whole log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Default)]
pub struct Traffic {
    /// Log lines.
    pub lines: u64,
    /// Messages (queue ids that cleanup accepted).
    pub messages: u64,
    /// Delivery lines with status=sent.
    pub sent: u64,
    /// Delivery lines with status=deferred.
    pub deferred_attempts: u64,
    /// Delivery lines with status=bounced.
    pub bounced: u64,
    /// Messages that expired.
    pub expired: u64,
    /// Refusals by smtpd, postscreen and milters.
    pub rejected: u64,
    /// Delivery lines by enhanced status code.
    pub by_dsn: Vec<Count>,
    /// Recipient domains with most deferred attempts.
    pub top_deferred_domains: Vec<Count>,
    /// Recipient domains with most bounces.
    pub top_bounced_domains: Vec<Count>,
    /// Senders with most messages.
    pub top_senders: Vec<Count>,
    /// SASL logins with most messages.
    pub top_sasl_users: Vec<Count>,
    /// Delivery lines that were not sent, by reason class.
    pub by_reason: Vec<Count>,
}

/// Traffic over time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// Start of the first column.
    pub from: Time,
    /// Seconds a column.
    pub column: u32,
    /// Whether the first lane counts only what other servers took, since the trouble is with them: not what went to
    /// mailboxes and programs of this server.
    #[serde(default)]
    pub outward: bool,
    /// delivered, deferred, bounced: the same number of columns each.
    pub lanes: Vec<Lane>,
    /// Messages into and out of the queue, in the same columns.
    pub messages: MessageFlow,
    /// Intervals without any log line that are long enough to matter.
    pub gaps: Vec<Span>,
    /// Onset of the primary cause.
    pub onset: Option<Time>,
    /// Intervals of contributing causes, each in the lane that it concerns.
    pub bands: Vec<Band>,
}

/// Messages a column, whatever the number of their recipients.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MessageFlow {
    /// Entered the queue.
    pub arrived: Vec<u64>,
    /// Removed by the queue manager: delivered or returned.
    pub left: Vec<u64>,
    /// Deleted with postsuper(1).
    pub deleted: Vec<u64>,
}

/// The queue's size over time, and what comes next.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    /// Start of the first column.
    pub from: Time,
    /// Seconds a column.
    pub column: u32,
    /// Waiting messages at the end of each column.
    pub waiting: Vec<u64>,
    /// How it grew lately: over the last half of the time since the onset.
    pub trend: Option<Trend>,
    /// Waiting messages at the deadline if nothing changes.
    pub at_deadline: Option<u64>,
    /// How fast it drains: only from at least half an hour with both a backlog and deliveries.
    pub drain: Option<Drain>,
}

/// How fast a queue drains.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Drain {
    /// Seconds that had both a backlog and deliveries.
    pub over: f64,
    /// Messages an hour, out minus in: the median of its columns.
    pub median: f64,
    /// The slowest column.
    pub slowest: f64,
}

/// Something that changed on the server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// When.
    pub time: Time,
    /// start, reload, stop, package, config, login.
    #[schemars(extend("enum" = ["start", "reload", "stop", "package", "config", "login"]))]
    pub kind: Word,
    /// Which package, file or login, plain text.
    pub what: Option<String>,
    /// The line.
    pub citation: Option<Citation>,
}

/// The interval of another cause.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    /// deferred or bounced.
    #[schemars(extend("enum" = ["deferred", "bounced"]))]
    pub lane: Word,
    /// First sign.
    pub from: Time,
    /// Last sign.
    pub to: Time,
    /// Title of the cause.
    pub title: String,
}

/// One lane of the timeline.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Lane {
    /// delivered, deferred, bounced.
    #[schemars(extend("enum" = ["delivered", "deferred", "bounced"]))]
    pub name: Word,
    /// Recipients (delivered, bounced) or attempts (deferred) a column.
    pub counts: Vec<u64>,
}

/// Destination by reason.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Destinations {
    /// Titles of the reason columns: the commonest waiting reasons, `other`, then `bounced`.
    pub columns: Vec<String>,
    /// At most 8 destinations and the others.
    pub rows: Vec<DestinationRow>,
    /// Sums a column.
    pub totals: Vec<u64>,
    /// Whether recipients of a named destination may stand with the others, since there are too many domains to tell all apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_part: bool,
}

impl Destinations {
    /// The columns of what has no reason yet, and of reasons that no entry knows.
    pub(crate) const UNKNOWN: [&str; 2] = ["no reason yet", "not classified"];
}

/// One destination.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DestinationRow {
    /// The row in words: its domains, or "n other domains".
    pub name: String,
    /// Its domains, the commonest first, at most three; empty for the row of the others.
    #[serde(default)]
    pub domains: Vec<String>,
    /// How many more domains it has.
    #[serde(default)]
    pub more: u64,
    /// Provider, if known.
    pub provider: Option<String>,
    /// Recipients a column.
    pub counts: Vec<u64>,
}

/// What was set and what DNS answered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Default)]
pub struct State {
    /// main.cf parameters that are not Postfix's defaults, as written; none if they were not collected.
    pub settings: Option<BTreeMap<String, String>>,
    /// Answers by question (`MX gmail.com`), or the status where there is none.
    pub dns: BTreeMap<String, Vec<String>>,
}

/// One fact about the machine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// What.
    pub name: String,
    /// Its value, plain text from the evidence.
    pub value: String,
    /// Why there is none, in the words of DNS: `NXDOMAIN`.
    #[serde(default)]
    pub status: Option<String>,
    /// Whether it agrees with another fact; none where there is nothing to compare.
    pub agrees: Option<bool>,
    /// Where it stands.
    pub citation: Option<Citation>,
}

/// A secret in the bundle.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Secret {
    /// What it is, such as `private key`.
    pub kind: String,
    /// Path in the bundle.
    pub file: String,
    /// Its line.
    pub line: u32,
}

/// One file of the bundle.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SourceRow {
    /// Path in the bundle.
    pub file: String,
    /// Kind of evidence, or `unrecognised`, `skipped`.
    pub kind: String,
    /// The kind in words, or why it was skipped.
    pub title: String,
    /// Lines.
    pub lines: u64,
    /// Lines that could not be parsed.
    pub unparsed: u64,
    /// The first of them.
    pub first_unparsed: Option<Citation>,
    /// First time in it.
    pub from: Option<Time>,
    /// Last time in it.
    pub to: Option<Time>,
}

/// One rule's result.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuleRow {
    /// Rule id.
    pub id: String,
    /// Bucket.
    pub bucket: String,
    /// confirmed, likely, possible, no, not-checked.
    #[schemars(extend("enum" = ["confirmed", "likely", "possible", "no", "not-checked"]))]
    pub result: Word,
}

/// What made the report.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MadeBy {
    /// Program version.
    pub version: Word,
    /// SHA-256 of the rules in force, hexadecimal.
    pub rules_sha256: String,
    /// Rules evaluated.
    pub rules: usize,
    /// Reason entries.
    pub reasons: usize,
    /// Path of the bundle as given.
    pub bundle: String,
}
