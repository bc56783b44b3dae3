//! The ways an upstream goes wrong, on request.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use super::answer::{AnswerPlan, HTML, JSON, Piece, Plan};
use super::fault::{Fault, FaultDirective};
use super::streaming::{DONE, StreamFrames, sse};

/// A stalled answer is dropped in the end, so that a forgotten client cannot hold it for ever.
const STALL: Duration = Duration::from_mins(2);
/// Lets what was written reach the client before the connection goes away.
const BEFORE_CUT: Duration = Duration::from_millis(10);
/// Content of the `flood` fault, one line of a stream.
pub(super) const FLOOD_BYTES: usize = 12 * 1024 * 1024;

const GARBAGE: &str = r#"{"id":"chatcmpl-garbage","choices":[{"del"#;
const PAGE: &str = "<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1></body></html>\n";

/// The plan of a fault that leaves nothing of the answer.
pub(super) fn instead(directive: &FaultDirective) -> Option<Plan> {
    let answer = match directive.fault {
        Fault::HangUp => {
            return Some(Plan::HangUp {
                wait: Duration::ZERO,
            });
        }
        Fault::Html => AnswerPlan::whole(StatusCode::OK, HTML, Bytes::from_static(PAGE.as_bytes())),
        Fault::ErrorChunk => return None,
        fault => fault.refusal()?.answer(),
    };
    let retry_after = HeaderValue::from(directive.retry_after_s);
    let extra_header = (directive.fault == Fault::Refuse429).then_some((RETRY_AFTER, retry_after));
    Some(Plan::Answer(AnswerPlan {
        extra_header,
        ..answer
    }))
}

/// The plan of an answer in one body, spoilt if so directed.
pub(super) fn whole(body: Bytes, directive: Option<&FaultDirective>) -> Plan {
    let mut plan = AnswerPlan::whole(StatusCode::OK, JSON, body);
    let Some(directive) = directive else {
        return Plan::Answer(plan);
    };
    match (directive.fault, directive.fault.refusal()) {
        (Fault::Stall, _) => return Plan::HangUp { wait: STALL },
        (Fault::Garbage, _) => {
            plan = AnswerPlan::whole(StatusCode::OK, JSON, Bytes::from_static(GARBAGE.as_bytes()));
        }
        (Fault::ErrorChunk, Some(refusal)) => {
            plan = AnswerPlan::whole(StatusCode::OK, JSON, refusal.json());
        }
        (Fault::Cut, _) => {
            if let Some(Piece::Send(body)) = plan.pieces.front_mut() {
                body.truncate(body.len() / 2);
            }
            plan.pieces.extend([Piece::Pause(BEFORE_CUT), Piece::Cut]);
        }
        _ => {}
    }
    Plan::Answer(plan.after(headers_wait(directive)))
}

/// The plan of a streamed answer, spoilt if so directed.
pub(super) fn stream(
    frames: StreamFrames,
    directive: Option<&FaultDirective>,
    between: Duration,
) -> Plan {
    let fault = directive.map(|directive| directive.fault);
    let breaks = matches!(
        fault,
        Some(Fault::Cut | Fault::Stall | Fault::ErrorChunk | Fault::Garbage)
    );
    let limit = directive
        .filter(|_| breaks)
        .map_or(usize::MAX, |directive| directive.after_frames);
    let mut pieces = VecDeque::with_capacity(2 * frames.content.len() + 6);
    pieces.extend(frames.head.into_iter().map(Piece::Send));
    for (at, frame) in frames.content.into_iter().take(limit).enumerate() {
        if at > 0 && !between.is_zero() {
            pieces.push_back(Piece::Pause(between));
        }
        pieces.push_back(Piece::Send(frame));
    }
    match fault {
        Some(Fault::Cut) => pieces.extend([Piece::Pause(BEFORE_CUT), Piece::Cut]),
        Some(Fault::Stall) => pieces.extend([Piece::Pause(STALL), Piece::Cut]),
        Some(Fault::Garbage) => pieces.push_back(Piece::Send(sse(GARBAGE.as_bytes()))),
        Some(Fault::ErrorChunk) => {
            let error = Fault::ErrorChunk
                .refusal()
                .expect("an error chunk has an error");
            pieces.push_back(Piece::Send(sse(&error.json())));
        }
        _ => pieces.extend(frames.tail.into_iter().map(Piece::Send)),
    }
    if !matches!(fault, Some(Fault::Cut | Fault::Stall | Fault::NoDone)) {
        pieces.push_back(Piece::Send(Bytes::from_static(DONE)));
    }
    Plan::Answer(AnswerPlan::stream(pieces).after(directive.map_or(Duration::ZERO, headers_wait)))
}

fn headers_wait(directive: &FaultDirective) -> Duration {
    match directive.fault {
        Fault::SlowHeaders => Duration::from_millis(directive.headers_ms),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::{AnswerPlan, BEFORE_CUT, Piece, Plan, STALL, StreamFrames, stream, whole};
    use crate::scripted_model::directives::Directives;
    use crate::scripted_model::fault::FaultDirective;

    fn directive(text: &str) -> FaultDirective {
        Directives::parse(text).unwrap().fault.unwrap()
    }

    fn send(text: &'static str) -> Piece {
        Piece::Send(Bytes::from_static(text.as_bytes()))
    }

    fn pieces(text: &str) -> Vec<Piece> {
        let frames = |texts: &[&'static str]| {
            texts
                .iter()
                .map(|text| Bytes::from_static(text.as_bytes()))
                .collect()
        };
        let frames = StreamFrames {
            head: frames(&["head"]),
            content: frames(&["1", "2", "3"]),
            tail: frames(&["tail"]),
        };
        match stream(frames, Some(&directive(text)), Duration::ZERO) {
            Plan::Answer(AnswerPlan { pieces, .. }) => pieces.into(),
            Plan::HangUp { .. } => panic!("a stream begins before it breaks"),
        }
    }

    #[test]
    fn a_cut_or_stalled_stream_stops_after_two_frames() {
        let sent = [send("head"), send("1"), send("2")];
        assert_eq!(pieces("[fault=cut]")[..3], sent);
        assert_eq!(
            pieces("[fault=cut]")[3..],
            [Piece::Pause(BEFORE_CUT), Piece::Cut]
        );
        assert_eq!(
            pieces("[fault=stall]")[3..],
            [Piece::Pause(STALL), Piece::Cut]
        );
        assert_eq!(pieces("[fault=stall][fault_after=0]")[0..1], sent[..1]);
    }

    #[test]
    fn an_error_chunk_replaces_the_rest_and_no_done_leaves_out_the_last_line() {
        let error = pieces("[fault=error_chunk]");
        let Piece::Send(chunk) = &error[3] else {
            panic!("{error:?}")
        };
        assert!(chunk.starts_with(b"data: {\"error\":{\"message\":"));
        assert_eq!(error[4], send("data: [DONE]\n\n"));
        assert_eq!(pieces("[fault=no_done]").last(), Some(&send("tail")));
    }

    #[test]
    fn a_cut_body_announces_more_than_it_sends() {
        let body = Bytes::from_static(b"12345678");
        let Plan::Answer(plan) = whole(body, Some(&directive("[fault=cut]"))) else {
            panic!()
        };
        assert_eq!((plan.size_bytes, &plan.pieces[0]), (Some(8), &send("1234")));
    }
}
