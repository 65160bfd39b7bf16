//! What a page needs beside the view model: numbering, grouping, the pictures. Templates find it under `page`.

use super::brand::Brand;
use super::comparison::Comparison;
use super::format::Look;
use super::phrases::{Phrases, Said, capital};
use super::shorten::LeftOut;
use super::view::{
    AgeBucket, AskedField, Cause, Citation, Destinations, Evidence, Forecast, NotChecked, Report, RuleRow, Share, Span, Step,
    Timeline, Trend, Unexplained, Verdict,
};
use super::{charts, helpers, markup};
use crate::diagnose::words::{percent, thousands};
use crate::distinct;
use crate::time::Time;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Characters beside a lane in text output: its name, and what a full block stands for.
const BESIDE_LANE: usize = 22;
/// Characters before the place in a line of the text output's causes.
const BEFORE_PLACE: usize = 66;

/// Messages an hour below which a queue does not change.
const STILL: f64 = 0.5;

/// What a page looks like and in which words.
pub(super) struct Style<'s> {
    /// The terminal.
    pub(super) look: &'s Look,
    /// The style sheet.
    pub(super) sheet: &'s str,
    /// The report's own words.
    pub(super) phrases: &'s Phrases,
    /// Whose report it is.
    pub(super) brand: Option<&'s Brand>,
}

/// The template's context: the view model and `page`. Of a shortened report, `whole` is what it was made from: what is
/// counted in words is counted there.
pub(super) fn context(
    report: &Report,
    whole: &Report,
    style: &Style<'_>,
    left_out: &LeftOut,
) -> Result<Value, serde_json::Error> {
    let Style { look, phrases, .. } = *style;
    let ages_known = report.queue.ages.iter().any(|bucket| bucket.messages > 0);
    // A handful of messages of one age is no picture: the words above it have said it.
    let few = report.queue.waiting_messages < 10;
    let ages_drawn = ages_known && !(few && report.queue.ages.iter().filter(|bucket| bucket.messages > 0).count() < 2);
    let queue_drawn = |forecast: &&Forecast| report.queue.waiting_messages > 0 && !(few && is_flat(forecast));
    let mut context = serde_json::to_value(report)?;
    let numbers = numbers(report);
    let sheet = format!("{}{}", style.sheet, unlock_rules(report));
    let primary = report.causes.iter().find(|cause| cause.role == "root-cause");
    let onset = report.key.since;
    let onset_age = onset.zip(report.collected_at).map(|(since, now)| (now.since(since) / 60.0, since));
    let delivered = (report.traffic.sent, report.traffic.sent + report.traffic.deferred_attempts + report.traffic.bounced);
    let hurts = report.do_not.iter().filter_map(|warning| warning.hurts).max();
    let unchecked = whole.rules.iter().filter(|rule| state(rule, whole) == State::NotChecked).count();
    context["page"] = json!({
        "look": look,
        "brand": style.brand,
        "left_out": left_out,
        "style": sheet,
        "style_hash": markup::style_hash(&sheet),
        "headline": phrases.headline(report),
        "ladder": primary.map(|cause| phrases.ladder(&cause.ladder)),
        "second": report.causes.iter().find(|cause| cause.role == "contributing").filter(|_| report.also.is_some()),
        "causes": main_causes(report, &numbers, phrases),
        "notes": report.causes.iter().filter(|cause| cause.role == "note").collect::<Vec<_>>(),
        "do_not": do_not(report),
        "judged": judged(report, phrases),
        "queue_known": queue_known(report),
        "problems": report.causes.iter().filter(|cause| matches!(&*cause.role, "root-cause" | "contributing")).count(),
        "silent": silent(report),
        "shares": shares(report, look.width.clamp(40, 120).saturating_sub(BEFORE_PLACE), phrases),
        "share_bar": charts::share_bar(&report.shares),
        "failed": report.shares.iter().map(|share| share.recipients).sum::<u64>(),
        "timeline": report.timeline.as_ref().map(|timeline| timeline_page(timeline, report, style)),
        "ages": report.queue.ages.iter().map(|bucket| json!({ "label": phrases.measured(&charts::age_label(bucket)), "messages": bucket.messages, "any": bucket.messages > 0 })).collect::<Vec<_>>(),
        "ages_known": ages_known,
        "ages_chart": ages_drawn.then(|| charts::ages(&report.queue, onset_age, phrases)),
        "bytes": report.queue.bytes.map_or_else(String::new, |bytes| format!(", {}", phrases.measured(&helpers::bytes(bytes as f64)))),
        "after_onset": after_onset(report),
        "trend": report.key.trend.map(|trend| match trend.per_hour {
            still if still.abs() < STILL => phrases.say("keys.trend_steady", &[]),
            rate => phrases.say("keys.trend_big", &[("rate", helpers::rate(rate).into())]),
        }),
        "queue_chart": report.forecast.as_ref().filter(queue_drawn).map(|forecast| charts::queue(forecast, onset, report.window.map(|window| window.to), phrases)),
        "forecast": forecast(report, phrases),
        "destinations": destinations(report, phrases),
        "one_reason": one_reason(report),
        "phases": phases(report, &numbers, phrases),
        "hurts": hurts,
        "rules": rules(report),
        "rules_no": whole.rules.iter().filter(|rule| rule.result == "no").count(),
        "rules_met": whole.rules.iter().filter(|rule| state(rule, whole) == State::Met).count(),
        "rules_unchecked": unchecked,
        "unparsed": whole.sources.iter().map(|source| source.unparsed).sum::<u64>(),
        "delivered": json!({ "sent": delivered.0, "all": delivered.1, "share": delivered.0 as f64 / (delivered.1.max(1)) as f64 }),
        "collect": collect(report),
        "buckets": report.causes.iter().filter(|cause| cause.role == "root-cause" || cause.role == "contributing").fold(Vec::new(), |mut list, cause| {
            if !list.contains(&cause.bucket) {
                list.push(cause.bucket.clone());
            }
            list
        }),
    });
    let page = &mut context["page"];
    page["long"] = onset.zip(report.collected_at).is_some_and(|(since, now)| now.since(since) > 86_400.0).into();
    // Of one line nobody counts the seconds.
    page["lasts"] = onset.zip(report.collected_at).is_some_and(|(since, now)| now.since(since) >= 1.0).into();
    page["do_first"] = do_first(report).into();
    page["sources"] = whole.sources.len().into();
    page["questions"] = whole.not_checked.len().into();
    let unknown = unknown(whole);
    page["unknown"] = json!(unknown);
    page["most_unknown"] = (!unknown.is_empty() && !report.do_first.is_empty()).into();
    page["urgent"] = whole.not_checked.iter().any(|item| item.changes_plan).into();
    // Where no mail waits for the primary cause, how much waits does not tell how big it is.
    let holds_none = |cause: &&Cause| cause.accounts_for.waiting + cause.accounts_for.bounced == 0;
    page["impact"] = json!(primary.filter(holds_none).and_then(|cause| cause.impact.as_ref()));
    page["known"] = unknown.iter().all(|row| row.class.is_some()).into();
    page["lasted"] = onset.zip(report.key.over).map(|(from, to)| phrases.span(Span { from, to })).into();
    page["last_good"] = last_good(whole, phrases).into();
    page["log_before"] = log_before(whole).into();
    page["unsure"] = json!(unsure(report));
    page["recipients"] = recipients(report, phrases).into();
    page["flush_step"] = json!(flush_step(report));
    page["emptied"] = (report.key.trend.is_some() && report.key.size.messages == 0).into();
    page["overdue"] = overdue(report).into();
    let (no_expiry, no_deadline) = no_deadline(report);
    page["no_expiry"] = no_expiry.into();
    page["no_deadline"] = phrases.say(no_deadline, &[]).into();
    page["no_trend"] = phrases.say(no_trend(report), &[]).into();
    Ok(context)
}

/// The timeline's pictures, figures and lanes of characters.
fn timeline_page(timeline: &Timeline, report: &Report, style: &Style<'_>) -> Value {
    let Style { look, phrases, .. } = *style;
    let columns = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
    let end = timeline.from.plus(f64::from(timeline.column) * columns as f64);
    let span = report.window.map_or(Span { from: timeline.from, to: end }, |window| Span {
        // Whole seconds, as a report that was read from JSON has them.
        from: Time::from_seconds(window.from.max(timeline.from).seconds()),
        to: Time::from_seconds(window.to.min(end).seconds()),
    });
    let words = charts::timeline_words(timeline, span, phrases);
    let shown = charts::Shown {
        span,
        last_good: report.key.last_good.as_ref().map(|good| good.time),
        cause: report
            .causes
            .iter()
            .find(|cause| cause.role == "root-cause" && !cause.is_possible())
            .map(|cause| cause.title.as_str()),
    };
    let happened = !timeline.gaps.is_empty() || timeline.lanes.iter().any(|lane| lane.counts.iter().any(|count| *count > 0));
    let room = look.width.clamp(40, 120).saturating_sub(BESIDE_LANE);
    let group = timeline.lanes.first().map_or(1, |lane| charts::columns_a_block(lane, room));
    let lanes: Vec<Value> = timeline
        .lanes
        .iter()
        .enumerate()
        .map(|(at, lane)| {
            let (blocks, full) = charts::blocks(timeline, lane, group);
            let title = charts::lane_title(timeline, at, phrases);
            let sum = lane.counts.iter().sum::<u64>();
            let scale = match sum {
                0 => phrases.say("shape.full_none", &[]),
                _ => phrases.say("shape.full", &[("n", full.into()), ("sum", sum.into())]),
            };
            json!({ "name": lane.name, "title": title, "blocks": blocks, "full": full, "sum": sum, "scale": scale })
        })
        .collect();
    let delivered: u64 = timeline.lanes.iter().filter(|lane| lane.name == "delivered").flat_map(|lane| &lane.counts).sum();
    json!({
        // Neither is it a picture in which nothing happened.
        "empty": !happened,
        // One or two columns are no picture: their figures are.
        "drawn": happened && columns > 2,
        "wide": charts::timeline(timeline, shown, true, &words, phrases),
        "narrow": charts::timeline(timeline, shown, false, &words, phrases),
        "column": charts::column_words(timeline.column, phrases),
        "lane_column": charts::column_words(timeline.column * group as u32, phrases),
        "span": phrases.span(span),
        "around": around(timeline),
        "title_width": lanes.iter().filter_map(|lane| lane["title"].as_str()).map(|title| title.chars().count()).max(),
        "delivered": phrases.say(if timeline.outward { "units.delivered_out" } else { "units.delivered" }, &[("n", delivered.into())]),
        "lanes": lanes,
    })
}

/// The first steps; `lead` is what to do, `rest` what the sentence says of it it is for.
fn do_first(report: &Report) -> Vec<Value> {
    let steps = report.do_first.iter().map(|first| {
        let text = first.text.as_str();
        let comma = text.match_indices(", so that ").map(|(at, _)| at).find(|at| text[..*at].matches('`').count() % 2 == 0);
        let (lead, rest) = text.split_at(comma.unwrap_or(text.len()));
        json!({ "step": first.step, "lead": lead, "rest": rest, "why": first.why })
    });
    steps.collect()
}

/// The warnings; the number that one would hurt is told once (`hurts` is none where its sentence has it).
fn do_not(report: &Report) -> Vec<Value> {
    let warnings = report.do_not.iter().map(|warning| {
        let hurts = warning.hurts.filter(|hurts| !warning.why.contains(&thousands(*hurts)));
        let commands: Vec<&str> = warning.command.split(", ").collect();
        json!({ "command": warning.command, "commands": commands, "why": warning.why, "hurts": hurts })
    });
    warnings.collect()
}

/// The interval that was judged, in words.
fn judged(report: &Report, phrases: &Phrases) -> Option<String> {
    let window = report.window.filter(|window| window.to.since(window.from) >= 1.0)?;
    let at_the_end = report.collected_at.is_some_and(|at| at.since(window.to).abs() < 60.0);
    // Nobody counts the minutes of a day.
    let seconds = window.to.since(window.from);
    let seconds = if seconds > 6.0 * 3600.0 { (seconds / 600.0).round() * 600.0 } else { seconds };
    Some(match at_the_end {
        true if seconds == 86_400.0 => phrases.say("document.judged_day", &[]),
        true => phrases.say("document.judged_before", &[("duration", phrases.duration(seconds).into())]),
        false => phrases.say("document.judged", &[("span", phrases.span(window).into())]),
    })
}

/// Waiting messages that arrived after the onset, by the age buckets that it parts.
fn after_onset(report: &Report) -> Value {
    let (Some(since), Some(now)) = (report.key.since, report.collected_at) else { return Value::Null };
    let age = now.since(since) / 60.0;
    let newer = || report.queue.ages.iter().filter(|bucket| f64::from(bucket.from_minutes) < age);
    // The bucket in which the onset lies holds what came before it, too, if anything did.
    let parted = newer().any(|bucket| bucket.messages > 0 && bucket.to_minutes.is_none_or(|to| f64::from(to) > age));
    let at_most = parted && report.queue.oldest.is_none_or(|oldest| oldest.seconds() < since.seconds());
    let newer: u64 = newer().map(|bucket| bucket.messages).sum();
    json!({ "messages": newer, "share": newer as f64 / report.queue.waiting_messages.max(1) as f64, "at_most": at_most })
}

/// Causes that stand in no part of the share bar.
fn silent(report: &Report) -> Vec<&Cause> {
    let shown = |cause: &&Cause| report.shares.iter().any(|share| share.title == cause.title);
    report.causes.iter().filter(|cause| !shown(cause)).collect()
}

/// What comes next, in words.
fn forecast(report: &Report, phrases: &Phrases) -> Option<String> {
    // Where nothing is wrong nothing is to be feared.
    let wanted = report.queue.waiting_messages > 0 && report.verdict != Verdict::Healthy;
    let forecast = report.forecast.as_ref().filter(|_| wanted)?;
    if all_held(report) {
        return Some(phrases.say("shape.queue_held", &[]));
    }
    let mut words = Vec::new();
    if let Some(Trend { per_hour, .. }) = forecast.trend {
        let rate = ("rate", helpers::rate(per_hour).into());
        words.push(match forecast.at_deadline {
            _ if per_hour <= -STILL => phrases.say("shape.queue_falls", &[rate]),
            Some(size) if per_hour >= STILL => phrases.say("shape.queue_grows", &[rate, ("n", rounded(size).into())]),
            None if per_hour >= STILL => phrases.say("shape.queue_grows_only", &[rate]),
            _ => phrases.say("shape.queue_still", &[]),
        });
    }
    match forecast.drain {
        Some(drain) if drain.median > 0.0 => {
            let waiting = report.queue.waiting_messages as f64;
            let quick = phrases.duration(waiting / drain.median * 3600.0);
            let slow = (drain.slowest > 0.0).then(|| phrases.duration(waiting / drain.slowest * 3600.0));
            let phrase = if slow.is_some() { "shape.drain" } else { "shape.drain_unsteady" };
            let values = [
                ("from", quick.into()),
                ("to", slow.into()),
                ("rate", helpers::rate(-drain.median).into()),
                ("over", phrases.duration(drain.over).into()),
            ];
            words.push(phrases.say(phrase, &values));
        }
        // It fell all the same: at times more left than came.
        Some(_) if forecast.trend.is_some_and(|trend| trend.per_hour <= -STILL) => {}
        Some(drain) => words.push(phrases.say("shape.drain_not", &[("over", phrases.duration(drain.over).into())])),
        None => {
            words.push(phrases.say("shape.drain_unknown", &[]));
            let measures = |step: &&Step| step.phase == "drain" && step.run.as_ref().is_some_and(|run| run.contains("qshape"));
            if let Some(step) = report.plan.iter().find(measures) {
                words.push(phrases.say("shape.drain_measure", &[("n", step.number.into())]));
            }
        }
    }
    Some(words.join(" "))
}

/// Whether everything that waits is on hold.
fn all_held(report: &Report) -> bool {
    let queues = &report.queue.by_queue;
    !queues.is_empty() && queues.iter().all(|count| count.name == "hold")
}

/// Whether the queue had one size all the time.
fn is_flat(forecast: &Forecast) -> bool {
    forecast.waiting.windows(2).all(|pair| pair[0] == pair[1])
}

/// A forecast has two digits that mean something.
fn rounded(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit / 2) / unit * unit
}

/// Whether one reason holds the mail of several providers: then it is this side's.
fn one_reason(report: &Report) -> bool {
    let Some(table) = &report.destinations else { return false };
    let many = table.rows.iter().filter(|row| row.counts.first().is_some_and(|count| *count > 0)).count() >= 3;
    let total: u64 = table.totals.iter().rev().skip(1).sum();
    let known = table.columns.first().is_some_and(|column| !Destinations::UNKNOWN.contains(&column.as_str()));
    many && known && total > 0 && table.columns.len() > 1 && table.totals[0] as f64 >= total as f64 * 0.9
}

/// The context of a comparison: the comparison and `page`.
pub(super) fn comparison(comparison: &Comparison, style: &Style<'_>) -> Result<Value, serde_json::Error> {
    let Style { look, phrases, sheet, brand } = *style;
    let mut context = serde_json::to_value(comparison)?;
    let worded = |list: &[Said]| list.iter().map(|said| said.in_words(phrases)).collect::<Vec<_>>();
    context["headline"] = comparison.headline.in_words(phrases).into();
    context["cautions"] = worded(&comparison.cautions).into();
    context["still"] = worded(&comparison.still).into();
    context["forecast"]["because"] = comparison.forecast.because.in_words(phrases).into();
    for (at, cause) in comparison.causes.iter().enumerate() {
        context["causes"][at]["says"] = cause.says.in_words(phrases).into();
    }
    let ages = comparison.ages.iter().map(|row| {
        let bucket = AgeBucket { from_minutes: row.from_minutes, to_minutes: row.to_minutes, messages: row.after };
        json!({ "label": charts::age_label(&bucket), "before": row.before, "after": row.after })
    });
    context["page"] = json!({ "look": look, "brand": brand, "style": sheet, "style_hash": markup::style_hash(sheet), "ages": ages.collect::<Vec<_>>() });
    Ok(context)
}

/// The number of each cause that is no symptom of another one shown, by rule id.
fn numbers(report: &Report) -> BTreeMap<String, usize> {
    let shown = |rule: &String| report.causes.iter().any(|cause| &cause.rule == rule && cause.role != "symptom");
    report
        .causes
        .iter()
        .filter(|cause| cause.role != "note" && (cause.role != "symptom" || !cause.symptom_of.iter().any(shown)))
        .enumerate()
        .map(|(at, cause)| (cause.rule.clone(), at + 1))
        .collect()
}

/// Causes in the order of their numbers, each with its symptoms.
fn main_causes(report: &Report, numbers: &BTreeMap<String, usize>, phrases: &Phrases) -> Vec<Value> {
    let all: u64 = report.shares.iter().map(|share| share.recipients).sum();
    report
        .causes
        .iter()
        .filter_map(|cause| {
            let number = numbers.get(&cause.rule)?;
            let symptoms: Vec<&Cause> = report
                .causes
                .iter()
                .filter(|other| !numbers.contains_key(&other.rule) && other.role == "symptom")
                .filter(|other| other.symptom_of.iter().find(|root| numbers.contains_key(*root)) == Some(&cause.rule))
                .collect();
            let mut cause = cause.clone();
            cause.evidence.iter_mut().for_each(|item| phrases.word_question(item));
            let mut value = serde_json::to_value(&cause).ok()?;
            value["number"] = json!(number);
            // What was looked for and not found, and what is not known, are lists of their own: each thing once.
            value["absent"] = json!(by_end(&says_of(&cause, "would-contradict")));
            value["unknown"] = json!(says_of(&cause, "not-known"));
            // What would not change what is said of it is not asked for.
            value["asked_for"] = report.not_checked.iter().any(|item| item.rule == cause.rule).into();
            value["signals"] = signals(&cause);
            let (lasting, passing): (Vec<&Cause>, Vec<&Cause>) = symptoms.into_iter().partition(|symptom| symptom.outlasts);
            value["symptoms"] = passing.iter().filter_map(|symptom| symptom_view(symptom, measured(symptom))).collect();
            value["outlasting"] = lasting.iter().filter_map(|symptom| symptom_view(symptom, &symptom.summary)).collect();
            let repairs = |step: &&Step| lasting.iter().any(|symptom| step.causes.contains(&symptom.rule));
            let repairs: Vec<usize> = report.plan.iter().filter(repairs).map(|step| step.number).collect();
            value["repairs"] = json!({ "count": repairs.len(), "steps": ranges(&repairs, phrases) });
            // What an earlier cause explains, too, stands in the bar once.
            let failed = cause.accounts_for.waiting + cause.accounts_for.bounced;
            let own = report.shares.iter().find(|share| share.rule.as_ref() == Some(&cause.rule) && share.others.is_none());
            value["told_before"] = json!(own.map_or(0, |share| failed.saturating_sub(share.recipients)));
            value["because"] = json!(phrases.because(&cause));
            value["of"] = json!(all);
            value["percent"] = json!(percent_of(&cause, report));
            value["accounts"] = json!(cause.accounts_for.waiting + cause.accounts_for.bounced);
            Some(value)
        })
        .collect()
}

/// A symptom and what is told of it.
fn symptom_view(symptom: &Cause, told: &str) -> Option<Value> {
    let mut value = serde_json::to_value(symptom).ok()?;
    value["told"] = format!("{}.", told.trim_end_matches('.')).into();
    Some(value)
}

/// What was measured of a symptom: why it is so, its cause tells, and not the words that it would have as a cause.
fn measured(symptom: &Cause) -> &str {
    symptom.evidence.first().map_or(&symptom.summary, |first| &first.says)
}

/// The statements of one kind of a cause's signals, each once.
fn says_of<'c>(cause: &'c Cause, kind: &str) -> Vec<&'c str> {
    let mut list: Vec<&str> = Vec::new();
    // What no words can say (a form that a text has) is not said.
    let unspeakable = |item: &Evidence| {
        let odd = |one: &AskedField| one.how.ends_with("matches") || one.how == "otherwise";
        kind == "would-contradict"
            && item.asked.as_ref().is_some_and(|asked| asked.wanted == "none" || asked.conditions.iter().any(odd))
    };
    for item in cause.evidence.iter().filter(|item| item.kind == kind && !unspeakable(item)) {
        if !list.contains(&item.says.as_str()) {
            list.push(&item.says);
        }
    }
    list
}

/// Statements by how they end (`: none.`), so that several with one end say it once.
fn by_end<'s>(says: &[&'s str]) -> Vec<Value> {
    let mut groups: Vec<(&str, Vec<&'s str>)> = Vec::new();
    for says in says {
        let (what, end) = says.rsplit_once(": ").filter(|(_, end)| !end.contains('`')).unwrap_or((says, ""));
        match groups.iter_mut().find(|(known, _)| !end.is_empty() && *known == end) {
            Some((_, list)) => list.push(what),
            None => groups.push((end, vec![what])),
        }
    }
    let told = |(end, list): (&str, Vec<&str>)| match list[..] {
        [what] if end.is_empty() => json!({ "says": what, "of": [] }),
        [what] => json!({ "says": format!("{what}: {end}"), "of": [] }),
        _ => json!({ "says": capital(end.trim_end_matches('.')), "of": list }),
    };
    groups.into_iter().map(told).collect()
}

/// The part of the failures that a cause explains, as the bar has it where it is the same.
fn percent_of(cause: &Cause, report: &Report) -> String {
    let recipients = cause.accounts_for.waiting + cause.accounts_for.bounced;
    let same = |share: &&(&Share, String)| share.0.rule.as_ref() == Some(&cause.rule) && share.0.recipients == recipients;
    let parts: Vec<(&Share, String)> = report.shares.iter().zip(percents(report)).collect();
    let known = parts.iter().find(same).map(|(_, percent)| percent.clone());
    known.unwrap_or_else(|| percent(cause.accounts_for.share))
}

/// The signals of a cause that show something, those of one group together. A line that was shown before is named by its
/// place alone (`places`), and one that says what another line of the same statement says (`also`), too.
fn signals(cause: &Cause) -> Value {
    let mut groups: Vec<(&Evidence, Vec<Value>)> = Vec::new();
    let mut shown = BTreeSet::new();
    let mut said = BTreeSet::new();
    let seen = |item: &&Evidence| !matches!(&*item.kind, "would-contradict" | "not-known");
    for item in cause.evidence.iter().filter(seen) {
        let (new, again): (Vec<&Citation>, Vec<&Citation>) = item.citations.iter().partition(|one| shown.insert(place(one)));
        let again: Vec<String> = again.into_iter().map(place).collect();
        let (new, also): (Vec<&Citation>, Vec<&Citation>) = new.into_iter().partition(|one| said.insert(gist(one)));
        let also: Vec<String> = also.into_iter().map(place).collect();
        let (again, also) = if new.is_empty() { ([again, also].concat(), Vec::new()) } else { (again, also) };
        let same = groups
            .last()
            .filter(|(first, _)| first.kind == item.kind && !item.part_of.is_empty() && first.part_of == item.part_of);
        let total = if again.is_empty() { item.citations_total } else { 0 };
        let part = json!({ "says": item.says, "citations": new, "places": again, "also": also, "total": total, "met": item.met });
        match same.is_some() {
            true => groups.last_mut().expect("one").1.push(part),
            false => groups.push((item, vec![part])),
        }
    }
    let told = |(first, parts): (&Evidence, Vec<Value>)| {
        // Nothing of it is met by itself.
        let in_part = first.kind == "required" && parts.iter().all(|part| part["met"] != json!(true));
        json!({ "kind": first.kind, "in_part": in_part, "parts": parts })
    };
    groups.into_iter().map(told).collect()
}

/// What a line says that matters, without what differs in each: times, ids, numbers.
fn gist(citation: &Citation) -> String {
    let said =
        citation.matched.map(|(from, to)| citation.text.chars().skip(from).take(to.saturating_sub(from)).collect::<String>());
    let said = said.filter(|said| said.contains(' ')).unwrap_or_else(|| citation.text.clone());
    let numbered = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    said.split_whitespace().map(|word| if numbered(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

fn place(citation: &Citation) -> String {
    format!("{}:{}", citation.file, citation.line)
}

/// The percents of the bar's parts, which add up to 100: rounded by largest remainder, in tenths.
fn percents(report: &Report) -> Vec<String> {
    let exact: Vec<f64> = report.shares.iter().map(|share| share.share * 1000.0).collect();
    let mut tenths: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let sum: f64 = exact.iter().sum();
    let missing = (sum.round() as u64).saturating_sub(tenths.iter().sum());
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    for at in order.into_iter().take(missing as usize) {
        tenths[at] += 1;
    }
    let percent = |(share, tenths): (&Share, &u64)| match (tenths, share.recipients) {
        (0, 1..) => "< 0.1 %".to_owned(),
        (tenths, _) => format!("{}.{} %", tenths / 10, tenths % 10),
    };
    report.shares.iter().zip(&tenths).map(percent).collect()
}

/// The parts of the bar, with their place if it has `room`.
fn shares(report: &Report, room: usize, phrases: &Phrases) -> Vec<Value> {
    report
        .shares
        .iter()
        .zip(percents(report))
        .zip(charts::segments(&report.shares))
        .map(|((share, percent), (class, fill))| {
            let title = share.others.map(|others| phrases.say("shares.others", &[("n", others.into())]));
            let title = title.unwrap_or_else(|| share.title.clone());
            let cause = report.causes.iter().find(|cause| Some(&cause.rule) == share.rule.as_ref());
            let title = match cause.is_some_and(Cause::is_possible) && share.others.is_none() {
                true => phrases.say("shares.possible", &[("title", title.into())]),
                false => title,
            };
            let place = cause
                .and_then(|cause| cause.evidence.iter().flat_map(|item| &item.citations).next())
                .map(|citation| format!("{}:{}", citation.file, citation.line))
                .filter(|place| place.chars().count() <= room);
            json!({
                "title": title, "rule": share.rule, "role": share.role, "recipients": share.recipients,
                "percent": percent, "class": class, "fill": fill,
                "confidence": cause.map(|cause| &cause.confidence), "place": place,
                "cause": cause.is_some() && share.others.is_none(),
            })
        })
        .collect()
}

/// The commonest reasons of a trouble that no rule explains: they are what to read first.
fn unknown(report: &Report) -> &[Unexplained] {
    // What most of it is comes first, whatever else is known.
    let most = report.shares.iter().any(|share| share.rule.is_none() && share.share >= 0.5);
    let told = (!report.do_first.is_empty() || !report.do_not.is_empty()) && !most;
    let wanted = !told && matches!(report.verdict, Verdict::Degraded | Verdict::Incident);
    if wanted { &report.unexplained[..report.unexplained.len().min(3)] } else { &[] }
}

/// The last delivery before the onset, in words; or that other mail is still delivered, or that only a listing tells.
fn last_good(report: &Report, phrases: &Phrases) -> Option<String> {
    // Without a log the first sign is the arrival of what still waits, which may be older than the trouble.
    if report.traffic.lines == 0 && report.key.since.is_some() {
        return Some(phrases.say("keys.since_listed", &[]));
    }
    // What ended needs no sign of how things are meanwhile.
    report.key.over.is_none().then_some(())?;
    let Some(good) = &report.key.last_good else {
        let begins = report.key.since.is_some() && !log_before(report);
        return begins.then(|| phrases.say("keys.since_begins", &[]));
    };
    let delivered_since = report.timeline.as_ref().zip(report.key.since).is_some_and(|(timeline, since)| {
        let column = (since.since(timeline.from) / f64::from(timeline.column)).max(0.0) as usize;
        let delivered = timeline.lanes.iter().filter(|lane| lane.name == "delivered");
        delivered.flat_map(|lane| lane.counts.iter().skip(column + 1)).any(|count| *count > 0)
    });
    let time = [("time", helpers::seconds(good.time).into())];
    Some(match (delivered_since, good.over) {
        (true, false) => phrases.say("keys.still_delivers", &[]),
        // What is delivered meanwhile goes to this server's own mailboxes and filters.
        (true, true) => phrases.say("keys.last_delivery_out", &time),
        (false, _) if report.timeline.as_ref().is_some_and(|timeline| timeline.outward) => {
            phrases.say("keys.last_delivery_out", &time)
        }
        (false, _) => phrases.say("keys.last_delivery", &time),
    })
}

/// Whether the log that was collected reaches back to well before the onset, so that it can tell what changed.
fn log_before(report: &Report) -> bool {
    let begins = report.sources.iter().filter_map(|source| source.from).min();
    begins.zip(report.key.since).is_some_and(|(begins, since)| since.since(begins) >= ONSET)
}

/// Seconds before an onset that belong to it.
const ONSET: f64 = 120.0;

/// What to collect so that a cause which is merely possible is decided: the kinds of evidence, at most three.
fn unsure(report: &Report) -> Vec<&str> {
    let Some(cause) = report.causes.iter().find(|cause| cause.role == "root-cause" && cause.is_possible()) else {
        return Vec::new();
    };
    let mut wanted: Vec<&str> = Vec::new();
    // What decides it comes before what would support it.
    let asked = |decides| {
        let ours = report.not_checked.iter().filter(|item| item.rule == cause.rule && item.changes_plan);
        ours.filter(move |item| (item.effect == "decides") == decides)
    };
    for item in asked(true).chain(asked(false)) {
        if !wanted.contains(&item.needs.as_str()) {
            wanted.push(&item.needs);
        }
    }
    wanted.truncate(3);
    wanted
}

/// How many recipients wait, and at how many domains, if that is known.
fn recipients(report: &Report, phrases: &Phrases) -> String {
    let size = &report.key.size;
    let recipients = phrases.say("units.recipient", &[("n", size.recipients.into())]);
    match size.domains {
        0 => recipients,
        domains => {
            // Of many it is an estimate.
            let phrase = if distinct::is_estimate(domains) { "units.domain_about" } else { "units.domain" };
            let domains = phrases.say(phrase, &[("n", domains.into())]);
            phrases.say("keys.recipients_at", &[("recipients", recipients.into()), ("domains", domains.into())])
        }
    }
}

/// The step that flushes and is locked, where no cause warns of anything.
fn flush_step(report: &Report) -> Option<usize> {
    let flushes = |step: &&Step| !step.locked_by.is_empty() && step.run.as_ref().is_some_and(|run| run.contains("postqueue -f"));
    report.plan.iter().filter(|_| report.do_not.is_empty()).find(flushes).map(|step| step.number)
}

/// Whether the queue lifetime of the first of the mail is over.
fn overdue(report: &Report) -> bool {
    report.key.deadline.as_ref().zip(report.collected_at).is_some_and(|(deadline, now)| deadline.time < now)
}

/// Whether a listing or a log tells what waits. Lines that tell of trouble and of no message, such as people copy out of a log, do not.
fn queue_known(report: &Report) -> bool {
    let traffic = &report.traffic;
    let mail = traffic.messages + traffic.sent + traffic.deferred_attempts + traffic.bounced;
    report.queue.listed.is_some() || traffic.lines > 0 && (mail > 0 || report.verdict == Verdict::Healthy)
}

/// Why no deadline is told: whether there is none, and the phrase.
fn no_deadline(report: &Report) -> (bool, &'static str) {
    let queue = &report.queue;
    match () {
        () if report.key.size.messages == 0 && queue_known(report) => (true, "keys.deadline_empty"),
        () if report.key.size.messages == 0 => (false, "keys.big_unknown_note"),
        () if all_held(report) => (true, "keys.deadline_held"),
        () if queue.oldest.is_some() => (false, "keys.deadline_lifetime"),
        () => (false, "keys.deadline_unknown"),
    }
}

/// Why no trend is told: its phrase.
fn no_trend(report: &Report) -> &'static str {
    match (report.key.since, report.collected_at) {
        (None, _) => "keys.trend_none_note",
        (Some(_), None) => "keys.trend_none_time",
        (Some(since), Some(now)) if now.since(since) < 600.0 => "keys.trend_none_short",
        (Some(_), Some(_)) => "keys.trend_none_excerpt",
    }
}

/// The columns around the onset, or the last ones.
fn around(timeline: &super::view::Timeline) -> Vec<Value> {
    let count = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
    let at = |column: usize| timeline.from.plus(f64::from(timeline.column) * column as f64);
    let onset = timeline.onset.and_then(|onset| (0..count).rev().find(|column| at(*column) <= onset));
    let from = onset.map_or(count.saturating_sub(10), |onset| onset.saturating_sub(3));
    (from..count.min(from + 10))
        .map(|column| {
            let mut row = Map::new();
            row.insert("from".to_owned(), json!(at(column)));
            row.insert("onset".to_owned(), json!(onset == Some(column)));
            for lane in &timeline.lanes {
                row.insert(lane.name.to_string(), json!(lane.counts.get(column)));
            }
            Value::Object(row)
        })
        .collect()
}

/// Rows with a shade for each number: four steps by the square root of its part of the largest one.
fn destinations(report: &Report, phrases: &Phrases) -> Value {
    let Some(table) = &report.destinations else { return Value::Null };
    // A table of one number says nothing that its total does not.
    if table.rows.iter().flat_map(|row| &row.counts).filter(|count| **count > 0).count() < 2 {
        return Value::Null;
    }
    let most = table.rows.iter().flat_map(|row| &row.counts).copied().max().unwrap_or(0).max(1) as f64;
    let last = table.columns.len().saturating_sub(1);
    let cells = |counts: &[u64]| -> Vec<Value> {
        counts
            .iter()
            .enumerate()
            .map(|(at, count)| {
                let shade = if *count == 0 { 0 } else { ((*count as f64 / most).sqrt() * 4.0).ceil().clamp(1.0, 4.0) as u8 };
                json!({ "count": count, "shade": shade, "bounced": at == last })
            })
            .collect()
    };
    json!({
        "wide": table.columns.len() > 3,
        "many": table.columns.len() > 3,
        "in_part": table.in_part,
        "columns": table.columns.iter().enumerate().map(|(at, title)| json!({ "title": title, "bounced": at == last })).collect::<Vec<_>>(),
        "rows": table.rows.iter().map(|row| json!({ "name": phrases.destination(row), "named": !row.domains.is_empty(), "provider": row.provider, "cells": cells(&row.counts) })).collect::<Vec<_>>(),
        "totals": cells(&table.totals),
    })
}

/// Phases that have steps; a step names the causes that it serves by number, a phase what locks it.
fn phases(report: &Report, numbers: &BTreeMap<String, usize>, phrases: &Phrases) -> Vec<Value> {
    report
        .phases
        .iter()
        .filter_map(|phase| {
            let steps: Vec<&Step> = report.plan.iter().filter(|step| step.phase == phase.id).collect();
            if steps.is_empty() {
                return None;
            }
            // Locks of one phase are shown once if they are the same for all its steps.
            let locks = &steps[0].locked_by;
            let locked = !locks.is_empty() && steps.iter().all(|step| &step.locked_by == locks);
            // What only looks lets no mail go.
            let moves = steps.iter().any(|step| step.risk != "read-only");
            let rows: Vec<Value> = steps
                .iter()
                .filter_map(|step| {
                    let mut value = serde_json::to_value(step).ok()?;
                    let number = |rule: &String| numbers.get(rule).or_else(|| symptom_of(rule, report)?.iter().find_map(|root| numbers.get(root)));
                    let mut served: Vec<usize> = step.causes.iter().filter_map(number).copied().collect();
                    served.sort_unstable();
                    served.dedup();
                    value["serves"] = match served.as_slice() {
                        _ if numbers.len() < 2 => Value::Null,
                        [] => Value::Null,
                        served => {
                            let values = [("n", served.len().into()), ("numbers", ranges(served, phrases).into())];
                            json!(phrases.say("plan.serves", &values))
                        }
                    };
                    value["effects"] = json!(step.run.as_ref().map_or_else(Vec::new, |run| phrases.effects(run)));
                    value["locks"] = json!(ranges(&step.locked_by, phrases));
                    Some(value)
                })
                .collect();
            Some(json!({
                "id": phase.id, "title": phase.title, "says": phase.says, "steps": rows,
                "locked": locked, "locks": ranges(locks, phrases), "lock_count": locks.len(), "moves": moves, "checks": checks(&steps),
            }))
        })
        .collect()
}

/// The causes that a rule's cause follows from.
fn symptom_of<'r>(rule: &String, report: &'r Report) -> Option<&'r [String]> {
    Some(report.causes.iter().find(|cause| &cause.rule == rule)?.symptom_of.as_slice())
}

/// The read-only commands of a phase as one block of shell, each under the name of its step; none if they are no block yet.
fn checks(steps: &[&Step]) -> Value {
    let reading = steps.iter().filter(|step| step.risk == "read-only");
    let parts: Vec<String> = reading
        .filter_map(|step| {
            let title: Vec<String> = markup::to_text(&step.action).split_whitespace().map(str::to_owned).collect();
            Some(format!("# {}. {}\n{}", step.number, title.join(" "), step.run.as_ref()?))
        })
        .collect();
    if parts.len() < 2 { Value::Null } else { json!({ "count": parts.len(), "run": parts.join("\n") }) }
}

/// `3 to 8`, `1, 3 and 4`.
fn ranges(numbers: &[usize], phrases: &Phrases) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < numbers.len() {
        let start = at;
        while at + 1 < numbers.len() && numbers[at + 1] == numbers[at] + 1 {
            at += 1;
        }
        match at - start {
            0 => parts.push(numbers[start].to_string()),
            1 => parts.extend([numbers[start].to_string(), numbers[at].to_string()]),
            _ => parts.push(phrases.say("span", &[("from", numbers[start].into()), ("to", numbers[at].into())])),
        }
        at += 1;
    }
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            phrases.say("and", &[("list", rest.join(", ").into()), ("last", last.as_str().into())])
        }
        _ => parts.concat(),
    }
}

/// What became of a rule, for a reader.
#[derive(PartialEq)]
enum State {
    Met,
    NotMet,
    NotChecked,
}

/// A rule that is merely possible and no cause of this report hangs on what was not collected.
fn state(rule: &RuleRow, report: &Report) -> State {
    match &*rule.result {
        "no" => State::NotMet,
        "not-checked" => State::NotChecked,
        "possible" if !report.causes.iter().any(|cause| cause.rule == rule.id) => State::NotChecked,
        _ => State::Met,
    }
}

/// Rules by bucket: how many were met, not met, not checked, and which.
fn rules(report: &Report) -> Vec<Value> {
    let mut buckets: Vec<(&str, Vec<&str>, usize, Vec<&str>)> = Vec::new();
    for row in &report.rules {
        let at = match buckets.iter().position(|(bucket, ..)| *bucket == row.bucket) {
            Some(at) => at,
            None => {
                buckets.push((&row.bucket, Vec::new(), 0, Vec::new()));
                buckets.len() - 1
            }
        };
        match state(row, report) {
            State::NotMet => buckets[at].2 += 1,
            State::NotChecked => buckets[at].3.push(&row.id),
            State::Met => buckets[at].1.push(&row.id),
        }
    }
    buckets
        .into_iter()
        .map(|(bucket, met, unmet, unchecked)| {
            json!({
                "bucket": bucket, "met": met.len(), "unmet": unmet, "unchecked": unchecked.len(),
                "which_met": met.join(", "), "which_unchecked": unchecked.join(", "),
            })
        })
        .collect()
}

/// What to collect, each once: the questions that one command answers stand together. What can change the plan comes first,
/// then what answers most.
fn collect(report: &Report) -> Vec<Value> {
    let mut groups: Vec<(&NotChecked, Vec<&NotChecked>)> = Vec::new();
    for item in &report.not_checked {
        let same = |first: &NotChecked| match (&first.command, &item.command) {
            (None, None) => first.needs == item.needs,
            (first, item) => first == item,
        };
        match groups.iter_mut().find(|(first, _)| same(first)) {
            Some((_, questions)) => questions.push(item),
            None => groups.push((item, vec![item])),
        }
    }
    // A cause that is there is not decided any more: how sure it is stands beside what the answer may do.
    let asked = |item: &&NotChecked| {
        let confidence = report.causes.iter().find(|cause| cause.rule == item.rule).map(|cause| &cause.confidence);
        json!({ "title": item.title, "rule": item.rule, "effect": item.effect, "confidence": confidence })
    };
    groups.sort_by_key(|(first, questions)| (!first.changes_plan, usize::MAX - questions.len()));
    groups
        .into_iter()
        .map(|(first, questions)| {
            json!({
                "command": first.command, "needs": first.needs, "changes_plan": first.changes_plan, "questions": questions.iter().map(asked).collect::<Vec<_>>(),
                // Without any answer yet, everything that is missing is wanted.
                "urgent": (first.changes_plan && first.command.is_some()) || matches!(report.verdict, Verdict::Inconclusive),
            })
        })
        .collect()
}

/// Style rules that turn a lock note into "unlocked" once the boxes of the steps before it are ticked.
fn unlock_rules(report: &Report) -> String {
    let mut out = String::new();
    for phase in &report.phases {
        let Some(step) = report.plan.iter().find(|step| step.phase == phase.id && !step.locked_by.is_empty()) else { continue };
        let ticked: String = step.locked_by.iter().map(|number| format!(":has(#s{number}:checked)")).collect();
        out.push_str(&format!(
            ".plan{ticked} #phase-{id} .locknote.shut,.plan{ticked} #phase-{id} .tag.lock{{display:none}}\n\
             .plan{ticked} #phase-{id} .locknote.open{{display:flex}}\n\
             .plan{ticked} #phase-{id} pre.cmd{{border-style:solid}}\n",
            id = phase.id
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_numbers_read_as_ranges() {
        let words = Phrases::built_in();
        assert_eq!(ranges(&[3, 4, 5, 6], &words), "3 to 6");
        assert_eq!(ranges(&[1, 3, 4], &words), "1, 3 and 4");
        assert_eq!(ranges(&[2], &words), "2");
        assert_eq!(ranges(&[], &words), "");
    }
}
