//! From YAML to a checked [`Rule`]: every name is resolved, every problem noted with its place.

use super::advice;
use super::matchers::{Measured, Scope, amount, column, conditions, expect};
use super::model::{Ask, Condition, DoNot, Entry, PHASES, RISKS, Rule, Severity, Signal, StepSpec, TestSpec};
use super::problem::Place;
use super::texts::{own_variables, template};
use super::yaml::{Fields, Key, Kind, Node, Reader};
use crate::tables::{self, TABLES, Table};
use std::collections::BTreeMap;

/// Reads one rule; `bucket` is the folder it stands in.
///
/// `overrides` are parameters of overlays, which count instead of the rule's own.
pub(super) fn rule(
    reader: &mut Reader<'_>,
    root: Node,
    bucket: &str,
    overrides: &BTreeMap<String, String>,
) -> Option<(Rule, bool)> {
    if !matches!(root.kind, Kind::Map(_)) {
        reader.map(root, "a rule");
        return None;
    }
    if let Kind::Map(entries) = &root.kind
        && let Some(tool) = advice::foreign(&entries.iter().map(|(key, _)| &*key.name).collect::<Vec<_>>())
    {
        let help = "`postdoc rules new` writes a rule to begin with; `postdoc rules fields` shows what can be asked";
        reader.problem(root.place, format!("this is a rule for {tool}, and none of postdoc"), Some(help.to_owned()));
        return None;
    }
    let mut fields = reader.fields(root, "a rule");
    // A rule without an id is read to its end all the same: its other errors are wanted in the same run.
    let id_node = fields.need(reader, "id");
    let place = id_node.as_ref().map_or(fields.place, |node| node.place);
    let id = id_node.map(|node| reader.id(&node, "id"));
    let enabled = fields.take("enabled").is_none_or(|node| reader.bool(&node, "enabled"));
    let bucket = fields.take("bucket").map_or_else(|| bucket.to_owned(), |node| reader.text(&node, "bucket"));
    let mut params = fields.take("params").map(|node| params(reader, node)).unwrap_or_default();
    params.extend(overrides.clone());
    let sections = ["requires", "supports", "contradicts"].map(|name| fields.take(name));
    let scope = Scope { params: &params, signals: signal_tables(&sections) };
    let asks_nothing = sections[0].as_ref().is_none_or(|node| matches!(&node.kind, Kind::Map(entries) if entries.is_empty()));
    let [requires, supports, contradicts] = sections.map(|node| match node {
        Some(node) => entries(reader, node, &scope),
        None => Vec::new(),
    });
    let accounts_node = fields.take("accounts_for");
    let accounts_at = accounts_node.as_ref().map(|node| node.place);
    let accounts_for: Option<Vec<Vec<Condition>>> = accounts_node.map(|node| {
        reader.list(node).into_iter().map(|node| conditions(reader, node, &tables::failures::TABLE, &scope)).collect()
    });
    let mut take_text =
        |reader: &mut Reader<'_>, name: &'static str| fields.take(name).map(|node| template(reader, &node, name, &scope));
    let title = take_text(reader, "title");
    let consequence = take_text(reader, "consequence");
    let impact = take_text(reader, "impact");
    let summary = take_text(reader, "summary");
    let severity = fields.take("severity").and_then(|node| reader.one_of(&node, "severity", &Severity::ALL));
    let note =
        fields.take("role").and_then(|node| reader.one_of(&node, "role", &[("cause", false), ("note", true)])).unwrap_or(false);
    let outlasts = fields.take("outlasts").is_some_and(|node| reader.bool(&node, "outlasts"));
    let explains = fields.take("explains").map(|node| reader.texts(node, "a rule id")).unwrap_or_default();
    let do_not = fields.take("do_not").map(|node| do_nots(reader, node, &scope)).unwrap_or_default();
    let remedy = fields.take("remedy").map(|node| steps(reader, node, &scope)).unwrap_or_default();
    let references = fields.take("references").map(|node| reader.texts(node, "a reference")).unwrap_or_default();
    let tests = fields.take("tests").map(|node| rule_tests(reader, node)).unwrap_or_default();
    if accounts_for.as_ref().is_some_and(|choices| choices.is_empty() || choices.iter().any(Vec::is_empty)) {
        let help = "leave it out: the rule then accounts for what `requires` matched in `failures`, or else for nothing";
        reader.problem(
            accounts_at.unwrap_or(place),
            "an empty `accounts_for` takes every failure there is",
            Some(help.to_owned()),
        );
    }
    if enabled {
        // What is there under a misspelt name is told as that alone.
        for (name, present) in [("title", title.is_some()), ("summary", summary.is_some())] {
            if !present && !fields.has_misspelt(name) && !fields.told_empty(reader, name) {
                reader.problem(place, format!("the rule has no `{name}`"), None);
            }
        }
        if asks_nothing && !fields.has_misspelt("requires") {
            reader.problem(place, "the rule requires nothing: it would always fire", None);
        }
    }
    fields.finish(reader);
    let rule = Rule {
        id: id?,
        bucket,
        title: title.unwrap_or_default(),
        consequence,
        impact,
        severity: severity.unwrap_or(Severity::Medium),
        note,
        outlasts,
        summary: summary.unwrap_or_default(),
        requires,
        supports,
        contradicts,
        explains_at: explains.iter().map(|(_, place)| *place).collect(),
        explains: explains.into_iter().map(|(id, _)| id).collect(),
        accounts_for,
        params,
        do_not,
        remedy,
        references_at: references.iter().map(|(_, place)| *place).collect(),
        references: references.into_iter().map(|(text, _)| text).collect(),
        tests,
        file: reader.file.to_owned(),
        changed_by: None,
        place,
    };
    Some((rule, enabled))
}

/// A file that only changes a rule of an earlier folder: it names the rule and its new parameters, with tests that fit them, or
/// switches it off.
pub(super) struct Change {
    /// The rule.
    pub id: String,
    /// Where it is named.
    pub place: Place,
    /// Whether it is in force.
    pub enabled: bool,
    /// New values, with their places.
    pub params: BTreeMap<String, (String, Place)>,
    /// Tests that stand in for those of the rule, if there are any.
    pub tests: Vec<TestSpec>,
    /// Names in it that a change cannot have, with their places.
    pub odd: Vec<(String, Place)>,
}

/// What a change may hold.
pub(super) const CHANGE: [&str; 4] = ["id", "params", "enabled", "tests"];

/// Reads a file that names a rule and says nothing of what makes one; none if it is a whole rule.
pub(super) fn change(reader: &mut Reader<'_>, root: &Node) -> Option<Change> {
    let Kind::Map(entries) = &root.kind else { return None };
    let has = |names: &[&str]| entries.iter().any(|(key, _)| names.contains(&&*key.name));
    if !has(&["id"]) || has(&["title", "summary", "requires"]) {
        return None;
    }
    let odd = entries.iter().filter(|(key, _)| !CHANGE.contains(&&*key.name));
    let odd = odd.map(|(key, _)| (key.name.to_string(), key.place)).collect();
    let mut fields = reader.fields(root.clone(), "a change of a rule");
    let id = fields.take("id")?;
    let enabled = fields.take("enabled").is_none_or(|node| reader.bool(&node, "enabled"));
    let params = fields.take("params").map(|node| reader.map(node, "params")).unwrap_or_default();
    let params =
        params.into_iter().map(|(key, node)| (key.name.into_owned(), (reader.text(&node, "a parameter"), key.place))).collect();
    let tests = fields.take("tests").map(|node| rule_tests(reader, node)).unwrap_or_default();
    Some(Change { place: id.place, id: reader.text(&id, "id"), enabled, params, tests, odd })
}

fn params(reader: &mut Reader<'_>, node: Node) -> BTreeMap<String, String> {
    let entries = reader.map(node, "params");
    entries.into_iter().map(|(key, node)| (key.name.into_owned(), reader.text(&node, "a parameter"))).collect()
}

fn signal_tables(sections: &[Option<Node>]) -> BTreeMap<String, Option<&'static Table>> {
    fn visit(node: &Node, found: &mut BTreeMap<String, Option<&'static Table>>) {
        let Kind::Map(entries) = &node.kind else { return };
        for (key, node) in entries {
            let Kind::Map(fields) = &node.kind else { continue };
            let mut table = None;
            for (field, value) in fields {
                match &*field.name {
                    "in" => table = value.scalar().and_then(|name| tables::table(&name)),
                    "any" | "all" => visit(value, found),
                    _ => {}
                }
            }
            found.insert(key.name.clone().into_owned(), table);
        }
    }
    let mut found = BTreeMap::new();
    for section in sections.iter().flatten() {
        visit(section, &mut found);
    }
    found
}

/// The fields of a signal.
const SIGNAL: [&str; 8] = ["in", "where", "by", "expect", "alone", "says", "absent", "unknown"];

/// What `expect` may hold.
const EXPECT: [&str; 10] =
    ["count", "distinct", "share", "share_of", "rate", "lasting", "within", "after", "before", "collected"];

fn entries(reader: &mut Reader<'_>, node: Node, scope: &Scope<'_>) -> Vec<Entry> {
    let mut list = Vec::new();
    let mut before: Option<Key> = None;
    let members = reader.map(node, "signals");
    let named = members.iter().any(|(_, node)| matches!(node.kind, Kind::Null));
    if let Some((key, _)) = members.iter().find(|(key, node)| !named && key.name == "in" && node.scalar().is_some()) {
        let message = "a question stands here without the name of its signal";
        reader.problem(key.place, message, Some("give it one, and indent what belongs to it below: `waits:`".to_owned()));
        return list;
    }
    for (key, node) in members {
        if !key.name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            let meant: String = key.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            let help = format!("texts name it, so it is one word: `{meant}`");
            reader.problem(key.place, format!("`{}` is no name of a signal", key.name), Some(help));
        }
        if matches!(&*key.name, "any" | "all") && !matches!(node.kind, Kind::Map(_)) {
            let help =
                format!("give it a name, and a name to each signal in it: `NAME: {{{}: {{one: ..., other: ...}}}}`", key.name);
            reader.problem(key.place, "a group of signals has a name", Some(help));
            continue;
        }
        let mapping = matches!(node.kind, Kind::Map(_));
        // A name with nothing in it, and beside it what should be in it.
        if let Some(name) = before.as_ref().filter(|_| SIGNAL.contains(&&*key.name)) {
            let message = format!("`{}` stands beside the signal `{}` and not in it", key.name, name.name);
            let spaces = name.place.column as usize + 1;
            let help = format!("indent what belongs to `{}` by {spaces} spaces or more", name.name);
            reader.problem(key.place, message, Some(help));
            return list;
        }
        before = matches!(node.kind, Kind::Null).then(|| key.clone());
        if before.is_some() {
            continue;
        }
        let mut fields = reader.fields(node, "a signal");
        let ask = if let Some(members) = fields.take("any") {
            Some(Ask::Any(group(reader, members, &key, scope)))
        } else if let Some(members) = fields.take("all") {
            Some(Ask::All(group(reader, members, &key, scope)))
        } else if mapping {
            signal(reader, &mut fields, key.place, scope).map(|signal| Ask::Signal(Box::new(signal)))
        } else {
            None
        };
        fields.finish(reader);
        list.extend(ask.map(|ask| Entry { name: key.name.into_owned(), ask }));
    }
    list
}

/// The members of a group, of which there must be one.
fn group(reader: &mut Reader<'_>, node: Node, key: &Key, scope: &Scope<'_>) -> Vec<Entry> {
    if matches!(&node.kind, Kind::Map(entries) if entries.is_empty()) {
        reader.problem(key.place, format!("the group `{}` has no signal", key.name), None);
    }
    entries(reader, node, scope)
}

fn signal(reader: &mut Reader<'_>, fields: &mut Fields, place: Place, scope: &Scope<'_>) -> Option<Signal> {
    let node = fields.need(reader, "in");
    let name = node.as_ref().map(|node| reader.text(node, "in"));
    let Some(table) = name.as_deref().and_then(tables::table) else {
        if let Some((node, name)) = node.zip(name).filter(|(_, name)| !name.is_empty()) {
            reader.unknown(node.place, "table", &name, TABLES.iter().map(|table| table.name));
        }
        // What belongs to a table that is not known cannot be checked.
        for name in ["where", "by", "expect", "alone", "says", "absent", "unknown"] {
            let _ = fields.take(name);
        }
        return None;
    };
    let conditions = fields.take("where").map(|node| conditions(reader, node, table, scope)).unwrap_or_default();
    let by = fields.take("by").and_then(|node| column(reader, &node, table));
    let expect = fields.take("expect").map(|node| expect(reader, node, table, scope)).unwrap_or_default();
    let alone = fields.take("alone").is_none_or(|node| reader.bool(&node, "alone"));
    let says = fields.need(reader, "says");
    let says_at = says.as_ref().map(|node| node.place);
    let says = says.map(|node| template(reader, &node, "says", scope)).unwrap_or_default();
    let absent = fields.take("absent").map(|node| template(reader, &node, "absent", scope));
    let unknown = fields.take("unknown").map(|node| template(reader, &node, "unknown", scope));
    for (section, holds) in [("where", table.fields.iter().map(|field| field.name).collect()), ("expect", EXPECT.to_vec())] {
        for key in fields.take_misplaced(&holds) {
            let message = format!("`{}` stands beside `{section}` and not in it", key.name);
            let help = format!("below `{section}:`, indent it by {} spaces or more", key.place.column + 1);
            reader.problem(key.place, message, Some(help));
        }
    }
    if let Some(place) = says_at {
        own_variables(reader, &says, place, table, by.is_some());
    }
    Some(Signal { table, conditions, by, expect, alone, says, absent, unknown, place })
}

fn do_nots(reader: &mut Reader<'_>, node: Node, scope: &Scope<'_>) -> Vec<DoNot> {
    let mut list = Vec::new();
    for item in reader.list(node) {
        if !matches!(item.kind, Kind::Map(_)) {
            reader.map(item, "do_not");
            continue;
        }
        let mut fields = reader.fields(item, "do_not");
        let run = fields.need(reader, "run").map(|node| template(reader, &node, "run", scope));
        let why = fields.need(reader, "why").map(|node| template(reader, &node, "why", scope));
        fields.finish(reader);
        if let (Some(run), Some(why)) = (run, why) {
            list.push(DoNot { run, why });
        }
    }
    list
}

fn steps(reader: &mut Reader<'_>, node: Node, scope: &Scope<'_>) -> Vec<StepSpec> {
    reader.list(node).into_iter().filter_map(|item| step(reader, item, scope)).collect()
}

/// Reads a step that stands outside of a rule.
pub(super) fn free_step(reader: &mut Reader<'_>, node: Node) -> Option<StepSpec> {
    let params = BTreeMap::new();
    let fields = reader.fields(node, "a step");
    step_fields(reader, fields, &Scope { params: &params, signals: BTreeMap::new() })
}

fn step(reader: &mut Reader<'_>, node: Node, scope: &Scope<'_>) -> Option<StepSpec> {
    let mut fields = reader.fields(node, "a step");
    match fields.take("use") {
        Some(node) => shared_step(reader, &node, fields, scope),
        None => step_fields(reader, fields, scope),
    }
}

/// A step of plan.yaml by its name, which is looked up when every file is known; here it may only say why.
fn shared_step(reader: &mut Reader<'_>, name: &Node, mut fields: Fields, scope: &Scope<'_>) -> Option<StepSpec> {
    let why = fields.take("why").map(|node| template(reader, &node, "why", scope));
    fields.finish(reader);
    let shared = reader.text(name, "use");
    Some(StepSpec { why, shared: Some(shared), place: name.place, ..StepSpec::default() })
}

fn step_fields(reader: &mut Reader<'_>, mut fields: Fields, scope: &Scope<'_>) -> Option<StepSpec> {
    let place = fields.place;
    let phases: Vec<(&str, usize)> = PHASES.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    let phase = fields.need(reader, "phase").and_then(|node| reader.one_of(&node, "phase", &phases));
    let action = fields.need(reader, "do").map(|node| template(reader, &node, "do", scope));
    let risks = RISKS.map(|name| (name, name));
    let risk = fields.need(reader, "risk").and_then(|node| reader.one_of(&node, "risk", &risks));
    let mut text =
        |reader: &mut Reader<'_>, name: &'static str| fields.take(name).map(|node| template(reader, &node, name, scope));
    let why = text(reader, "why");
    let run = text(reader, "run");
    let letter = text(reader, "letter");
    let good = text(reader, "good");
    let undo = text(reader, "undo");
    let [waiting, bounced] =
        ["waiting", "bounced"].map(|name| fields.take(name).and_then(|node| amount(reader, &node, Measured::Number, scope)));
    let first = fields.take("do_first").is_some_and(|node| reader.bool(&node, "do_first"));
    let optional = fields.take("optional").is_some_and(|node| reader.bool(&node, "optional"));
    let severity = fields.take("severity").and_then(|node| reader.one_of(&node, "severity", &Severity::ALL));
    fields.finish(reader);
    let (phase, action, risk) = (phase?, action?, risk?);
    let (shared, place) = (None, place);
    Some(StepSpec {
        phase,
        action,
        why,
        run,
        letter,
        risk,
        good,
        undo,
        waiting,
        bounced,
        first,
        optional,
        severity,
        shared,
        place,
    })
}

fn rule_tests(reader: &mut Reader<'_>, node: Node) -> Vec<TestSpec> {
    let mut list = Vec::new();
    for item in reader.list(node) {
        let mut fields = reader.fields(item, "a test");
        let place = fields.place;
        let name = fields.need(reader, "name").map(|node| reader.text(&node, "name")).unwrap_or_default();
        let given = fields.need(reader, "given").map(|node| reader.map(node, "given")).unwrap_or_default();
        let given = given.into_iter().map(|(key, node)| (key.name.into_owned(), reader.text(&node, "evidence"))).collect();
        let results = ["confirmed", "likely", "possible", "no", "unknown"].map(|name| (name, name));
        // Without quotes `no` is a truth value, and means the same here.
        let expect = fields.need(reader, "expect").and_then(|node| match node.kind {
            Kind::Bool(false, _) => Some("no"),
            Kind::Bool(true, _) => {
                let help = "`likely` where all that is required is met, `confirmed` where other evidence says so, too";
                reader.problem(node.place, "how sure the rule shall be is not said", Some(help.to_owned()));
                None
            }
            _ => reader.one_of(&node, "expect", &results),
        });
        fields.finish(reader);
        list.push(TestSpec { name, given, expect: expect.unwrap_or("no").to_owned(), file: reader.file.to_owned(), place });
    }
    list
}
