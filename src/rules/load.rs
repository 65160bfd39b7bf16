//! Loading: the built-in rules and the folders of `--rules`, later ones replacing earlier ones by id.

use super::collection::{self, Failed};
use super::kinds::{self, Kind};
use super::model::{Rule, StepSpec};
use super::problem::{Problem, Problems};
use super::providers::Providers;
use super::read;
use super::reasons::Reasons;
use super::yaml::Reader;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// One bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// One sentence.
    pub says: String,
    /// Whether its failures end in a bounce whatever else is repaired.
    pub hopeless: bool,
}

/// Steps that the plan adds by itself, and its words.
#[derive(Debug, Default)]
pub struct PlanSpec {
    /// Phase id, title, and what it is for.
    pub phases: Vec<(String, String, String)>,
    /// The step that pauses delivery.
    pub pause: Option<StepSpec>,
    /// The step that resumes it.
    pub resume: Option<StepSpec>,
    /// Command and reason of the warning against flushing.
    pub flush_warning: Option<(String, String)>,
}

/// All rules in force.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// The buckets, in reading order.
    pub buckets: Vec<Bucket>,
    /// Providers.
    pub providers: Providers,
    /// Reasons.
    pub reasons: Reasons,
    /// Kinds of evidence.
    pub kinds: Vec<Kind>,
    /// What failed commands print.
    pub collection: Vec<Failed>,
    /// Causes, by bucket and id.
    pub rules: Vec<Rule>,
    /// The plan's own steps.
    pub plan: PlanSpec,
    /// SHA-256 of every file read, hexadecimal.
    pub digest: String,
}

impl RuleSet {
    /// The built-in rules alone.
    ///
    /// # Panics
    /// If they are not valid, which a test rules out.
    pub fn built_in() -> RuleSet {
        RuleSet::load(&[]).unwrap_or_else(|problems| panic!("the built-in rules are not valid:\n{problems}"))
    }

    /// The built-in rules with the rules of `folders` laid over them.
    ///
    /// # Errors
    /// Every problem found in any file.
    pub fn load(folders: &[PathBuf]) -> Result<RuleSet, Problems> {
        Loader::folders(folders).finish(!folders.is_empty())
    }

    /// As [`RuleSet::load`], and checks what costs too much at every start: that each example of a reason is taken by its
    /// class.
    ///
    /// # Errors
    /// Every problem found in any file.
    pub fn check(folders: &[PathBuf]) -> Result<RuleSet, Problems> {
        Loader::folders(folders).finish(true)
    }

    /// The problems of one file taken by itself; `path` below the folder of rules says what it is. What it names in other
    /// files is not looked up.
    pub fn problems_of(path: &str, text: &str) -> Vec<Problem> {
        let mut loader = Loader::default();
        loader.file(path, path, text);
        loader.problems
    }

    /// The rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Position of a bucket in reading order.
    pub fn bucket_order(&self, id: &str) -> usize {
        self.buckets.iter().position(|bucket| bucket.id == id).unwrap_or(usize::MAX)
    }
}

/// Whether a folder is a whole set of rules, such as a copy of the built-in ones, and not an addition to them.
pub fn is_whole(folder: &Path) -> bool {
    folder.join("buckets.yaml").is_file() && folder.join("evidence").is_dir() && folder.join("reasons").is_dir()
}

#[derive(Default)]
struct Loader {
    set: RuleSet,
    /// 0 for the built-in rules, then one more a folder.
    layer: usize,
    /// The layer that each rule id was last seen in.
    layer_of: HashMap<String, usize>,
    digest: Sha256,
    problems: Vec<Problem>,
}

impl Loader {
    fn folders(folders: &[PathBuf]) -> Loader {
        let mut loader = Loader::default();
        // A folder that is a whole set by itself stands in for everything before it.
        let whole = folders.iter().rposition(|folder| is_whole(folder));
        if whole.is_none() {
            for (path, text) in crate::embedded::RULES.iter().filter(|(path, _)| path.ends_with(".yaml")) {
                loader.file(path, &format!("rules/{path}"), text);
            }
        }
        for folder in &folders[whole.unwrap_or(0)..] {
            loader.folder(folder);
        }
        loader
    }

    fn folder(&mut self, folder: &Path) {
        self.layer += 1;
        let built_in = self.set.reasons.entries.len();
        let mut found = false;
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name().follow_links(false).into_iter().flatten() {
            let path = entry.path();
            let is_yaml = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml");
            if !entry.file_type().is_file() || !is_yaml {
                continue;
            }
            found = true;
            let shown = path.display().to_string();
            let relative = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
            match std::fs::read_to_string(path) {
                Ok(text) => self.file(&relative, &shown, &text),
                Err(error) => self.plain(&shown, format!("cannot be read: {error}")),
            }
        }
        // One's own reasons come before the built-in ones, so that they win among equals.
        self.set.reasons.entries.rotate_left(built_in);
        if !folder.is_dir() {
            self.plain(&folder.display().to_string(), "there is no such folder of rules".to_owned());
        } else if !found {
            self.plain(&folder.display().to_string(), "there is no .yaml file in this folder of rules".to_owned());
        }
    }

    fn plain(&mut self, file: &str, message: String) {
        self.problems.push(Problem {
            file: file.to_owned(),
            place: Default::default(),
            message,
            quoted: String::new(),
            help: None,
        });
    }

    /// Reads one file; its place in the folder says what it is.
    fn file(&mut self, path: &str, shown: &str, text: &str) {
        self.digest.update(path.as_bytes());
        self.digest.update([0]);
        self.digest.update(text.as_bytes());
        let mut reader = Reader::new(shown, text);
        match path.split_once('/') {
            None => match path {
                "buckets.yaml" => self.buckets(&mut reader),
                "providers.yaml" => self.set.providers.read(&mut reader),
                "plan.yaml" => self.plan(&mut reader),
                "collection.yaml" => {
                    // One's own come before the built-in ones.
                    let known = std::mem::take(&mut self.set.collection);
                    self.set.collection = collection::read(&mut reader).into_iter().chain(known).collect();
                }
                _ => {
                    // A rule that lies loose in a folder of one's own must name its bucket.
                    self.rule(&mut reader, "");
                }
            },
            Some(("reasons", _)) => self.set.reasons.read(&mut reader),
            Some(("evidence", _)) => {
                if let Some(kind) = kinds::read(&mut reader) {
                    self.set.kinds.retain(|known| known.kind != kind.kind);
                    self.set.kinds.push(kind);
                }
            }
            Some((bucket, _)) => self.rule(&mut reader, bucket),
        }
        self.problems.append(&mut reader.problems);
    }

    fn rule(&mut self, reader: &mut Reader<'_>, bucket: &str) {
        let Some((rule, enabled)) = read::rule(reader, bucket) else { return };
        if let Some(at) = self.set.rules.iter().position(|known| known.id == rule.id) {
            // A later folder replaces on purpose; twice in one folder is a slip, and the last would silently win.
            if self.layer_of.get(&rule.id) == Some(&self.layer) {
                let message = format!("the rule id `{}` stands in {} already", rule.id, self.set.rules[at].file);
                reader.problem(rule.place, message, None);
            }
            self.set.rules.remove(at);
        }
        self.layer_of.insert(rule.id.clone(), self.layer);
        if enabled {
            self.set.rules.push(rule);
        }
    }

    fn buckets(&mut self, reader: &mut Reader<'_>) {
        let Some(root) = reader.parse() else { return };
        for item in reader.list(root) {
            let mut fields = reader.fields(item, "a bucket");
            let [id, title, says] = ["id", "title", "says"]
                .map(|name| fields.need(reader, name).map(|node| reader.text(&node, name)).unwrap_or_default());
            let hopeless = fields.take("hopeless").is_some_and(|node| reader.bool(&node, "hopeless"));
            fields.finish(reader);
            self.set.buckets.retain(|known| known.id != id);
            self.set.buckets.push(Bucket { id, title, says, hopeless });
        }
    }

    fn plan(&mut self, reader: &mut Reader<'_>) {
        let Some(root) = reader.parse() else { return };
        let mut fields = reader.fields(root, "plan.yaml");
        if let Some(node) = fields.take("phases") {
            for item in reader.list(node) {
                let mut phase = reader.fields(item, "a phase");
                let [id, title, says] =
                    ["id", "title", "says"].map(|name| phase.take(name).map(|node| reader.text(&node, name)).unwrap_or_default());
                phase.finish(reader);
                self.set.plan.phases.push((id, title, says));
            }
        }
        self.set.plan.pause = fields.take("pause").and_then(|node| read::free_step(reader, node));
        self.set.plan.resume = fields.take("resume").and_then(|node| read::free_step(reader, node));
        if let Some(node) = fields.take("flush_warning") {
            let mut warning = reader.fields(node, "flush_warning");
            let run = warning.need(reader, "run").map(|node| reader.text(&node, "run")).unwrap_or_default();
            let why = warning.need(reader, "why").map(|node| reader.text(&node, "why")).unwrap_or_default();
            warning.finish(reader);
            self.set.plan.flush_warning = Some((run, why));
        }
        fields.finish(reader);
    }

    fn finish(mut self, examples: bool) -> Result<RuleSet, Problems> {
        self.check();
        if !self.problems.is_empty() {
            return Err(Problems(self.problems));
        }
        let examples = if examples { self.set.reasons.misplaced_examples() } else { Vec::new() };
        for (entry, text, place, taken) in examples {
            let taken = taken.map_or("no entry".to_owned(), |class| format!("`{class}`"));
            self.problems.push(Problem {
                file: entry.file.clone(),
                place,
                message: format!("{taken} takes this example of `{}`", entry.class),
                quoted: text.chars().take(160).collect(),
                help: None,
            });
        }
        if !self.problems.is_empty() {
            return Err(Problems(self.problems));
        }
        let order = |set: &RuleSet, rule: &Rule| (set.bucket_order(&rule.bucket), rule.id.clone());
        let mut rules = std::mem::take(&mut self.set.rules);
        rules.sort_by_key(|rule| order(&self.set, rule));
        self.set.rules = rules;
        let mut digest = String::new();
        for byte in self.digest.finalize() {
            write!(digest, "{byte:02x}").expect("string");
        }
        self.set.digest = digest;
        Ok(self.set)
    }

    /// What can only be checked when everything is known: ids in `explains`, buckets of reasons, parsers of kinds.
    fn check(&mut self) {
        let mut found = Vec::new();
        let ids: Vec<&str> = self.set.rules.iter().map(|rule| rule.id.as_str()).collect();
        for rule in &self.set.rules {
            if !self.set.buckets.iter().any(|bucket| bucket.id == rule.bucket) {
                let buckets = self.set.buckets.iter().map(|bucket| bucket.id.as_str());
                found.push(Problem {
                    file: rule.file.clone(),
                    place: rule.place,
                    message: format!(
                        "unknown bucket `{}`: a rule stands in the folder of its bucket, or names it with `bucket:`",
                        rule.bucket
                    ),
                    quoted: format!("id: {}", rule.id),
                    help: super::problem::did_you_mean(&rule.bucket, buckets).map(|meant| format!("did you mean `{meant}`?")),
                });
            }
            // A rule that is switched off may still be named.
            for id in rule.explains.iter().filter(|id| !self.layer_of.contains_key(id.as_str())) {
                let help = super::problem::did_you_mean(id, ids.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
                found.push(Problem {
                    file: rule.file.clone(),
                    place: rule.place,
                    message: format!("`explains` names the unknown rule `{id}`"),
                    quoted: format!("id: {}", rule.id),
                    help,
                });
            }
            if let Some(path) = self.cycle_from(rule) {
                found.push(Problem {
                    file: rule.file.clone(),
                    place: rule.place,
                    message: format!("`explains` goes in a circle: {path}"),
                    quoted: format!("id: {}", rule.id),
                    help: None,
                });
            }
        }
        for entry in &self.set.reasons.entries {
            let known = entry.bucket == "other" || self.set.buckets.iter().any(|bucket| bucket.id == entry.bucket);
            if !known {
                let buckets = self.set.buckets.iter().map(|bucket| bucket.id.as_str());
                found.push(Problem {
                    file: entry.file.clone(),
                    place: entry.place,
                    message: format!("unknown bucket `{}`", entry.bucket),
                    quoted: format!("class: {}", entry.class),
                    help: super::problem::did_you_mean(&entry.bucket, buckets).map(|meant| format!("did you mean `{meant}`?")),
                });
            }
        }
        self.problems.append(&mut found);
    }

    /// The way from a rule through `explains` back to itself.
    fn cycle_from(&self, start: &Rule) -> Option<String> {
        let mut stack = vec![vec![start.id.as_str()]];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(path) = stack.pop() {
            let last = *path.last()?;
            let rule = self.set.rules.iter().find(|rule| rule.id == last)?;
            for next in &rule.explains {
                if *next == start.id {
                    return Some(path.join(" -> ") + " -> " + next);
                }
                if seen.insert(next.as_str()) && self.set.rules.iter().any(|rule| rule.id == *next) {
                    let mut longer = path.clone();
                    longer.push(next);
                    stack.push(longer);
                }
            }
        }
        None
    }
}
