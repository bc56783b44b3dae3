//! What each engine is asked, and how its answer is read. The answers have the shape that the engines'
//! own documentation gives them.

use jan_infra::search::{EngineName, Question, Recency};
use jan_tests::scripted_web::{Asked, Reply, ScriptedWeb};
use serde_json::{Value, json};

use super::{Subject, engine, question};

/// A question that says everything.
fn full() -> Question {
    Question {
        country: Some("gb".to_owned()),
        language: Some("en".to_owned()),
        location: Some("Dover".to_owned()),
        page: 2,
        recency: Some(Recency::Week),
        autocorrect: Some(false),
        hosts: vec!["coast.example".to_owned()],
        ..question()
    }
}

/// Asks one engine, and gives what it was asked and the results.
async fn ask(name: EngineName, path: &str, answer: &Value, question: &Question) -> (Asked, Value) {
    let web = ScriptedWeb::start().await;
    web.tell(path, [Reply::json(answer)]);
    let subject = Subject::over(&engine(name, &web)).await;
    let found = subject.ask(question).await;
    assert_eq!(
        (found.engine, found.status.as_str()),
        (name.as_str(), "live")
    );
    assert!(found.is_live() && found.in_vain.is_empty());
    let hits = found.hits.iter();
    let hits = hits.map(|hit| json!([hit.title, hit.url, hit.snippet, hit.published]));
    let told = json!({"hits": hits.collect::<Vec<_>>(), "beside": found.beside});
    let mut asked = web.asked();
    assert_eq!(asked.len(), 1);
    (asked.remove(0), told)
}

/// Two results and one from elsewhere, which no engine may smuggle in.
fn results(title: &str, url: &str, snippet: &str, more: &Value) -> Value {
    let result = |at: &str| {
        let mut result = more.clone();
        result[title] = json!(format!("Title {at}"));
        result[url] = json!(at);
        result[snippet] = json!(format!("About {at}"));
        result
    };
    json!([
        result("https://coast.example/1"),
        result("https://elsewhere.example/"),
        result("https://www.coast.example/2"),
        {title: "no address"},
    ])
}

#[tokio::test]
async fn serper_is_asked_and_read() {
    let answer = json!({
        "searchParameters": {"q": "tides", "type": "search"},
        "organic": results("title", "link", "snippet", &json!({"date": "Mar 1, 2026", "position": 1})),
        "answerBox": {"answer": "twice a day"}, "relatedSearches": [], "credits": 1,
    });
    let (asked, told) = ask(EngineName::Serper, "/search", &answer, &full()).await;
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/search")
    );
    assert_eq!(asked.headers["x-api-key"], "key-1");
    assert_eq!(
        asked.body,
        json!({"q": "(tides) (site:coast.example)", "num": 2, "page": 2, "gl": "gb", "hl": "en",
            "location": "Dover", "autocorrect": false, "tbs": "qdr:w"})
    );
    assert_eq!(
        told,
        json!({"hits": [
            ["Title https://coast.example/1", "https://coast.example/1", "About https://coast.example/1", "Mar 1, 2026"],
            ["Title https://www.coast.example/2", "https://www.coast.example/2", "About https://www.coast.example/2", "Mar 1, 2026"],
        ], "beside": {"answerBox": {"answer": "twice a day"}}})
    );
    let nothing = json!({"searchParameters": {"q": "tides"}});
    let (_, told) = ask(EngineName::Serper, "/search", &nothing, &question()).await;
    assert_eq!(told["hits"], json!([]));
}

#[tokio::test]
async fn searxng_is_asked_and_read() {
    let answer = json!({
        "query": "tides", "number_of_results": 0, "answers": [], "suggestions": ["tide table"],
        "results": results("title", "url", "content", &json!({"engine": "x", "publishedDate": null})),
        "unresponsive_engines": [],
    });
    let (asked, told) = ask(EngineName::Searxng, "/search", &answer, &full()).await;
    assert_eq!(asked.method, "GET");
    let query = |name: &str| asked.query.get(name).map(String::as_str);
    assert_eq!(query("q"), Some("(tides) (site:coast.example)"));
    assert_eq!(
        ["format", "pageno", "language", "time_range", "safesearch"].map(query),
        ["json", "2", "en", "week", "1"].map(Some)
    );
    assert_eq!(told["hits"].as_array().unwrap().len(), 2);
    assert_eq!(told["beside"], json!({"suggestions": ["tide table"]}));
}

#[tokio::test]
async fn brave_is_asked_and_read() {
    let list = results(
        "title",
        "url",
        "description",
        &json!({"page_age": "2026-03-01T00:00:00"}),
    );
    let answer =
        json!({"type": "search", "query": {"original": "tides"}, "web": {"results": list}});
    let path = "/res/v1/web/search";
    let (asked, told) = ask(EngineName::Brave, path, &answer, &full()).await;
    assert_eq!(asked.method, "GET");
    assert_eq!(asked.headers["x-subscription-token"], "key-1");
    let query = |name: &str| asked.query.get(name).map(String::as_str);
    assert_eq!(
        [
            "q",
            "count",
            "offset",
            "country",
            "search_lang",
            "freshness",
            "spellcheck"
        ]
        .map(query),
        [
            "(tides) (site:coast.example)",
            "2",
            "1",
            "gb",
            "en",
            "pw",
            "0"
        ]
        .map(Some)
    );
    assert_eq!(told["hits"][1][1], "https://www.coast.example/2");
    assert_eq!(told["hits"][0][3], "2026-03-01T00:00:00");
    let nothing = json!({"type": "search", "query": {}});
    let (_, told) = ask(EngineName::Brave, path, &nothing, &question()).await;
    assert_eq!(told["hits"], json!([]));
}

/// Two results of an earlier page, then those of the one that is wanted.
fn without_pages(mut list: Value) -> Value {
    let earlier = json!([{"url": "https://coast.example/a"}, {"url": "https://coast.example/b"}]);
    let mut all = earlier.as_array().unwrap().clone();
    all.append(list.as_array_mut().unwrap());
    json!(all)
}

#[tokio::test]
async fn tavily_is_asked_and_read() {
    let list = results("title", "url", "content", &json!({"score": 0.9}));
    let answer = json!({"query": "tides", "answer": "Twice a day.", "images": [],
        "results": without_pages(list), "response_time": 0.5});
    let (asked, told) = ask(EngineName::Tavily, "/search", &answer, &full()).await;
    assert_eq!(asked.method, "POST");
    assert_eq!(asked.headers["authorization"], "Bearer key-1");
    assert_eq!(
        asked.body,
        json!({"query": "tides", "max_results": 4, "search_depth": "basic",
            "include_domains": ["coast.example"], "time_range": "week"})
    );
    assert_eq!(told["hits"][0][1], "https://coast.example/1");
    assert_eq!(told["beside"], json!({"answer": "Twice a day."}));
}

#[tokio::test]
async fn exa_is_asked_and_read() {
    let more = json!({"publishedDate": "2026-03-01", "highlights": ["one", "two"]});
    let list = results("title", "url", "text", &more);
    let answer =
        json!({"requestId": "r", "resolvedSearchType": "neural", "results": without_pages(list)});
    let (asked, told) = ask(EngineName::Exa, "/search", &answer, &full()).await;
    assert_eq!(
        (asked.method.as_str(), asked.headers["x-api-key"].as_str()),
        ("POST", "key-1")
    );
    let mut body = asked.body;
    let since = body["startPublishedDate"].take();
    assert!(
        since.as_str().is_some_and(|since| since.contains('T')),
        "{since}"
    );
    assert_eq!(
        body,
        json!({"query": "tides", "numResults": 4, "type": "auto", "contents": {"highlights": true},
            "includeDomains": ["coast.example"], "startPublishedDate": null})
    );
    assert_eq!(told["hits"][0][2], "one … two");
}
