use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use jan_domain::ports::{AuthorizationWish, Credential};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::ServerRef;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::error::{ApiError, created};
use crate::state::Server;

/// Scopes of one wish.
const SCOPES_MAX: usize = 64;
/// Longest text in it.
const TEXT_BYTES_MAX: usize = 2_048;

/// What you want to be allowed at a tool server.
#[derive(Deserialize, ToSchema)]
pub(super) struct BeginAuthorization {
    #[serde(flatten)]
    server: ServerRef,
    /// What; what the server asks for when absent.
    #[serde(default)]
    scopes: Vec<String>,
    /// A client that you have registered at the server's authorization server yourself.
    client_id: Option<String>,
    /// Its secret.
    client_secret: Option<String>,
}

/// Where the person has to go.
#[derive(Serialize, ToSchema)]
pub(super) struct AuthorizationBody {
    /// `mcp.authorization`
    object: &'static str,
    /// The server that is to be opened.
    server_url: String,
    /// To be opened in a browser. It leads back to this server.
    authorization_url: String,
    /// Until when the person has to be back.
    #[serde(with = "chrono::serde::ts_seconds")]
    #[schema(value_type = i64)]
    expires_at: DateTime<Utc>,
}

/// Ask for an authorization at a tool server (OAuth 2.1, as MCP has it).
#[utoipa::path(
    post,
    path = "/v1/mcp/authorizations",
    operation_id = "begin_mcp_authorization",
    tag = "MCP",
    request_body = BeginAuthorization,
    responses((status = 201, body = AuthorizationBody)),
)]
pub(super) async fn begin(
    State(server): State<Arc<Server>>,
    Authenticated(caller): Authenticated,
    JsonBody(body): JsonBody<BeginAuthorization>,
) -> Result<Response, ApiError> {
    let wish = body.wish()?;
    let begun = server.tool_authorizations.begin(caller.owner.clone(), wish);
    let begun = begun.await?;
    let body = AuthorizationBody {
        object: "mcp.authorization",
        server_url: begun.server,
        authorization_url: begun.url,
        expires_at: begun.until,
    };
    Ok(created(Json(body).into_response()))
}

impl BeginAuthorization {
    fn wish(self) -> Result<AuthorizationWish, ApiError> {
        // RFC 6749 §3.3: visible characters, and no blank, quote or backslash.
        let is_scope = |scope: &String| {
            let visible = |c: u8| c.is_ascii_graphic() && c != b'"' && c != b'\\';
            !scope.is_empty() && scope.len() <= TEXT_BYTES_MAX && scope.bytes().all(visible)
        };
        if self.scopes.len() > SCOPES_MAX || !self.scopes.iter().all(is_scope) {
            let wanted = format!("Expected at most {SCOPES_MAX} scopes without blanks.");
            return Err(ApiError::invalid_value(wanted).at("scopes"));
        }
        let client = match (self.client_id, self.client_secret) {
            (None, Some(_)) => {
                return Err(
                    ApiError::invalid_value("A secret belongs to a client.").at("client_id")
                );
            }
            (None, None) => None,
            (Some(id), secret) => Some((text("client_id", id)?, secret)),
        };
        let client = client.map(|(id, secret)| {
            let secret = secret.map(|secret| text("client_secret", secret));
            Ok::<_, ApiError>((id, secret.transpose()?.map(Credential::new)))
        });
        Ok(AuthorizationWish {
            server: self.server.named()?,
            scopes: self.scopes,
            client: client.transpose()?,
        })
    }
}

fn text(field: &str, text: String) -> Result<String, ApiError> {
    if (1..=TEXT_BYTES_MAX).contains(&text.len()) {
        Ok(text)
    } else {
        let wanted = format!("Expected 1 to {TEXT_BYTES_MAX} bytes.");
        Err(ApiError::invalid_value(wanted).at(field))
    }
}
