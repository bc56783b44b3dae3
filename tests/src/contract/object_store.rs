//! What every store of objects does.

use bytes::Bytes;
use jan_domain::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::media::{ContentHash, ObjectKey, ObjectPlace, ObjectPrefix};
use jan_domain::ports::{ObjectStore, SeededIds};

/// An owner of this name.
///
/// # Panics
///
/// If it is no part of an id.
pub fn owner(name: &str) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(&format!("user_{name}")).expect("a name makes an id"),
    }
}

/// Where these bytes of this owner's lie.
pub fn key_of(owner: &Owner, seed: u8, bytes: &[u8]) -> (ObjectPlace, ObjectKey) {
    let place = ObjectPlace::fresh(owner, &SeededIds::new([seed; 32]));
    let key = place.key_of(&ContentHash::of(bytes));
    (place, key)
}

/// The whole suite, on an empty store.
///
/// # Panics
///
/// If the store does otherwise.
pub async fn suite(store: &dyn ObjectStore) {
    keeps_bytes_as_they_are(store).await;
    deletes_what_begins_so_and_nothing_else(store).await;
}

async fn keeps_bytes_as_they_are(store: &dyn ObjectStore) {
    let ann = owner("ann");
    let (_, missing) = key_of(&ann, 0, b"missing");
    assert_eq!(get(store, &missing).await, None);
    let every: Vec<u8> = (0..=255).collect();
    let large = every.repeat(8_192);
    for bytes in [&b"x"[..], b"\0\r\n\xff", &every, &large] {
        let (_, key) = key_of(&ann, 1, bytes);
        put(store, &key, bytes).await;
        assert_eq!(get(store, &key).await.as_deref(), Some(bytes));
        // Again is no different from once.
        put(store, &key, bytes).await;
        assert_eq!(get(store, &key).await.as_deref(), Some(bytes));
    }
}

async fn deletes_what_begins_so_and_nothing_else(store: &dyn ObjectStore) {
    let (bob, eve) = (owner("bob"), owner("eve"));
    let (first, tea) = key_of(&bob, 2, b"tea");
    let (_, milk) = key_of(&bob, 2, b"milk");
    let (_, elsewhere) = key_of(&bob, 3, b"tea");
    let (_, theirs) = key_of(&eve, 2, b"tea");
    for (key, bytes) in [
        (&tea, "tea"),
        (&milk, "milk"),
        (&elsewhere, "tea"),
        (&theirs, "tea"),
    ] {
        put(store, key, bytes.as_bytes()).await;
    }
    assert_eq!(delete(store, &first.prefix()).await, 2);
    assert_eq!(delete(store, &first.prefix()).await, 0);
    let left = [&tea, &milk, &elsewhere, &theirs];
    let mut found = Vec::new();
    for key in left {
        found.push(get(store, key).await.is_some());
    }
    assert_eq!(found, [false, false, true, true]);
    assert_eq!(delete(store, &ObjectPrefix::of_owner(&bob)).await, 1);
    assert_eq!(get(store, &elsewhere).await, None);
    assert!(get(store, &theirs).await.is_some());
    assert_eq!(
        delete(store, &ObjectPrefix::of_owner(&owner("nobody"))).await,
        0
    );
    // What was emptied can be filled again.
    put(store, &tea, b"tea").await;
    assert!(get(store, &tea).await.is_some());
}

async fn put(store: &dyn ObjectStore, key: &ObjectKey, bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    let put = store.put(key, bytes, "application/x-tea").await;
    put.expect("it takes bytes");
}

async fn get(store: &dyn ObjectStore, key: &ObjectKey) -> Option<Bytes> {
    store.get(key).await.expect("it answers")
}

async fn delete(store: &dyn ObjectStore, prefix: &ObjectPrefix) -> u64 {
    store.delete_below(prefix).await.expect("it deletes")
}
