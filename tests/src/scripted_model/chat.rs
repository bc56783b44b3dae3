//! `POST /v1/chat/completions`: from the body of a request to the plan of its answer.

use bytes::Bytes;

use super::answer::{Piece, Plan};
use super::bench::{BenchCall, is_bench};
use super::directives::Directives;
use super::fault::{Fault, FaultDirective};
use super::faults::{self, FLOOD_BYTES};
use super::history::History;
use super::refusal::Refusal;
use super::reply::Reply;
use super::request::ChatRequest;
use super::stage::{Pace, Stage};
use super::streaming::StreamFrames;
use super::wire::Letterhead;
use super::writing::{self, Style};

pub(super) fn plan(stage: &Stage, body: &[u8]) -> Result<Plan, Refusal> {
    if let Some(call) = BenchCall::recognise(body) {
        let delivery = Delivery {
            pace: stage.own_pace(),
            directive: None,
        };
        stage.ensure_served(call.model)?;
        return Ok(delivery.prepared(stage, call.model, call.is_stream(), call.includes_usage()));
    }
    let request = ChatRequest::parse(body)?;
    stage.ensure_served(&request.model)?;
    let prompt = History::new(&request.messages).last_user_text();
    let directives = Directives::parse(&prompt)
        .map_err(|error| Refusal::invalid(error.to_string(), "messages"))?;
    let pace = stage.pace(&directives);
    let directive = directives.fault.filter(|directive| stage.is_due(directive));
    if let Some(plan) = directive.as_ref().and_then(faults::instead) {
        return Ok(plan);
    }
    let delivery = Delivery { pace, directive };
    if is_bench(&directives.text) {
        let (stream, usage) = (request.is_stream(), request.includes_usage());
        return Ok(delivery.prepared(stage, &request.model, stream, usage));
    }
    Ok(delivery.composed(stage.next_number(), &request, &directives.text))
}

/// How an answer reaches the client: how fast, and what goes wrong on the way.
struct Delivery {
    pace: Pace,
    directive: Option<FaultDirective>,
}

impl Delivery {
    /// The answer to a `bench` prompt.
    fn prepared(&self, stage: &Stage, model: &str, stream: bool, include_usage: bool) -> Plan {
        let prepared = stage
            .bench
            .find(model)
            .expect("every served model is prepared");
        let number = stage.next_number();
        if stream {
            return self.stream(prepared.frames(number, include_usage));
        }
        self.whole(prepared.whole(number), stage.options.reply_frames)
    }

    /// The answer to any other prompt.
    fn composed(&self, number: u64, request: &ChatRequest, text: &str) -> Plan {
        let fault = self.directive.as_ref().map(|directive| directive.fault);
        let reply = Reply::compose(request, text);
        let mut reply = reply.limited(request.stops(), request.words_max());
        if fault == Some(Fault::Flood) {
            reply
                .content
                .get_or_insert_default()
                .insert(0, "x".repeat(FLOOD_BYTES));
        }
        let letterhead = Letterhead {
            number,
            model: &request.model,
        };
        let prompt_words = History::new(&request.messages).words();
        let style = Style {
            n: request.n(),
            logprobs: request.logprobs(),
            include_usage: request.includes_usage(),
            null_fields: fault == Some(Fault::NullFields),
        };
        if request.is_stream() {
            return self.stream(StreamFrames::write(letterhead, &reply, prompt_words, style));
        }
        let body = writing::whole(letterhead, &reply, prompt_words, style);
        self.whole(body, reply.frame_count())
    }

    /// Waits between the head and the first frame.
    fn stream(&self, frames: StreamFrames) -> Plan {
        let mut plan = faults::stream(frames, self.directive.as_ref(), self.pace.between);
        if let Plan::Answer(plan) = &mut plan
            && !self.pace.first.is_zero()
        {
            plan.pieces.push_front(Piece::Pause(self.pace.first));
        }
        plan
    }

    /// Waits as long as the same answer would have streamed.
    fn whole(&self, body: Bytes, frame_count: usize) -> Plan {
        let mut plan = faults::whole(body, self.directive.as_ref());
        if let Plan::Answer(plan) = &mut plan {
            let gaps = u32::try_from(frame_count.saturating_sub(1)).unwrap_or(u32::MAX);
            plan.wait += self.pace.first + self.pace.between.saturating_mul(gaps);
        }
        plan
    }
}
