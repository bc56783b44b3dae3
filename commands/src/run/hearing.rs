//! Hearing what a model says: its chunks become items, and stream events on the way.

use std::sync::Arc;

use jan_domain::item::{Item, ItemStatus};
use jan_domain::ports::IdGenerator;
use jan_domain::response::Usage;
use jan_domain::response::run::{Declined, Finish, Said, Sources, ToolUse};
use serde_json::Value;

use super::catalogue::Catalogue;
use super::heard_call::{Heard, HeardCall};
use super::heard_message::HeardMessage;
use super::heard_thought::HeardThought;
use super::item_ids::StepItemIds;
use super::teller::Teller;
use crate::response::chunk::{Chunk, Delta, Text};

/// What a model is saying, as far as it has been heard.
pub(crate) struct Hearing {
    teller: Teller,
    catalogue: Arc<Catalogue>,
    /// What may be cited.
    sources: Arc<Sources>,
    ids: StepItemIds,
    /// The place of the next item that is shown.
    next_index: usize,
    shows_logprobs: bool,
    slots: Vec<Slot>,
    calls: Vec<HeardCall>,
    finish: Option<String>,
    usage: Option<Usage>,
    model: Option<String>,
    provider_id: Option<String>,
    service_tier: Option<String>,
}

/// One item that is shown while it is said.
enum Slot {
    Thought(HeardThought),
    Message(HeardMessage),
}

/// Calls beyond this place are a broken provider's, not an answer's.
const CALLS_MAX: usize = 512;

impl Hearing {
    /// Nothing is heard yet. Ids follow from the step, so that a question asked again after a crash is
    /// answered under the same ones.
    pub(crate) fn new(
        teller: Teller,
        (catalogue, sources): (Arc<Catalogue>, Arc<Sources>),
        (ids, next_index, shows_logprobs): (StepItemIds, usize, bool),
    ) -> Self {
        Self {
            teller,
            catalogue,
            sources,
            ids,
            next_index,
            shows_logprobs,
            slots: Vec::new(),
            calls: Vec::new(),
            finish: None,
            usage: None,
            model: None,
            provider_id: None,
            service_tier: None,
        }
    }

    /// Whether nothing was said yet, so that asking again repeats nothing.
    pub(crate) fn is_silent(&self) -> bool {
        self.slots.is_empty() && self.calls.is_empty()
    }

    /// Whether the model has said how it finished.
    pub(crate) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Takes in one chunk.
    pub(crate) fn hear(&mut self, chunk: &Chunk<'_>) {
        keep(&mut self.model, chunk.model.as_ref());
        keep(&mut self.provider_id, chunk.id.as_ref());
        keep(&mut self.service_tier, chunk.service_tier.as_ref());
        if let Some(usage) = chunk.usage {
            self.usage = Some(usage.into());
        }
        let first = chunk
            .choices
            .iter()
            .flatten()
            .find(|choice| choice.index == 0);
        let Some(choice) = first else { return };
        if let Some(delta) = &choice.delta {
            let logprobs = choice.logprobs.as_ref().filter(|_| self.shows_logprobs);
            let logprobs = logprobs.and_then(|told| told.content.as_ref());
            let logprobs = logprobs.into_iter().flatten();
            let logprobs = logprobs.filter_map(|raw| serde_json::from_str(raw.get()).ok());
            self.hear_delta(delta, logprobs.collect());
        }
        keep(
            &mut self.finish,
            choice
                .finish_reason
                .as_ref()
                .filter(|reason| !reason.0.is_empty()),
        );
    }

    fn hear_delta(&mut self, delta: &Delta<'_>, logprobs: Vec<Value>) {
        let thought = delta
            .reasoning_content
            .as_ref()
            .or(delta.reasoning.as_ref());
        if let Some(words) = words(thought) {
            self.thought().think(words);
        }
        if let Some(words) = words(delta.content.as_ref()) {
            self.message().say(words, logprobs);
        }
        if let Some(words) = words(delta.refusal.as_ref()) {
            self.message().refuse(words);
        }
        for fragment in delta.tool_calls.iter().flatten() {
            if fragment.index >= CALLS_MAX {
                continue;
            }
            self.finish_last();
            while self.calls.len() <= fragment.index {
                self.calls.push(HeardCall::default());
            }
            let call = &mut self.calls[fragment.index];
            let tools = (&*self.catalogue, &self.ids, &self.teller);
            call.hear(fragment, tools, &mut self.next_index);
        }
    }

    fn thought(&mut self) -> &mut HeardThought {
        if !matches!(self.slots.last(), Some(Slot::Thought(open)) if !open.is_done()) {
            self.finish_last();
            let place = (self.ids.item("rs_"), self.take_index());
            let begun = HeardThought::begin(self.teller.clone(), place);
            self.slots.push(Slot::Thought(begun));
        }
        match self.slots.last_mut() {
            Some(Slot::Thought(open)) => open,
            _ => unreachable!("a thought was begun"),
        }
    }

    fn message(&mut self) -> &mut HeardMessage {
        if !matches!(self.slots.last(), Some(Slot::Message(open)) if !open.is_done()) {
            self.finish_last();
            let place = (self.ids.message(), self.take_index());
            let telling = (self.teller.clone(), Arc::clone(&self.sources));
            let begun = HeardMessage::begin(telling, place);
            self.slots.push(Slot::Message(begun));
        }
        match self.slots.last_mut() {
            Some(Slot::Message(open)) => open,
            _ => unreachable!("a message was begun"),
        }
    }

    fn take_index(&mut self) -> usize {
        self.next_index += 1;
        self.next_index - 1
    }

    /// Whatever begins next, what was being said is finished.
    fn finish_last(&mut self) {
        let status = ItemStatus::Completed;
        match self.slots.last_mut() {
            Some(Slot::Thought(open)) => open.finish(status),
            Some(Slot::Message(open)) => open.finish(status),
            None => {}
        }
    }

    /// The whole of what was said. At most `uses_left` calls of server-side tools are made.
    pub(crate) fn finish(mut self, asked_model: &str, uses_left: usize) -> Said {
        let finish = match self.finish.as_deref() {
            Some("length") => Finish::Length,
            Some("content_filter") => Finish::ContentFilter,
            _ => Finish::Stop,
        };
        if self.is_silent() {
            self.message().say("", Vec::new());
        }
        let status = match finish {
            Finish::Stop => ItemStatus::Completed,
            Finish::Length | Finish::ContentFilter => ItemStatus::Incomplete,
        };
        match self.slots.last_mut() {
            Some(Slot::Thought(open)) => open.finish(status),
            Some(Slot::Message(open)) => open.finish(status),
            None => {}
        }
        let mut said = self.said(asked_model, finish);
        let mut shown = self.shown();
        let mut uses_left = uses_left;
        for call in std::mem::take(&mut self.calls) {
            match call.finish(&self.ids, &self.teller, &mut self.next_index) {
                Heard::Shown(at, item) => shown.push((at, item)),
                Heard::ToMake(used) if uses_left > 0 => {
                    uses_left -= 1;
                    said.uses.push(used);
                }
                Heard::ToMake(used) => said.declined.push(declined(used)),
                Heard::Nothing => {}
            }
        }
        shown.sort_by_key(|(at, _)| *at);
        said.items = shown.into_iter().map(|(_, item)| item).collect();
        said
    }

    /// What was said until it was cut off; nothing if that is nothing. Calls are left out: nobody will
    /// answer them.
    pub(crate) fn cut(&self, asked_model: &str) -> Option<Said> {
        let said = self.said(asked_model, Finish::Stop);
        (!said.items.is_empty()).then_some(said)
    }

    /// What is being said, by place.
    fn shown(&self) -> Vec<(usize, Item)> {
        let slots = self.slots.iter();
        let shown = slots.map(|slot| match slot {
            Slot::Thought(thought) => (thought.output_index(), thought.item()),
            Slot::Message(message) => (message.output_index(), message.item()),
        });
        shown.collect()
    }

    fn said(&self, asked_model: &str, finish: Finish) -> Said {
        Said {
            items: self.shown().into_iter().map(|(_, item)| item).collect(),
            uses: Vec::new(),
            declined: Vec::new(),
            finish,
            usage: self.usage.unwrap_or_default(),
            model: self.model.clone().unwrap_or_else(|| asked_model.to_owned()),
            provider_id: self.provider_id.clone(),
            service_tier: self.service_tier.clone(),
        }
    }
}

fn declined(used: ToolUse) -> Declined {
    Declined {
        call_id: used.call_id,
        offered: used.offered,
        arguments: used.arguments,
        reason: "The limit of tool calls is reached; answer with what you have.".to_owned(),
    }
}

fn words<'a>(told: Option<&'a Text<'_>>) -> Option<&'a str> {
    told.map(|Text(text)| text.as_ref())
        .filter(|text| !text.is_empty())
}

fn keep(known: &mut Option<String>, told: Option<&Text<'_>>) {
    if let Some(Text(text)) = told
        && known.is_none()
    {
        *known = Some(text.clone().into_owned());
    }
}
