//! What an answer cites, whole and told as it comes; and what a request says of `web_search`.

use jan_tests::app::App;
use jan_tests::given::{MODEL, with};
use jan_tests::response_stream::{assert_well_formed, shape_of};
use serde_json::{Value, json};

use super::{engine, start};

const RESPONSES: &str = "/v1/responses";
const SEARCH: &str = "call tool web_search with {\"q\": \"tides\"}";
const SAID: &str = "Zweimal täglich: [coast](https://coast.example/tides). See https://coast.example/tides/more, \
    https://coast.example/tides.";

fn saying(said: &str, more: Value) -> Value {
    let input = format!("{SEARCH}\nthen reply exactly {said}");
    with(
        json!({"model": MODEL, "input": input, "tools": [{"type": "web_search"}]}),
        more,
    )
}

fn expected() -> Value {
    let citation = |start: usize, end: usize| {
        json!({"type": "url_citation", "start_index": start, "end_index": end,
            "url": "https://coast.example/tides", "title": "Tides"})
    };
    let last = SAID.chars().count() - 1;
    json!([citation(17, 53), citation(last - 27, last)])
}

#[tokio::test]
async fn an_answer_cites_what_it_names_and_the_run_has_found() {
    let (_web, settings) = engine().await;
    let app = start(settings).await;
    let told = app.post(RESPONSES, saying(SAID, json!({}))).await;
    let told = told.expect_status(200).json();
    let part = &told["output"][1]["content"][0];
    assert_eq!(part["text"], SAID);
    assert_eq!(part["annotations"], expected(), "{told}");
    let kept = app
        .get(&format!("{RESPONSES}/{}", told["id"].as_str().unwrap()))
        .await
        .json();
    assert_eq!(kept["output"], told["output"]);

    // The second run has not searched: what the first has found is not its own.
    let again = json!({"model": MODEL, "input": format!("reply exactly {SAID}"),
        "tools": [{"type": "web_search"}], "previous_response_id": told["id"]});
    let told = app.post(RESPONSES, again).await.expect_status(200).json();
    assert_eq!(told["output"][0]["content"][0]["annotations"], json!([]));
}

#[tokio::test]
async fn a_number_of_the_only_search_is_a_citation() {
    let (_web, settings) = engine().await;
    let app = start(settings).await;
    let said = "Twice a day [1], not thrice [2].";
    let told = app.post(RESPONSES, saying(said, json!({}))).await;
    let told = told.expect_status(200).json();
    assert_eq!(
        told["output"][1]["content"][0]["annotations"],
        json!([{"type": "url_citation", "start_index": 12, "end_index": 15,
            "url": "https://coast.example/tides", "title": "Tides"}])
    );
}

fn annotations(events: &[Value]) -> Vec<&Value> {
    let added = events
        .iter()
        .filter(|event| event["type"] == "response.output_text.annotation.added");
    added.collect()
}

fn assert_annotated(events: &[Value]) {
    assert_well_formed(events);
    let added = annotations(events);
    assert_eq!(added.len(), 2);
    for (place, event) in added.iter().enumerate() {
        assert_eq!(event["annotation_index"], place);
        assert_eq!(event["annotation"], expected()[place]);
        assert_eq!(
            (&event["output_index"], &event["content_index"]),
            (&json!(1), &json!(0))
        );
        assert!(event["item_id"].as_str().unwrap().starts_with("msg_"));
    }
    let shape = shape_of(events);
    let at = |name: &str| shape.iter().position(|kind| *kind == name).unwrap();
    let added = at("response.output_text.annotation.added");
    assert_eq!(added, at("response.output_text.delta") + 1);
    assert_eq!(added + 1, at("response.output_text.done"));
    let begun = events
        .iter()
        .find(|event| event["type"] == "response.content_part.added");
    assert_eq!(begun.unwrap()["part"]["annotations"], json!([]));
    let done = events
        .iter()
        .find(|event| event["type"] == "response.content_part.done");
    assert_eq!(done.unwrap()["part"]["annotations"], expected());
}

#[tokio::test]
async fn citations_are_told_after_the_words_and_again_from_the_record() {
    let (_web, settings) = engine().await;
    let app = start(settings).await;
    let body = saying(SAID, json!({"stream": true}));
    let told = app.post(RESPONSES, body).await.expect_status(200);
    let events = told.typed_sse();
    assert_annotated(&events);
    let id = events.last().unwrap()["response"]["id"].as_str().unwrap();
    let again = app.get(&format!("{RESPONSES}/{id}?stream=true")).await;
    assert_annotated(&again.expect_status(200).typed_sse());
}

async fn searched(app: &App, tool: Value) -> (Value, Option<String>) {
    let tool = with(json!({"type": "web_search"}), tool);
    let body = json!({"model": MODEL, "input": SEARCH, "tools": [tool]});
    let told = app.post(RESPONSES, body).await.expect_status(200);
    let warnings = told.header("x-jan-warnings").map(str::to_owned);
    let told = told.json();
    let said = told["output"][1]["content"][0]["text"].as_str().unwrap();
    let result = said.strip_prefix("tool said: ").unwrap_or(said);
    (serde_json::from_str(result).unwrap(), warnings)
}

#[tokio::test]
async fn what_a_caller_says_of_web_search_is_what_is_asked() {
    let (web, settings) = engine().await;
    let app = start(settings).await;
    let tool = json!({"filters": {"allowed_domains": ["coast.example"]}, "search_context_size": "low",
        "user_location": {"type": "approximate", "country": "GB", "city": "Hull"}});
    let (result, warnings) = searched(&app, tool).await;
    // SearXNG does not know of places.
    assert_eq!(
        warnings.as_deref(),
        Some("'user_location' has no effect on the search engines that are set up")
    );
    assert_eq!(result["metadata"]["num"], 5);
    assert_eq!(
        result["metadata"]["domain_allow_list"],
        json!(["coast.example"])
    );
    assert_eq!(result["results"][0]["title"], "Tides");
    assert_eq!(web.asked()[0].query["q"], "(tides) (site:coast.example)");

    let elsewhere = json!({"filters": {"allowed_domains": ["inland.example"], "blocked_domains": ["a.example"]}});
    let (result, warnings) = searched(&app, elsewhere).await;
    assert_eq!(result["results"], json!([]));
    assert_eq!(
        warnings.as_deref(),
        Some("'filters.blocked_domains' of a 'web_search' tool has no effect")
    );
}
