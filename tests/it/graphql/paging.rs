//! Walking lists: each entry once, both ways, in one order.

use jan_tests::app::App;
use jan_tests::request::Client;
use serde_json::{Value, json};

use super::{completion, conversation, data_of, error_of, response};

/// The ids of a list, by walking it in one direction with pages of this size.
async fn walked(
    client: &Client,
    document: &str,
    list: &str,
    (forward, size): (bool, u8),
) -> Vec<String> {
    let (count, cursor) = if forward {
        ("first", "after")
    } else {
        ("last", "before")
    };
    let (more, end) = if forward {
        ("hasNextPage", "endCursor")
    } else {
        ("hasPreviousPage", "startCursor")
    };
    let mut pages: Vec<Vec<String>> = Vec::new();
    let mut at = Value::Null;
    loop {
        let told = data_of(client, document, json!({count: size, cursor: at})).await;
        let connection = told.pointer(list).unwrap_or_else(|| panic!("{told}"));
        let edges = connection["edges"].as_array().unwrap();
        let ids = edges
            .iter()
            .map(|edge| edge["node"]["id"].as_str().unwrap().to_owned());
        pages.push(ids.collect());
        let info = &connection["pageInfo"];
        // The way back is open from the second page on.
        let back = if forward {
            "hasPreviousPage"
        } else {
            "hasNextPage"
        };
        assert_eq!(info[back], json!(pages.len() > 1), "{info}");
        if info[more] == false {
            break;
        }
        at = info[end].clone();
        assert!(pages.len() < 20, "the list has no end");
    }
    if !forward {
        pages.reverse();
    }
    pages.concat()
}

fn document(list: &str) -> String {
    let page = "first: $first, after: $after, last: $last, before: $before";
    let body = "{ edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }";
    let list = list.replace("(*)", &format!("({page}) {body}"));
    format!("query($first: Int, $after: String, $last: Int, $before: String) {{ {list} }}")
}

async fn assert_walkable(client: &Client, list: &str, pointer: &str, expected: &[String]) {
    let document = document(list);
    for size in [1, 2, 3, 7, 100] {
        for forward in [true, false] {
            let ids = walked(client, &document, pointer, (forward, size)).await;
            assert_eq!(ids, expected, "{list} by {size}, forward: {forward}");
        }
    }
}

#[tokio::test]
async fn every_list_is_walked_both_ways() {
    let app = App::start().await;
    let (mut conversations, mut responses, mut completions) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..7 {
        conversations.insert(0, conversation(&app, &format!("{at}"), 0).await);
        responses.insert(0, response(&app, "reply exactly hi").await);
        completions.insert(0, completion(&app, "reply exactly hi").await);
    }
    assert_walkable(&app, "conversations(*)", "/conversations", &conversations).await;
    assert_walkable(&app, "responses(*)", "/responses", &responses).await;
    assert_walkable(
        &app,
        "storedCompletions(*)",
        "/storedCompletions",
        &completions,
    )
    .await;
}

#[tokio::test]
async fn items_are_walked_both_ways_also_past_one_that_is_gone() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 7).await;
    let path = format!("/v1/conversations/{id}/items");
    let items = app.get(&format!("{path}?order=asc")).await.json();
    let items = items["data"].as_array().unwrap().iter();
    let mut items: Vec<_> = items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect();
    let list = format!("conversation(id: \"{id}\") {{ items(*) }}");
    assert_walkable(&app, &list, "/conversation/items", &items).await;
    // The third goes while somebody reads on from it.
    app.delete(&format!("{path}/{}", items.remove(2)))
        .await
        .expect_status(200);
    assert_walkable(&app, &list, "/conversation/items", &items).await;
    let query = "query($id: ID!) { conversation(id: $id) { items(after: \"3\") { edges { node { id } } } } }";
    let rest = data_of(&app, query, json!({"id": id})).await;
    let rest = rest
        .pointer("/conversation/items/edges")
        .unwrap()
        .as_array()
        .unwrap()
        .len();
    assert_eq!(rest, 4);
}

#[tokio::test]
async fn a_list_counts_and_is_filtered() {
    let app = App::start().await;
    conversation(&app, "a", 0).await;
    let body = json!({"title": "b", "referrer": "mail"});
    app.post("/v1/conversations", body).await.expect_status(200);
    let query = "{ all: conversations { totalCount }
        some: conversations(referrer: \"mail\") { totalCount edges { node { title } } } }";
    let told = data_of(&app, query, json!({})).await;
    assert_eq!(told["all"]["totalCount"], 2);
    let some = json!({"totalCount": 1, "edges": [{"node": {"title": "b"}}]});
    assert_eq!(told["some"], some);
}

#[tokio::test]
async fn a_window_that_makes_no_sense_is_refused_at_its_name() {
    let app = App::start().await;
    conversation(&app, "a", 1).await;
    for (arguments, code, field) in [
        ("first: 0", "INVALID_VALUE", "first"),
        ("first: -1", "INVALID_VALUE", "first"),
        ("first: 101", "INVALID_VALUE", "first"),
        ("first: 2147483647", "INVALID_VALUE", "first"),
        ("last: 0", "INVALID_VALUE", "last"),
        ("first: 1, last: 1", "INVALID_VALUE", "first"),
        (
            "after: \"conv_0\", before: \"conv_0\"",
            "INVALID_VALUE",
            "after",
        ),
        ("after: \"conv_0\"", "INVALID_VALUE", "after"),
        ("before: \"nonsense\"", "INVALID_VALUE", "before"),
    ] {
        let query = format!("{{ conversations({arguments}) {{ totalCount }} }}");
        assert_eq!(
            error_of(&app, &query, json!({})).await,
            [code, field],
            "{arguments}"
        );
    }
    let query = "{ conversations { edges { node { items(after: \"x\") { edges { cursor } } } } } }";
    assert_eq!(
        error_of(&app, query, json!({})).await,
        ["INVALID_VALUE", "after"]
    );
    let query = "{ conversations(first: 99999999999) { totalCount } }";
    assert_eq!(error_of(&app, query, json!({})).await[0], "INVALID_QUERY");
}
