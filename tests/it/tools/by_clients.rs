use jan_infra::scrape::ScrapeSettings;
use jan_infra::search::SearchSettings;
use jan_tests::scripted_web::{Reply, ScriptedWeb};
use serde_json::{Value, json};

use super::{call, engine, start, start_with};

fn text(result: &Value) -> &str {
    result["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("{result}"))
}

#[tokio::test]
async fn they_are_listed_first_with_their_schemas_and_hints() {
    let app = start(SearchSettings::default()).await;
    let listed = app.get("/v1/mcp/tools").await.expect_status(200).json();
    let tools = listed["tools"].as_array().unwrap();
    let names: Vec<_> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[..4], ["google_search", "scrape", "echo", "add"]);
    for tool in &tools[..2] {
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
        assert_eq!(tool["annotations"]["openWorldHint"], true);
        assert_eq!(tool["outputSchema"]["type"], "object");
        assert!(tool["description"].as_str().unwrap().len() > 50);
    }
    assert_eq!(tools[0]["inputSchema"]["required"], json!(["q"]));
    let arguments: Vec<_> = tools[0]["inputSchema"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    for name in [
        "gl",
        "hl",
        "location",
        "num",
        "tbs",
        "page",
        "autocorrect",
        "domain_allow_list",
        "location_hint",
        "offline_mode",
    ] {
        assert!(arguments.contains(&&name.to_owned()), "{name}");
    }
    assert_eq!(tools[1]["inputSchema"]["required"], json!(["url"]));
}

#[tokio::test]
async fn either_can_be_switched_off() {
    let search = SearchSettings {
        enabled: false,
        ..SearchSettings::default()
    };
    let app = start_with(
        search,
        ScrapeSettings {
            enabled: false,
            ..ScrapeSettings::default()
        },
    )
    .await;
    let listed = app.get("/v1/mcp/tools").await.expect_status(200).json();
    assert_eq!(listed["tools"][0]["name"], "echo");
}

#[tokio::test]
async fn a_search_gives_what_jans_clients_know() {
    let (_web, settings) = engine().await;
    let app = start(settings).await;
    let result = call(
        &app,
        "google_search",
        &json!({"q": "tides", "num": 5, "hl": "en"}),
    )
    .await;
    assert_eq!(result["isError"], false);
    let mut told = result["structuredContent"].clone();
    assert_eq!(serde_json::from_str::<Value>(text(&result)).unwrap(), told);
    assert!(told["results"][0]["fetched_at"].take().is_string());
    assert_eq!(
        told,
        json!({
            "query": "tides", "engine": "searxng", "live": true, "cache_status": "live",
            "metadata": {"num": 5, "page": 1, "domain_allow_list": [], "engines_in_vain": [], "raw_left_out": false},
            "results": [{"position": 1, "title": "Tides", "source_url": "https://coast.example/tides",
                "snippet": "Twice a day.", "cache_status": "live", "fetched_at": null}],
            "citations": ["https://coast.example/tides"], "raw": {},
        })
    );
}

#[tokio::test]
async fn what_was_read_is_found_without_the_web() {
    let web = ScriptedWeb::start().await;
    web.tell(
        "/tides",
        [Reply::page(
            "<title>Tides</title><p>The harbour fills twice a day.",
        )],
    );
    let app = start(SearchSettings::default()).await;
    let url = web.url("/tides");
    let read = call(
        &app,
        "scrape",
        &json!({"url": url, "includeMarkdown": true}),
    )
    .await;
    let read = &read["structuredContent"];
    assert_eq!(
        (&read["source_url"], &read["cache_status"]),
        (&json!(url), &json!("live"))
    );
    assert_eq!(read["text"], "The harbour fills twice a day.");
    assert_eq!(
        (&read["markdown"], &read["text_preview"]),
        (&read["text"], &read["text"])
    );
    assert_eq!(read["metadata"]["title"], "Tides");
    let found = call(
        &app,
        "google_search",
        &json!({"q": "harbour", "offline_mode": true}),
    )
    .await;
    let found = &found["structuredContent"];
    assert_eq!(
        (&found["engine"], &found["live"]),
        (&json!("index"), &json!(false))
    );
    assert_eq!(found["cache_status"], "offline_mode");
    assert_eq!(found["results"][0]["source_url"], json!(url));
    assert_eq!(found["results"][0]["cache_status"], "cached");
    let other = app.guest().await;
    let found = call(&other, "google_search", &json!({"q": "harbour"})).await;
    assert_eq!(found["structuredContent"]["cache_status"], "unconfigured");
    assert_eq!(found["structuredContent"]["citations"], json!([url]));
    let nothing = call(&app, "google_search", &json!({"q": "zebra"})).await;
    assert_eq!(nothing["structuredContent"]["results"], json!([]));
}

#[tokio::test]
async fn what_goes_wrong_is_a_result_that_says_so() {
    let app = start(SearchSettings::default()).await;
    let long = "a".repeat(5_000);
    for (tool, arguments, words) in [
        ("google_search", json!({}), "'q'"),
        ("google_search", json!({"q": ""}), "'q'"),
        ("google_search", json!({"q": 5}), "'q'"),
        ("google_search", json!({"q": long}), "'q'"),
        ("google_search", json!({"q": "a", "num": "x"}), "'num'"),
        ("google_search", json!({"q": "a", "tbs": "lately"}), "'tbs'"),
        (
            "google_search",
            json!({"q": "a", "domain_allow_list": ["a b"]}),
            "'domain_allow_list'",
        ),
        (
            "google_search",
            json!({"q": "a", "engine": "bing"}),
            "'bing'",
        ),
        (
            "google_search",
            json!({"q": "a", "offline_mode": "yes"}),
            "'offline_mode'",
        ),
        ("scrape", json!({}), "'url'"),
        ("scrape", json!({"url": ["http://a.example"]}), "'url'"),
        (
            "scrape",
            json!({"url": "http://a.example", "includeMarkdown": 1}),
            "'includeMarkdown'",
        ),
        (
            "scrape",
            json!({"url": "file:///etc/passwd"}),
            "nothing can be fetched",
        ),
        (
            "scrape",
            json!({"url": "http://169.254.169.254/latest/meta-data/"}),
            "nothing can be fetched",
        ),
        (
            "scrape",
            json!({"url": "http://[::ffff:10.0.0.1]/"}),
            "nothing can be fetched",
        ),
        (
            "scrape",
            json!({"url": "http://127.0.0.1:1/"}),
            "nothing can be fetched",
        ),
    ] {
        let result = call(&app, tool, &arguments).await;
        assert_eq!(result["isError"], true, "{arguments} {result}");
        assert!(text(&result).contains(words), "{arguments} {result}");
    }
}

#[tokio::test]
async fn an_odd_question_is_a_question_all_the_same() {
    let app = start(SearchSettings::default()).await;
    for q in [
        "\u{fffd}\u{202e}",
        "' or 1=1 --",
        "((((",
        "\\",
        "a & !b | <-> c",
        "\"",
        "-",
        "%_",
    ] {
        let result = call(
            &app,
            "google_search",
            &json!({"q": q, "num": 1e9, "page": -3}),
        )
        .await;
        assert_eq!(result["isError"], false, "{q} {result}");
    }
}
