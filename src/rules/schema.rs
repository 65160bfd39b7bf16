//! JSON Schema of every kind of rule file, for editors: made from the tables, phases, risks, severities and voices that
//! loading uses; a test holds its fields against those that the readers take.

use super::matchers::MATCHERS;
use super::model::{PHASES, RISKS, Severity};
use super::secrets::conditions::CONDITIONS;
use crate::said::Voice;
use crate::tables::{Field, TABLES, Table, Type};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The kinds of files that have a schema.
pub const KINDS: [&str; 8] = ["rule", "reasons", "evidence", "buckets", "providers", "plan", "collection", "secrets"];

/// The schema of one kind of file; none if there is no such kind.
pub fn of(kind: &str) -> Option<Value> {
    let (title, body) = match kind {
        "rule" => ("A cause, or a change of one by its id", rule()),
        "reasons" => ("What was said: phrases and codes of one text", list(reason())),
        "evidence" => ("A kind of evidence", evidence()),
        "buckets" => ("The groups of causes", list(bucket())),
        "providers" => ("Large providers", list(provider())),
        "plan" => ("The plan's own steps and words", plan()),
        "collection" => ("What failed commands print", list(failed())),
        "secrets" => ("What is hidden always", list(secret())),
        _ => return None,
    };
    let mut schema = json!({ "$schema": "http://json-schema.org/draft-07/schema#", "title": title });
    let (Value::Object(schema_fields), Value::Object(body)) = (&mut schema, body) else { return None };
    schema_fields.extend(body);
    if kind == "rule" {
        schema_fields.insert("definitions".to_owned(), definitions());
    }
    Some(schema)
}

/// A mapping with these fields and no others.
fn mapping(required: &[&str], fields: Value) -> Value {
    let mut schema = json!({ "type": "object", "additionalProperties": false, "required": required });
    schema["properties"] = fields;
    schema
}

/// A text of this form.
fn text_like(doc: &str, pattern: &str) -> Value {
    json!({ "type": "string", "description": doc, "pattern": pattern })
}

fn list(item: Value) -> Value {
    let mut schema = json!({ "type": "array" });
    schema["items"] = item;
    schema
}

fn text(doc: &str) -> Value {
    json!({ "type": "string", "description": doc })
}

/// One scalar or a list of them.
fn one_or_more(doc: &str) -> Value {
    let scalar = ["string", "number", "boolean"];
    json!({ "description": doc, "oneOf": [{ "type": scalar }, { "type": "array", "items": { "type": scalar } }] })
}

/// `schema`, and what it is for.
fn described(doc: &str, mut schema: Value) -> Value {
    schema["description"] = Value::String(doc.to_owned());
    schema
}

fn one_of(doc: &str, words: &[&str]) -> Value {
    json!({ "description": doc, "enum": words })
}

/// An amount, its numbers with one of these units; or a parameter.
fn amount(doc: &str, units: &str, examples: &str) -> Value {
    let number = format!(r"[0-9][0-9._]*( ?({units}))?");
    json!({
        "description": format!("{doc}: {examples}, $parameter"),
        "type": ["string", "number"],
        "minimum": 0,
        "pattern": format!(r"^ *([<>=]=?)? *{number}\+? *$|^ *{number} *\.\. *{number} *$|^\$"),
    })
}

/// A whole number of things.
fn number(doc: &str) -> Value {
    let mut amount = amount(doc, "", "3 or 3+ (at least), =3, <3, <=3, >3, 2..5, 0 (none)");
    amount["type"] = json!(["string", "integer"]);
    amount["pattern"] = json!(r"^ *([<>=]=?)? *[0-9_]+\+? *$|^ *[0-9_]+ *\.\. *[0-9_]+ *$|^\$");
    amount
}

/// Units of time, as [`super::amount`] reads them.
const TIMES: &str = "s|sec|seconds?|m|min|minutes?|h|hours?|d|days?|w|weeks?";

fn voices(doc: &str) -> Value {
    let names: Vec<&str> = Voice::ALL.iter().map(|(name, _)| *name).collect();
    json!({ "description": doc, "oneOf": [{ "enum": names }, { "type": "array", "items": { "enum": names } }] })
}

fn rule() -> Value {
    let severities: Vec<&str> = Severity::ALL.iter().map(|(name, _)| *name).collect();
    let signals =
        |doc: &str| json!({ "description": doc, "type": "object", "additionalProperties": { "$ref": "#/definitions/signal" } });
    let mut rule = mapping(
        &["id"],
        json!({
            "id": text_like("Also the file's name. The id of a rule of an earlier folder replaces it; with nothing but params or enabled it changes it", "^[A-Za-z0-9._-]+$"),
            "enabled": { "type": "boolean", "description": "false switches the rule off" },
            "bucket": text("Only where the folder does not tell it"),
            "title": text("What is wrong, in a few words (template)"),
            "consequence": text("What follows from it, for the headline (template): \"TITLE: CONSEQUENCE since 12 Nov 06:14\", so it says has or have"),
            "impact": text("What people notice of it, in a few words (template): 15 clients turned away. It is \"How big\", too, where no mail waits for it"),
            "severity": one_of("How bad it is", &severities),
            "outlasts": { "type": "boolean", "description": "Whether it stays when the cause that it follows from is gone, so that its repair is a part of the plan, too" },
            "role": one_of("note: worth telling, no outbound problem", &["cause", "note"]),
            "summary": text("One or two sentences (Markdown template)"),
            "requires": signals("All must be met"),
            "supports": signals("Each met one from another table than the required ones lifts likely to confirmed"),
            "contradicts": signals("A met one lowers to possible, and is shown"),
            "explains": one_or_more("Ids of causes that follow from this one"),
            "accounts_for": {
                "description": "Which failures it explains; of a list, those for which one of its entries holds",
                "oneOf": [{ "$ref": "#/definitions/where-failures" }, list(json!({ "$ref": "#/definitions/where-failures" }))]
            },
            "params": { "type": "object", "description": "Thresholds: $name in where and expect", "additionalProperties": { "type": ["string", "number", "boolean"] } },
            "do_not": described("Commands that people reach for, and why not (yet)", list(mapping(&["run", "why"], json!({
                "run": text("A command that people reach for"),
                "why": text("Why not (yet)"),
            })))),
            "remedy": described("What to do, step by step", list(step_or_shared())),
            "references": one_or_more("Where to read on"),
            "tests": described("Evidence, and what becomes of the rule with it: one that fires, one that does not", list(mapping(&["name", "given", "expect"], json!({
                "name": text("What the test shows"),
                "given": { "type": "object", "description": "Kind of evidence: its text", "additionalProperties": { "type": "string" } },
                "expect": one_of("What becomes of the rule", &["confirmed", "likely", "possible", "no", "unknown"]),
            })))),
        }),
    );
    // A file that only changes a rule has nothing else.
    rule["anyOf"] = json!([
        { "required": ["title", "summary", "requires"], "properties": { "requires": { "minProperties": 1 } } },
        { "propertyNames": { "enum": ["id", "params", "enabled", "tests"] } },
    ]);
    rule
}

fn step() -> Value {
    mapping(
        &["phase", "do", "risk"],
        json!({
            "phase": one_of("When: drain steps stay locked behind fix and verify", &PHASES),
            "do": text("What to do; the first sentence is the step's title (Markdown template)"),
            "why": text("Why, in one line"),
            "run": text("Commands (template; every value is quoted for the shell)"),
            "letter": text("A text to send as it is, to a provider's support or to the senders (plain text template)"),
            "risk": one_of("What it can break", &RISKS),
            "good": text("What a good result looks like"),
            "undo": text("How to go back"),
            "waiting": number("Waiting recipients from which on it is wanted"),
            "bounced": number("Recipients whose mail its causes returned, from which on it is wanted"),
            "do_first": { "type": "boolean", "description": "Whether it stands under \"Do first\" for its cause, instead of the first fix" },
            "optional": { "type": "boolean", "description": "Whether it is for a case that may not be there, which its text names: no step waits for it" },
            "severity": one_of("How bad a cause must be, at least, for it to be wanted", &Severity::ALL.map(|(name, _)| name)),
        }),
    )
}

/// A step of a remedy: its own, or one of plan.yaml by name.
fn step_or_shared() -> Value {
    let mut step = step();
    step["properties"]["use"] = text("A step that stands in plan.yaml under `shared`; beside it only `why` may stand");
    let own = step["required"].take();
    step["oneOf"] = json!([{ "required": own }, { "required": ["use"] }]);
    step["required"] = json!([]);
    step
}

/// Signals, and what may stand in `where` of each table.
fn definitions() -> Value {
    let mut found = Map::new();
    let tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let by_table: Vec<Value> = TABLES
        .iter()
        .map(|table| {
            let names: Vec<&str> = table.fields.iter().map(|field| field.name).collect();
            json!({
                "if": { "properties": { "in": { "const": table.name } }, "required": ["in"] },
                "then": { "properties": {
                    "where": { "$ref": format!("#/definitions/where-{}", table.name) },
                    "by": { "enum": names },
                    "expect": { "properties": {
                        "share_of": { "$ref": format!("#/definitions/where-{}", table.name) },
                        "distinct": { "propertyNames": { "enum": names } },
                    } },
                } },
            })
        })
        .collect();
    let mut signal = mapping(
        &[],
        json!({
            "in": { "enum": tables, "description": "The table that is asked" },
            "where": { "type": "object", "description": "Which records" },
            "by": text("Ask it for each value of this field"),
            "expect": described("How many such records it takes; without it, one", expect()),
            "alone": { "description": "no: while all else that is required is unknown, it does not make the cause possible, since other causes show it, too", "type": "boolean" },
            "says": text("The statement when it is met (Markdown template)"),
            "absent": text("Under `contradicts`: what was looked for and not found (Markdown template)"),
            "unknown": text("The statement when its evidence was not collected"),
            "any": { "type": "object", "minProperties": 1, "description": "One of these must be met", "additionalProperties": { "$ref": "#/definitions/signal" } },
            "all": { "type": "object", "minProperties": 1, "description": "All of these must be met", "additionalProperties": { "$ref": "#/definitions/signal" } },
        }),
    );
    signal["allOf"] = Value::Array(by_table);
    signal["oneOf"] = json!([{ "required": ["in", "says"] }, { "required": ["any"] }, { "required": ["all"] }]);
    found.insert("signal".to_owned(), signal);
    for table in TABLES {
        found.insert(format!("where-{}", table.name), conditions(table));
    }
    found.insert("matcher".to_owned(), matcher());
    Value::Object(found)
}

fn expect() -> Value {
    let moment = r"^.+\.(first|last)$";
    let within = format!(r"^[0-9][0-9._]* ?({TIMES})?$|^\$");
    let mut expect = mapping(
        &[],
        json!({
            "count": number("How many records"),
            "distinct": { "type": "object", "description": "How many different values of a field", "additionalProperties": number("How many") },
            "share": amount("Their part of the records that share_of takes", "%", "50%+, <10%, 100%"),
            "share_of": { "type": "object", "description": "Of which records; default all of the table" },
            "rate": amount("Records an hour", "/h", "100+, <10"),
            "lasting": amount("Time from the first to the last", TIMES, "30s, 5m+, 2h, <1d"),
            "within": { "description": "Only records of the last so much of the evidence, such as 24h", "type": ["string", "number"], "pattern": within },
            "after": text_like("Only records after SIGNAL.first or SIGNAL.last", moment),
            "before": text_like("Only records before SIGNAL.first or SIGNAL.last", moment),
            "collected": { "description": "Nothing but whether such evidence was collected: no is met where it was not", "type": "boolean" },
        }),
    );
    expect["dependencies"] = json!({ "share_of": ["share"] });
    expect
}

fn conditions(table: &Table) -> Value {
    let fields: Map<String, Value> = table
        .fields
        .iter()
        .map(|field| {
            let doc = format!("{} ({})", field.doc, field.type_words());
            (field.name.to_owned(), json!({ "description": doc, "anyOf": values(field) }))
        })
        .collect();
    let mut schema = mapping(&[], Value::Object(fields));
    schema["description"] = Value::String(table.doc.trim().to_owned());
    schema
}

/// What a field may be asked to be: one of its values, a list of them, or a matcher.
fn values(field: &Field) -> Value {
    let matcher = json!({ "type": "object", "allOf": [{ "$ref": "#/definitions/matcher" }] });
    let parameter = json!({ "type": "string", "pattern": r"^\$" });
    let scalar = match field.ty {
        Type::Bool => json!({ "enum": [true, false, "yes", "no", "on", "off"] }),
        Type::Int | Type::Number => json!({ "type": ["number", "string"], "pattern": r"^-?[0-9._]+$" }),
        _ if !field.words.is_empty() => json!({ "enum": field.words }),
        _ => return json!([{ "$ref": "#/definitions/matcher" }]),
    };
    let items = json!({ "anyOf": [scalar, parameter] });
    json!([scalar, parameter, { "type": "array", "minItems": 1, "items": items }, matcher])
}

/// What a number or time is compared with.
const COMPARED: &str = "number with unit (5m, 50%, 20 MB), or a reference as with same_as, such as settings.message_size_limit";

fn matcher() -> Value {
    let docs = [
        "does not hold",
        "regex, case does not matter",
        "text or list",
        "text or list",
        "text or list",
        COMPARED,
        COMPARED,
        COMPARED,
        COMPARED,
        "CIDR networks",
        "whether the evidence did not give it",
        "host.fqdn, settings.NAME, TABLE.FIELD, SIGNAL.key, SIGNAL.keys, SIGNAL.first.FIELD",
        "both known, and different",
    ];
    let words: Map<String, Value> = MATCHERS
        .iter()
        .zip(docs)
        .map(|(name, doc)| {
            let value = match *name {
                "not" => json!({ "description": doc, "allOf": [{ "$ref": "#/definitions/matcher" }] }),
                "missing" => json!({ "description": doc, "type": "boolean" }),
                "matches" => json!({ "description": doc, "type": ["string", "number", "boolean"] }),
                "gte" | "lte" | "gt" | "lt" => json!({ "description": doc, "type": ["number", "string"], "pattern": r"^-?[0-9]|^\$|^[A-Za-z].*\." }),
                "same_as" | "differs_from" => text_like(doc, r"^.+\..+$"),
                "in_network" => {
                    let network = json!({ "type": "string", "pattern": r"^([0-9.]+(/([0-9]|[12][0-9]|3[0-2]))?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/[0-9]{1,3})?)$" });
                    json!({ "description": doc, "oneOf": [network, { "type": "array", "items": network }] })
                }
                _ => one_or_more(doc),
            };
            ((*name).to_owned(), value)
        })
        .collect();
    let mut matcher = mapping(&[], Value::Object(words));
    matcher["minProperties"] = json!(1);
    json!({ "oneOf": [one_or_more("equal to it, or to one of them"), matcher] })
}

fn reason() -> Value {
    let only = mapping(
        &[],
        json!({
            "voice": voices("Who speaks"),
            "provider": one_or_more("Provider ids"),
            "enhanced": one_or_more("Enhanced status codes"),
            "code": one_or_more("Reply codes"),
            "stage": one_or_more("SMTP commands or phases"),
            "daemon": one_or_more("Daemons"),
        }),
    );
    mapping(
        &["class"],
        json!({
            "class": text("Reason class; several entries may name the same"),
            "enabled": { "type": "boolean", "description": "false takes away the entries that earlier folders have for the class" },
            "bucket": text("Bucket id, or other"),
            "title": text("How reports call the class; once a class"),
            "voice": voices("Who speaks"),
            "provider": one_or_more("Provider ids; the entry wins over entries without"),
            "any": one_or_more("Regexes of which one must match; case does not matter"),
            "hints": one_or_more("Regexes of words that say little: they decide when neither a phrase nor an enhanced code does"),
            "unless": one_or_more("Regexes of which none may match"),
            "enhanced": one_or_more("Enhanced status codes that decide alone when no phrase does"),
            "code": one_or_more("Reply codes, or enhanced codes that say little: they decide when nothing better does"),
            "only": described("The entry applies only then", only),
            "examples": one_or_more("Texts that it takes; each is a test"),
            "not": one_or_more("Texts that it must not take; each is a test"),
        }),
    )
}

fn evidence() -> Value {
    let tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let answers = mapping(
        &["table"],
        json!({ "table": { "enum": tables, "description": "The table that is asked" }, "where": { "type": "object", "description": "Which questions: field and value, or any" } }),
    );
    let columns: BTreeSet<&str> = TABLES.iter().flat_map(|table| table.fields.iter().map(|field| field.name)).collect();
    let mut evidence = mapping(
        &["kind", "title"],
        json!({
            "kind": text("Id"),
            "title": text("What it is, in words"),
            "parser": one_of("What reads it; pattern needs no Rust", super::kinds::PARSERS),
            "table": { "enum": tables, "description": "Table that it mainly feeds" },
            "names": one_or_more("File names that suggest it, with * ? [...]"),
            "content": one_or_more("Regexes that show a text to be of this kind"),
            "content_if_named": one_or_more("Regexes that show it only in a file whose name suggests it, too"),
            "empty": one_of("What an empty file means", &["unknown", "collected"]),
            "collect": described("How it is collected", list(mapping(&["run", "save"], json!({
                "run": text("The command, as a report shows it"),
                "save": text("File name to save it under"),
                "script": text("The same in the collector script"),
                "network": { "type": "boolean", "description": "Whether it sends packets to other machines" },
                "always": { "type": "boolean", "description": "Whether it is collected also where only some evidence is wanted: the rest cannot be read without it" },
                "answers": { "description": "Which questions of rules it answers", "oneOf": [answers.clone(), list(answers)] },
            })))),
            "companions": described("Programs whose lines in the mail log are read where they tell of trouble", list(mapping(&["names", "says"], json!({
                "names": one_or_more("Programs beside Postfix, as they call themselves in a log"),
                "level": one_of("Level of what they say, in the table diagnostics", &["warning", "error", "fatal"]),
                "begins": one_or_more("How a line begins by which they tell of trouble; upper and lower case count"),
                "says": one_or_more("Texts of which one stands in such a line; upper and lower case count"),
            })))),
            "pattern": described("For the parser pattern: how lines become records", mapping(&[], json!({
                "lines": forms("Forms of a line; named groups are fields", &tables),
                "command": forms("Forms of the command line or of the file's path; their fields are those of every record", &tables),
                "above": forms("Forms of lines whose fields are those of the records below them", &tables),
                "columns": { "type": "object", "description": "Header word: field", "additionalProperties": { "enum": columns } },
                "set": { "type": "object", "description": "Fields that every record has" },
                "skip": one_or_more("Lines that say nothing, asked before lines"),
                "foreign": one_or_more("Lines that are known where no form takes them, such as those of other programs"),
            }))),
        }),
    );
    let of_pattern = json!({ "properties": { "parser": { "const": "pattern" } }, "required": ["parser"] });
    evidence["allOf"] = json!([{ "if": of_pattern, "then": { "required": ["pattern", "table"] } }]);
    evidence["anyOf"] = json!([{ "required": ["parser"] }, { "required": ["companions"] }]);
    evidence
}

/// Forms of a line: regexes, or mappings with what such a line tells by its form.
fn forms(doc: &str, tables: &[&str]) -> Value {
    let form = mapping(
        &["line"],
        json!({
            "line": text("Regex; named groups are fields"),
            "set": { "type": "object", "description": "Fields that such a line tells by its form" },
            "table": { "enum": tables, "description": "Table that its record belongs to, if it is another" },
        }),
    );
    let item = json!({ "oneOf": [text("Regex"), form] });
    json!({ "description": doc, "oneOf": [item.clone(), list(item)] })
}

fn bucket() -> Value {
    mapping(
        &["id", "title", "says"],
        json!({
            "id": text("Id, also the folder's name"),
            "title": text("Name for people"),
            "says": text("One sentence"),
            "hopeless": { "type": "boolean", "description": "Its failures end in a bounce whatever else is repaired" },
        }),
    )
}

fn provider() -> Value {
    mapping(
        &["id"],
        json!({
            "id": text("Id that rules use"),
            "title": text("Name for people"),
            "mx": one_or_more("Suffixes of its mail exchangers' names"),
            "domains": one_or_more("Recipient domains"),
        }),
    )
}

/// Commands, and what runs them.
fn through(which: &str) -> Value {
    mapping(
        &["commands", "through"],
        json!({
            "commands": { "type": "array", "description": which, "items": { "type": "string" } },
            "paths": { "type": "array", "description": "Directories that are there: a command that names a file in one belongs there", "items": { "type": "string" } },
            "through": text("What runs them there; NAME stands for its name"),
        }),
    )
}

fn plan() -> Value {
    let words = json!({ "id": text("Id"), "title": text("Name for people"), "says": text("What it is for") });
    mapping(
        &[],
        json!({
            "phases": described("The phases of the plan, in order", list(mapping(&["id", "title"], words))),
            "pause": described("The step that stops deliveries before a lifted cause lets mail bounce", step()),
            "resume": described("The step that lets them go on", step()),
            "shared": { "type": "object", "description": "Steps that many remedies end in, which take them with `use: NAME`; a plan has each once, after the causes' own", "additionalProperties": step() },
            "always": described("Steps of every plan", list(step())),
            "and_more": text("How a sentence of a rule ends that names some of many; {n} is the number of the others"),
            "show_log": described("What {{show_log}} is, by the log that was collected; the first that fits", list(mapping(&["run"], json!({
                "file": text("Regex: name of the log in the bundle; without it, any"),
                "run": text("The command that shows it"),
            })))),
            "systems": described("What commands are called on other systems", list(mapping(&["instead"], json!({
                "os": text("Regex: name of the operating system or distribution"),
                "program": text("Regex: a program that runs there"),
                "instead": { "type": "object", "description": "What the rules write: what it is there; NAME stands for each name behind it", "additionalProperties": text("Command") },
            })))),
            "moves_mail": { "type": "array", "description": "Commands that move waiting mail: where none waits, nobody is warned of them", "items": { "type": "string" } },
            "directories": { "type": "object", "description": "Directories of Postfix as the rules write them: the parameter of main.cf that says where they are", "additionalProperties": text("Parameter") },
            "instances": described("How commands are run for one of several instances of Postfix", through("Commands that belong to an instance of Postfix")),
            "containers": described("How commands are run in a container", through("Commands that are run in Postfix's container")),
            "flush_warning": described("The warning against flushing too early", mapping(&["run", "why"], json!({ "run": text("The command"), "why": text("Why not (yet)") }))),
        }),
    )
}

fn failed() -> Value {
    mapping(
        &["outcome", "says", "any"],
        json!({
            "outcome": text("Outcome, as the table collection has it"),
            "says": text("The same in words"),
            "any": one_or_more("Lines that show it; the group command names the command"),
        }),
    )
}

fn secret() -> Value {
    let conditions: Vec<&str> = CONDITIONS.iter().map(|(name, _)| *name).collect();
    mapping(
        &["kind"],
        json!({
            "kind": text("What it is, in words, as reports tell that it was there"),
            "words": one_or_more("Tokens that tell by themselves what they are, each a regex that begins where a word does; all of it is hidden"),
            "any": one_or_more("Regexes over one line; what the group secret takes is hidden: password=(?P<secret>[^ ]+)"),
            "files": one_or_more("Parts of names of files: of each line KEY NAME:VALUE in such a file the value is hidden"),
            "if": one_of("Whether what the group takes is a secret at all", &conditions),
            "examples": one_or_more("Texts; what must be hidden of them stands between « and »"),
            "not": one_or_more("Texts of which nothing may be hidden"),
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::load::Loader;
    use crate::rules::yaml::BuiltIn;
    use std::collections::BTreeMap;

    /// The fields of a mapping in the schema.
    fn fields<'v>(value: &'v Value, path: &str) -> BTreeSet<&'v str> {
        let found = value.pointer(path).and_then(Value::as_object).unwrap_or_else(|| panic!("{path}"));
        found.keys().map(String::as_str).collect()
    }

    #[test]
    fn the_schemas_have_the_fields_that_loading_takes() {
        let taken: BTreeMap<&str, BTreeSet<&str>> = Loader::folders(&[], BuiltIn::Checked).taken;
        let schemas: BTreeMap<&str, Value> = KINDS.iter().map(|kind| (*kind, of(kind).expect("a schema"))).collect();
        for (what, kind, path) in [
            ("a rule", "rule", "/properties"),
            ("a signal", "rule", "/definitions/signal/properties"),
            ("expect", "rule", "/definitions/signal/properties/expect/properties"),
            ("a step", "rule", "/properties/remedy/items/properties"),
            ("a test", "rule", "/properties/tests/items/properties"),
            ("do_not", "rule", "/properties/do_not/items/properties"),
            ("a reason", "reasons", "/items/properties"),
            ("only", "reasons", "/items/properties/only/properties"),
            ("a kind of evidence", "evidence", "/properties"),
            ("collect", "evidence", "/properties/collect/items/properties"),
            ("pattern", "evidence", "/properties/pattern/properties"),
            ("a form of a line", "evidence", "/properties/pattern/properties/lines/oneOf/0/oneOf/1/properties"),
            ("a bucket", "buckets", "/items/properties"),
            ("a provider", "providers", "/items/properties"),
            ("plan.yaml", "plan", "/properties"),
            ("a log", "plan", "/properties/show_log/items/properties"),
            ("a way to fail", "collection", "/items/properties"),
            ("a secret", "secrets", "/items/properties"),
        ] {
            assert_eq!(taken[what], fields(&schemas[kind], path), "{what}");
        }
    }

    #[test]
    fn editors_are_told_what_every_field_is_for() {
        fn visit(schema: &Value, path: &str, bare: &mut Vec<String>) {
            for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let path = format!("{path}/{name}");
                if field.get("description").is_none() {
                    bare.push(path.clone());
                }
                visit(field, &path, bare);
            }
            for inner in ["items", "additionalProperties"].iter().filter_map(|name| schema.get(name)) {
                visit(inner, path, bare);
            }
            for inner in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
                visit(inner, path, bare);
            }
            for (name, inner) in schema.get("definitions").and_then(Value::as_object).into_iter().flatten() {
                visit(inner, &format!("{path}/{name}"), bare);
            }
        }
        let mut bare = Vec::new();
        KINDS.iter().for_each(|kind| visit(&of(kind).expect("a schema"), kind, &mut bare));
        assert!(bare.is_empty(), "no description: {bare:?}");
    }

    #[test]
    fn every_shipped_file_names_its_schema_for_editors() {
        for (path, text, _) in crate::embedded::RULES.iter().filter(|(path, ..)| path.ends_with(".yaml")) {
            let (up, kind) = match path.split_once('/') {
                Some((folder @ ("reasons" | "evidence"), _)) => ("../", folder),
                Some(_) => ("../", "rule"),
                None => ("", path.trim_end_matches(".yaml")),
            };
            let line = format!("# yaml-language-server: $schema={up}schema/{kind}.json");
            assert_eq!(text.lines().next(), Some(line.as_str()), "the first line of rules/{path}");
        }
    }

    #[test]
    fn the_shipped_schema_files_are_these() {
        for kind in KINDS {
            let path = format!("{}/rules/schema/{kind}.json", env!("CARGO_MANIFEST_DIR"));
            let made = serde_json::to_string_pretty(&of(kind).expect("a schema")).expect("JSON") + "\n";
            let shipped = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(shipped == made, "{path} is not what is made now; make it again: postdoc rules schema -o rules/schema");
        }
    }
}
