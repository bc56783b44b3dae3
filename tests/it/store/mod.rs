//! The event store: all or nothing, once, in order, and never rewritten.

mod appends;
mod doubt;
mod guards;
mod keys;
mod past;
mod seals;
mod snapshots;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jan_commands::store::{AppenderLimits, EventLog, Store};
use jan_domain::conversation::{Conversation, ConversationCommand};
use jan_domain::id::{AccountId, ItemId, TenantId};
use jan_domain::item::{ContentPart, Item, Role};
use jan_domain::metadata::Metadata;
use jan_domain::{Owner, UserMetadata};
use jan_infra::id_generator::UuidV7Ids;
use jan_tests::database::{Database, ground};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

/// A log on a database of its own.
struct World {
    pool: PgPool,
    conversations: Store<Conversation>,
    _database: Database,
}

impl World {
    async fn start(limits: AppenderLimits) -> Self {
        let database = Database::fresh().await;
        let pool = database.pool(10).await;
        let entered = ground().enter();
        let log = EventLog::start(
            pool.clone(),
            Arc::new(UuidV7Ids),
            Arc::new(Notify::new()),
            limits,
            &TaskTracker::new(),
        );
        drop(entered);
        Self {
            pool,
            conversations: Store::new(log),
            _database: database,
        }
    }

    /// The sequences of a stream, in order.
    async fn sequences(&self, id: &str) -> Vec<i64> {
        let sql = "select sequence from events where aggregate_id = $1 order by sequence";
        sqlx::query_scalar(sql)
            .bind(id)
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }
}

fn owner() -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse("user_1").unwrap(),
    }
}

fn metadata() -> Metadata {
    Metadata::of_system(&owner(), "test")
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

fn create() -> ConversationCommand {
    ConversationCommand::Create {
        owner: owner(),
        title: None,
        metadata: UserMetadata::default(),
        referrer: None,
        items: Vec::new(),
        at: at(),
    }
}

fn append(item: &str) -> ConversationCommand {
    let id = ItemId::parse(item).unwrap();
    let item = Item::message(id, Role::User, vec![ContentPart::input("hi")]);
    ConversationCommand::AppendItems {
        items: vec![item],
        response: None,
        at: at(),
    }
}
