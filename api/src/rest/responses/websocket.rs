//! Responses over a WebSocket: the client sends `response.create`, the server sends the events. What
//! is not to be stored is remembered as long as the connection lives, so that it can be continued.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, header};
use jan_commands::run::{Accepted, Attendance, RunEnding, StreamEvent, create_run};
use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::response::Retention;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::portrait::Portrait;
use super::warnings::Warnings;
use super::{body, stream};
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::state::ApiState;

/// How long a connection may live (OpenAI).
const LIFE_MAX: Duration = Duration::from_hours(1);
/// Responses that a connection remembers.
const REMEMBERED_MAX: usize = 32;

/// Whether a request asks for a WebSocket.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let upgrade = headers.get(header::UPGRADE);
    upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Accepts the handshake and serves the connection.
pub(super) async fn open(
    parts: &mut Parts,
    state: ApiState,
    caller: Arc<Caller>,
    context: RequestContext,
) -> Result<Response, ApiError> {
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &state).await;
    let upgrade =
        upgrade.map_err(|_| ApiError::malformed("The WebSocket handshake is not well formed."))?;
    let bytes_max = state.server.limits.body_bytes;
    let session = Session {
        state,
        caller,
        context,
        remembered: VecDeque::new(),
    };
    let upgrade = upgrade
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max);
    // Shutdown waits for it, as for any request.
    let tracker = session.state.commands.tracker.clone();
    Ok(upgrade.on_upgrade(move |socket| tracker.track_future(session.serve(socket))))
}

/// One connection.
struct Session {
    state: ApiState,
    caller: Arc<Caller>,
    context: RequestContext,
    /// The contexts of responses that are stored nowhere, oldest first.
    remembered: VecDeque<(ResponseId, Vec<Item>)>,
}

/// The connection is over.
struct Gone;

impl Session {
    async fn serve(mut self, mut socket: WebSocket) {
        let end = Instant::now() + LIFE_MAX;
        let stopping = self.state.commands.runner.stopping();
        loop {
            let received = tokio::select! {
                received = socket.recv() => received,
                () = stopping.cancelled() => return,
                () = tokio::time::sleep_until(end) => {
                    let error = ApiError::connection_limit_reached();
                    let _gone = send(&mut socket, error_frame(&error)).await;
                    return;
                }
            };
            let text = match received {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Binary(_))) => {
                    let error = ApiError::invalid_json("Messages must be JSON text.");
                    if send(&mut socket, error_frame(&error)).await.is_err() {
                        return;
                    }
                    continue;
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            };
            if self.take(&mut socket, text.as_str()).await.is_err() {
                return;
            }
        }
    }

    /// Carries out one message.
    async fn take(&mut self, socket: &mut WebSocket, text: &str) -> Result<(), Gone> {
        let previous = previous_of(text);
        match self.create(socket, text).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(gone)) => Err(gone),
            Err(error) => {
                self.forget(previous.as_deref());
                send(socket, error_frame(&error)).await
            }
        }
    }

    async fn create(
        &mut self,
        socket: &mut WebSocket,
        text: &str,
    ) -> Result<Result<(), Gone>, ApiError> {
        crate::json_check::checked(text.as_bytes())?;
        let mut fields: Map<String, Value> = crate::body::read(text, false)?;
        match fields.remove("type") {
            Some(kind) if kind == "response.create" => {}
            _ => {
                let message = "Expected a message of type 'response.create'.";
                return Err(ApiError::invalid_value(message).at("type"));
            }
        }
        for name in [
            "stream",
            "stream_options",
            "background",
            "generate",
            "stream_id",
        ] {
            fields.remove(name);
        }
        let previous = fields.get("previous_response_id").and_then(Value::as_str);
        let known = previous.and_then(|id| self.recall(id));
        let previous = known.as_ref().and(previous.map(str::to_owned));
        if known.is_some() {
            fields.remove("previous_response_id");
        }
        let ids = Arc::clone(&self.state.server.ids);
        let flavour = (ids.as_ref(), Flavour::OpenAi);
        let mut wish = body::wish(fields, flavour, &mut Warnings::default())?;
        wish.remembered = known.unwrap_or_default();
        let commands = &self.state.commands;
        let request = &self.context.request;
        let accepted = create_run(commands, &self.caller, request, ids, wish.clone()).await?;
        let mut portrait = Portrait::of_wish(&wish, accepted.id.clone(), accepted.at);
        if let Some(previous) = &previous {
            portrait.previous = ResponseId::parse(previous).ok();
        }
        let told = relay(socket, &portrait, &accepted).await;
        let Ok(ending) = told else {
            return Ok(Err(Gone));
        };
        match ending {
            Some((RunEnding::Completed | RunEnding::Incomplete(_), output)) => {
                if wish.retention == Retention::UsageOnly {
                    let turn = accepted.input.into_iter().chain(output);
                    let context = wish.remembered.into_iter().chain(turn).collect();
                    self.remember(accepted.id, context);
                }
            }
            _ => self.forget(previous.as_deref()),
        }
        Ok(Ok(()))
    }

    fn recall(&self, id: &str) -> Option<Vec<Item>> {
        let mut known = self.remembered.iter();
        let found = known.find(|(known, _)| known.as_str() == id)?;
        Some(found.1.clone())
    }

    fn remember(&mut self, id: ResponseId, context: Vec<Item>) {
        if self.remembered.len() >= REMEMBERED_MAX {
            self.remembered.pop_front();
        }
        self.remembered.push_back((id, context));
    }

    /// What led to an error is not continued again.
    fn forget(&mut self, id: Option<&str>) {
        self.remembered
            .retain(|(known, _)| Some(known.as_str()) != id);
    }
}

/// Sends the events of a response as they come, and answers how it ended. A client that leaves
/// meanwhile stops it.
async fn relay(
    socket: &mut WebSocket,
    portrait: &Portrait,
    accepted: &Accepted,
) -> Result<Option<(RunEnding, Vec<Item>)>, Gone> {
    let Attendance::Waiting { channel, .. } = &accepted.attendance else {
        return Ok(None);
    };
    let mut events = channel.read(0);
    loop {
        tokio::select! {
            told = events.next() => {
                let Some((number, event)) = told else { return Ok(None) };
                send(socket, stream::tell(portrait, number, &event).json).await?;
                if let StreamEvent::Ended(outcome) = event.as_ref() {
                    return Ok(Some((outcome.ending.clone(), outcome.output.clone())));
                }
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    let error = ApiError::response_in_flight();
                    send(socket, error_frame(&error)).await?;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
            },
        }
    }
}

fn previous_of(text: &str) -> Option<String> {
    let told: Value = serde_json::from_str(text).ok()?;
    told["previous_response_id"].as_str().map(str::to_owned)
}

fn error_frame(error: &ApiError) -> String {
    let mut told = error.body();
    told["type"] = json!("error");
    told["status"] = json!(error.status().as_u16());
    told.to_string()
}

async fn send(socket: &mut WebSocket, text: String) -> Result<(), Gone> {
    socket
        .send(Message::Text(text.into()))
        .await
        .map_err(|_| Gone)
}
