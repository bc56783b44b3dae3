//! `jan-server accounts`, `keys rotate` and `retention run`, at a database that an application fills.

use jan_infra::identity::MasterKeyRing;
use jan_tests::app::App;
use jan_tests::given::MODEL;
use jan_tests::request::Client;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, PgPool};

use super::Desk;

const SECRET: &str = "a green parrot";

fn at(pool: &PgPool, master_keys: &str) -> Desk {
    Desk::new()
        .with("DATABASE_URL", pool.connect_options().to_url_lossy())
        .with("JAN_MASTER_KEY", master_keys)
}

/// A person who has said something, by id.
async fn person(app: &App) -> (Client, String) {
    let person = app.guest().await;
    let titled = json!({"title": SECRET});
    let made = person.post("/v1/conversations", titled).await;
    let body = json!({"model": MODEL, "input": format!("reply exactly {SECRET}"),
        "conversation": made.expect_status(200).json()["id"]});
    person.post("/v1/responses", body).await.expect_status(200);
    let me = person.get("/auth/me").await.json();
    let id = me["id"].as_str().unwrap().to_owned();
    (person, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_listed_shown_exported_and_erased() {
    let app = App::start().await;
    let (somebody, id) = person(&app).await;
    app.settle().await;
    let desk = at(app.pool(), app.master_key());
    let list = desk.run(&["accounts", "list", "--json"]);
    let listed = list.answer().lines().map(|line| {
        let account: Value = serde_json::from_str(line).unwrap();
        account["id"].as_str().unwrap().to_owned()
    });
    assert!(listed.collect::<Vec<_>>().contains(&id), "{}", list.out);
    assert!(desk.run(&["accounts", "list"]).answer().contains(&id));
    let shown = desk.run(&["accounts", "show", &id]);
    assert!(shown.answer().contains("1 conversations"), "{}", shown.out);
    assert!(shown.out.contains("2 items in them"), "{}", shown.out);
    let exported = desk.run(&["accounts", "export", &id]);
    assert!(exported.answer().contains(SECRET));
    for line in exported.out.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["metadata"]["owner_id"], json!(id), "{line}");
    }

    let unasked = desk.run(&["accounts", "erase", &id]);
    assert_eq!(unasked.code, Some(1), "{}", unasked.err);
    assert!(
        unasked.err.contains("nothing was erased"),
        "{}",
        unasked.err
    );
    somebody.get("/auth/me").await.expect_status(200);
    let other = at(app.pool(), &MasterKeyRing::fresh());
    let locked_out = other.run(&["accounts", "erase", &id, "--yes"]);
    assert_eq!(locked_out.code, Some(1));
    assert!(locked_out.err.contains("master key"), "{}", locked_out.err);

    let erased = desk.run(&["accounts", "erase", &id, "--yes"]);
    assert!(
        erased.answer().ends_with("as a server runs.\n"),
        "{}",
        erased.out
    );
    let exported = desk.run(&["accounts", "export", &id]);
    assert!(!exported.out.contains(SECRET));
    let again = desk.run(&["accounts", "erase", &id, "--yes"]);
    assert!(again.answer().contains("Erased."), "{}", again.out);
    app.settle().await;
    let shown = desk.run(&["accounts", "show", &id]);
    assert!(shown.answer().contains("0 conversations"), "{}", shown.out);
    for (wrong, code) in [("user_nobody1", 1), ("conv_1", 2)] {
        let refused = desk.run(&["accounts", "erase", wrong, "--yes"]);
        assert_eq!(refused.code, Some(code), "{}", refused.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_says_what_was_never_sealed() {
    let app = App::start().await;
    let (_, id) = person(&app).await;
    let sql = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
        select 'conversation', 'conv_plain', 1, 'ConversationTitleChanged', '1.0',
               '{}'::json, json_build_object('tenant_id', 'default', 'owner_id', $1::text)";
    sqlx::query(sql)
        .bind(&id)
        .execute(app.pool())
        .await
        .unwrap();
    let path = format!("/v1/admin/accounts/{id}");
    let told = app.administrator().delete(&path).await.expect_status(200);
    assert_eq!(told.json()["readable_events"], 1);
    let desk = at(app.pool(), app.master_key());
    let erased = desk.run(&["accounts", "erase", &id, "--yes"]);
    let told = erased.answer().lines().last().unwrap();
    assert!(told.starts_with("1 of its events"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_master_key_takes_over_and_the_old_one_may_go() {
    let app = App::start().await;
    let (_, id) = person(&app).await;
    let (old, new) = (app.master_key().to_owned(), MasterKeyRing::fresh());
    let both = format!("{new},{old}");
    let rotated = at(app.pool(), &both).run(&["keys", "rotate"]);
    let told = rotated.answer();
    assert!(
        told.contains("keys are wrapped anew") && !told.starts_with("0 "),
        "{told}"
    );
    let again = at(app.pool(), &both).run(&["keys", "rotate"]);
    assert!(again.answer().starts_with("0 keys"), "{}", again.out);
    let alone = at(app.pool(), &new).run(&["accounts", "export", &id]);
    assert!(alone.answer().contains(SECRET));
    let without = at(app.pool(), &old).run(&["keys", "rotate"]);
    assert_eq!(without.code, Some(1), "{}", without.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_is_told_and_given_up() {
    let app = App::start().await;
    let (_, id) = person(&app).await;
    app.settle().await;
    let past = "update accounts set created_at = created_at - interval '90 days'";
    sqlx::query(past).execute(app.pool()).await.unwrap();
    let desk = at(app.pool(), app.master_key());
    let told = desk.run(&["retention", "run", "--dry-run", "--json"]);
    let classes = told
        .answer()
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    let classes: Vec<Value> = classes.collect();
    assert!(classes.len() >= 4, "{}", told.out);
    assert!(
        classes.iter().all(|class| class["removed"] == 0),
        "{}",
        told.out
    );
    let table = desk.run(&["retention", "run"]);
    assert_eq!(table.answer().lines().count(), classes.len() + 1);
    assert!(table.out.starts_with("CLASS"), "{}", table.out);
    desk.run(&["accounts", "show", &id]).answer();
}
