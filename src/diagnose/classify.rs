//! Fills in what the evidence alone cannot say of words outside of the log, of the kernel, of `postfix check` or in a bounce message:
//! their reason class. The tables of the log learn it while they are read.

use crate::rules::RuleSet;
use crate::rules::meaning::{Heard, Meaning};
use crate::said::{Said, Voice};
use crate::tables::{Tables, Value, diagnostics, failures};

/// Classifies what was said outside of the log.
pub fn classify(tables: &mut Tables, rules: &RuleSet) {
    let meaning = Meaning::new(rules);
    complaints(tables, &meaning);
    // Of a log or a listing, they are known.
    if !tables.is_collected(&failures::TABLE) {
        bounces(tables, &meaning);
    }
}

fn complaints(tables: &mut Tables, meaning: &Meaning<'_>) {
    for at in 0..tables.rows(&diagnostics::TABLE).len() {
        let row = &tables.rows(&diagnostics::TABLE)[at];
        if row.get(diagnostics::reason_class) != Value::Missing {
            continue;
        }
        let text = row.text(diagnostics::text, &tables.names).unwrap_or_default();
        let daemon = row.text(diagnostics::daemon, &tables.names);
        let heard = Heard { text, otherwise: daemon.map(Voice::of_daemon), daemon, ..Heard::default() };
        let class = meaning.class(&heard).map(|(class, bucket)| (tables.names.intern(class), tables.names.intern(bucket)));
        let row = &mut tables.rows_mut(&diagnostics::TABLE)[at];
        row.set(diagnostics::reason_class, class.map(|(class, _)| class));
        row.set(diagnostics::reason_bucket, class.map(|(_, bucket)| bucket));
    }
}

fn bounces(tables: &mut Tables, meaning: &Meaning<'_>) {
    for at in 0..tables.rows(&failures::TABLE).len() {
        let row = &tables.rows(&failures::TABLE)[at];
        let text = |column| row.text(column, &tables.names);
        let reason = text(failures::reason).unwrap_or_default();
        let said = Said::parse(reason);
        let voice = said.voice.or(said.code.map(|_| Voice::Remote));
        let relay = text(failures::relay);
        // Of a server that the report names, the address does not matter.
        let ip = text(failures::relay_ip).or(relay.map(|_| ""));
        let provider = meaning.provider(relay, ip, text(failures::recipient_domain));
        let heard = Heard { text: reason, voice, provider: provider.as_deref(), ..Heard::default() };
        let class = meaning.class(&heard);
        let mut name = |text: &str| tables.names.intern(text);
        let class = class.map(|(class, bucket)| (name(class), name(bucket)));
        let (provider, voice) = (provider.map(|provider| name(&provider)), voice.map(|voice| name(voice.name())));
        let row = &mut tables.rows_mut(&failures::TABLE)[at];
        row.set(failures::provider, provider);
        row.set(failures::voice, voice);
        row.set(failures::reason_class, class.map(|(class, _)| class));
        row.set(failures::reason_bucket, class.map(|(_, bucket)| bucket));
    }
}
