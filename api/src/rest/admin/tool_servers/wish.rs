use jan_domain::ports::{AddedServer, Change, Credential, ServerAuth, ServerChange};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::error::ApiError;

/// Longest label; more would leave no room for tools' names.
const LABEL_CHARS_MAX: usize = 48;
/// Longest text of one field.
const TEXT_BYTES_MAX: usize = 16 << 10;
/// Longest list of names.
const NAMES_MAX: usize = 256;

/// A tool server to add.
#[derive(Deserialize, ToSchema)]
pub(super) struct AddToolServer {
    /// Its name: letters, digits, `_` and `-`, at most 48.
    label: String,
    /// Its MCP endpoint (streamable HTTP). It is vetted like what callers name.
    url: String,
    #[serde(flatten)]
    terms: Terms,
}

/// What to change about one; what is absent stays, what is null is taken away.
#[derive(Deserialize, ToSchema)]
pub(super) struct ChangeToolServer {
    /// Its MCP endpoint.
    url: Option<String>,
    #[serde(flatten)]
    terms: Terms,
}

/// On what terms it is used.
#[derive(Deserialize, ToSchema)]
struct Terms {
    /// Whose word opens it: `key` (yours, or nothing), `caller` (each caller's own) or `client` (the
    /// deployment's own at its authorization server).
    auth: Option<String>,
    /// Sent as a bearer token. It is sealed, and never shown.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    api_key: Change<String>,
    /// Who we are to its authorization server.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    client_id: Change<String>,
    /// By what it believes us. It is sealed, and never shown.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    client_secret: Change<String>,
    /// What is asked for there.
    scopes: Option<Vec<String>>,
    /// The tools that are offered; all of them when empty.
    allowed_tools: Option<Vec<String>>,
    /// The pin of the list that was approved (`sha256:…`).
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pin: Change<String>,
}

/// Tells `null` from what is absent.
fn given<'de, D: Deserializer<'de>>(value: D) -> Result<Change<String>, D::Error> {
    let value = Option::deserialize(value)?;
    Ok(value.map_or(Change::Goes, Change::Becomes))
}

impl AddToolServer {
    pub(super) fn server(self) -> Result<AddedServer, ApiError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let chars = self.label.chars().count();
        if !(1..=LABEL_CHARS_MAX).contains(&chars) || !self.label.chars().all(fits) {
            let wanted = format!("Expected 1 to {LABEL_CHARS_MAX} letters, digits, '_' or '-'.");
            return Err(ApiError::invalid_value(wanted).at("label"));
        }
        let bare = AddedServer {
            label: self.label,
            url: text("url", self.url)?,
            auth: ServerAuth::Key,
            api_key: None,
            client_id: None,
            client_secret: None,
            scopes: Vec::new(),
            allowed_tools: Vec::new(),
            pin: None,
        };
        Ok(self.terms.change(None)?.of(bare))
    }
}

impl ChangeToolServer {
    pub(super) fn change(self) -> Result<ServerChange, ApiError> {
        self.terms.change(self.url)
    }
}

impl Terms {
    fn change(self, url: Option<String>) -> Result<ServerChange, ApiError> {
        let auth = self.auth.map(|name| {
            let auth = ServerAuth::parse(&name);
            auth.ok_or_else(|| {
                ApiError::invalid_value("Expected 'key', 'caller' or 'client'.").at("auth")
            })
        });
        let key = |field, value: Change<String>| {
            value.try_map(|value| text(field, value).map(Credential::new))
        };
        Ok(ServerChange {
            url: url.map(|url| text("url", url)).transpose()?,
            auth: auth.transpose()?,
            api_key: key("api_key", self.api_key)?,
            client_id: self.client_id.try_map(|id| text("client_id", id))?,
            client_secret: key("client_secret", self.client_secret)?,
            scopes: names("scopes", self.scopes)?,
            allowed_tools: names("allowed_tools", self.allowed_tools)?,
            pin: self.pin.try_map(pin)?,
        })
    }
}

fn text(field: &str, text: String) -> Result<String, ApiError> {
    let fits = (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits {
        return Ok(text);
    }
    let wanted = format!("Expected 1 to {TEXT_BYTES_MAX} bytes without control characters.");
    Err(ApiError::invalid_value(wanted).at(field))
}

fn names(field: &str, names: Option<Vec<String>>) -> Result<Option<Vec<String>>, ApiError> {
    let few = names.as_ref().is_none_or(|names| names.len() <= NAMES_MAX);
    if !few {
        let wanted = format!("Expected at most {NAMES_MAX} names.");
        return Err(ApiError::invalid_value(wanted).at(field));
    }
    let names = names.map(|names| names.into_iter().map(|name| text(field, name)).collect());
    names.transpose()
}

fn pin(text: String) -> Result<String, ApiError> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() == 64 && digits.bytes().all(hex) {
        return Ok(text);
    }
    let wanted = "Expected 'sha256:' and 64 hexadecimal digits in lower case.";
    Err(ApiError::invalid_value(wanted).at("pin"))
}
