//! `postdoc rules ...`: everything for people who write rules, one file a subcommand.

mod check;
mod coverage;
mod doc;
mod explain;
mod fields;
mod list;
mod new;
mod schema;
mod show;
mod test;

use super::Failure;
use crate::rules::RuleSet;
use crate::rules::model::Rule;
use crate::rules::problem::did_you_mean;
use clap::Subcommand;
use std::process::ExitCode;

/// Check, test, explain and write rules
#[derive(Subcommand)]
pub(super) enum Rules {
    Check(check::Check),
    Coverage(coverage::Coverage),
    Doc(doc::Doc),
    Explain(explain::Explain),
    Fields(fields::Fields),
    List(list::List),
    New(new::New),
    Schema(schema::Schema),
    Show(show::Show),
    Test(test::Test),
}

impl Rules {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        match self {
            Rules::Check(command) => command.run(),
            Rules::Coverage(command) => command.run(),
            Rules::Doc(command) => command.run(),
            Rules::Explain(command) => command.run(),
            Rules::Fields(command) => command.run(),
            Rules::List(command) => command.run(),
            Rules::New(command) => command.run(),
            Rules::Schema(command) => command.run(),
            Rules::Show(command) => command.run(),
            Rules::Test(command) => command.run(),
        }
    }
}

/// The rule with this id.
fn named<'r>(rules: &'r RuleSet, id: &str) -> Result<&'r Rule, Failure> {
    rules.rule(id).ok_or_else(|| {
        if let Some(file) = rules.switched_off.get(id) {
            return format!("the rule `{id}` is switched off by {file}").into();
        }
        let meant = did_you_mean(id, rules.rules.iter().map(|rule| rule.id.as_str()));
        let help = meant.map_or("`postdoc rules list` shows them all".to_owned(), |meant| format!("did you mean `{meant}`?"));
        format!("there is no rule `{id}`; {help}").into()
    })
}
