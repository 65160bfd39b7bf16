//! The plan: the steps of all causes merged in phase order, with drain steps locked behind the fixes and checks of every
//! cause that they depend on, and a pause where lifting one cause would let another bounce what waits.

use super::measure::Asker;
use super::rank::{self, Cause, Role};
use super::words::{Place, Words};
use crate::evidence::instances;
use crate::rules::RuleSet;
use crate::rules::amount::Amount;
use crate::rules::lazy::LazyRegex;
use crate::rules::model::{PHASES, StepSpec};
use crate::rules::plan::{System, Through, moved};
use crate::tables::{failures, host, processes, settings};
use std::collections::BTreeSet;

/// One step, filled in.
#[derive(Debug, Clone)]
pub struct Step {
    /// Index into [`PHASES`].
    pub phase: usize,
    /// Rule ids of the causes that it serves.
    pub causes: Vec<String>,
    /// What to do (Markdown).
    pub action: String,
    /// Why (Markdown).
    pub why: Option<String>,
    /// Commands.
    pub run: Option<String>,
    /// A text to send as it is.
    pub letter: Option<String>,
    /// How risky it is.
    pub risk: &'static str,
    /// What a good result looks like (Markdown).
    pub good: Option<String>,
    /// How to go back (Markdown).
    pub undo: Option<String>,
    /// Whether its cause names it as what to do first.
    pub first: bool,
    /// Whether it is for a case that may not be there.
    pub optional: bool,
    /// Whether it is done whatever the cause.
    pub general: bool,
    /// Numbers (from 1) of the steps that come first.
    pub locked_by: Vec<usize>,
}

/// A command not to run yet.
#[derive(Debug, Clone)]
pub struct DoNot {
    /// The command, or several with commas between them.
    pub run: String,
    /// Why not (Markdown).
    pub why: String,
    /// Recipients whose mail it would hurt.
    pub hurts: Option<u64>,
}

/// What to do, and what not.
#[derive(Debug, Default)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The warnings, most important first.
    pub do_not: Vec<DoNot>,
}

const DRAIN: usize = 3;

/// Makes the plan for the ranked causes.
pub fn plan(causes: &[Cause<'_>], asker: &Asker<'_>, rules: &RuleSet) -> Plan {
    let acting: Vec<&Cause<'_>> =
        causes.iter().filter(|cause| matches!(cause.role, Role::RootCause | Role::Contributing | Role::Separate)).collect();
    let serious: Vec<&Cause<'_>> = acting.iter().copied().filter(|cause| cause.role != Role::Separate).collect();
    let hurts = recipients_at_risk(&serious, asker, rules);
    let own = Words { hurts, ..Words::of(asker) };
    let mut planner = Planner { rules, asker, own, here: Here::of(asker, rules), waiting: waiting(asker), plan: Plan::default() };
    if hurts > 0 {
        planner.pause(hurts, &serious);
    }
    let mut shared = Vec::new();
    for cause in &acting {
        shared.extend(planner.remedy(cause, &acting));
        planner.warnings(cause);
    }
    for cause in causes.iter().filter(|cause| cause.role == Role::Symptom && cause.judged.rule.outlasts) {
        planner.what_outlasts(cause);
    }
    // After what each cause does for itself: a flush of everything comes once, and last.
    shared.into_iter().for_each(|step| add(&mut planner.plan.steps, step));
    if !serious.is_empty() {
        planner.always(&serious);
    }
    planner.finish()
}

/// A plan under way.
struct Planner<'p> {
    rules: &'p RuleSet,
    asker: &'p Asker<'p>,
    /// The words of what stands outside of a rule.
    own: Words<'p>,
    here: Here<'p>,
    /// Recipients whose mail waits, if that is known.
    waiting: Option<u64>,
    plan: Plan,
}

impl<'p> Planner<'p> {
    fn words_of<'w>(&self, cause: &Cause<'w>) -> Words<'w>
    where
        'p: 'w,
    {
        Words { judged: Some(cause.judged), accounts: (cause.waiting, cause.bounced, cause.share), ..self.own }
    }

    /// Delivery stops before anything is repaired: to lift one cause would let another bounce what waits.
    fn pause(&mut self, hurts: u64, serious: &[&Cause<'_>]) {
        let rules = self.rules;
        for spec in [&rules.plan.pause, &rules.plan.resume].into_iter().flatten() {
            self.plan.steps.push(fill(spec, &self.own, &self.here, serious));
        }
        if let Some((run, why)) = &rules.plan.flush_warning {
            let run = self.own.fill(&self.here.commands(run), Place::Plain);
            self.plan.do_not.push(DoNot { run, why: self.own.fill(why, Place::Markdown), hurts: Some(hurts) });
        }
    }

    /// Adds the steps of a cause; those that causes share are returned.
    fn remedy(&mut self, cause: &Cause<'_>, acting: &[&Cause<'_>]) -> Vec<Step> {
        // Ordinary troubles of their own get their fix, but do not hold up or drain anything.
        let minor = cause.role == Role::Separate;
        // What is over needs no repair any more: it is watched until the queue is empty, and kept from coming again.
        let over = cause.judged.over().is_some();
        let kept = |spec: &&StepSpec| match PHASES[spec.phase] {
            "fix" => !over,
            "prevent" => true,
            "contain" => !minor && !over,
            _ => !minor,
        };
        let held = self.waiting.map(|all| all.saturating_sub(held_by_others(cause, acting, self.asker)));
        let wanted = cause.judged.rule.remedy.iter().filter(kept).filter(|spec| wanted(spec, held, cause.bounced));
        let words = self.words_of(cause);
        let filled = wanted.map(|spec| (spec.shared.is_some(), fill(spec, &words, &self.here, &[cause])));
        let (shared, own): (Vec<_>, Vec<_>) = filled.partition(|(shared, _)| *shared);
        own.into_iter().for_each(|(_, step)| add(&mut self.plan.steps, step));
        shared.into_iter().map(|(_, step)| step).collect()
    }

    fn warnings(&mut self, cause: &Cause<'_>) {
        if cause.role == Role::Separate || cause.judged.over().is_some() {
            return;
        }
        // Nobody need be warned of moving mail where none waits.
        let moves = |run: &str| run.split(", ").all(|run| self.rules.plan.moves_mail.iter().any(|known| known == run));
        let idle = |run: &str| self.waiting == Some(0) && moves(run);
        let words = self.words_of(cause);
        let filled = cause.judged.rule.do_not.iter().filter(|warning| !idle(&warning.run)).map(|warning| DoNot {
            run: words.fill(&self.here.commands(&warning.run), Place::Plain),
            why: words.fill(&self.here.command(&warning.why), Place::Markdown),
            hurts: None,
        });
        for warning in filled.collect::<Vec<_>>() {
            let is_told = |known: &DoNot| known.run == warning.run || known.run.split(", ").any(|part| part == warning.run);
            if !self.plan.do_not.iter().any(is_told) {
                self.plan.do_not.push(warning);
            }
        }
    }

    /// What stays of a symptom when its cause is gone.
    fn what_outlasts(&mut self, cause: &Cause<'_>) {
        let repairs = |spec: &&StepSpec| spec.shared.is_none() && matches!(PHASES[spec.phase], "fix" | "verify");
        let wanted = |spec: &&StepSpec| repairs(spec) && wanted(spec, self.waiting, cause.bounced);
        let words = self.words_of(cause);
        let steps = cause.judged.rule.remedy.iter().filter(wanted).map(|spec| fill(spec, &words, &self.here, &[cause]));
        steps.collect::<Vec<_>>().into_iter().for_each(|step| add(&mut self.plan.steps, step));
    }

    /// What is done whatever the cause.
    fn always(&mut self, serious: &[&Cause<'_>]) {
        let bounced = serious.iter().map(|cause| cause.bounced).sum();
        let severe =
            |spec: &&StepSpec| spec.severity.is_none_or(|least| serious.iter().any(|cause| cause.judged.severity() >= least));
        for spec in self.rules.plan.always.iter().filter(severe).filter(|spec| wanted(spec, self.waiting, bounced)) {
            add(&mut self.plan.steps, Step { general: true, ..fill(spec, &self.own, &self.here, serious) });
        }
    }

    /// The plan in the order in which it is gone through.
    fn finish(self) -> Plan {
        let Planner { mut plan, own, rules, here, .. } = self;
        plan.steps.sort_by_key(|step| step.phase);
        number_resumption(&mut plan.steps, &own, rules, &here);
        lock(&mut plan.steps);
        plan
    }
}

/// What the commands of the rules are called where the evidence comes from.
struct Here<'r> {
    system: Option<&'r System>,
    /// What its commands are run through, the innermost first.
    through: Vec<(&'r Through, String)>,
    /// Directories of Postfix as the rules write them, and where they are.
    directories: Vec<(&'r str, String)>,
}

impl<'r> Here<'r> {
    fn of(asker: &Asker<'_>, rules: &'r RuleSet) -> Self {
        let container = || Some(asker.tables.host()?.text(host::container, &asker.tables.names)?.to_owned());
        let instance = instance(asker);
        let directory = |(written, parameter): &'r (String, String)| {
            let is = directory(asker, instance.as_deref(), written, parameter)?;
            (is != *written).then_some((written.as_str(), is))
        };
        let directories = rules.plan.directories.iter().filter_map(directory).collect();
        let instances = rules.plan.instances.as_ref().and_then(|through| Some((through, instance.clone()?)));
        let containers =
            rules.plan.containers.as_ref().and_then(|through| Some((through, container().filter(|name| is_name(name))?)));
        Here { system: system(asker, rules), through: instances.into_iter().chain(containers).collect(), directories }
    }

    /// A sentence about commands.
    fn sentence(&self, text: &str) -> String {
        self.moved(self.named(text))
    }

    /// Commands that somebody types.
    fn command(&self, text: &str) -> String {
        self.moved(self.through.iter().fold(self.named(text), |text, (through, name)| through.command(&text, name)))
    }

    /// By the names that the system has for them.
    fn named(&self, text: &str) -> String {
        self.system.map_or_else(|| text.to_owned(), |system| system.command(text))
    }

    /// With the directories of this Postfix.
    fn moved(&self, text: String) -> String {
        self.directories.iter().fold(text, |text, (written, is)| moved(&text, written, is))
    }

    /// Commands with commas between them.
    fn commands(&self, text: &str) -> String {
        text.split(", ").map(|text| self.command(text)).collect::<Vec<_>>().join(", ")
    }
}

/// Whether this can stand in a command as it is.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// The instance of Postfix in which most mail fails, where it is not the first one: main.cf of the first names its directory, or
/// its own main.cf its name. A name in the log alone may be that of a service (`-o syslog_name=`).
fn instance(asker: &Asker<'_>) -> Option<String> {
    let tables = asker.tables;
    let names = &tables.names;
    let name = instances::failing(tables)?;
    let named = tables.rows(&settings::TABLE).iter().any(|row| {
        let value = row.text(settings::value, names).unwrap_or_default();
        match row.text(settings::name, names) {
            Some("multi_instance_directories") => value.split([' ', ',', '\t']).any(|path| path.rsplit('/').next() == Some(name)),
            Some("multi_instance_name") => value == name,
            _ => false,
        }
    });
    (named && is_name(name)).then(|| name.to_owned())
}

/// Where a directory of this Postfix is, or of the instance of it whose mail fails: what its settings say, else, of an instance,
/// what postmulti(1) makes of its name. None where the rules' own stands.
fn directory(asker: &Asker<'_>, instance: Option<&str>, written: &str, parameter: &str) -> Option<String> {
    let tables = asker.tables;
    let is_path = |path: &&str| path.starts_with('/') && path.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
    let set = |name: &str| tables.setting(name);
    let Some(instance) = instance else { return set(parameter).filter(is_path).map(str::to_owned) };
    // Of several instances the settings are those of the one that fails, where they were collected at all.
    let rows = tables.rows(&settings::TABLE).iter();
    let mut named = rows.filter(|row| row.text(settings::name, &tables.names) == Some("multi_instance_name"));
    let own = named.any(|row| row.text(settings::value, &tables.names) == Some(instance)).then(|| set(parameter)).flatten();
    let listed = set("multi_instance_directories").filter(|_| parameter == "config_directory");
    let of_it = |path: &&str| path.rsplit('/').next() == Some(instance);
    let listed = listed.and_then(|all| all.split([' ', ',', '\t']).find(of_it));
    let parent = written.rsplit_once('/').map_or(written, |(parent, _)| parent);
    own.or(listed).filter(is_path).map_or_else(|| Some(format!("{parent}/{instance}")), |path| Some(path.to_owned()))
}

/// Recipients whose mail waits; none if neither a log nor a queue listing tells.
fn waiting(asker: &Asker<'_>) -> Option<u64> {
    let table = &failures::TABLE;
    let rows = asker.tables.rows(table);
    let waits = |at: &&u32| asker.tables.is_waiting(&rows[**at as usize]);
    asker.tables.is_collected(table).then(|| asker.events(table, asker.judged(table).iter().filter(waits)))
}

/// Recipients whose mail waits for other causes and not for this one.
fn held_by_others(cause: &Cause<'_>, acting: &[&Cause<'_>], asker: &Asker<'_>) -> u64 {
    let others = acting.iter().filter(|other| other.judged.rule.id != cause.judged.rule.id);
    let rows = asker.tables.rows(&failures::TABLE);
    let waits = |at: &u32| asker.tables.is_waiting(&rows[*at as usize]) && !cause.explains.contains(at);
    let held: BTreeSet<u32> = others.flat_map(|other| &other.explains).copied().filter(waits).collect();
    asker.events(&failures::TABLE, &held)
}

/// Whether a step is wanted with so much mail that waits or was returned. Where that is not known, some may; that it is much is no
/// more than a guess.
fn wanted(spec: &StepSpec, waiting: Option<u64>, bounced: u64) -> bool {
    let holds = |amount: Option<Amount>, count: Option<u64>| {
        amount.is_none_or(|amount| count.map_or(amount.min <= 1.0, |count| amount.holds(count as f64)))
    };
    holds(spec.waiting, waiting) && holds(spec.bounced, Some(bounced))
}

/// The system that the evidence comes from, where its commands differ from those that the rules write.
fn system<'r>(asker: &Asker<'_>, rules: &'r RuleSet) -> Option<&'r System> {
    let tables = asker.tables;
    let os = tables.host().and_then(|host| host.text(host::os, &tables.names)).unwrap_or_default();
    let runs = |program: &LazyRegex| {
        let mut programs = tables.rows(&processes::TABLE).iter().filter_map(|row| row.text(processes::program, &tables.names));
        programs.any(|name| program.is_match(name))
    };
    rules
        .plan
        .systems
        .iter()
        .find(|system| system.os.as_ref().is_some_and(|known| known.is_match(os)) || system.program.as_ref().is_some_and(runs))
}

/// A step for these causes, in the words of the evidence.
fn fill(spec: &StepSpec, words: &Words<'_>, here: &Here<'_>, causes: &[&Cause<'_>]) -> Step {
    // Before the values of the evidence are in.
    let markdown =
        |text: &Option<String>| text.as_ref().map(|text| words.fill(&here.sentence(text), Place::Markdown).trim().to_owned());
    Step {
        phase: spec.phase,
        causes: causes.iter().map(|cause| cause.judged.rule.id.clone()).collect(),
        action: words.fill(&spec.action, Place::Markdown).trim().to_owned(),
        why: markdown(&spec.why),
        run: spec.run.as_ref().map(|run| words.fill(&here.command(run), Place::Shell).trim_end().to_owned()),
        letter: spec.letter.as_ref().map(|letter| words.fill(letter, Place::Letter).trim().to_owned()),
        risk: spec.risk,
        good: markdown(&spec.good),
        undo: spec.undo.as_ref().map(|undo| words.fill(&here.command(undo), Place::Markdown).trim().to_owned()),
        first: spec.first,
        optional: spec.optional,
        general: false,
        locked_by: Vec::new(),
    }
}

/// Adds a step, or its causes and reasons to a step that says the same already.
fn add(steps: &mut Vec<Step>, mut step: Step) {
    let same = steps.iter().position(|known| {
        let is_told = known.action == step.action || (known.run.is_some() && known.run == step.run);
        known.phase == step.phase && (is_told || (step.phase == DRAIN && runs_all_of(&step, known)))
    });
    let Some(at) = same else { return steps.push(step) };
    if !runs_all_of(&steps[at], &step) && runs_all_of(&step, &steps[at]) {
        // What does more takes the place of what does a part of it, and its own place in the order.
        let known = steps.remove(at);
        step.causes.splice(0..0, known.causes);
        return steps.push(step);
    }
    let known = &mut steps[at];
    for cause in step.causes {
        if !known.causes.contains(&cause) {
            known.causes.push(cause);
        }
    }
    match (&mut known.why, step.why) {
        (Some(known), Some(more)) if !known.contains(&more) => *known = format!("{known} {more}"),
        (known @ None, more) => *known = more,
        _ => {}
    }
}

/// Whether `step` runs every command that `other` runs.
fn runs_all_of(step: &Step, other: &Step) -> bool {
    let lines = |step: &Step| -> Vec<String> {
        step.run.iter().flat_map(|run| run.lines()).map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    };
    let (more, less) = (lines(step), lines(other));
    !less.is_empty() && less.iter().all(|line| more.contains(line))
}

/// Tells the step that pauses delivery the number of the one that resumes it.
fn number_resumption(steps: &mut [Step], own: &Words<'_>, rules: &RuleSet, here: &Here<'_>) {
    let (Some(pause), Some(resume)) = (&rules.plan.pause, &rules.plan.resume) else { return };
    let [pausing, resuming] = [pause, resume].map(|spec| spec.run.as_ref().map(|run| own.fill(&here.command(run), Place::Shell)));
    let at = |run: &Option<String>| {
        let run = run.as_ref()?.trim_end();
        steps.iter().position(|step| step.run.as_deref() == Some(run))
    };
    let (Some(pausing), resuming) = (at(&pausing), at(&resuming)) else { return };
    let words = Words { resume: resuming.map(|at| at + 1), ..*own };
    steps[pausing].undo = pause.undo.as_ref().map(|undo| words.fill(undo, Place::Markdown).trim().to_owned());
}

/// Locks every drain step behind the fixes and checks of all causes that hold the mail: whatever one cause's step lets go
/// runs into the others.
fn lock(steps: &mut [Step]) {
    let draining: BTreeSet<String> =
        steps.iter().filter(|step| step.phase == DRAIN).flat_map(|step| step.causes.iter().cloned()).collect();
    let before: Vec<usize> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| {
            let repairs = matches!(PHASES[step.phase], "fix" | "verify") && !step.optional;
            repairs && step.causes.iter().any(|cause| draining.contains(cause))
        })
        .map(|(at, _)| at + 1)
        .collect();
    for step in steps.iter_mut().filter(|step| step.phase == DRAIN) {
        step.locked_by.clone_from(&before);
    }
}

/// Waiting recipients at providers that refuse this server for good for another reason than the one that holds the mail.
fn recipients_at_risk(serious: &[&Cause<'_>], asker: &Asker<'_>, rules: &RuleSet) -> u64 {
    let holding = serious.iter().filter(|cause| cause.waiting > 0);
    let pairs = holding.flat_map(|holding| serious.iter().map(move |refusing| (holding, refusing)));
    let at_risk: BTreeSet<u32> = pairs.flat_map(|(holding, refusing)| rank::at_risk(holding, refusing, asker, rules)).collect();
    asker.events(&failures::TABLE, &at_risk)
}
