use chrono::{DateTime, Utc};
use jan_domain::conversation::{Conversation, ConversationCommand};
use jan_domain::id::ResponseId;
use jan_domain::metadata::Metadata;
use jan_domain::response::{RequestedCall, Response, ResponseCommand, ResponseEvent};

use super::RunError;
use crate::store::{Loaded, NewEvent};
use crate::{CommandError, Commands};

/// How a run begins.
pub(super) struct Intent<'c> {
    pub(super) commands: &'c Commands,
    pub(super) metadata: &'c Metadata,
    pub(super) id: &'c ResponseId,
    pub(super) at: DateTime<Utc>,
    /// Whether this process takes the run up at once.
    pub(super) claims: bool,
    /// Whether what was said is kept.
    pub(super) keeps: bool,
}

impl Intent<'_> {
    /// Decides the request, the claim if there is one, and that the conversation is in use from now
    /// on: all of them or none.
    pub(super) async fn decide(
        &self,
        call: RequestedCall,
        conversation: Option<Loaded<Conversation>>,
    ) -> Result<(Loaded<Response>, Vec<NewEvent>), RunError> {
        let mut loaded = Loaded::new(self.id.as_str());
        let request = ResponseCommand::Request {
            call: Box::new(call),
            at: self.at,
        };
        let claim = ResponseCommand::Claim {
            node: self.commands.node.clone(),
            epoch: 1,
            at: self.at,
        };
        let log = self.commands.responses.log();
        let keeps = self.keeps;
        let mut events = Vec::new();
        for command in std::iter::once(request).chain(self.claims.then_some(claim)) {
            let kept = |event: ResponseEvent| {
                if keeps {
                    event
                } else {
                    event.without_content()
                }
            };
            let decided = loaded
                .decide_keeping(command, self.metadata, log, kept)
                .await;
            events.extend(decided.map_err(CommandError::Refused)?);
        }
        if let Some(mut conversation) = conversation {
            let begin = ConversationCommand::BeginRun {
                response: self.id.clone(),
                at: self.at,
            };
            let decided = conversation.decide(begin, self.metadata, log).await;
            events.extend(decided.map_err(CommandError::Refused)?);
        }
        Ok((loaded, events))
    }
}
