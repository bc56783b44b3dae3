use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use jan_domain::Owner;
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::item::Item;
use jan_domain::metadata::Metadata;
use jan_domain::ports::ModelRoute;
use jan_domain::response::Timing;

use super::on_record::OnRecord;
use super::recorded::{RecordedRequest, ServerKeys};
use super::teller::Teller;
use crate::Commands;

/// A run that this process carries: everything about it that does not change on the way.
pub(crate) struct Carried {
    pub(crate) commands: Commands,
    pub(crate) id: ResponseId,
    pub(crate) owner: Owner,
    pub(crate) metadata: Metadata,
    /// The model the client asked for.
    pub(crate) model: String,
    /// `None` where no model is asked.
    pub(crate) route: Option<ModelRoute>,
    pub(crate) request: RecordedRequest,
    /// What the model is shown before the run's own words: history, then the request's items.
    pub(crate) context: Vec<Item>,
    /// What the conversation gains beside the answer.
    pub(crate) input: Vec<Item>,
    pub(crate) conversation: Option<ConversationId>,
    pub(crate) keys: ServerKeys,
    pub(crate) keeps_content: bool,
    pub(crate) background: bool,
    /// How often the run had been taken up when this process did.
    pub(crate) epoch: u32,
    pub(crate) requested_at: DateTime<Utc>,
    pub(crate) teller: Teller,
    /// Whether what follows may be told and done.
    pub(crate) on_record: OnRecord,
    pub(crate) first_token_at: OnceLock<DateTime<Utc>>,
}

impl Carried {
    /// Marks the first byte of an answer.
    pub(crate) fn mark_first_token(&self) {
        if self.first_token_at.get().is_none() {
            let _marked_before = self.first_token_at.set(self.commands.clock.now());
            self.commands.crash.pass("run.during_effect");
        }
    }

    /// How long the run has taken until now.
    pub(crate) fn timing(&self) -> Timing {
        let since = |at: DateTime<Utc>| {
            u64::try_from((at - self.requested_at).num_milliseconds()).unwrap_or_default()
        };
        let total_ms = since(self.commands.clock.now());
        let first = self.first_token_at.get();
        Timing {
            first_token_ms: first.map_or(total_ms, |at| since(*at)),
            total_ms,
        }
    }
}
