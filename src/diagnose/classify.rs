//! Fills in what the evidence alone cannot say of the kernel's words outside of the log: their reason class. The tables of the log
//! learn it while they are read.

use crate::evidence::maillog::said::Voice;
use crate::rules::RuleSet;
use crate::rules::meaning::{Heard, Meaning};
use crate::tables::{Tables, Value, diagnostics};

/// Classifies what the kernel said outside of the log.
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
}
