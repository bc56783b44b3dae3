use jan_infra::tools::ToolSettings;
use jan_tests::scripted_authorization::{Brought, Script};
use serde_json::json;

use super::{CALLBACK, authorize, begin, let_in, scene, with};

#[tokio::test]
async fn a_forged_answer_gives_nothing_and_spoils_nothing() {
    let scene = scene(Script::default()).await;
    let anna = scene.app.guest().await;
    let begun = begin(&anna, json!({"server_label": "crm"})).await.json();
    let page = begun["authorization_url"].as_str().unwrap();
    let right = scene.door.agree(page).await;
    let forged = [
        Brought {
            state: "guessed".to_owned(),
            ..right.clone()
        },
        Brought {
            iss: "https://evil.example".to_owned(),
            ..right.clone()
        },
        Brought {
            iss: String::new(),
            ..right.clone()
        },
    ];
    for answer in forged {
        let told = let_in(&anna, &answer).await.expect_status(200);
        assert!(told.text().contains("did not work"), "{}", told.text());
    }
    assert_eq!(scene.door.asked(), Vec::<String>::new());
    assert_eq!(
        anna.get("/v1/mcp/credentials").await.json()["data"],
        json!([])
    );
    let told = let_in(&anna, &right).await.expect_status(200);
    assert!(told.text().contains("Done"), "{}", told.text());
    let again = let_in(&anna, &right).await.expect_status(200);
    assert!(again.text().contains("did not work"), "{}", again.text());
}

#[tokio::test]
async fn an_authorization_server_that_answers_for_another_is_not_believed() {
    let scene = scene(Script {
        issuer: Some("https://other.example".to_owned()),
        ..Script::default()
    })
    .await;
    let anna = scene.app.guest().await;
    let begun = begin(&anna, json!({"server_label": "crm"})).await.json();
    let brought = scene
        .door
        .agree(begun["authorization_url"].as_str().unwrap())
        .await;
    let told = let_in(&anna, &brought).await;
    assert!(
        told.text().contains("not from the authorization server"),
        "{}",
        told.text()
    );
    assert_eq!(scene.door.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn metadata_about_another_resource_or_inside_our_walls_is_not_followed() {
    let canary = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inside = format!("http://{}", canary.local_addr().unwrap());
    let scripts = [
        Script {
            resource: Some("https://bank.example/mcp".to_owned()),
            ..Script::default()
        },
        Script {
            authorization_server: Some(inside),
            ..Script::default()
        },
        Script {
            authorization_server: Some("http://169.254.169.254".to_owned()),
            ..Script::default()
        },
    ];
    for script in scripts {
        let scene = scene(script).await;
        let anna = scene.app.guest().await;
        let told = begin(&anna, json!({"server_label": "crm"})).await;
        // At most the server itself is asked, as servers of before 2025-06 want it.
        if told.status() == 201 {
            let page = told.json()["authorization_url"].to_string();
            let itself = scene.door.url().replace("/mcp", "/authorize");
            assert!(page.contains(&itself), "{page}");
        } else {
            let refused = told.expect_status(502).json();
            assert_eq!(refused["error"]["code"], "authorization_failed");
        }
    }
    let nobody = tokio::time::timeout(std::time::Duration::from_millis(50), canary.accept()).await;
    assert!(nobody.is_err(), "somebody came");
}

#[tokio::test]
async fn without_registration_a_client_id_is_asked_for() {
    let scene = scene(Script {
        registers: false,
        ..Script::default()
    })
    .await;
    let anna = scene.app.guest().await;
    let refused = begin(&anna, json!({"server_label": "crm"})).await;
    let words = refused.expect_status(502).json()["error"]["message"].to_string();
    assert!(words.contains("client_id"), "{words}");
    let body = json!({"server_label": "crm", "client_id": "anna's own"});
    let begun = begin(&anna, body).await.expect_status(201).json();
    let brought = scene
        .door
        .agree(begun["authorization_url"].as_str().unwrap())
        .await;
    assert!(let_in(&anna, &brought).await.text().contains("Done"));
    assert_eq!(scene.door.last_form()["client_id"], "anna's own");
}

#[tokio::test]
async fn what_is_wrong_with_a_wish_is_named() {
    let app = with(ToolSettings::default()).await;
    for (body, param) in [
        (json!({}), "server_label"),
        (
            json!({"server_label": "a", "server_url": "https://b.example/"}),
            "server_url",
        ),
        (json!({"server_url": "http://127.0.0.1/mcp"}), "server_url"),
        (json!({"server_url": "nonsense"}), "server_url"),
        (
            json!({"server_url": "https://b.example/", "scopes": ["a b"]}),
            "scopes",
        ),
        (
            json!({"server_url": "https://b.example/", "client_secret": "s"}),
            "client_id",
        ),
    ] {
        let refused = begin(&app, body.clone()).await.expect_status(400).json();
        assert_eq!(refused["error"]["param"], param, "{body}");
    }
    begin(&app, json!({"server_label": "none"}))
        .await
        .expect_status(404);
    for token in ["", "a\nb"] {
        let body = json!({"server_url": "https://b.example/", "token": token});
        let refused = app
            .post("/v1/mcp/credentials", body)
            .await
            .expect_status(400)
            .json();
        assert_eq!(refused["error"]["param"], "token");
    }
    for address in [
        CALLBACK.to_owned(),
        format!("{CALLBACK}?error=access_denied&state=x"),
    ] {
        let page = app.as_nobody().get(&address).await.expect_status(200);
        assert!(page.text().contains("did not work"), "{}", page.text());
    }
    let body = json!({"server_url": "https://b.example/", "token": "t"});
    app.as_nobody()
        .post("/v1/mcp/credentials", body)
        .await
        .expect_status(401);
}

#[tokio::test]
async fn no_secret_is_in_an_event_or_readable_in_the_database() {
    let scene = scene(Script::default()).await;
    let anna = scene.app.guest().await;
    authorize(&scene, &anna).await;
    let begun = begin(&anna, json!({"server_label": "crm"})).await.json();
    let waiting = begun["authorization_url"].as_str().unwrap().to_owned();
    let state = waiting
        .split("state=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let kept: String = sqlx::query_scalar(
        "select coalesce(string_agg(row::text, ''), '') from ( \
            select to_jsonb(g) as row from tool_grants g \
            union all select to_jsonb(a) from awaited_authorizations a \
            union all select to_jsonb(e) from events e) as all_rows",
    )
    .fetch_one(scene.app.pool())
    .await
    .unwrap();
    assert!(kept.contains("crm") || kept.contains("/mcp"), "{kept}");
    assert!(!kept.contains(state));
    for secret in scene.door.secrets() {
        assert!(!kept.contains(&secret), "{secret}");
    }
}
