//! The contract of the `GrantStore` port.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::ports::{AwaitedAnswer, Credential, GrantKind, GrantStore, ToolGrant};

const SERVER: &str = "https://tools.example/mcp";

fn owner(account: &str) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(account).expect("an account's id"),
    }
}

fn grant(server: &str, secret: &str) -> ToolGrant {
    ToolGrant {
        server: server.to_owned(),
        kind: GrantKind::Oauth,
        scopes: vec!["read".to_owned(), "write".to_owned()],
        expires_at: DateTime::from_timestamp(1_900_000_000, 0),
        secret: Credential::new(secret.to_owned()),
    }
}

fn awaited(state: &str, until: DateTime<Utc>) -> AwaitedAnswer {
    AwaitedAnswer {
        state: state.to_owned(),
        server: SERVER.to_owned(),
        secret: Credential::new("verifier".to_owned()),
        until,
    }
}

/// What is kept is found by its owner for its server, and by nobody else for no other.
pub async fn keeps_what_opens_for_one_owner_and_one_server(store: &dyn GrantStore) {
    let (anna, ben) = (owner("user_anna"), owner("user_ben"));
    assert_eq!(store.find(&anna, SERVER).await.unwrap(), None);
    let kept = grant(SERVER, "a");
    store.keep(&anna, kept.clone()).await.unwrap();
    assert_eq!(store.find(&anna, SERVER).await.unwrap(), Some(kept));
    assert_eq!(store.find(&ben, SERVER).await.unwrap(), None);
    for other in ["https://tools.example/", "https://tools.example/mcp2", ""] {
        assert_eq!(store.find(&anna, other).await.unwrap(), None, "{other}");
    }
}

/// There is one for a server; a list shows them without what opens, and each can be forgotten.
pub async fn replaces_lists_and_forgets(store: &dyn GrantStore) {
    let (anna, ben) = (owner("user_anna2"), owner("user_ben2"));
    store.keep(&anna, grant(SERVER, "first")).await.unwrap();
    store
        .keep(&anna, grant("https://b.example/", "b"))
        .await
        .unwrap();
    store.keep(&anna, grant(SERVER, "second")).await.unwrap();
    let found = store.find(&anna, SERVER).await.unwrap().unwrap();
    assert_eq!(found.secret.reveal(), "second");
    let listed = store.list(&anna).await.unwrap();
    let servers: Vec<_> = listed.iter().map(|grant| grant.server.as_str()).collect();
    assert_eq!(servers, [SERVER, "https://b.example/"]);
    assert_eq!(listed[0].scopes, ["read", "write"]);
    assert_eq!(listed[0].kind, GrantKind::Oauth);
    assert!(listed[0].expires_at.is_some());
    assert_eq!(store.list(&ben).await.unwrap(), []);
    assert!(!store.forget(&ben, &listed[0].id).await.unwrap());
    assert!(store.forget(&anna, &listed[0].id).await.unwrap());
    assert!(!store.forget(&anna, &listed[0].id).await.unwrap());
    assert_eq!(store.find(&anna, SERVER).await.unwrap(), None);
    assert_eq!(store.list(&anna).await.unwrap().len(), 1);
}

/// An answer is awaited for a while, and taken once.
pub async fn awaits_an_answer_once_and_in_time(store: &dyn GrantStore) {
    let anna = owner("user_anna3");
    let soon = Utc::now() + Duration::from_mins(1);
    store
        .await_answer(&anna, awaited("here", soon))
        .await
        .unwrap();
    let late = Utc::now() - Duration::from_secs(1);
    store
        .await_answer(&anna, awaited("late", late))
        .await
        .unwrap();
    let (whose, found) = store.awaited("here").await.unwrap().unwrap();
    assert_eq!((whose, found.server.as_str()), (anna, SERVER));
    assert_eq!(found.secret.reveal(), "verifier");
    assert!(store.awaited("late").await.unwrap().is_none());
    assert!(store.awaited("never").await.unwrap().is_none());
    assert!(store.take("here").await.unwrap());
    assert!(!store.take("here").await.unwrap());
    assert!(store.awaited("here").await.unwrap().is_none());
}
