//! Operations over a WebSocket, in the protocol `graphql-transport-ws`. Whatever is followed is asked
//! for its next answer only when the one before it is sent: a slow reader is waited for by nobody.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, header};
use jan_domain::Caller;
use tokio::time::{Instant, Interval};

use super::answer::Answer;
use super::door::{Door, Given};
use super::events::every;
use super::limits::{INIT_MAX, LIFE_MAX, OPERATIONS_AT_ONCE_MAX, PING, TOKEN_CHECK};
use super::operations::{Operations, Spoken};
use super::protocol::{Closing, ID_BYTES_MAX, PROTOCOL, Said, Told, credentials_of, payload_of};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::json_check;
use crate::state::ApiState;

/// Whether a request asks for a WebSocket.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Accepts the handshake and serves the connection.
pub(super) async fn open(
    parts: &mut Parts,
    (state, door): (ApiState, Door),
    context: RequestContext,
) -> Result<Response, ApiError> {
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &state).await;
    let upgrade =
        upgrade.map_err(|_| ApiError::malformed("The WebSocket handshake is not well formed."))?;
    let bytes_max = state.server.limits.body_bytes;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max);
    if upgrade.selected_protocol().is_none() {
        return Err(ApiError::malformed(
            "Ask for the WebSocket protocol 'graphql-transport-ws'.",
        ));
    }
    let mut headers = HeaderMap::new();
    if let Some(credentials) = parts.headers.get(header::AUTHORIZATION) {
        headers.insert(header::AUTHORIZATION, credentials.clone());
    }
    let connection = Connection {
        headers,
        caller: None,
        operations: Operations::default(),
        heard: Instant::now(),
        state,
        door,
        context,
    };
    // Shutdown waits for it, as for any request.
    let tracker = connection.state.commands.tracker.clone();
    Ok(upgrade.on_upgrade(move |socket| tracker.track_future(connection.serve(socket))))
}

/// One connection.
struct Connection {
    state: ApiState,
    door: Door,
    context: RequestContext,
    /// The credentials, as a request would bring them.
    headers: HeaderMap,
    /// Known from the first message on.
    caller: Option<Arc<Caller>>,
    operations: Operations,
    /// When the client last gave a sign of life.
    heard: Instant,
}

/// The connection is over: for a reason that the client is told, or because it has gone.
type Over = Option<Closing>;

/// When a connection looks after itself.
struct Rhythm {
    begun: Instant,
    checks: Interval,
    pings: Interval,
}

impl Connection {
    async fn serve(mut self, mut socket: WebSocket) {
        let over = match self.converse(&mut socket).await {
            Ok(()) => None,
            Err(over) => over,
        };
        // Whatever is followed ends before the client is told.
        drop(self);
        if let Some(closing) = over {
            let (code, reason) = closing.told();
            let reason = reason.into();
            let frame = Message::Close(Some(CloseFrame { code, reason }));
            let _gone = socket.send(frame).await;
        }
    }

    async fn converse(&mut self, socket: &mut WebSocket) -> Result<(), Over> {
        let stopping = self.state.commands.runner.stopping();
        let mut rhythm = Rhythm {
            begun: Instant::now(),
            checks: every(TOKEN_CHECK),
            pings: every(PING),
        };
        loop {
            tokio::select! {
                received = socket.recv() => {
                    let Some(Ok(message)) = received else { return Err(None) };
                    self.heard = Instant::now();
                    self.take(socket, message).await?;
                }
                Some(spoken) = self.operations.next() => self.tell(socket, spoken).await?,
                _ = rhythm.checks.tick() => self.look_after(&rhythm).await?,
                _ = rhythm.pings.tick() => {
                    if self.heard.elapsed() > 2 * PING {
                        return Err(None);
                    }
                    send_message(socket, Message::Ping(bytes::Bytes::new())).await?;
                }
                () = stopping.cancelled() => return Err(Some(Closing::GoingAway)),
                () = tokio::time::sleep_until(rhythm.begun + INIT_MAX), if self.caller.is_none() => {
                    return Err(Some(Closing::InitTimeout));
                }
            }
        }
    }

    /// Ends a connection whose token is no good any more, or that has lived long enough.
    async fn look_after(&mut self, rhythm: &Rhythm) -> Result<(), Over> {
        if rhythm.begun.elapsed() > LIFE_MAX {
            return Err(Some(Closing::GoingAway));
        }
        if self.caller.is_none() {
            return Ok(());
        }
        let caller = self.state.authenticator.caller(&self.headers).await;
        match caller {
            Err(error) if error.is_unauthorized() => Err(Some(Closing::Forbidden)),
            // A database that is away says nothing about a token.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    async fn take(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), Over> {
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return Err(Some(Closing::BadMessage)),
            Message::Close(_) => return Err(None),
        };
        let text = json_check::checked(text.as_bytes()).map_err(|_| Some(Closing::BadMessage))?;
        let said = serde_json::from_str(text).map_err(|_| Some(Closing::BadMessage))?;
        match said {
            Said::ConnectionInit { payload } => self.begin(socket, &payload).await,
            Said::Ping {} => send(socket, &Told::Pong).await,
            Said::Pong {} => Ok(()),
            Said::Subscribe { id, payload } => self.subscribe(socket, id, payload).await,
            Said::Complete { id } => {
                self.operations.end(&id);
                Ok(())
            }
        }
    }

    async fn begin(
        &mut self,
        socket: &mut WebSocket,
        payload: &serde_json::Value,
    ) -> Result<(), Over> {
        if self.caller.is_some() {
            return Err(Some(Closing::TooManyInits));
        }
        if let Some(headers) = credentials_of(payload) {
            self.headers = headers;
        }
        let caller = self.state.authenticator.caller(&self.headers).await;
        self.caller = Some(caller.map_err(|_| Some(Closing::Forbidden))?);
        send(socket, &Told::ConnectionAck).await
    }

    async fn subscribe(
        &mut self,
        socket: &mut WebSocket,
        id: String,
        given: Given,
    ) -> Result<(), Over> {
        let Some(caller) = &self.caller else {
            return Err(Some(Closing::Unauthorized));
        };
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return Err(Some(Closing::BadMessage));
        }
        if self.operations.has(&id) {
            return Err(Some(Closing::SameId));
        }
        if self.operations.count() >= OPERATIONS_AT_ONCE_MAX {
            return Err(Some(Closing::TooManyOperations));
        }
        match self.door.admit((&self.state, caller, &self.context), given) {
            Ok(admitted) => {
                let answers = self.door.schema.execute_stream(admitted.request);
                self.operations.begin(id, answers, admitted.place);
                Ok(())
            }
            Err(error) => {
                let payload = &error.graphql_body()["errors"];
                send(socket, &Told::Error { id: &id, payload }).await
            }
        }
    }

    async fn tell(&mut self, socket: &mut WebSocket, spoken: Spoken) -> Result<(), Over> {
        let Spoken { id, answer } = spoken;
        let Some(answer) = answer else {
            return send(socket, &Told::Complete { id: &id }).await;
        };
        let answer = Answer::from(answer);
        if answer.is_begun() {
            return send(
                socket,
                &Told::Next {
                    id: &id,
                    payload: &answer,
                },
            )
            .await;
        }
        self.operations.end(&id);
        let payload = &payload_of(answer.errors());
        send(socket, &Told::Error { id: &id, payload }).await
    }
}

async fn send(socket: &mut WebSocket, told: &Told<'_>) -> Result<(), Over> {
    let text = serde_json::to_string(told).unwrap_or_default();
    send_message(socket, Message::Text(text.into())).await
}

async fn send_message(socket: &mut WebSocket, message: Message) -> Result<(), Over> {
    socket.send(message).await.map_err(|_| None)
}
