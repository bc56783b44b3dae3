use std::sync::Arc;

use jan_commands::store::ToolGrants;
use jan_domain::ports::{GrantFailure, GrantStore, NoKeys};
use jan_tests::app::App;
use jan_tests::contract::grant_store as contract;
use jan_tests::scripted_authorization::Script;
use jan_tests::scripted_grants::ScriptedGrants;
use serde_json::json;

use super::{authorize, begin, scene};

#[tokio::test]
async fn the_scripted_store_keeps_the_contract() {
    let store = ScriptedGrants::default();
    contract::keeps_what_opens_for_one_owner_and_one_server(&store)
        .await
        .unwrap();
    contract::replaces_lists_and_forgets(&store).await.unwrap();
    contract::awaits_an_answer_once_and_in_time(&store)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_database_keeps_the_contract() {
    let app = App::start().await;
    let store = ToolGrants::new(app.pool().clone(), Arc::new(app.keys()));
    contract::keeps_what_opens_for_one_owner_and_one_server(&store)
        .await
        .unwrap();
    contract::replaces_lists_and_forgets(&store).await.unwrap();
    contract::awaits_an_answer_once_and_in_time(&store)
        .await
        .unwrap();
}

#[tokio::test]
async fn where_nothing_is_sealed_nothing_is_kept() {
    let app = App::start().await;
    let store = ToolGrants::new(app.pool().clone(), Arc::new(NoKeys));
    let owner = jan_domain::caller::Owner {
        tenant: jan_domain::id::TenantId::default(),
        account: jan_domain::id::AccountId::parse("user_x").unwrap(),
    };
    let grant = jan_domain::ports::ToolGrant {
        server: "https://b.example/".to_owned(),
        kind: jan_domain::ports::GrantKind::Token,
        scopes: Vec::new(),
        expires_at: None,
        secret: jan_domain::ports::Credential::new("t".to_owned()),
    };
    let kept = store.keep(&owner, grant).await;
    assert!(matches!(kept, Err(GrantFailure::Unsealed)));
    assert_eq!(store.list(&owner).await.unwrap(), []);
}

#[tokio::test]
async fn a_grant_works_on_every_node_and_is_gone_with_its_owner() {
    let scene = scene(Script::default()).await;
    let anna = scene.app.guest().await;
    authorize(&scene, &anna).await;
    begin(&anna, json!({"server_label": "crm"}))
        .await
        .expect_status(201);
    let rows = async || -> i64 {
        sqlx::query_scalar(
            "select (select count(*) from tool_grants) \
                  + (select count(*) from awaited_authorizations)",
        )
        .fetch_one(scene.app.pool())
        .await
        .unwrap()
    };
    assert_eq!(rows().await, 2);
    anna.delete("/auth/me").await.expect_status(200);
    assert_eq!(rows().await, 0);
}
