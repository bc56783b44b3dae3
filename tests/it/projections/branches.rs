//! Where a conversation was forked from is known, wherever a page of events ends.

use jan_domain::UserMetadata;
use jan_domain::conversation::{Conversation, ConversationEvent, Origin};
use jan_domain::id::{ConversationId, ItemId};
use sqlx::PgPool;

use super::database::database;
use super::log::{append, folded, minute, owner};

fn id(name: &str) -> ConversationId {
    ConversationId::parse(&format!("conv_{name}")).unwrap()
}

async fn write(pool: &PgPool, name: &str, sequence: i64, event: ConversationEvent) {
    let mut connection = pool.acquire().await.unwrap();
    append::<Conversation>(&mut connection, id(name).as_str(), sequence, &event).await;
}

fn created(account: &str) -> ConversationEvent {
    ConversationEvent::Created {
        owner: owner(account),
        title: None,
        metadata: UserMetadata::default(),
        referrer: None,
        at: minute(0),
    }
}

fn forked() -> ConversationEvent {
    ConversationEvent::Forked {
        origin: Origin {
            from: id("root"),
            version: 3,
            item: Some(ItemId::parse("msg_1").unwrap()),
            root: id("root"),
        },
        at: minute(1),
    }
}

#[tokio::test]
async fn a_fork_is_known_also_when_its_page_began_after_its_creation() {
    let (pool, _database) = database().await;
    write(&pool, "root", 1, created("ann")).await;
    write(&pool, "cut", 1, created("ann")).await;
    folded(&pool).await;
    write(&pool, "cut", 2, forked()).await;
    write(&pool, "whole", 1, created("ann")).await;
    write(&pool, "whole", 2, forked()).await;
    write(&pool, "foreign", 1, created("bob")).await;
    write(&pool, "foreign", 2, forked()).await;
    let reads = folded(&pool).await;
    for asked in ["root", "cut", "whole"] {
        let found = reads
            .conversations
            .branches(&owner("ann"), &id(asked))
            .await
            .unwrap();
        let ids: Vec<_> = found.iter().map(|row| row.id.clone()).collect();
        assert_eq!(ids, [id("cut"), id("root"), id("whole")], "{asked}");
        for row in found.iter().filter(|row| row.id != id("root")) {
            assert_eq!(row.forked_from.as_deref(), Some("conv_root"));
            assert_eq!(
                (row.forked_version, row.forked_item.as_deref()),
                (Some(3), Some("msg_1"))
            );
        }
    }
    let foreign = reads
        .conversations
        .branches(&owner("ann"), &id("foreign"))
        .await;
    assert_eq!(foreign.unwrap(), []);
}
