//! What is followed over a WebSocket, in the protocol `graphql-transport-ws`.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use jan_tests::app::App;
use jan_tests::request::typed_events_of;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::subscriptions::{EVENTS, STREAM, begun};
use super::{conversation, data_of};

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(40);

/// One connection of a client.
struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Opens one; `token` goes in a header, as servers' own clients do it.
    async fn open(app: &App, token: Option<&str>) -> Self {
        let address = app.serve().await;
        let mut request = format!("ws://{address}/graphql")
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            "graphql-transport-ws".parse().unwrap(),
        );
        if let Some(token) = token {
            headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, answer) = client_async(request, stream).await.unwrap();
        assert_eq!(
            answer.headers()[SEC_WEBSOCKET_PROTOCOL],
            "graphql-transport-ws"
        );
        Self(socket)
    }

    /// Opens one and says who it is in the first message.
    async fn begun(app: &App) -> Self {
        let mut socket = Self::open(app, None).await;
        let payload = json!({"Authorization": format!("Bearer {}", app.token())});
        socket
            .say(&json!({"type": "connection_init", "payload": payload}))
            .await;
        assert_eq!(socket.hear().await, json!({"type": "connection_ack"}));
        socket
    }

    async fn say(&mut self, message: &Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str, variables: &Value) {
        let payload = json!({"query": query, "variables": variables});
        self.say(&json!({"type": "subscribe", "id": id, "payload": payload}))
            .await;
    }

    /// The next message.
    async fn hear(&mut self) -> Value {
        loop {
            match timeout(PATIENCE, self.0.next()).await.unwrap() {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The code with which the server closes, whatever it says before.
    async fn closed(&mut self) -> u16 {
        loop {
            match timeout(PATIENCE, self.0.next()).await.unwrap() {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn several_things_are_followed_at_once() {
    let app = App::start().await;
    let mut socket = Socket::begun(&app).await;
    let runs = [
        begun(&app, "count to 30").await,
        begun(&app, "count to 20").await,
    ];
    for id in &runs {
        socket.subscribe(id, STREAM, &json!({"id": id})).await;
    }
    let mut heard = [Vec::new(), Vec::new()];
    let mut over = 0;
    while over < 2 {
        let told = socket.hear().await;
        match told["type"].as_str() {
            Some("next") => {
                let place = runs.iter().position(|id| told["id"] == json!(id)).unwrap();
                heard[place].push(told["payload"]["data"]["responseStream"]["event"].clone());
            }
            Some("complete") => over += 1,
            _ => panic!("{told}"),
        }
    }
    for (id, heard) in runs.iter().zip(heard) {
        let path = format!("/v1/responses/{id}?stream=true");
        let rest = typed_events_of(app.get(&path).await.expect_status(200).text());
        assert_eq!(heard, rest);
    }
}

#[tokio::test]
async fn a_conversation_is_followed_while_it_goes_on_and_let_go() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 0).await;
    let mut socket = Socket::open(&app, Some(app.token())).await;
    socket.say(&json!({"type": "connection_init"})).await;
    assert_eq!(socket.hear().await["type"], "connection_ack");
    socket
        .subscribe("1", EVENTS, &json!({"id": id, "after": 1}))
        .await;
    let path = format!("/v1/conversations/{id}");
    for title in ["Coffee", "Water"] {
        app.post(&path, json!({"title": title}))
            .await
            .expect_status(200);
        let told = socket.hear().await;
        let event = &told["payload"]["data"]["conversationEvents"];
        assert_eq!(event["change"]["title"], title, "{told}");
    }
    socket.say(&json!({"type": "complete", "id": "1"})).await;
    app.post(&path, json!({"title": "Milk"}))
        .await
        .expect_status(200);
    // Nothing more is said of it, and its id is free.
    socket.subscribe("1", "{ models { id } }", &json!({})).await;
    let told = socket.hear().await;
    assert!(told["payload"]["data"]["models"].is_array(), "{told}");
    assert_eq!(socket.hear().await, json!({"type": "complete", "id": "1"}));
    socket.say(&json!({"type": "ping"})).await;
    assert_eq!(socket.hear().await, json!({"type": "pong"}));
}

#[tokio::test]
async fn a_mutation_and_an_error_have_their_place_in_it() {
    let app = App::start().await;
    let mut socket = Socket::begun(&app).await;
    let mutation =
        "mutation { createConversation(input: {title: \"Tea\"}) { conversation { title } } }";
    socket.subscribe("m", mutation, &json!({})).await;
    let told = socket.hear().await;
    let title = told.pointer("/payload/data/createConversation/conversation/title");
    assert_eq!(title, Some(&json!("Tea")), "{told}");
    assert_eq!(socket.hear().await["type"], "complete");
    for (query, code) in [
        ("{", "INVALID_QUERY"),
        ("{ nonsense }", "INVALID_QUERY"),
        (
            "subscription { responseStream(id: \"resp_0\") { type } }",
            "NOT_FOUND",
        ),
    ] {
        socket.subscribe("e", query, &json!({})).await;
        let told = socket.hear().await;
        let errors = if told["type"] == "error" {
            &told["payload"]
        } else {
            &told["payload"]["errors"]
        };
        assert_eq!(errors[0]["extensions"]["code"], code, "{told}");
        if told["type"] == "next" {
            assert_eq!(socket.hear().await["type"], "complete");
        }
    }
}

#[tokio::test]
async fn who_does_not_keep_to_the_protocol_is_shown_out() {
    let app = App::start().await;
    let init = json!({"type": "connection_init", "payload": {"token": app.token()}});
    let models = json!({"type": "subscribe", "id": "1", "payload": {"query": "{ models { id } }"}});
    let id = conversation(&app, "Tea", 0).await;
    let payload = json!({"query": EVENTS, "variables": {"id": id, "after": 100}});
    let follow = json!({"type": "subscribe", "id": "1", "payload": payload});
    let stranger = json!({"type": "connection_init", "payload": {"token": "nonsense"}});
    for (messages, code) in [
        (vec![models.clone()], 4401),
        (vec![stranger], 4403),
        (vec![json!({"type": "connection_init"})], 4403),
        (vec![init.clone(), init.clone()], 4429),
        (vec![init.clone(), json!({"type": "nonsense"})], 4400),
        (vec![init.clone(), json!(5)], 4400),
        (
            vec![init.clone(), json!({"type": "subscribe", "payload": {}})],
            4400,
        ),
        (vec![init.clone(), follow.clone(), follow.clone()], 4409),
    ] {
        let mut socket = Socket::open(&app, None).await;
        for message in &messages {
            socket.say(message).await;
        }
        assert_eq!(socket.closed().await, code, "{messages:?}");
    }
    let mut socket = Socket::begun(&app).await;
    for at in 0..33 {
        let mut follow = follow.clone();
        follow["id"] = json!(format!("{at}"));
        socket.say(&follow).await;
    }
    assert_eq!(socket.closed().await, 4429);
}

#[tokio::test]
async fn whoever_leaves_frees_its_places() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 0).await;
    // More, one after the other, than one caller may follow at once.
    for _ in 0..5 {
        let mut socket = Socket::begun(&app).await;
        for at in 0..30 {
            socket
                .subscribe(&format!("{at}"), EVENTS, &json!({"id": id}))
                .await;
            assert_eq!(socket.hear().await["type"], "next");
        }
        drop(socket);
        // The server notices before the next comes.
        let stands = data_of(&app, "{ models { id } }", json!({})).await;
        assert!(stands["models"].is_array());
    }
}

#[tokio::test]
async fn a_session_that_ends_ends_what_it_follows() {
    let app = App::start().await;
    let id = conversation(&app, "Tea", 0).await;
    let mut socket = Socket::begun(&app).await;
    socket.subscribe("1", EVENTS, &json!({"id": id})).await;
    assert_eq!(socket.hear().await["type"], "next");
    app.get("/auth/logout").await;
    assert_eq!(socket.closed().await, 4403);
}
