use jan_domain::ports::{ToolCall, ToolFailure, ToolOffer, ToolResult};
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientRequest, ErrorCode, RequestMetaObject,
    ServerResult,
};
use serde_json::{Map, Value};

use super::endpoint::Endpoint;
use super::failure::{self, Setback};
use super::sessions::Sessions;
use super::wire::Note;
use super::{listing, results, schema_check};

/// Where a server finds the key under which a call made again after a crash is the same call.
const KEY_FIELD: &str = "jan/idempotencyKey";

/// Calls a tool once, and says honestly what is known when there is no result. What its list says of
/// the tool, if it is known, is held against the arguments before they leave, and against the result.
pub(super) async fn call(
    sessions: &Sessions,
    endpoint: &Endpoint,
    call: &ToolCall,
    offer: Option<&ToolOffer>,
) -> Result<ToolResult, ToolFailure> {
    let fault = offer.and_then(|offer| misfit(&offer.input_schema, &call.arguments));
    if let Some(fault) = fault {
        let words =
            format!("The arguments do not fit the tool's schema; nothing was called. {fault}");
        return Ok(failed(words));
    }
    let note = Note::with_headers(headers(call).collect());
    let asking = ask(sessions, endpoint, call, &note);
    let answer = match tokio::time::timeout(endpoint.limits.call, asking).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(Setback::Answered(error))) => {
            return Err(failure::of_call_answer(endpoint, &call.tool, &error));
        }
        Ok(Err(Setback::Failed(failure))) => return Err(note.honest(failure)),
        Err(_) => return Err(note.honest(ToolFailure::TimedOut)),
    };
    let result = results::read(answer, endpoint.limits.result_bytes_max)?;
    Ok(checked(result, offer))
}

/// What is wrong with the arguments. Many models say of what they leave out that it is null.
fn misfit(schema: &Value, arguments: &Map<String, Value>) -> Option<String> {
    let whole = Value::Object(arguments.clone());
    schema_check::fault(schema, &whole)?;
    let said = arguments.iter().filter(|(_, value)| !value.is_null());
    let said = said.map(|(name, value)| (name.clone(), value.clone()));
    schema_check::fault(schema, &Value::Object(said.collect()))
}

/// The result, unless its structured value is not what the tool promises.
fn checked(result: ToolResult, offer: Option<&ToolOffer>) -> ToolResult {
    let promised = offer.and_then(|offer| offer.output_schema.as_ref());
    let given = result.structured.as_ref().filter(|_| !result.is_error);
    let fault = promised.zip(given);
    match fault.and_then(|(schema, value)| schema_check::fault(schema, value)) {
        Some(fault) => failed(format!(
            "The tool was called, but its result does not fit its own schema. {fault}"
        )),
        None => result,
    }
}

fn failed(words: String) -> ToolResult {
    ToolResult {
        is_error: true,
        ..ToolResult::text(words)
    }
}

/// A server that wants some arguments as headers too refuses a call whose session has not seen its
/// list. It has not looked at the call then, so it is asked again with the list known.
async fn ask(
    sessions: &Sessions,
    endpoint: &Endpoint,
    call: &ToolCall,
    note: &Note,
) -> Result<ServerResult, Setback> {
    match sessions.ask(endpoint, request(call), note).await {
        Err(Setback::Answered(error)) if error.code == ErrorCode::HEADER_MISMATCH => {
            note.take_back();
            let listed = listing::list(sessions, endpoint).await;
            listed.map_err(Setback::Failed)?;
            sessions.ask(endpoint, request(call), note).await
        }
        answer => answer,
    }
}

fn request(call: &ToolCall) -> ClientRequest {
    let mut meta = RequestMetaObject::new();
    let key = call.step.as_str().to_owned();
    meta.0.0.insert(KEY_FIELD.to_owned(), key.into());
    if let Some(traceparent) = &call.traceparent {
        meta.set_traceparent(traceparent);
    }
    let mut params = CallToolRequestParams::new(call.tool.clone());
    params.arguments = Some(call.arguments.clone());
    params.meta = Some(meta);
    ClientRequest::CallToolRequest(CallToolRequest::new(params))
}

/// The same for whoever stands before the server and reads no bodies.
fn headers(call: &ToolCall) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let key = Some(("idempotency-key", call.step.as_str()));
    let trace = call.traceparent.as_deref();
    let trace = trace.map(|trace| ("traceparent", trace));
    key.into_iter().chain(trace).filter_map(|(name, text)| {
        let value = HeaderValue::from_str(text).ok()?;
        Some((HeaderName::from_static(name), value))
    })
}
