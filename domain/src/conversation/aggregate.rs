use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::origin::copied;
use super::{ConversationCommand, ConversationError, ConversationEvent, Origin};
use crate::caller::Owner;
use crate::decider::{self, Decider};
use crate::id::{ItemId, ResponseId};
use crate::item::Item;
use crate::limits::{ITEMS_PER_CALL_MAX, REFERRER_CHARS_MAX, TITLE_CHARS_MAX};
use crate::user_metadata::UserMetadata;

/// The life of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Conversation {
    /// Not yet.
    #[default]
    NotCreated,
    /// It can be read and can grow.
    Live(LiveConversation),
    /// It ended for good.
    Deleted {
        /// Whose it was.
        owner: Owner,
    },
}

/// What a live conversation holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveConversation {
    /// Whose it is.
    pub owner: Owner,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// What it is called.
    pub title: Option<String>,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// Where it came from.
    pub referrer: Option<String>,
    /// Its items, oldest first.
    pub items: Vec<Item>,
    /// Ids that were used once and never come back.
    pub deleted_items: BTreeSet<ItemId>,
    /// What it is a copy of, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Box<Origin>>,
    /// The run that is under way on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<ResponseId>,
}

impl Conversation {
    /// Whose it is, also after its end.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::NotCreated => None,
            Self::Live(live) => Some(&live.owner),
            Self::Deleted { owner } => Some(owner),
        }
    }
}

impl Decider for Conversation {
    fn decide(
        &self,
        command: ConversationCommand,
    ) -> Result<Vec<ConversationEvent>, ConversationError> {
        use ConversationCommand as C;
        use ConversationEvent as E;
        match (self, command) {
            (Self::NotCreated, command @ (C::Create { .. } | C::Fork { .. })) => begin(command),
            (Self::Live(live), C::Create { owner, .. }) if live.owner == owner => Ok(vec![]),
            (Self::Live(live), C::Fork { owner, origin, .. }) if live.is_fork(&owner, &origin) => {
                Ok(vec![])
            }
            (Self::Live(_) | Self::Deleted { .. }, C::Create { .. } | C::Fork { .. }) => {
                Err(ConversationError::AlreadyExists)
            }
            (Self::NotCreated, _) => Err(ConversationError::NotFound),
            (Self::Deleted { .. }, C::Delete { .. }) => Ok(vec![]),
            (Self::Deleted { .. }, _) => Err(ConversationError::NotFound),
            (
                Self::Live(live),
                C::Update {
                    title,
                    metadata,
                    referrer,
                    at,
                },
            ) => live.update(title, metadata, referrer, at),
            (
                Self::Live(live),
                C::AppendItems {
                    items,
                    response,
                    at,
                },
            ) => {
                let most = if response.is_some() {
                    usize::MAX
                } else {
                    ITEMS_PER_CALL_MAX
                };
                let appended = new_items(&live.items, &live.deleted_items, &items, most)?;
                Ok(grown(appended, response, at).collect())
            }
            (Self::Live(live), C::DeleteItems { items, at }) => live.delete_items(items, at),
            (Self::Live(live), C::BeginRun { response, at }) => live.begin_run(response, at),
            (Self::Live(live), C::EndRun { response, at }) => Ok(live.end_run(response, at)),
            (Self::Live(_), C::Delete { at }) => Ok(vec![E::Deleted { at }]),
        }
    }
}

/// The first events of a life.
fn begin(command: ConversationCommand) -> Result<Vec<ConversationEvent>, ConversationError> {
    use ConversationCommand as C;
    use ConversationEvent as E;
    let (begun, grown): (E, Vec<E>) = match command {
        C::Create {
            owner,
            title,
            metadata,
            referrer,
            items,
            at,
        } => {
            check_texts(title.as_deref(), referrer.as_deref())?;
            let items = new_items(&[], &BTreeSet::new(), &items, ITEMS_PER_CALL_MAX)?;
            let created = E::Created {
                owner,
                title,
                metadata,
                referrer,
                at,
            };
            (created, grown(items, None, at).collect())
        }
        C::Fork {
            owner,
            title,
            metadata,
            referrer,
            origin,
            turns,
            at,
        } => {
            check_texts(title.as_deref(), referrer.as_deref())?;
            let copied = copied(turns, at)?;
            let created = E::Created {
                owner,
                title,
                metadata,
                referrer,
                at,
            };
            let forked = std::iter::once(E::Forked { origin, at });
            (created, forked.chain(copied).collect())
        }
        _ => return Err(ConversationError::NotFound),
    };
    Ok(std::iter::once(begun).chain(grown).collect())
}

impl LiveConversation {
    /// Whether it is this fork. The original may have grown since, so its version says nothing.
    fn is_fork(&self, owner: &Owner, origin: &Origin) -> bool {
        let mut known = self.origin.iter();
        self.owner == *owner && known.any(|known| known.from == origin.from)
    }

    fn update(
        &self,
        title: Option<String>,
        metadata: Option<UserMetadata>,
        referrer: Option<String>,
        at: DateTime<Utc>,
    ) -> Result<Vec<ConversationEvent>, ConversationError> {
        use ConversationEvent as E;
        check_texts(title.as_deref(), referrer.as_deref())?;
        let title = title.filter(|new| self.title.as_ref() != Some(new));
        let metadata = metadata.filter(|new| &self.metadata != new);
        let referrer = referrer.filter(|new| self.referrer.as_ref() != Some(new));
        Ok([
            title.map(|title| E::TitleChanged { title, at }),
            metadata.map(|metadata| E::MetadataReplaced { metadata, at }),
            referrer.map(|referrer| E::ReferrerChanged { referrer, at }),
        ]
        .into_iter()
        .flatten()
        .collect())
    }

    /// One run at a time.
    fn begin_run(
        &self,
        response: ResponseId,
        at: DateTime<Utc>,
    ) -> Result<Vec<ConversationEvent>, ConversationError> {
        match &self.run {
            None => Ok(vec![ConversationEvent::RunBegan { response, at }]),
            Some(known) if *known == response => Ok(vec![]),
            Some(_) => Err(ConversationError::Locked),
        }
    }

    fn end_run(&self, response: ResponseId, at: DateTime<Utc>) -> Vec<ConversationEvent> {
        let under_way = self.run.as_ref() == Some(&response);
        let ended = under_way.then_some(ConversationEvent::RunEnded { response, at });
        ended.into_iter().collect()
    }

    fn delete_items(
        &self,
        items: Vec<ItemId>,
        at: DateTime<Utc>,
    ) -> Result<Vec<ConversationEvent>, ConversationError> {
        let mut asked = BTreeSet::new();
        let mut events = Vec::new();
        for item in items {
            if self.deleted_items.contains(&item) || !asked.insert(item.clone()) {
                continue;
            }
            if !self.items.iter().any(|held| held.id == item) {
                return Err(ConversationError::ItemNotFound(item));
            }
            events.push(ConversationEvent::ItemDeleted { item, at });
        }
        Ok(events)
    }
}

fn check_texts(title: Option<&str>, referrer: Option<&str>) -> Result<(), ConversationError> {
    let title_fits =
        |title: &str| title.chars().count() <= TITLE_CHARS_MAX && !title.contains('\0');
    if !title.is_none_or(title_fits) {
        return Err(ConversationError::InvalidTitle);
    }
    let referrer_fits = |text: &str| {
        !text.is_empty() && text.chars().count() <= REFERRER_CHARS_MAX && !text.contains('\0')
    };
    if !referrer.is_none_or(referrer_fits) {
        return Err(ConversationError::InvalidReferrer);
    }
    Ok(())
}

/// The items that are not there yet. The same item again is no news; another one under a used id
/// is a mistake.
fn new_items(
    held: &[Item],
    deleted: &BTreeSet<ItemId>,
    items: &[Item],
    most: usize,
) -> Result<Vec<Item>, ConversationError> {
    if items.len() > most {
        return Err(ConversationError::TooManyItems);
    }
    let mut known: HashMap<&ItemId, &Item> = held.iter().map(|item| (&item.id, item)).collect();
    let mut fresh = Vec::with_capacity(items.len());
    for item in items {
        match known.get(&item.id) {
            Some(known) if *known == item => {}
            Some(_) => return Err(ConversationError::DuplicateItem(item.id.clone())),
            None if deleted.contains(&item.id) => {
                return Err(ConversationError::DuplicateItem(item.id.clone()));
            }
            None => {
                known.insert(&item.id, item);
                fresh.push(item.clone());
            }
        }
    }
    Ok(fresh)
}

fn grown(
    items: Vec<Item>,
    response: Option<ResponseId>,
    at: DateTime<Utc>,
) -> impl Iterator<Item = ConversationEvent> {
    let event = (!items.is_empty()).then_some(ConversationEvent::ItemsAppended {
        items,
        response,
        at,
    });
    event.into_iter()
}

impl Aggregate for Conversation {
    const TYPE: &'static str = "conversation";
    type Command = ConversationCommand;
    type Event = ConversationEvent;
    type Error = ConversationError;
    type Services = ();

    async fn handle(
        &mut self,
        command: ConversationCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), ConversationError> {
        decider::handle(self, command, sink).await
    }

    fn apply(&mut self, event: ConversationEvent) {
        use ConversationEvent as E;
        match (&mut *self, event) {
            (
                Self::NotCreated,
                E::Created {
                    owner,
                    title,
                    metadata,
                    referrer,
                    at,
                },
            ) => {
                *self = Self::Live(LiveConversation {
                    owner,
                    created_at: at,
                    title,
                    metadata,
                    referrer,
                    items: Vec::new(),
                    deleted_items: BTreeSet::new(),
                    origin: None,
                    run: None,
                });
            }
            (Self::Live(live), E::Forked { origin, .. }) => live.origin = Some(Box::new(origin)),
            (Self::Live(live), E::TitleChanged { title, .. }) => live.title = Some(title),
            (Self::Live(live), E::MetadataReplaced { metadata, .. }) => live.metadata = metadata,
            (Self::Live(live), E::ReferrerChanged { referrer, .. }) => {
                live.referrer = Some(referrer);
            }
            (Self::Live(live), E::ItemsAppended { items, .. }) => live.items.extend(items),
            (Self::Live(live), E::ItemDeleted { item, .. }) => {
                live.items.retain(|held| held.id != item);
                live.deleted_items.insert(item);
            }
            (Self::Live(live), E::RunBegan { response, .. }) => live.run = Some(response),
            (Self::Live(live), E::RunEnded { .. }) => live.run = None,
            (Self::Live(live), E::Deleted { .. }) => {
                *self = Self::Deleted {
                    owner: live.owner.clone(),
                };
            }
            (state, event) => debug_assert!(false, "{event:?} cannot follow {state:?}"),
        }
    }
}
