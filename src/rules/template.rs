//! Templates inside rules: which variables they name.

/// The variables that a template names, such as `timeouts.count`; block names and literals are left out.
pub fn variables(template: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        rest = &rest[start + 2..];
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
                found.push(word.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn variables_are_found_in_expressions_and_blocks() {
        let text = "{{count}} at {{ distinct.provider }}{{#if settings.relayhost}}x{{else}}{{host.fqdn}}{{/if}} {{! no }}";
        assert_eq!(variables(text), ["count", "distinct.provider", "settings.relayhost", "host.fqdn"]);
    }
}
