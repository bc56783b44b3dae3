use jan_domain::id::ItemId;
use jan_domain::item::{Item, ItemStatus};
use serde_json::{Value, json};

use super::said_item::opaque;
use super::stream_event::{Part, PartPlace, StreamEvent as E};
use super::teller::Teller;

/// A thought while it is thought.
pub(super) struct HeardThought {
    teller: Teller,
    place: PartPlace,
    text: String,
    done: bool,
    status: ItemStatus,
}

impl HeardThought {
    pub(super) fn begin(teller: Teller, (item_id, output_index): (ItemId, usize)) -> Self {
        let begun = Self {
            teller,
            place: PartPlace {
                item_id,
                output_index,
                content_index: 0,
            },
            text: String::new(),
            done: false,
            status: ItemStatus::InProgress,
        };
        begun.teller.tell(E::ItemAdded {
            output_index,
            item: json!({"id": begun.place.item_id, "type": "reasoning", "status": "in_progress",
                "summary": [], "content": []}),
        });
        begun.teller.tell(E::PartAdded(begun.part()));
        begun
    }

    pub(super) fn think(&mut self, words: &str) {
        self.text.push_str(words);
        self.teller.tell(E::ReasoningDelta {
            at: self.place.clone(),
            delta: words.to_owned(),
        });
    }

    pub(super) fn finish(&mut self, status: ItemStatus) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        self.status = status;
        self.teller.tell(E::ReasoningDone {
            at: self.place.clone(),
            text: self.text.clone(),
        });
        self.teller.tell(E::PartDone(self.part()));
        self.teller.tell(E::ItemDone {
            output_index: self.place.output_index,
            item: serde_json::to_value(self.item()).unwrap_or_default(),
        });
    }

    fn part(&self) -> Part {
        Part {
            at: self.place.clone(),
            part: json!({"type": "reasoning_text", "text": self.text}),
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    pub(super) fn output_index(&self) -> usize {
        self.place.output_index
    }

    pub(super) fn item(&self) -> Item {
        let content: Value = json!([{"type": "reasoning_text", "text": self.text}]);
        let fields = json!({"type": "reasoning", "summary": [], "content": content});
        opaque(self.place.item_id.clone(), self.status, fields)
    }
}
