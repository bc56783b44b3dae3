use chrono::{DateTime, Utc};
use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::ports::IdGenerator;
use jan_domain::response::{Surface, Usage};

use super::compact::context_of;
use super::{Outcome, RunEnding, RunError, RunWish, StreamEvent};
use crate::Commands;

/// A response that asks no model: it only says what the next one continues.
pub struct WarmUp {
    /// Its id.
    pub id: ResponseId,
    /// When.
    pub at: DateTime<Utc>,
    /// What is continued.
    pub context: Vec<Item>,
}

/// Takes a context in advance. Nothing is recorded: whoever asks keeps it.
pub async fn warm_up(
    commands: &Commands,
    caller: &Caller,
    ids: &dyn IdGenerator,
    wish: &RunWish,
) -> Result<WarmUp, RunError> {
    if commands.models.find(&wish.model).is_none() {
        return Err(RunError::ModelNotFound(wish.model.clone()));
    }
    let said = context_of(commands, caller, wish).await?;
    Ok(WarmUp {
        id: ids.response(Surface::Responses),
        at: commands.clock.now(),
        context: wish.remembered.iter().cloned().chain(said).collect(),
    })
}

impl WarmUp {
    /// What is told of it.
    pub fn events(&self) -> [StreamEvent; 3] {
        let outcome = Outcome {
            ending: RunEnding::Completed,
            output: Vec::new(),
            usage: Some(Usage::default()),
            at: self.at,
        };
        [
            StreamEvent::Created,
            StreamEvent::InProgress,
            StreamEvent::Ended(Box::new(outcome)),
        ]
    }
}
