use jan_domain::id::ItemId;
use jan_domain::item::{Item, ItemBody, ItemStatus};
use jan_domain::ports::IdGenerator;
use jan_domain::response::run::ToolUse;
use serde_json::{Value, json};

use super::catalogue::{Catalogue, Offered};
use super::item_ids::StepItemIds;
use super::said_item::opaque;
use super::stream_event::{ItemPlace, StreamEvent as E};
use super::teller::Teller;
use crate::response::chunk::{CallFragment, Text};

/// A call while it is said. A call of the client's is shown piece by piece, one of a server-side tool
/// when it is whole.
#[derive(Default)]
pub(super) struct HeardCall {
    call_id: String,
    name: String,
    namespace: Option<String>,
    input: String,
    custom: bool,
    destiny: Destiny,
}

#[derive(Default)]
enum Destiny {
    /// Its name is not known yet.
    #[default]
    Unknown,
    Client(ItemPlace),
    Server(Offered),
}

/// What becomes of a call.
pub(super) enum Heard {
    /// It is shown at this place: the client makes it, or must approve it first.
    Shown(usize, Item),
    /// We make it.
    ToMake(ToolUse),
    /// It never got a name.
    Nothing,
}

impl HeardCall {
    pub(super) fn hear(
        &mut self,
        fragment: &CallFragment<'_>,
        (catalogue, ids, teller): (&Catalogue, &StepItemIds, &Teller),
        next_index: &mut usize,
    ) {
        let (function, custom) = (fragment.function.as_ref(), fragment.custom.as_ref());
        self.custom |= custom.is_some();
        set(&mut self.call_id, fragment.id.as_ref());
        set(&mut self.name, function.and_then(|told| told.name.as_ref()));
        set(&mut self.name, custom.and_then(|told| told.name.as_ref()));
        let more = function.and_then(|told| told.arguments.as_ref());
        let more = more.or(custom.and_then(|told| told.input.as_ref()));
        let more = more.map(|Text(more)| more.as_ref()).unwrap_or_default();
        self.input.push_str(more);
        if matches!(self.destiny, Destiny::Unknown) && !self.name.is_empty() {
            let Some(offered) = catalogue.find(&self.name) else {
                if let Some(known) = catalogue.namespace(&self.name) {
                    self.namespace = Some(known.namespace.clone());
                    self.name.clone_from(&known.name);
                }
                self.begin_for_client(ids, teller, next_index);
                return;
            };
            self.destiny = Destiny::Server(offered.clone());
        }
        if let Destiny::Client(at) = &self.destiny
            && !more.is_empty()
        {
            teller.tell(self.delta(at.clone(), more.to_owned()));
        }
    }

    fn begin_for_client(&mut self, ids: &StepItemIds, teller: &Teller, next_index: &mut usize) {
        if self.call_id.is_empty() {
            self.call_id = format!("call_{}", ids.fresh());
        }
        let at = ItemPlace {
            item_id: ids.item(if self.custom { "ctc_" } else { "fc_" }),
            output_index: *next_index,
        };
        *next_index += 1;
        let mut begun = self
            .clone_empty()
            .item(at.item_id.clone(), ItemStatus::InProgress);
        if let ItemBody::FunctionCall { arguments, .. } = &mut begun.body {
            arguments.clear();
        }
        teller.tell(E::ItemAdded {
            output_index: at.output_index,
            item: serde_json::to_value(begun).unwrap_or_default(),
        });
        if !self.input.is_empty() {
            teller.tell(self.delta(at.clone(), self.input.clone()));
        }
        self.destiny = Destiny::Client(at);
    }

    fn clone_empty(&self) -> Self {
        Self {
            call_id: self.call_id.clone(),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            input: String::new(),
            custom: self.custom,
            destiny: Destiny::Unknown,
        }
    }

    fn delta(&self, at: ItemPlace, delta: String) -> E {
        if self.custom {
            E::InputDelta { at, delta }
        } else {
            E::ArgumentsDelta { at, delta }
        }
    }

    fn item(&self, id: ItemId, status: ItemStatus) -> Item {
        if self.custom {
            let fields = json!({"type": "custom_tool_call", "call_id": self.call_id,
                "name": self.name, "input": self.input});
            return opaque(id, status, fields);
        }
        Item {
            id,
            status,
            body: ItemBody::FunctionCall {
                call_id: self.call_id.clone(),
                name: self.name.clone(),
                arguments: self.input.clone(),
                namespace: self.namespace.clone(),
            },
        }
    }

    /// The whole call. Arguments are JSON text, never nothing.
    pub(super) fn finish(
        mut self,
        ids: &StepItemIds,
        teller: &Teller,
        next_index: &mut usize,
    ) -> Heard {
        if self.input.trim().is_empty() && !self.custom {
            "{}".clone_into(&mut self.input);
        }
        if self.call_id.is_empty() {
            self.call_id = format!("call_{}", ids.fresh());
        }
        match std::mem::take(&mut self.destiny) {
            Destiny::Unknown => Heard::Nothing,
            Destiny::Client(at) => {
                let item = self.item(at.item_id.clone(), ItemStatus::Completed);
                teller.tell(self.done(at.clone()));
                teller.tell(E::ItemDone {
                    output_index: at.output_index,
                    item: serde_json::to_value(&item).unwrap_or_default(),
                });
                Heard::Shown(at.output_index, item)
            }
            Destiny::Server(offered) if offered.wants_approval => {
                let item = self.approval_request(ids.item("mcpr_"), &offered);
                let shown: Value = serde_json::to_value(&item).unwrap_or_default();
                let output_index = *next_index;
                *next_index += 1;
                teller.tell(E::ItemAdded {
                    output_index,
                    item: shown.clone(),
                });
                teller.tell(E::ItemDone {
                    output_index,
                    item: shown,
                });
                Heard::Shown(output_index, item)
            }
            Destiny::Server(offered) => Heard::ToMake(ToolUse {
                item: ids.item(offered.kind.id_prefix()),
                call_id: self.call_id,
                offered: self.name,
                server: offered.server,
                tool: offered.tool,
                arguments: self.input,
                effect: offered.effect,
                kind: offered.kind,
                approved_by: None,
            }),
        }
    }

    fn done(&self, at: ItemPlace) -> E {
        if self.custom {
            return E::InputDone {
                at,
                input: self.input.clone(),
            };
        }
        E::ArgumentsDone {
            at,
            name: self.name.clone(),
            arguments: self.input.clone(),
        }
    }

    fn approval_request(&self, id: ItemId, offered: &Offered) -> Item {
        let fields = json!({"type": "mcp_approval_request", "server_label": offered.server,
            "name": offered.tool, "arguments": self.input});
        opaque(id, ItemStatus::Completed, fields)
    }
}

/// Takes what is told first; later fragments repeat it or leave it out.
fn set(known: &mut String, told: Option<&Text<'_>>) {
    if let Some(Text(text)) = told
        && known.is_empty()
    {
        known.push_str(text);
    }
}
