use std::collections::BTreeSet;

use jan_domain::conversation::{Conversation, ConversationCommand, Origin};
use jan_domain::id::{ItemId, ResponseId};
use jan_domain::item::Item;
use jan_domain::limits::{ITEMS_PER_CALL_MAX, REFERRER_CHARS_MAX, TITLE_CHARS_MAX};
use jan_domain::{Owner, UserMetadata};
use proptest::prelude::*;

use super::streams::{InMemory, InPostgres};
use super::{Model, compare, reached};
use crate::domain::conversation::command;
use crate::domain::laws::names;

const SEEDS: &str = "proptest-regressions/domain/machines/conversation.txt";

/// A conversation as a sheet of paper.
#[derive(Debug, Clone, Default, PartialEq)]
struct Sheet {
    owner: Option<Owner>,
    deleted: bool,
    title: Option<String>,
    metadata: UserMetadata,
    referrer: Option<String>,
    items: Vec<Item>,
    struck_out: BTreeSet<ItemId>,
    run: Option<ResponseId>,
    origin: Option<Origin>,
}

impl Sheet {
    fn titled(
        &self,
        title: Option<&String>,
        metadata: Option<&UserMetadata>,
        referrer: Option<&String>,
    ) -> Result<Self, &'static str> {
        let too_long = |title: &String| title.chars().count() > TITLE_CHARS_MAX;
        if title.is_some_and(|title| too_long(title) || title.contains('\0')) {
            return Err("InvalidTitle");
        }
        let too_long = |referrer: &String| referrer.chars().count() > REFERRER_CHARS_MAX;
        let wrong = |text: &String| text.is_empty() || too_long(text) || text.contains('\0');
        if referrer.is_some_and(wrong) {
            return Err("InvalidReferrer");
        }
        Ok(Self {
            title: title.or(self.title.as_ref()).cloned(),
            metadata: metadata.unwrap_or(&self.metadata).clone(),
            referrer: referrer.or(self.referrer.as_ref()).cloned(),
            ..self.clone()
        })
    }

    fn with_items(&self, items: &[Item]) -> Result<Self, &'static str> {
        let mut after = self.clone();
        for item in items {
            let known = after.items.iter().find(|held| held.id == item.id);
            match known {
                Some(known) if known == item => {}
                Some(_) => return Err("DuplicateItem"),
                None if after.struck_out.contains(&item.id) => return Err("DuplicateItem"),
                None => after.items.push(item.clone()),
            }
        }
        Ok(after)
    }

    fn without(&self, items: &[ItemId]) -> Result<Self, &'static str> {
        let mut after = self.clone();
        for item in items {
            if after.struck_out.contains(item) {
                continue;
            }
            if !after.items.iter().any(|held| held.id == *item) {
                return Err("ItemNotFound");
            }
            after.items.retain(|held| held.id != *item);
            after.struck_out.insert(item.clone());
        }
        Ok(after)
    }

    fn live(&self, command: &ConversationCommand) -> Result<Self, &'static str> {
        use ConversationCommand as C;
        match command {
            C::Update {
                title,
                metadata,
                referrer,
                ..
            } => self.titled(title.as_ref(), metadata.as_ref(), referrer.as_ref()),
            C::AppendItems {
                items, response, ..
            } if response.is_none() && items.len() > ITEMS_PER_CALL_MAX => Err("TooManyItems"),
            C::AppendItems { items, .. } => self.with_items(items),
            C::DeleteItems { items, .. } => self.without(items),
            C::BeginRun { response, .. } => match &self.run {
                Some(other) if other != response => Err("Locked"),
                _ => Ok(Self {
                    run: Some(response.clone()),
                    ..self.clone()
                }),
            },
            C::EndRun { response, .. } => Ok(Self {
                run: self.run.clone().filter(|run| run != response),
                ..self.clone()
            }),
            C::Delete { .. } => Ok(Self {
                owner: self.owner.clone(),
                deleted: true,
                ..Self::default()
            }),
            C::Create { .. } | C::Fork { .. } => unreachable!("what is there is not begun"),
        }
    }
}

impl Model for Sheet {
    type Aggregate = Conversation;

    fn commands() -> BoxedStrategy<ConversationCommand> {
        command().boxed()
    }

    fn after(&self, command: &ConversationCommand) -> Result<Option<Self>, &'static str> {
        use ConversationCommand as C;
        let after = match (command, &self.owner) {
            (
                C::Create {
                    owner,
                    title,
                    metadata,
                    referrer,
                    items,
                    ..
                },
                None,
            ) => {
                let named = self.titled(title.as_ref(), Some(metadata), referrer.as_ref())?;
                if items.len() > ITEMS_PER_CALL_MAX {
                    return Err("TooManyItems");
                }
                Self {
                    owner: Some(owner.clone()),
                    ..named.with_items(items)?
                }
            }
            (C::Create { owner, .. }, Some(known)) if owner == known && !self.deleted => {
                return Ok(None);
            }
            (
                C::Fork {
                    owner,
                    title,
                    metadata,
                    referrer,
                    origin,
                    turns,
                    ..
                },
                None,
            ) => {
                let mut copy = self.titled(title.as_ref(), Some(metadata), referrer.as_ref())?;
                for item in turns.iter().flat_map(|turn| &turn.items) {
                    // No history has an item twice, so a copy of one that does is a mistake.
                    if copy.items.iter().any(|held| held.id == item.id) {
                        return Err("DuplicateItem");
                    }
                    copy.items.push(item.clone());
                }
                Self {
                    owner: Some(owner.clone()),
                    origin: Some(origin.clone()),
                    ..copy
                }
            }
            (C::Fork { owner, origin, .. }, Some(known))
                if owner == known
                    && self.origin.as_ref().map(|known| &known.from) == Some(&origin.from) =>
            {
                return Ok(None);
            }
            (C::Create { .. } | C::Fork { .. }, Some(_)) => return Err("AlreadyExists"),
            (_, None) => return Err("NotFound"),
            (C::Delete { .. }, Some(_)) if self.deleted => return Ok(None),
            (_, Some(_)) if self.deleted => return Err("NotFound"),
            (command, Some(_)) => self.live(command)?,
        };
        Ok((after != *self).then_some(after))
    }

    fn of(state: &Conversation) -> Self {
        match state {
            Conversation::NotCreated => Self::default(),
            Conversation::Live(live) => Self {
                owner: Some(live.owner.clone()),
                deleted: false,
                title: live.title.clone(),
                metadata: live.metadata.clone(),
                referrer: live.referrer.clone(),
                items: live.items.clone(),
                struck_out: live.deleted_items.clone(),
                run: live.run.clone(),
                origin: live.origin.as_deref().cloned(),
            },
            Conversation::Deleted { owner } => Self {
                owner: Some(owner.clone()),
                deleted: true,
                ..Self::default()
            },
        }
    }
}

#[test]
fn conversations_live_as_their_model_says() {
    compare::<InMemory<Conversation>, Sheet>(256, SEEDS);
}

#[test]
fn conversations_in_postgres_live_as_their_model_says() {
    compare::<InPostgres<Conversation>, Sheet>(24, SEEDS);
}

#[test]
fn lives_of_conversations_come_to_every_outcome() {
    let every = names(&[
        "AlreadyExists",
        "Conflict",
        "Done",
        "DuplicateItem",
        "InvalidReferrer",
        "InvalidTitle",
        "ItemNotFound",
        "Locked",
        "NoNews",
        "NotFound",
        "Seen",
        "TooManyItems",
    ]);
    assert_eq!(reached::<Sheet>(), every);
}
