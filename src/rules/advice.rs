//! What to write instead of what beginners and users of other tools write.

/// What the YAML parser says, in words for whom has no parser in mind, with what is most often the remedy; `before` is the line
/// before, where the mistake often stands.
pub(super) fn in_our_words(message: &str, line: &str, before: &str) -> (String, Option<String>) {
    let help = |text: &str| Some(text.to_owned());
    let value = line.split_once(": ").map_or("", |(_, value)| value.trim_start());
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_name =
        |line: &str| line.split_once(": ").is_some_and(|(name, _)| !name.trim_start().trim_start_matches("- ").contains(' '));
    let above = before.trim();
    let (name, rest) = above.trim_start_matches("- ").split_once(':').unwrap_or((above, ""));
    let block = above.ends_with(['|', '>']) || above.ends_with("|-") || above.ends_with(">-");
    // Of an item of a list, its first name.
    let indent_above = indent(before) + if above.starts_with("- ") { 2 } else { 0 };
    match message {
        // The first line of the text already stands too far left.
        said if block && indent(line) <= indent_above && !said.contains("tab") => (
            format!("the text of `{name}` is not indented"),
            Some(format!("begin its lines with {} spaces or more, below `{above}`", indent_above + 2)),
        ),
        said if said.contains("expected '-' indicator") => (
            "this is no item of the list above it".to_owned(),
            Some(format!(
                "what belongs to the item is indented as its first word: `{}{}`",
                " ".repeat(indent(line) + 2),
                line.trim()
            )),
        ),
        said if line.trim_start().starts_with("```") => {
            (said.to_owned(), help("a fence of Markdown is no part of the file: leave it out, here and at the end"))
        }
        said if said.contains("while scanning an anchor") && line.trim_start().starts_with("* ") => {
            ("a `*` begins no item of a list".to_owned(), help("an item begins with `- `"))
        }
        said if said.contains("unknown anchor") && line.trim_start().starts_with("<<") => (
            "`*` names what `&` marked before, and nothing is marked so".to_owned(),
            help("a rule file stands by itself: write out what is wanted from elsewhere"),
        ),
        said if said.contains("unknown anchor") => (
            "`*` names what `&` marked before, and nothing is marked so".to_owned(),
            help("a text that begins with `*` stands in quotes"),
        ),
        said if said.contains("recursive references") => (
            "what `*` names here is not complete yet: it would hold itself".to_owned(),
            help("write out what is wanted in this place"),
        ),
        said if said.contains("after single-quoted scalar") => {
            let odd = |line: &str| line.matches('\'').count() % 2 == 1;
            let help = match value.trim_end().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
                Some(inner) if odd(line) => {
                    format!("an apostrophe in single quotes is written twice: `'{}'`", inner.replace('\'', "''"))
                }
                _ => "an opening `'` above has no closing one in its line; an apostrophe in single quotes is written twice"
                    .to_owned(),
            };
            ("a text in single quotes ended before this".to_owned(), Some(help))
        }
        said if said.contains("unexpected character") && line.contains(char::is_control) => {
            ("a character that nobody sees stands here".to_owned(), help("take it out: write the line anew"))
        }
        said if said.contains("unexpected character") => {
            let c = said.rsplit('`').next().unwrap_or_default().trim_end_matches('\'');
            let c = if c.is_empty() { "a backtick".to_owned() } else { format!("`{c}`") };
            (said.to_owned(), Some(format!("a text that begins with {c} stands in quotes")))
        }
        said if said.contains("expected ',' or") && before.matches(['{', '[']).count() > before.matches(['}', ']']).count() => {
            (said.to_owned(), help("nothing closes the bracket in the line before"))
        }
        said if said.contains("expected ',' or") && line.contains("${") => {
            (said.to_owned(), help("a parameter is written without braces: `$name`"))
        }
        said if said.contains("expected ',' or") => (
            said.to_owned(),
            help("commas part what stands in brackets; a text with a comma, a colon or a bracket in it stands in quotes"),
        ),
        said if said.contains("mapping values are not allowed") && above.starts_with('-') && !above.starts_with("- ") => {
            (said.to_owned(), Some(format!("the line before needs a space after its dash: `- {}`", &above[1..])))
        }
        said if said.contains("mapping values are not allowed")
            && !name.contains(' ')
            && !rest.is_empty()
            && !rest.starts_with(' ') =>
        {
            (said.to_owned(), Some(format!("the line before needs a space after its colon: `{name}: {rest}`")))
        }
        said if said.contains("mapping values are not allowed")
            && indent(line) > indent_above
            && is_name(line)
            && !rest.trim().is_empty() =>
        {
            (
                "this line is indented deeper than the one above it, which has its value already".to_owned(),
                help("names that belong together begin in the same column"),
            )
        }
        // A line of a log beside its name, which is the first word.
        said if said.contains("mapping values are not allowed") && value.contains(": ") && is_name(line) => {
            let name = line.split_once(": ").map_or("", |(name, _)| name).trim();
            let help = format!("a text with `: ` in it stands in quotes, or indented below `{name}: |`");
            (said.to_owned(), Some(help))
        }
        said if said.contains("mapping values are not allowed") && above.ends_with(':') && indent(line) > indent(before) => {
            (said.to_owned(), Some(format!("a text as long as a line begins with `|` in the line before: `{above} |`")))
        }
        said if said.contains("duplicate mapping key") => {
            (said.replace(", set DuplicateKeyPolicy in Options if acceptable", ""), None)
        }
        said if said.contains("multiple YAML documents") => {
            ("a second document begins here".to_owned(), help("one file holds one: put what follows into a file of its own"))
        }
        said if said.contains("tabs disallowed") || (said.contains("tab") && line.starts_with('\t')) => {
            ("a tab in the indentation".to_owned(), help("indent with spaces"))
        }
        said if said.contains("simple key expected ':'") => {
            (said.to_owned(), help("between a name and its value stand a colon and a space"))
        }
        said if said.contains("mapping values are not allowed") => {
            (said.to_owned(), help("a text with `: ` in it stands in quotes; otherwise look at the indentation"))
        }
        said if said.contains("did not find expected key") && line.trim_start().starts_with("- ") => (
            "this is an item of a list, and what stands above it in this column is none".to_owned(),
            help("of a list each item begins with `- `, of a mapping none does"),
        ),
        said if said.contains("may not precede any of") => (
            "no space stands between this colon and its value".to_owned(),
            help("between a name and its value stand a colon and a space"),
        ),
        said if said.contains("misplaced bracket") => {
            ("this bracket closes nothing".to_owned(), help("leave it out, or open it before"))
        }
        said if said.contains("did not find expected key") => {
            (said.to_owned(), help("indent it by as many spaces as the lines beside it"))
        }
        said if said.contains("unknown escape") || said.contains("hexadecimal number") => {
            (said.to_owned(), help("write it in single quotes, where a backslash stands for itself"))
        }
        said if value.starts_with("{{") => (said.to_owned(), help("a text that begins with `{{` stands in quotes")),
        said if value.contains("{{") => {
            (said.to_owned(), help("a text with `{{` in it stands in quotes; an amount names a parameter as `$name`"))
        }
        said => (said.to_owned(), None),
    }
}

/// What a mapping looks like, by what it is called.
const MAPPINGS: [(&str, &str); 14] = [
    ("answers", "such as `answers: {table: logins}`"),
    ("collect", "such as `- {run: last -n 30, save: last.txt, answers: {table: logins}}`"),
    ("columns", "header word: field, such as `columns: {Filesystem: device, Size: size}`"),
    ("a step", "such as `- {phase: fix, do: Open the port., risk: safe, good: '`succeeded`'}`"),
    ("a log", "such as `- {file: mail.log, run: tail -n 100 /var/log/mail.log}`"),
    ("do_not", "such as `- {run: postqueue -f, why: 'Every retry ends as the one before.'}`"),
    ("where", "such as `where: {outcome: waiting}`"),
    ("expect", "such as `expect: {count: 3+}`"),
    ("distinct", "such as `distinct: {provider: 3+}`"),
    ("params", "such as `params: {min_recipients: 3}`"),
    ("given", "such as `given: {maillog: ...}`"),
    ("signals", "each signal has a name: `waits: {in: failures, ...}`, without a dash"),
    ("a signal", "such as `waits: {in: failures, where: {outcome: waiting}, says: ...}`"),
    ("a rule", "it begins with `id: ...`; a list of reasons stands in the folder `reasons/`"),
];

/// What a mapping of this name looks like.
pub(super) fn mapping(what: &str) -> Option<&'static str> {
    MAPPINGS.iter().find(|(name, _)| *name == what).map(|(_, help)| *help)
}

/// What a field holds that must be there and is not.
const NEEDED: [(&str, &str, &str); 10] = [
    ("a signal", "in", "the table that is asked: `in: failures`; `postdoc rules fields` shows them"),
    ("a signal", "says", "what a report says when it is met: `says: '{{count}} recipients wait'`"),
    ("a step", "phase", "contain, fix, verify, drain or prevent"),
    ("a step", "do", "what its reader shall do, in a sentence"),
    ("a step", "risk", "read-only, safe, caution or destructive"),
    ("a test", "name", "what the test shows, in a few words"),
    ("a test", "given", "kind of evidence and its text: `given: {maillog: ...}`"),
    ("a test", "expect", "confirmed, likely, possible, no or unknown"),
    ("a reason", "class", "what rules call it: letters, digits and dashes"),
    ("a reason", "bucket", "the group of causes that it speaks of; buckets.yaml has them"),
];

/// What the field `name` of `what` holds.
pub(super) fn needed(what: &str, name: &str) -> Option<&'static str> {
    NEEDED.iter().find(|(of, known, _)| (*of, *known) == (what, name)).map(|(.., help)| *help)
}

/// The rules of other tools, by the fields at their top.
const FOREIGN: [(&[&str], &str); 6] = [
    (&["groups"], "Prometheus"),
    (&["logsource"], "Sigma"),
    (&["detection"], "Sigma"),
    (&["rules"], "Semgrep, Prometheus or Falco"),
    (&["info", "requests"], "Nuclei"),
    (&["info", "http"], "Nuclei"),
];

/// The tool whose rule begins with these fields.
pub(super) fn foreign(keys: &[&str]) -> Option<&'static str> {
    let ours = ["requires", "summary", "remedy"].iter().any(|key| keys.contains(key));
    FOREIGN.iter().find(|(fields, _)| !ours && fields.iter().all(|field| keys.contains(field))).map(|(_, tool)| *tool)
}

/// `FIELD > VALUE` in one text, as a condition.
pub(super) fn comparison(text: &str) -> Option<String> {
    let (name, how, value) = [">=", "<=", "==", "!=", ">", "<", "=~", "="].into_iter().find_map(|how| {
        let (name, value) = text.split_once(how)?;
        let (name, value) = (name.trim(), value.trim());
        (!name.contains(char::is_whitespace) && !value.is_empty()).then_some((name, how, value))
    })?;
    let matcher = match how {
        ">=" => format!("{{gte: {value}}}"),
        "<=" => format!("{{lte: {value}}}"),
        ">" => format!("{{gt: {value}}}"),
        "<" => format!("{{lt: {value}}}"),
        "!=" => format!("{{not: {value}}}"),
        "=~" => format!("{{matches: '{}'}}", value.trim_matches(['\'', '"', '/'])),
        _ => value.to_owned(),
    };
    Some(if name.is_empty() { matcher } else { format!("{{{name}: {matcher}}}") })
}

/// Words of other tools, by where they write it, and what is written here.
const ELSEWHERE: [(&str, &[&str], &str); 25] = [
    (
        "field in a rule",
        &["when", "if", "condition", "conditions", "detection", "match", "trigger", "signals", "require"],
        "what must hold stands under `requires:`",
    ),
    ("field in a rule", &["name"], "what reports call it is `title:`, what rules call it `id:`"),
    ("field in a rule", &["description", "message", "details"], "one or two sentences on it are `summary:`"),
    ("field in a rule", &["fix", "action", "actions", "steps", "solution", "remediation"], "what to do stands under `remedy:`"),
    ("field in a rule", &["level", "priority", "impact"], "how bad it is says `severity:`"),
    (
        "field in a rule",
        &["where", "in", "expect", "says"],
        "it belongs to a signal: `requires: {NAME: {in: ..., where: ..., says: ...}}`",
    ),
    (
        "field in a signal",
        &["message", "msg", "text", "say", "description", "summary"],
        "the statement when it is met is `says:`",
    ),
    ("field in a signal", &["table", "from", "source"], "the table that is asked is `in:`"),
    ("field in a signal", &["filter", "match", "conditions", "select"], "which records count is `where:`"),
    ("field in a signal", &["threshold", "count", "min"], "how many it takes is `expect: {count: 3+}`"),
    ("field in a signal", &["group_by", "per"], "one question for each value of a field is `by: FIELD`"),
    ("field in a step", &["contain", "fix", "verify", "drain", "prevent"], "a step begins with its phase: `- phase: fix`"),
    ("field in a step", &["command", "cmd", "exec"], "the command is `run:`"),
    ("field in a step", &["action", "title", "text", "name"], "what to do is `do:`"),
    ("field in a step", &["expected", "result", "expect"], "what its reader sees when it worked is `good:`"),
    (
        "field in a change of a rule",
        &[
            "severity",
            "consequence",
            "impact",
            "role",
            "supports",
            "contradicts",
            "explains",
            "accounts_for",
            "do_not",
            "remedy",
            "references",
            "outlasts",
        ],
        "only `params` and `enabled` change a rule; for more, write it anew under its id: `postdoc rules show ID --yaml` prints it",
    ),
    (
        "field of `",
        &["count", "distinct", "share", "rate", "lasting", "within", "after", "before"],
        "how many, how long and when is `expect:`, beside `where:`: `expect: {count: 3+}`",
    ),
    ("field of `", &["and", "all"], "all conditions of one `where` must hold: write them beside one another"),
    (
        "field of `",
        &["or", "any", "not"],
        "one of several values is a list; of several conditions each is a signal of a group: `NAME: {any: {one: ..., other: ...}}`",
    ),
    (
        "field in a reason",
        &["phrases", "phrase", "patterns", "pattern", "matches", "regex", "texts", "text"],
        "the regular expressions of which one must match are `any:`",
    ),
    (
        "field in a reason",
        &["codes", "reply_code", "dsn"],
        "enhanced codes that decide alone are `enhanced:`, codes that say little `code:`",
    ),
    ("role", &["symptom"], "a symptom is a cause that another one names under `explains`"),
    ("severity", &["warning", "warn", "moderate", "normal"], "write `medium`"),
    ("severity", &["error", "major"], "write `high`"),
    ("severity", &["info", "minor", "notice"], "write `low`, and `role: note` where nothing is wrong"),
];

/// What is written here in the place of a word of another tool.
pub(super) fn elsewhere(what: &str, word: &str) -> Option<&'static str> {
    let fits = |(place, words, _): &&(&str, &[&str], &str)| {
        what.starts_with(place) && words.iter().any(|known| known.eq_ignore_ascii_case(word))
    };
    ELSEWHERE.iter().find(fits).map(|(.., help)| *help)
}

/// What other rule languages call a matcher, and what to write here.
const MATCHERS: [(&str, &str); 16] = [
    ("regex", "a regular expression is `matches: ...`"),
    ("regexp", "a regular expression is `matches: ...`"),
    ("re", "a regular expression is `matches: ...`"),
    ("match", "a regular expression is `matches: ...`"),
    ("like", "a part of a text is `contains: ...`, a regular expression `matches: ...`"),
    ("equals", "what must be equal stands there alone: `field: value`"),
    ("eq", "what must be equal stands there alone: `field: value`"),
    ("is", "what must be equal stands there alone: `field: value`"),
    ("in", "one of several is a list: `field: [one, another]`"),
    ("one_of", "one of several is a list: `field: [one, another]`"),
    ("ne", "what must differ is `not: value`"),
    ("not_in", "none of several is `not: [one, another]`"),
    ("none_of", "none of several is `not: [one, another]`"),
    ("cidr", "a network is `in_network: [10.0.0.0/8]`"),
    ("min", "at least is `gte: ...`"),
    ("max", "at most is `lte: ...`"),
];

/// What is written here in the place of a matcher of another rule language.
pub(super) fn matcher(word: &str) -> Option<&'static str> {
    MATCHERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, ours)| *ours)
}

/// What is meant by a value that no evidence has: an expression in slashes, as in Perl.
pub(super) fn value(text: &str) -> Option<String> {
    let inner = text.strip_prefix('/')?.strip_suffix('/').filter(|inner| inner.contains(['*', '+', '\\', '^', '$', '|']))?;
    Some(format!("a regular expression is `{{matches: '{}'}}`, without slashes", inner.replace('\'', "''")))
}
