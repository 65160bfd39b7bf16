//! Loading: the built-in rules and the folders of `--rules`, later ones replacing earlier ones by id.

use super::collection::{self, Failed};
use super::demand::Demand;
use super::kinds::{self, Kind};
use super::model::{Rule, StepSpec};
use super::plan::PlanSpec;
use super::problem::{Level, Place, Problem, Problems, did_you_mean};
use super::providers::Providers;
use super::read;
use super::reasons::{self, Reasons};
use super::secrets::Secrets;
use super::yaml::{BuiltIn, Reader};
use crate::parallel;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

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
    /// What secrets look like.
    pub secrets: Arc<Secrets>,
    /// Causes, by bucket and id.
    pub rules: Vec<Rule>,
    /// Rules that are switched off, and the file that does so.
    pub switched_off: BTreeMap<String, String>,
    /// The plan's own steps.
    pub plan: PlanSpec,
    /// SHA-256 of every file read, hexadecimal.
    pub digest: String,
    /// What they ask of each table of a log, found when the first is read.
    pub(crate) demands: OnceLock<[Arc<Demand>; 5]>,
}

impl RuleSet {
    /// The built-in rules alone, without their tests and examples, which no analysis needs; [`RuleSet::check`] has them.
    ///
    /// # Panics
    /// If they are not valid, which a test rules out.
    pub fn built_in() -> RuleSet {
        RuleSet::load(&[]).unwrap_or_else(|problems| panic!("the built-in rules are not valid:\n{problems}"))
    }

    /// The built-in rules with the rules of `folders` laid over them; without a folder as [`RuleSet::built_in`].
    ///
    /// # Errors
    /// Every problem found in any file.
    pub fn load(folders: &[PathBuf]) -> Result<RuleSet, Problems> {
        if folders.is_empty() {
            return Loader::folders(&[], BuiltIn::Bare).finish();
        }
        // Folders may take away what the built-in rules name.
        let mut loader = Loader::folders(folders, BuiltIn::Trusted);
        loader.check(true);
        loader.finish()
    }

    /// As [`RuleSet::load`], and checks what costs too much at every start: that each example of a reason is taken by its
    /// class.
    ///
    /// # Errors
    /// Every problem found in any file.
    pub fn check(folders: &[PathBuf]) -> Result<RuleSet, Problems> {
        let mut loader = Loader::folders(folders, BuiltIn::Checked);
        loader.check(true);
        loader.finish()
    }

    /// Every error and warning in the rules of `folders`, or in the built-in ones if there is no folder; and the rules, if
    /// there is no error.
    pub fn lint(folders: &[PathBuf]) -> (Option<RuleSet>, Problems) {
        let built_in = if folders.is_empty() { BuiltIn::Checked } else { BuiltIn::Trusted };
        Loader::folders(folders, built_in).lint()
    }

    /// As [`RuleSet::lint`], of texts laid over the built-in rules: path below the folder of rules, and text.
    pub fn lint_texts(files: &[(&str, &str)]) -> (Option<RuleSet>, Problems) {
        let mut loader = Loader::folders(&[], BuiltIn::Trusted);
        loader.begin_layer();
        for (path, text) in files {
            loader.file(path, path, (*text).to_owned());
        }
        loader.put_reasons_first();
        loader.lint()
    }

    /// The problems of one file taken by itself; `path` below the folder of rules says what it is. What it names in other
    /// files is not looked up.
    pub fn problems_of(path: &str, text: &str) -> Vec<Problem> {
        let mut loader = Loader::default();
        loader.file(path, path, text.to_owned());
        loader.problems
    }

    /// Whether what a program beside Postfix says in the mail log is trouble; none if no kind of evidence names the program.
    pub fn reads(&self, program: &str, text: &str) -> Option<bool> {
        let companions = self.kinds.iter().flat_map(|kind| &kind.companions);
        let trouble = companions.filter(|known| known.is_called(program)).map(|known| known.is_trouble(text));
        trouble.reduce(|one, other| one || other)
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

/// Bytes that a rule file may have.
const LARGEST: u64 = 4 << 20;

/// The files whose parts add to what is known.
const COMMON: [&str; 5] = ["buckets.yaml", "providers.yaml", "plan.yaml", "collection.yaml", "secrets.yaml"];

/// What stands for the path below the folder of rules where a single file is named: its folder and its name, or the name
/// alone if that tells all.
fn place_of_file(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    if COMMON.contains(&&*name) { name.into_owned() } else { format!("{folder}/{name}") }
}

/// Whether a folder is a whole set of rules, such as a copy of the built-in ones, and not an addition to them: it has all that a
/// log is read with.
pub fn is_whole(folder: &Path) -> bool {
    folder.join("buckets.yaml").is_file() && folder.join("evidence/maillog.yaml").is_file() && folder.join("reasons").is_dir()
}

#[derive(Default)]
pub(super) struct Loader {
    pub(super) set: RuleSet,
    /// 0 for the built-in rules, then one more a folder.
    layer: usize,
    /// The layer that each rule id was last seen in.
    pub(super) layer_of: HashMap<String, usize>,
    /// Where each rule is written, to read it again with other parameters.
    origin: HashMap<String, Origin>,
    /// Texts of the files by the path that problems show, to quote from.
    pub(super) texts: HashMap<String, Text>,
    /// Files of the last layer.
    pub(super) latest: HashSet<String>,
    digest: Sha256,
    pub(super) problems: Vec<Problem>,
    /// The fields that were asked for, by what they belong to.
    #[cfg(test)]
    pub(super) taken: BTreeMap<&'static str, std::collections::BTreeSet<&'static str>>,
}

/// The text of a file, built in or read.
type Text = Cow<'static, str>;

/// Where a rule is written.
struct Origin {
    shown: String,
    bucket: String,
    overrides: BTreeMap<String, String>,
}

/// A rule file.
struct File {
    /// Below the folder of rules.
    path: String,
    /// As problems show it.
    shown: String,
    text: Text,
    /// The tree of a built-in file.
    tree: Option<&'static [u8]>,
}

/// What one file holds, as far as it is known without the others.
enum Content {
    Reasons(Vec<reasons::Item>),
    Kind(Box<Kind>),
    /// A rule, whether it is switched on, and its folder.
    Rule(Box<Rule>, bool, String),
    Change(read::Change),
    /// One of the few files whose parts add to what is known.
    Common,
    /// Its problems say why.
    Nothing,
}

impl Content {
    /// Reads one file; its path says what it is.
    fn read(path: &str, reader: &mut Reader<'_>) -> Content {
        match path.split_once('/') {
            None if COMMON.contains(&path) => Content::Common,
            Some(("reasons", _)) => Content::Reasons(reasons::read(reader)),
            Some(("evidence", _)) => kinds::read(reader).map_or(Content::Nothing, |kind| Content::Kind(Box::new(kind))),
            // A rule that lies loose in a folder of one's own must name its bucket.
            folder => Content::rule(folder.map_or("", |(bucket, _)| bucket), reader).unwrap_or(Content::Nothing),
        }
    }

    fn rule(bucket: &str, reader: &mut Reader<'_>) -> Option<Content> {
        let root = reader.parse()?;
        if let Some(change) = read::change(reader, &root) {
            return Some(Content::Change(change));
        }
        let (rule, enabled) = read::rule(reader, root, bucket, &BTreeMap::new())?;
        Some(Content::Rule(Box::new(rule), enabled, bucket.to_owned()))
    }
}

impl Loader {
    pub(super) fn folders(folders: &[PathBuf], built_in: BuiltIn) -> Loader {
        let mut loader = Loader::default();
        // A folder that is a whole set by itself stands in for everything before it.
        let whole = folders.iter().rposition(|folder| is_whole(folder));
        // But for what is hidden, which no folder takes away.
        let stays = |path: &str| path.ends_with(".yaml") && (whole.is_none() || path == "secrets.yaml");
        {
            let files = crate::embedded::RULES.iter().filter(|(path, ..)| stays(path));
            let file = |(path, text, tree): &(&str, &'static str, &'static [u8])| File {
                path: (*path).to_owned(),
                shown: format!("rules/{path}"),
                text: (*text).into(),
                tree: Some(tree),
            };
            loader.digest.update(crate::embedded::RULES_SHA256);
            loader.read(&files.map(file).collect::<Vec<_>>(), built_in);
        }
        for folder in &folders[whole.unwrap_or(0)..] {
            loader.folder(folder);
        }
        loader
    }

    fn begin_layer(&mut self) {
        self.layer += 1;
        self.latest.clear();
    }

    fn folder(&mut self, folder: &Path) {
        self.begin_layer();
        let mut found = false;
        let mut files = Vec::new();
        for entry in walkdir::WalkDir::new(folder).sort_by_file_name().follow_links(false).into_iter().flatten() {
            let path = entry.path();
            let is_yaml = path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml");
            if !entry.file_type().is_file() || !is_yaml {
                continue;
            }
            found = true;
            let shown = path.display().to_string();
            let relative = match path.strip_prefix(folder) {
                Ok(inside) if !inside.as_os_str().is_empty() => inside.to_string_lossy().replace('\\', "/"),
                _ => place_of_file(path),
            };
            if entry.metadata().is_ok_and(|metadata| metadata.len() > LARGEST) {
                self.plain(&shown, format!("a rule file has at most {} MB", LARGEST >> 20));
                continue;
            }
            match std::fs::read(path).map(String::from_utf8) {
                Ok(Ok(text)) => files.push(File { path: relative, shown, text: text.into(), tree: None }),
                Ok(Err(error)) => self.not_utf8(&shown, &error),
                Err(error) => self.plain(&shown, format!("cannot be read: {error}")),
            }
        }
        self.read(&files, BuiltIn::Checked);
        self.put_reasons_first();
        if !folder.exists() {
            self.plain(&folder.display().to_string(), "there is no such folder of rules".to_owned());
        } else if !found {
            self.plain(&folder.display().to_string(), "there is no .yaml file in this folder of rules".to_owned());
        }
    }

    /// One's own reasons come before the built-in ones, so that they win among equals.
    fn put_reasons_first(&mut self) {
        let own = self.set.reasons.entries.iter().position(|entry| self.latest.contains(&entry.file));
        self.set.reasons.entries.rotate_left(own.unwrap_or(0));
    }

    fn plain(&mut self, file: &str, message: String) {
        self.problems.push(Problem::new(Level::Error, file, "", Place::default(), message, None));
    }

    /// Notes where a file stops being text.
    fn not_utf8(&mut self, shown: &str, error: &std::string::FromUtf8Error) {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let line = before.split('\n').count() as u32;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
        let text = String::from_utf8_lossy(error.as_bytes());
        let help = Some("save it as UTF-8".to_owned());
        let message = match error.as_bytes() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this is UTF-16, as editors of Windows call \"Unicode\", and no UTF-8 text",
            _ => "this is no UTF-8 text",
        };
        self.problems.push(Problem::new(Level::Error, shown, &text, Place { line, column, length: 1 }, message, help));
    }

    fn file(&mut self, path: &str, shown: &str, text: String) {
        let file = File { path: path.to_owned(), shown: shown.to_owned(), text: text.into(), tree: None };
        self.read(&[file], BuiltIn::Checked);
    }

    /// Reads files side by side, and puts what they hold into the set in their order.
    fn read(&mut self, files: &[File], built_in: BuiltIn) {
        let read = parallel::each(parallel::cores(), files, |file| {
            let mut reader = match file.tree {
                Some(tree) => Reader::built_in(&file.shown, &file.text, tree, built_in),
                None => Reader::new(&file.shown, &file.text),
            };
            (Content::read(&file.path, &mut reader), reader)
        });
        for (file, (content, mut reader)) in files.iter().zip(read) {
            // The built-in files have one digest, which is known.
            if file.tree.is_none() {
                self.digest.update(file.path.as_bytes());
                self.digest.update([0]);
                self.digest.update(file.text.as_bytes());
            }
            self.texts.insert(file.shown.clone(), file.text.clone());
            self.add(&file.path, content, &mut reader);
            self.problems.append(&mut reader.problems);
            #[cfg(test)]
            for (what, fields) in std::mem::take(&mut reader.taken) {
                self.taken.entry(what).or_default().extend(fields);
            }
            self.latest.insert(file.shown.clone());
        }
    }

    /// Puts what one file holds into the set.
    fn add(&mut self, path: &str, content: Content, reader: &mut Reader<'_>) {
        match content {
            Content::Reasons(items) => self.set.reasons.add(items, reader, |file| self.latest.contains(file)),
            Content::Kind(mut kind) => {
                kind.own = self.layer > 0;
                if let Some(known) =
                    self.set.kinds.iter().find(|known| known.kind == kind.kind && self.latest.contains(&known.file))
                {
                    let message = format!("the kind `{}` stands in {} already", kind.kind, known.file);
                    reader.problem(kind.place, message, Some("give one of them another name".to_owned()));
                }
                self.set.kinds.retain(|known| known.kind != kind.kind);
                self.set.kinds.push(*kind);
            }
            Content::Rule(rule, enabled, bucket) => self.rule(*rule, enabled, bucket, reader),
            Content::Change(change) => self.change(reader, &change),
            Content::Nothing => {}
            Content::Common => match path {
                "buckets.yaml" => self.buckets(reader),
                "providers.yaml" => self.set.providers.read(reader),
                "plan.yaml" => self.set.plan.read(reader),
                "secrets.yaml" => Arc::make_mut(&mut self.set.secrets).read(reader),
                _ => {
                    // One's own come before the built-in ones.
                    let known = std::mem::take(&mut self.set.collection);
                    self.set.collection = collection::read(reader).into_iter().chain(known).collect();
                }
            },
        }
    }

    fn rule(&mut self, rule: Rule, enabled: bool, bucket: String, reader: &mut Reader<'_>) {
        // A later folder replaces on purpose; twice in one folder is a slip, and the last would silently win.
        if self.layer_of.get(&rule.id) == Some(&self.layer) {
            let message = format!("the rule id `{}` stands in {} already", rule.id, self.origin[&rule.id].shown);
            let help = "give one of them another id; a rule replaces that of its id only in a folder of its own".to_owned();
            reader.problem(rule.place, message, Some(help));
        }
        let origin = Origin { shown: reader.file.to_owned(), bucket, overrides: BTreeMap::new() };
        self.origin.insert(rule.id.clone(), origin);
        self.put(rule, enabled, reader.file);
    }

    /// Puts a rule, which `file` has or changes, in place of the one of its id.
    fn put(&mut self, rule: Rule, enabled: bool, file: &str) {
        self.set.rules.retain(|known| known.id != rule.id);
        self.layer_of.insert(rule.id.clone(), self.layer);
        if enabled {
            self.set.switched_off.remove(&rule.id);
            self.set.rules.push(rule);
        } else {
            self.set.switched_off.insert(rule.id, file.to_owned());
        }
    }

    /// Reads a rule of an earlier folder again, with the parameters of a later one, or takes it away.
    fn change(&mut self, reader: &mut Reader<'_>, change: &read::Change) {
        let Some(origin) = self.origin.get_mut(&change.id) else {
            let ids: Vec<&str> = self.origin.keys().map(String::as_str).collect();
            let help = did_you_mean(&change.id, ids.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            let message =
                format!("there is no rule `{}` to change; a rule of its own needs `title`, `summary` and `requires`", change.id);
            reader.problem(change.place, message, help);
            return;
        };
        for (name, place) in &change.odd {
            reader.unknown(*place, "field in a change of a rule", name, read::CHANGE);
        }
        let (Some(text), false) = (self.texts.get(&origin.shown).cloned(), change.id.is_empty()) else { return };
        for (name, (value, _)) in &change.params {
            origin.overrides.insert(name.clone(), value.clone());
        }
        let mut again = Reader::new(&origin.shown, &text);
        let Some(root) = again.parse() else { return };
        let own = read::rule(&mut again, root.clone(), &origin.bucket, &BTreeMap::new());
        let known: Vec<&str> = own.iter().flat_map(|(rule, _)| rule.params.keys().map(String::as_str)).collect();
        let mut sound = true;
        for (name, (_, place)) in change.params.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            reader.unknown(*place, &format!("parameter of the rule `{}`", change.id), name, known.iter().copied());
            sound = false;
        }
        if !sound {
            return;
        }
        // A value that the rule cannot use is the fault of the file that gives it.
        let before = again.problems.len();
        let changed = read::rule(&mut again, root, &origin.bucket, &origin.overrides);
        for problem in again.problems.drain(..).skip(before) {
            let message = format!("with these parameters the rule `{}` is not valid: {}", change.id, problem.message);
            // Of several parameters it is not known which one is at fault.
            let place = match change.params.values().collect::<Vec<_>>()[..] {
                [(_, place)] => *place,
                _ => change.place,
            };
            reader.problem(place, message, problem.help);
        }
        if let Some((mut rule, _)) = changed {
            rule.changed_by = Some(reader.file.to_owned());
            if !change.tests.is_empty() {
                rule.tests.clone_from(&change.tests);
            }
            self.put(rule, change.enabled, reader.file);
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
            if id.is_empty() {
                continue;
            }
            self.set.buckets.retain(|known| known.id != id);
            self.set.buckets.push(Bucket { id, title, says, hopeless });
        }
    }

    /// Notes a problem in a file that was read.
    pub(super) fn note(&mut self, level: Level, file: &str, place: Place, message: impl Into<String>, help: Option<String>) {
        let text = self.texts.get(file).map_or("", |text| text);
        self.problems.push(Problem::new(level, file, text, place, message, help));
    }

    /// Puts the shared steps into the remedies that use them.
    pub(super) fn share_steps(&mut self) {
        let mut unknown: Vec<(String, Place, String)> = Vec::new();
        let plan = &self.set.plan.shared;
        for rule in &mut self.set.rules {
            let file = &rule.file;
            rule.remedy.retain_mut(|step| {
                let Some(name) = step.shared.as_ref() else { return true };
                let Some(known) = plan.get(name) else {
                    unknown.push((file.clone(), step.place, name.clone()));
                    return false;
                };
                *step = StepSpec { why: step.why.take().or_else(|| known.why.clone()), place: step.place, ..known.clone() };
                true
            });
        }
        for (file, place, name) in unknown {
            let help = match did_you_mean(&name, self.set.plan.shared.keys().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known: {}", self.set.plan.shared.keys().cloned().collect::<Vec<_>>().join(", ")),
            };
            self.note(Level::Error, &file, place, format!("plan.yaml has no shared step `{name}`"), Some(help));
        }
    }

    fn lint(mut self) -> (Option<RuleSet>, Problems) {
        self.check(true);
        self.warn();
        let mut problems = std::mem::take(&mut self.problems);
        problems.sort_by(|a, b| (&a.file, a.place, a.level).cmp(&(&b.file, b.place, b.level)));
        let sound = problems.iter().all(|problem| problem.level == Level::Warning);
        let set = if sound { self.finish().ok() } else { None };
        (set, Problems(problems))
    }

    fn finish(mut self) -> Result<RuleSet, Problems> {
        self.share_steps();
        if !self.problems.is_empty() {
            self.problems.sort_by(|a, b| (&a.file, a.place).cmp(&(&b.file, b.place)));
            return Err(Problems(self.problems));
        }
        let order = |set: &RuleSet, rule: &Rule| (set.bucket_order(&rule.bucket), rule.id.clone());
        let mut rules = std::mem::take(&mut self.set.rules);
        rules.sort_by_cached_key(|rule| order(&self.set, rule));
        self.set.rules = rules;
        let mut digest = String::new();
        for byte in self.digest.finalize() {
            write!(digest, "{byte:02x}").expect("string");
        }
        self.set.digest = digest;
        Ok(self.set)
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::node::Node;

    #[test]
    fn the_embedded_trees_are_those_of_the_yaml() {
        let rules = crate::embedded::RULES.iter().filter(|(path, ..)| path.ends_with(".yaml"));
        let mut many = 0;
        for (path, text, tree) in rules {
            assert_eq!(Node::decode(tree, true), Node::parse(text).ok(), "{path}");
            many += 1;
        }
        assert!(many > 100, "{many} files");
    }
}
