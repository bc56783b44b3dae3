//! What is followed as server-sent events, in the distinct connections mode of graphql-sse.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use jan_tests::request::{Client, typed_events_of};
use serde_json::{Value, json};

use super::{GRAPHQL, conversation, id_of};

pub(super) const STREAM: &str = "subscription($id: ID!, $after: BigInt) {
    responseStream(id: $id, startingAfter: $after) { type sequenceNumber event } }";
pub(super) const EVENTS: &str = "subscription($id: ID!, $after: BigInt) {
    conversationEvents(id: $id, afterVersion: $after) { type version at change } }";

/// The answers of a stream, which must end with `complete`.
#[track_caller]
fn answers_of(text: &str) -> Vec<Value> {
    let told = text.strip_suffix("event: complete\ndata:\n\n");
    let told = told.unwrap_or_else(|| panic!("the stream does not end: {text}"));
    let events = told
        .split_terminator("\n\n")
        .filter(|event| !event.starts_with(':'));
    let read = events.map(|event| {
        let json = event.strip_prefix("event: next\ndata: ");
        serde_json::from_str(json.unwrap_or_else(|| panic!("{event}"))).unwrap()
    });
    read.collect()
}

/// What a subscription tells to its end.
#[expect(
    clippy::needless_pass_by_value,
    reason = "json!(…) is written in the call"
)]
pub(super) async fn followed(client: &Client, query: &str, variables: Value) -> Vec<Value> {
    let body = json!({"query": query, "variables": variables});
    let answer = client
        .post(GRAPHQL, body)
        .header("accept", "text/event-stream");
    let answer = answer.await.expect_status(200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    answers_of(answer.text())
}

/// A stream that is read as it comes.
struct Following {
    answer: reqwest::Response,
    read: String,
}

impl Following {
    async fn begin(app: &App, query: &str, variables: &Value) -> Self {
        jan_infra::model_provider::install_crypto();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client
            .post(format!("http://{}{GRAPHQL}", app.serve().await))
            .bearer_auth(app.token())
            .header("accept", "text/event-stream")
            .header("content-type", "application/json")
            .body(json!({"query": query, "variables": variables}).to_string());
        Self {
            answer: answer.send().await.unwrap(),
            read: String::new(),
        }
    }

    async fn until(&mut self, words: &str) {
        while !self.read.contains(words) {
            let more = self.answer.chunk().await.unwrap();
            let more = more.unwrap_or_else(|| panic!("{} without {words}", self.read));
            self.read.push_str(std::str::from_utf8(&more).unwrap());
        }
    }

    async fn rest(self) -> String {
        self.read + &self.answer.text().await.unwrap()
    }
}

/// A response that runs in the background, by its id.
pub(super) async fn begun(client: &Client, said: &str) -> String {
    let body = json!({"model": MODEL, "input": said, "background": true});
    id_of(
        &client
            .post("/v1/responses", body)
            .await
            .expect_status(200)
            .json(),
    )
}

#[tokio::test]
async fn a_runs_stream_is_the_one_of_the_rest_api() {
    let app = App::start().await;
    let id = begun(&app, "count to 40").await;
    let answers = followed(&app, STREAM, json!({"id": id})).await;
    let told = answers
        .iter()
        .map(|answer| &answer["data"]["responseStream"]);
    let events: Vec<_> = told.clone().map(|told| told["event"].clone()).collect();
    let path = format!("/v1/responses/{id}?stream=true");
    let rest = typed_events_of(app.get(&path).await.expect_status(200).text());
    assert_eq!(events, rest);
    for (number, told) in told.enumerate() {
        assert_eq!(told["type"], told["event"]["type"]);
        assert_eq!(told["sequenceNumber"], json!(number));
    }
    // And again from the middle, when it has ended.
    let middle = rest.len() / 2;
    let tail = followed(&app, STREAM, json!({"id": id, "after": middle - 1})).await;
    let tail = tail
        .iter()
        .map(|answer| answer["data"]["responseStream"]["event"].clone());
    assert_eq!(tail.collect::<Vec<_>>(), rest[middle..]);
}

#[tokio::test]
async fn what_happens_to_a_conversation_is_told_to_its_end() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 1).await;
    let path = format!("/v1/conversations/{id}");
    app.post(&path, json!({"title": "Coffee"}))
        .await
        .expect_status(200);
    let mut following = Following::begin(&app, EVENTS, &json!({"id": id})).await;
    following.until("ConversationTitleChanged").await;
    app.delete(&path).await.expect_status(200);
    let answers = answers_of(&following.rest().await);
    let told = answers
        .iter()
        .map(|answer| &answer["data"]["conversationEvents"]);
    let kinds: Vec<_> = told
        .clone()
        .map(|told| told["type"].as_str().unwrap())
        .collect();
    let recorded = app.events_of(&id).await;
    let recorded: Vec<_> = recorded
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(kinds, recorded);
    assert_eq!(kinds.last(), Some(&"ConversationDeleted"));
    for (place, told) in told.clone().enumerate() {
        assert_eq!(told["version"], json!(place + 1));
    }
    let renamed = told
        .clone()
        .find(|told| told["type"] == "ConversationTitleChanged");
    assert_eq!(renamed.unwrap()["change"]["title"], "Coffee");
}

#[tokio::test]
async fn what_is_not_there_or_somebody_elses_is_not_followed() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let nothing = "0".repeat(32);
    let mut told = Vec::new();
    for id in [
        begun(&app, "reply exactly hi").await,
        format!("resp_{nothing}"),
    ] {
        told.push((STREAM, id));
    }
    for id in [
        conversation(&app, "Tea", 0).await,
        format!("conv_{nothing}"),
    ] {
        told.push((EVENTS, id));
    }
    for (query, id) in told {
        let answers = followed(&stranger, query, json!({"id": id})).await;
        let [answer] = answers.as_slice() else {
            panic!("{answers:?}");
        };
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "NOT_FOUND",
            "{answer}"
        );
        let told = answer["data"]
            .as_object()
            .into_iter()
            .flat_map(|told| told.values());
        assert!(told.into_iter().all(Value::is_null), "{answer}");
    }
}

#[tokio::test]
async fn a_query_can_be_followed_too() {
    let app = App::start().await;
    let answers = followed(&app, "{ models { id } }", json!({})).await;
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["data"]["models"][0]["id"], MODEL);
    let got = app
        .get("/graphql?query=%7Bmodels%7Bid%7D%7D")
        .header("accept", "text/event-stream");
    assert_eq!(answers_of(got.await.expect_status(200).text()), answers);
    let refused = app
        .post(GRAPHQL, json!({"query": "{"}))
        .header("accept", "text/event-stream");
    refused.await.expect_status(400);
}
