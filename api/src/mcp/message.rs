//! One message of a client, read before the protocol sees it: bounded, storable, and one.

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::accept;
use crate::body::{collect, expect_json};
use crate::error::{ApiError, as_bad_request};
use crate::json_check;
use crate::state::EdgeLimits;

/// JSON-RPC's own codes.
const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;

/// The request with its body read.
pub(super) async fn read(request: Request, limits: &EdgeLimits) -> Result<Request, Response> {
    let refused = ApiError::into_response;
    expect_json(request.headers()).map_err(refused)?;
    let (parts, body) = request.into_parts();
    let mut head = parts.clone();
    let arriving = Request::from_parts(parts, body);
    let bytes = collect(arriving, limits).await.map_err(refused)?;
    let text = json_check::checked(&bytes)
        .map_err(|error| told(PARSE_ERROR, error.message(), &Value::Null))?;
    let message: Value = serde_json::from_str(text)
        .map_err(|error| told(PARSE_ERROR, &format!("Parse error: {error}"), &Value::Null))?;
    if let Some(refusal) = refusal(&message) {
        return Err(refusal);
    }
    accept::complete(&mut head.headers);
    Ok(Request::from_parts(head, Body::from(bytes)))
}

/// Refuses what is no message of JSON-RPC, in its words.
fn refusal(message: &Value) -> Option<Response> {
    let Value::Object(fields) = message else {
        let words = "Invalid request: one message at a time, as an object";
        return Some(told(INVALID_REQUEST, words, &Value::Null));
    };
    let id = fields.get("id").filter(|id| is_id(id));
    let words = problem(fields, id.is_some())?;
    Some(told(INVALID_REQUEST, words, id.unwrap_or(&Value::Null)))
}

fn problem(fields: &Map<String, Value>, has_id: bool) -> Option<&'static str> {
    let answers = fields.contains_key("result") || fields.contains_key("error");
    let structured = |params: &Value| params.is_object() || params.is_null();
    if fields.get("jsonrpc").is_none_or(|version| version != "2.0") {
        return Some("Invalid request: jsonrpc must be \"2.0\"");
    }
    if fields.contains_key("id") && !has_id {
        return Some("Invalid request: the id must be a text or a whole number");
    }
    if !answers && !fields.get("method").is_some_and(Value::is_string) {
        return Some("Invalid request: there is no method");
    }
    if fields
        .get("params")
        .is_some_and(|params| !structured(params))
    {
        return Some("Invalid request: params must be an object");
    }
    None
}

fn is_id(id: &Value) -> bool {
    id.is_string() || id.is_i64()
}

fn told(code: i32, message: &str, id: &Value) -> Response {
    let error = json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}});
    as_bad_request(Json(error).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_of_json_rpc_pass() {
        for message in [
            json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": "a", "method": "ping", "params": {}}),
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        ] {
            assert!(refusal(&message).is_none(), "{message}");
        }
        for wrong in [
            json!([]),
            json!([{"jsonrpc": "2.0", "id": 1, "method": "ping"}]),
            json!("ping"),
            json!({"id": 1, "method": "ping"}),
            json!({"jsonrpc": "1.0", "id": 1, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": null, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": [1], "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": 18_446_744_073_709_551_615_u64, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": 1.5, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": 1, "method": 5}),
            json!({"jsonrpc": "2.0", "id": 1}),
            json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]}),
        ] {
            assert!(refusal(&wrong).is_some(), "{wrong}");
        }
    }
}
