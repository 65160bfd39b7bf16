//! Fills in what the evidence alone cannot say of the failures: the reason class of every text, and the provider behind
//! every relay. The other tables of the log learn it while they are read.

use crate::evidence::maillog::said::Voice;
use crate::rules::RuleSet;
use crate::rules::meaning::{Heard, Meaning};
use crate::tables::{Tables, Value, diagnostics, failures};

/// Classifies every failure, and what the kernel said outside of the log.
pub fn classify(tables: &mut Tables, rules: &RuleSet) {
    let meaning = Meaning::new(rules);
    for at in 0..tables.rows(&diagnostics::TABLE).len() {
        let row = &tables.rows(&diagnostics::TABLE)[at];
        if row.text(diagnostics::daemon, &tables.names) != Some("kernel") || row.get(diagnostics::reason_class) != Value::Missing
        {
            continue;
        }
        let text = row.text(diagnostics::text, &tables.names).unwrap_or_default();
        let heard = Heard { text, otherwise: Some(Voice::OwnDaemon), daemon: Some("kernel"), ..Heard::default() };
        let class = meaning.class(&heard).map(|(class, bucket)| (tables.names.intern(class), tables.names.intern(bucket)));
        let row = &mut tables.rows_mut(&diagnostics::TABLE)[at];
        row.set(diagnostics::reason_class, class.map(|(class, _)| class));
        row.set(diagnostics::reason_bucket, class.map(|(_, bucket)| bucket));
    }
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
