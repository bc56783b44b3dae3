//! Our own client of tool servers, pointed at ourselves, in both eras. It says by a header that it is
//! a tool host, for which we do not open; a proxy in between drops what it does not know.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use jan_domain::Caller;
use jan_domain::id::StepId;
use jan_domain::ports::{
    TOOL_DEPTH_HEADER, ToolCall, ToolFailure, ToolHost, ToolListing, ToolPlace, ToolResult,
    ToolServer,
};
use jan_infra::secret::Secret;
use jan_infra::tools::{McpToolHost, ToolServerSettings, ToolSettings};
use jan_tests::app::App;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::runs;

/// What the proxy lets pass.
#[derive(Clone, Copy, PartialEq)]
enum Passes {
    /// Everything, the header too.
    All,
    /// No header that it does not know.
    Modern,
    /// Nor the modern era.
    Legacy,
}

struct Proxy {
    to: SocketAddr,
    passes: Passes,
    http: reqwest::Client,
}

async fn pass_on(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let message: Value = serde_json::from_slice(&body).unwrap();
    if proxy.passes == Passes::Legacy && message["method"] == "server/discover" {
        return (axum::http::StatusCode::BAD_REQUEST, "what?").into_response();
    }
    if proxy.passes != Passes::All {
        parts.headers.remove(TOOL_DEPTH_HEADER);
    }
    parts.headers.remove("host");
    let url = format!("http://{}{}", proxy.to, parts.uri.path());
    let asked = proxy.http.request(parts.method, url).headers(parts.headers);
    let answer = asked.body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = Body::from(answer.bytes().await.unwrap());
    (status, headers, body).into_response()
}

/// Our client with this server as its own, through a proxy that stops when the set is dropped.
async fn client(app: &App, passes: Passes) -> (McpToolHost, JoinSet<()>) {
    let proxy = Arc::new(Proxy {
        to: app.serve().await,
        passes,
        http: reqwest::Client::builder().no_proxy().build().unwrap(),
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let url = format!("http://{}/v1/mcp", listener.local_addr().unwrap());
    let router = Router::new().fallback(pass_on).with_state(proxy);
    let mut serving = JoinSet::new();
    serving.spawn(async move { drop(axum::serve(listener, router).await) });
    let server = ToolServerSettings {
        api_key: Some(Secret::new(app.token().to_owned())),
        ..ToolServerSettings::new("self", url)
    };
    let settings = ToolSettings {
        servers: vec![server],
        ..ToolSettings::default()
    };
    (McpToolHost::try_new(&settings).unwrap(), serving)
}

fn own() -> ToolServer {
    ToolServer {
        label: "own".to_owned(),
        place: ToolPlace::Own,
    }
}

async fn list(host: &McpToolHost) -> Vec<String> {
    let owner = Caller::nobody().owner;
    let server = own();
    let offers = host.list(ToolListing { server, owner }).await.unwrap();
    offers.into_iter().map(|offer| offer.name).collect()
}

async fn call(host: &McpToolHost, tool: &str, arguments: Value) -> Result<ToolResult, ToolFailure> {
    let Value::Object(arguments) = arguments else {
        panic!("{arguments}");
    };
    let call = ToolCall {
        server: own(),
        tool: tool.to_owned(),
        arguments,
        step: StepId::parse("step_1").unwrap(),
        owner: Caller::nobody().owner,
        traceparent: None,
        request_id: String::new(),
        keeps_content: true,
    };
    host.call(call).await
}

#[tokio::test]
async fn our_client_lists_and_calls_in_either_era() {
    let app = App::start().await;
    for (passes, calls) in [(Passes::Modern, 3), (Passes::Legacy, 6)] {
        let (host, _serving) = client(&app, passes).await;
        assert_eq!(list(&host).await.len(), 7);
        let told = call(&host, "echo", json!({"text": "tea"})).await.unwrap();
        assert_eq!(told, ToolResult::text("tea"));
        let told = call(&host, "add", json!({"a": 1, "b": 2})).await.unwrap();
        assert_eq!(told.structured, Some(json!({"sum": 3.0})));
        let told = call(&host, "fail", json!({"message": "no"})).await.unwrap();
        assert!(told.is_error);
        let unknown = call(&host, "nothing", json!({})).await;
        assert_eq!(unknown, Err(ToolFailure::UnknownTool("nothing".to_owned())));
        assert_eq!(runs(&app).await.len(), calls);
    }
}

#[tokio::test]
async fn we_are_never_a_tool_of_ourselves() {
    let app = App::start().await;
    let (host, _serving) = client(&app, Passes::All).await;
    assert_eq!(list(&host).await, Vec::<String>::new());
    assert!(call(&host, "echo", json!({"text": "tea"})).await.is_err());
    assert_eq!(app.tools().ledger().entries().len(), 0);
}
