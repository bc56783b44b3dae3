//! Telling the stream of a run that has ended from its record.

use std::sync::Arc;

use jan_domain::item::{ContentPart, Item, ItemBody};
use jan_domain::response::run::{Progress, StepSoFar, Work, shown};
use serde_json::{Value, json};

use super::stream_event::{ItemPlace, Outcome, Part, PartPlace, RunEnding, StreamEvent as E};
use super::teller::Teller;
use super::{RunChannel, tool_events};

/// Everything a reader would have been told, texts in one piece.
pub(super) fn retold(progress: &Progress, outcome: &Outcome) -> Vec<E> {
    let channel = Arc::new(RunChannel::beginning_with(Vec::new()));
    let teller = Teller::passing(Arc::clone(&channel));
    teller.tell(E::Created);
    if progress.terms.background {
        teller.tell(E::Queued);
    }
    teller.tell(E::InProgress);
    for (output_index, item) in outcome.output.iter().enumerate() {
        match step_of(progress, item) {
            Some(step) => {
                tool_events::begun(&teller, &step.step.work, output_index);
                tell_outcome(&teller, step, output_index);
            }
            None => tell_item(&teller, item, output_index),
        }
    }
    if let RunEnding::Failed(failure) = &outcome.ending {
        teller.tell(E::Error(failure.clone()));
    }
    teller.tell(E::Ended(Box::new(outcome.clone())));
    channel.all()
}

/// Tells what is over of a run that goes on: whoever carried it before may have died between the
/// record of a step and its word of it.
pub(super) fn tell_so_far(teller: &Teller, progress: &Progress) {
    for (output_index, item) in progress.output().iter().enumerate() {
        match step_of(progress, item) {
            // What is still to be done is told when it is begun.
            Some(step) if step.outcome.is_none() => {}
            Some(step) => {
                tool_events::begun(teller, &step.step.work, output_index);
                tell_outcome(teller, step, output_index);
            }
            None => tell_item(teller, item, output_index),
        }
    }
}

/// The step behind an item that shows one.
fn step_of<'p>(progress: &'p Progress, item: &Item) -> Option<&'p StepSoFar> {
    progress.steps.iter().find(|step| {
        step.step.work != Work::Infer
            && shown(&step.step.work, None)
                .iter()
                .any(|shown| shown.id == item.id)
    })
}

fn tell_outcome(teller: &Teller, step: &StepSoFar, output_index: usize) {
    if let Some(outcome) = &step.outcome {
        tool_events::ended(teller, &step.step.work, outcome, output_index);
    }
}

fn tell_item(teller: &Teller, item: &Item, output_index: usize) {
    let value = serde_json::to_value(item).unwrap_or_default();
    let mut begun = value.clone();
    let at = ItemPlace {
        item_id: item.id.clone(),
        output_index,
    };
    begun["status"] = json!("in_progress");
    match &item.body {
        ItemBody::Message { content, .. } => {
            begun["content"] = json!([]);
            teller.tell(added(output_index, begun));
            for (content_index, part) in content.iter().enumerate() {
                let at = part_place(item, output_index, content_index);
                tell_part(teller, part, &at);
            }
        }
        ItemBody::FunctionCall {
            name, arguments, ..
        } => {
            begun["arguments"] = json!("");
            teller.tell(added(output_index, begun));
            teller.tell(E::ArgumentsDelta {
                at: at.clone(),
                delta: arguments.clone(),
            });
            teller.tell(E::ArgumentsDone {
                at,
                name: name.clone(),
                arguments: arguments.clone(),
            });
        }
        _ if item.kind() == "reasoning" => {
            begun["content"] = json!([]);
            teller.tell(added(output_index, begun));
            let text = value["content"][0]["text"].as_str().unwrap_or_default();
            tell_thought(teller, text, &part_place(item, output_index, 0));
        }
        _ if item.kind() == "custom_tool_call" => {
            begun["input"] = json!("");
            teller.tell(added(output_index, begun));
            let input = value["input"].as_str().unwrap_or_default().to_owned();
            teller.tell(E::InputDelta {
                at: at.clone(),
                delta: input.clone(),
            });
            teller.tell(E::InputDone { at, input });
        }
        _ => teller.tell(added(output_index, value.clone())),
    }
    teller.tell(E::ItemDone {
        output_index,
        item: value,
    });
}

fn tell_thought(teller: &Teller, text: &str, at: &PartPlace) {
    let part = |text: &str| json!({"type": "reasoning_text", "text": text});
    teller.tell(part_added(at, part("")));
    teller.tell(E::ReasoningDelta {
        at: at.clone(),
        delta: text.to_owned(),
    });
    teller.tell(E::ReasoningDone {
        at: at.clone(),
        text: text.to_owned(),
    });
    teller.tell(E::PartDone(Part {
        at: at.clone(),
        part: part(text),
    }));
}

fn tell_part(teller: &Teller, part: &ContentPart, at: &PartPlace) {
    let whole = serde_json::to_value(part).unwrap_or_default();
    let mut begun = whole.clone();
    match part {
        ContentPart::OutputText {
            text,
            logprobs,
            annotations,
        } => {
            begun["text"] = json!("");
            begun["annotations"] = json!([]);
            begun
                .as_object_mut()
                .map(|fields| fields.remove("logprobs"));
            teller.tell(part_added(at, begun));
            let logprobs = match logprobs {
                Some(Value::Array(list)) => list.clone(),
                _ => Vec::new(),
            };
            if !text.is_empty() {
                teller.tell(E::TextDelta {
                    at: at.clone(),
                    delta: text.clone(),
                    logprobs: logprobs.clone(),
                });
            }
            tell_annotations(teller, at, annotations);
            teller.tell(E::TextDone {
                at: at.clone(),
                text: text.clone(),
                logprobs,
            });
        }
        ContentPart::Refusal { refusal } => {
            begun["refusal"] = json!("");
            teller.tell(part_added(at, begun));
            teller.tell(E::RefusalDelta {
                at: at.clone(),
                delta: refusal.clone(),
            });
            teller.tell(E::RefusalDone {
                at: at.clone(),
                refusal: refusal.clone(),
            });
        }
        _ => teller.tell(part_added(at, begun)),
    }
    teller.tell(E::PartDone(Part {
        at: at.clone(),
        part: whole,
    }));
}

/// What the words of a part cite, once they have all been said.
pub(super) fn tell_annotations(teller: &Teller, at: &PartPlace, annotations: &[Value]) {
    for (annotation_index, annotation) in annotations.iter().enumerate() {
        teller.tell(E::AnnotationAdded {
            at: at.clone(),
            annotation_index,
            annotation: annotation.clone(),
        });
    }
}

fn added(output_index: usize, item: Value) -> E {
    E::ItemAdded { output_index, item }
}

fn part_added(at: &PartPlace, part: Value) -> E {
    E::PartAdded(Part {
        at: at.clone(),
        part,
    })
}

fn part_place(item: &Item, output_index: usize, content_index: usize) -> PartPlace {
    PartPlace {
        item_id: item.id.clone(),
        output_index,
        content_index,
    }
}
