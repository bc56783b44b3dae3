//! GraphQL over HTTP: media types, statuses, methods, and who is let in.

use http::Method;
use jan_tests::app::App;
use jan_tests::request::Request;
use serde_json::json;

use super::{GRAPHQL, ask};

const OWN: &str = "application/graphql-response+json";

fn kind(answer: &jan_tests::request::Answer) -> &str {
    answer.header("content-type").unwrap_or_default()
}

#[tokio::test]
async fn an_answer_comes_in_the_form_that_is_asked_for() {
    let app = App::start().await;
    let plain = ask(&app, "{ models { id } }", &json!({}))
        .await
        .expect_status(200);
    assert_eq!(kind(&plain), "application/json");
    let own = ask(&app, "{ models { id } }", &json!({}))
        .header("accept", OWN)
        .await;
    assert_eq!(kind(&own.clone().expect_status(200)), OWN);
    assert_eq!(own.json(), plain.json());
    assert!(own.json().get("errors").is_none());
    let neither = ask(&app, "{ models { id } }", &json!({})).header("accept", "image/png");
    neither.await.expect_status(406);
}

#[tokio::test]
async fn what_cannot_be_begun_is_the_clients_mistake() {
    let app = App::start().await;
    for (document, code) in [
        ("{", "INVALID_QUERY"),
        ("{ nonsense }", "INVALID_QUERY"),
        ("{ conversation { id } }", "INVALID_QUERY"),
        (
            "query($a: Int!) { conversations(first: $a) { totalCount } }",
            "INVALID_QUERY",
        ),
        (
            "query A { models { id } } query B { models { id } }",
            "INVALID_QUERY",
        ),
        (
            "subscription { conversationEvents(id: \"conv_0\") { type } }",
            "INVALID_QUERY",
        ),
        ("", "MISSING_REQUIRED_PARAMETER"),
    ] {
        let answer = ask(&app, document, &json!({})).header("accept", OWN).await;
        let told = answer.expect_status(400).json();
        assert!(told.get("data").is_none(), "{document}: {told}");
        assert_eq!(
            told["errors"][0]["extensions"]["code"], code,
            "{document}: {told}"
        );
    }
    // What was begun is answered.
    let partial = ask(
        &app,
        "{ models { id } conversation(id: \"x\") { id } }",
        &json!({}),
    );
    let told = partial
        .header("accept", OWN)
        .await
        .expect_status(200)
        .json();
    assert!(
        told["data"]["models"].is_array() && told["errors"].is_array(),
        "{told}"
    );
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let app = App::start().await;
    let post = || app.raw(Method::POST, GRAPHQL);
    for body in [
        "",
        "{",
        "[]",
        "[{\"query\": \"{ models { id } }\"}]",
        "5",
        "{\"query\": 5}",
        "{\"query\": \"{ models { id } }\", \"variables\": 5}",
        "{\"query\": \"\\u0000\"}",
        "\u{0}",
    ] {
        let told = post().body(body.to_owned()).await.expect_status(400).json();
        assert!(told["errors"][0]["message"].is_string(), "{body}: {told}");
    }
    let query = json!({"query": "{ models { id } }"}).to_string();
    // What a form of any page could send.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
    ] {
        let sent = post()
            .body(query.clone())
            .without("content-type")
            .header("content-type", kind);
        let told = sent.await.expect_status(415).json();
        assert_eq!(
            told["errors"][0]["extensions"]["code"], "UNSUPPORTED_MEDIA_TYPE",
            "{kind}"
        );
    }
    post()
        .body(query)
        .without("content-type")
        .await
        .expect_status(415);
}

fn got(app: &App, query: &str) -> Request {
    app.get(&format!("{GRAPHQL}?{query}"))
}

#[tokio::test]
async fn only_queries_are_got() {
    let app = App::start().await;
    let told = got(&app, "query=%7Bmodels%7Bid%7D%7D")
        .await
        .expect_status(200)
        .json();
    assert!(told["data"]["models"][0]["id"].is_string());
    let named = "query=query(%24n%3AInt)%7Bconversations(first%3A%24n)%7BtotalCount%7D%7D&variables=%7B%22n%22%3A1%7D";
    let told = got(&app, named).await.expect_status(200).json();
    assert_eq!(told["data"]["conversations"]["totalCount"], 0);
    let before = app.events().await.len();
    let mutation =
        "query=mutation%7BcreateConversation(input%3A%7B%7D)%7BuserErrors%7Bcode%7D%7D%7D";
    let refused = got(&app, mutation).await.expect_status(405);
    assert_eq!(refused.header("allow"), Some("POST"));
    assert_eq!(
        refused.json()["errors"][0]["extensions"]["code"],
        "METHOD_NOT_ALLOWED"
    );
    assert_eq!(app.events().await.len(), before);
    got(&app, "").await.expect_status(400);
    got(&app, "query=%7Bmodels%7Bid%7D%7D&variables=5")
        .await
        .expect_status(400);
    got(
        &app,
        "query=%7Bmodels%7Bid%7D%7D&variables=%7B%22a%22%3A%22%5Cu0000%22%7D",
    )
    .await
    .expect_status(400);
    got(&app, "query=%00").await.expect_status(400);
    got(&app, "query=%ff").await.expect_status(400);
}

#[tokio::test]
async fn nobody_is_let_in() {
    let app = App::start().await;
    let nobody = app.as_nobody();
    let requests = [
        ask(&nobody, "{ models { id } }", &json!({})),
        nobody.get(&format!("{GRAPHQL}?query=%7Bmodels%7Bid%7D%7D")),
        ask(&app.with_token("nonsense"), "{ models { id } }", &json!({})),
    ];
    for request in requests {
        let refused = request.header("accept", OWN).await.expect_status(401);
        assert_eq!(kind(&refused), OWN);
        assert!(refused.header("www-authenticate").is_some());
        let told = refused.json();
        assert_eq!(
            told["errors"][0]["extensions"]["code"], "UNAUTHENTICATED",
            "{told}"
        );
        assert!(told.get("data").is_none());
    }
}

#[tokio::test]
async fn a_browser_finds_a_page_that_needs_nothing_from_elsewhere() {
    let app = App::start().await;
    let page = app.as_nobody().get(GRAPHQL);
    let page = page
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
        .await;
    let page = page.expect_status(200);
    assert_eq!(kind(&page), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let text = page.text();
    assert!(text.contains("<script>") && text.contains("</html>"));
    for elsewhere in ["http://", "https://", "//cdn", "src=", "@import"] {
        assert!(!text.contains(elsewhere), "the page names {elsewhere}");
    }
}
