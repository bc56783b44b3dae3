use std::sync::Arc;

use jan_domain::id::ItemId;
use jan_domain::item::{ContentPart, Item, ItemStatus};
use jan_domain::response::run::Sources;
use serde_json::{Value, json};

use super::retold::tell_annotations;
use super::said_item::spoken;
use super::stream_event::{Part, PartPlace, StreamEvent as E};
use super::teller::Teller;

/// A message while it is said.
pub(super) struct HeardMessage {
    teller: Teller,
    sources: Arc<Sources>,
    id: ItemId,
    output_index: usize,
    parts: Vec<HeardPart>,
    done: bool,
    status: ItemStatus,
}

enum HeardPart {
    Text {
        text: String,
        logprobs: Vec<Value>,
        /// Known once all words are.
        annotations: Vec<Value>,
    },
    Refusal(String),
}

impl HeardMessage {
    /// A message that may cite these.
    pub(super) fn begin(
        (teller, sources): (Teller, Arc<Sources>),
        (id, output_index): (ItemId, usize),
    ) -> Self {
        teller.tell(E::ItemAdded {
            output_index,
            item: json!({"id": id, "type": "message", "status": "in_progress",
                "role": "assistant", "content": []}),
        });
        Self {
            teller,
            sources,
            id,
            output_index,
            parts: Vec::new(),
            done: false,
            status: ItemStatus::InProgress,
        }
    }

    pub(super) fn say(&mut self, words: &str, more: Vec<Value>) {
        if !matches!(self.parts.last(), Some(HeardPart::Text { .. })) {
            self.begin_part(HeardPart::Text {
                text: String::new(),
                logprobs: Vec::new(),
                annotations: Vec::new(),
            });
        }
        let at = self.place();
        if let Some(HeardPart::Text { text, logprobs, .. }) = self.parts.last_mut() {
            text.push_str(words);
            logprobs.extend(more.iter().cloned());
        }
        if !words.is_empty() {
            self.teller.tell(E::TextDelta {
                at,
                delta: words.to_owned(),
                logprobs: more,
            });
        }
    }

    pub(super) fn refuse(&mut self, words: &str) {
        if !matches!(self.parts.last(), Some(HeardPart::Refusal(_))) {
            self.begin_part(HeardPart::Refusal(String::new()));
        }
        if let Some(HeardPart::Refusal(refusal)) = self.parts.last_mut() {
            refusal.push_str(words);
        }
        self.teller.tell(E::RefusalDelta {
            at: self.place(),
            delta: words.to_owned(),
        });
    }

    fn begin_part(&mut self, part: HeardPart) {
        self.finish_part(ItemStatus::Completed);
        let begun = match part {
            HeardPart::Text { .. } => json!({"type": "output_text", "text": "", "annotations": []}),
            HeardPart::Refusal(_) => json!({"type": "refusal", "refusal": ""}),
        };
        self.parts.push(part);
        self.teller.tell(E::PartAdded(Part {
            at: self.place(),
            part: begun,
        }));
    }

    fn finish_part(&mut self, status: ItemStatus) {
        let at = self.place();
        let Some(part) = self.parts.last_mut() else {
            return;
        };
        match part {
            HeardPart::Text {
                text,
                logprobs,
                annotations,
            } => {
                *annotations = self
                    .sources
                    .annotations(text, status == ItemStatus::Completed);
                tell_annotations(&self.teller, &at, annotations);
                self.teller.tell(E::TextDone {
                    at: at.clone(),
                    text: text.clone(),
                    logprobs: logprobs.clone(),
                });
            }
            HeardPart::Refusal(refusal) => self.teller.tell(E::RefusalDone {
                at: at.clone(),
                refusal: refusal.clone(),
            }),
        }
        self.teller.tell(E::PartDone(Part {
            at,
            part: serde_json::to_value(part.content()).unwrap_or_default(),
        }));
    }

    pub(super) fn finish(&mut self, status: ItemStatus) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        self.status = status;
        self.finish_part(status);
        self.teller.tell(E::ItemDone {
            output_index: self.output_index,
            item: serde_json::to_value(self.item()).unwrap_or_default(),
        });
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    pub(super) fn output_index(&self) -> usize {
        self.output_index
    }

    pub(super) fn item(&self) -> Item {
        let content = self.parts.iter().map(HeardPart::content).collect();
        spoken(self.id.clone(), self.status, content)
    }

    fn place(&self) -> PartPlace {
        PartPlace {
            item_id: self.id.clone(),
            output_index: self.output_index,
            content_index: self.parts.len().saturating_sub(1),
        }
    }
}

impl HeardPart {
    fn content(&self) -> ContentPart {
        match self {
            Self::Text {
                text,
                logprobs,
                annotations,
            } => ContentPart::OutputText {
                text: text.clone(),
                annotations: annotations.clone(),
                logprobs: (!logprobs.is_empty()).then(|| Value::Array(logprobs.clone())),
            },
            Self::Refusal(refusal) => ContentPart::Refusal {
                refusal: refusal.clone(),
            },
        }
    }
}
