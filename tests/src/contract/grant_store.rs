//! The contract of the `GrantStore` port.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::ports::{
    AwaitedAnswer, Clock as _, Credential, GrantFailure, GrantKind, GrantStore, ToolGrant,
};
use jan_infra::clock::SystemClock;

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
pub async fn keeps_what_opens_for_one_owner_and_one_server(
    store: &dyn GrantStore,
) -> Result<(), GrantFailure> {
    let (anna, ben) = (owner("user_anna"), owner("user_ben"));
    assert_eq!(store.find(&anna, SERVER).await?, None);
    let kept = grant(SERVER, "a");
    store.keep(&anna, kept.clone()).await?;
    assert_eq!(store.find(&anna, SERVER).await?, Some(kept));
    assert_eq!(store.find(&ben, SERVER).await?, None);
    for other in ["https://tools.example/", "https://tools.example/mcp2", ""] {
        assert_eq!(store.find(&anna, other).await?, None, "{other}");
    }
    Ok(())
}

/// There is one for a server; a list shows them without what opens, and each can be forgotten.
pub async fn replaces_lists_and_forgets(store: &dyn GrantStore) -> Result<(), GrantFailure> {
    let (anna, ben) = (owner("user_anna2"), owner("user_ben2"));
    store.keep(&anna, grant(SERVER, "first")).await?;
    store.keep(&anna, grant("https://b.example/", "b")).await?;
    store.keep(&anna, grant(SERVER, "second")).await?;
    let found = store.find(&anna, SERVER).await?.expect("it is there");
    assert_eq!(found.secret.reveal(), "second");
    let listed = store.list(&anna).await?;
    let servers: Vec<_> = listed.iter().map(|grant| grant.server.as_str()).collect();
    assert_eq!(servers, [SERVER, "https://b.example/"]);
    assert_eq!(listed[0].scopes, ["read", "write"]);
    assert_eq!(listed[0].kind, GrantKind::Oauth);
    assert!(listed[0].expires_at.is_some());
    assert_eq!(store.list(&ben).await?, []);
    assert!(!store.forget(&ben, &listed[0].id).await?);
    assert!(store.forget(&anna, &listed[0].id).await?);
    assert!(!store.forget(&anna, &listed[0].id).await?);
    assert_eq!(store.find(&anna, SERVER).await?, None);
    assert_eq!(store.list(&anna).await?.len(), 1);
    Ok(())
}

/// An answer is awaited for a while, and taken once.
pub async fn awaits_an_answer_once_and_in_time(store: &dyn GrantStore) -> Result<(), GrantFailure> {
    let anna = owner("user_anna3");
    let soon = SystemClock.now() + Duration::from_mins(1);
    store.await_answer(&anna, awaited("here", soon)).await?;
    let late = SystemClock.now() - Duration::from_secs(1);
    store.await_answer(&anna, awaited("late", late)).await?;
    let (whose, found) = store.awaited("here").await?.expect("it is there");
    assert_eq!((whose, found.server.as_str()), (anna, SERVER));
    assert_eq!(found.secret.reveal(), "verifier");
    assert!(store.awaited("late").await?.is_none());
    assert!(store.awaited("never").await?.is_none());
    assert!(store.take("here").await?);
    assert!(!store.take("here").await?);
    assert!(store.awaited("here").await?.is_none());
    Ok(())
}
