//! Documents that nobody writes, but who wants to do harm: each is refused before it costs anything.

use std::fmt::Write as _;

use jan_tests::app::App;
use serde_json::{Value, json};

use super::{ask, conversation, error_of};

/// A conversation's conversation's conversation, so many deep.
fn deep(levels: usize) -> String {
    let open = "responses { conversation { ".repeat(levels);
    format!(
        "{{ conversations {{ edges {{ node {{ {open} id {} }} }} }} }}",
        "} }".repeat(levels)
    )
}

/// Fragments that double, so many times.
fn bomb(doublings: usize) -> String {
    let mut document = "{ conversations { ...F0 } }".to_owned();
    for at in 0..doublings {
        let next = at + 1;
        write!(
            document,
            " fragment F{at} on ConversationConnection {{ ...F{next} ...F{next} }}"
        )
        .unwrap();
    }
    write!(
        document,
        " fragment F{doublings} on ConversationConnection {{ totalCount }}"
    )
    .unwrap();
    document
}

fn attacks() -> Vec<(&'static str, String)> {
    let aliases: String = (0..1_000)
        .map(|at| format!("a{at}: models {{ id }} "))
        .collect();
    let directives = "@include(if: true) ".repeat(1_000);
    let operations: String = (0..100)
        .map(|at| format!("query Q{at} {{ models {{ id }} }} "))
        .collect();
    let wide =
        "conversations(first: 100) { edges { node { items(first: 100) { edges { node { response {
        output { response { steps { id } } } } } } } responses(first: 100) { steps { id } } } } }";
    vec![
        ("depth 10", deep(10)),
        ("depth 15", deep(15)),
        ("depth 10,000", deep(10_000)),
        ("brackets", "{".repeat(20_000)),
        (
            "lists",
            format!("{{ a(b: {}1{}) }}", "[".repeat(10_000), "]".repeat(10_000)),
        ),
        (
            "a circle",
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(),
        ),
        (
            "a circle of its own",
            "{ ...A } fragment A on Query { models { id } ...A }".to_owned(),
        ),
        ("doubling 30 times", bomb(30)),
        ("doubling 200 times", bomb(200)),
        ("aliases", format!("{{ {aliases} }}")),
        (
            "root fields",
            format!("{{ {} }}", "__typename ".repeat(10_000)),
        ),
        ("directives", format!("{{ models {directives} {{ id }} }}")),
        (
            "directives everywhere",
            format!("{{ {} }}", "models @skip(if: true) { id } ".repeat(100)),
        ),
        ("operations", operations),
        ("cost", format!("{{ {wide} }}")),
        (
            "introspection",
            format!(
                "{{ __schema {{ types {{ fields {{ type {{ {} name {} }} }} }} }} }}",
                "ofType { ".repeat(32),
                "}".repeat(32)
            ),
        ),
        (
            "a large text",
            format!(
                "{{ conversation(id: \"{}\") {{ id }} }}",
                "x".repeat(5_000_000)
            ),
        ),
        (
            "many variables",
            format!("query({}) {{ models {{ id }} }}", "$a: Int ".repeat(10_000)),
        ),
        (
            "half a pair",
            "{ conversation(id: \"\\uD800\") { id } }".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn an_attack_is_refused_before_anything_is_read() {
    let app = App::start().await;
    for (name, document) in attacks() {
        let answer =
            ask(&app, &document, &json!({})).header("accept", "application/graphql-response+json");
        let told = answer.await.expect_status(400).json();
        let code = &told["errors"][0]["extensions"]["code"];
        assert!(
            *code == "QUERY_TOO_COMPLEX" || *code == "INVALID_QUERY",
            "{name}: {told}"
        );
        assert!(
            told.to_string().len() < 1_000,
            "{name} is answered at length"
        );
    }
}

#[tokio::test]
async fn variables_cannot_get_around_the_limits() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 1).await;
    let query = "query($n: Int, $id: ID!) { conversation(id: $id) { items(first: $n) { edges { cursor } } } }";
    for n in [json!(0), json!(101), json!(-5), json!(2_147_483_647)] {
        let refused = error_of(&app, query, json!({"n": n, "id": id})).await;
        assert_eq!(refused, ["INVALID_VALUE", "first"], "{n}");
    }
    for n in [
        json!("many"),
        json!(1.5),
        json!([1]),
        json!({"a": 1}),
        json!(4_294_967_296_u64),
    ] {
        let refused = error_of(&app, query, json!({"n": n, "id": id})).await;
        assert_eq!(refused[0], "INVALID_QUERY", "{n}");
    }
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let answer = ask(&app, query, &json!({"n": deep, "id": id})).await;
    assert!(answer.status() < 500, "{}", answer.text());
    for id in ["", "conv_\0", "conv_é", "' or 1=1 --", &"x".repeat(100_000)] {
        let answer = ask(&app, query, &json!({"n": 1, "id": id})).await;
        assert!(answer.status() < 500, "{}", answer.text());
        assert!(answer.json()["errors"][0]["message"].is_string());
    }
}

#[tokio::test]
async fn what_people_write_is_far_from_the_limits() {
    let app = App::start().await;
    let query = "{ viewer { username usage { model requests } }
        conversations(first: 50) { totalCount pageInfo { hasNextPage endCursor } edges { node {
            id title metadata items(last: 10) { edges { node { id role text response {
                id status usage { totalTokens } steps { type tool durationMs } } } } } } } } }";
    let told = ask(&app, query, &Value::Null)
        .await
        .expect_status(200)
        .json();
    assert!(told.get("errors").is_none(), "{told}");
}
