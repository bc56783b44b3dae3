//! Every address of the table of refusals, at every place where a caller can name one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, stream};
use jan_infra::safe_http::{AddressRefusal, OwnPlaces};
use jan_infra::scrape::ScrapeSettings;
use jan_infra::search::SearchSettings;
use jan_infra::tools::ToolSettings;
use jan_tests::app::{App, Setup};
use jan_tests::given::MODEL;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[path = "../../../infra/src/safe_http/tests/refused.rs"]
mod refused;

use super::call;
use refused::REFUSED;

/// Requests at once.
const AT_ONCE: usize = 8;

/// A listener of this machine that nobody may come to.
struct Canary {
    port: u16,
    visits: Arc<AtomicUsize>,
    _listening: JoinSet<()>,
}

impl Canary {
    async fn start() -> Self {
        let listener = TcpListener::bind("[::]:0").await.unwrap();
        let visits = Arc::new(AtomicUsize::new(0));
        let mut listening = JoinSet::new();
        let seen = Arc::clone(&visits);
        let port = listener.local_addr().unwrap().port();
        listening.spawn(async move {
            while listener.accept().await.is_ok() {
                seen.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            port,
            visits,
            _listening: listening,
        }
    }

    fn urls(&self) -> Vec<String> {
        let port = self.port.to_string();
        let urls = REFUSED.iter().flat_map(|(_, urls)| urls.iter());
        urls.map(|url| url.replace("{port}", &port)).collect()
    }
}

async fn start() -> App {
    let mut scrape = ScrapeSettings::default();
    scrape.fetch.addresses.own = refused::own_places();
    App::start_with(Setup {
        tools: Some(ToolSettings {
            own: refused::own_places(),
            ..ToolSettings::default()
        }),
        builtin: Some((SearchSettings::default(), scrape)),
        ..Setup::default()
    })
    .await
}

/// Asks for a response and gives its text, which may be a refusal of the request.
async fn response(app: &App, path: &str, input: &str, tools: Value) -> String {
    let body = json!({"model": MODEL, "input": input, "tools": tools});
    let told = app.post(path, body).await;
    let status = told.status();
    assert!(status == 424 || status < 500, "{status} {}", told.text());
    format!("{status} {}", told.text())
}

/// As the address of a tool server, as a page to read by a client, and as one to read by a model.
async fn everywhere(app: &App, url: &str) {
    let server =
        json!({"type": "mcp", "server_label": "s", "server_url": url, "require_approval": "never"});
    let told = response(app, "/v1/responses", "say hi", json!([server])).await;
    let refused = told.starts_with('4') || told.contains("not allowed");
    assert!(refused, "{url}: {told}");
    // What no JSON of ours may hold is refused before anything is called.
    if !url.contains('\0') {
        let told = call(app, "scrape", &json!({ "url": url })).await;
        assert_eq!(told["isError"], true, "{url}: {told}");
    }
    let asked = format!("call tool scrape with {}", json!({ "url": url }));
    let told = response(app, "/responses/v1/responses", &asked, json!([])).await;
    assert!(!told.contains("\\\"live\\\":true"), "{url}: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_surface_leads_to_an_address_of_the_inside() {
    let (app, canary) = (start().await, Canary::start().await);
    let urls = canary.urls();
    assert!(urls.len() >= 150, "{}", urls.len());
    stream::iter(&urls)
        .for_each_concurrent(AT_ONCE, |url| everywhere(&app, url))
        .await;
    assert_eq!(canary.visits.load(Ordering::SeqCst), 0);
}
