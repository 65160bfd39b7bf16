//! Causes with their evidence, what each explains, and what none explains.

use super::{Material, words};
use crate::diagnose::measure::{Asker, as_text};
use crate::diagnose::onset;
use crate::diagnose::rank::{Cause as Ranked, Role};
use crate::diagnose::verdict::{Confidence, Judged, met_by, not_ruled_out, state};
use crate::diagnose::words::{Place, Words, called, in_unit, shortened};
use crate::report::cite::Lines;
use crate::report::phrases::Phrases;
use crate::report::view::{AccountsFor, Asked, AskedField, Cause, Citation, Evidence, Ladder, Share, Unexplained};
use crate::rules::model::{Condition, Entry, Matcher, Ordering, Signal};
use crate::said::mask::mask;
use crate::tables::{self, Column, Field, Record, Tables, Type, attempts, failures, host, settings};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Parts of the share bar beside the residue.
const PARTS: usize = 5;

pub(super) fn shares(material: &Material<'_>, causes: &[Cause]) -> Vec<Share> {
    let diagnosis = material.diagnosis;
    let asker = diagnosis.asker;
    let all = asker.events(&failures::TABLE, asker.judged(&failures::TABLE));
    let total = all as f64;
    if total == 0.0 {
        return Vec::new();
    }
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let mut shares = Vec::new();
    // What only a note explains is explained, too.
    let in_turn = |notes: bool| {
        diagnosis
            .causes
            .iter()
            .zip(causes)
            .filter(move |(cause, _)| cause.role != Role::Symptom && (cause.role == Role::Note) == notes)
    };
    for (cause, view) in in_turn(false).chain(in_turn(true)) {
        let own: Vec<u32> = cause.explains.iter().copied().filter(|at| !taken.contains(at)).collect();
        if own.is_empty() {
            continue;
        }
        taken.extend(&own);
        let recipients = asker.events(&failures::TABLE, &own);
        shares.push(Share {
            rule: Some(view.rule.clone()),
            others: None,
            title: view.title.clone(),
            role: view.role.clone(),
            recipients,
            share: recipients as f64 / total,
        });
    }
    // A bar of many parts cannot be read: the smallest ones are one. The first cause always has a part of its own.
    if shares.len() > PARTS {
        let mut by_size: Vec<usize> = (1..shares.len()).collect();
        // Of several of the same size, the first ones stay.
        by_size.sort_by_key(|at| Reverse(shares[*at].recipients));
        let is_small: BTreeSet<usize> = by_size.split_off(PARTS - 2).into_iter().collect();
        let (small, large): (Vec<_>, Vec<_>) = shares.into_iter().enumerate().partition(|(at, _)| is_small.contains(at));
        let small: Vec<Share> = small.into_iter().map(|(_, share)| share).collect();
        shares = large.into_iter().map(|(_, share)| share).collect();
        let recipients = small.iter().map(|share| share.recipients).sum();
        shares.push(Share {
            rule: Some(small[0].rule.clone().unwrap_or_default()),
            others: Some(small.len()),
            title: Phrases::english().say("shares.others", &[("n", small.len().into())]),
            role: small[0].role.clone(),
            recipients,
            share: recipients as f64 / total,
        });
    }
    let rest = all - asker.events(&failures::TABLE, &taken);
    if rest > 0 {
        shares.push(Share {
            rule: None,
            others: None,
            title: Phrases::english().say("shares.unexplained", &[]),
            role: "unexplained".into(),
            recipients: rest,
            share: rest as f64 / total,
        });
    }
    shares
}

pub(super) fn cause_view(material: &Material<'_>, cause: &Ranked<'_>, lines: &Lines) -> Cause {
    let judged = cause.judged;
    let rule = judged.rule;
    let words = words(material, cause);
    let (since, until) = onset::interval(material.diagnosis.asker, judged);
    let mut evidence: Vec<(usize, Evidence)> = Vec::new();
    for (section, kind, entries) in
        [(0, "required", &rule.requires), (1, "supports", &rule.supports), (2, "contradicts", &rule.contradicts)]
    {
        for entry in entries {
            let whole = state(entry, &judged.answers);
            let (needed, extra) = met_by(entry, &judged.answers);
            // Of branches of which one is enough, one that is ruled out says nothing.
            let open = not_ruled_out(entry, &judged.answers);
            let among = |list: &[(&str, &Signal)], name: &str| list.iter().any(|(known, _)| *known == name);
            // That evidence is there at all says nothing by itself.
            let silent = section == 0 && is_silent(entry, judged);
            let mut told = false;
            for (at, (name, signal)) in entry.signals().into_iter().enumerate() {
                // Of a group that is met, what makes it so is shown; of a group that is not, everything.
                let Some(measure) = judged.answers.get(name) else { continue };
                if whole == Some(true) && !among(&needed, name) && !among(&extra, name) {
                    continue;
                }
                if whole.is_none() && !open.contains(&name) {
                    continue;
                }
                // That evidence was there at all is worth telling where nothing in it is.
                let shown = |(name, signal): &(&str, &Signal)| {
                    !signal.needs_no_record() && judged.answers.get(*name).is_some_and(|measure| measure.met == Some(true))
                };
                if signal.needs_no_record() && measure.met == Some(true) && (silent || entry.signals().iter().any(shown)) {
                    continue;
                }
                // What only waits for another answer that is not known lacks nothing of its own.
                if measure.met.is_none() && !measure.in_part && waits(signal, judged, material) {
                    continue;
                }
                // What one of a group tells and a supporting signal tells as well is told once, if another of the group remains.
                let supports = |(_, signal): &(&str, &Signal)| {
                    rule.supports.iter().flat_map(Entry::signals).any(|(_, other)| other.asks_as(signal))
                };
                let remains = |other: &(&str, &Signal)| shown(other) && !supports(other);
                if section == 0 && supports(&(name, signal)) && entry.signals().iter().any(remains) {
                    continue;
                }
                // Nor does a part of a group support it that is not met as a whole.
                if section == 1 && whole != Some(true) && measure.met == Some(true) {
                    continue;
                }
                // A group that only as a whole speaks against the cause is told by its first question.
                if section == 2 && whole != Some(true) && (at > 0 || measure.met == Some(true)) {
                    continue;
                }
                let kind = match (measure.met, section) {
                    // Some of it is shown; whether it is enough is not known.
                    (None, 0) if measure.in_part => kind,
                    (None, _) => "not-known",
                    (Some(false), 2) => "would-contradict",
                    // A support that was looked for and not found says nothing.
                    (Some(false), 1) => continue,
                    // Of a group of which one is enough, the others support it.
                    (Some(true), 0) if whole == Some(true) && (told || silent) && !among(&needed, name) => "supports",
                    _ => kind,
                };
                told = true;
                let section = if kind == "supports" { 1 } else { section };
                let view = Evidence {
                    part_of: entry.name.clone(),
                    ..signal_view(&words, name, signal, measure.met, kind, judged, lines)
                };
                evidence.push((section, view));
            }
        }
    }
    // What is met in a group beside what is required stands with what supports the cause.
    evidence.sort_by_key(|(section, _)| *section);
    let mut evidence: Vec<Evidence> = evidence.into_iter().map(|(_, item)| item).collect();
    // What says the same once more, or says it of the same records, supports nothing.
    let mut at = 0;
    while let Some(item) = evidence.get(at) {
        let tells_nothing =
            |known: &Evidence| known.met == Some(true) && (known.says == item.says || rests_on(item, known, judged));
        if item.kind == "supports" && evidence[..at].iter().any(tells_nothing) {
            evidence.remove(at);
        } else {
            at += 1;
        }
    }
    // As many as are shown.
    let supporting = evidence.iter().filter(|item| item.kind == "supports").count();
    let supporting = supporting.max(usize::from(cause.confidence == Confidence::Confirmed));
    let silent = rule.requires.iter().filter(|entry| is_silent(entry, judged)).count();
    Cause {
        rule: rule.id.clone(),
        bucket: rule.bucket.clone(),
        title: words.fill(&rule.title, Place::Plain),
        consequence: rule.consequence.as_ref().map(|text| words.fill(text, Place::Plain)),
        impact: rule.impact.as_ref().map(|text| words.fill(text, Place::Plain).trim().to_owned()).filter(|text| !text.is_empty()),
        outlasts: rule.outlasts,
        severity: judged.severity().name().into(),
        confidence: cause.confidence.name().into(),
        confidence_because: String::new(),
        ladder: Ladder {
            met: (judged.required.0 - silent) as u64,
            required: (judged.required.1 - silent) as u64,
            supporting: supporting as u64,
            contradicting: judged.contradicting as u64,
        },
        role: cause.role.name().into(),
        symptom_of: cause.symptom_of.clone(),
        summary: words.fill(&rule.summary, Place::Markdown).trim().to_owned(),
        accounts_for: AccountsFor { waiting: cause.waiting, bounced: cause.bounced, share: cause.share },
        since,
        until,
        over: judged.over(),
        evidence,
        references: rule.references.clone(),
    }
}

/// Whether a signal is not known only because another one is not, before or after which it would have to be.
fn waits(signal: &Signal, judged: &Judged<'_>, material: &Material<'_>) -> bool {
    let moments = [&signal.expect.after, &signal.expect.before];
    let open = |name: &str| judged.answers.get(name).is_some_and(|measure| measure.met.is_none());
    material.evidence.tables.is_collected(signal.table) && moments.into_iter().flatten().any(|moment| open(&moment.signal))
}

/// Whether a required entry is met by no more than that evidence is there, while another one is met by what it shows.
fn is_silent(entry: &Entry, judged: &Judged<'_>) -> bool {
    let silent = |entry: &Entry| {
        let (needed, _) = met_by(entry, &judged.answers);
        state(entry, &judged.answers) == Some(true) && needed.iter().all(|(_, signal)| signal.asks_for_evidence_alone())
    };
    silent(entry) && !judged.rule.requires.iter().all(silent)
}

/// Whether a signal rests on the very records that another one shows already, or, as one of a group of which another one is
/// enough, on some of them. Of the machine's one record, the fields that are asked for count.
fn rests_on(item: &Evidence, known: &Evidence, judged: &Judged<'_>) -> bool {
    let signal = |item: &Evidence| judged.rule.entries().flat_map(Entry::signals).find(|(name, _)| *name == item.signal);
    let Some(((_, ours), (_, other))) = signal(item).zip(signal(known)) else { return false };
    let Some((rows, shown)) = judged.answers.get(&item.signal).zip(judged.answers.get(&known.signal)) else { return false };
    if !std::ptr::eq(ours.table, other.table) {
        return false;
    }
    if ours.table.name == host::TABLE.name {
        let fields = |signal: &Signal| signal.conditions.iter().map(|condition| condition.column).collect::<BTreeSet<_>>();
        return fields(ours) == fields(other);
    }
    match judged.rule.requires.iter().any(|entry| entry.name == item.part_of) {
        true => {
            let shown: BTreeSet<&u32> = shown.rows.iter().collect();
            rows.rows.iter().all(|row| shown.contains(row))
        }
        false => rows.rows == shown.rows && ours.table.name == settings::TABLE.name,
    }
}

fn signal_view(
    words: &Words<'_>,
    name: &str,
    signal: &Signal,
    met: Option<bool>,
    kind: &'static str,
    judged: &Judged<'_>,
    lines: &Lines,
) -> Evidence {
    let words = Words { signal: Some(name), ..*words };
    let measure = &judged.answers[name];
    let asked = match kind {
        "would-contradict" => signal.absent.is_none().then(|| asked(signal, words.asker.tables)),
        "not-known" => signal.unknown.is_none().then(|| asked(signal, words.asker.tables)),
        _ => None,
    };
    let says = match (&asked, kind) {
        // Worded by the report's own words.
        (Some(_), _) => String::new(),
        (None, "not-known") => words.fill(signal.unknown.as_deref().unwrap_or_default(), Place::Markdown),
        (None, "would-contradict") => words.fill(signal.absent.as_deref().unwrap_or_default(), Place::Markdown),
        (None, _) => words.fill(&signal.says, Place::Markdown),
    };
    let mut citations: Vec<Citation> = Vec::new();
    let mut total = 0;
    if (met == Some(true) || kind == "required") && !signal.needs_no_record() {
        let rows = words.asker.tables.rows(signal.table);
        total = measure.total;
        // The first record, and the first from another file, or else the last; of those that the statement is about.
        let told = |at: &&u32| match (&measure.key, signal.by) {
            (Some(key), Some(by)) => as_text(rows[**at as usize].get(by), &words.asker.tables.names).as_ref() == Some(key),
            _ => true,
        };
        // What a listing shows as active or not tried yet has no reason in its line: that is in the line of another.
        let names = &words.asker.tables.names;
        let reasoned = |at: &&u32| {
            let queue = (signal.table.name == failures::TABLE.name).then(|| rows[**at as usize].text(failures::queue, names));
            !matches!(queue.flatten(), Some("active" | "incoming" | "maildrop"))
        };
        let first = measure.rows.iter().find(|at| told(at) && reasoned(at)).or_else(|| measure.rows.iter().find(told));
        let other = first.and_then(|first| {
            let file = rows[*first as usize].source.file;
            let elsewhere = |at: &&u32| rows[**at as usize].source.file != file && told(at);
            measure.rows.iter().find(elsewhere).or_else(|| measure.rows.iter().rev().find(told))
        });
        for at in first.into_iter().chain(other.filter(|other| Some(*other) != first)) {
            let row = &rows[*at as usize];
            let source = match signal.table.name == host::TABLE.name {
                true => signal
                    .conditions
                    .first()
                    .and_then(|condition| words.asker.tables.host_source(condition.column))
                    .unwrap_or(row.source),
                false => row.source,
            };
            let cited = lines.cite_any(source, &matched_texts(row, signal, words.asker));
            citations
                .extend(cited.filter(|new| !citations.iter().any(|known| (&known.file, known.line) == (&new.file, new.line))));
        }
    }
    Evidence {
        signal: name.to_owned(),
        part_of: String::new(),
        kind: kind.into(),
        says: says.trim().to_owned(),
        asked,
        met,
        citations,
        citations_total: total,
    }
}

/// What a signal asks for.
fn asked(signal: &Signal, tables: &Tables) -> Asked {
    let mut conditions = Vec::new();
    for Condition { column, matcher, .. } in &signal.conditions {
        let (field, begin) = (&signal.table.fields[column.0], conditions.len());
        asked_field(field, matcher, false, &mut conditions);
        for asked in &mut conditions[begin..] {
            if asked.how.ends_with("is") && field.ty == Type::Bool {
                let not = asked.how.starts_with("not-") != (asked.values.first().map(String::as_str) == Some("false"));
                *asked = AskedField::new(field.name, "yes", not, Vec::new());
            }
            let names: Vec<String> = asked.values.iter().filter_map(|value| called(tables, field, value)).collect();
            if names.len() == asked.values.len() {
                asked.names = names;
            }
        }
    }
    let expect = &signal.expect;
    let one = expect.count.is_none_or(|count| count.holds(1.0)) && expect.distinct.iter().all(|(_, count)| count.holds(1.0));
    let wanted = match () {
        () if signal.needs_no_record() => "none",
        () if one && expect.share.is_none() && expect.rate.is_none() && expect.lasting.is_none() => "some",
        () => "enough",
    };
    Asked {
        table: signal.table.name.to_owned(),
        conditions,
        after: expect.after.is_some(),
        wanted: wanted.into(),
        in_part: !tables.is_collected(signal.table) && !tables.rows(signal.table).is_empty(),
    }
}

/// A comparison as reports name it.
fn compares(ordering: Ordering) -> &'static str {
    match ordering {
        Ordering::AtLeast => "at-least",
        Ordering::AtMost => "at-most",
        Ordering::Above => "above",
        Ordering::Below => "below",
    }
}

/// What a matcher asks of a field, each part of it by itself.
fn asked_field(field: &Field, matcher: &Matcher, not: bool, out: &mut Vec<AskedField>) {
    let (how, values) = match matcher {
        Matcher::All(all) if !not => return all.iter().for_each(|one| asked_field(field, one, not, out)),
        Matcher::Not(inner) => return asked_field(field, inner, !not, out),
        Matcher::OneOf(list) => ("is", list.clone()),
        Matcher::Contains(list) => ("contains", list.clone()),
        Matcher::StartsWith(list) => ("starts-with", list.clone()),
        Matcher::EndsWith(list) => ("ends-with", list.clone()),
        Matcher::Matches(regex) => ("matches", vec![regex.as_str().to_owned()]),
        Matcher::Compare(ordering, limit) => (compares(*ordering), vec![in_unit(*limit, field.unit)]),
        Matcher::ComparedTo(ordering, reference) => (compares(*ordering), vec![reference.to_string()]),
        Matcher::InNetwork(list) => ("in-network", list.iter().map(ToString::to_string).collect()),
        Matcher::Missing(missing) => return out.push(AskedField::new(field.name, "missing", *missing == not, Vec::new())),
        Matcher::SameAs(reference) => ("same-as", vec![reference.to_string()]),
        Matcher::DiffersFrom(reference) => ("differs-from", vec![reference.to_string()]),
        Matcher::All(_) => ("otherwise", Vec::new()),
    };
    out.push(AskedField::new(field.name, how, not && how != "otherwise", values));
}

/// What may be the part of a cited line that matters, the best first: the reason's text, or the values that the conditions
/// asked for, in the words of a log (`timed-out` is `timed out` there).
fn matched_texts(row: &Record, signal: &Signal, asker: &Asker<'_>) -> Vec<String> {
    let names = &asker.tables.names;
    let texts: &[Column] = match signal.table.name {
        "failures" => &[failures::reply_text, failures::reason],
        "attempts" => &[attempts::reply_text, attempts::reason],
        "rejects" => &[tables::rejects::text],
        "diagnostics" => &[tables::diagnostics::text],
        _ => &[],
    };
    let asks_reason =
        signal.conditions.iter().any(|condition| signal.table.fields[condition.column.0].name.starts_with("reason"));
    let by_reason = texts.iter().filter(|_| asks_reason || signal.table.name == "diagnostics");
    let mut found: Vec<String> = by_reason.filter_map(|column| row.text(*column, names)).map(str::to_owned).collect();
    // What was asked for by name says more than what was compared or searched for.
    let named = |condition: &&Condition| matches!(condition.matcher, Matcher::OneOf(_));
    // How it ended says most.
    let mut conditions: Vec<&Condition> = signal.conditions.iter().rev().collect();
    conditions.sort_by_key(|condition| signal.table.fields[condition.column.0].name != "status");
    let conditions = || conditions.iter().copied();
    for condition in conditions().filter(named).chain(conditions().filter(|condition| !named(condition))) {
        let value = as_text(row.get(condition.column), names).filter(|value| value.len() > 2);
        // `nc` and its kin have words of their own for it.
        let said: &[&str] = if value.as_deref() == Some("connected") { &["succeeded", "Connected to", "open"] } else { &[] };
        found.extend(said.iter().map(|said| (*said).to_owned()));
        found.extend(value.into_iter().flat_map(|value| [value.replace('-', " "), value]));
    }
    found
}

/// How many events have a reason, and the record of the first.
type Group = (u64, u32);

/// Reasons of the residue that are listed each by itself; strangers write them, and may never write one twice.
const MOST_REASONS: usize = 1_000;

pub(super) fn unexplained(material: &Material<'_>, lines: &Lines) -> Vec<Unexplained> {
    let diagnosis = material.diagnosis;
    let tables = &material.evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    let asker = diagnosis.asker;
    let total = asker.events(&failures::TABLE, asker.judged(&failures::TABLE)).max(1) as f64;
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for &at in &diagnosis.residue {
        let reason = rows[at as usize].text(failures::reason, &tables.names).unwrap_or_default();
        groups.entry(shortened(&mask(reason))).or_insert((0, at)).0 += rows[at as usize].count;
    }
    let mut groups: Vec<(String, Group)> = alike(groups);
    groups.sort_by(|(a, (more, _)), (b, (less, _))| less.cmp(more).then_with(|| a.cmp(b)));
    let rest = groups.split_off(groups.len().min(MOST_REASONS));
    let mut list: Vec<Unexplained> = groups
        .into_iter()
        .map(|(reason, (count, at))| {
            let row = &rows[at as usize];
            let citation = lines.cite(row.source, row.text(failures::reason, &tables.names));
            let class = row.text(failures::reason_class, &tables.names);
            let class = class.and_then(|class| called(tables, &failures::TABLE.fields[failures::reason_class.0], class));
            Unexplained { reason, class, count, share: count as f64 / total, citation }
        })
        .collect();
    if !rest.is_empty() {
        let count = rest.iter().map(|(_, (count, _))| count).sum();
        let reason = Phrases::english().say("residue.rest", &[("n", rest.len().into())]);
        list.push(Unexplained { reason, class: None, count, share: count as f64 / total, citation: None });
    }
    list
}

/// Reasons that differ in a number alone, such as that of a ticket, are one: where it stands, `…` does. A code that is the
/// same in all of them stays.
fn alike(groups: BTreeMap<String, Group>) -> Vec<(String, Group)> {
    let numbered = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    let core = |word: &str| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    let is_number = |word: &str| core(word).bytes().all(|byte| byte.is_ascii_digit());
    // A code of a reply, an enhanced code or a port tells what is said.
    let is_code =
        |word: &str| word.contains(['.', '…']) || (is_number(word) && matches!(core(word).as_bytes(), [b'2'..=b'5', _, _]));
    let mut forms: BTreeMap<Vec<String>, Vec<(String, Group)>> = BTreeMap::new();
    for (reason, group) in groups {
        let form = reason.split(' ').map(|word| if numbered(word) { "…" } else { word }.to_owned()).collect();
        forms.entry(form).or_default().push((reason, group));
    }
    // Codes tell reasons apart: only what differs everywhere is a number.
    let merged = forms.into_values().map(|group| {
        let words: Vec<Vec<&str>> = group.iter().map(|(reason, _)| reason.split(' ').collect()).collect();
        let varies = |at: usize| words.iter().map(|words| words[at]).collect::<BTreeSet<_>>().len() == words.len();
        let same = |at: usize| words.iter().all(|other| other[at] == words[0][at]);
        // Of two that differ in a word with letters nobody knows whether it is a code.
        let free = |word: &&str| !is_code(word) && (is_number(word) || words.len() > 2);
        let number = |at: usize| varies(at) && words.iter().all(|words| free(&words[at]));
        if group.len() < 2 || !(0..words[0].len()).all(|at| same(at) || number(at)) {
            return group;
        }
        let reason: Vec<String> =
            (0..words[0].len()).map(|at| if same(at) { words[0][at].to_owned() } else { mask_number(words[0][at]) }).collect();
        let count = group.iter().map(|(_, (count, _))| count).sum();
        vec![(reason.join(" "), (count, group[0].1.1))]
    });
    merged.flatten().collect()
}

/// The word with its number masked: `(#4711)` is `(#…)`.
fn mask_number(word: &str) -> String {
    let begin = word.find(|c: char| c.is_ascii_alphanumeric()).unwrap_or(0);
    let end = word.rfind(|c: char| c.is_ascii_alphanumeric()).map_or(word.len(), |at| at + 1);
    format!("{}…{}", &word[..begin], &word[end..])
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn reasons_that_differ_in_a_number_alone_are_one_and_codes_stay_apart() {
        let told = |reasons: &[&str]| {
            let groups = reasons.iter().map(|reason| ((*reason).to_owned(), (2, 0))).collect();
            alike(groups).into_iter().map(|(reason, (count, _))| format!("{count} {reason}")).collect::<Vec<_>>()
        };
        assert_eq!(told(&["450 no, ticket (#41)", "450 no, ticket (#7)"]), ["4 450 no, ticket (#…)"]);
        assert_eq!(told(&["450 no, ref a1", "450 no, ref b2", "450 no, ref c3"]), ["6 450 no, ref …"]);
        for apart in [
            ["450 no", "451 no"],
            ["550 5.7.1 no", "550 5.7.2 no"],
            ["550 no (S3140)", "550 no (S3150)"],
            ["connect to …:25: x", "connect to …:587: x"],
            ["450 no, ticket 41", "450 yes, ticket 41"],
        ] {
            assert_eq!(told(&apart).len(), 2, "{apart:?}");
        }
    }
}
