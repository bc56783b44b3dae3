use jan_tests::given::MODEL;
use jan_tests::scripted_authorization::Script;
use serde_json::json;

use super::super::call;
use super::{CALLBACK, authorize, begin, names, scene};

#[tokio::test]
async fn who_has_agreed_sees_and_calls_the_tools_and_nobody_else_does() {
    let scene = scene(Script::default()).await;
    let (anna, ben) = (scene.app.guest().await, scene.app.guest().await);
    let doors = anna.get("/v1/mcp/servers").await.expect_status(200).json();
    assert_eq!(doors["data"][0]["server_label"], "crm");
    assert_eq!(doors["data"][0]["authorization"], "required");
    let listed = anna.get("/v1/mcp/tools").await.expect_status(200).json();
    assert_eq!(names(&listed), Vec::<&str>::new());
    authorize(&scene, &anna).await;
    let doors = anna.get("/v1/mcp/servers").await.json();
    assert_eq!(doors["data"][0]["authorization"], "granted");
    let listed = anna.get("/v1/mcp/tools").await.json();
    assert!(names(&listed).contains(&"echo"), "{listed}");
    let told = call(&anna, "echo", &json!({"text": "tea"})).await;
    assert_eq!(told["content"][0]["text"], "tea");
    let listed = ben.get("/v1/mcp/tools").await.expect_status(200).json();
    assert_eq!(names(&listed), Vec::<&str>::new());
    let doors = ben.get("/v1/mcp/servers").await.json();
    assert_eq!(doors["data"][0]["authorization"], "required");
    let used = scene.door.bearers();
    assert!(
        used.iter()
            .all(|token| scene.door.secrets().contains(token))
    );
}

#[tokio::test]
async fn a_model_that_works_for_the_caller_is_let_in_as_the_caller() {
    let scene = scene(Script::default()).await;
    let anna = scene.app.guest().await;
    authorize(&scene, &anna).await;
    let body = json!({
        "model": MODEL,
        "input": "call tool crm2__echo with {\"text\": \"tea\"}",
        "tools": [{"type": "mcp", "server_label": "crm2", "server_url": scene.door.url(),
                   "require_approval": "never"}],
    });
    // The address is the operator's; callers may not name it, so nothing is sent there.
    anna.post("/v1/responses", body).await.expect_status(200);
    assert_eq!(scene.tools.ledger().effects("echo"), 0);
    let body = json!({"model": MODEL, "input": "call tool echo with {\"text\": \"tea\"}"});
    let answer = anna.post("/responses/v1/responses", body).await;
    let answer = answer.expect_status(200).json();
    assert_eq!(answer["status"], "completed", "{answer}");
    assert_eq!(scene.tools.ledger().effects("echo"), 1);
}

#[tokio::test]
async fn the_page_says_who_would_be_let_in_where_and_does_nothing_by_itself() {
    let scene = scene(Script::default()).await;
    let anna = scene.app.guest().await;
    let me = anna.get("/auth/me").await.json();
    let begun = begin(&anna, json!({"server_label": "crm", "scopes": ["more"]})).await;
    let begun = begun.expect_status(201).json();
    assert_eq!(begun["object"], "mcp.authorization");
    assert_eq!(begun["server_url"], scene.door.url());
    let page = begun["authorization_url"].as_str().unwrap();
    assert!(page.contains("scope=tools+more"), "{page}");
    let brought = scene.door.agree(page).await;
    let address = format!("{CALLBACK}?state={}&code={}", brought.state, brought.code);
    let asked = anna.as_nobody().get(&address).await.expect_status(200);
    for shown in [
        me["id"].as_str().unwrap(),
        &scene.door.url(),
        "<form",
        &brought.code,
    ] {
        assert!(asked.text().contains(shown), "{shown}: {}", asked.text());
    }
    let policy = asked.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(asked.header("cache-control"), Some("no-store"));
    assert_eq!(scene.door.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_grant_is_renewed_when_its_time_is_over_or_the_server_takes_it_no_more() {
    let scene = scene(Script::default()).await;
    let anna = scene.app.guest().await;
    authorize(&scene, &anna).await;
    call(&anna, "echo", &json!({"text": "a"})).await;
    scene.door.forget_tokens();
    let told = call(&anna, "echo", &json!({"text": "b"})).await;
    assert_eq!(told["content"][0]["text"], "b");
    assert_eq!(scene.door.asked(), ["authorization_code", "refresh_token"]);
    assert_eq!(scene.door.last_form()["resource"], scene.door.url());
    scene.door.revoke_all();
    let told = anna.get("/v1/mcp/tools").await.expect_status(200).json();
    assert_eq!(names(&told), Vec::<&str>::new());
}

#[tokio::test]
async fn many_calls_at_once_renew_a_short_lived_grant_one_after_another() {
    let scene = scene(Script {
        lives: 1,
        ..Script::default()
    })
    .await;
    let anna = scene.app.guest().await;
    authorize(&scene, &anna).await;
    scene.door.forget_tokens();
    let calls = (0..8).map(|number| {
        let anna = anna.clone();
        async move { call(&anna, "echo", &json!({"text": number.to_string()})).await }
    });
    for (number, told) in futures::future::join_all(calls).await.iter().enumerate() {
        assert_eq!(told["content"][0]["text"], number.to_string(), "{told}");
    }
}

#[tokio::test]
async fn what_a_tool_wants_beyond_is_asked_for_the_next_time() {
    let scene = scene(Script {
        charge_needs: Some("pay".to_owned()),
        ..Script::default()
    })
    .await;
    let anna = scene.app.guest().await;
    authorize(&scene, &anna).await;
    let refused = call(&anna, "charge", &json!({"amount": 1})).await;
    assert_eq!(refused["isError"], true, "{refused}");
    assert_eq!(scene.tools.ledger().effects("charge"), 0);
    let begun = begin(&anna, json!({"server_label": "crm"})).await.json();
    let page = begun["authorization_url"].as_str().unwrap();
    assert!(page.contains("scope=tools+pay"), "{page}");
    authorize(&scene, &anna).await;
    call(&anna, "charge", &json!({"amount": 1})).await;
    assert_eq!(scene.tools.ledger().effects("charge"), 1);
}

#[tokio::test]
async fn a_token_of_ones_own_is_kept_shown_without_itself_and_forgotten() {
    let scene = scene(Script::default()).await;
    let anna = scene.app.guest().await;
    let body = json!({"server_label": "crm", "token": "open-sesame"});
    let kept = anna
        .post("/v1/mcp/credentials", body)
        .await
        .expect_status(201);
    assert!(!kept.text().contains("sesame"));
    let kept = kept.json();
    assert_eq!(
        (&kept["object"], &kept["type"]),
        (&json!("mcp.credential"), &json!("token"))
    );
    let listed = anna.get("/v1/mcp/credentials").await.expect_status(200);
    assert!(!listed.text().contains("sesame"));
    assert_eq!(listed.json()["data"], json!([kept]));
    anna.get("/v1/mcp/tools").await.expect_status(200);
    assert!(scene.door.bearers().contains(&"open-sesame".to_owned()));
    let path = format!("/v1/mcp/credentials/{}", kept["id"].as_str().unwrap());
    let ben = scene.app.guest().await;
    ben.delete(&path).await.expect_status(404);
    anna.delete(&path).await.expect_status(200);
    anna.delete(&path).await.expect_status(404);
    assert_eq!(
        anna.get("/v1/mcp/credentials").await.json()["data"],
        json!([])
    );
}
