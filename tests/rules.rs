//! The built-in rules: they load, and every test inside them holds.

use postdoc::rule_tests;
use postdoc::rules::RuleSet;

#[test]
fn every_test_inside_the_rules_holds() {
    let rules = RuleSet::load(&[]).unwrap_or_else(|problems| panic!("{problems}"));
    let (count, failures) = rule_tests::run(&rules, |_| true);
    assert!(count >= rules.rules.len(), "only {count} tests for {} rules", rules.rules.len());
    let list: Vec<String> = failures
        .iter()
        .map(|failure| format!("{}: {}: {}: {}", failure.place, failure.rule, failure.test, failure.why))
        .collect();
    assert!(list.is_empty(), "{} of {count} failed:\n{}", list.len(), list.join("\n"));
}

#[test]
fn every_rule_has_a_test_that_fires_and_one_that_does_not() {
    let rules = RuleSet::built_in();
    let lacking: Vec<&str> = rules
        .rules
        .iter()
        .filter(|rule| {
            let fires = rule.tests.iter().any(|test| matches!(test.expect.as_str(), "confirmed" | "likely" | "possible"));
            let not = rule.tests.iter().any(|test| matches!(test.expect.as_str(), "no" | "unknown"));
            !(fires && not)
        })
        .map(|rule| rule.id.as_str())
        .collect();
    assert!(lacking.is_empty(), "without a positive and a negative test: {}", lacking.join(", "));
}

#[test]
fn every_example_of_a_reason_is_taken_by_its_class() {
    let rules = RuleSet::built_in();
    let wrong: Vec<String> = rules
        .reasons
        .misplaced_examples()
        .into_iter()
        .map(|(entry, text, place, taken)| {
            let taken = taken.unwrap_or("nothing");
            format!("{}:{}: {taken} takes the example of {}: {text}", entry.file, place.line, entry.class)
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
