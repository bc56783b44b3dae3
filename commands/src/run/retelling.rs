use std::collections::{HashMap, HashSet};

use super::StreamEvent;
use super::stream_event::{ItemPlace, PartPlace};

/// What a stream had told before its run was taken up again. The remade tail tells the same things
/// again, under the same ids; here they are recognised and passed over, so that a reader who was
/// there all the time sees no gap and no repeat.
///
/// A model that is asked again may say something else. Its words then follow those that were told,
/// and the `done` events and the finished response have the whole truth.
#[derive(Debug, Default)]
pub(crate) struct Retelling {
    seen: HashSet<Mark>,
    /// Text that was told piece by piece and may come again in other pieces.
    words: HashMap<Mark, String>,
}

/// What makes two events the same: their kind, and their place: item, part, and number within it.
type Mark = (&'static str, usize, usize, usize);

impl Retelling {
    /// Remembers what was told.
    pub(crate) fn of(told: &[StreamEvent]) -> Self {
        let mut known = Self::default();
        for event in told {
            match piece(event) {
                Some((mark, text)) => known.words.entry(mark).or_default().push_str(text),
                None => {
                    known.seen.extend(mark(event));
                }
            }
        }
        known
    }

    /// What is new of an event.
    pub(crate) fn fresh(&mut self, mut event: StreamEvent) -> Option<StreamEvent> {
        if let Some((mark, told)) = piece(&event).map(|(mark, text)| (mark, text.to_owned())) {
            let Some(known) = self.words.get_mut(&mark) else {
                return Some(event);
            };
            if known.starts_with(&told) {
                known.drain(..told.len());
                return None;
            }
            let rest = told.strip_prefix(known.as_str()).map(str::to_owned);
            self.words.remove(&mark);
            if let Some(rest) = rest {
                shorten(&mut event, rest);
            }
            return Some(event);
        }
        match mark(&event) {
            Some(mark) if self.seen.remove(&mark) => None,
            _ => Some(event),
        }
    }
}

/// The place and the words of an event that tells a piece of something longer.
fn piece(event: &StreamEvent) -> Option<(Mark, &str)> {
    use StreamEvent as E;
    let part = |kind, at: &PartPlace| (kind, at.output_index, at.content_index, 0);
    let item = |kind, at: &ItemPlace| (kind, at.output_index, 0, 0);
    Some(match event {
        E::TextDelta { at, delta, .. } => (part("text", at), delta),
        E::RefusalDelta { at, delta } => (part("refusal", at), delta),
        E::ReasoningDelta { at, delta } => (part("reasoning", at), delta),
        E::ArgumentsDelta { at, delta } => (item("arguments", at), delta),
        E::InputDelta { at, delta } => (item("input", at), delta),
        _ => return None,
    })
}

fn shorten(event: &mut StreamEvent, rest: String) {
    use StreamEvent as E;
    if let E::TextDelta { delta, .. }
    | E::RefusalDelta { delta, .. }
    | E::ReasoningDelta { delta, .. }
    | E::ArgumentsDelta { delta, .. }
    | E::InputDelta { delta, .. } = event
    {
        *delta = rest;
    }
}

/// The mark of an event that happens once at its place.
fn mark(event: &StreamEvent) -> Option<Mark> {
    use StreamEvent as E;
    let part = |kind, at: &PartPlace| (kind, at.output_index, at.content_index, 0);
    let item = |kind, at: &ItemPlace| (kind, at.output_index, 0, 0);
    Some(match event {
        E::Created => ("created", 0, 0, 0),
        E::Queued => ("queued", 0, 0, 0),
        E::InProgress => ("in_progress", 0, 0, 0),
        E::ItemAdded { output_index, .. } => ("item.added", *output_index, 0, 0),
        E::ItemDone { output_index, .. } => ("item.done", *output_index, 0, 0),
        E::PartAdded(told) => part("part.added", &told.at),
        E::PartDone(told) => part("part.done", &told.at),
        E::TextDone { at, .. } => part("text.done", at),
        E::AnnotationAdded {
            at,
            annotation_index,
            ..
        } => (
            "annotation",
            at.output_index,
            at.content_index,
            *annotation_index,
        ),
        E::RefusalDone { at, .. } => part("refusal.done", at),
        E::ReasoningDone { at, .. } => part("reasoning.done", at),
        E::ArgumentsDone { at, .. } => item("arguments.done", at),
        E::InputDone { at, .. } => item("input.done", at),
        E::McpArgumentsDelta { at, .. } => item("mcp.arguments", at),
        E::McpArgumentsDone { at, .. } => item("mcp.arguments.done", at),
        E::CodeDelta { at, .. } => item("code.delta", at),
        E::CodeDone { at, .. } => item("code.done", at),
        E::ListInProgress(at) => item("list.in_progress", at),
        E::ListCompleted(at) => item("list.completed", at),
        E::ListFailed(at) => item("list.failed", at),
        E::McpInProgress(at) => item("mcp.in_progress", at),
        E::McpCompleted(at) => item("mcp.completed", at),
        E::McpFailed(at) => item("mcp.failed", at),
        E::WebSearchInProgress(at) => item("web.in_progress", at),
        E::WebSearchSearching(at) => item("web.searching", at),
        E::WebSearchCompleted(at) => item("web.completed", at),
        E::FileSearchInProgress(at) => item("file.in_progress", at),
        E::FileSearchSearching(at) => item("file.searching", at),
        E::FileSearchCompleted(at) => item("file.completed", at),
        E::CodeInProgress(at) => item("code.in_progress", at),
        E::CodeInterpreting(at) => item("code.interpreting", at),
        E::CodeCompleted(at) => item("code.completed", at),
        E::Error(_) => ("error", 0, 0, 0),
        E::TextDelta { .. }
        | E::RefusalDelta { .. }
        | E::ReasoningDelta { .. }
        | E::ArgumentsDelta { .. }
        | E::InputDelta { .. }
        | E::Ended(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::id::ItemId;

    fn delta(words: &str) -> StreamEvent {
        StreamEvent::TextDelta {
            at: PartPlace {
                item_id: ItemId::parse("msg_1").unwrap(),
                output_index: 0,
                content_index: 0,
            },
            delta: words.to_owned(),
            logprobs: Vec::new(),
        }
    }

    #[test]
    fn what_was_told_is_not_told_again_however_it_is_cut() {
        let told = [StreamEvent::Created, delta("one "), delta("two th")];
        let mut known = Retelling::of(&told);
        let again = [
            StreamEvent::Created,
            StreamEvent::InProgress,
            delta("one two"),
            delta(" three"),
            delta(" four"),
        ];
        let fresh: Vec<_> = again
            .into_iter()
            .filter_map(|event| known.fresh(event))
            .collect();
        assert_eq!(
            fresh,
            [StreamEvent::InProgress, delta("ree"), delta(" four")]
        );
    }

    #[test]
    fn other_words_follow_those_that_were_told() {
        let mut known = Retelling::of(&[delta("one two")]);
        assert_eq!(known.fresh(delta("one ")), None);
        assert_eq!(known.fresh(delta("and ")), Some(delta("and ")));
        assert_eq!(known.fresh(delta("two")), Some(delta("two")));
    }
}
