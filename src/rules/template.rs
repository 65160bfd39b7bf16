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

/// Whether a template names values and does nothing else, which needs no grammar to see.
pub fn is_plain(template: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let mut parts = template.split("{{");
    parts.next();
    !template.contains('\\')
        && parts.all(|part| part.split_once("}}").is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_name)))
}

#[cfg(test)]
mod tests {
    use super::{in_quotes, is_plain, refused, variables};

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
    fn what_is_plain_is_a_valid_template() {
        for text in ["", "no more than } this", "{{count}} at {{top.relay}}", "{{a-b}}"] {
            assert!(is_plain(text) && handlebars::Template::compile(text).is_ok(), "{text}");
        }
        for text in ["{{count", "{{#if a}}x{{/if}}", "{{}}", "\\{{a}}", "{{{a}}}", "{{a b}}"] {
            assert!(!is_plain(text), "{text}");
        }
    }

    #[test]
    fn variables_are_found_in_expressions_and_blocks() {
        let text = "{{count}} at {{ distinct.provider }}{{#if settings.relayhost}}x{{else}}{{host.fqdn}}{{/if}} {{! no }}";
        assert_eq!(variables(text), ["count", "distinct.provider", "settings.relayhost", "host.fqdn"]);
    }
}
