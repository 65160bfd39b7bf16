//! What a page needs beside the view model: numbering, grouping, the pictures. Templates find it under `page`.

mod appendix;
mod causes;
mod first;
mod plan;
mod shape;

use crate::report::brand::Brand;
use crate::report::comparison::Comparison;
use crate::report::format::Look;
use crate::report::phrases::{Phrases, Said};
use crate::report::shorten::LeftOut;
use crate::report::view::{AgeBucket, Cause, Forecast, Report, Span};
use crate::report::{charts, helpers, markup};
use appendix::{State, collect, rules, state};
use causes::{main_causes, numbers, shares, silent};
use first::{
    do_first, do_not, judged, last_good, log_before, no_deadline, no_trend, overdue, queue_known, recipients, unknown, unsure,
};
use plan::{flush_step, phases, unlock_rules};
use serde_json::{Value, json};
use shape::{STILL, after_onset, destinations, forecast, is_flat, one_reason, timeline_page};

/// Characters before the place in a line of the text output's causes.
const BEFORE_PLACE: usize = 66;

/// What a page looks like and in which words.
pub(in crate::report) struct Style<'s> {
    /// The terminal.
    pub(in crate::report) look: &'s Look,
    /// The style sheet.
    pub(in crate::report) sheet: &'s str,
    /// The report's own words.
    pub(in crate::report) phrases: &'s Phrases,
    /// Whose report it is.
    pub(in crate::report) brand: Option<&'s Brand>,
}

/// The template's context: the view model and `page`. Of a shortened report, `whole` is what it was made from: what is
/// counted in words is counted there.
pub(in crate::report) fn context(
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

/// The context of a comparison: the comparison and `page`.
pub(in crate::report) fn comparison(comparison: &Comparison, style: &Style<'_>) -> Result<Value, serde_json::Error> {
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
