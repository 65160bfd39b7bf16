//! `postdoc rules new`: a rule to begin with, from what a bundle leaves unexplained.

use crate::analysis::{Options, gather};
use crate::bundle::Bundle;
use crate::cli::output::write_beside;
use crate::cli::{Failure, RuleFolders, rule_folders};
use crate::diagnose::diagnosis;
use crate::diagnose::explain::{explain, meant};
use crate::evidence::maillog::line::spoken;
use crate::evidence::secrets::SecretFinder;
use crate::redact::{Key, Policy, Redactor};
use crate::rule_tests;
use crate::rules::RuleSet;
use crate::rules::reasons::Reason;
use crate::rules::scaffold::{Seed, example, form, sentence};
use crate::said::mask::mask;
use crate::said::{Said, Voice};
use crate::tables::failures;
use clap::Args;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;

/// Write a new rule to begin with: pattern, example and test filled in
#[derive(Args)]
pub(in crate::cli) struct New {
    /// What the rule is about: a text as it was logged (a reply, a reason, a warning, a whole log line), or just the id of the rule
    #[arg(value_name = "TEXT|ID", conflicts_with = "from")]
    about: Option<String>,
    /// Take the commonest reason that no rule explains in this bundle
    #[arg(long, value_name = "BUNDLE")]
    from: Option<PathBuf>,
    /// Take the N-th commonest instead of the first
    #[arg(long, value_name = "N", default_value_t = 1, requires = "from")]
    nth: usize,
    /// Bucket of the rule [default: by who speaks; without --from remote-policy]
    #[arg(long, value_name = "ID")]
    bucket: Option<String>,
    /// Id of the rule [default: from the words of the reason]
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Folder of rules to write into
    #[arg(short, long, value_name = "DIR", default_value = "my-rules")]
    output: PathBuf,
    #[command(flatten)]
    rules: RuleFolders,
}

impl New {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.rules.load()?;
        if let Some(bucket) = self.bucket.as_deref().filter(|id| rules.buckets.iter().all(|bucket| bucket.id != *id)) {
            let known: Vec<&str> = rules.buckets.iter().map(|bucket| bucket.id.as_str()).collect();
            return Err(format!("unknown bucket `{bucket}`; there are: {}", known.join(", ")).into());
        }
        let is_id = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let (text, id) = match self.about.as_deref().map(str::trim) {
            Some(id) if is_id(id) && !id.is_empty() => (None, self.id.clone().or_else(|| Some(id.to_owned()))),
            text => (text, self.id.clone()),
        };
        let seed = match (&self.from, text) {
            (Some(bundle), _) => self.unexplained(bundle, rules)?,
            (None, Some(text)) => self.of_text(text, rules)?,
            (None, None) => {
                let bucket = self.bucket.clone().unwrap_or_else(|| "remote-policy".to_owned());
                let voice = match bucket.as_str() {
                    "network-path" | "dns-resolver" | "tls-clock" => Voice::OwnClient,
                    "local-service" | "local-resource" => Voice::OwnDelivery,
                    _ => Voice::Remote,
                };
                let seed = Seed::new(example(voice), voice, id, Some(bucket), None);
                Seed { title: sentence(&seed.id), ..seed }
            }
        };
        if rules.rule(&seed.id).is_some() {
            return Err(format!("there is a rule `{}` already; name another with --id", seed.id).into());
        }
        for (path, text) in seed.files() {
            let path = self.output.join(path);
            if path.exists() {
                return Err(format!("{}: exists; nothing was written over it", path.display()).into());
            }
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|error| format!("{}: cannot be made: {error}", folder.display()))?;
            }
            write_beside(&path, text.as_bytes())?;
            say!("wrote {}", path.display());
        }
        // A skeleton that does not pass would be a bad beginning.
        let mut folders = rule_folders(&self.rules.folders);
        folders.push(self.output.clone());
        let rules = RuleSet::check(&folders)?;
        let (count, failed) = rule_tests::run(&rules, |rule| rule.id == seed.id);
        for failure in &failed {
            say!("FAILED {}: {}{}", failure.test, failure.said, failure.why);
        }
        let folder = self.output.display();
        say!(
            "{} of {count} tests pass; now put your words where TODO stands, then\n  postdoc rules check {folder}\n  postdoc rules test {folder} --rule {}\n  \
             postdoc analyze BUNDLE --rules {folder}",
            count - failed.len(),
            seed.id
        );
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// A text that somebody pasted.
    fn of_text(&self, text: &str, rules: &RuleSet) -> Result<Seed, Failure> {
        if text.is_empty() {
            return Err("there is no text to make a rule from".into());
        }
        let known = explain(text, rules);
        if let (Some(class), Some(by)) = (&known.reason_class, &known.decided_by) {
            let causes = if known.causes.is_empty() { "no rule asks for it".to_owned() } else { known.causes.join(", ") };
            say!("known so far as {class}, by {by}: {causes}");
        }
        let voice = Voice::ALL.iter().find(|(name, _)| Some(*name) == known.voice).map_or(Voice::Remote, |(_, voice)| *voice);
        let meant = meant(text);
        let spoken = spoken(&meant);
        // What a test needs of it stands around the words, as a log has it.
        let reason = match Said::parse(spoken.text).speaker() {
            None if voice == Voice::Remote && spoken.program.is_none() && !spoken.foreign => {
                format!("host mx.example.net[192.0.2.25] said: {} (in reply to RCPT TO command)", spoken.text)
            }
            _ => spoken.text.to_owned(),
        };
        let mut seed = Seed::new(&anonymous(&reason, rules)?, voice, self.id.clone(), self.bucket.clone(), None);
        if spoken.foreign {
            seed.foreign = Some(anonymous(text, rules)?);
            seed.bucket = self.bucket.clone().unwrap_or_else(|| "local-service".to_owned());
        }
        seed.daemon = spoken.daemon.map(str::to_owned);
        seed.turned_away = spoken.turned_away || voice == Voice::OwnServer;
        // Only what is checked has its examples.
        let checked = RuleSet::check(&rule_folders(&self.rules.folders))?;
        if let Some(entry) = seed.taken_from(&checked.reasons.entries).filter(|_| !spoken.foreign) {
            let Reason { class, file, place, .. } = entry;
            if !known.causes.is_empty() && self.id.is_none() {
                return Err(format!(
                    "`{class}` ({file}:{}) tells this text already; `postdoc rules show {} --yaml` prints the rule to change under its id, and --id names \
                     another that asks for the class",
                    place.line, known.causes[0]
                )
                .into());
            }
            say!("the rule asks for `{class}`, as a phrase of one's own would take an example of it ({file}:{})", place.line);
            seed.class = Some(class.clone());
        }
        seed.unread = spoken.program.filter(|program| rules.reads(program, spoken.text) != Some(true)).map(str::to_owned);
        Ok(seed)
    }

    /// The reason that the bundle leaves unexplained.
    fn unexplained(&self, bundle: &Path, rules: &RuleSet) -> Result<Seed, Failure> {
        let options = Options::default();
        let opened = Bundle::open(bundle, &options.limits)?;
        let evidence = gather(&opened, rules, &options, &AtomicU64::new(0))?;
        let asker = diagnosis::asker(&evidence, options.window);
        let judged = diagnosis::judge(&asker, rules, options.how.jobs);
        let diagnosis = diagnosis::diagnose(&asker, &judged, &evidence, rules);
        let tables = &evidence.tables;
        let rows = tables.rows(&failures::TABLE);
        let mut groups: HashMap<String, (u64, u32)> = HashMap::new();
        for &at in &diagnosis.residue {
            if let Some(reason) = rows[at as usize].text(failures::reason, &tables.names) {
                groups.entry(form(reason)).or_insert((0, at)).0 += rows[at as usize].count;
            }
        }
        let mut order: Vec<(String, (u64, u32))> = groups.into_iter().collect();
        order.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
        let shown = bundle.display();
        let Some((_, (count, at))) = order.get(self.nth.saturating_sub(1)) else {
            return Err(match order.len() {
                0 if rows.is_empty() => {
                    format!("{shown}: no delivery failed in it; `postdoc sources {shown}` shows what was read of it").into()
                }
                0 => format!(
                    "{shown}: every failure in it is explained by a rule; `postdoc analyze {shown}` says which. For a text of your choice: postdoc \
                     rules new 'TEXT'"
                )
                .into(),
                known => format!("{shown}: only {known} reasons in it are unexplained").into(),
            });
        };
        let row = &rows[*at as usize];
        let reason = row.text(failures::reason, &tables.names).unwrap_or_default();
        let voice = row
            .text(failures::voice, &tables.names)
            .and_then(|name| Voice::ALL.iter().find(|(known, _)| *known == name).map(|(_, voice)| *voice));
        let voice = voice.unwrap_or(Voice::OwnClient);
        let class = row.text(failures::reason_class, &tables.names).map(str::to_owned);
        let are = if *count == 1 { "recipient is" } else { "recipients are" };
        let (reason, _) = evidence.secrets.without_secrets(reason);
        say!("{count} {are} unexplained: {}", crate::diagnose::words::visible(&mask(&reason)));
        Ok(Seed::new(&anonymous(&reason, rules)?, voice, self.id.clone(), self.bucket.clone(), class))
    }
}

/// A reason without names: a rule goes from hand to hand, and whose failure it was made from is nobody's business.
fn anonymous(reason: &str, rules: &RuleSet) -> Result<String, Failure> {
    let (reason, _) = SecretFinder::of(rules).without_secrets(reason);
    let redactor = Redactor::new(Key::random()?, Policy::default(), rules);
    let redacted = redactor.text(None, &reason);
    // The phrase must still be the one that the bundle has.
    Ok(if form(&redacted) == form(&reason) { redacted.into_owned() } else { reason.into_owned() })
}
