//! Templates inside rules: which variables they name, and what they must not do.

/// What in a template could run without end or fill the stack: loops, partials, decorators. A rule's template has variables and
/// the blocks `if` and `unless`, which is all that one sentence needs.
pub fn refused(template: &str) -> Option<&str> {
    template.split("{{").skip(1).find_map(|tag| {
        let tag = tag.split("}}").next().unwrap_or(tag);
        let tag = tag.trim_matches(['{', '~', ' ', '\n', '\t']);
        let block = tag.strip_prefix(['#', '^']).map(|block| block.split_whitespace().next().unwrap_or_default());
        let computed = tag.contains('@') || tag.contains('[') || tag.matches('(').count() > 1;
        let is_comment = tag.starts_with('!');
        let known = block.is_none_or(|block| matches!(block, "" | "if" | "unless"));
        (!is_comment && (!known || computed || tag.starts_with(['>', '*', '&']))).then_some(tag)
    })
}

/// The variables that a template names, such as `timeouts.count`; block names and literals are left out.
pub fn variables(template: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(start) = memchr::memchr(b'{', rest.as_bytes()) {
        let Some(inner) = rest[start..].strip_prefix("{{") else {
            rest = &rest[start + 1..];
            continue;
        };
        rest = inner;
        let Some(end) = rest.find("}}") else { break };
        let inside = rest[..end].trim_matches(['{', '~', ' ']);
        rest = &rest[end + 2..];
        if inside.starts_with(['!', '/', '>']) || inside == "else" {
            continue;
        }
        let words = inside.trim_start_matches('#').split_whitespace();
        let blocks = ["if", "unless", "else", "each", "with", "eq", "not"];
        for word in words {
            let word = word.trim_matches(['(', ')']);
            let literal = word.starts_with(['"', '\'', '@']) || word.parse::<f64>().is_ok() || word == "this";
            if !word.is_empty() && !literal && !blocks.contains(&word) {
                found.push(word);
            }
        }
    }
    found
}

/// Whether a variable stands for a text of the evidence, which is escaped where it stands: as code, or quoted for the shell.
pub(super) fn is_evidence(variable: &str) -> bool {
    let mut parts = variable.split('.');
    matches!(variable.split('.').next(), Some("host" | "settings"))
        || parts.any(|part| matches!(part, "first" | "last" | "top" | "list" | "key"))
}

/// A variable of a command that stands between quotes. It is quoted for the shell by itself, so that quotes around it would end
/// where it begins.
pub(super) fn in_quotes(command: &str) -> Option<&str> {
    // What was opened and not closed yet: quotes, and substitutions of commands, in which quotes begin anew.
    let mut open = Vec::new();
    let mut before = ' ';
    let mut chars = command.char_indices();
    while let Some((at, c)) = chars.next() {
        let quote = open.last().copied().filter(|open| *open != '(');
        match (quote, c) {
            (None, '#') if before.is_whitespace() => drop(chars.find(|(_, c)| *c == '\n')),
            (None | Some('"'), '\\') => drop(chars.next()),
            (None, '\'' | '"' | '(') => open.push(c),
            (Some('"'), '(') if before == '$' => open.push(c),
            (None, ')') => drop(open.pop()),
            (Some(quote), _) if quote == c => drop(open.pop()),
            (Some(_), '{') => {
                let inside = command[at..].strip_prefix("{{").and_then(|rest| rest.split("}}").next()).unwrap_or_default();
                let name = inside.trim_matches([' ', '~', '{']);
                if is_evidence(name) && !name.starts_with(['#', '/', '^', '!']) {
                    return Some(name);
                }
            }
            _ => {}
        }
        before = c;
    }
    None
}

/// A template of texts, values and the blocks `if` and `unless`, which nearly all are: reading and filling it needs no grammar.
#[derive(Debug)]
pub struct Simple<'t>(Vec<Piece<'t>>);

#[derive(Debug)]
enum Piece<'t> {
    Text(&'t str),
    Value(&'t str),
    /// What stands there where the value is given, or where it is not.
    If {
        path: &'t str,
        given: bool,
        then: Simple<'t>,
        otherwise: Simple<'t>,
    },
}

/// A block that is not closed yet.
struct Open<'t> {
    path: &'t str,
    given: bool,
    then: Option<Simple<'t>>,
}

impl<'t> Simple<'t> {
    /// None if there is more in it, or if it is not valid.
    pub fn of(template: &'t str) -> Option<Simple<'t>> {
        let is_name = |name: &&str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && !matches!(*name, "this" | "else" | "true" | "false" | "null" | "undefined")
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        };
        let mut parts = template.split("{{");
        let mut pieces = vec![Piece::Text(parts.next().filter(|_| !template.contains('\\'))?)];
        let mut around: Vec<(Vec<Piece<'t>>, Open<'t>)> = Vec::new();
        for part in parts {
            let (tag, text) = part.split_once("}}")?;
            let block = |name| tag.strip_prefix(name).filter(is_name);
            if tag == "else" {
                let (_, open) = around.last_mut().filter(|(_, open)| open.then.is_none())?;
                open.then = Some(Simple(std::mem::take(&mut pieces)));
            } else if let Some((path, given)) =
                block("#if ").map(|path| (path, true)).or(block("#unless ").map(|path| (path, false)))
            {
                around.push((std::mem::take(&mut pieces), Open { path, given, then: None }));
            } else if let Some(name) = tag.strip_prefix('/') {
                let (before, Open { path, given, then }) = around.pop()?;
                let last = Simple(std::mem::replace(&mut pieces, before));
                if name != if given { "if" } else { "unless" } {
                    return None;
                }
                let (then, otherwise) = match then {
                    Some(then) => (then, last),
                    None => (last, Simple(Vec::new())),
                };
                pieces.push(Piece::If { path, given, then, otherwise });
            } else {
                pieces.push(Piece::Value(Some(tag).filter(is_name)?));
            }
            pieces.push(Piece::Text(text));
        }
        around.is_empty().then_some(Simple(pieces))
    }

    /// Appends the text with the values put in, each as `escape` writes it.
    pub fn fill<'v>(&self, value: &dyn Fn(&str) -> Option<&'v str>, escape: fn(&str) -> String, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(path) => out.push_str(&value(path).map(escape).unwrap_or_default()),
                Piece::If { path, given, then, otherwise } => {
                    let is_given = value(path).is_some_and(|value| !value.is_empty());
                    if is_given == *given { then } else { otherwise }.fill(value, escape, out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Simple, in_quotes, refused, variables};

    #[test]
    fn what_could_run_without_end_is_refused() {
        for text in [
            "a {{count}} b {{~#if first.text~}} x {{^}} y {{else}} z {{/if}}",
            "{{! @root }}",
            "{{#unless (eq count)}}{{/unless}}",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
        for text in [
            "{{#each @root}}{{/each}}",
            "{{~# with host}}{{/with}}",
            "{{> a}}",
            "{{#>a}}{{/a}}",
            "{{#*inline 'a'}}{{/inline}}",
            "{{@root}}",
            "{{^each a}}{{/each}}",
        ] {
            assert!(refused(text).is_some(), "{text}");
        }
    }

    #[test]
    fn values_between_quotes_are_found() {
        for text in [
            "grep 'to=<{{lost.first.recipient}}>'",
            "echo \"{{host.fqdn}}\"",
            "true # it's\necho '{{flood.key}}'",
            "a \"\\\"{{top.relay}}\"",
            "a \"$(b {{flood.key}}) {{host.fqdn}}\"",
        ] {
            assert!(in_quotes(text).is_some(), "{text}");
        }
        for text in [
            "grep 'to=<'{{lost.first.recipient}}'>'",
            "a \"$(b {{flood.key}} | c 'd')\" {{host.fqdn}}",
            "echo {{host.fqdn}} # isn't {{host.fqdn}}",
            "{{show_log}} | grep 'status='",
            "echo '{{count}}' '{{#if settings.relayhost}}x{{/if}}'",
            "echo \\' {{host.fqdn}}",
        ] {
            assert_eq!(in_quotes(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_simple_is_filled_as_the_engine_fills_it() {
        let engine = handlebars::Handlebars::new();
        let given = |path: &str| match path {
            "count" => Some("7"),
            "empty" => Some(""),
            _ => None,
        };
        let values = serde_json::json!({"count": "7", "empty": ""});
        for text in [
            "",
            "no more than } this",
            "{{count}} at {{none}}{{a-b}}",
            "{{#if count}}{{count}} were{{else}}none was{{/if}} there",
            "{{#unless empty}}{{#if none}}a{{else}}b{{/if}}{{else}}c{{/unless}}",
            "{{#if empty}}a{{/if}}{{#if none.count}}b{{/if}}{{#if count}}{{/if}}",
        ] {
            let mut own = String::new();
            Simple::of(text).unwrap_or_else(|| panic!("{text} is simple")).fill(&given, str::to_owned, &mut own);
            assert_eq!(own, engine.render_template(text, &values).expect(text), "{text}");
        }
        for text in [
            "{{count",
            "{{}}",
            "\\{{a}}",
            "{{{a}}}",
            "{{a b}}",
            "{{else}}",
            "{{#if a}}x",
            "{{#if a}}{{/unless}}",
            "{{/if}}",
            "{{#if (eq a)}}{{/if}}",
            "{{#if a}}b{{else}}c{{else}}d{{/if}}",
            "{{~a}}",
            "{{1}}",
            "{{#each a}}{{/each}}",
        ] {
            assert!(Simple::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn variables_are_found_in_expressions_and_blocks() {
        let text = "{{count}} at {{ distinct.provider }}{{#if settings.relayhost}}x{{else}}{{host.fqdn}}{{/if}} {{! no }}";
        assert_eq!(variables(text), ["count", "distinct.provider", "settings.relayhost", "host.fqdn"]);
    }
}
