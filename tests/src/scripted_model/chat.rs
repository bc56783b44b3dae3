//! `POST /v1/chat/completions`: from the body of a request to the plan of its answer.

use std::time::Duration;

use super::answer::{AnswerPlan, Piece, Plan};
use super::bench::{BenchCall, is_bench};
use super::directives::Directives;
use super::faults::{self, FLOOD_BYTES, Fault};
use super::history::History;
use super::refusal::Refusal;
use super::reply::Reply;
use super::request::ChatRequest;
use super::stage::{Pace, Stage};
use super::wire::Letterhead;
use super::writing::{self, Style};

pub(super) fn plan(stage: &Stage, body: &[u8]) -> Result<Plan, Refusal> {
    if let Some(plan) = bench_plan(stage, body) {
        return Ok(plan);
    }
    let request = ChatRequest::parse(body)?;
    stage.ensure_served(&request.model)?;
    let history = History::new(&request.messages);
    let directives = Directives::parse(&history.last_user_text())
        .map_err(|error| Refusal::invalid(error.to_string(), "messages"))?;
    let pace = stage.pace(&directives);
    let directive = directives.fault.filter(|directive| stage.is_due(directive));
    let directive = directive.as_ref();
    if let Some(plan) = directive.and_then(faults::instead) {
        return Ok(plan);
    }
    let fault = directive.map(|directive| directive.fault);
    let letterhead = Letterhead {
        number: stage.next_number(),
        model: &request.model,
    };
    let style = Style {
        n: request.n(),
        logprobs: request.logprobs(),
        include_usage: request.includes_usage(),
        null_fields: fault == Some(Fault::NullFields),
    };
    let prepared = stage
        .bench
        .find(&request.model)
        .filter(|_| is_bench(&directives.text));
    let reply = Reply::compose(&request, &directives.text);
    let mut reply = reply.limited(request.stops(), request.words_max());
    if fault == Some(Fault::Flood) {
        reply
            .content
            .get_or_insert_default()
            .insert(0, "x".repeat(FLOOD_BYTES));
    }
    if request.is_stream() {
        let frames = match prepared {
            Some(prepared) => prepared.frames(letterhead.number, style.include_usage),
            None => writing::frames(letterhead, &reply, history.words(), style),
        };
        return Ok(paced(
            faults::stream(frames, directive, pace.between),
            pace,
            0,
        ));
    }
    let body = match prepared {
        Some(prepared) => prepared.whole(letterhead.number),
        None => writing::whole(letterhead, &reply, history.words(), style),
    };
    Ok(paced(
        faults::whole(body, directive),
        pace,
        reply.frame_count(),
    ))
}

/// The short way of a plain `bench` prompt, which looks at nothing but model and stream.
fn bench_plan(stage: &Stage, body: &[u8]) -> Option<Plan> {
    let call = BenchCall::recognise(body)?;
    let prepared = stage.bench.find(call.model)?;
    let (number, pace) = (stage.next_number(), stage.own_pace());
    if call.stream.unwrap_or(false) {
        let frames = prepared.frames(number, call.includes_usage());
        return Some(paced(faults::stream(frames, None, pace.between), pace, 0));
    }
    let plan = faults::whole(prepared.whole(number), None);
    Some(paced(plan, pace, stage.options.reply_frames))
}

/// A stream waits between its head and its first frame; a body in one piece comes when its
/// stream would have ended.
fn paced(plan: Plan, pace: Pace, whole_frames: usize) -> Plan {
    let Plan::Answer(mut plan) = plan else {
        return plan;
    };
    if plan.size_bytes.is_none() {
        if !pace.first.is_zero() {
            plan.pieces.push_front(Piece::Pause(pace.first));
        }
        return Plan::Answer(plan);
    }
    let gaps = u32::try_from(whole_frames.saturating_sub(1)).unwrap_or(u32::MAX);
    let wait: Duration = plan.wait + pace.first + pace.between.saturating_mul(gaps);
    Plan::Answer(AnswerPlan { wait, ..plan })
}
