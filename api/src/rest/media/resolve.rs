use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::media::MediaFailure;
use jan_domain::Caller;
use jan_domain::id::MediaId;
use jan_domain::media::placeholders;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::url_of;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::state::Server;

/// Media of one request.
const RESOLVED_MAX: usize = 100;

/// What to resolve: placeholders in a payload, or ids.
#[derive(Deserialize, ToSchema)]
pub(super) struct ResolveMedia {
    /// Any JSON in whose texts `data:image/<type>;jan_<id>` may stand.
    payload: Option<Value>,
    /// Ids of media; at most 100.
    ids: Option<Vec<String>>,
}

/// The same payload with addresses in place of its placeholders, or the addresses of the ids.
#[derive(Serialize, ToSchema)]
pub(super) struct ResolvedMedia {
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
    /// In the order of `ids`.
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<Vec<ResolvedId>>,
}

/// Where media can be read for a while.
#[derive(Clone, Serialize, ToSchema)]
struct ResolvedId {
    #[schema(value_type = String)]
    id: MediaId,
    /// By whoever knows the address.
    url: String,
    /// Its media type.
    mime: String,
    /// Size.
    bytes: u64,
    /// For how many seconds the address is good.
    expires_in: u64,
}

/// Turn references to media into addresses that can be read for a while.
#[utoipa::path(
    post,
    path = "/v1/media/resolve",
    operation_id = "resolve_media",
    tag = "Media",
    request_body = ResolveMedia,
    responses((status = 200, body = ResolvedMedia)),
)]
pub(super) async fn resolve(
    State(commands): State<Commands>,
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<ResolveMedia>,
) -> Result<Json<ResolvedMedia>, ApiError> {
    let mut resolver = Resolver {
        commands: &commands,
        server: &server,
        caller: &caller,
        known: HashMap::new(),
    };
    let answer = match body {
        ResolveMedia {
            payload: Some(payload),
            ..
        } => ResolvedMedia {
            payload: Some(resolver.payload(payload).await?),
            media: None,
        },
        ResolveMedia { ids: Some(ids), .. } => ResolvedMedia {
            payload: None,
            media: Some(resolver.ids(&ids).await?),
        },
        _ => return Err(ApiError::missing("payload")),
    };
    Ok(Json(answer))
}

/// Resolves each id once.
struct Resolver<'r> {
    commands: &'r Commands,
    server: &'r Server,
    caller: &'r Caller,
    known: HashMap<MediaId, ResolvedId>,
}

impl Resolver<'_> {
    async fn ids(&mut self, ids: &[String]) -> Result<Vec<ResolvedId>, ApiError> {
        let mut resolved = Vec::with_capacity(ids.len());
        for (place, text) in ids.iter().enumerate() {
            let field = format!("ids[{place}]");
            let id = MediaId::parse(text).map_err(|wrong| {
                ApiError::invalid_value(format!("Invalid '{field}': {wrong}.")).at(&field)
            })?;
            resolved.push(self.one(&id, &field).await?);
        }
        Ok(resolved)
    }

    async fn payload(&mut self, mut payload: Value) -> Result<Value, ApiError> {
        let mut texts = Vec::new();
        texts_of(&mut payload, &mut texts);
        for text in texts {
            let mut resolved = String::with_capacity(text.len());
            let mut from = 0;
            for (range, id) in placeholders(text) {
                resolved.push_str(&text[from..range.start]);
                resolved.push_str(&self.one(&id, "payload").await?.url);
                from = range.end;
            }
            resolved.push_str(&text[from..]);
            *text = resolved;
        }
        Ok(payload)
    }

    async fn one(&mut self, id: &MediaId, param: &str) -> Result<ResolvedId, ApiError> {
        if let Some(known) = self.known.get(id) {
            return Ok(known.clone());
        }
        if self.known.len() == RESOLVED_MAX {
            let message = format!("At most {RESOLVED_MAX} media can be resolved at once.");
            return Err(ApiError::invalid_value(message).at(param));
        }
        let media = &self.commands.media;
        let kept = match media.find(&self.caller.owner, id).await {
            Err(MediaFailure::NotFound) => {
                let message = format!("No media found with id '{id}'.");
                return Err(ApiError::invalid_value(message).at(param));
            }
            found => found?,
        };
        let address = media.address(id, &kept).await?;
        let resolved = ResolvedId {
            id: id.clone(),
            url: url_of(self.server, address),
            mime: kept.content.media_type,
            bytes: kept.content.bytes,
            expires_in: media.terms().link_valid.as_secs(),
        };
        self.known.insert(id.clone(), resolved.clone());
        Ok(resolved)
    }
}

/// All texts of a value. Its depth is bounded by whoever has read it.
fn texts_of<'v>(value: &'v mut Value, texts: &mut Vec<&'v mut String>) {
    match value {
        Value::String(text) if text.contains("data:image/") => texts.push(text),
        Value::Array(values) => values.iter_mut().for_each(|value| texts_of(value, texts)),
        Value::Object(fields) => fields.values_mut().for_each(|value| texts_of(value, texts)),
        _ => {}
    }
}
