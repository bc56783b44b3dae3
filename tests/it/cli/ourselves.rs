//! A server that is told its own address does not call itself, whatever its operator allows.

use jan_tests::remote::Remote;
use jan_tests::scripted_model::ScriptedModel;
use jan_tests::scripted_web::{Reply, ScriptedWeb};
use serde_json::{Value, json};

use super::Desk;
use super::server::Server;

async fn scraped(remote: &Remote, url: &str) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "scrape", "arguments": {"url": url}}});
    let told = remote.post("/v1/mcp", &message).await.unwrap();
    assert_eq!(told.status, 200, "{:?}", told.body);
    told.body["result"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_call_itself_for_a_caller() {
    let (model, web) = (ScriptedModel::start().await, ScriptedWeb::start().await);
    let desk = Desk::new()
        .with_embedded_database()
        .with("JAN_DEFAULT_NODE_URL", model.base_url())
        .with(
            "JAN_SCRAPE_ALLOW_PRIVATE",
            "127.0.0.0/8,localhost,jan.example",
        )
        .with(
            "JAN_TOOLS_ALLOW_PRIVATE",
            "127.0.0.0/8,localhost,jan.example",
        )
        .with("JAN_SCRAPE_ROBOTS", "false")
        .with("JAN_MCP_HOSTS", "jan.example,127.0.0.1");
    let server = Server::start(&desk);
    let port = server.port;
    let remote = Remote::to(&format!("http://127.0.0.1:{port}"))
        .guest()
        .await;
    web.tell(
        "/page",
        [Reply::page("<p>Another server of this machine.</p>")],
    );
    let other = scraped(&remote, &web.url("/page")).await;
    assert_eq!(other["isError"], false, "{other}");
    let here = format!("http://127.0.0.1:{port}/readyz");
    let sent_here = Reply::status(302).with("location", here.clone());
    web.tell("/back", [sent_here]);
    for url in [
        here,
        format!("http://localhost:{port}/readyz"),
        format!("http://127.9.9.9:{port}/readyz"),
        "https://jan.example/v1/models".to_owned(),
        format!("http://jan.example:{port}/"),
        web.url("/back"),
    ] {
        let told = scraped(&remote, &url).await;
        assert_eq!(told["isError"], true, "{url}: {told}");
        let words = told["content"][0]["text"].as_str().unwrap();
        assert_eq!(words, "nothing can be fetched from this address", "{url}");
    }
    for url in [
        format!("http://127.0.0.1:{port}/v1/mcp"),
        "https://jan.example/mcp".to_owned(),
    ] {
        let tool = json!({"type": "mcp", "server_label": "s", "server_url": url});
        let body = json!({"model": jan_tests::given::MODEL, "input": "say hi", "tools": [tool]});
        let told = remote.post("/v1/responses", &body).await.unwrap();
        let told = told.body.to_string();
        assert!(told.contains("not allowed"), "{url}: {told}");
    }
    assert!(server.log().contains("it is this server's own"));
}
