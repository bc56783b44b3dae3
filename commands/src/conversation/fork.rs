use jan_domain::conversation::{
    ConversationCommand, ConversationError, LiveConversation, Origin, Turn,
};
use jan_domain::id::{ConversationId, ItemId, ResponseId};
use jan_domain::item::{Item, Role};
use jan_domain::metadata::{Metadata, Request};
use jan_domain::{Caller, UserMetadata};

use super::own;
use super::past::{PastConversation, PastItem};
use crate::{CommandError, Commands};

/// A fork about to be made.
#[derive(Debug, Clone)]
pub struct NewFork {
    /// Its id; the same when the request is repeated under one key.
    pub id: ConversationId,
    /// How much of the original it takes over.
    pub extent: Extent,
    /// What it is called, if not as the original.
    pub title: Option<String>,
    /// The client's own pairs, if not those of the original.
    pub metadata: Option<UserMetadata>,
}

/// How much of a conversation a fork takes over.
#[derive(Debug, Clone)]
pub enum Extent {
    /// Everything.
    All,
    /// Up to and with this item.
    Through(ItemId),
    /// Up to this item, in whose place another stands.
    Edited(ItemId, Box<Item>),
    /// Up to and with what this item answers; with the item itself if it is the caller's.
    Asking(ItemId),
}

/// A fork that was made.
#[derive(Debug, Clone)]
pub struct Fork {
    /// What it holds.
    pub live: LiveConversation,
}

impl Extent {
    /// The response that answered the original at this place, or nearest to it. Its settings are
    /// those of a new answer.
    pub fn answered_by(
        &self,
        original: &PastConversation,
    ) -> Result<Option<ResponseId>, ConversationError> {
        Ok(Cut::of(&original.items, self)?.answered_by)
    }
}

/// Copies one of the caller's conversations, as it stood, up to a place, in one append. The original
/// is read and not touched. Items keep their ids: they are unique within a conversation only, so a
/// copy can be compared with its original, and an item still tells which response it is of.
pub async fn fork_conversation(
    commands: &Commands,
    caller: &Caller,
    request: &Request,
    (from, original): (&ConversationId, &PastConversation),
    new: NewFork,
) -> Result<Fork, CommandError<ConversationError>> {
    let refused = CommandError::Refused;
    if !caller.sees(&original.live.owner) {
        return Err(refused(ConversationError::NotFound));
    }
    let cut = Cut::of(&original.items, &new.extent).map_err(refused)?;
    let live = &original.live;
    let root = live.origin.as_ref().map(|origin| origin.root.clone());
    let command = ConversationCommand::Fork {
        owner: live.owner.clone(),
        title: new.title.or_else(|| live.title.clone()),
        metadata: new.metadata.unwrap_or_else(|| live.metadata.clone()),
        referrer: live.referrer.clone(),
        origin: Origin {
            from: from.clone(),
            version: original.record.version,
            item: cut.kept.last().map(|kept| kept.item.id.clone()),
            root: root.unwrap_or_else(|| from.clone()),
        },
        turns: cut.turns(),
        at: commands.clock.now(),
    };
    let metadata = Metadata::of(caller, request);
    let streams = &commands.conversations;
    let executed = streams.create(new.id.as_str(), command, &metadata).await?;
    let live = own(&executed.after.state, caller).map_err(refused)?;
    Ok(Fork { live: live.clone() })
}

/// The part of a conversation that is taken over.
struct Cut<'p> {
    kept: &'p [PastItem],
    instead: Option<Item>,
    answered_by: Option<ResponseId>,
}

impl<'p> Cut<'p> {
    fn of(items: &'p [PastItem], extent: &Extent) -> Result<Self, ConversationError> {
        let place = |id: &ItemId| {
            let place = items.iter().position(|held| held.item.id == *id);
            place.ok_or_else(|| ConversationError::ItemNotFound(id.clone()))
        };
        let (kept, at) = match extent {
            Extent::All => (items.len(), items.len()),
            Extent::Through(id) => (place(id)? + 1, place(id)?),
            Extent::Edited(id, _) => (place(id)?, place(id)?),
            Extent::Asking(id) => {
                let at = place(id)?;
                let asked = items[..=at].iter().rposition(|held| is_callers(&held.item));
                let asked = asked.ok_or_else(|| ConversationError::NothingAsked(id.clone()))?;
                (asked + 1, at)
            }
        };
        Ok(Self {
            kept: &items[..kept],
            instead: match extent {
                Extent::Edited(_, item) => Some((**item).clone()),
                _ => None,
            },
            answered_by: nearest_response(items, at),
        })
    }

    /// The items as they came, so that each copy tells what brought it.
    fn turns(&self) -> Vec<Turn> {
        let mut turns: Vec<Turn> = Vec::new();
        for held in self.kept {
            match turns.last_mut() {
                Some(turn) if turn.response == held.response => turn.items.push(held.item.clone()),
                _ => turns.push(Turn {
                    items: vec![held.item.clone()],
                    response: held.response.clone(),
                }),
            }
        }
        turns.extend(self.instead.iter().map(|item| Turn {
            items: vec![item.clone()],
            response: None,
        }));
        turns
    }
}

/// The response of the turn at a place; else of the next that has one, else of the last before it.
fn nearest_response(items: &[PastItem], at: usize) -> Option<ResponseId> {
    let (before, after) = items.split_at(at.min(items.len()));
    let mut near = after.iter().chain(before.iter().rev());
    near.find_map(|held| held.response.clone())
}

/// Whether an item is what a model answers, and not a part of an answer.
fn is_callers(item: &Item) -> bool {
    match item.role() {
        Some(role) => role != Role::Assistant,
        None => matches!(
            item.kind(),
            "function_call_output" | "custom_tool_call_output" | "mcp_approval_response"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use jan_domain::item::ContentPart;

    fn id(name: &str) -> ItemId {
        ItemId::parse(&format!("msg_{name}")).unwrap()
    }

    fn response(name: &str) -> ResponseId {
        ResponseId::parse(&format!("resp_{name}")).unwrap()
    }

    /// u1 a1 (by r1), u2 (by nobody), u3 a3 b3 (by r3).
    fn items() -> Vec<PastItem> {
        let told = [
            ("u1", Role::User, Some("r1")),
            ("a1", Role::Assistant, Some("r1")),
            ("u2", Role::User, None),
            ("u3", Role::User, Some("r3")),
            ("a3", Role::Assistant, Some("r3")),
            ("b3", Role::Assistant, Some("r3")),
        ];
        let item = |(ordinal, (name, role, by)): (i64, (&str, Role, Option<&str>))| PastItem {
            item: Item::message(id(name), role, vec![ContentPart::input(name)]),
            ordinal,
            added_at: DateTime::UNIX_EPOCH,
            response: by.map(response),
        };
        (1..).zip(told).map(item).collect()
    }

    #[test]
    fn a_cut_is_where_it_was_asked_for() {
        let items = items();
        let other = Box::new(Item::message(id("new"), Role::User, Vec::new()));
        for (extent, kept, by) in [
            (Extent::All, 6, "r3"),
            (Extent::Through(id("a1")), 2, "r1"),
            (Extent::Edited(id("u3"), other.clone()), 3, "r3"),
            (Extent::Edited(id("u2"), other), 2, "r3"),
            (Extent::Asking(id("b3")), 4, "r3"),
            (Extent::Asking(id("u1")), 1, "r1"),
        ] {
            let cut = Cut::of(&items, &extent).unwrap();
            let found = (cut.kept.len(), cut.answered_by.clone());
            assert_eq!(found, (kept, Some(response(by))), "{extent:?}");
        }
        let missing = Cut::of(&items, &Extent::Through(id("x"))).err();
        assert_eq!(missing, Some(ConversationError::ItemNotFound(id("x"))));
        let unasked = Cut::of(&items[1..], &Extent::Asking(id("a1"))).err();
        assert_eq!(unasked, Some(ConversationError::NothingAsked(id("a1"))));
    }

    #[test]
    fn copies_tell_what_brought_them() {
        let items = items();
        let turns = Cut::of(&items, &Extent::All).unwrap().turns();
        let told: Vec<_> = turns
            .iter()
            .map(|turn| (turn.items.len(), turn.response.clone()))
            .collect();
        let expected = [(2, Some("r1")), (1, None), (3, Some("r3"))];
        assert_eq!(told, expected.map(|(count, by)| (count, by.map(response))));
    }
}
