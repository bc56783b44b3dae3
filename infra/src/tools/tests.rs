//! What the log learns of a call: never what opens doors.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, StepId, TenantId};
use jan_domain::ports::{Credential, ToolCall, ToolHost, ToolListing, ToolPlace, ToolServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing_subscriber::fmt::MakeWriter;

use super::{McpToolHost, ToolSettings};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A server that answers every request with this status and, as its body, the request.
async fn mirror(status: &'static str, serving: &mut JoinSet<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/mcp?key=sesame-in-url",
        listener.local_addr().unwrap()
    );
    serving.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 8_192];
            let length = socket.read(&mut request).await.unwrap_or(0);
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            drop(socket.write_all(head.as_bytes()).await);
            drop(socket.write_all(&request[..length]).await);
        }
    });
    url
}

fn server(url: String) -> ToolServer {
    let secret = |text: &str| Credential::new(text.to_owned());
    ToolServer {
        label: "mirror".to_owned(),
        place: ToolPlace::Remote {
            url,
            authorization: Some(secret("sesame-in-bearer")),
            headers: vec![
                ("x-api-key".to_owned(), secret("sesame-in-header")),
                ("cookie".to_owned(), secret("sesame-in-cookie")),
            ],
        },
    }
}

/// Everything is logged here, rmcp's own words included.
#[tokio::test]
async fn no_credential_is_logged_or_told_whatever_the_server_answers() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _listening = tracing::subscriber::set_default(subscriber);
    let settings = ToolSettings {
        allowed: vec!["127.0.0.0/8".parse().unwrap()],
        ..ToolSettings::default()
    };
    let host = McpToolHost::try_new(&settings).unwrap();
    let owner = Owner {
        tenant: TenantId::default(),
        account: AccountId::parse("user_1").unwrap(),
    };
    let mut serving = JoinSet::new();
    for status in [
        "200 OK",
        "302 Found",
        "400 Bad Request",
        "401 Unauthorized",
        "500 Oh",
    ] {
        let server = server(mirror(status, &mut serving).await);
        let listing = ToolListing {
            server: server.clone(),
            owner: owner.clone(),
        };
        let call = ToolCall {
            server,
            tool: "t".to_owned(),
            arguments: serde_json::Map::new(),
            step: StepId::parse("step_1").unwrap(),
            owner: owner.clone(),
            traceparent: None,
            request_id: String::new(),
            keeps_content: true,
        };
        let told = [
            host.list(listing).await.unwrap_err(),
            host.call(call).await.unwrap_err(),
        ];
        assert!(!format!("{told:?}").contains("sesame"), "{told:?}");
    }
    let log = log.text();
    assert!(log.contains("a header for a tool server is left out"));
    let leak = log.lines().find(|line| line.contains("sesame"));
    assert_eq!(leak, None);
}
