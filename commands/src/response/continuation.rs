use bytes::Bytes;
use jan_domain::conversation::{
    Conversation, ConversationCommand, ConversationError, LiveConversation,
};
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::item::{Item, ItemStatus, Role, items_of_chat_answer, items_of_chat_message};
use jan_domain::limits::TITLE_CHARS_MAX;
use jan_domain::metadata::Metadata;
use jan_domain::ports::IdGenerator;
use jan_domain::{Caller, UserMetadata};
use serde_json::{Value, json};

use super::{ChatError, ChatMessage, ChatWish};
use crate::store::{Loaded, NewEvent};
use crate::{CommandError, Commands};

/// The conversation a call names.
#[derive(Debug, Clone)]
pub enum ConversationRef {
    /// One that exists.
    Existing(ConversationId),
    /// One to be begun.
    New {
        /// Where it comes from, in the client's words.
        referrer: Option<String>,
    },
}

/// A conversation that a call continues: what it holds, and what the call will add to it.
pub(super) struct Continuation {
    pub(super) id: ConversationId,
    loaded: Loaded<Conversation>,
    input: Vec<Item>,
    store_reasoning: bool,
    keep: bool,
    title: Option<String>,
}

/// A title is cut at the last space beyond this many characters.
const TITLE_AIM: std::ops::Range<usize> = 30..60;

impl Continuation {
    /// Loads the conversation a wish names, or decides to begin one; the events of a beginning must
    /// be appended together with the call's intent. `id` is the conversation's, if there is one.
    pub(super) async fn open(
        commands: &Commands,
        caller: &Caller,
        wish: &ChatWish,
        (ids, id): (&dyn IdGenerator, Option<&ConversationId>),
        metadata: &Metadata,
    ) -> Result<Option<(Self, Vec<NewEvent>)>, ChatError> {
        let (Some(reference), Some(id)) = (&wish.conversation, id) else {
            return Ok(None);
        };
        let (loaded, begun) = match reference {
            ConversationRef::Existing(_) => {
                let loaded = commands.conversations.load(id.as_str()).await?;
                let visible =
                    matches!(&loaded.state, Conversation::Live(live) if caller.sees(&live.owner));
                if !visible {
                    return Err(CommandError::Refused(ConversationError::NotFound).into());
                }
                (loaded, Vec::new())
            }
            ConversationRef::New { referrer } => {
                let mut loaded = Loaded::new(id.as_str());
                let command = ConversationCommand::Create {
                    owner: caller.owner.clone(),
                    title: None,
                    metadata: UserMetadata::default(),
                    referrer: referrer.clone(),
                    items: Vec::new(),
                    at: commands.clock.now(),
                };
                let log = commands.conversations.log();
                let begun = loaded.decide(command, metadata, log).await;
                (loaded, begun.map_err(CommandError::Refused)?)
            }
        };
        let continuation = Self {
            id: id.clone(),
            loaded,
            input: input_items(&wish.messages, ids)?,
            store_reasoning: wish.store_reasoning,
            keep: wish.retention.keeps_content(),
            title: title_of(&wish.messages),
        };
        Ok(Some((continuation, begun)))
    }

    /// What the conversation held before this call.
    pub(super) fn history(&self) -> &[Item] {
        self.live()
            .map(|live| live.items.as_slice())
            .unwrap_or_default()
    }

    /// The title it has, or will get from this call.
    pub(super) fn title(&self) -> Option<&str> {
        let known = self.live().and_then(|live| live.title.as_deref());
        known.or(self.title.as_deref().filter(|_| self.keep))
    }

    /// How an answer mentions its conversation (Jan's extension).
    pub(super) fn mention(&self) -> Value {
        let mut mention = json!({"id": self.id});
        if let Some(title) = self.title() {
            mention["title"] = json!(title);
        }
        mention
    }

    fn live(&self) -> Option<&LiveConversation> {
        match &self.loaded.state {
            Conversation::Live(live) => Some(live),
            Conversation::NotCreated | Conversation::Deleted { .. } => None,
        }
    }

    /// The items that the answer `message` adds, after those that the call brought; nothing when
    /// nothing was said.
    pub(super) fn turn(
        &self,
        message: &Value,
        status: ItemStatus,
        ids: &dyn IdGenerator,
    ) -> Option<Vec<Item>> {
        let said = items_of_chat_answer(message, status, self.store_reasoning, ids);
        let mut items = self.input.clone();
        (!said.is_empty()).then(|| {
            items.extend(said);
            items
        })
    }

    /// The events that add `items`. A conversation that was deleted meanwhile gets none. What is
    /// loaded stays as it is: nothing is written here, and this may be asked again.
    pub(super) async fn grow(
        &self,
        commands: &Commands,
        response: &ResponseId,
        items: Vec<Item>,
        metadata: &Metadata,
    ) -> Result<Vec<NewEvent>, ConversationError> {
        if !self.keep {
            return Ok(Vec::new());
        }
        let at = commands.clock.now();
        let log = commands.conversations.log();
        let append = ConversationCommand::AppendItems {
            items,
            response: Some(response.clone()),
            at,
        };
        let mut loaded = self.loaded.clone();
        let mut events = match loaded.decide(append, metadata, log).await {
            Err(ConversationError::NotFound) => {
                tracing::warn!(conversation.id = %self.id, response.id = %response,
                    "a conversation could not take an answer: it was deleted meanwhile");
                return Ok(Vec::new());
            }
            decided => decided?,
        };
        let untitled = self.live().is_some_and(|live| live.title.is_none());
        if let Some(title) = self.title.clone().filter(|_| untitled) {
            let retitle = ConversationCommand::Update {
                title: Some(title),
                metadata: None,
                referrer: None,
                at,
            };
            events.extend(loaded.decide(retitle, metadata, log).await?);
        }
        Ok(events)
    }

    /// Looks again, after somebody else has changed the conversation.
    pub(super) async fn reload(
        &mut self,
        commands: &Commands,
    ) -> Result<(), CommandError<ConversationError>> {
        self.loaded = commands.conversations.load(self.id.as_str()).await?;
        Ok(())
    }
}

/// Jan's extra chunk. It has `choices: []`, so that clients that know nothing of it pass over it.
pub(super) fn conversation_chunk(
    id: &str,
    model: &str,
    created: i64,
    conversation: &Value,
) -> Bytes {
    json!({
        "id": id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": [],
        "conversation": conversation,
    })
    .to_string()
    .into()
}

fn input_items(messages: &[ChatMessage], ids: &dyn IdGenerator) -> Result<Vec<Item>, ChatError> {
    let mut items = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let refused = |at_field: &str, problem: String| ChatError::InvalidMessage {
            at: format!("messages[{at}]{at_field}"),
            problem,
        };
        let read = message.json.read();
        let read = read.map_err(|_| refused("", "The message cannot be read.".to_owned()))?;
        let said = items_of_chat_message(read, ids);
        items.extend(said.map_err(|invalid| refused(&invalid.at, invalid.problem))?);
    }
    Ok(items)
}

/// The first words of the first thing the person said.
fn title_of(messages: &[ChatMessage]) -> Option<String> {
    let first = messages.iter().find(|message| message.role == Role::User)?;
    let message: Value = first.json.read().ok()?;
    let text = match &message["content"] {
        Value::String(text) => text.as_str(),
        Value::Array(parts) => parts.iter().find_map(|part| part["text"].as_str())?,
        _ => return None,
    };
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!words.is_empty()).then(|| shortened(&words))
}

fn shortened(words: &str) -> String {
    let Some((end, _)) = words.char_indices().nth(TITLE_AIM.end) else {
        return words.to_owned();
    };
    let least = words
        .char_indices()
        .nth(TITLE_AIM.start)
        .map_or(0, |(at, _)| at);
    let cut = words[..end]
        .rfind(' ')
        .filter(|space| *space >= least)
        .unwrap_or(end);
    let title = format!("{}...", &words[..cut]);
    debug_assert!(title.chars().count() <= TITLE_CHARS_MAX);
    title
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::Json;

    #[test]
    fn a_title_is_cut_between_words() {
        let said = |content: Value| {
            let json = Json::of(&json!({"role": "user", "content": content}));
            title_of(&[ChatMessage {
                role: Role::User,
                json,
            }])
        };
        assert_eq!(said(json!("  hi\n there ")).as_deref(), Some("hi there"));
        assert_eq!(
            said(json!([{"type": "text", "text": "look"}])).as_deref(),
            Some("look")
        );
        assert_eq!(said(json!("")), None);
        let long = said(json!("é".repeat(80))).unwrap();
        assert_eq!(long, format!("{}...", "é".repeat(60)));
        let sentence = "the quick brown fox jumps over the lazy dog and then it sleeps for a week";
        assert_eq!(
            said(json!(sentence)).unwrap(),
            "the quick brown fox jumps over the lazy dog and then it..."
        );
    }
}
