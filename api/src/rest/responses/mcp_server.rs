//! MCP servers among the tools of a request.

use std::collections::BTreeSet;

use jan_commands::run::{OWN_LABEL, ServerKey, ServerWish};
use jan_domain::ports::Credential;
use jan_domain::response::run::ApprovalRule;
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// Bytes of an address.
const URL_BYTES_MAX: usize = 2048;
/// Headers for one server.
const HEADERS_MAX: usize = 32;

/// Reads a server; `None` if it has no address of its own, such as a connector of OpenAI's.
pub(super) fn read(fields: &Map<String, Value>) -> Result<Option<ServerWish>, ApiError> {
    let label = label(fields)?;
    let url = match fields.get("server_url") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(url)) if url.len() <= URL_BYTES_MAX => url.clone(),
        Some(_) => {
            return Err(ApiError::invalid_value("Expected an address.").at("server_url"));
        }
    };
    let (allowed, read_only) = allowed(fields.get("allowed_tools"))?;
    Ok(Some(ServerWish {
        label,
        url,
        key: ServerKey {
            authorization: authorization(fields.get("authorization"))?,
            headers: headers(fields.get("headers"))?,
        },
        allowed,
        read_only,
        approval: approval(fields.get("require_approval"))?,
    }))
}

/// As the response repeats it: nulls filled in, and nothing that opens a door.
pub(super) fn shown(fields: &Map<String, Value>) -> Value {
    let get = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let approval = match get("require_approval") {
        Value::Null => json!("always"),
        given => given,
    };
    json!({
        "type": "mcp",
        "server_label": get("server_label"),
        "server_url": get("server_url"),
        "server_description": get("server_description"),
        "allowed_tools": get("allowed_tools"),
        "headers": null,
        "require_approval": approval,
    })
}

fn label(fields: &Map<String, Value>) -> Result<String, ApiError> {
    let label = match fields.get("server_label") {
        None | Some(Value::Null) => return Err(ApiError::missing("server_label")),
        Some(Value::String(label)) => label,
        Some(_) => return Err(ApiError::invalid_type("Expected a string.").at("server_label")),
    };
    let fits = (1..=64).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_graphic());
    if fits && label != OWN_LABEL {
        return Ok(label.clone());
    }
    let wanted = format!("Expected 1 to 64 visible characters, and not '{OWN_LABEL}'.");
    Err(ApiError::invalid_value(wanted).at("server_label"))
}

fn authorization(value: Option<&Value>) -> Result<Option<Credential>, ApiError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(Credential::new(text.clone()))),
        Some(_) => Err(ApiError::invalid_type("Expected a string.").at("authorization")),
    }
}

fn headers(value: Option<&Value>) -> Result<Vec<(String, Credential)>, ApiError> {
    let refused =
        || ApiError::invalid_type("Expected an object of at most 32 strings.").at("headers");
    let fields = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(fields)) if fields.len() <= HEADERS_MAX => fields,
        Some(_) => return Err(refused()),
    };
    let read = fields.iter().map(|(name, value)| {
        let text = value.as_str().ok_or_else(refused)?;
        let well_formed = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
            && http::HeaderValue::from_str(text).is_ok();
        if well_formed {
            Ok((name.clone(), Credential::new(text.to_owned())))
        } else {
            Err(ApiError::invalid_value("A header is not well formed.").at("headers"))
        }
    });
    read.collect()
}

type Allowed = (Option<BTreeSet<String>>, bool);

fn allowed(value: Option<&Value>) -> Result<Allowed, ApiError> {
    match value {
        None | Some(Value::Null) => Ok((None, false)),
        Some(list @ Value::Array(_)) => Ok((Some(names(list, "allowed_tools")?), false)),
        Some(Value::Object(filter)) => {
            let named = filter.get("tool_names").filter(|names| !names.is_null());
            let named = named.map(|list| names(list, "allowed_tools.tool_names"));
            let read_only = filter.get("read_only").is_some_and(|value| value == true);
            Ok((named.transpose()?, read_only))
        }
        Some(_) => Err(ApiError::invalid_type("Expected a list or an object.").at("allowed_tools")),
    }
}

fn approval(value: Option<&Value>) -> Result<ApprovalRule, ApiError> {
    let refused = |wanted| ApiError::invalid_value(wanted).at("require_approval");
    match value {
        None | Some(Value::Null) => Ok(ApprovalRule::Always),
        Some(Value::String(word)) => match word.as_str() {
            "always" => Ok(ApprovalRule::Always),
            "never" => Ok(ApprovalRule::Never),
            _ => Err(refused("Expected 'always', 'never' or a filter.")),
        },
        Some(Value::Object(filter)) => {
            let listed = |name: &str| {
                let list = filter.get(name).and_then(|filter| filter.get("tool_names"));
                let list = list.filter(|list| !list.is_null());
                list.map(|list| names(list, "require_approval")).transpose()
            };
            Ok(match (listed("never")?, listed("always")?) {
                (Some(free), None) => ApprovalRule::AlwaysExcept(free),
                (None, Some(bound)) => ApprovalRule::NeverExcept(bound),
                // A tool in both lists is asked about.
                (Some(free), Some(bound)) => {
                    ApprovalRule::AlwaysExcept(free.difference(&bound).cloned().collect())
                }
                (None, None) => ApprovalRule::Always,
            })
        }
        Some(_) => Err(refused("Expected 'always', 'never' or a filter.")),
    }
}

fn names(list: &Value, at: &str) -> Result<BTreeSet<String>, ApiError> {
    let refused = || ApiError::invalid_type("Expected a list of names.").at(at);
    let list = list.as_array().ok_or_else(refused)?;
    let name = |name: &Value| name.as_str().map(str::to_owned).ok_or_else(refused);
    list.iter().map(name).collect()
}
