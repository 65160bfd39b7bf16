//! Fills in what the evidence alone cannot say of the failures: the reason class of every text, and the provider behind
//! every relay. The other tables of the log learn it while they are read.

use crate::evidence::maillog::said::Voice;
use crate::rules::RuleSet;
use crate::rules::meaning::{Heard, Meaning};
use crate::tables::{Tables, failures};

/// Classifies every failure.
pub fn classify(tables: &mut Tables, rules: &RuleSet) {
    let mut meaning = Meaning::new(rules);
    for at in 0..tables.rows(&failures::TABLE).len() {
        let row = &tables.rows(&failures::TABLE)[at];
        let text = |column| row.text(column, &tables.names);
        let provider = meaning.provider(text(failures::relay), text(failures::relay_ip), text(failures::recipient_domain));
        let class = text(failures::reason).and_then(|reason| {
            let voice = text(failures::voice).and_then(|voice| Voice::ALL.iter().find(|(name, _)| *name == voice));
            let voice = voice.map(|(_, voice)| *voice);
            meaning.class(&Heard { text: reason, voice, provider: provider.as_deref(), ..Heard::default() })
        });
        let provider = provider.map(|provider| tables.names.intern(&provider));
        let class = class.map(|(class, bucket)| (tables.names.intern(class), tables.names.intern(bucket)));
        let row = &mut tables.rows_mut(&failures::TABLE)[at];
        row.set(failures::provider, provider);
        if let Some((class, bucket)) = class {
            row.set(failures::reason_class, class);
            row.set(failures::reason_bucket, bucket);
        }
    }
}
