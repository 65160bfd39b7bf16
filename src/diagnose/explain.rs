//! What one text means: a bare SMTP reply, a deferral reason, or a whole log line.

use crate::evidence::maillog::line;
use crate::ink::Ink;
use crate::rules::RuleSet;
use crate::rules::catalogue::readable;
use crate::rules::model::{Condition, Matcher, Rule, Signal};
use crate::rules::reasons::{Context, Reason};
use crate::said::{Said, Voice};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// The meaning of one text.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// The text as given.
    pub text: String,
    /// Reason class, if any entry takes it.
    pub reason_class: Option<String>,
    /// Its bucket.
    pub bucket: Option<String>,
    /// Who speaks.
    pub voice: Option<&'static str>,
    /// What decided: provider and phrase, phrase, enhanced code, code; with the entry's file and line.
    pub decided_by: Option<String>,
    /// Rules that ask for this class.
    pub causes: Vec<String>,
    /// Whether it is a line of the log that tells of no trouble.
    #[serde(skip)]
    pub idle: bool,
    /// Whether it is a line of a file that is no mail log.
    #[serde(skip)]
    pub foreign: bool,
    /// The reply's code, where there is one.
    #[serde(skip)]
    pub code: Option<u16>,
    /// What the class is called.
    #[serde(skip)]
    pub title: Option<String>,
    /// What those rules say to do first: rule, step and its command.
    #[serde(skip)]
    pub advice: Vec<(String, String, Option<String>)>,
}

/// Explains one text.
pub fn explain(text: &str, rules: &RuleSet) -> Explained {
    let meant = meant(text);
    let parsed = line::spoken(&meant);
    let said = Said::parse(parsed.text);
    let voice = parsed.voice.or(said.speaker());
    let provider = said
        .host
        .or(parsed.relay)
        .and_then(|host| rules.providers.of_host(host))
        .or_else(|| parsed.domain.and_then(|domain| rules.providers.of_domain(domain)))
        .map(|provider| provider.id.as_str());
    let heard = |voice: Option<Voice>| {
        let context = Context { provider, daemon: parsed.daemon, voice };
        rules.reasons.classify(&said, context)
    };
    let idle = parsed.idle || parsed.program.is_some_and(|program| rules.reads(program, parsed.text) == Some(false));
    // Words without a frame, a code and a daemon: a warning of ours if they are one of Postfix's own, else somebody's reply.
    let (voice, taken) = match voice {
        _ if idle || parsed.foreign => (voice, None),
        None if parsed.daemon.is_none() => match heard(Some(Voice::OwnDaemon)).or_else(|| heard(None)) {
            Some(taken) => (taken.0.only.voice.first().copied(), Some(taken)),
            None => (Some(Voice::Remote), heard(Some(Voice::Remote))),
        },
        _ => (voice, heard(voice)),
    };
    Explained {
        text: text.to_owned(),
        reason_class: taken.map(|(entry, _)| entry.class.clone()),
        bucket: taken.map(|(entry, _)| entry.bucket.clone()),
        voice: voice.map(Voice::name),
        decided_by: taken.map(|(entry, by)| format!("{} ({}:{})", by.name(), entry.file, entry.place.line)),
        causes: taken.map(|(entry, _)| causes_of(entry, rules)).unwrap_or_default(),
        advice: taken.map(|(entry, _)| advice(entry, rules)).unwrap_or_default(),
        idle,
        foreign: parsed.foreign,
        code: said.code,
        title: taken.map(|(entry, _)| rules.reasons.title(&entry.class).to_owned()),
    }
}

/// The reply of an enhanced code that somebody asks for alone.
fn of_code(text: &str) -> Option<String> {
    let code = text.trim().trim_start_matches("dsn=").trim_start_matches('#');
    let mut numbers = code.split('.');
    let class = numbers.next().filter(|class| matches!(*class, "4" | "5"))?;
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = numbers.next().is_some_and(number) && numbers.next().is_some_and(number) && numbers.next().is_none();
    whole.then(|| format!("{class}50 {code}"))
}

/// The reason in a message of `postqueue -j`, or the line in an entry of the journal.
fn of_listing(text: &str) -> Option<String> {
    let value: serde_json::Value = text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok())??;
    let text = |value: &serde_json::Value, name: &str| value.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let recipients = value.get("recipients").and_then(|recipients| recipients.as_array());
    recipients.into_iter().flatten().find_map(|recipient| text(recipient, "delay_reason")).or_else(|| {
        let program = text(&value, "SYSLOG_IDENTIFIER")?;
        Some(format!("{program}[{}]: {}", text(&value, "_PID").unwrap_or_else(|| "1".to_owned()), text(&value, "MESSAGE")?))
    })
}

/// What a person means by a text: the words in it where it is a code alone or an object of JSON.
pub fn meant(text: &str) -> Cow<'_, str> {
    of_code(text).or_else(|| of_listing(text)).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Rules of which a required signal asks for the reason's class: first the plain cause that is called like it, then those of its
/// bucket. One reply alone seldom speaks of a flood.
fn causes_of(reason: &Reason, rules: &RuleSet) -> Vec<String> {
    let class = &reason.class;
    let asks = |signal: &Signal| {
        signal.conditions.iter().any(|Condition { column, matcher, .. }| {
            signal.table.fields[column.0].name == "reason_class"
                && matches!(matcher, Matcher::OneOf(classes) if classes.iter().any(|known| known == class))
        })
    };
    let asked = |rule: &&Rule| rule.requires.iter().flat_map(|entry| entry.signals()).any(|(_, signal)| asks(signal));
    let mut asking: Vec<&Rule> = rules.rules.iter().filter(asked).collect();
    asking.sort_by_key(|rule| (rule.id != *class, rule.bucket != reason.bucket));
    asking.into_iter().map(|rule| rule.id.clone()).collect()
}

/// The first step of each rule that the class points to, as the catalogue shows it.
fn advice(reason: &Reason, rules: &RuleSet) -> Vec<(String, String, Option<String>)> {
    let steps = causes_of(reason, rules).into_iter().filter_map(|id| {
        let rule = rules.rule(&id)?;
        let step = rule.remedy.iter().min_by_key(|step| step.phase.abs_diff(1))?;
        let run = step.run.as_deref().map(|run| readable(run.trim()));
        Some((id, readable(step.action.trim()), run))
    });
    steps.take(3).collect()
}

/// For a terminal; the alternate form is coloured.
impl fmt::Display for Explained {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let colored = out.alternate();
        writeln!(out, "{text}")?;
        let Some(class) = &self.reason_class else {
            if self.idle {
                return write!(out, "  this line of the log tells of no trouble");
            }
            if self.foreign {
                return write!(
                    out,
                    "  a line of another program's own log, of which no reason speaks; `postdoc rules new 'TEXT'` makes a kind of evidence and a \
                     rule for it"
                );
            }
            match self.code {
                Some(400..500) => writeln!(out, "  only the code is known, 4xx: temporary, Postfix tries again by itself")?,
                Some(500..600) => writeln!(out, "  only the code is known, 5xx: permanent, the mail goes back to its sender")?,
                _ => {}
            }
            return write!(out, "  {}; `postdoc rules new 'TEXT'` makes one", Ink::Warn.on(colored, "no reason takes this text"));
        };
        let title = self.title.as_deref().unwrap_or_default();
        writeln!(out, "  class    {}: {title}", Ink::Strong.on(colored, class))?;
        writeln!(out, "  bucket   {}", self.bucket.as_deref().unwrap_or("-"))?;
        writeln!(out, "  voice    {}", self.voice.unwrap_or("not told by the text"))?;
        writeln!(out, "  decided  by {}", self.decided_by.as_deref().unwrap_or("-"))?;
        write!(out, "  causes   {}", if self.causes.is_empty() { "none".to_owned() } else { self.causes.join(", ") })?;
        for (rule, step, run) in &self.advice {
            write!(out, "\n  to do    {rule}: {step}")?;
            for line in run.iter().flat_map(|run| run.lines()) {
                write!(out, "\n             {} {line}", Ink::Hint.on(colored, "$"))?;
            }
        }
        Ok(())
    }
}
