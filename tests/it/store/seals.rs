//! What is personal lies sealed in the log: under its owner's key, for its place, until that is
//! destroyed.

use std::sync::Arc;

use jan_commands::CommandError;
use jan_commands::store::{AppenderLimits, OwnerKeys, Store};
use jan_domain::conversation::{Conversation, ConversationCommand, ConversationError};
use jan_domain::ports::Keyring as _;
use jan_infra::identity::MasterKeyRing;
use sqlx::PgPool;

use super::{World, append, at, metadata, owner};

/// A log of its own, and the keys of one node.
struct Sealed {
    world: World,
    keys: OwnerKeys,
    conversations: Store<Conversation>,
}

impl Sealed {
    async fn start() -> Self {
        let world = World::start(AppenderLimits::default()).await;
        let masters = Arc::new(MasterKeyRing::ephemeral());
        let keys = OwnerKeys::new(world.pool.clone(), masters, true);
        let conversations = Self::store(&world, &keys);
        Self {
            world,
            keys,
            conversations,
        }
    }

    fn store(world: &World, keys: &OwnerKeys) -> Store<Conversation> {
        Store::new(world.conversations.log().sealed_by(Arc::new(keys.clone())))
    }

    async fn payloads(&self, id: &str) -> Vec<String> {
        let sql = "select payload::text from events where aggregate_id = $1 order by sequence";
        let payloads = sqlx::query_scalar(sql).bind(id);
        payloads.fetch_all(&self.world.pool).await.unwrap()
    }
}

fn titled(title: &str) -> ConversationCommand {
    ConversationCommand::Create {
        owner: owner(),
        title: Some(title.to_owned()),
        metadata: jan_domain::UserMetadata::default(),
        referrer: None,
        items: Vec::new(),
        at: at(),
    }
}

fn title(state: &Conversation) -> Option<&str> {
    match state {
        Conversation::Live(live) => live.title.as_deref(),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_personal_is_sealed_and_comes_back() {
    let sealed = Sealed::start().await;
    let (store, metadata) = (&sealed.conversations, metadata());
    store
        .create("conv_1", titled("wormwood"), &metadata)
        .await
        .unwrap();
    let delete = ConversationCommand::Delete { at: at() };
    store
        .execute("conv_1", append("msg_1"), &metadata)
        .await
        .unwrap();
    assert_eq!(
        title(&store.load("conv_1").await.unwrap().state),
        Some("wormwood")
    );
    store.execute("conv_1", delete, &metadata).await.unwrap();
    let payloads = sealed.payloads("conv_1").await;
    assert!(
        payloads[..2]
            .iter()
            .all(|text| text.starts_with(r#"{"sealed":{"v":1,"key":"dk_"#))
    );
    assert!(!payloads.concat().contains("wormwood"));
    assert!(payloads[2].starts_with(r#"{"Deleted":"#), "{}", payloads[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_there_were_keys_still_reads() {
    let sealed = Sealed::start().await;
    let metadata = metadata();
    let before = &sealed.world.conversations;
    before
        .create("conv_1", titled("wormwood"), &metadata)
        .await
        .unwrap();
    assert!(sealed.payloads("conv_1").await[0].contains("wormwood"));
    let store = &sealed.conversations;
    store
        .execute("conv_1", append("msg_1"), &metadata)
        .await
        .unwrap();
    let loaded = store.load("conv_1").await.unwrap();
    assert_eq!(
        (title(&loaded.state), loaded.version),
        (Some("wormwood"), 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_was_moved_does_not_open() {
    let sealed = Sealed::start().await;
    let (store, metadata) = (&sealed.conversations, metadata());
    store
        .create("conv_1", titled("wormwood"), &metadata)
        .await
        .unwrap();
    let copy = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
        select aggregate_type, $1, $2, event_type, event_version, payload, metadata
          from events
         where aggregate_id = 'conv_1' and sequence = 1";
    for (id, sequence) in [("conv_2", 1_i64), ("conv_1", 2)] {
        let copied = sqlx::query(copy).bind(id).bind(sequence);
        copied.execute(&sealed.world.pool).await.unwrap();
        let loaded = store.load(id).await;
        assert!(matches!(loaded, Err(CommandError::Sealed(_))), "{loaded:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_make_a_first_key_at_once_take_the_same() {
    let sealed = Sealed::start().await;
    let text = MasterKeyRing::fresh();
    let node = |pool: &PgPool| {
        let masters = MasterKeyRing::parse(&text).unwrap();
        OwnerKeys::new(pool.clone(), Arc::new(masters), true)
    };
    for round in 0..10 {
        let mut owner = owner();
        owner.account = jan_domain::id::AccountId::parse(&format!("user_r{round}")).unwrap();
        let nodes: Vec<OwnerKeys> = (0..4).map(|_| node(&sealed.world.pool)).collect();
        let keys = nodes.iter().map(|node| node.key_of(&owner));
        let keys = futures::future::try_join_all(keys).await.unwrap();
        let keys: Vec<_> = keys.into_iter().map(Option::unwrap).collect();
        let sealed = keys[0].seal.seal("here", b"words");
        for key in &keys {
            assert_eq!(key.id, keys[0].id);
            assert_eq!(
                key.seal.open("here", &sealed).as_deref(),
                Some(&b"words"[..])
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_key_a_stream_is_gone_and_what_comes_late_is_lost() {
    let sealed = Sealed::start().await;
    let (store, metadata) = (&sealed.conversations, metadata());
    store
        .create("conv_1", titled("wormwood"), &metadata)
        .await
        .unwrap();
    // Another node destroys the key; this one still remembers it, as if it had been paused.
    let masters = Arc::new(MasterKeyRing::ephemeral());
    let other = OwnerKeys::new(sealed.world.pool.clone(), masters, true);
    other.destroy(&owner()).await.unwrap();
    store
        .execute("conv_1", append("msg_1"), &metadata)
        .await
        .unwrap();
    sealed.keys.destroy(&owner()).await.unwrap();
    let loaded = store.load("conv_1").await.unwrap();
    assert_eq!(
        (&loaded.state, loaded.version),
        (&Conversation::NotCreated, 2)
    );
    let refused = store.execute("conv_1", append("msg_2"), &metadata).await;
    assert!(matches!(
        refused,
        Err(CommandError::Refused(ConversationError::NotFound))
    ));
    // Who never had the key gets one that nobody keeps.
    store
        .create("conv_2", titled("wormwood"), &metadata)
        .await
        .unwrap();
    let loaded = store.load("conv_2").await.unwrap();
    assert_eq!(
        (&loaded.state, loaded.version),
        (&Conversation::NotCreated, 1)
    );
    let sql = "select wrapped is null and master_key_id is null from owner_keys";
    let gone: Vec<bool> = sqlx::query_scalar(sql)
        .fetch_all(&sealed.world.pool)
        .await
        .unwrap();
    assert_eq!(gone, [true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_master_key_takes_all_keys_over() {
    let sealed = Sealed::start().await;
    let (old, new) = (MasterKeyRing::fresh(), MasterKeyRing::fresh());
    let node = |keys: &str| {
        let masters = MasterKeyRing::parse(keys).unwrap();
        OwnerKeys::new(sealed.world.pool.clone(), Arc::new(masters), true)
    };
    let before = Sealed::store(&sealed.world, &node(&old));
    let metadata = metadata();
    before
        .create("conv_1", titled("wormwood"), &metadata)
        .await
        .unwrap();
    let both = node(&format!("{new}, {old}"));
    assert_eq!(both.count_outdated().await.unwrap(), 1);
    assert_eq!(both.rewrap_some().await.unwrap(), 1);
    assert_eq!(both.rewrap_some().await.unwrap(), 0);
    node(&old).require_masters().await.unwrap_err();
    let after = node(&new);
    after.require_masters().await.unwrap();
    let loaded = Sealed::store(&sealed.world, &after).load("conv_1").await;
    assert_eq!(title(&loaded.unwrap().state), Some("wormwood"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_under_a_master_key_that_is_not_here_are_noticed() {
    let sealed = Sealed::start().await;
    sealed.keys.require_masters().await.unwrap();
    let (store, metadata) = (&sealed.conversations, metadata());
    store
        .create("conv_1", titled("wormwood"), &metadata)
        .await
        .unwrap();
    sealed.keys.require_masters().await.unwrap();
    let masters = Arc::new(MasterKeyRing::ephemeral());
    let stranger = OwnerKeys::new(sealed.world.pool.clone(), masters, true);
    let refused = stranger.require_masters().await.unwrap_err();
    let reason = std::error::Error::source(&refused).unwrap().to_string();
    assert!(
        reason.contains("are wrapped by the master key mk_"),
        "{reason}"
    );
    let loaded = Sealed::store(&sealed.world, &stranger).load("conv_1").await;
    assert!(
        matches!(loaded, Err(CommandError::Unavailable(_))),
        "{loaded:?}"
    );
    // What was destroyed needs no master key.
    stranger.destroy(&owner()).await.unwrap();
    stranger.require_masters().await.unwrap();
}
